"""Predictions with the images they are about: what the model said, how sure it was, and what was true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tfnp_ext import wording
from tfnp_ext.adapters import yields_elements
from tfnp_ext.config import DisplayOptions
from tfnp_ext.convert import to_numpy
from tfnp_ext.document import Beside, Block, Cell, Note, Picture, Row, Span, Table, Tile, Tiles, Verdict
from tfnp_ext.errors import ConversionError, OptionError
from tfnp_ext.plots.base import (
    LONGEST_WORDS,
    PLOTS,
    STYLE,
    Array,
    Plot,
    Style,
    class_labels,
    drawn_values,
    is_numeric,
    names_of,
    prepared_once,
    register_plot,
)
from tfnp_ext.plots.batches import UNSURE
from tfnp_ext.plots.images import MOST_TILES, Coding, Images, colour_notes, encode, step_read
from tfnp_ext.plots.pixels import count_invalid
from tfnp_ext.plots.truth import read_truth
from tfnp_ext.roles.images import CHANNELS, read_images
from tfnp_ext.statistics import compute_statistics, row_tops
from tfnp_ext.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE = MOST_TILES
"""Examples of a page."""

_COLUMNS = 12
_PANELS_ACROSS = 9
_SIDE = 56
_FEW = 6
_LONGEST_TITLE, _LONGEST_IN_TABLE = 14, 26
_LISTED = 8
"""Lines of a list: with what is said above it a card in a terminal has no more."""

_NEEDED = "give [N, height, width] or [N, height, width, channels]"
_MOST_SCANNED = 2**23
"""Values of all images that black and white are found from; of more, evenly spaced images."""
PREDICTIONS = frozenset({"probabilities", "probability batch", "logits", "scores", "one-hot", "labels"})
"""The roles that say of examples which class they are."""


@dataclass(frozen=True)
class Judged:
    """What was said of every example.

    Attributes:
        tops: The class predicted for each example, [N]; -1 where its row holds no number.
        confidences: Its probability, [N]; ``None`` where the predictions are no probabilities.
        truth: The true class of each example, [N]; ``None`` where it is not known.
        true_shares: What the true class was given, [N]; ``None`` where it is not known.
        classes: How many classes there are.
    """

    tops: Array
    confidences: Array | None
    truth: Array | None
    true_shares: Array | None
    classes: int

    @property
    def wrong(self) -> Array:
        """Which examples are wrong, [N]; none where the truth is not known, or there is no answer."""
        if self.truth is None:
            return np.zeros(len(self.tops), bool)
        return np.asarray((self.tops != self.truth) & self.answered)

    @property
    def answered(self) -> Array:
        """Which examples have an answer, [N]: a row without numbers has none."""
        return np.asarray(self.tops >= 0)


@dataclass(frozen=True)
class _Gallery:
    """One page of examples.

    Attributes:
        images: The images of the page.
        places: Which examples they are, [P].
        left: Those of this page and of all that follow, in their order.
        judged: What was said of all examples.
        names: The whole name of each class.
        chosen: How many examples there are to page through.
        pages: How many pages they fill.
        shape: The shape of the images given.
    """

    images: Images | None
    places: Array
    left: Array
    judged: Judged
    names: Sequence[str] = field(repr=False)
    chosen: int
    pages: int
    shape: tuple[int, ...]

    @property
    def listed(self) -> Array:
        """The examples from this page on that a list has room for, in their order: wrong ones before others."""
        if len(self.left) <= _LISTED:
            return self.left
        right = ~self.judged.wrong[self.left]
        return np.asarray(self.left[np.sort(np.argsort(right, kind="stable")[: _LISTED - 1])])

    def told(self, places: Array, longest: int = LONGEST_WORDS) -> dict[int, str]:
        """Returns the names of the classes of some examples, of answers and of truths, in so many characters."""
        known = () if self.judged.truth is None else self.judged.truth[places].tolist()
        found = {*self.judged.tops[places].tolist(), *known}
        kept = sorted(index for index in found if 0 <= index < len(self.names))
        return {**dict.fromkeys(found, "×"), **names_of(kept, self.names, longest)}

    def verdict(self, place: int, names: dict[int, str]) -> Verdict:
        """Returns what stands below the image of one example, classes by the names that they are told by."""
        judged = self.judged
        share = None if judged.confidences is None else float(judged.confidences[place])
        wrong = bool(judged.wrong[place])
        return Verdict(
            answer=names[int(judged.tops[place])],
            share=share if share is not None and math.isfinite(share) else None,
            share_words="" if share is None or not math.isfinite(share) else wording.percent(share, 0),
            wrong=wrong,
            unsure=share is not None and share < UNSURE,
            truth=names[int(judged.truth[place])] if wrong and judged.truth is not None else "",
        )


@register_plot
class GalleryPlot(Plot):
    """Images with what the model said of each, and whether it was right."""

    name = "gallery"
    asked_by: ClassVar[str] = "images"
    needs: ClassVar[str] = "images"
    pages: ClassVar[bool] = True

    def suits(self, summary: Summary) -> float:
        """Returns 0.3 for predictions: it is drawn where images come with them."""
        values = summary.drawn
        if values is None or values.ndim not in {1, 2} or not is_numeric(values):
            return 0.0
        return 0.3 if summary.role in PREDICTIONS or values.ndim == 2 else 0.1

    def panels(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns a panel for each image of the page."""
        count = max(1, len(self.prepare(summary, options).places))
        across = min(count, _PANELS_ACROSS)
        return math.ceil(count / across), across

    def in_panels(self, summary: Summary, options: DisplayOptions) -> bool:
        """Returns True: its examples are panels."""
        return True

    def figure_size(self, summary: Summary, options: DisplayOptions) -> tuple[float, float] | None:
        """Returns an inch and a bit for each image."""
        rows, columns = self.panels(summary, options)
        return max(2.0, 1.15 * columns), 1.5 * rows

    def size(self, summary: Summary, options: DisplayOptions) -> tuple[int, int]:
        """Returns the size of one image."""
        images = self.prepare(summary, options).images
        return (_SIDE, _SIDE) if images is None else images.size

    def alt(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns how many examples are shown, how many of all are right, and which of those shown are wrong."""
        gallery = self.prepare(summary, options)
        judged = gallery.judged
        parts = [f"Gallery of {wording.plural(len(gallery.places), 'example')} with the class predicted"]
        if judged.truth is not None:
            answered = int(judged.answered.sum())
            right = answered - int(judged.wrong.sum())
            parts.append(f"right {wording.integer(right)} of {wording.integer(answered)}")
            wrong = [place for place in gallery.places.tolist() if judged.wrong[place]]
            names = gallery.told(gallery.places)
            listed = ", ".join(f"#{place} {names[int(judged.tops[place])]}" for place in wrong[:8])
            if wrong:
                more = f" and {len(wrong) - 8} more" if len(wrong) > 8 else ""
                parts.append(f"wrong, marked ✗: {listed}{more}")
        return f"{'; '.join(parts)}."

    def note(self, summary: Summary, options: DisplayOptions) -> str:
        """Returns which examples are shown in which order, and how the images were read."""
        gallery = self.prepare(summary, options)
        notes = []
        if options.where != "all":
            notes.append(f"{options.where} ones only, {wording.integer(gallery.chosen)} of them")
        if options.sort != "index":
            notes.append({"confidence": "least sure first", "error": "worst error first"}[options.sort])
        if gallery.pages > 1:
            after = f", page={options.page + 1} shows the next" if options.page < gallery.pages else ""
            notes.append(f"page {options.page} of {gallery.pages}{after}")
        if gallery.images is not None:
            low, high = (f"{limit:.4g}" for limit in gallery.images.limits)
            notes.append(f"images {wording.shape(gallery.shape)}: {low} → black, {high} → white")
            if gallery.images.zoom < 1:
                notes.append(f"thumbnails {wording.percent(gallery.images.zoom, 0)}")
            if gallery.images.step > 1:
                notes.append(f"1 of {gallery.images.step} rows and columns read")
            notes += colour_notes(gallery.images)
        return "; ".join(notes)

    def fallback(self, summary: Summary, options: DisplayOptions) -> Block | None:
        """Returns a line for each example; of many for the wrong ones and for the first others."""
        gallery = self.prepare(summary, options)
        listed = gallery.listed
        rows, names = [], gallery.told(listed, _LONGEST_IN_TABLE)
        for place in listed.tolist():
            verdict = gallery.verdict(place, names)
            mark = Cell("✗" if verdict.wrong else "", "unsure", align="left")
            truth = Cell(f"truth {verdict.truth}" if verdict.truth else "?" if verdict.unsure else "", align="left")
            rows.append(Row((mark, Cell(verdict.answer, "strong"), Cell(verdict.share_words), truth), f"#{place}"))
        left = len(gallery.left) - len(rows)
        if left > 0:
            more = Cell(f"{wording.integer(left)} more", "secondary", align="left", span=4)
            rows.append(Row((more,), "⋮"))
        return Table(tuple(rows)) if rows else _none_left_note(options)

    def blocks(self, summary: Summary, options: DisplayOptions) -> tuple[Block, ...]:
        """Returns one tile an example; a sentence where none is right, or none wrong."""
        gallery = self.prepare(summary, options)
        if not len(gallery.places):
            return (_none_left_note(options),)
        table = self.fallback(summary, options)
        if not options.plots:
            return () if table is None else (table,)
        alt = self.alt(summary, options)
        tiles = Tiles(lambda: self.tiles(summary, options), alt, table, columns=_COLUMNS)
        if summary.role == "probabilities" and PLOTS["bar"].suits(
            summary
        ):  # of one example there is room for all that was said
            return (Beside((tiles, *PLOTS["bar"].blocks(summary, options)), gap=24),)
        return (tiles,)

    def tiles(self, summary: Summary, options: DisplayOptions) -> tuple[Tile, ...]:
        """Returns the tiles of the page, each with what was said of it."""
        gallery = self.prepare(summary, options)
        if gallery.images is None:
            return ()
        pictures = encode(gallery.images)
        tiles, names = [], gallery.told(gallery.places)
        for place, picture in zip(gallery.places.tolist(), pictures, strict=True):
            verdict = gallery.verdict(place, names)
            truth = (
                f", truth {verdict.truth}" if verdict.wrong else ", right" if gallery.judged.truth is not None else ""
            )
            sure = f", {verdict.share_words}" if verdict.share_words else ""
            # Where they stand in order, the list of the wrong ones is enough.
            moved = options.where != "all" or options.sort != "index" or options.page > 1
            index = f"#{place}" if moved else ""
            tiles.append(
                Tile(picture, f"#{place}: predicted {verdict.answer}{sure}{truth}", f"#{place}", index, verdict)
            )
        return tuple(tiles)

    def picture(self, summary: Summary, options: DisplayOptions) -> Picture:
        """Returns the first image."""
        return self.tiles(summary, options)[0].picture

    @prepared_once
    def prepare(self, summary: Summary, options: DisplayOptions) -> _Gallery:
        """Returns the examples of the page, judged, with their images.

        Raises:
            OptionError: Images or truth do not fit the predictions, or an option lacks what it needs.
        """
        if options.images is None:
            raise OptionError("plot gallery needs the images that the predictions are about: images=x")
        judged = judge(summary, options)
        given = _image_array(options.images, len(judged.tops))
        order = _ordered(judged, options)
        pages = max(1, math.ceil(len(order) / PAGE))
        if options.page > pages:
            raise OptionError(f"page {options.page} of {wording.plural(pages, 'page')}: there are no more examples")
        left = order[(options.page - 1) * PAGE :]
        places = left[:PAGE]
        images = _read_images(given, places) if len(places) else None
        names = class_labels(options, judged.classes)
        return _Gallery(images, places, left, judged, names, len(order), pages, given.shape)

    def draw(self, axes: Any, summary: Summary, options: DisplayOptions, style: Style = STYLE) -> None:
        """Draws ``imshow`` of each image, titled with what was said: ✗ and the truth where it is wrong."""
        gallery = self.prepare(summary, options)
        panels: list[Axes] = np.atleast_1d(axes).ravel().tolist()
        for panel in panels:
            panel.set_axis_off()
        if gallery.images is None:
            panels[0].text(0.5, 0.5, _none_left(options), ha="center", va="center", wrap=True)
            return
        names = gallery.told(gallery.places, _LONGEST_TITLE)
        for panel, place, image in zip(panels, gallery.places.tolist(), gallery.images.pixels(), strict=False):
            verdict = gallery.verdict(place, names)
            panel.imshow(np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image, interpolation="nearest")
            mark = "✗ " if verdict.wrong else ""
            truth = f"\ntruth {verdict.truth}" if verdict.wrong else ""
            look: dict[str, Any] = {"color": style.orange} if verdict.wrong else {}
            panel.set_title(
                f"{mark}{verdict.answer} {verdict.share_words}{truth}", parse_math=False, fontsize=8, **look
            )


def judge(summary: Summary, options: DisplayOptions) -> Judged:
    """Returns the class predicted for each example, its probability, and the true class where it is given.

    Args:
        summary: Predictions: probabilities or other scores [N, C] or [C], or classes [N].
        options: For ``truth`` and the class names.

    Raises:
        OptionError: The truth does not fit.
    """
    values = drawn_values(summary)
    truth = None
    if values.ndim == 1 and values.dtype.kind in "iub":
        tops = values.astype(np.int64)
        classes = int(tops.max(initial=0)) + 1
        if options.labels is not None:
            classes = max(classes, len(options.labels))
        if options.truth is not None:
            truth = read_truth(options.truth, None, len(tops), options)
            classes = max(classes, int(truth.max(initial=0)) + 1)
        return Judged(tops, None, truth, None, classes)
    rows = values if values.ndim == 2 else values.reshape(1, -1)
    classes = rows.shape[1]
    tops, confidences = row_tops(rows)
    if options.truth is not None:
        truth = read_truth(options.truth, classes, len(rows), options)
    shares = summary.role in {"probabilities", "probability batch"}
    true_shares = None
    if truth is not None:
        known = (truth >= 0) & (truth < classes)
        told = rows[np.arange(len(rows)), np.where(known, truth, 0)].astype(np.float64)
        true_shares = np.where(known, told, np.nan)
    return Judged(tops, confidences if shares else None, truth, true_shares, classes)


def _ordered(judged: Judged, options: DisplayOptions) -> Array:
    """Returns the places of the examples asked for, in the order asked for."""
    if judged.truth is None and (options.where != "all" or options.sort == "error"):
        asked = f"where={options.where!r}" if options.where != "all" else "sort='error'"
        raise OptionError(f"{asked} needs the true classes: truth=y")
    places = np.arange(len(judged.tops))
    if options.where != "all":
        places = places[(judged.wrong == (options.where == "wrong")) & judged.answered]
    if options.sort == "confidence":
        if judged.confidences is None:
            raise OptionError("sort='confidence' needs probabilities: softmax=True makes them of logits")
        return np.asarray(places[np.argsort(judged.confidences[places], kind="stable")])
    if options.sort == "error":
        given = judged.true_shares if judged.true_shares is not None else np.where(judged.wrong, 0.0, 1.0)
        # Wrong ones first, and of these the one whose truth was given least.
        keys = np.nan_to_num(given[places], nan=-np.inf), ~judged.wrong[places]
        return np.asarray(places[np.lexsort(keys)])
    return places


def _none_left(options: DisplayOptions) -> str:
    return f"no example is {options.where}"


def _none_left_note(options: DisplayOptions) -> Note:
    return Note((Span(_none_left(options), "strong"),))


def _image_array(images: Any, examples: int) -> Array:
    """Returns the images, one for each example, as an array [N, …].

    Raises:
        OptionError: There are more or fewer of them, or they are no images.
    """
    array = _as_array(images)
    if examples == 1 and array.ndim >= 2 and array.shape[0] != 1:
        array = array[None]
    found = f"images {wording.shape(array.shape)} {array.dtype.name}"
    if array.dtype.kind in "OSUc" or array.ndim < 2:
        raise OptionError(f"{found} are no images: {_NEEDED}")
    if len(array) != examples:
        counts = f"{wording.plural(len(array), 'image')} for {wording.plural(examples, 'prediction')}"
        raise OptionError(f"{found}: {counts}; give one image a prediction, in the same order")
    return array


def _as_array(images: Any) -> Array:
    """Returns images as an array, those of a list one below the other."""
    listed = isinstance(images, (list, tuple))
    given = type(images).__name__ + (f" of {len(images)}" if listed else "")
    if listed:
        gap = next((place for place, image in enumerate(images) if image is None), None)
        if gap is not None:
            raise OptionError(f"images, {given}, hold None at {gap}: {_NEEDED}")
    if yields_elements(images):
        raise OptionError(f"images, {given}, are no images: {_NEEDED}")
    try:
        plain = listed and not any(hasattr(image, "shape") for image in images)
        parts = [np.asarray(to_numpy(image)) for image in images] if listed and not plain else []
        sizes = [wording.shape(shape) for shape in dict.fromkeys(part.shape for part in parts)]
        if len(sizes) <= 1:
            array = np.stack(parts) if parts else np.asarray(images) if plain else to_numpy(images)
    except (ConversionError, TypeError, ValueError):
        array, sizes = None, []
    if len(sizes) > 1:
        raise OptionError(f"images, {given}, have different shapes, {sizes[0]} and {sizes[1]}: {_NEEDED}")
    # Whatever refuses to be one array speaks of itself; what is wanted here are images.
    if not isinstance(array, np.ndarray):
        raise OptionError(f"images, {given}, are no images: {_NEEDED}")
    return array


def _read_images(given: Array, places: Array) -> Images:
    """Returns the images of a page, how they are scaled and how they are encoded; all pages are scaled alike."""
    values = given
    if values.ndim == 2:  # flattened, as scikit-learn has them
        side = math.isqrt(values.shape[1])
        if side * side != values.shape[1]:
            raise OptionError(f"images {wording.shape(given.shape)}: {values.shape[1]} values are no square image")
        values = values.reshape(-1, side, side)
    numbers = compute_statistics(values[:: math.ceil(values.size / _MOST_SCANNED) or 1])
    role = read_images(values, numbers) if numbers is not None else None
    if role is not None and role.drawn is not None:
        values, limits = role.drawn, role.limits
    else:
        limits = None
        if values.ndim == 4 and values.shape[-1] not in CHANNELS and values.shape[1] in CHANNELS:
            values = np.moveaxis(values, 1, -1)
    if values.ndim == 3:
        values = values[..., None]
    if values.ndim != 4 or values.shape[-1] not in CHANNELS:
        raise OptionError(
            f"images {wording.shape(given.shape)} are no images: the last axis has to be 1, 3 or 4 channels"
        )
    if limits is None:
        low, high = (float(numbers.minimum), float(numbers.maximum)) if numbers is not None else (0.0, 1.0)
        limits = (low, high) if low < high else (min(low, 0.0), max(high, 1.0))
    height, width, channels = values.shape[1:]
    side = max(height, width)
    target = _SIDE if len(places) > _FEW else 2 * _SIDE
    step = step_read(values, len(places))
    shown = [values[place, ::step, ::step] for place in places.tolist()]
    zoom: float = max(1, round(target / side))
    coding: Coding = "exact" if channels == 1 else "palette"
    if side > 1.5 * target:
        zoom, coding = target / side, "photo" if channels < 4 else "palette"
    return Images(
        shown, len(shown), limits, zoom, coding, False, whole=(height, width), step=step, invalid=count_invalid(shown)
    )
