"""The transparent paper a card's picture is drawn on: pixels in NumPy, and their PNG.

Everything is placed in CSS pixels from the top left corner and drawn at two device pixels each. A card's picture is
boxes, maps and words, so NumPy lays the pixels and Pillow the letters: Matplotlib, which takes ten times as long for
the same, draws only curves here, and what plots of others put on Axes. Nothing is read from rcParams, so a card looks
the same whatever style the user has set.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfnp_ext.document import Picture
from tfnp_ext.plots.palettes import reduce_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

Array = np.ndarray[Any, Any]
Align = Literal["left", "center", "right"]

ZOOM = 2
"""Device pixels to a CSS pixel: 200 dpi for 100."""

BUDGET = 25_000
"""Bytes of a picture, or of all tiles of a card: Base64 makes them a third longer, and a card stays under 40 kB."""

_LARGE_PNG = 16_000
_PAYS = 0.9  # of the bytes before: a level that saves less is not worth trying the next

_CROSS = 1.3
"""How much larger a cross is drawn than other signs."""

TEXT = 10
SMALL_TEXT = 9

_ALWAYS_KNOWN = 0x180
"""Below it lie the letters of Western and Central Europe, all of which DejaVu Sans has."""

_OTHER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans",
    "WenQuanYi Zen Hei",
    "Arial Unicode MS",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Noto Sans Devanagari",
    "Nirmala UI",
    "Noto Sans Thai",
    "Noto Emoji",
    "Segoe UI Symbol",
)
"""Asked in turn for a label that DejaVu Sans cannot write, if they are installed."""


class Sheet:
    """A transparent picture in the making.

    Args:
        width: Width in CSS pixels.
        height: Height in CSS pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._figure: Figure | None = None
        self._maps: list[tuple[int, int, Array]] = []
        self._boxes: list[tuple[Array, str | list[str]]] = []
        self._inked: list[tuple[int, int, Array]] = []

    def axes(self) -> Axes:
        """Returns Axes that fill the sheet but for the room of tick labels."""
        return self._drawing().add_axes((0.1, 0.2, 0.88, 0.75), facecolor="none")

    def boxes(self, left: Any, top: Any, width: Any, height: Any, color: str | list[str]) -> None:
        """Draws filled boxes, one for each element of the arrays given, with hard edges; ``color`` is one or many."""
        left, top, width, height = np.broadcast_arrays(left, top, width, height)
        edges = np.stack([left, top, left + width, top + height], axis=-1).reshape(-1, 4)
        self._boxes.append((np.floor(edges * ZOOM + 0.5).astype(np.intp), color))

    def frames(self, left: Any, top: Any, width: float, height: float, color: str, line: float = 1.0) -> None:
        """Draws frames inside boxes of one size."""
        self.boxes(left, top, width, line, color)
        self.boxes(left, top + height - line, width, line, color)
        self.boxes(left, top + line, line, height - 2 * line, color)
        self.boxes(left + width - line, top + line, line, height - 2 * line, color)

    def curve(self, points: Array, color: str, line: float = 1.0) -> None:
        """Draws a line through ``points`` [N, 2], broken where a point is NaN."""
        from matplotlib.collections import LineCollection
        from matplotlib.transforms import Affine2D

        # A collection, because the path of a Line2D is thinned as rcParams say, which may lose a spike.
        drawn = LineCollection([points], colors=color, linewidths=line * 0.72, antialiaseds=True, linestyles="solid")
        drawn.set_capstyle("butt")
        drawn.set_joinstyle("round")
        drawn.set_transform(Affine2D().scale(ZOOM, -ZOOM).translate(0, self.height * ZOOM))
        # Both come from rcParams otherwise (xkcd style).
        drawn.set_sketch_params(None)
        drawn.set_path_effects([])
        self._drawing().add_artist(drawn)

    def band(self, left: float, tops: Array, bottoms: Array, color: str) -> None:
        """Fills one device column each between two heights in CSS pixels, at least a device pixel high.

        Args:
            left: Where the first column stands.
            tops: Upper end of each column [N]; NaN leaves it out.
            bottoms: Lower end of each column [N].
            color: What fills it.
        """
        kept = np.isfinite(tops) & np.isfinite(bottoms)
        first = np.floor(np.where(kept, tops, 0) * ZOOM + 0.5).astype(np.intp)
        last = np.maximum(np.floor(np.where(kept, bottoms, 0) * ZOOM + 0.5).astype(np.intp), first + 1)
        if kept.any():
            rows = np.arange(max(0, int(first[kept].min())), min(self.height * ZOOM, int(last[kept].max())))[:, None]
            inside = (rows >= first) & (rows < last) & kept
            self._ink(round(left * ZOOM), int(rows[0, 0]), inside * np.uint8(255), color, below=True)

    def pixels(self, left: float, top: float, colors: Array, width: float = 1, height: float = 1) -> None:
        """Draws cells of ``width`` × ``height`` CSS pixels, whole device pixels, from RGBA bytes [rows, columns, 4]."""
        large = np.repeat(np.repeat(colors, round(height * ZOOM), axis=0), round(width * ZOOM), axis=1)
        self._maps.append((round(left * ZOOM), round(top * ZOOM), large))

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        color: str,
        size: float = SMALL_TEXT,
        bold: bool = False,
        align: Align = "left",
    ) -> None:
        """Writes one line, moved inside the sheet where it would leave it."""
        mask, right, down, advance = _coverage(text, round(size * ZOOM), bold)
        start = x * ZOOM - {"left": 0.0, "center": 0.5, "right": 1.0}[align] * advance
        start = max(0, min(round(start) + right, self.width * ZOOM - mask.shape[1]))
        self._ink(start, round(baseline * ZOOM) + down, mask, color)

    def glyph(self, x: float, y: float, glyph: str, color: str, size: float = SMALL_TEXT) -> None:
        """Draws a sign with its middle at a point, moved inside the sheet where it would leave it."""
        # The cross is a thin letter, smaller than the triangles beside it.
        grown = _CROSS if glyph == "×" else 1.0
        mask = _coverage(glyph, round(size * grown * ZOOM), glyph == "×")[0]
        left = round(x * ZOOM - mask.shape[1] / 2)
        top = round(y * ZOOM - mask.shape[0] / 2)
        left = max(0, min(left, self.width * ZOOM - mask.shape[1]))
        self._ink(left, max(0, min(top, self.height * ZOOM - mask.shape[0])), mask, color)

    def picture(self) -> Picture:
        """Returns the sheet as a PNG of 64 colours: maps lowest, then boxes, curves and text."""
        from PIL import Image as Images

        drawn = None if self._figure is None else self._drawn()
        image = self._laid(drawn)
        data = palette_png(image)
        if drawn is not None and len(data) > BUDGET:
            # Soft edges do not compress: those of several long curves take half of such a picture.
            image = self._laid(_hard(drawn))
            data = palette_png(image)
        if len(data) > BUDGET:
            # Noise in every pixel: the browser enlarges it, a little softer.
            data = palette_png(image.resize((self.width, self.height), resample=Images.Resampling.BOX), 16)
        return Picture(data, "image/png", self.width, self.height)

    def _laid(self, drawn: Array | None) -> Image:
        """Returns all layers on top of each other, ``drawn`` [H, W, 4] of Matplotlib's among them."""
        from PIL import Image as Images

        canvas = np.zeros((self.height * ZOOM, self.width * ZOOM, 4), np.uint8)
        for left, top, colors in self._maps:
            lay(canvas, left, top, colors)
        for edges, color in self._boxes:
            fills = [color] * len(edges) if isinstance(color, str) else color
            for (left, top, right, bottom), fill in zip(edges.tolist(), fills, strict=True):
                fill_box(canvas, left, top, right, bottom, rgba(fill))
        if drawn is not None:
            lay(canvas, 0, 0, drawn)
        for left, top, colors in self._inked:
            lay(canvas, left, top, colors)
        return Images.fromarray(canvas)

    def _drawing(self) -> Figure:
        """Returns the figure of what Matplotlib draws."""
        from matplotlib.figure import Figure

        if self._figure is None:
            size = self.width / 100, self.height / 100
            self._figure = Figure(figsize=size, dpi=100 * ZOOM, facecolor="none", edgecolor="none")
            # Not an argument of Figure: the stubs do not know that "none" overrules figure.autolayout.
            self._figure.set_layout_engine("none")
        return self._figure

    def _drawn(self) -> Array:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas: Any = FigureCanvasAgg(self._figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    def _ink(self, left: int, top: int, mask: Array, color: str, *, below: bool = False) -> None:
        if mask.size:
            inked = np.empty((*mask.shape, 4), np.uint8)
            inked[..., :3] = rgba(color)[:3]
            alpha = rgba(color)[3]
            inked[..., 3] = mask if alpha == 255 else np.rint(mask * (alpha / 255))
            (self._maps if below else self._inked).append((left, top, inked))


@lru_cache(maxsize=64)
def rgba(color: str) -> tuple[int, int, int, int]:
    """Returns the four bytes of ``#rrggbb`` or ``#rrggbbaa``."""
    red, green, blue, *alpha = bytes.fromhex(color[1:])
    return red, green, blue, alpha[0] if alpha else 255


def fill_box(canvas: Array, left: int, top: int, right: int, bottom: int, color: tuple[int, int, int, int]) -> None:
    """Fills a box of RGBA bytes [H, W, 4] with one colour, over what is there."""
    part = canvas[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if color[3] == 255 or not part[..., 3].any():
        part[...] = color
    elif part.size:
        lay(canvas, max(0, left), max(0, top), np.broadcast_to(np.array(color, np.uint8), part.shape))


def lay(canvas: Array, left: int, top: int, colors: Array) -> None:
    """Lays RGBA bytes [h, w, 4] over a canvas [H, W, 4], cut off at its edges; neither is premultiplied.

    Source: T. Porter, T. Duff, "Compositing digital images", 1984, the operator "over".
    """
    colors = colors[max(0, -top) :, max(0, -left) :]
    top, left = max(0, top), max(0, left)
    part = canvas[top : top + colors.shape[0], left : left + colors.shape[1]]
    colors = colors[: part.shape[0], : part.shape[1]]
    over, under = colors[..., 3] > 0, part[..., 3] > 0
    if not under.any():
        part[...] = colors
        return
    # Most of a sheet is empty: only where ink lies on ink is there anything to mix.
    both = over & under
    mixed = _mixed(colors[both], part[both])
    pixels = part.view(np.uint32)[..., 0]
    np.copyto(pixels, colors.view(np.uint32)[..., 0], where=over)
    np.copyto(pixels, 0, where=~(over | under))
    part[both] = mixed


def _mixed(colors: Array, ground: Array) -> Array:
    """Returns RGBA bytes [N, 4] laid over others, all of them with some alpha."""
    above, under = colors[:, 3:] / np.float32(255), ground[:, 3:] / np.float32(255)
    under *= 1 - above
    alpha = above + under
    mixed = np.empty_like(ground)
    mixed[:, :3] = (colors[:, :3] * above + ground[:, :3] * under) / alpha + np.float32(0.5)
    mixed[:, 3:] = alpha * 255 + np.float32(0.5)
    return mixed


def palette_png(image: Image, colors: int = 64) -> bytes:
    """Returns an image as a PNG with a palette of at most ``colors`` colours, transparency kept."""
    reduced = reduce_colors(np.asarray(image), colors)
    data = _compressed(reduced, 4)
    for level in (6, 9):
        # Nothing makes it smaller than half.
        if not _LARGE_PNG < len(data) <= 2 * BUDGET:
            break
        before, data = len(data), _compressed(reduced, level)
        # The best compression takes ten times as long and only pays for dense maps, as the level before shows.
        if len(data) > _PAYS * before:
            break
    return data


def _compressed(image: Image, level: int) -> bytes:
    target = BytesIO()
    image.save(target, "PNG", compress_level=level)
    return target.getvalue()


def _hard(colors: Array) -> Array:
    """Returns RGBA bytes [H, W, 4] whose pixels are either there or not."""
    return np.where(colors[..., 3:] >= 128, colors | np.array([0, 0, 0, 255], np.uint8), np.uint8(0))


def text_width(text: str, size: float = SMALL_TEXT, bold: bool = False) -> float:
    """Returns how wide a line of text is, in CSS pixels."""
    return _coverage(text, round(size * ZOOM), bold)[3] / ZOOM


def can_write(text: str) -> bool:
    """Returns whether a font is installed that has every character; else some would be boxes."""
    if all(ord(character) < _ALWAYS_KNOWN for character in text):
        return True  # known without asking for fonts, which takes Matplotlib
    characters = _beyond_ascii(text)
    return all(_characters(_font_file(characters, bold)) >= set(map(ord, characters)) for bold in (False, True))


@lru_cache(maxsize=4096)
def _coverage(text: str, size: int, bold: bool) -> tuple[Array, int, int, float]:
    """Returns the ink of a line 0 … 255, where it starts right of the pen and below the baseline, and its advance."""
    from PIL import Image, ImageDraw

    if not text.isascii():
        text = _writable(text, bold)
    font = _font(_font_file(_beyond_ascii(text), bold), size, text.isascii())
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text, anchor="ls"))
    image = Image.new("L", (max(0, right - left), max(0, bottom - top)))
    if image.width and image.height:
        ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font, anchor="ls")
    mask = np.asarray(image)
    mask.setflags(write=False)
    return mask, left, top, font.getlength(text)


def _beyond_ascii(text: str) -> str:
    return "".join(sorted({character for character in text if not character.isascii()}))


def _writable(text: str, bold: bool) -> str:
    """Returns the text with a box for what its font lacks."""
    known = _characters(_font_file(_beyond_ascii(text), bold))
    return "".join(character if ord(character) in known else "□" for character in text)


@lru_cache(maxsize=64)
def _font(path: str, size: int, simple: bool) -> FreeTypeFont:
    from PIL import ImageFont

    # The complex layout joins Arabic and turns Hebrew round where Pillow has it; plain text is five times as fast.
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC if simple else None)


@lru_cache(maxsize=1024)
def _font_file(characters: str, bold: bool) -> str:
    """Returns the font that can write ``characters``; DejaVu Sans, which comes with Matplotlib, if none can."""
    own = _own_font_file(bold)
    needed = set(map(ord, characters))
    if not needed or needed <= _characters(own):
        return own
    for path in _installed_fonts():
        if needed <= _characters(path):
            return path
    return own


def _own_font_file(bold: bool) -> str:
    """Returns DejaVu Sans, found without Matplotlib being imported: that takes twice as long as a first picture."""
    from importlib.util import find_spec
    from pathlib import Path

    name = f"DejaVuSans{'-Bold' if bold else ''}.ttf"
    found = find_spec("matplotlib")
    if found is not None and found.origin is not None:
        beside = Path(found.origin).with_name("mpl-data") / "fonts" / "ttf" / name
        if beside.is_file():
            return str(beside)
    # Some distributions keep the data elsewhere.
    from matplotlib import get_data_path

    return str(Path(get_data_path(), "fonts", "ttf", name))


@lru_cache(maxsize=1)
def _installed_fonts() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    found = {entry.name: entry.fname for entry in reversed(fontManager.ttflist) if entry.style == "normal"}
    return tuple(found[name] for name in _OTHER_FONTS if name in found)


@lru_cache(maxsize=32)
def _characters(path: str) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(path).get_charmap())
