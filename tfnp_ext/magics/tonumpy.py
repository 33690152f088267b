"""``%tonumpy`` and ``%%tonumpy``."""

from __future__ import annotations

import ast
import keyword
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic_arguments import argument, magic_arguments

import tfnp_ext.datasets  # noqa: F401  # registers its kinds
from tfnp_ext import wording
from tfnp_ext.config import DisplayOptions, TensorDisplay
from tfnp_ext.convert import convert, read_conversion, runs_a_dataset
from tfnp_ext.errors import ConversionInterrupted
from tfnp_ext.explorer import explore
from tfnp_ext.magics.cell import cell_options, split_cell
from tfnp_ext.magics.evaluation import cell_number, evaluate, one_line_errors, traced_scope
from tfnp_ext.magics.line import LineError, quoted, split_line
from tfnp_ext.magics.options import BY_NAME, OPTIONS, Option, as_typed, close_match
from tfnp_ext.magics.pending import Pending, PendingCard, warn
from tfnp_ext.plots import PLOTS

Function = TypeVar("Function", bound=Callable[..., Any])

_STREAMED = frozenset(("take", "join", "dtype", "casting", "ragged", "fill_value", "timeout", "on_error", "progress"))
"""What a conversion may ask for of a dataset that goes to disk; the rest is about arrays in memory."""

_EXPLORED = frozenset(("out", "quiet", "explore", "labels"))
"""The options that an explorer has a use for."""

_DTYPES_THAT_ARE_TYPES = {"str": str, "bytes": bytes, "object": object}


@dataclass(frozen=True, slots=True)
class Request:
    """What the options of one call ask for.

    Attributes:
        out: The name to bind, ``""`` for none.
        quiet: Whether nothing is returned or shown.
        card: How the result is to be shown.
        conversion: Keywords of ``to_numpy``, only those given.
        path: Where the arrays are stored, ``""`` for nowhere.
        storage: Keywords of ``save``, only those given.
        explorer: Keywords of ``explore`` where that is asked for, and nothing converted.
    """

    out: str
    quiet: bool
    card: DisplayOptions
    conversion: Mapping[str, Any]
    path: str = ""
    storage: Mapping[str, Any] = field(default_factory=dict)
    explorer: Mapping[str, Any] | None = None


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

        A dataset is run, and its elements are joined to arrays: batches on end, else along a new first axis. Its card
        at the end of a cell runs nothing.

            %tonumpy ds -n 1                        the first element
            a = %tonumpy ds --timeout 60 --on-error skip
            %tonumpy ds --save digits.npz           all, to disk as they come; load with tfnp_ext.load

        What was skipped or did not come in time is said on the card, else it is warned of. Stop gives what came until
        then. --save takes a path, "one with blanks", or {an_expression} in braces.

        Options come before EXPR or after it. What can be read as Python is: x -k is a difference, so after EXPR
        write --top. An option's own value has no white space outside of brackets and quotes. `--` ends the options:
        %tonumpy -- -k * x

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
                hint = "; to negate x write -- -x" if line.strip() == "-x" else ""
                raise LineError(f"%tonumpy needs an expression, as in: %tonumpy preds{hint}")
            local_ns = traced_scope(self.shell) or local_ns
            request = self._request(split.options, local_ns)
        value = evaluate(self.shell, split.expression, local_ns)
        return self._finish(value, request, split.expression)

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
        given: dict[str, dict[str, Any]] = {"magic": {}, "card": {}, "conversion": {}, "storage": {}}
        for name, text in options.items():
            option = BY_NAME[name]
            given[option.serves][option.keyword or name] = self._read(option, text, local_ns)
        out, path, quiet = given["magic"].get("out", ""), given["magic"].get("save", ""), "quiet" in given["magic"]
        if quiet and not out and not path:
            raise LineError("--quiet needs --out NAME or --save PATH: nothing would be left of the result")
        if given["storage"] and not path:
            raise LineError(f"--{next(iter(given['storage']))} is for --save PATH: nothing is stored without it")
        if "explore" in given["magic"]:
            idle = next((name for name in options if name not in _EXPLORED), None)
            if idle is not None:
                raise LineError(f"--{idle} has no effect on --explore, which converts nothing: leave one of them out")
            return Request(out, quiet, TensorDisplay.instance().options(), {}, explorer=given["card"])
        card = TensorDisplay.instance().options(**given["card"])
        return Request(out, quiet, card, given["conversion"], path, given["storage"])

    def _read(self, option: Option, text: str, local_ns: Mapping[str, Any] | None) -> Any:
        """Returns the value of an option from its text."""
        __tracebackhide__ = True
        if not option.metavar:
            return option.switched
        if option.reads == "expression":
            return evaluate(self.shell, text, local_ns)
        if option.reads == "dtype" and not text.isidentifier():
            return evaluate(self.shell, text, local_ns)
        if option.reads == "path":
            return self._read_path(option, text, local_ns)
        return _READERS[option.reads](option, text)

    def _read_path(self, option: Option, text: str, local_ns: Mapping[str, Any] | None) -> str:
        """Returns a path from its text: as it stands, or a string of Python's; an expression in braces is evaluated."""
        __tracebackhide__ = True
        if text.startswith(("'", '"', "f'", 'f"', "r'", 'r"')):
            path = evaluate(self.shell, text, local_ns)
        else:
            path = evaluate(self.shell, f"f{text!r}", local_ns) if "{" in text else text
        if not isinstance(path, str) or not path:
            raise LineError(f"--{option.name} needs the path of a file, not {quoted(text)}")
        return path

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

    def _finish(self, value: Any, request: Request, expression: str = "") -> Any:
        """Returns the value converted, bound and waiting to be shown; a dataset that is stored is not collected."""
        __tracebackhide__ = True
        if request.explorer is not None:
            with one_line_errors():
                explorer = explore(value, **request.explorer)
            explorer.called = expression
            if request.out:
                self.shell.user_ns[request.out] = explorer
            return None if request.quiet else explorer
        runs = runs_a_dataset(value)
        with one_line_errors():
            made = _stored(value, request) if runs and request.path else _converted(value, request, runs)
        if request.out:
            self.shell.user_ns[request.out] = made.result
        if request.quiet:
            warn(made.warned)
            return None
        self._pending.put(made._replace(bound=request.out))
        return made.result


def _converted(value: Any, request: Request, runs: bool) -> Pending:
    """Returns the value as an array or a nest of them, stored where that is asked for, with what its card says."""
    conversion = read_conversion(**{"progress": True, **request.conversion})
    try:
        result = convert(value, conversion)
    except ConversionInterrupted as stopped:
        result = stopped.partial
    if result is value and isinstance(result, np.ndarray):
        result = result.view()  # the user's own array must look as it always did
    if request.path:
        as_it_is = request.conversion.keys() <= _STREAMED  # ragged and sparse tensors are stored as what they are
        saved = _save(value, request, request.conversion) if as_it_is else _save(result, request, {})
        conversion.told.append(repr(saved))
    source = result if runs else value
    told, warned = (tuple(map(as_typed, said)) for said in (conversion.told, conversion.warned))
    return Pending(result, source, request.card, told, warned)


def _stored(dataset: Any, request: Request) -> Pending:
    """Returns what was stored of a dataset, which runs for it; nothing of it is kept in memory."""
    given = request.conversion
    unfit = [option.name for option in OPTIONS if option.keyword in given and option.keyword not in _STREAMED]
    if unfit:
        raise LineError(f"--{unfit[0]} is for arrays in memory, and --save stores a dataset as it runs: leave one out")
    saved = _save(dataset, request, given)
    unsaid = tuple(map(as_typed, saved.warnings)) if request.quiet else ()  # what was saved says them itself
    return Pending(saved, saved, request.card, warned=unsaid)


def _save(obj: Any, request: Request, conversion: Mapping[str, Any]) -> Any:
    from tfnp_ext.storage.saving import store

    asked = {"force": False, "resume": False, "compress": False, **request.storage}
    return store(obj, request.path, read_conversion(**{"progress": True, **conversion}), **asked)


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


def _read_seconds(option: Option, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise LineError(f"--{option.name} needs a number of seconds above 0, not {quoted(text)}")
    return seconds


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
    "seconds": _read_seconds,
    "bytes": _read_bytes,
    "dtype": _read_dtype,
}
