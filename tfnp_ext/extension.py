"""``%load_ext tfnp_ext`` and its undoing.

Every registration stands beside its undoing. What is needed to undo lives on the shell, not in this module, because
``%reload_ext`` imports the top module anew. Nothing heavy is imported: kinds are registered by the names of classes.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple

from IPython.core.formatters import BaseFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets import TraitError
from traitlets.config import Config

from tfnp_ext.config import TensorDisplay
from tfnp_ext.magics import LINE
from tfnp_ext.magics.entry import LastExpression, LazyMagics, complete, mark_cell, silence_line
from tfnp_ext.magics.pending import PendingCard
from tfnp_ext.printers import NESTS, CardPrinters
from tfnp_ext.type_names import SHOWN

_LOADED = "_tfnp_ext_loaded"
_SECTION = "TensorDisplay"


class Loaded(NamedTuple):
    """What a shell carries while the extension is loaded.

    Attributes:
        undo: Undoes everything, last registration first.
        printers: The functions that show values.
    """

    undo: ExitStack
    printers: CardPrinters


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Shows TensorFlow values as cards and defines ``%tonumpy``; a load that fails half-way is undone."""
    if hasattr(shell, _LOADED):
        return
    with ExitStack() as undo:
        config = _add_configuration(shell, undo)
        pending = PendingCard()
        _add_magics(shell, pending, undo)
        _add_completer(shell, undo)
        _add_transformers(shell, undo)
        printers = CardPrinters(shell, config, pending)
        _add_printers(shell, printers, undo)
        _add_event(shell, "post_run_cell", printers.end_of_cell, undo)
        _add_event(shell, "post_run_cell", partial(_hear_of_new_kinds, shell), undo)
        register_names(shell, printers)
        setattr(shell, _LOADED, Loaded(undo.pop_all(), printers))


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Leaves the shell as it was before ``%load_ext``."""
    loaded: Loaded | None = getattr(shell, _LOADED, None)
    if loaded is not None:
        delattr(shell, _LOADED)
        loaded.undo.close()


def register_names(shell: InteractiveShell, printers: CardPrinters | None = None) -> None:
    """Has the shell show the kinds that are registered by now; it is called again at the end of every cell.

    A class for which the user has registered a formatter is left alone, and so is what was registered before.

    Args:
        shell: A shell that has loaded the extension; nothing happens on any other.
        printers: Its printers; those it carries by default.
    """
    loaded: Loaded | None = getattr(shell, _LOADED, None)
    printers = printers or (loaded.printers if loaded else None)
    if printers is None:
        return
    formatter = shell.display_formatter.mimebundle_formatter
    adapters = sys.modules.get("tfnp_ext.adapters")  # until somebody needs it, nobody can have added a kind
    for name in printers.not_yet_met(adapters.registered_names() if adapters else SHOWN):
        if name not in formatter:
            module, _, class_name = name.rpartition(".")
            formatter.for_type_by_name(module, class_name, printers.show_tensor)


def _hear_of_new_kinds(shell: InteractiveShell, *_: Any) -> None:
    register_names(shell)
    _register_records(shell)


def _register_records(shell: InteractiveShell) -> None:
    """Has the dataclasses and attrs classes in the user's namespace shown as nests, once they hold tensors.

    IPython finds a printer by class, and such classes have no base in common but ``object``, which is everybody's.
    """
    loaded: Loaded | None = getattr(shell, _LOADED, None)
    if loaded is None or "tensorflow" not in sys.modules:
        return
    printers = shell.display_formatter.mimebundle_formatter.type_printers
    for value in list(shell.user_ns.values()):
        cls = value if type(value) is type else type(value)
        if not _RECORDS.isdisjoint(vars(cls)) and cls not in printers and loaded.printers.not_yet_met((repr(cls),)):
            printers[cls] = loaded.printers.show_nest


_RECORDS = frozenset(("__dataclass_fields__", "__attrs_attrs__"))
"""What a class has that ``dataclasses`` or attrs made."""


def _add_configuration(shell: InteractiveShell, undo: ExitStack) -> TensorDisplay:
    """Returns the configuration, listed by ``%config`` and set by ``ipython_config.py``."""
    # %config writes into the shell's own configuration, even a value that it then refuses.
    undo.callback(_restore_section, shell, deepcopy(dict(shell.config).get(_SECTION)))
    known = TensorDisplay.initialized()
    try:
        config = TensorDisplay.instance(parent=shell)
    except TraitError as refusal:
        sys.stderr.write(f"tfnp_ext: the configuration of TensorDisplay is left out: {refusal}\n")
        TensorDisplay.clear_instance()
        config = TensorDisplay.instance()
    if known:  # made by show() before this load, or by another shell
        undo.callback(_restore_configuration, config, config.config, config.trait_values(config=True))
        config.update_config(shell.config)
    else:
        undo.callback(_forget_configuration, config)
    shell.configurables.append(config)
    undo.callback(_remove_same, shell.configurables, config)
    return config


def _restore_section(shell: InteractiveShell, before: Any) -> None:
    """Puts our section of the shell's configuration back as it was."""
    if before is not None:
        shell.config[_SECTION] = before
    else:
        shell.config.pop(_SECTION, None)


def _forget_configuration(config: TensorDisplay) -> None:
    if TensorDisplay.initialized() and TensorDisplay.instance() is config:
        TensorDisplay.clear_instance()


def _restore_configuration(config: TensorDisplay, before: Config, values: dict[str, Any]) -> None:
    config.config = before
    for name, value in values.items():
        setattr(config, name, value)


def _add_magics(shell: InteractiveShell, pending: PendingCard, undo: ExitStack) -> None:
    manager, magics = shell.magics_manager, LazyMagics(shell, pending)
    tonumpy = magics.function()
    for table, name, entry in (
        (manager.registry, "TensorMagics", magics),
        (manager.magics["line"], "tonumpy", tonumpy),
        (manager.magics["cell"], "tonumpy", tonumpy),
    ):
        _restore_at_the_end(table, name, undo)
        table[name] = entry


def _add_completer(shell: InteractiveShell, undo: ExitStack) -> None:
    known = dict(shell.strdispatchers["complete_command"].regexs)
    shell.set_hook("complete_command", complete, re_key=LINE)
    undo.callback(_remove_completer, shell, set(known))


def _remove_completer(shell: InteractiveShell, known: set[Any]) -> None:
    """Removes our completer; there is no way to un-register a hook but by hand."""
    expressions = shell.strdispatchers["complete_command"].regexs
    for expression in list(expressions):
        if expression.pattern == LINE and expression not in known:
            del expressions[expression]


def _add_transformers(shell: InteractiveShell, undo: ExitStack) -> None:
    for transformers, ours in (
        (shell.input_transformers_cleanup, mark_cell),
        (shell.input_transformers_post, silence_line),
        (shell.ast_transformers, LastExpression()),
    ):
        transformers.append(ours)
        undo.callback(_remove_same, transformers, ours)


def _add_printers(shell: InteractiveShell, printers: CardPrinters, undo: ExitStack) -> None:
    display_formatter = shell.display_formatter
    bundles, texts = display_formatter.mimebundle_formatter, display_formatter.formatters["text/plain"]
    undo.callback(_remove_printers, bundles, printers)
    for module, class_name, show in (
        ("numpy", "ndarray", printers.show_array),
        ("scipy.sparse._coo", "coo_array", printers.show_result),
        ("matplotlib.axes._axes", "Axes", printers.show_axes),
    ):
        if f"{module}.{class_name}" not in bundles:
            bundles.for_type_by_name(module, class_name, show)
    for cls in NESTS:
        if cls not in bundles.type_printers and f"builtins.{cls.__name__}" not in bundles:
            bundles.type_printers[cls] = printers.show_nest
    undo.callback(printers.unwrap_texts)
    printers.wrap_texts(texts)


def _remove_printers(formatter: BaseFormatter, printers: CardPrinters) -> None:
    """Removes our printers wherever they are by now: a deferred name moves to its class when it is first shown."""
    for table in (formatter.type_printers, formatter.deferred_printers):
        for key in [key for key, printer in table.items() if printers.owns(printer)]:
            del table[key]


def _add_event(shell: InteractiveShell, event: str, function: Any, undo: ExitStack) -> None:
    shell.events.register(event, function)
    undo.callback(shell.events.unregister, event, function)


def _restore_at_the_end(table: dict[str, Any], key: str, undo: ExitStack) -> None:
    if key in table:
        undo.callback(table.__setitem__, key, table[key])
    else:
        undo.callback(table.pop, key, None)


def _remove_same(items: list[Any], item: Any) -> None:
    """Removes this very object from a list, if it still is there."""
    items[:] = [other for other in items if other is not item]
