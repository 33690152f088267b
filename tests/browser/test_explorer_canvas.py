"""The explorer's canvas in a Chromium, without a Jupyter: what it paints, says and asks, against NumPy's values."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest
from PIL import Image

from tfnp_ext.explorer import explore
from tfnp_ext.explorer.packing import precision_of

from .canvas_page import CanvasPage, dtype_name, frame_of, ink_table, opaque_table

MAGENTA = [0xD0, 0x3A, 0x94]

HOSTILE = "<img src=x onerror=\"document.body.id='hit'\">"


@pytest.fixture
def open_page(browser):
    """Opens a page with one canvas."""
    contexts = []

    def open_one(width: int = 900, height: int = 800, ratio: float = 1, start: bool = True) -> CanvasPage:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=ratio))
        contexts[-1].grant_permissions(["clipboard-read", "clipboard-write"])
        page = CanvasPage(contexts[-1].new_page())
        if start:
            page.start()
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    """A page with one canvas, at whose end nothing may have gone wrong."""
    page = open_page()
    yield page
    assert page.errors == []


def plain(value: np.generic) -> str:
    """Returns NumPy's shortest digits in Python's form, which does not change from version to version of NumPy."""
    return repr(float(str(value))) if value.dtype.kind == "f" else str(value)


def index_of(line: str) -> tuple[int, ...]:
    """Returns the index that a line begins with."""
    return tuple(json.loads(re.search(r"\[[\d, ]+\]", line).group()))


def pooled(plane: np.ndarray, factor: int) -> np.ndarray:
    """Returns the means of square blocks."""
    height, width = plane.shape
    return plane.reshape(height // factor, factor, width // factor, factor).mean(axis=(1, 3)).astype(plane.dtype)


def show_pooled(page: CanvasPage, values: np.ndarray, factor: int, **meta) -> None:
    """Shows a plane by the means of its blocks."""
    height, width = values.shape
    means = pooled(values, factor)
    page.show(means, shape=[height, width], region=[0, 0, height, width], pooled="mean", **meta)


# What is painted


@pytest.mark.parametrize("ratio", [1, 2, 1.5])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "int16", "bool"])
def test_pixels_have_the_colours_of_the_values_that_hovering_tells(open_page, dtype, ratio):
    page = open_page(ratio=ratio)
    random = np.random.default_rng(0)
    array = (random.normal(size=(40, 60)) * 100).astype(dtype) if dtype != "bool" else random.random((40, 60)) > 0.5
    low, high = float(array.min()), float(array.max())
    table = opaque_table()
    page.show(array, table=table)
    seen = set()
    for x, y in random.uniform((40, 12), (400, 280), size=(15, 2)).round().tolist():
        line = page.hover(x, y)
        row, column = index_of(line)
        value = array[row, column]
        seen.add((row, column))
        assert line == f"[{row}, {column}] {plain(value)}"
        share = (float(value) / 2 - low / 2) / (high / 2 - low / 2)
        assert abs(share * 255 % 1 - 0.5) < 1e-6 or page.pixel(x, y) == table[round(share * 255)].tolist()
    assert len(seen) > 12
    assert page.errors == []


def test_zero_is_the_page_itself(page):
    page.show(np.zeros((4, 4), np.float32), limits=[0.0, 1.0], table=ink_table(signed=False))
    assert page.pixel(32, 12)[3] == 0


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_limits_of_any_size_are_painted(page, scale):
    low = 1.0 if scale == "log" else -1.7e308
    array = np.array([[low, 1.0], [1.5e300, 1.7e308]])
    page.show(array, table=opaque_table(), scale=scale, limits=[low, 1.7e308])
    colours = {tuple(page.pixel(x, y)) for x, y in ((30, 10), (134, 114))}
    assert colours == {tuple(opaque_table()[0].tolist()), tuple(opaque_table()[255].tolist())}


def test_what_is_not_a_number_is_magenta_and_counted(page):
    array = np.ones((200, 200), np.float32)
    array[100:140, 100:140] = np.nan
    array[20, 20], array[30, 30] = np.inf, -np.inf
    page.show(array, limits=[0.0, 1.0], infs=[1, 1])
    legend = page.page.locator(".tfnp-explorer-legend").inner_text()
    assert re.sub(r"\s+", " ", legend) == "× 1 600 NaN ▲ 1 +Inf ▼ 1 -Inf"
    found = 0
    for x in range(40, 430, 13):
        line = page.hover(x, 240)
        if line.endswith("nan"):
            found += 1
            assert page.pixel(x, 240)[:3] == MAGENTA
    assert found > 3


def test_a_lone_nan_in_a_large_plane_has_a_sign_of_its_own(page):
    array = np.zeros((1000, 1000), np.float32)
    array[500, 500] = np.nan
    page.show(array, limits=[0.0, 1.0])
    magenta = page.page.evaluate(
        """() => {
            const canvas = document.querySelector("canvas");
            const { data } = canvas.getContext("2d").getImageData(30, 10, canvas.width - 130, canvas.height - 40);
            let count = 0;
            for (let i = 0; i < data.length; i += 4) count += data[i] > 180 && data[i + 1] < 140 && data[i + 2] > 100;
            return count;
        }"""
    )
    assert magenta >= 8


def test_what_is_not_there_is_neither_painted_nor_a_value(page):
    integers = np.full((4, 4), 2**60 + 1, np.int64)
    message, buffers = frame_of(integers, limits=[0.0, 1.0], mask=1, missing=1)
    mask = np.zeros((4, 4), np.uint8)
    mask[0, 0] = 1
    page.deliver(message, [buffers[0], mask.tobytes(), buffers[1]])
    assert page.hover(50, 30) == "[0, 0] missing"
    assert page.pixel(50, 30)[3] == 0
    assert page.hover(110, 30) == f"[0, 1] {2**60 + 1}"
    message, buffers = frame_of(integers, limits=[0.0, 1.0], mask=2, missing=1, panels=2, compare="side")
    page.deliver(message, [buffers[0], buffers[0], (1 - mask).tobytes() + mask.tobytes(), buffers[1]])
    assert page.hover(50, 30) == f"[0, 0] {2**60 + 1} → missing difference missing"
    assert page.hover(110, 30) == f"[0, 1] missing → {2**60 + 1} difference missing"
    floats = np.ones((4, 4), np.float32)
    floats[0, 0] = floats[0, 1] = np.nan
    message, buffers = frame_of(floats, limits=[0.0, 1.0], mask=1, missing=1, nans=1)
    page.deliver(message, [buffers[0], mask.tobytes(), buffers[1]])
    assert page.hover(50, 30) == "[0, 0] missing"
    assert page.hover(110, 30) == "[0, 1] nan"
    assert page.pixel(50, 30)[3] == 0
    assert page.pixel(110, 30)[3] > 0  # hatched
    floats[0, 1] = 1
    page.show(floats, missing=1, nans=0, limits=[0.0, 1.0])
    assert page.hover(50, 30) == "[0, 0] missing"
    assert page.pixel(50, 30)[3] == 0
    page.show(floats.astype(np.float64), missing=1, nans=0, integers=True, limits=[0.0, 1.0])
    assert page.hover(110, 30) == "[0, 1] 1"


def test_a_threshold_greys_what_lies_below(page):
    array = np.array([[1.0, 3.0]], np.float32)
    page.show(array, limits=[0.0, 3.0], threshold=2.0, above=1)
    assert page.pixel(50, 40)[:3] == [0x76] * 3
    assert page.pixel(110, 40)[:3] == [0x3A, 0x7D, 0xC0]
    assert "1 above 2" in page.page.locator(".tfnp-explorer-legend").inner_text()


def test_what_lies_above_a_threshold_is_solid_and_outlined(page):
    """Small against the limits, its own colour would hardly be seen."""
    array = np.full((10, 10), 1.0, np.float32)
    array[4, 3] = 3.5
    page.show(array, limits=[0.0, 600.0], threshold=3.0, above=1, table=ink_table(signed=False))
    box = page.canvas().bounding_box()
    page.page.mouse.move(box["x"] + box["width"] + 40, 700)
    cell = 512 // 10
    left = box["width"] - 76 - 10 * cell
    x, y = left + 3.5 * cell, 6 + 4.5 * cell
    assert page.pixel(x + 12, y + 14)[3] > 150
    assert page.pixel(x + 12 + cell, y + 14)[3] < 50
    edge = [page.pixel(left + 3 * cell + across, y + 14)[:3] for across in range(-3, 4)]
    assert [0, 0, 0] in edge, "no line around it"
    assert "▣ 1 above 3" in page.page.locator(".tfnp-explorer-legend").inner_text()


def test_a_pooled_block_that_holds_a_cell_above_is_ringed(page):
    means = np.zeros((300, 300), np.float32)
    marks = np.zeros((300, 300), np.uint8)
    marks[100, 200] = 1
    message, (values, table) = frame_of(means, shape=[600, 600], region=[0, 0, 600, 600], pooled="mean", marks=1,
                                        threshold=3.0, above=1, limits=[-1.0, 4.0])  # fmt: skip
    page.deliver(message, [values, marks.tobytes(), table])
    box = page.canvas().bounding_box()
    left = box["width"] - 76 - 300
    around = [max(page.pixel(left + 200 + across, 6 + 100)[:3]) < 20 for across in range(-8, 9)]
    assert around.count(True) == 2
    assert page.pixel(left + 50, 150)[3] < 50


def bar_lengths(page: CanvasPage) -> np.ndarray:
    """Returns how long the bars beside the colour bar are, from top to bottom."""
    png = base64.b64decode(page.page.evaluate("() => document.querySelector('canvas').toDataURL()").split(",")[1])
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    beside = picture[:, -76 + 27 : -76 + 27 + 28, 3]
    return (beside > 120).sum(axis=1)


def test_the_histogram_of_a_log_scale_shows_the_distribution(page):
    """A normal distribution of logarithms: the longest bar in the middle, shorter ones to both ends."""
    explorer = explore(np.exp(np.random.default_rng(0).normal(size=(40, 50)) * 2))
    state = replace(explorer.state, scale="log")
    frame = explorer._frames.frame(state)
    page.deliver(frame.meta, [bytes(buffer) for buffer in frame.buffers])
    lengths = bar_lengths(page)
    rows = np.flatnonzero(lengths)
    assert len(set(lengths[rows].tolist())) > 8
    counts, _ = np.histogram(np.log(explorer.array), 64)
    longest = rows[0] + np.argmax(lengths[rows[0] :])
    assert (rows[-1] - longest) / np.ptp(rows) == pytest.approx((np.argmax(counts) + 0.5) / 64, abs=0.05)


def test_the_next_frame_of_the_same_size_shows_nothing_of_the_last(page):
    page.show(np.full((4, 4), 5.0, np.float32), limits=[0.0, 10.0], table=opaque_table())
    holed = np.full((4, 4), 10.0, np.float32)
    holed[0, 0] = np.nan
    page.show(holed, limits=[0.0, 10.0], missing=1, nans=0, table=opaque_table(), serial=2)
    assert page.pixel(32, 12)[3] == 0
    assert page.pixel(88, 12) == opaque_table()[255].tolist()


def test_a_theme_that_changes_is_painted_anew(page):
    page.show(np.zeros((50, 50), np.float32))
    brightest = """() => {
        const canvas = document.querySelector("canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, 20, canvas.height);
        let most = 0;
        for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 60) most = Math.max(most, data[i]);
        return most;
    }"""
    assert page.page.evaluate(brightest) < 100
    page.page.evaluate("() => document.body.classList.add('dark')")
    page.page.wait_for_function(f"() => ({brightest})() > 200", timeout=30_000)


# What is said

HARD = [
    np.float32(0.1),
    np.float32(1e-45),
    np.float32(3.4028235e38),
    np.float32(16777216),
    np.float32(-0.0),
    np.float32("nan"),
    np.float32("inf"),
    np.float32("-inf"),
    np.float64(0.1),
    np.float64(5e-324),
    np.float64(1e16),
    np.float64(123456789.125),
    np.float64(1e-5),
    np.float64(1 / 3),
    np.int64(2**63 - 1),
    np.int64(-(2**63)),
    np.uint64(2**64 - 1),
    np.int8(-128),
    np.bool_(True),
    np.bool_(False),
]


@pytest.mark.parametrize("value", HARD, ids=lambda value: f"{value.dtype}-{value}")
def test_hovering_tells_the_value_as_numpy_does(page, value):
    page.show(value.reshape(1, 1), prefix=[3, "mean", "y", "x"])
    assert page.hover(60, 40) == f"[3, mean, 0, 0] {plain(value)}"


def test_every_sort_of_float_is_told_by_its_shortest_digits(page):
    random = np.random.default_rng(1)
    bits = random.integers(0, 2**32, 20_000, dtype=np.uint32)
    powers = np.ldexp(np.float32(1), np.arange(-149, 128)).astype(np.float32)
    singles = np.concatenate([bits.view(np.float32), powers])
    doubles = random.integers(0, 2**64, 5_000, dtype=np.uint64).view(np.float64)
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    told = """([bytes, dtype, facts]) => {
        const data = new DataView(window.bytes(bytes).buffer);
        const read = new values.Values(data, dtype, facts);
        return Array.from({ length: read.length }, (_, i) => read.text(i));
    }"""
    brains = np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16)
    cases = [(singles, singles, {}), (doubles, doubles, {})]
    cases += [(half, half.astype(np.float32), {"precision": precision_of(half.dtype)}) for half in (halves, brains)]
    for values, array, facts in cases:
        text = base64.b64encode(array.tobytes()).decode()
        answers = page.page.evaluate(told, [text, dtype_name(array.dtype), facts])
        wrong = [
            (answer, plain(value)) for answer, value in zip(answers, values, strict=True) if answer != plain(value)
        ]
        assert not wrong, wrong[:5]


def test_names_of_rows_and_columns_are_told(page):
    page.show(np.eye(2, dtype=np.float32), labels={"y": ["cat", "dog"], "x": ["left", "right"]})
    assert page.hover(60, 40) == "[0, 0] cat · left 1.0"


def test_side_by_side_tells_both_and_their_difference(page):
    before = np.full((3, 3), 2**62, np.int64)
    after = before + 1
    message, buffers = frame_of(before, panels=2, compare="side", limits=[0.0, 1e19])
    page.deliver(message, [buffers[0], after.tobytes(), buffers[1]])
    assert page.hover(60, 40) == f"[0, 0] {2**62} → {2**62 + 1} difference 1"
    assert page.page.locator(".tfnp-explorer-cursor").count() == 2
    second = page.hover(60 + 3 * 56 + 18, 40)
    assert second == f"[0, 0] {2**62} → {2**62 + 1} difference 1"
    floats = np.array([[0.1]], np.float32)
    message, buffers = frame_of(floats, panels=2, compare="side")
    page.deliver(message, [buffers[0], (floats * 3).tobytes(), buffers[1]])
    assert page.hover(60, 40).endswith(f"difference {plain((floats * 3 - floats)[0, 0])}")


def test_other_comparisons_say_what_they_show(page):
    page.show(np.array([[0.5]], np.float32), compare="ratio")
    assert page.hover(60, 40) == "[0, 0] 0.5 ratio"


def test_a_pooled_cell_tells_its_block_and_asks_for_the_value(page):
    plane = np.arange(40_000, dtype=np.float32).reshape(200, 200)
    show_pooled(page, plane, 4)
    line = page.hover(100, 100)
    row, column = index_of(line)
    mean = pooled(plane, 4)[row // 4, column // 4]
    assert line == f"[{row}, {column}] … mean of 4 × 4: {plain(mean)}"
    asked = page.wait_for("exact")
    assert (asked["y"], asked["x"]) == (row, column)
    page.deliver({"type": "exact", "request": asked["request"] - 1, "text": "too late"})
    assert "too late" not in page.line()
    page.deliver({"type": "exact", "request": asked["request"], "text": plain(plane[row, column])})
    assert page.line().startswith(f"[{row}, {column}] {plain(plane[row, column])} mean of")


def test_an_image_tells_its_channels(page):
    image = np.random.default_rng(2).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    painted = np.concatenate([image, np.full((10, 12, 1), 255, np.uint8)], axis=-1)
    message, buffers = frame_of(image[..., 0], kind="image", prefix=[7, "y", "x", "c"])
    page.deliver(message, [painted.tobytes(), image.tobytes(), buffers[1]])
    line = page.hover(100, 100)
    row, column = index_of(line.replace("7, ", "").replace(", :", ""))
    assert line == f"[7, {row}, {column}, :] {' '.join(map(str, image[row, column]))}"
    assert page.pixel(100, 100) == painted[row, column].tolist()


def line_frame(lines: np.ndarray, **meta) -> dict:
    count, length = lines.shape
    return {"kind": "line", "series": count, "shape": [1, length], "region": [0, 0, 1, length],
            "pixels": [count, length], "prefix": ["x"], **meta}  # fmt: skip


def test_lines_tell_every_series(page):
    series = np.random.default_rng(3).normal(size=(2, 300)).astype(np.float32)
    page.show(series, **line_frame(series, labels={"series": ["train", "validation"]}))
    line = page.hover(300, 100)
    (place,) = index_of(line)
    assert line == f"[{place}] train {plain(series[0, place])} validation {plain(series[1, place])}"


def test_several_lines_are_told_apart_and_by_their_rows(page):
    """Of the value's own rows, as the kernel sends them."""
    array = np.random.default_rng(3).normal(size=(5, 64))
    explorer = explore(array)
    frame = explorer._frames.frame(replace(explorer.state, view="line"))
    page.deliver(frame.meta, [bytes(buffer) for buffer in frame.buffers])
    assert page.line() == "5 rows, columns 0 … 63 of 64"
    line = page.hover(400, 120)
    place = int(re.search(r"^\[:, (\d+)\]", line)[1])
    assert line == f"[:, {place}] " + " ".join(f"{row}: {plain(array[row, place])}" for row in range(5))
    named = explore(array, labels=[f"run {name}" for name in "abcde"])
    frame = named._frames.frame(replace(named.state, view="line"))
    page.page.evaluate(
        """() => {
            window.written = [];
            window.dashes = new Set();
            const { fillText, setLineDash } = CanvasRenderingContext2D.prototype;
            CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
                written.push(text);
                return fillText.call(this, text, ...rest);
            };
            CanvasRenderingContext2D.prototype.setLineDash = function (dash) {
                dashes.add(String(dash));
                return setLineDash.call(this, dash);
            };
        }"""
    )
    page.deliver(frame.meta, [bytes(buffer) for buffer in frame.buffers])
    assert {f"run {name}" for name in "abcde"} <= set(page.page.evaluate("() => written"))
    assert len(page.page.evaluate("() => [...dashes]")) == 5
    line = page.hover(400, 120)
    assert line.startswith(f"[:, {place}] run a {plain(array[0, place])} run b ")


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("kind", ["line", "heatmap"])
def test_many_names_are_written_whole_or_not_at_all(page, kind, long):
    names = [f"class number {i}{' of all that there are' if long else ''}" for i in range(100)]
    page.page.evaluate(
        """() => {
            window.written = [];
            const { fillText } = CanvasRenderingContext2D.prototype;
            CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
                written.push(text);
                return fillText.call(this, text, ...rest);
            };
        }"""
    )
    page.show(np.zeros((1, 100), np.float32), kind=kind, labels={"x": names})
    written = page.page.evaluate("() => written")
    assert not [text for text in written if text.endswith("…")]
    assert ("class number 0" in written) is not long
    assert ("20" in written) is long


def test_a_pooled_line_tells_the_range_and_asks(page):
    values = np.random.default_rng(3).normal(size=5000).astype(np.float32)
    blocks = values.reshape(500, 10)
    ranges = np.stack([blocks.min(axis=1), blocks.max(axis=1)])
    page.show(ranges, **line_frame(ranges, series=1, shape=[1, 5000], region=[0, 0, 1, 5000], pooled="range"))
    line = page.hover(300, 100)
    (place,) = index_of(line)
    block = blocks[place // 10]
    assert line == f"[{place}] … min … max of 10: {plain(block.min())} … {plain(block.max())}"
    assert page.wait_for("exact")["x"] == place


@pytest.mark.parametrize("long", [False, True])
def test_bars_tell_name_and_value(page, long):
    values = np.array([0.5, -0.25, np.nan, 1.0], np.float32)
    names = [f"{'a rather long name of ' if long else ''}c{i}" for i in range(4)]
    page.show(values, kind="bars", prefix=["x"], labels={"x": names})
    box = page.canvas().bounding_box()
    places = np.linspace(4, (box["height"] if long else box["width"]) - 4, 60)
    lines = {page.hover(180, place) if long else page.hover(place, 100) for place in places}
    for place, value in enumerate(values):
        assert f"[{place}] {names[place]} {plain(value)}" in lines


def test_a_histogram_tells_its_bins(page):
    values = np.random.default_rng(4).normal(size=1000)
    counts, edges = np.histogram(values, 64)
    message, buffers = frame_of(values.astype(np.float32), kind="histogram")
    ends = [float(edges[0]), float(edges[-1])]
    shape = {"shape": [1, 64], "region": [0, 0, 1, 64], "pixels": [1, 64]}
    page.deliver(message | shape | {"counts": counts.tolist(), "edges": ends}, buffers[1:])
    told = {}
    for x in range(60, 880, 3):
        match = re.match(r"(\S+) … (\S+) (\d+) values", page.hover(x, 100))
        if match:
            told[float(match[1])] = int(match[3])
    assert len(told) == 64
    assert [told[start] for start in sorted(told)] == counts.tolist()


def test_hostile_text_stays_text(page):
    array = np.eye(2, dtype=np.float32)
    names = {"y": HOSTILE, "x": HOSTILE, "panels": [HOSTILE, HOSTILE]}
    labels = {"y": [HOSTILE] * 2, "x": [HOSTILE] * 2}
    page.show(
        array, labels=labels, names=names, title=HOSTILE, note=HOSTILE, prefix=[HOSTILE, "y", "x"], compare=HOSTILE
    )
    assert page.hover(150, 40).startswith(f"[{HOSTILE}, 0, 0] {HOSTILE} · {HOSTILE} 1.0")
    assert page.canvas().get_attribute("aria-label") == HOSTILE
    page.deliver({"type": "exact", "request": 1, "text": HOSTILE})
    table = {"kind": "table", "dtype": "text", "texts": [[HOSTILE] * 2] * 2, "labels": labels, "note": HOSTILE}
    page.deliver(frame_of(array)[0] | table | {"lut": False, "title": HOSTILE})
    assert page.page.locator("[role=gridcell]").first.inner_text().startswith("<img")
    page.deliver({"type": "copy", "text": HOSTILE})
    page.settle()
    assert page.page.locator("img").count() == 0
    assert page.page.evaluate("() => document.body.id") == ""


# What is asked


def visible(page: CanvasPage) -> list[int]:
    """Returns the region that the line tells while nothing is hovered: [top, left, bottom, right], ends included."""
    page.page.mouse.move(890, 790)
    page.settle()
    numbers = re.findall(r"(\d+) … (\d+) of", page.line())
    (top, bottom), (left, right) = numbers
    return [int(top), int(left), int(bottom), int(right)]


def test_the_page_scrolls_until_the_canvas_has_the_focus(page):
    show_pooled(page, np.zeros((1000, 1000), np.float32), 4)
    page.hover(150, 150)
    page.page.mouse.wheel(0, 200)
    page.page.wait_for_function("() => window.scrollY > 100")
    page.page.evaluate("() => window.scrollTo(0, 0)")
    assert visible(page) == [0, 0, 999, 999]
    page.focus()
    page.hover(150, 150)
    page.page.mouse.wheel(0, -200)
    page.wait_for("viewport")
    assert page.page.evaluate("() => window.scrollY") == 0


def test_the_wheel_zooms_around_the_pointer_with_ctrl(page):
    array = np.random.default_rng(5).normal(size=(400, 400)).astype(np.float32)
    page.show(array)
    before = index_of(page.hover(300, 200))
    page.page.keyboard.down("Control")
    for _ in range(6):
        page.page.mouse.wheel(0, -120)
    page.page.keyboard.up("Control")
    page.settle()
    after = index_of(page.line())
    assert np.abs(np.subtract(before, after)).max() <= 1
    top, left, bottom, right = visible(page)
    assert bottom - top < 200
    assert right - left < 200
    assert page.sent("viewport") == []  # all of it is there
    line = page.hover(300, 200)
    assert line.endswith(plain(array[index_of(line)]))


def test_zooming_asks_for_the_visible_region_once_at_a_time(page):
    plane = np.random.default_rng(6).normal(size=(1000, 1000)).astype(np.float32)
    show_pooled(page, plane, 4)
    page.focus()
    page.hover(200, 200)
    for _ in range(12):
        page.page.mouse.wheel(0, -100)
        page.page.wait_for_timeout(30)
    page.wait_for("viewport")
    page.page.wait_for_timeout(300)
    assert len(page.sent("viewport")) == 1
    page.deliver({"type": "exact", "request": 0, "text": ""})
    show_pooled(page, plane, 4, serial=2)
    asked = page.wait_for("viewport", 2)
    top, left, bottom, right = asked["region"]
    seen = visible(page)
    assert [top, left, bottom - 1, right - 1] == seen
    assert 0 < bottom - top < 500
    piece = plane[top:bottom, left:right]
    page.show(piece, shape=[1000, 1000], region=asked["region"], serial=3, limits=[-3.0, 3.0], table=opaque_table())
    line = page.hover(200, 200)
    value = plane[index_of(line)]
    assert line.endswith(plain(value))
    colour = opaque_table()[round((np.clip(float(value), -3, 3) + 3) / 6 * 255)]
    assert page.pixel(200, 200) == colour.tolist()
    page.page.wait_for_timeout(150)
    assert len(page.sent("viewport")) == 2


def test_the_whole_plane_stays_behind_a_piece_of_it(page):
    plane = np.ones((400, 400), np.float32)
    show_pooled(page, plane, 2, plane=5, limits=[0.0, 1.0], table=ink_table(signed=False))
    page.show(plane[:100, :100], shape=[400, 400], region=[0, 0, 100, 100], plane=5, limits=[0.0, 1.0])
    assert page.pixel(300, 200)[3] == 255
    page.show(plane[:100, :100], shape=[400, 400], region=[0, 0, 100, 100], plane=6, limits=[0.0, 1.0])
    assert page.pixel(300, 200)[3] == 0


def test_dragging_pans_and_a_double_click_resets(page):
    page.show(np.zeros((400, 400), np.float32))
    page.focus()
    for _ in range(8):
        page.page.keyboard.press("+")
    before = visible(page)
    page.hover(200, 200)
    page.page.mouse.down()
    box = page.canvas().bounding_box()
    page.page.mouse.move(box["x"] + 120, box["y"] + 260, steps=4)
    page.page.mouse.up()
    after = visible(page)
    assert after[1] > before[1]
    assert after[0] < before[0]
    assert page.sent("pin") == []
    page.canvas().dblclick(position={"x": 200, "y": 200})
    assert visible(page) == [0, 0, 399, 399]


def test_a_line_zooms_along_itself(page):
    values = np.random.default_rng(7).normal(size=(1, 3000)).astype(np.float32)
    page.show(values, **line_frame(values))
    page.focus()
    page.hover(400, 100)
    for _ in range(5):
        page.page.mouse.wheel(0, -120)
    page.settle()
    page.page.mouse.move(890, 790)
    left, right, length = map(int, re.findall(r"\d+", page.line()))
    assert right - left < 2000
    assert length == 3000
    line = page.hover(400, 100)
    assert line.endswith(plain(values[0, index_of(line)[0]]))


def test_a_click_pins_and_escape_unpins(page):
    array = np.arange(9, dtype=np.float32).reshape(3, 3)
    page.show(array)
    page.canvas().click(position={"x": 110, "y": 100})
    assert page.sent("pin") == [{"type": "pin", "y": 1, "x": 1}]
    page.page.mouse.move(890, 790)
    assert page.line() == "pinned [1, 1] 4.0"
    assert page.hover(50, 30) == "[0, 0] 0.0"
    assert page.page.locator(".tfnp-explorer-pin").count() == 1
    page.page.mouse.move(890, 790)
    page.show(array + 1, serial=2)
    assert page.line() == "pinned [1, 1] 5.0"
    page.page.keyboard.press("Escape")
    assert page.sent("unpin") == [{"type": "unpin", "y": 1, "x": 1}]
    assert page.page.locator(".tfnp-explorer-pin").count() == 0


def test_everything_works_by_keyboard_alone(page):
    array = np.arange(10_000, dtype=np.int32).reshape(100, 100)
    page.show(array, title="Heat map of x[0, :, :]")
    page.page.evaluate(
        "() => document.addEventListener('keydown', ({ key }) => { window.leaked ||= !['Shift', 'Tab'].includes(key) })"
    )
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "Heat map of x[0, :, :]"
    window = page.page
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowDown"):
        window.keyboard.press(key)
    assert page.line() == "[11, 1] 1101"
    assert window.locator("[role=status]").inner_text() == "[11, 1] 1101"
    window.keyboard.press("Enter")
    assert page.wait_for("pin") == {"type": "pin", "y": 11, "x": 1}
    assert window.locator("[role=status]").inner_text() == "pinned [11, 1] 1101"
    for _ in range(9):
        window.keyboard.press("+")
    page.settle()
    for _ in range(9):
        window.keyboard.press("Shift+ArrowRight")
    page.settle()
    assert page.line() == "[11, 91] 1191"
    assert window.locator(".tfnp-explorer-cursor").count() == 1  # it was brought into view
    window.keyboard.press("0")
    window.keyboard.press("Escape")
    assert visible(page) == [0, 0, 99, 99]
    for key in ("PageDown", "Shift+PageUp", "Home", "End"):
        window.keyboard.press(key)
    assert [(one["key"], one["shift"]) for one in page.sent("key")] == [
        ("PageDown", False), ("PageUp", True), ("Home", False), ("End", False)]  # fmt: skip
    assert window.evaluate("() => window.leaked") is not True
    assert window.evaluate("() => window.scrollY") == 0


def test_the_kernel_can_go_to_a_cell(page):
    array = np.zeros((1000, 1000), np.float32)
    array[700, 123] = np.nan
    show_pooled(page, array, 2)
    page.deliver({"type": "goto", "y": 700, "x": 123, "pin": True})
    asked = page.wait_for("viewport")
    top, left, bottom, right = asked["region"]
    assert top <= 700 < bottom
    assert left <= 123 < right
    page.show(array[top:bottom, left:right], shape=[1000, 1000], region=asked["region"], limits=[0.0, 1.0], serial=2)
    assert page.line() == "pinned [700, 123] nan"
    assert page.sent("pin") == []


def test_where_to_go_is_remembered_until_there_is_a_frame(page):
    page.deliver({"type": "goto", "y": 700, "x": 123, "pin": True})
    show_pooled(page, np.zeros((1000, 1000), np.float32), 2)
    top, left, bottom, right = page.wait_for("viewport")["region"]
    assert top <= 700 < bottom <= 999
    assert left <= 123 < right <= 999
    assert page.line().startswith("pinned [700, 123]")
    page.focus()
    page.page.keyboard.press("0")
    page.settle()
    page.page.keyboard.press("Escape")
    assert visible(page) == [0, 0, 999, 999]


def test_hosts_leave_only_its_own_keys_to_it(page):
    page.show(np.zeros((9, 9), np.float32))
    page.focus()
    page.page.evaluate(
        """() => document.addEventListener('keydown', ({target}) => {
            window.claimed = target.hasAttribute('data-lm-suppress-shortcuts') }, {capture: true})"""
    )
    keys = {"ArrowDown": True, "Control+s": False, "PageUp": True, "Shift+Enter": False, "b": False, "Enter": True}
    for key, claimed in keys.items():
        page.page.keyboard.press(key)
        assert page.page.evaluate("() => window.claimed") == claimed, key


# The table


def table_frame(plane: np.ndarray, region: list[int], **meta) -> tuple[dict, list[bytes]]:
    top, left, bottom, right = region
    piece = plane[top:bottom, left:right]
    return frame_of(piece, kind="table", shape=list(plane.shape), region=region, **meta)


def cells(page: CanvasPage) -> dict[tuple[int, int], str]:
    """Returns what the table shows, by row and column."""
    return {
        (row, column): text
        for row, column, text in page.page.evaluate(
            """() => [...document.querySelectorAll("[role=gridcell]")].map((cell) => [
                Number(cell.parentElement.getAttribute("aria-rowindex")) - 2,
                Number(cell.getAttribute("aria-colindex")) - 2, cell.textContent])"""
        )
    }


@pytest.mark.parametrize("rows", [3000, 3_000_000])
def test_a_table_asks_only_for_what_is_visible(page, rows):
    plane = np.broadcast_to(np.arange(rows, dtype=np.int64)[:, None] * 1000, (rows, 500)) + np.arange(500)
    limits = {"limits": [0.0, float(plane[-1, -1])]}
    page.deliver(*table_frame(plane, [0, 0, 40, 20], **limits))
    assert cells(page)[3, 2] == "3002"
    assert page.sent("viewport") == []
    page.page.evaluate(
        """() => {
            const table = document.querySelector("[role=grid]");
            table.scrollTop = table.scrollHeight / 2;
            table.scrollLeft = table.scrollWidth;
        }"""
    )
    top, left, bottom, right = page.wait_for("viewport")["region"]
    assert abs((top + bottom) / 2 - rows / 2) < rows * 0.01 + 20
    assert right == 500
    assert bottom - top <= 30
    assert right - left <= 30
    page.deliver(*table_frame(plane, [top, left, bottom, right], **limits))
    shown = cells(page)
    assert len(shown) == (bottom - top) * (right - left)
    assert all(text == str(row * 1000 + column) for (row, column), text in shown.items())
    page.page.evaluate("() => { document.querySelector('[role=grid]').scrollTop = 1e9 }")
    assert page.wait_for("viewport", 2)["region"][2] == rows


def test_a_table_hovers_pins_and_moves_by_keys(page):
    plane = np.random.default_rng(8).normal(size=(200, 50)).astype(np.float64)
    page.deliver(*table_frame(plane, [0, 0, 30, 20]))
    cell = page.page.locator("[role=gridcell]").first
    cell.hover()
    assert page.line() == f"[0, 0] {plain(plane[0, 0])}"
    cell.click()
    assert page.sent("pin") == [{"type": "pin", "y": 0, "x": 0}]
    page.page.locator("[role=grid]").focus()
    for _ in range(3):
        page.page.keyboard.press("Shift+ArrowDown")
    assert page.line().startswith("[30, 0]")
    top, _, bottom, _ = page.wait_for("viewport")["region"]
    assert top <= 30 < bottom


def test_a_table_is_no_wider_than_nine_digits(page):
    plane = np.random.default_rng(8).normal(size=(200, 50))
    plane[0, :5] = 1 / 3, 0.1, -1234567890.123, 1e-20 / 3, 2.0
    page.deliver(*table_frame(plane, [0, 0, 30, 20]))
    shown = cells(page)
    first = [shown[0, column] for column in range(5)]
    assert first == ["0.333333333", "0.1", "-1234567890.0", "3.33333333e-21", "2.0"]
    assert all(float(text) == pytest.approx(plane[place], rel=1e-8) for place, text in shown.items())
    assert len({column for _, column in shown}) >= 6
    page.page.locator("[role=gridcell]").first.hover()
    assert page.line() == f"[0, 0] {plain(plane[0, 0])}"


def test_a_table_of_float32_has_all_their_digits(page):
    plane = np.random.default_rng(8).normal(size=(200, 50)).astype(np.float32)
    page.deliver(*table_frame(plane, [0, 0, 30, 20]))
    assert all(text == plain(plane[place]) for place, text in cells(page).items())


def test_a_table_has_a_dash_where_nothing_is(page):
    plane = np.array([[1.5, np.nan]], np.float32)
    page.deliver(*table_frame(plane, [0, 0, 1, 2], missing=1, nans=0))
    assert cells(page) == {(0, 0): "1.5", (0, 1): "–"}
    cell = page.page.locator("[role=gridcell]").nth(1)
    assert cell.get_attribute("title") == "missing"
    cell.hover()
    assert page.line() == "[0, 1] missing"


def test_a_table_marks_what_lies_above_a_threshold(page):
    plane = np.array([[1.0, 3.0, np.nan]], np.float32)
    page.deliver(*table_frame(plane, [0, 0, 1, 3], threshold=2.0, above=1))
    marked = (
        "nodes => nodes.map(node => [node.hasAttribute('data-above'), getComputedStyle(node).boxShadow !== 'none'])"
    )
    assert page.page.locator("[role=gridcell]").evaluate_all(marked) == [[False, False], [True, True], [False, False]]
    page.deliver(*table_frame(plane, [0, 0, 1, 3]))
    assert page.page.locator("[role=gridcell]").evaluate_all(marked) == [[False, False]] * 3


def test_a_table_of_text_shows_text(page):
    texts = [["one", "two"], ["", "a\nb"]]
    message, _ = frame_of(np.zeros((2, 2), np.float32))
    page.deliver(message | {"kind": "table", "dtype": "text", "texts": texts, "lut": False})
    assert cells(page) == {(0, 0): "one", (0, 1): "two", (1, 0): "", (1, 1): "a\nb"}
    page.page.locator("[role=gridcell]").nth(3).hover()
    assert page.line() == '[1, 1] "a\\nb"'


# Its place in the page


def test_it_says_that_it_is_ready_and_how_large_it_is(open_page):
    page = open_page(width=700, ratio=2)
    (ready,) = page.sent()
    assert ready["type"] == "ready"
    assert ready["ratio"] == 2
    assert 400 < ready["size"][1] < 700


def test_two_on_a_page_do_not_disturb_each_other(page):
    page.start("second")
    page.show(np.zeros((3, 3), np.float32))
    page.show(np.ones((3, 3), np.float32), name="second")
    page.canvas("second").click(position={"x": 60, "y": 40})
    assert page.line("second").endswith("1.0")
    assert page.line("first").startswith("rows 0")
    assert page.sent("pin", "first") == []
    assert page.page.evaluate("() => document.querySelectorAll('.host [id]').length") == 0


def test_two_of_one_explorer_take_only_their_own_frames(page):
    page.start("second")
    first, second = (page.sent("ready", name)[0]["view"] for name in ("first", "second"))
    assert first != second
    plane = np.arange(160000, dtype=np.float32).reshape(400, 400)
    for name in ("first", "second"):
        page.show(plane, name=name, views=[first, second])
    piece = {"shape": [400, 400], "region": [0, 0, 40, 40]}
    for name in ("first", "second"):
        page.show(plane[:40, :40] + 1, name=name, views=[first], serial=2, **piece)
    assert page.page.locator("#second .tfnp-explorer-root").get_attribute("data-serial") == "1"
    assert page.hover(300, 300, "second").endswith(plain(plane[index_of(page.line("second"))]))
    page.deliver({"type": "exact", "request": 1, "text": "wrong", "view": first}, name="second")
    assert "wrong" not in page.line("second")


def test_what_a_frame_does_not_cover_is_asked_for_once(page):
    plane = np.ones((400, 400), np.float32)
    for serial in (1, 2, 3):
        page.show(plane[:40, :40], shape=[400, 400], region=[0, 0, 40, 40], plane=serial, serial=serial)
        page.page.wait_for_timeout(120)
    page.wait_for("viewport")
    (asked,) = page.sent("viewport")
    assert asked["region"] == [0, 0, 400, 400]
    assert asked["view"] == page.sent("ready")[0]["view"]
    assert asked["serial"] == 1


def test_it_answers_a_call_and_says_when_it_is_gone(page):
    page.show(np.zeros((400, 400), np.float32), serial=7)
    page.deliver({"type": "call"})
    (here,) = page.sent("viewport")
    assert (here["region"], here["serial"], here["ratio"]) == (None, 7, 1)
    page.focus()
    for _ in range(8):
        page.page.keyboard.press("+")
    page.deliver({"type": "call"})
    top, left, bottom, right = page.sent("viewport")[-1]["region"]
    assert [top, left, bottom - 1, right - 1] == visible(page)
    page.page.evaluate("() => hosts.first.stop()")
    assert page.sent("gone") == [{"type": "gone", "view": here["view"]}]


def test_it_works_in_a_shadow_root(open_page):
    page = open_page(start=False)
    page.page.evaluate(
        """() => {
            const root = document.getElementById("first").attachShadow({ mode: "open" });
            root.append(document.createElement("div"));
            start("first", root.firstChild);
        }"""
    )
    page.show(np.ones((3, 3), np.float32))
    canvas = page.page.locator("#first canvas")  # Playwright looks into shadow roots
    canvas.click(position={"x": 60, "y": 40})
    page.page.mouse.wheel(0, -200)
    page.settle()
    assert page.sent("pin") == [{"type": "pin", "y": 0, "x": 0}]
    assert page.page.evaluate("() => window.scrollY") == 0


def test_cleaning_up_leaves_nothing(open_page):
    page = open_page(start=False)
    before = page.listeners()
    page.start()
    page.show(np.zeros((100, 100), np.float32))
    assert page.listeners() > before
    page.page.evaluate(
        """() => {
            window.canvas = document.querySelector("canvas");
            hosts.first.stop();
            hosts.first.sent.length = 0;
            for (const type of ["pointerdown", "pointermove", "pointerup", "dblclick"]) {
                canvas.dispatchEvent(new PointerEvent(type, { clientX: 60, clientY: 60 }));
            }
            canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown" }));
        }"""
    )
    page.page.set_viewport_size({"width": 500, "height": 500})
    page.page.wait_for_timeout(100)
    assert page.listeners() == before
    assert page.sent() == []
    assert page.page.evaluate("() => [hosts.first.handlers.size, hosts.first.el.childNodes.length]") == [0, 0]
    assert page.page.evaluate("() => canvas.width") == 0
    assert page.errors == []


def test_the_still_card_is_folded_while_a_canvas_lives(page):
    page.page.evaluate(
        """() => {
            for (const word of ["another", "word-17"]) {
                const card = document.createElement("details");
                card.open = true;
                card.innerHTML = `<summary>still ${word}</summary>card`;
                const host = document.createElement("div");
                document.body.append(host);
                host.attachShadow({ mode: "open" }).append(card);
            }
            window.cards = () => [...document.querySelectorAll("div")].map((one) => one.shadowRoot)
                .filter(Boolean).map((root) => root.querySelector("details")?.open);
        }"""
    )
    array = np.zeros((2, 2), np.float32)
    page.start("second")
    for name in ("first", "second"):
        page.show(array, name=name, still="word-17")
    page.page.wait_for_function("() => !cards()[1]")
    assert page.page.evaluate("() => cards()") == [True, False]
    page.page.evaluate("() => hosts.first.stop()")
    assert page.page.evaluate("() => cards()") == [True, False]
    page.page.evaluate("() => hosts.second.stop()")
    assert page.page.evaluate("() => cards()") == [True, True]


def test_a_copy_goes_to_the_clipboard(page):
    page.show(np.zeros((2, 2), np.float32))
    page.deliver({"type": "copy", "text": "x[3, :, :]"})
    page.page.wait_for_function("() => document.body.textContent.includes('copied: x[3, :, :]')")
    assert page.page.evaluate("() => navigator.clipboard.readText()") == "x[3, :, :]"


def test_the_picture_can_be_downloaded(page, tmp_path):
    from PIL import Image

    page.show(np.ones((3, 3), np.float32), table=opaque_table(), limits=[0.0, 1.0])
    with page.page.expect_download() as download:
        page.deliver({"type": "png"})
    assert download.value.suggested_filename == "explorer.png"
    download.value.save_as(tmp_path / "explorer.png")
    picture = Image.open(tmp_path / "explorer.png").convert("RGBA")
    assert list(picture.getpixel((60, 40))) == opaque_table()[255].tolist()
    assert picture.getpixel((0, 0)) == (255, 255, 255, 255)


def every_kind() -> dict[str, tuple[dict, list[bytes]]]:
    """Returns a frame of every kind."""
    random = np.random.default_rng(9)
    plane = random.normal(size=(60, 80)).astype(np.float32)
    series = random.normal(size=(3, 200)).astype(np.float32).cumsum(axis=1)
    bars = random.normal(size=12).astype(np.float32)
    image = random.integers(0, 256, (40, 60, 4), dtype=np.uint8)
    message, buffers = frame_of(plane, panels=2, compare="side", names={"panels": ["before", "after"]})
    side = message, [buffers[0], buffers[0], buffers[1]]
    picture, (_, table) = frame_of(image[..., 0], kind="image")
    histogram, (_, ink) = frame_of(plane, kind="histogram")
    bins = {"shape": [1, 64], "region": [0, 0, 1, 64], "pixels": [1, 64]}
    return {
        "heatmap": frame_of(plane, names={"y": "row", "x": "column"}, note="pooled: mean of 4 × 4"),
        "side": side,
        "line": frame_of(series, **line_frame(series)),
        "bars": frame_of(bars, kind="bars", labels={"x": [f"name of class {i}" for i in range(12)]}),
        "histogram": (histogram | bins, [ink]),
        "image": (picture, [image.tobytes(), table]),
        "table": frame_of(plane, kind="table"),
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [900, 400])
def test_every_kind_fits(open_page, artifacts, width, theme):
    page = open_page(width=width, ratio=2)
    page.page.evaluate("theme => document.body.classList.add(theme)", theme)
    for name, (message, buffers) in every_kind().items():
        page.deliver(message, buffers)
        page.page.mouse.move(width / 4, 60)
        page.settle()
        page.page.screenshot(
            path=artifacts / f"explorer-{name}-{theme}-{width}.png",
            clip={"x": 0, "y": 0, "width": width, "height": 600},
        )
        assert page.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name
    assert page.errors == []


def test_a_canvas_that_becomes_narrower_fits_again(page):
    array = np.random.default_rng(10).normal(size=(50, 200)).astype(np.float32)
    page.show(array)
    page.page.set_viewport_size({"width": 420, "height": 800})
    page.page.wait_for_function("() => document.querySelector('canvas').getBoundingClientRect().right <= 420")
    line = page.hover(150, 40)
    assert line.endswith(plain(array[index_of(line)]))


# In a real notebook

SENDS_A_FRAME = """
import numpy as np
from tfnp_ext.explorer.canvas import Canvas
array = np.random.default_rng(0).normal(size=(60, 80)).astype(np.float32)
table = np.stack([np.arange(256), 255 - np.arange(256), np.zeros(256)], axis=1).astype(np.uint8)
meta = {"kind": "heatmap", "shape": [60, 80], "region": [0, 0, 60, 80], "pixels": [60, 80], "dtype": "f4",
        "limits": [-3.0, 3.0], "scale": "linear", "prefix": ["y", "x"], "lut": True, "title": "Heat map", "serial": 1}
events = []

def answer(canvas, event):
    events.append(event)
    if event["type"] == "ready":
        canvas.send_frame(meta, [array.tobytes(), table.tobytes() + bytes([255]) * 256])

canvas = Canvas(answer)
canvas
"""


def test_a_notebook_shows_it_and_keeps_its_own_keys_away(open_notebook, lab):
    notebook = open_notebook(lab.write("explorer_canvas.ipynb", [SENDS_A_FRAME, "1 + 1"]))
    notebook.run_all()
    assert notebook.errors == []
    notebook.page.wait_for_selector(".tfnp-explorer-root[data-serial='1']", timeout=20_000)
    canvas = notebook.page.locator(".tfnp-explorer-canvas")
    line = notebook.page.locator(".tfnp-explorer-line")
    canvas.click(position={"x": 200, "y": 150})
    cell = index_of(line.inner_text())
    index = f"[{cell[0]}, {cell[1]}]"
    notebook.page.mouse.move(5, 5)
    assert " ".join(line.inner_text().split()) == f"pinned {index} " + notebook.evaluate_in_kernel(f"str(array{index})")
    assert notebook.evaluate_in_kernel("events[-1]") == {"type": "pin", "y": cell[0], "x": cell[1]}
    cells = "() => jupyterapp.shell.currentWidget.content.widgets.length"
    before = notebook.page.evaluate(cells)
    for key in ("ArrowDown", "0", "0", "Enter", "Shift+ArrowDown", "Escape", "PageDown"):
        notebook.page.keyboard.press(key)
    notebook.page.wait_for_timeout(300)
    assert notebook.page.locator(".jp-Dialog").count() == 0
    assert notebook.page.evaluate(cells) == before
    assert notebook.page.evaluate("() => document.activeElement.className") == "tfnp-explorer-canvas"
    assert notebook.evaluate_in_kernel("events[-1]") == {"type": "key", "key": "PageDown", "shift": False}
    notebook.page.keyboard.press("Control+s")  # what the canvas has no use for is the notebook's
    notebook.page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty", timeout=30_000)
