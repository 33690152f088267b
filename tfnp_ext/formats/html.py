"""``text/html``: ink on the host's own paper.

Only what an untrusted notebook's sanitizer keeps: plain inline styles, ``details``, tables, images as data URIs; no
script, no SVG. One extra ``<style>`` makes tables tighter where it is kept. All text is escaped here.
"""

from __future__ import annotations

import base64
import math
from functools import lru_cache
from html import escape
from unicodedata import bidirectional

from tfnp_ext import wording
from tfnp_ext.document import (
    Bar,
    Bars,
    Beside,
    Block,
    Cell,
    Child,
    Children,
    Document,
    Fields,
    Figure,
    Fold,
    Heading,
    Inline,
    Note,
    Picture,
    Row,
    Span,
    Sparkline,
    Table,
    Text,
    Tiles,
)
from tfnp_ext.formats.png import palette_png

BLUE, ORANGE, MAGENTA = "#3a7dc0", "#c0631a", "#d03a94"
_FACE = '"Helvetica Neue","Segoe UI",Arial,sans-serif'
_MONO = 'ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace'
_STYLE = (
    "<style>.tfnp td,.tfnp th{padding:1px 7px;line-height:16px}.tfnp th{font-weight:400;opacity:.66}"
    ".tfnp{font-variant-numeric:tabular-nums}.tfnp summary:hover{opacity:1!important}</style>"
)
_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO", "RLI"})
_MARKUP = frozenset("&<>\"'")
_GROUND_ALPHA = 0.72
_FAINTEST = 0.02
_SPARK_WIDTH, _SPARK_HEIGHT = 64, 14
_ROW = "<tr style=background:none>"
_TILE_GAP = 4
_MARKER = 12.7  # how wide browsers draw the triangle of a fold in this type, so that leaves without one line up
_WRAPS = ("white-space:nowrap", "word-wrap:break-word")  # numbers stay whole, strings of the user's may be long
_PAD = "padding:0 6px;line-height:16px"


def render_html(document: Document) -> str:
    """Returns a card as HTML."""
    body = _document(document)
    style = _STYLE if "<table" in body or "<details" in body else ""
    return f"<div class=\"tfnp\" style='font:13px/19px {_FACE};margin:0'>{style}{body}</div>"


def _document(document: Document) -> str:
    return _heading(document.heading) + "".join(_block(block) for block in document.blocks)


def _bold(text: str) -> str:
    return f'<b style="font-weight:600">{text}</b>'


def _said(text: str) -> str:
    """Returns text for the page: escaped, on one line, and words from right to left kept from turning others around."""
    if text.isascii() and text.isprintable():
        return text if _MARKUP.isdisjoint(text) else escape(text)
    shown = escape(wording.printable(text))
    return f"<bdi>{shown}</bdi>" if any(bidirectional(character) in _RIGHT_TO_LEFT for character in text) else shown


def _quiet(text: str) -> str:
    return f'<span style="opacity:.66">{text}</span>'


def _heading(heading: Heading) -> str:
    if heading.name:
        pieces = [_bold(_said(heading.kind)), _said(heading.name)]
        pieces += [_bold(_said(heading.shape))] if heading.shape else []
    else:
        kind = " ".join(filter(None, (heading.kind, heading.shape)))
        pieces = [_bold(_said(kind))] if kind else []
    if heading.dtype:
        pieces.append(_said(heading.dtype))
    line = " ".join(pieces)
    if heading.role:
        role = _said(heading.role)
        if heading.reason:
            role = f'<span title="{escape(heading.reason)}">{role}</span>'
        line += f" · {role}"
    if heading.values:
        values = "".join(
            f'<span style="margin-right:{5 if span.text == "⚠" else 10}px;{_WRAPS[span.tone == "code"]}">'
            f"{_span(span)}</span>"
            for span in heading.values
        )
        line += f'<span style="margin-left:12px">{values}</span>'
    if heading.facts:
        margin = "4px" if heading.values else "14px"
        line += f'<span style="opacity:.66;margin-left:{margin}">{_said(" · ".join(heading.facts))}</span>'
    return f"<div>{line}</div>"


def _span(span: Span) -> str:
    text = _said(span.text)
    title = f' title="{escape(span.title)}"' if span.title else ""
    if span.tone == "strong":
        return f"<b{title}>{text}</b>"
    if span.tone == "secondary":
        return f'<span style="opacity:.66"{title}>{text}</span>'
    if span.tone == "invalid":
        return f'<b style="color:{MAGENTA};font-weight:600"{title}>{text}</b>'
    if span.tone == "unsure":
        return f'<b style="color:{ORANGE};font-weight:600"{title}>{text}</b>'
    if span.tone == "code":
        quote = _quiet("&quot;")
        return f"<bdi style='font-family:{_MONO};font-size:12px'{title}>{quote}{text}{quote}</bdi>"
    return f"<span{title}>{text}</span>" if title else text


def _inline(item: Inline) -> str:
    return _sparkline(item) if isinstance(item, Sparkline) else _span(item)


def _text(text: Text) -> str:
    joined = ""
    for item in text:
        comma = isinstance(item, Span) and item.text.startswith(",")
        joined += ("" if not joined or comma else " ") + _inline(item)
    return joined


def _sparkline(sparkline: Sparkline) -> str:
    if sparkline.in_picture:
        return "…"
    data = _sparkline_png(sparkline.counts, sparkline.low, sparkline.high)
    low, high = wording.number(sparkline.low), wording.number(sparkline.high)
    width = _SPARK_WIDTH // len(sparkline.counts) * len(sparkline.counts)
    return (
        f'<img width={width} height={_SPARK_HEIGHT} alt="histogram from {low} to {high}"'
        f' style="vertical-align:-2px" src="{_data_uri(data, "image/png")}">'
    )


@lru_cache(maxsize=64)
def _sparkline_png(counts: tuple[int, ...], low: float, high: float) -> bytes:
    """Returns bars of a histogram on a hairline, with a grey tick at zero."""
    highest = max(counts) or 1
    each = [max(1, round(count / highest * (_SPARK_HEIGHT - 1))) if count else 0 for count in counts]
    # A histogram of a few integers has fewer bins than pixels: its bars are wider, with a pixel between them.
    wide = max(1, _SPARK_WIDTH // len(counts))
    heights = [
        0 if wide > 2 and pixel % wide == wide - 1 else each[pixel // wide] for pixel in range(wide * len(counts))
    ]
    zero = round(-low / (high - low) * (len(heights) - 1)) if low < 0 < high else -1
    rows = []
    for level in range(_SPARK_HEIGHT, 0, -1):
        rows.append(bytes(
            1 if height >= level else 2 if (column == zero and level <= 3) or level == 1 else 0
            for column, height in enumerate(heights)
        ))  # fmt: skip
    return palette_png(rows, ((0, 0, 0, 0), (0x3A, 0x7D, 0xC0, 255), (0x76, 0x76, 0x76, 128)))


def _data_uri(data: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def _block(block: Block) -> str:
    if isinstance(block, Fields):
        return _fields(block)
    if isinstance(block, Note):
        return f'<div style="font-size:12px">{_text(block.text)}</div>'
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return _figure(block)
    if isinstance(block, Tiles):
        return _tiles(block)
    if isinstance(block, Bars):
        return _columns(block) if block.columns else _bars(block)
    if isinstance(block, Beside):
        return _beside(block)
    if isinstance(block, Fold):
        return _fold(block)
    return _children(block)


def _fields(fields: Fields) -> str:
    # The blank between them is where a narrow window breaks the line.
    items = " ".join(
        f'<span style="margin-right:13px;white-space:nowrap">{_text(item)}</span>' for item in fields.items
    )
    return f'<div style="font-size:12px">{items}</div>'


def _image(picture: Picture, alt: str, title: str = "", style: str = "") -> str:
    if picture.width > 300:
        style = f"max-width:100%;height:auto;{style}"
    attributes = f' title="{escape(title)}"' if title else ""
    attributes += f' style="{style}"' if style else ""
    return (
        f'<img width={picture.width} height={picture.height} alt="{escape(alt)}"{attributes}'
        f' src="{_data_uri(picture.data, picture.mime)}">'
    )


def _failed(alt: str, error: Exception, fallback: Block | None) -> str:
    """Returns what stands in for a picture that could not be drawn: its words, and why."""
    words = f"{alt} (not drawn: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]})"
    return f'<div style="font-size:12px;opacity:.66">{_said(words)}</div>' + (_block(fallback) if fallback else "")


def _figure(figure: Figure) -> str:
    if figure.draw is None:
        # The table in the fold says all that a table in the picture's place would.
        return _block(figure.fallback) if isinstance(figure.fallback, Bars) else ""
    try:
        picture = figure.draw()
    except Exception as error:
        return _failed(figure.alt, error, figure.fallback)
    return f'<div style="margin:4px 0 2px;line-height:0">{_image(picture, figure.alt)}</div>'


def _tiles(tiles: Tiles) -> str:
    try:
        drawn = tiles.draw()
    except Exception as error:
        return _failed(tiles.alt, error, tiles.fallback)
    items = "".join(
        f"<div>{_image(tile.picture, tile.alt, tile.title, 'display:block')}"
        f"{_quiet(_said(tile.caption)) if tile.caption else ''}</div>"
        for tile in drawn
    )
    width = tiles.columns * (drawn[0].picture.width + _TILE_GAP) if tiles.columns and drawn else 830
    return (
        f'<div style="display:flex;flex-wrap:wrap;gap:3px {_TILE_GAP}px;margin:6px 0 2px;max-width:{width}px;'
        f'font-size:9px;line-height:11px">{items}</div>'
    )


def _columns(bars: Bars) -> str:
    """Returns a few probabilities as columns 30 high: no picture, no Matplotlib."""
    columns = "".join(_column(bar) for bar in bars.bars)
    style = "display:flex;flex-wrap:wrap;align-items:flex-end;text-align:center;margin:1px 0 0"
    return f'<div style="{style}">{columns}</div>'


def _column(bar: Bar) -> str:
    weight = ";font-weight:600" if bar.strong else ""
    ink = BLUE if bar.strong else f"{BLUE}b3"
    height = max(1, round(abs(bar.length) * 30))
    return (
        f'<div style="min-width:46px"><div style="font-size:11px;line-height:13px{weight}">{_said(bar.value)}</div>'
        f'<div style="height:{height}px;width:36px;margin:0 auto;background:{ink}"></div>'
        f'<div style="border-top:1px solid #76767680;font-size:12px;line-height:14px{weight};padding:0 3px">'
        f"{_said(bar.label)}</div></div>"
    )


def _bars(bars: Bars) -> str:
    """Returns bars as lines of text and boxes: what stands for the picture where there is none."""
    cells = []
    for bar in bars.bars:
        colour = BLUE if bar.length >= 0 else ORANGE
        ink = colour if bar.strong else f"{colour}b3"
        box = f"height:9px;width:{max(1, round(abs(bar.length) * 180))}px;background:{ink}"
        label, value = _said(bar.label), _said(bar.value)
        label, value = (f"<b>{label}</b>", f"<b>{value}</b>") if bar.strong else (label, value)
        cells.append(f'<span>{label}</span><div style="{box}"></div><span>{value}</span>')
    if bars.rest:
        cells.append(f'<span style="grid-column:2/4;opacity:.66">{_said(bars.rest)}</span>')
    columns = "display:grid;grid-template-columns:repeat(3,max-content);gap:0 6px;align-items:center"
    style = f"{columns};font-size:12px;line-height:14px;margin:3px 0"
    return f'<div style="{style}">{"".join(cells)}</div>'


def _beside(beside: Beside) -> str:
    blocks = "".join(
        _table(block, margin="0") if isinstance(block, Table) else _block(block) for block in beside.blocks
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:3px {beside.gap}px;margin:1px 0 0 -6px">{blocks}</div>'


def _table(table: Table, margin: str = "") -> str:
    pad = _PAD if table.compact else ""
    # The first column lines up with the text above it, unless a ground shows the cell's own edge.
    grounded = any(abs(cell.ground) >= _FAINTEST for row in table.rows for cell in row.cells)
    margin = margin or ("1px 0 0" if grounded else "1px 0 0 -6px")
    headed = any(row.header is not None for row in table.rows)
    caption, head = "", ""
    width = max((len(row.cells) for row in table.rows), default=0) + headed
    if table.caption:
        style = f"{_PAD};font-weight:400;text-align:left;opacity:.66"
        caption = f'{_ROW}<th colspan={max(1, width)} style="{style}">{_said(table.caption)}'
    if table.columns:
        lefts = [cell.align == "left" for cell in table.rows[0].cells] if table.rows else []
        cells = "".join(
            _header(column, pad, left=place < len(lefts) and lefts[place]) for place, column in enumerate(table.columns)
        )
        corner = _header("", pad) if headed else ""
        head = f"<thead>{_ROW if table.compact else '<tr>'}{corner}{cells}<tbody>"
    width = math.ceil(table.width * 6.6)
    rows = "".join(_row(row, pad, headed, 0 if place else width) for place, row in enumerate(table.rows))
    if table.compact:
        style = f"font-size:12px;margin:{margin};border-collapse:separate;border-spacing:0;text-align:right"
    else:
        style = "font-size:11px;margin:0;border-collapse:collapse;table-layout:auto"
    return f'<table style="{style}">{caption}{head}{rows}</table>'


def _header(text: str, pad: str, *, left: bool = False) -> str:
    if not pad:
        # In a fold all of it comes from the extra style, where that is kept: headers are most of such a table's bytes.
        return f"<th>{_said(text)}"
    return f'<th style="{pad};font-weight:400;opacity:.66{";text-align:left" if left else ""}">{_said(text)}'


def _row(row: Row, pad: str, headed: bool, width: int) -> str:
    header = _header(row.header or "", pad) if headed else ""
    return _ROW + header + "".join(_cell(cell, pad, width) for cell in row.cells)


def _cell(cell: Cell, pad: str, width: int = 0) -> str:
    text, tone, ground, *rest = cell
    if not pad and not width and tone == "plain" and rest == _NUMBER:
        if -_FAINTEST < ground < _FAINTEST:
            return f"<td>{_said(text)}"
        return f"<td style={_ground(ground)}>{_said(text)}"
    styles = [pad] if pad else []
    if width:
        styles.append(f"width:{width}px")
    if abs(cell.ground) >= _FAINTEST:
        styles.append(_ground(cell.ground))
    if cell.align != "right":
        styles.append(f"text-align:{cell.align}")
    if cell.framed:
        styles.append(f"border:1px solid {BLUE};line-height:14px;padding:0 5px")
    if cell.mono or cell.align == "left":
        styles.append("white-space:pre")
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    style = ";".join(styles)
    attribute = "" if not style else f" style={style}" if " " not in style else f' style="{style}"'
    text = _said(text)
    if cell.mono:
        text = f"<bdi style='font-family:{_MONO}'>{text}</bdi>"
    if cell.tone == "strong":
        text = _bold(text)
    elif cell.tone == "secondary":
        text = _quiet(text)
    elif cell.tone in {"invalid", "unsure"}:
        text = f'<b style="color:{MAGENTA if cell.tone == "invalid" else ORANGE};font-weight:600">{text}</b>'
    if cell.after:
        text = " ".join((text, *map(_span, cell.after)))
    columns = f" colspan={cell.span}" if cell.span > 1 else ""
    return f"<td{columns}{title}{attribute}>{text}"


_NUMBER = list(Cell("")[3:])
"""What the fields of a cell are behind its text, tone and ground where it is a number and no more."""


def _ground(ground: float) -> str:
    alpha = round(min(1.0, abs(ground)) * _GROUND_ALPHA * 255)
    return f"background:{BLUE if ground > 0 else ORANGE}{alpha:02x}"


def _fold(fold: Fold) -> str:
    reason = f" · {_said(fold.reason)}" if fold.reason else ""
    inner = "".join(_block(block) for block in fold.blocks)
    return (
        f'<details style="font-size:12px"><summary style="cursor:pointer;opacity:.66">{_said(fold.summary)}{reason}'
        f'</summary><div style="max-height:300px;overflow:auto;margin:4px 0 6px 14px">{inner}</div></details>'
    )


def _children(children: Children) -> str:
    lines = _entries(children) + _more(children.more)
    return f'<div style="font-size:12px;line-height:18px;margin:2px 0 2px 16px">{lines}</div>'


def _entries(children: Children) -> str:
    """Returns the lines of a group, their columns as wide as its longest name, shape and dtype need."""
    headings = [(child.name, child.document.heading) for child in children.items]
    widths = (
        _column_width(max((len(name) for name, _ in headings), default=0), 7, 184),
        _column_width(max((len(heading.shape) for _, heading in headings), default=0), 6, 110),
        _column_width(max((len(heading.dtype) for _, heading in headings), default=0), 6, 66),
    )
    return "".join(_child(child, widths) for child in children.items)


def _column_width(characters: int, each: int, most: int) -> int:
    return min(most, characters * each + 8)


def _more(count: int) -> str:
    return f"<div>{_quiet(f'… {wording.integer(count)} more')}</div>" if count else ""


def _column_text(text: str, width: int, style: str = "") -> str:
    return f'<span style="display:inline-block;min-width:{width}px{style}">{text}</span> '


def _child(child: Child, widths: tuple[int, int, int]) -> str:
    heading, blocks = child.document.heading, child.document.blocks
    name = _bold(_said(child.name))
    if blocks and isinstance(blocks[0], Children):
        return _group(child, name, blocks[0])
    line = _column_text(name, widths[0])
    if not heading.kind:
        plain = "".join(_span(span) for span in heading.values)
        return f'<div style="padding-left:{_MARKER}px">{line}{plain}</div>'
    line += _column_text(_said(heading.shape), widths[1])
    line += _column_text(_said(heading.dtype), widths[2], ";opacity:.66")
    line += _leaf_values(child.document)
    small = [block for block in blocks if isinstance(block, (Table, Beside, Bars))]
    if small and not any(isinstance(block, Fold) for block in blocks):
        tables = "".join(_block(block) for block in small)
        return f'<div style="padding-left:{_MARKER}px;display:flex;flex-wrap:wrap;gap:0 4px">{line}{tables}</div>'
    rest = _unfolded(blocks)
    if not rest:
        return f'<div style="padding-left:{_MARKER}px">{line}</div>'
    return f'<details><summary>{line}</summary><div style="margin-left:16px">{rest}</div></details>'


def _group(child: Child, name: str, group: Children) -> str:
    heading = child.document.heading
    kind = "" if heading.kind in {"dict", "list", "tuple"} else f"{_said(heading.kind)} "
    line = f"{name} {kind}{_quiet(_said(' · '.join(heading.facts)))}"
    inner = _entries(group) + _more(group.more)
    opened = " open" if child.open else ""
    return f'<details{opened}><summary>{line}</summary><div style="margin-left:16px">{inner}</div></details>'


def _unfolded(blocks: tuple[Block, ...]) -> str:
    """Returns what unfolding a leaf adds to its line, where the first number stands already."""
    rest = []
    fields_in_line = False
    for block in blocks:
        if isinstance(block, Fields) and not fields_in_line:
            fields_in_line = True
            rest.append(" &nbsp; ".join(_text(item) for item in block.items[1:]))
        elif not isinstance(block, (Figure, Tiles)):
            rest.append(_block(block))
    return "".join(rest)


def _leaf_values(document: Document) -> str:
    """Returns what stands in a leaf's line: small values, or the first field of its numbers; and its bytes."""
    if document.heading.values:
        return "".join(f'<span style="margin-right:8px">{_span(span)}</span>' for span in document.heading.values)
    pieces = []
    for block in document.blocks:
        if isinstance(block, Note):
            pieces.append(_text(block.text))
        if isinstance(block, Fields) and block.items:
            pieces.append(_text(_without_labels(block.items[0])))
            break
    facts = document.heading.facts
    if facts and pieces:
        pieces.append(_quiet(_said(facts[0])))
    return " &nbsp; ".join(pieces)


def _without_labels(text: Text) -> Text:
    """Returns a histogram between its ends without the words for them: it says so by itself."""
    if not any(isinstance(item, Sparkline) for item in text):
        return text
    return tuple(item for item in text if not (isinstance(item, Span) and item.tone == "secondary"))
