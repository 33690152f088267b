"""The functions that IPython calls to show a value.

Each returns ``None`` to decline, and then the value is shown as if this package were not there. None of them raises.
"""

from __future__ import annotations

import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.formatters import BaseFormatter
from IPython.core.interactiveshell import InteractiveShell

from tfnp_ext.config import TensorDisplay
from tfnp_ext.magics.pending import Pending, PendingCard, warn

NESTS = (dict, list, tuple)
"""The containers that are shown as one card where they hold tensors."""

_BUILT_IN_TEXTS = (*NESTS, OrderedDict, defaultdict)
_OWN_REPRS = frozenset(
    f"_repr_{form}_"
    for form in ("mimebundle", "html", "markdown", "svg", "png", "pdf", "jpeg", "latex", "json", "javascript", "pretty")
)
_FOR_ARRAYS_AND_NESTS = ("numpy.ndarray", *(f"builtins.{nest.__name__}" for nest in NESTS))
_LIBRARIES = frozenset({"tensorflow", "keras", "tf_keras", "numpy", "collections"})
"""Packages whose subclasses of our kinds have no repr that is the user's own."""

TextPrinter = Callable[[Any, Any, bool], None]


class CardPrinters:
    """The printers of one shell.

    Args:
        shell: Whose formatters ask.
        config: What is to be shown at all.
        pending: What ``%tonumpy`` returned and has not been shown.
    """

    def __init__(self, shell: InteractiveShell, config: TensorDisplay, pending: PendingCard) -> None:
        self._shell = shell
        self._config = config
        self._pending = pending
        self._text_told: tuple[Any, str | None] | None = None
        self._texts: BaseFormatter | None = None
        self._replaced: dict[type, tuple[TextPrinter, TextPrinter | None]] = {}
        self._met: set[str] = set()

    def owns(self, printer: Any) -> bool:
        """Returns whether a printer of a formatter is one of ours."""
        return getattr(printer, "__self__", None) is self

    def not_yet_met(self, names: tuple[str, ...]) -> list[str]:
        """Returns the names that were not asked about before, so that what the user removes stays removed."""
        new = [name for name in names if name not in self._met]
        self._met.update(new)
        return new

    def end_of_cell(self, *_: Any) -> None:
        """Forgets what was not shown; the arguments are those of IPython's event."""
        self._pending.clear()
        self._text_told = None

    def show_tensor(self, obj: Any) -> Any:
        """Returns the card of a value of TensorFlow or Keras as a MIME bundle."""
        registered = self._registered_by_user(obj)
        if registered is not None:
            return registered(obj)
        return self._bundle(obj) if self._config.enabled else self._own_bundle(obj)

    def show_array(self, obj: Any) -> Any:
        """Returns the card of a NumPy array: of any where ``arrays`` is on, else of what ``%tonumpy`` returned."""
        bundle = self._pending_bundle(obj) or self._figure_bundle(obj)
        if bundle is not None:
            return bundle
        return self._bundle(obj) if self._config.enabled and self._config.arrays else self._own_bundle(obj)

    def show_axes(self, obj: Any) -> Any:
        """Returns the figure of Axes that ``plot`` made; Axes of pyplot's show themselves, as always."""
        return self._figure_bundle(obj) or self._own_bundle(obj)

    def show_result(self, obj: Any) -> Any:
        """Returns the card of what ``%tonumpy`` returned and nothing else: a SciPy array."""
        return self._pending_bundle(obj) or self._own_bundle(obj)

    def show_nest(self, obj: Any) -> Any:
        """Returns the card of a dict, list or tuple that holds tensors."""
        bundle = self._pending_bundle(obj)
        if bundle is None:
            bundle = self._bundle(obj) if self._shows_nest(obj) else self._own_bundle(obj)
        text = bundle.get("text/plain") if isinstance(bundle, dict) else None
        self._text_told = (obj, text)
        if text is not None:
            self._wrap_text_of(type(obj))
        return bundle

    def wrap_texts(self, texts: BaseFormatter) -> None:
        """Has IPython's own text of containers replaced where the container holds tensors.

        IPython prefers its text of a list, tuple or dict to that of a MIME bundle, and it spells out every value.
        """
        self._texts = texts
        for cls in _BUILT_IN_TEXTS:
            previous = texts.type_printers.get(cls) or texts.deferred_printers.get((cls.__module__, cls.__name__))
            if getattr(previous, "__module__", "") == "IPython.lib.pretty":
                self._replace_text(cls, previous)

    def unwrap_texts(self) -> None:
        """Puts back what ``wrap_texts`` replaced, but for what the user has replaced since."""
        printers = self._texts.type_printers if self._texts is not None else {}
        for cls, (ours, before) in self._replaced.items():
            if printers.get(cls) is ours:
                del printers[cls]
                if before is not None:
                    printers[cls] = before
        self._replaced.clear()

    def _replace_text(self, cls: type, previous: TextPrinter) -> None:
        def print_nest(obj: Any, printer: Any, cycle: bool) -> None:
            # The stack tells containers inside of others, whose text belongs to the outer one.
            text = self._text_of_nest(obj) if len(printer.stack) == 1 else None
            if text is None:
                previous(obj, printer, cycle)
            else:
                _print_lines(text, printer)

        if self._texts is not None:
            self._replaced[cls] = (print_nest, self._texts.type_printers.get(cls))
            # Not by for_type: it looks up the previous printer and so moves a deferred one to its class, for good.
            self._texts.type_printers[cls] = print_nest

    def _wrap_text_of(self, cls: type) -> None:
        """Has the text of a class replaced whose ``__repr__`` would win and is not the user's: a namedtuple's."""
        if self._texts is None or _has_own_text(cls):
            return
        for base in cls.__mro__:
            if base in self._texts.type_printers:
                return
            if "__repr__" in vars(base):
                self._replace_text(cls, _print_repr)
                return

    def _text_of_nest(self, obj: Any) -> str | None:
        """Returns the text of a card; ``None`` where IPython's own shall stand."""
        told, self._text_told = self._text_told, None
        if told is not None and told[0] is obj:  # the bundle of the same display has just been made
            return told[1]
        try:
            bundle = self._card(obj, ("text/plain",)) if self._shows_nest(obj) else None
        except Exception:
            return None
        return bundle.get("text/plain") if bundle else None

    def _shows_nest(self, obj: Any) -> bool:
        try:
            return bool(self._config.enabled and self._config.nested and obj and _holds_tensors(obj))
        except Exception:
            return False

    def _pending_bundle(self, obj: Any) -> dict[str, str] | None:
        pending = self._pending.take(obj)
        if pending is None:
            return None
        try:
            shown = self._config.enabled and not self._was_assigned(pending)
            bundle = self._card_of_result(pending) if shown else None
        except Exception:
            bundle = None
        if bundle is None:
            warn(pending.warned)
        return bundle

    def _was_assigned(self, pending: Pending) -> bool:
        """Returns whether the user has named what the magic returned: then it is an array as any other."""
        names = list(self._shell.user_ns.items())
        return any(value is pending.result and name != pending.bound for name, value in names)

    def _figure_bundle(self, obj: Any) -> Any:
        """Returns the PNG of the figure that ``plot`` made, at twice the density; ``None`` for all other values."""
        drawing = sys.modules.get("tfnp_ext.plots.drawing")  # nobody can have plotted without it
        if drawing is None or "image/png" not in self._active_types():
            return None
        try:
            figure = drawing.figure_of(obj)
            return None if figure is None else drawing.figure_bundle(figure, obj)
        except Exception:
            return None

    def _bundle(self, obj: Any) -> Any:
        """Returns the card of an object, unless its class brings a display of its own."""
        try:
            if _has_own_display(type(obj)) or not _has_kind(obj):
                return self._own_bundle(obj)
            bundle = self._card(obj, self._active_types())
            if bundle and "text/plain" in bundle and _has_own_text(type(obj)):
                del bundle["text/plain"]
            return bundle
        except Exception:
            return None

    def _card(self, obj: Any, active_types: tuple[str, ...]) -> dict[str, str] | None:
        from tfnp_ext.display import for_terminal, mimebundle

        bundle = mimebundle(obj, self._config.options(), active_types=active_types)
        return None if bundle is None else for_terminal(bundle)

    def _card_of_result(self, pending: Pending) -> dict[str, str] | None:
        from tfnp_ext.display import for_terminal, mimebundle

        bundle = mimebundle(
            pending.source,
            pending.options,
            result=pending.result,
            told=pending.told,
            warned=pending.warned,
            active_types=self._active_types(),
        )
        return None if bundle is None else for_terminal(bundle)

    def _active_types(self) -> tuple[str, ...]:
        return tuple(self._shell.display_formatter.active_types)

    def _own_bundle(self, obj: Any) -> Any:
        """Returns what the object says itself: IPython asks no ``_repr_mimebundle_`` where a printer is registered."""
        method = getattr(type(obj), "_repr_mimebundle_", None)
        return method(obj, include=None, exclude=None) if callable(method) else None

    def _registered_by_user(self, obj: Any) -> Callable[[Any], Any] | None:
        """Returns the printer that the user registered for a class further up the MRO than ours."""
        formatter = self._shell.display_formatter.mimebundle_formatter
        kinds = set(_registered_names())
        for cls in type(obj).__mro__:
            name = (cls.__module__, cls.__name__)
            printer = formatter.type_printers.get(cls) or formatter.deferred_printers.get(name)
            if printer is not None and not self.owns(printer) and ".".join(name) in kinds:
                return printer  # type: ignore[no-any-return]
        return None


def _holds_tensors(nest: Any) -> bool:
    from tfnp_ext.display import holds_tensors

    return holds_tensors(nest, lambda cls: _has_own_display(cls) or _has_own_text(cls))


def _has_kind(obj: Any) -> bool:
    """Returns whether an adapter takes it: the name of a base class may be that of a kind that it is not of."""
    import tfnp_ext.datasets  # noqa: F401  # registers its kinds
    from tfnp_ext.adapters import find_adapter

    return find_adapter(obj) is not None


def _registered_names() -> tuple[str, ...]:
    import tfnp_ext.datasets  # noqa: F401  # registers its kinds
    from tfnp_ext.adapters import registered_names

    return registered_names()


def _users_classes(cls: type) -> Iterator[type]:
    """Yields the classes that come before a kind of ours along the MRO, but for those of the libraries themselves."""
    kinds = {*_registered_names(), *_FOR_ARRAYS_AND_NESTS}
    for base in cls.__mro__:
        if base is object or f"{base.__module__}.{base.__qualname__}" in kinds:
            return
        if base.__module__.partition(".")[0] not in _LIBRARIES:
            yield base


def _has_own_display(cls: type) -> bool:
    return any(not _OWN_REPRS.isdisjoint(vars(base)) for base in _users_classes(cls))


def _has_own_text(cls: type) -> bool:
    """Returns whether the user wrote a ``__repr__``; that of a namedtuple or a dataclass is written for them."""
    from tfnp_ext.adapters.objects import is_generated

    return any("__repr__" in vars(base) and not is_generated(vars(base)["__repr__"]) for base in _users_classes(cls))


def _print_repr(obj: Any, printer: Any, cycle: bool) -> None:
    _print_lines(repr(obj), printer)


def _print_lines(text: str, printer: Any) -> None:
    for number, line in enumerate(text.splitlines()):
        if number:
            printer.break_()
        printer.text(line)
