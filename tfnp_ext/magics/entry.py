"""What IPython calls of ``%tonumpy``: each piece is thin, and imports what it stands for when it is first needed.

``%load_ext`` registers these, so it costs nothing that is not used; what they do is in the other files of this room.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import needs_local_scope, no_var_expand

from tfnp_ext.magics.pending import PendingCard

if TYPE_CHECKING:
    from tfnp_ext.magics.tonumpy import TensorMagics

CELL = "%%tonumpy"


class LazyMagics:
    """The magics of one shell, made when the first of them is called.

    Args:
        shell: The shell they belong to.
        pending: Where the card of a result waits for its display.
    """

    def __init__(self, shell: InteractiveShell, pending: PendingCard) -> None:
        self._shell = shell
        self._pending = pending
        self._made: TensorMagics | None = None

    @property
    def made(self) -> TensorMagics:
        """The magics themselves."""
        if self._made is None:
            from tfnp_ext.magics.tonumpy import TensorMagics

            self._made = TensorMagics(self._shell, self._pending)
        return self._made

    def function(self) -> Any:
        """Returns the function that IPython keeps under ``tonumpy``, with what it asks of one."""

        @needs_local_scope
        @no_var_expand
        def tonumpy(line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
            """Converts anything tensor-like to NumPy and shows it as a card; %tonumpy? says more."""
            __tracebackhide__ = True
            return self.made.tonumpy(line, cell, local_ns)

        tonumpy.autograph_info__ = {}  # tf.function calls it as it is, and converts nothing of what it calls
        tonumpy.getdoc = lambda: self.made.tonumpy.__doc__  # for %tonumpy?
        tonumpy.parser, tonumpy.has_arguments = self, True  # IPython >= 9 completes attributes in the expression
        return tonumpy

    def parse_argstring(self, line: str, *, partial: bool = False) -> Any:
        """Returns the options and, with ``partial``, the expression of a line."""
        from tfnp_ext.magics.tonumpy import options_and_expression

        return options_and_expression(line, partial=partial)

    def convert_cell_value(self, line: str, value: Any) -> Any:
        """Returns the value of a ``%%tonumpy`` cell converted; the transformed cell calls this."""
        __tracebackhide__ = True
        return self.made.convert_cell_value(line, value)


def complete(shell: Any, event: Any) -> list[str]:
    """Returns what may stand at the cursor of a ``%tonumpy`` line."""
    from tfnp_ext.magics import completion

    return completion.complete(shell, event)


def mark_cell(lines: list[str]) -> list[str]:
    """Returns the lines of a ``%%tonumpy`` cell with a marker for its first line; any other cell as it is."""
    if not lines or not lines[0].startswith(CELL):
        return lines
    from tfnp_ext.magics import cell

    return cell.mark_cell(lines)


# IPython asks transformers with side effects not to judge whether a cell is complete: as a marker this one would be
# from its first line on, and a terminal would run it before its body is typed.
mark_cell.has_side_effects = True  # type: ignore[attr-defined]


def silence_line(lines: list[str]) -> list[str]:
    """Returns the transformed lines with the ``;`` of a final ``%tonumpy EXPR;`` where IPython looks for it."""
    if not any("tonumpy" in line for line in lines):
        return lines
    from tfnp_ext.magics import cell

    return cell.silence_line(lines)


class LastExpression:
    """An AST transformer that has the last expression of a marked cell converted."""

    def visit(self, tree: Any) -> Any:
        """Returns the cell to run; anything but a marked cell as it is."""
        first = next(iter(getattr(tree, "body", None) or ()), None)
        marker = getattr(getattr(first, "value", None), "value", None)
        if not isinstance(marker, str) or not marker.startswith(CELL):
            return tree
        from tfnp_ext.magics import cell

        return cell.convert_last_expression(tree)
