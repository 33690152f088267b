"""An expression of the user, evaluated where the user is, and its failures told in one line where they are ours."""

from __future__ import annotations
import __future__

import ast
import builtins
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from operator import or_
from types import FrameType
from typing import Any, cast

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from tfnp_ext.errors import ConversionError, ConversionInterrupted, OptionError, StorageError
from tfnp_ext.magics.line import LineError, is_expression, quoted
from tfnp_ext.magics.options import BY_NAME, BY_SHORT, as_typed, close_match

_FUTURES = reduce(or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))


def evaluate(shell: InteractiveShell, expression: str, local_ns: Mapping[str, Any] | None = None) -> Any:
    """Returns the value of an expression in the user's namespace.

    Args:
        shell: Whose namespace and future imports hold.
        expression: One Python expression.
        local_ns: Names of the function that called the magic; they come before the user's.

    Raises:
        UsageError: It is no expression, or names something that is not there. What it raises by itself is not touched.
    """
    __tracebackhide__ = True
    code = _compile(shell, expression)
    scope = _scope(shell, local_ns)
    try:
        return eval(code, scope)
    except NameError as error:
        if type(error) is NameError and _raised_in(code, error):
            raise UsageError(_unknown_name(error, scope, expression)) from None
        raise


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Lets our own errors be shown as one line, without a traceback; they stay what they are for ``except``."""
    __tracebackhide__ = True
    try:
        yield
    except LineError as error:
        raise UsageError(str(error)) from None
    except (ConversionError, ConversionInterrupted, OptionError, StorageError) as error:
        text = f"{type(error).__name__}: {as_typed(' '.join(str(error).split()))}"
        # IPython asks an exception for this method, in a terminal as in a kernel.
        error._render_traceback_ = lambda: [text]  # type: ignore[union-attr]
        raise


def cell_number(shell: InteractiveShell) -> int:
    """Returns the number of the cell that is running."""
    running = getattr(shell.displayhook, "exec_result", None)
    return getattr(running, "execution_count", None) or int(shell.execution_count)


def _compile(shell: InteractiveShell, expression: str) -> Any:
    name = shell.compile.cache(expression, cell_number(shell))  # tracebacks show the expression under this name
    flags = shell.compile.flags & _FUTURES
    try:
        return compile(expression, name, "eval", flags, dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError) as error:
        refusal = error
    bracketed = f"({expression}\n)"
    if is_expression(bracketed) and isinstance(ast.parse(bracketed, mode="eval").body, ast.NamedExpr):  # `y := x`, bare
        return compile(bracketed, name, "eval", flags, dont_inherit=True)
    raise UsageError(_unreadable(expression, refusal)) from None


def _scope(shell: InteractiveShell, local_ns: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns one dict of all names, so that comprehensions and lambdas see them; the user's own where that is all."""
    user, module = shell.user_ns, shell.user_global_ns  # two only where IPython is embedded in a program
    if (local_ns is None or local_ns is user) and module is user:
        return cast(dict[str, Any], user)
    return {**module, **user, **(local_ns or {})}


def traced_scope(shell: InteractiveShell) -> dict[str, Any] | None:
    """Returns the names of the user's function that ``tf.function`` converted and that called the magic, if one did.

    AutoGraph converts ``run_line_magic`` too, so that IPython looks for the caller's names in a frame of AutoGraph's
    and finds global ones of the same name. Its converted functions have ``ag__`` as a free variable, and the branches
    of an ``if`` are functions of their own within the function.
    """
    scope: dict[str, Any] = {}
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if "ag__" in frame.f_code.co_freevars and frame.f_globals is shell.user_global_ns:
            scope = {**frame.f_locals, **scope}
        frame = frame.f_back
    return scope or None


def _is_of(frame: Any, code: Any) -> bool:
    """Returns whether a frame's code is the expression's: its own or that of a comprehension in it, but no lambda's."""
    return frame is code or (frame.co_filename == code.co_filename and frame.co_name != "<lambda>")


def _raised_in(code: Any, error: BaseException) -> bool:
    """Returns whether an error comes from the expression itself, not from a function that it calls."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    return frames is not None and _is_of(frames.tb_frame.f_code, code)


def _unknown_name(error: NameError, scope: Mapping[str, Any], expression: str) -> str:
    name = error.name or ""
    called = re.search(rf"\b{re.escape(name)}\s*\(", expression)  # else no function of Python's own is meant
    candidates = (*scope, *vars(builtins)) if called else tuple(scope)
    known = [known for known in candidates if isinstance(known, str) and not known.startswith("_")]
    guess = close_match(name, known) if len(name) > 2 else ""
    words = expression.split()
    if name in BY_SHORT and f"-{name}" in words[1:]:  # typed like an option, and read as Python
        option = f"--{BY_SHORT[name].name}"
        return f"no name {name!r} here; as an option -{name} goes before the expression: after it write {option}"
    if f"--{name}" in words:
        guess = close_match(f"--{name}", [f"--{option}" for option in BY_NAME]) or guess
    return f"no name {name!r} here" + (f"; did you mean {guess}?" if guess else "")


def _unreadable(expression: str, refusal: Exception) -> str:
    shown = quoted(expression, 50)
    reason = refusal.msg if isinstance(refusal, SyntaxError) else str(refusal)
    if "await" in reason:
        return f"{shown} awaits: do that in a %%tonumpy cell"
    try:
        statement = ast.parse(expression).body[0]
    except (SyntaxError, ValueError, IndexError):
        return f"{shown} is not a Python expression: {reason}"
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return f"{shown} assigns: write {statement.targets[0].id} = %tonumpy EXPR, or %tonumpy --out"
    return f"{shown} is a statement: %tonumpy takes one expression"
