"""``%%tonumpy``: the cell runs as IPython would run it, and the value of its last expression is converted.

An ordinary cell magic gets its cell as text and has to run it by itself: in a kernel, where the event loop is already
running, it could not ``await``, and line numbers and history would be its own. So the cell is left to IPython:

1. ``mark_cell``, an input transformer, replaces the first line by a marker (a plain string, so line numbers stay, and
   ``from __future__`` imports may follow it) and leaves the rest to be transformed as any cell.
2. ``convert_last_expression``, an AST transformer, sees the marker, removes it and wraps the last expression in a call
   of the magic. ``await`` inside of it is still at the top level.

Where no transformer comes along (``get_ipython().run_cell_magic``), the magic itself runs the cell, without ``await``.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from IPython.core.error import InputRejected
from IPython.core.inputtransformer2 import cell_magic

from tfnp_ext.magics.line import LineError, ends_in_semicolon, quoted, split_line, unknown_option

_FIRST_LINE = re.compile(r"%%tonumpy(?=\s|$)(?P<line>.*)", re.DOTALL)
_NO_VALUE = "the cell has no value to convert: end it with an expression"
WRAPPER = "get_ipython().magics_manager.registry['TensorMagics'].convert_cell_value"


class CellRefused(InputRejected):
    """A ``%%tonumpy`` cell that is not run at all; shown as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"UsageError: {self}"]


def cell_options(line: str) -> dict[str, str]:
    """Returns the options of a ``%%tonumpy`` line.

    Raises:
        LineError: They cannot be read, or an expression stands there.
    """
    split = split_line(line)
    if split.expression.startswith("-"):  # alone, it would be the negation of a name
        raise unknown_option(split.expression.split()[0])
    if split.expression:
        raise LineError(f"%%tonumpy takes options here and the expression below, not {quoted(split.expression)}")
    return dict(split.options)


def mark_cell(lines: list[str]) -> list[str]:
    """Returns the lines of a ``%%tonumpy`` cell with a marker for its first line; any other cell as it is."""
    first = _FIRST_LINE.match(lines[0]) if lines else None
    if first is None or not "".join(lines[1:]).strip():
        return lines
    return [repr(f"%%tonumpy {first['line'].strip()}".rstrip()) + "\n", *_transform_inner_magic(lines[1:])]


def silence_line(lines: list[str]) -> list[str]:
    """Returns the transformed lines with the ``;`` of a final ``%tonumpy EXPR;`` moved to where IPython looks for it.

    IPython has put the magic's text into a string by now, and its display is silenced only by a ``;`` of the cell.
    """
    source = "".join(lines)
    if "tonumpy" not in source or ";" not in source:
        return lines
    try:
        last = ast.parse(source).body[-1]
        silent = split_line(_line_of_magic(last)).silent
    except (SyntaxError, ValueError, IndexError):  # a LineError is a ValueError; it is told when the line runs
        return lines
    return [source.rstrip() + ";\n"] if silent and source.rstrip().endswith(")") else lines


def convert_last_expression(tree: ast.AST) -> ast.AST:
    """Returns the tree of a cell that has its last expression converted; anything but a marked cell as it is.

    Raises:
        CellRefused: The options cannot be read, or the cell ends in a statement. Nothing has run by then.
    """
    line = _marked_line(tree)
    if line is None or not isinstance(tree, ast.Module):
        return tree
    try:
        cell_options(line)
    except LineError as error:
        raise CellRefused(str(error)) from None
    statements = tree.body[1:]
    if not statements or not isinstance(statements[-1], ast.Expr):
        raise CellRefused(_NO_VALUE)
    wrapper = ast.parse(WRAPPER, mode="eval").body
    call = ast.Call(wrapper, [ast.Constant(line), statements[-1].value], [])
    for node in (*ast.walk(wrapper), call, call.args[0]):
        ast.copy_location(node, statements[-1].value)
    statements[-1] = ast.copy_location(ast.Expr(call), statements[-1])
    tree.body = statements
    return tree


def split_cell(tree: ast.Module) -> tuple[ast.Module, ast.Expression]:
    """Returns the statements of a cell, and its last expression.

    Raises:
        LineError: It does not end in an expression.
    """
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        raise LineError(_NO_VALUE)
    return ast.Module(tree.body[:-1], []), ast.Expression(tree.body[-1].value)


def _transform_inner_magic(lines: list[str]) -> list[str]:
    """Returns the body of the cell with a cell magic on its first line as the call that it means."""
    blank = next(index for index, line in enumerate(lines) if line.strip())
    if not lines[blank].startswith("%%"):
        return lines
    body = "".join(lines[blank:])
    semicolon = ends_in_semicolon("".join(lines[blank + 1 :]))
    if semicolon is None:
        return [*lines[:blank], *cell_magic(lines[blank:])]
    # A `;` inside would make %%time return nothing; it is meant for what this cell shows.
    semicolon += len(lines[blank])
    call = cell_magic((body[:semicolon] + body[semicolon + 1 :]).splitlines(keepends=True))
    return [*lines[:blank], *call[:-1], call[-1].rstrip() + ";\n"]


def _marked_line(tree: ast.AST) -> str | None:
    if not isinstance(tree, ast.Module) or not tree.body or not isinstance(tree.body[0], ast.Expr):
        return None
    value: Any = getattr(tree.body[0].value, "value", None)
    marker = _FIRST_LINE.fullmatch(value) if isinstance(value, str) else None
    return marker["line"].strip() if marker else None


def _line_of_magic(statement: ast.stmt) -> str:
    """Returns the text of a statement that is a call of the line magic, ``""`` for any other."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or getattr(call.func, "attr", "") != "run_line_magic" or len(call.args) != 2:
        return ""
    name, line = (getattr(argument, "value", "") for argument in call.args)
    return line if name == "tonumpy" and isinstance(line, str) else ""
