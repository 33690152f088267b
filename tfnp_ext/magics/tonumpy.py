"""``%tonumpy`` and ``%%tonumpy``."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic_arguments import argument, magic_arguments

from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions, TensorDisplay
from tfnp_ext.convert import to_numpy
from tfnp_ext.magics.cell import cell_options, split_cell
from tfnp_ext.magics.evaluation import cell_number, evaluate, one_line_errors, traced_scope
from tfnp_ext.magics.line import LineError, quoted, split_line
from tfnp_ext.magics.options import BY_NAME, OPTIONS, Option, close_match
from tfnp_ext.magics.pending import PendingCard
from tfnp_ext.plots import PLOTS

Function = TypeVar("Function", bound=Callable[..., Any])

_DTYPES_THAT_ARE_TYPES = {"str": str, "bytes": bytes, "object": object}


@dataclass(frozen=True, slots=True)
class Request:
    """What the options of one call ask for.

    Attributes:
        out: The name to bind, ``""`` for none.
        quiet: Whether nothing is returned or shown.
        card: How the result is to be shown.
        conversion: Keywords of ``to_numpy``, only those given.
    """

    out: str
    quiet: bool
    card: DisplayOptions
    conversion: Mapping[str, Any]


def _declared(function: Function) -> Function:
    """Gives a magic the help of every option of the table."""
    function = argument("expression", nargs="*", metavar="EXPR", help="any Python expression, unquoted")(function)
    for option in reversed(OPTIONS):
        value: dict[str, Any] = {"metavar": option.metavar} if option.metavar else {"action": "store_true"}
        function = argument(*option.flags, help=option.help, **value)(function)
    return magic_arguments()(function)  # type: ignore[no-any-return]


def options_and_expression(line: str, *, partial: bool = False) -> Any:
    """Returns the options of a line, with ``partial`` its expression beside them.

    Raises:
        UsageError: The line cannot be read.
    """
    try:
        split = split_line(line)
    except LineError as error:
        raise UsageError(str(error)) from None
    return (split.options, [split.expression]) if partial else split.options


class TensorMagics:
    """The magics of this package.

    Args:
        shell: The shell they belong to.
        pending: Where the card of a result waits for its display.
    """

    def __init__(self, shell: InteractiveShell, pending: PendingCard) -> None:
        self.shell = shell
        self._pending = pending

    @_declared
    def tonumpy(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """Converts anything tensor-like to NumPy and shows it as a card.

        `%tonumpy EXPR` returns the ndarray (or the same nesting of dict, list and tuple with ndarrays inside),
        without a copy where that is safe:

            %tonumpy preds                          show it, as the value of the cell
            a = %tonumpy preds                      keep it, quietly
            %tonumpy -o p model(x)[0] --top 3       keep it as p and show the three best classes
            %tonumpy preds --labels ["a b", "c"]
            %tonumpy -d float16 --casting unsafe w1 - w2
            %tonumpy preds;                         show nothing

        `%%tonumpy [options]` runs the cell below as usual (other magics and await too) and converts the value of its
        last expression.

        Options come before EXPR, or after it in their long form. An option's own value has no white space outside
        of brackets and quotes. `--` ends the options: %tonumpy -- -k * x

        In a loop, an `if` or a function IPython shows no magic's value: use tfnp_ext.show(x) there.
        """
        __tracebackhide__ = True
        self._pending.clear()
        with one_line_errors():
            if cell is not None:
                options = cell_options(line)
                return self._finish(self._run(cell), self._request(options, None))
            split = split_line(line)
            if not split.expression:
                raise LineError("%tonumpy needs an expression, as in: %tonumpy preds")
            local_ns = traced_scope(self.shell) or local_ns
            request = self._request(split.options, local_ns)
        value = evaluate(self.shell, split.expression, local_ns)
        return self._finish(value, request)

    def convert_cell_value(self, line: str, value: Any) -> Any:
        """Returns the value of a ``%%tonumpy`` cell converted; the transformed cell calls this.

        Args:
            line: The options, as they stand after ``%%tonumpy``.
            value: What the last expression of the cell gave.
        """
        __tracebackhide__ = True
        self._pending.clear()
        with one_line_errors():
            request = self._request(cell_options(line), None)
        return self._finish(value, request)

    def _request(self, options: Mapping[str, str], local_ns: Mapping[str, Any] | None) -> Request:
        __tracebackhide__ = True
        given: dict[str, dict[str, Any]] = {"magic": {}, "card": {}, "conversion": {}}
        for name, text in options.items():
            option = BY_NAME[name]
            given[option.serves][option.keyword or name] = self._read(option, text, local_ns)
        out, quiet = given["magic"].get("out", ""), "quiet" in given["magic"]
        if quiet and not out:
            raise LineError("--quiet needs --out NAME: nothing would be left of the result")
        return Request(out, quiet, TensorDisplay.instance().options(**given["card"]), given["conversion"])

    def _read(self, option: Option, text: str, local_ns: Mapping[str, Any] | None) -> Any:
        """Returns the value of an option from its text."""
        __tracebackhide__ = True
        if not option.metavar:
            return True
        if option.reads == "expression":
            return evaluate(self.shell, text, local_ns)
        if option.reads == "dtype" and not text.isidentifier():
            return evaluate(self.shell, text, local_ns)
        return _READERS[option.reads](option, text)

    def _run(self, cell: str) -> Any:
        """Returns the value of a cell's last expression, run here: no ``await`` at its top."""
        __tracebackhide__ = True
        shell = self.shell
        source = shell.transform_cell(cell)
        name = shell.compile.cache(source, cell_number(shell), raw_code=cell)
        statements, last = split_cell(shell.transform_ast(shell.compile.ast_parse(source, filename=name)))
        try:
            to_exec = shell.compile(statements, name, "exec")
            to_eval = shell.compile(last, name, "eval")
        except SyntaxError as error:
            if "await" not in (error.msg or ""):
                raise
            raise LineError("run_cell_magic cannot await: begin a cell with %%tonumpy instead") from None
        exec(to_exec, shell.user_global_ns, shell.user_ns)
        return eval(to_eval, shell.user_global_ns, shell.user_ns)

    def _finish(self, value: Any, request: Request) -> Any:
        """Returns the value converted, bound and waiting to be shown."""
        __tracebackhide__ = True
        with one_line_errors():
            result = to_numpy(value, **request.conversion)
        if result is value and isinstance(result, np.ndarray):
            result = result.view()  # the user's own array must look as it always did
        if request.out:
            self.shell.user_ns[request.out] = result
        if request.quiet:
            return None
        self._pending.put(result, value, request.card)
        return result


def _read_name(option: Option, text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise LineError(f"--{option.name} needs a name to bind, not {quoted(text)}")
    return text


def _read_word(option: Option, text: str) -> str:
    word = ast.literal_eval(text) if text[:1] in ("'", '"') else text
    if option.name == "plot" and word not in (kinds := ("auto", "none", *PLOTS)):
        guess = close_match(word, kinds)
        hint = f"did you mean {guess}?" if guess else "Tab after --plot lists them"
        raise LineError(f"no plot {quoted(word)}; {hint}")
    return str(word)


def _read_count(option: Option, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise LineError(f"--{option.name} needs a whole number from 1 on, not {quoted(text)}")
    return int(text)


def _read_bytes(option: Option, text: str) -> int:
    size = wording.read_byte_count(text)
    if size is None:
        raise LineError(f"--{option.name} needs a number of bytes, as in 500MB or 4GiB, not {quoted(text)}")
    return size


def _read_dtype(option: Option, text: str) -> Any:
    return _DTYPES_THAT_ARE_TYPES.get(text, text)


_READERS: dict[str, Callable[[Option, str], Any]] = {
    "name": _read_name,
    "word": _read_word,
    "count": _read_count,
    "bytes": _read_bytes,
    "dtype": _read_dtype,
}
