"""What was drawn of a real value: its Axes, its picture's pixels, its words and its line of numbers."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from tfnp_ext.config import DisplayOptions, TensorDisplay
from tfnp_ext.display import compose, mimebundle
from tfnp_ext.document import Block, Fields, Figure
from tfnp_ext.formats import FORMATS
from tfnp_ext.plots import Plot, fitting_plot, plot
from tfnp_ext.summary import Summary, summarize

BLUE, ORANGE, MAGENTA = (58, 125, 192), (192, 99, 26), (208, 58, 148)


def pixels_of(picture: Any) -> np.ndarray:
    """Returns the pixels of a picture, RGBA [H, W, 4]."""
    return np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGBA")).astype(int)


def near(pixels: np.ndarray, color: tuple[int, int, int], tolerance: int = 24) -> np.ndarray:
    """Returns where opaque pixels have a colour."""
    return (np.abs(pixels[..., :3] - color).max(axis=-1) <= tolerance) & (pixels[..., 3] > 100)


def chosen(value: Any, **options: Any) -> tuple[Plot | None, Summary, DisplayOptions]:
    """Returns the plot that a value gets, with what it is asked with."""
    asked = TensorDisplay().options(**options)
    summary = summarize(value)
    return fitting_plot(summary, asked), summary, asked


def figure_of(value: Any, **options: Any) -> Figure:
    """Returns the figure of a value's card, and draws it once."""
    found, summary, asked = chosen(value, **options)
    assert found is not None
    (block,) = found.blocks(summary, asked)
    assert isinstance(block, Figure)
    assert block.draw is not None
    picture = block.draw()
    assert (picture.width, picture.height) == found.size(summary, asked)
    assert picture.width <= 830
    return block


def picture_of(value: Any, **options: Any) -> np.ndarray:
    """Returns the pixels of the picture in a value's card."""
    draw = figure_of(value, **options).draw
    assert draw is not None
    return pixels_of(draw())


def note_of(value: Any, **options: Any) -> str:
    """Returns what the fold of a value's card says about the picture."""
    found, summary, asked = chosen(value, **options)
    assert found is not None
    return found.note(summary, asked)


def axes_of(value: Any, **options: Any) -> Any:
    """Returns the Axes that ``plot`` gives, drawn once."""
    axes = plot(value, **options)
    np.ravel(axes)[0].figure.canvas.draw()
    return axes


def blocks_of(value: Any, **options: Any) -> tuple[Block, ...]:
    """Returns the blocks of a value's card."""
    return compose(value, TensorDisplay().options(**options)).blocks


def line_of(value: Any, **options: Any) -> list[str]:
    """Returns the fields of a value's line of numbers as text."""
    (line,) = (block for block in blocks_of(value, **options) if isinstance(block, Fields))
    return [" ".join(span.text for span in item if hasattr(span, "text")) for item in line.items]


def text_of(value: Any, **options: Any) -> str:
    """Returns a value's card as a terminal shows it."""
    return FORMATS["text/plain"](compose(value, TensorDisplay().options(**options)))


def bytes_of(value: Any, **options: Any) -> int:
    """Returns how many bytes a value's card takes when it is stored."""
    bundle = mimebundle(value, TensorDisplay().options(**options))
    assert bundle is not None
    return sum(len(text.encode()) for text in bundle.values())
