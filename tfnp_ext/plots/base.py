"""What a plot is, the registry of plots, and the choice of one for a value.

A plot is one file: a class that says which values it suits, draws them on Axes, and makes the picture of a card.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar
from weakref import ref

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.config import DisplayOptions
from tfnp_ext.document import Block, Figure, Picture
from tfnp_ext.errors import OptionError, reason
from tfnp_ext.plots.sheet import Sheet
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

AUTOMATIC = 0.5
"""From this suitability on a plot is drawn without being asked for."""

LONGEST_LABEL = 24
"""Characters of a name in a picture."""

LONGEST_WORDS = 60
"""Characters of a name where it is told in words, as in the text that stands for a picture."""

MOST_EXAMPLES = 200
"""Examples of a batch that are ever looked at for a picture: more do not fit beside each other."""


@dataclass(frozen=True)
class Style:
    """The colours of a plot; the same hex on light and on dark ground.

    Attributes:
        blue: Amount, positive, right.
        orange: Negative, unsure, wrong.
        magenta: Not a number, not valid; always with a glyph.
        grey: Frame and text in pictures.
        quiet: Alpha of what is not the answer, two hex digits.
        rule: Alpha of lines, two hex digits.
    """

    blue: str = "#3a7dc0"
    orange: str = "#c0631a"
    magenta: str = "#d03a94"
    grey: str = "#767676"
    quiet: str = "cc"
    rule: str = "80"


STYLE = Style()

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Reading:
    """The values as a plot reads them, and their role."""

    role: str
    values: Array


class Plot(ABC):
    """One kind of plot. Subclass it, set ``name``, decorate the class with ``register_plot``."""

    name: ClassVar[str]
    asked_by: ClassVar[str] = ""
    """The option that calls for it by being given, as ``images`` calls for the gallery."""
    pages: ClassVar[bool] = False
    """Whether it shows examples that can be chosen, ordered and paged through."""
    needs: ClassVar[str] = ""
    """The option without which it has nothing to draw."""
    names_classes: ClassVar[bool] = False
    """Whether whatever it draws are classes, so that labels may be given with it for any value."""

    @abstractmethod
    def suits(self, summary: Summary) -> float:
        """Returns how well it draws a value: 0 not at all, below 0.5 when asked for, from 0.5 on automatically."""

    def suits_asked(self, summary: Summary) -> float:
        """Returns how well it draws a value together with the option that calls for it; by default as without."""
        return self.suits(summary)

    def fits(self, summary: Summary, options: DisplayOptions) -> float:
        """Returns how well it draws a value with the options given."""
        given = self.asked_by and getattr(options, self.asked_by) is not None
        return self.suits_asked(summary) if given else self.suits(summary)

    @abstractmethod
    def draw(self, axes: Axes, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the value on Axes of the user's, with the user's fonts and sizes.

        A plot ``in_panels`` gets an array of Axes, one for each that ``panels`` counts; or one Axes of the user's.
        """

    def scales(self, axes: Any) -> list[tuple[ScalarMappable, Any]]:
        """Returns the images that need a scale beside them, each with the Axes that it is of, once these are drawn."""
        return []

    def lacks(self, options: DisplayOptions) -> bool:
        """Returns whether the option that it needs is not given."""
        return bool(self.needs) and getattr(options, self.needs) is None

    def is_asked(self, options: DisplayOptions) -> bool:
        """Returns whether it is drawn because of an option, by its name or by what it needs."""
        given = self.asked_by and getattr(options, self.asked_by) is not None
        return options.plot == self.name or (options.plot == "auto" and bool(given))

    def panels(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns how many Axes it draws on, rows and columns; more than one cannot be put on Axes of the user's."""
        return 1, 1

    def in_panels(self, summary: Summary, options: DisplayOptions) -> bool:
        """Returns whether its Axes come as an array, be it of one: that depends on the kind of value, not on how many.

        Override it where ``panels`` may be one for some values.
        """
        return self.panels(summary, options) != (1, 1)

    def figure_size(self, summary: Summary, options: DisplayOptions) -> tuple[float, float] | None:
        """Returns width and height in inches of a figure of its own; ``None`` for those of rcParams."""
        return None

    @abstractmethod
    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns width and height of the card's picture in CSS pixels."""

    @abstractmethod
    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what the picture shows: the kind of picture, the answer, the exceptions."""

    def paint(self, sheet: Sheet, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws the card's picture. The default puts ``draw`` on Axes that fill the sheet, for plots of others."""
        self.draw(sheet.axes(), summary, options, style)

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns what the fold line has to add about the picture, ``""`` for nothing."""
        return ""

    def fallback(self, summary: Summary, options: DisplayOptions) -> Block | None:
        """Returns what stands for the picture in a terminal and where pictures are off."""
        return None

    def shows_histogram(self, summary: Summary, options: DisplayOptions) -> bool:
        """Returns whether the picture shows the distribution, so that the line of numbers need not."""
        return False

    def picture(self, summary: Summary, options: DisplayOptions) -> Picture:
        """Returns the card's picture as a PNG."""
        sheet = Sheet(*self.size(summary, options))
        self.paint(sheet, summary, options)
        return sheet.picture()

    def blocks(self, summary: Summary, options: DisplayOptions) -> tuple[Block, ...]:
        """Returns what the card shows; pictures in it are drawn only when a format asks for them."""
        draw = (lambda: self.picture(summary, options)) if options.plots else None
        return (Figure(draw, self.alt(summary, options), self.fallback(summary, options)),)


PLOTS: dict[str, Plot] = {}
"""Every plot by name."""

P = TypeVar("P", bound=type[Plot])


def register_plot(plot_class: P) -> P:
    """Adds a plot to the registry; usable as a class decorator. The last one registered under a name holds.

    Raises:
        TypeError: It is no ``Plot``, is still abstract, or has no usable name.

    Example:
        >>> register_plot(type(PLOTS["bar"])) is type(PLOTS["bar"])
        True
    """
    if not (isinstance(plot_class, type) and issubclass(plot_class, Plot)):
        raise TypeError(f"a plot is a subclass of Plot, not {plot_class!r}")
    name = getattr(plot_class, "name", None)
    if not isinstance(name, str) or not name.isidentifier() or name in {"auto", "none"}:
        raise TypeError(f"{plot_class.__name__}.name has to be a word other than auto and none, not {name!r}")
    PLOTS[name] = plot_class()
    return plot_class


def choose_plot(summary: Summary, options: DisplayOptions) -> Plot | None:
    """Returns the plot for a value: the one asked for, else the one that suits best, else ``None``.

    Raises:
        OptionError: ``options.plot`` names no plot, or one that cannot draw this value.
    """
    if options.plot == "none":
        return None
    failed: dict[str, Exception] = {}
    suitability = {name: _suitability(plot, summary, options, failed) for name, plot in PLOTS.items()}
    if options.plot == "auto":
        for name, plot in PLOTS.items():
            if suitability[name] > 0 and plot.is_asked(options):
                return plot
        best = max(suitability, key=lambda name: suitability[name], default=None)
        return PLOTS[best] if best is not None and suitability[best] >= AUTOMATIC else None
    if options.plot not in PLOTS:
        raise OptionError(f"no plot named {options.plot!r}; there are auto, none, {', '.join(sorted(PLOTS))}")
    if suitability[options.plot] <= 0:
        plot = PLOTS[options.plot]
        if plot.name in failed:
            why = f"{type(failed[plot.name]).__name__}: {reason(failed[plot.name])}"
            raise OptionError(f"plot {plot.name} fails to say whether it suits {summary.described}: {why}")
        if plot.asked_by and plot.suits_asked(summary) > 0:
            raise OptionError(f"plot {plot.name} of {summary.described} needs {plot.asked_by}=")
        able = able_plots(summary, options)
        ways = f"{', '.join(able)} can" if able else "no plot can"
        raise OptionError(f"plot {options.plot} cannot draw {summary.described}: {ways}")
    return PLOTS[options.plot]


def able_plots(summary: Summary, options: DisplayOptions) -> list[str]:
    """Returns the names of the plots that can draw a value with the options given."""
    return sorted(
        name for name, plot in PLOTS.items() if _suitability(plot, summary, options, {}) > 0 and not plot.lacks(options)
    )


def _suitability(plot: Plot, summary: Summary, options: DisplayOptions, failed: dict[str, Exception]) -> float:
    """Returns how well a plot draws a value: 0 where it fails to say, since a plot of one kind spoils no other card.

    Args:
        plot: The plot.
        summary: Of the value.
        options: What is asked for.
        failed: Where a failure is put down, by the name of the plot.
    """
    try:
        return max(0.0, float(plot.fits(summary, options)))  # NaN is 0 too
    except OptionError:
        raise
    except Exception as error:
        failed[plot.name] = error
        return 0.0


def read(summary: Summary, options: DisplayOptions) -> Reading:
    """Returns the values as a plot reads them; of a batch of predictions only as many examples as may be drawn."""
    values = drawn_values(summary)
    if summary.role == "probability batch":
        values = values[:MOST_EXAMPLES]
    return Reading(summary.role, values)


def drawn_values(summary: Summary) -> Array:
    """Returns what a picture draws, left where it is if that is another device: it is cut there."""
    values = summary.drawn
    return values if isinstance(values, DeviceArray) else np.asarray(values)


def is_numeric(values: Array | None) -> bool:
    """Returns whether values can be drawn as numbers: booleans, integers, floats, those of ``ml_dtypes`` included."""
    if values is None or not values.size:
        return False
    dtype = values.dtype
    return dtype.kind in "biuf" or (dtype.kind == "V" and dtype.names is None and not dtype.name.startswith("void"))


def as_floats(values: Array) -> Array:
    """Returns values in a dtype that NumPy calculates with: float32 for small floats, else float64 for integers."""
    if values.dtype.kind == "V" or values.dtype == np.float16:
        return values.astype(np.float32)
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def near_one(*values: Array | float) -> list[Array]:
    """Returns numbers scaled together by a power of two, the largest finite |x| to between ½ and 1.

    Differences and quotients of what comes back neither overflow nor vanish, whatever the numbers were.
    """
    arrays = [np.asarray(part, np.float64) for part in values]
    largest = max(float(np.max(np.abs(part), where=np.isfinite(part), initial=0.0)) for part in arrays)
    return [np.ldexp(part, -math.frexp(largest)[1]) for part in arrays]


def class_labels(options: DisplayOptions, count: int) -> Sequence[str]:
    """Returns one name a class, on one line without control characters; ``names_of`` those that there is room for."""
    return options.class_names(count, wording.printable)


def names_of(places: Iterable[int], names: Sequence[str] | Mapping[int, str], longest: int) -> dict[int, str]:
    """Returns the names of some classes, cut so that those that differ still do, by their class."""
    classes = tuple(dict.fromkeys(places))
    return dict(zip(classes, wording.told_apart([names[place] for place in classes], longest), strict=True))


T = TypeVar("T")
A = ParamSpec("A")


def prepared_once(function: Callable[A, T]) -> Callable[A, T]:
    """Returns a method, or a function, of a summary and options that remembers its last result.

    Size, alt, note and picture of one card all ask for it, and so does its line of numbers. What is remembered is one
    tuple, replaced whole, so that threads at worst prepare twice. The value is held weakly; the result goes with it.
    """
    last: tuple[list[Any], ref[Any], Any, Any] | None = None

    def forget(gone: ref[Any]) -> None:
        nonlocal last
        if last is not None and last[1] is gone:
            last = None

    @wraps(function)
    def prepare(*asked: A.args, **named: A.kwargs) -> T:
        nonlocal last
        *owner, summary, options = asked
        seen = last
        if seen is not None and seen[0] == owner and seen[1]() is summary and seen[2] is options:
            return seen[3]  # type: ignore[no-any-return]
        result = function(*asked, **named)
        last = (owner, ref(summary, forget), options, result)
        return result

    return prepare
