"""Pictures: drawn ones as data URIs, and bars made of boxes."""

from __future__ import annotations

import math
from dataclasses import replace
from html import escape

from tfnp_ext import wording
from tfnp_ext.document import Bar, Bars, Block, Figure, Picture, Tile, Tiles, Verdict, even_columns
from tfnp_ext.formats.html.blocks import write, writes
from tfnp_ext.formats.html.grounds import BLUE, ORANGE
from tfnp_ext.formats.html.inline import bold, data_uri, quiet, said
from tfnp_ext.formats.html.widths import text_width

_TILE_GAP = 4
_APART = "display:flex;justify-content:space-between"
_FRAME, _GALLERY_GAP, _NARROWEST, _WIDEST = 2, 6, 60, 94
_LONGEST_NAME, _SHORTEST_NAME = 14, 8
_PAGE = 796  # CSS pixels that a notebook has for a card beside its prompts: 12 tiles in a line, or 8 of the widest
_HAIRLINE = "border:1px solid #76767680"
_SHRINKS, _SCROLLS = 300, 400  # CSS pixels: wider pictures shrink with the window, or are scrolled at last
_SMALLEST = 0.75  # of a picture that is scrolled: its words are 9 px high at their full size
_QUIET = "cc"
"""Alpha of what is not the answer: at b3 a bar has 2.6:1 on white, and 3:1 is what marks need."""


def _image(picture: Picture, alt: str, title: str = "", style: str = "") -> str:
    if picture.width > _SHRINKS:
        style = f"max-width:100%;height:auto;{style}"
    attributes = f' title="{escape(title)}"' if title else ""
    attributes += f' style="{style}"' if style else ""
    return (
        f'<img width={picture.width} height={picture.height} alt="{escape(alt)}"{attributes}'
        f' src="{data_uri(picture.data, picture.mime)}">'
    )


def _failed(alt: str, error: Exception, fallback: Block | None) -> str:
    """Returns what stands in for a picture that could not be drawn: its words, and why."""
    words = f"{alt} (not drawn: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]})"
    return f'<div style="font-size:12px;opacity:.66">{said(words)}</div>' + (write(fallback) if fallback else "")


@writes(Figure)
def write_figure(figure: Figure) -> str:
    """Returns a picture, or what stands for it."""
    if figure.draw is None:
        # The table in the fold says all that a table in the picture's place would.
        return write(figure.fallback) if isinstance(figure.fallback, Bars) else ""
    try:
        picture = figure.draw()
    except Exception as error:
        return _failed(figure.alt, error, figure.fallback)
    style = "margin:4px 0 2px;line-height:0"
    if picture.width <= _SCROLLS:
        return f'<div style="{style}">{_image(picture, figure.alt)}</div>'
    image = _image(picture, figure.alt, style=f"min-width:{round(picture.width * _SMALLEST)}px")
    return f'<div style="{style};overflow-x:auto">{image}</div>'


@writes(Tiles)
def write_tiles(tiles: Tiles) -> str:
    """Returns a sheet of images."""
    try:
        drawn = tiles.draw()
    except Exception as error:
        return _failed(tiles.alt, error, tiles.fallback)
    if drawn and drawn[0].verdict is not None:
        return _gallery(tiles, drawn)
    style = f"display:block;{_HAIRLINE}" if tiles.framed else "display:block"
    items = "".join(
        f"<div>{_image(tile.picture, tile.alt, tile.title, style)}"
        f"{quiet(said(tile.caption)) if tile.caption else ''}</div>"
        for tile in drawn
    )
    framed = (drawn[0].picture.width + 2 * tiles.framed) if drawn else 0
    width = tiles.columns * (framed + _TILE_GAP) if tiles.columns and drawn else 830
    return (
        f'<div style="display:flex;flex-wrap:wrap;gap:3px {_TILE_GAP}px;margin:6px 0 2px;max-width:{width}px;'
        f'font-size:9px;line-height:11px{_enlarged(drawn)}">{items}</div>'
    )


def _enlarged(tiles: tuple[Tile, ...]) -> str:
    """Returns the style by which a page enlarges images; untrusted notebooks drop it and make them a little softer."""
    return ";image-rendering:pixelated" if tiles and tiles[0].picture.pixelated else ""


def _gallery(tiles: Tiles, drawn: tuple[Tile, ...]) -> str:
    """Returns images with what was said of each; only the wrong ones speak up."""
    framed = max(drawn[0].picture.width + 2 * _FRAME, _NARROWEST)
    verdicts = _fitting([tile.verdict for tile in drawn if tile.verdict is not None])
    beside = all(_name_width(verdict) + _share_width(verdict) <= framed for verdict in verdicts)
    longest = max(max(_name_width(verdict), _truth_width(verdict)) for verdict in verdicts)
    width = framed if beside else max(framed, min(math.ceil(longest), _WIDEST))
    items = "".join(_judged(tile, verdict, width, beside) for tile, verdict in zip(drawn, verdicts, strict=True))
    most = min(tiles.columns or len(drawn), (_PAGE + _GALLERY_GAP) // (width + _GALLERY_GAP))
    room = even_columns(len(drawn), most) * (width + _GALLERY_GAP) - _GALLERY_GAP
    return (
        f'<div style="display:flex;flex-wrap:wrap;gap:6px {_GALLERY_GAP}px;margin:6px 0 2px;max-width:{room}px;'
        f'font-size:11px;line-height:13px;white-space:nowrap{_enlarged(drawn)}">{items}</div>'
    )


def _fitting(verdicts: list[Verdict]) -> list[Verdict]:
    """Returns what was said of images, names cut so that those that differ still do in a tile that is widest."""
    names = [name for verdict in verdicts for name in (verdict.answer, verdict.truth)]
    for longest in range(_LONGEST_NAME, _SHORTEST_NAME - 1, -1):
        told = iter(wording.told_apart(names, longest))
        fitting = [replace(verdict, answer=next(told), truth=next(told)) for verdict in verdicts]
        if all(max(_name_width(verdict), _truth_width(verdict)) <= _WIDEST for verdict in fitting):
            break
    return fitting


def _name_width(verdict: Verdict) -> float:
    """Returns about how wide the answer is, in CSS pixels."""
    return text_width(verdict.answer) + 12 * verdict.wrong


def _share_width(verdict: Verdict) -> float:
    """Returns about how wide the confidence beside the answer is, and the mark of an unsure one."""
    return 6 * len(verdict.share_words) + 3 + 7 * (verdict.unsure and not verdict.wrong)


def _truth_width(verdict: Verdict) -> float:
    return 29 + text_width(verdict.truth) if verdict.truth else 0.0


def _judged(tile: Tile, verdict: Verdict, width: int, beside: bool) -> str:
    """Returns one image, its bar as wide, and below it the words; names that are too long are cut by the page.

    Args:
        tile: The image and what was said of it.
        verdict: The same with names that fit.
        width: Of the tile, in CSS pixels.
        beside: Whether all answers leave room for the confidence on their line.
    """
    whole = tile.verdict
    assert whole is not None
    ink = ORANGE if verdict.wrong else BLUE
    frame = ORANGE if verdict.wrong else "#0000"
    image = _image(tile.picture, tile.alt, tile.title, f"display:block;border:{_FRAME}px solid {frame}")
    long = tile.picture.width + 2 * _FRAME
    bar = ""
    if verdict.share is not None:
        reach = max(1, round(min(1.0, verdict.share) * 100))
        track = f"linear-gradient(90deg,{ink} {reach}%,#76767624 0)"
        bar = f'<div style="height:3px;width:{long}px;margin:2px 0 1px;background:{track}"></div>'
    answer = bold(f"{'✗ ' if verdict.wrong else ''}{said(verdict.answer)}")
    if verdict.wrong:
        answer = f'<span style="color:{ORANGE}">{answer}</span>'
    doubt = f'<b style="color:{ORANGE}" title="below 50 %">?</b>' if verdict.unsure and not verdict.wrong else ""
    share = quiet(said(verdict.share_words)) if verdict.share_words else ""
    place = quiet(said(tile.caption)) if tile.caption else ""
    truth = f"{quiet('truth')} {bold(said(verdict.truth))}" if verdict.truth else ""
    # Under its own image, at the end of a line that is short enough.
    end = min(width, max(long, _NARROWEST))
    room = end - 6 * len(tile.caption) - _TILE_GAP
    if beside and truth and place and _truth_width(verdict) <= room:
        truth, place = _apart(f"<span>{truth}</span>", place, long=end), ""
    else:
        truth = _cut(truth, whole.truth, whole.truth != verdict.truth or _truth_width(verdict) > width)
    alone = f'<div style="text-align:right;max-width:{end}px">{place}</div>' if place else ""
    if beside:
        lines = _apart(answer, doubt, share) + truth + alone
    else:
        sure = f"<span>{share} {doubt}</span>" if doubt else share
        answer = _cut(answer, whole.answer, whole.answer != verdict.answer or _name_width(verdict) > width)
        fits = _share_width(verdict) <= room
        lines = answer + (_apart(sure, place, long=end) if fits else _apart(sure)) + truth
        lines += "" if fits else alone
    return f"<div style=width:{width}px>{image}{bar}{lines}</div>"


def _apart(*pieces: str, long: int | None = None) -> str:
    """Returns a line of pieces, the last at its right end, which is that of the tile or ``long``; nothing of none."""
    kept = [piece for piece in pieces if piece]
    if not kept:
        return ""
    style = _APART if long is None else f"{_APART};max-width:{long}px"
    return f'<div style="{style}">{"".join(kept)}</div>' if len(kept) > 1 else f"<div>{kept[0]}</div>"


def _cut(line: str, whole: str, cuts: bool) -> str:
    """Returns a line that ends in an ellipsis where the tile does, with the whole name to hover."""
    if not cuts:
        return f"<div>{line}</div>" if line else ""
    return f'<div style="overflow:hidden;text-overflow:ellipsis" title="{escape(whole)}">{line}</div>'


@writes(Bars)
def write_bars(bars: Bars) -> str:
    """Returns bars of boxes: a few as columns, else as rows."""
    return _columns(bars) if bars.columns else _rows(bars)


def _columns(bars: Bars) -> str:
    """Returns a few probabilities as columns 30 high: no picture, no Matplotlib."""
    columns = "".join(_column(bar) for bar in bars.bars)
    style = "display:flex;flex-wrap:wrap;align-items:flex-end;text-align:center;margin:1px 0 0"
    return f'<div style="{style}">{columns}</div>'


def _column(bar: Bar) -> str:
    weight = ";font-weight:600" if bar.strong else ""
    ink = BLUE if bar.strong else f"{BLUE}{_QUIET}"
    height = max(1, round(abs(bar.length) * 30))
    value = f"<span title={bar.number}>{said(bar.value)}</span>" if bar.number else said(bar.value)
    return (
        f'<div style="min-width:46px"><div style="font-size:11px;line-height:13px{weight}">{value}</div>'
        f'<div style="height:{height}px;width:36px;margin:0 auto;background:{ink}"></div>'
        f'<div style="border-top:1px solid #76767680;font-size:12px;line-height:14px{weight};padding:0 3px">'
        f"{said(bar.label)}</div></div>"
    )


def _rows(bars: Bars) -> str:
    """Returns bars as lines of text and boxes: what stands for the picture where there is none."""
    cells = []
    for bar in bars.bars:
        colour = BLUE if bar.length >= 0 else ORANGE
        ink = colour if bar.strong else f"{colour}{_QUIET}"
        box = f"height:9px;width:{max(1, round(abs(bar.length) * 180))}px;background:{ink}"
        label, value = said(bar.label), said(bar.value)
        wrap = bold if bar.strong else "<span>{}</span>".format
        cells.append(f'{wrap(label)}<div style="{box}"></div>{wrap(value)}')
    if bars.rest:
        cells.append(f'<span style="grid-column:2/4;opacity:.66">{said(bars.rest)}</span>')
    columns = "display:grid;grid-template-columns:repeat(3,max-content);gap:0 6px;align-items:center"
    style = f"{columns};font-size:12px;line-height:14px;margin:3px 0"
    return f'<div style="{style}">{"".join(cells)}</div>'
