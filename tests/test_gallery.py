"""Predictions beside their images: what each tile shows, and which examples are shown in which order."""

from __future__ import annotations

import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

import tfnp_ext
from tests.markup import declarations, parse
from tfnp_ext import OptionError, summarize, wording
from tfnp_ext.config import TensorDisplay
from tfnp_ext.display import compose, mimebundle
from tfnp_ext.document import Beside, Document, Fields, Fold, Heading, Note, Span, Tiles
from tfnp_ext.formats import render_html, render_text
from tfnp_ext.plots import PLOTS
from tfnp_ext.plots.gallery import PAGE

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.fixture(scope="module")
def digits():
    """Real scans, their truth, and the probabilities of nearest class means: most right, some wrong."""
    data = load_digits()
    images, truth = (data.images / 16).astype(np.float32), data.target
    means = np.stack([images[truth == digit].mean(axis=0) for digit in range(10)])
    distances = ((images[:, None] - means) ** 2).sum(axis=(2, 3))
    powers = np.exp(-distances)
    return images, truth, (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def options(**given):
    return TensorDisplay.instance().options(**given)


def card(predictions, **given):
    return compose(predictions, options(**given))


def gallery(document) -> Tiles:
    return next(block for block in document.blocks if isinstance(block, Tiles))


def tiles(predictions, **given):
    return gallery(card(predictions, **given)).draw()


def shown(predictions, **given) -> list[int]:
    """Returns which examples stand on the page, in order."""
    return [int(tile.title.removeprefix("#")) for tile in tiles(predictions, **given)]


def numbers(document) -> str:
    line = next(block for block in document.blocks if isinstance(block, Fields))
    return "   ".join(" ".join(span.text for span in field if isinstance(span, Span)) for field in line.items)


class TestWhatATileSays:
    def test_answer_confidence_and_truth_are_numpy_s(self, digits):
        images, truth, shares = digits
        drawn = tiles(shares[:24], images=images[:24], truth=truth[:24], labels=NAMES)
        assert len(drawn) == 24
        for place, tile in enumerate(drawn):
            said = tile.verdict
            top = int(shares[place].argmax())
            assert said.answer == NAMES[top]
            assert said.share == pytest.approx(float(shares[place].max()))
            assert said.wrong == (top != truth[place])
            assert said.truth == (NAMES[truth[place]] if said.wrong else "")
            assert said.unsure == (said.share < 0.5)

    def test_pixels_are_the_image_s(self, digits):
        images, _truth, shares = digits
        for tile, image in zip(tiles(shares[:8], images=images[:8]), images, strict=False):
            pixels = np.asarray(Image.open(io.BytesIO(tile.picture.data)).convert("L"))
            zoom = pixels.shape[0] // 8
            np.testing.assert_array_equal(pixels[zoom // 2 :: zoom, zoom // 2 :: zoom], np.rint(image * 255))

    def test_the_alt_text_says_the_answer_and_the_truth(self, digits):
        images, truth, shares = digits
        wrong = int(np.flatnonzero(shares.argmax(1) != truth)[0])
        near = slice(wrong, wrong + 8)
        tile = tiles(shares[near], images=images[near], truth=truth[near])[0]
        assert tile.alt.startswith(f"#0: predicted {shares[wrong].argmax()}, ")
        assert tile.alt.endswith(f", truth {truth[wrong]}")

    def test_wrong_is_told_by_a_mark_a_frame_and_the_truth(self, digits):
        images, truth, shares = digits
        wrong = int(np.flatnonzero(shares.argmax(1) != truth)[0])
        near = slice(wrong, wrong + 8)
        html = render_html(card(shares[near], images=images[near], truth=truth[near]))
        count = int((shares[near].argmax(1) != truth[near]).sum())
        assert html.partition("<details")[0].count("✗ ") == count
        assert html.count("border:2px solid #c0631a") == count
        assert html.count("truth</span> <b") == count
        assert len(list(parse(html).all("img"))) == html.count("<img ")

    def test_numbers_stand_below_images_that_are_not_in_order(self, digits):
        images, truth, shares = digits
        given = {"images": images[:60], "truth": truth[:60]}
        assert not any(tile.caption for tile in tiles(shares[:60], **given))
        for asked in ({"page": 2}, {"sort": "confidence"}, {"sort": "error"}, {"where": "wrong"}):
            drawn = tiles(shares[:60], **given, **asked)
            assert [tile.caption for tile in drawn] == [tile.title for tile in drawn]

    @pytest.mark.parametrize("labels", [None, NAMES, [f"class number {place}" for place in range(10)]])
    @pytest.mark.parametrize("first", [0, 1000, 100_000])
    def test_a_number_ends_where_its_own_image_does(self, digits, labels, first):
        images, truth, shares = digits
        drawn = tiles(shares[:24], images=images[:24], truth=truth[:24], labels=labels, sort="error")
        drawn = tuple(dataclasses.replace(tile, caption=f"#{first + place}") for place, tile in enumerate(drawn))
        html = render_html(Document(Heading("Tensor"), (Tiles(lambda: drawn, "images", columns=12),)))
        for tile in drawn:
            line = next(span for span in parse(html).all("span") if span.text == tile.caption).parent
            style = declarations(line.attributes.get("style", ""))
            if "justify-content" in style:
                assert style["max-width"] == "60px"
            else:
                assert (line.text, style["text-align"], style["max-width"]) == (tile.caption, "right", "60px")

    def test_without_truth_nothing_is_wrong(self, digits):
        images, _, shares = digits
        assert not any(tile.verdict.wrong or tile.verdict.truth for tile in tiles(shares[:30], images=images[:30]))

    def test_classes_without_probabilities_have_no_bar(self, digits):
        images, truth, shares = digits
        drawn = tiles(shares[:30].argmax(1), images=images[:30], truth=truth[:30])
        assert all(tile.verdict.share is None and not tile.verdict.share_words for tile in drawn)
        assert [tile.verdict.answer for tile in drawn] == [str(top) for top in shares[:30].argmax(1)]

    def test_logits_have_an_answer_and_with_softmax_a_confidence(self, digits):
        images, _truth, shares = digits
        logits = np.log(shares[:20].astype(np.float64) + 1e-9)
        assert tiles(logits, images=images[:20])[0].verdict.share is None
        sure = tiles(logits, images=images[:20], softmax=True)[0].verdict.share
        assert sure == pytest.approx(float(shares[0].max()), abs=1e-4)

    def test_one_example_has_its_bars_beside_it(self, digits):
        images, truth, shares = digits
        document = card(shares[3], images=images[3], truth=truth[3:4])
        beside = next(block for block in document.blocks if isinstance(block, Beside))
        assert isinstance(beside.blocks[0], Tiles)
        assert len(beside.blocks) == 2

    def test_a_row_without_numbers_has_no_answer(self, digits):
        images, _truth, shares = digits
        broken = shares[:12].copy()
        broken[4] = np.nan
        said = tiles(broken, images=images[:12], plot="gallery")[4].verdict
        assert (said.answer, said.share) == ("×", None)


class TestWhichExamples:
    def test_where_wrong_and_right_part_them(self, digits):
        images, truth, shares = digits
        wrong = np.flatnonzero(shares.argmax(1) != truth)
        assert shown(shares, images=images, truth=truth, where="wrong") == wrong[:PAGE].tolist()
        right = np.flatnonzero(shares.argmax(1) == truth)
        assert shown(shares, images=images, truth=truth, where="right") == right[:PAGE].tolist()

    def test_sorted_by_confidence_the_least_sure_is_first(self, digits):
        images, _, shares = digits
        expected = np.argsort(shares.max(1), kind="stable")[:PAGE]
        assert shown(shares, images=images, sort="confidence") == expected.tolist()

    def test_sorted_by_error_the_wrong_one_that_gave_its_truth_least_is_first(self, digits):
        images, truth, shares = digits
        order = shown(shares, images=images, truth=truth, sort="error")
        wrong = np.flatnonzero(shares.argmax(1) != truth)
        given = shares[wrong, truth[wrong]]
        assert order[: min(PAGE, len(wrong))] == wrong[np.argsort(given, kind="stable")][:PAGE].tolist()

    def test_pages_go_through_all(self, digits):
        images, _, shares = digits
        count = 2 * PAGE + 5
        seen = [place for page in (1, 2, 3) for place in shown(shares[:count], images=images[:count], page=page)]
        assert seen == list(range(count))
        text = render_html(card(shares[:count], images=images[:count], page=2))
        assert "page 2 of 3, page=3 shows the next" in text
        with pytest.raises(OptionError, match=r"^page 4 of 3 pages: there are no more examples$"):
            card(shares[:count], images=images[:count], page=4)

    def test_where_none_is_wrong_a_sentence_stands(self, digits):
        images, _truth, shares = digits
        document = card(shares[:5], images=images[:5], truth=shares[:5].argmax(1), where="wrong")
        assert Note((Span("no example is wrong", "strong"),)) in document.blocks
        assert "no example is wrong" in render_text(document)

    def test_only_the_images_of_the_page_are_read(self, digits):
        """A hundred gigabytes of images: reading more than a page of them could not pass."""
        _, _, shares = digits
        images = np.broadcast_to(np.float32(0.5), (len(shares), 3000, 3000, 3))
        assert len(tiles(shares, images=images[:, ::100, ::100])) == PAGE


class TestNumbers:
    def test_right_wrong_and_both_confidences(self, digits):
        images, truth, shares = digits
        tops = shares.argmax(1)
        wrong = np.flatnonzero(tops != truth)
        line = numbers(card(shares, images=images, truth=truth))
        assert f"right {len(tops) - len(wrong):,}".replace(",", " ") in line
        assert f"wrong #{wrong[0]}, #{wrong[1]}" in line
        sure = shares.max(1)
        assert f"{sure[tops == truth].mean() * 100:.1f} % when right" in line
        assert f"{sure[tops != truth].mean() * 100:.1f} % when wrong" in line

    def test_the_terminal_lists_what_the_tiles_say(self, digits):
        images, truth, shares = digits
        text = render_text(card(shares, images=images, truth=truth, where="wrong", labels=NAMES))
        first = int(np.flatnonzero(shares.argmax(1) != truth)[0])
        pattern = rf"#{first} +✗ +{NAMES[shares[first].argmax()]} +\S+ % +truth {NAMES[truth[first]]}"
        assert re.search(pattern, text)

    def test_of_many_a_terminal_lists_the_wrong_ones_and_how_many_more_there_are(self, digits):
        images, truth, shares = digits
        wrong = np.flatnonzero(shares.argmax(1) != truth)[:2]
        right = np.flatnonzero(shares.argmax(1) == truth)[:10]
        few = np.concatenate([right, wrong])
        lines = render_text(card(shares[few], images=images[few], truth=truth[few])).splitlines()
        listed = [line.split()[0] for line in lines if line.lstrip().startswith("#")]
        assert listed == ["#0", "#1", "#2", "#3", "#4", "#10", "#11"]
        assert lines[-1].split() == ["⋮", "5", "more"]
        assert [line.split()[0] for line in lines if " ✗ " in line] == ["#10", "#11"]

    def test_it_lists_those_of_all_pages_and_of_a_later_page_the_rest(self, digits):
        images, truth, shares = digits
        wrong = np.flatnonzero(shares.argmax(1) != truth)[:2]
        right = np.flatnonzero(shares.argmax(1) == truth)[: PAGE + 20]
        few = np.concatenate([right, wrong])
        given = {"images": images[few], "truth": truth[few]}
        lines = render_text(card(shares[few], **given)).splitlines()
        assert [line.split()[0] for line in lines if " ✗ " in line] == [f"#{PAGE + 20}", f"#{PAGE + 21}"]
        assert lines[-1].split() == ["⋮", str(len(few) - 7), "more"]
        later = render_text(card(shares[few], page=2, **given)).splitlines()
        assert later[-1].split() == ["⋮", str(len(few) - PAGE - 7), "more"]


class TestImages:
    @pytest.mark.parametrize("form", ["uint8", "unit", "both signs", "standardised", "channels first", "one channel"])
    def test_photos_in_every_form(self, form):
        photos = np.stack(load_sample_images().images)
        given = {
            "uint8": photos,
            "unit": (photos / 255).astype(np.float32),
            "both signs": (photos / 127.5 - 1).astype(np.float32),
            "standardised": ((photos - photos.mean()) / photos.std()).astype(np.float32),
            "channels first": np.moveaxis(photos, -1, 1),
            "one channel": photos[..., :1],
        }[form]
        drawn = tiles(np.float32([[0.9, 0.1], [0.2, 0.8]]), images=given)
        assert [tile.picture.mime for tile in drawn] == ["image/jpeg"] * 2
        first = np.asarray(Image.open(io.BytesIO(drawn[0].picture.data)).convert("L")).astype(float)
        grey = photos[0].mean(axis=-1) if form != "one channel" else photos[0, ..., 0]
        small = Image.fromarray(grey.astype(np.uint8)).resize(first.shape[::-1], resample=Image.Resampling.BOX)
        assert np.corrcoef(first.ravel(), np.asarray(small).ravel())[0, 1] > 0.95

    @pytest.mark.parametrize("form", ["floats", "flattened", "channels first"])
    def test_all_pages_are_scaled_alike(self, digits, form):
        images = digits[0][:80] * np.float32(3)
        images[:PAGE] /= 4  # the first page is darker than the rest
        shares = digits[2][:80]
        given = {"floats": images, "flattened": images.reshape(80, 64), "channels first": images[:, None]}[form]
        white = images.max()
        for page in (1, 2):
            note = PLOTS["gallery"].note(summarize(shares), options(images=given, page=page))
            assert f"0 → black, {white:.4g} → white" in note
        pixels = np.asarray(Image.open(io.BytesIO(tiles(shares, images=given)[0].picture.data)).convert("L"))
        assert pixels.max() == np.rint(images[0].max() / white * 255)

    def test_of_many_large_ones_rows_and_columns_are_read_evenly(self):
        ramp = np.linspace(0, 255, 4000).astype(np.uint8)
        given = np.broadcast_to(ramp[None, None, :, None], (30, 3000, 4000, 3))
        shares = np.tile(np.float32([[0.9, 0.1]]), (30, 1))
        note = PLOTS["gallery"].note(summarize(shares), options(images=given))
        assert "thumbnails 1 %; 1 of 6 rows and columns read" in note
        tile = tiles(shares, images=given)[7]
        decoded = np.asarray(Image.open(io.BytesIO(tile.picture.data)).convert("L")).astype(int)
        assert np.abs(decoded - np.linspace(0, 255, decoded.shape[1])).max() <= 8

    def test_flattened_ones_are_squared(self, digits):
        images, _, shares = digits
        flat, square = (tiles(shares[:9], images=form) for form in (images[:9].reshape(9, 64), images[:9]))
        assert [tile.picture.data for tile in flat] == [tile.picture.data for tile in square]

    def test_tensors_lists_and_variables_are_images_too(self, tf, digits):
        images, _, shares = digits
        expected = [tile.picture.data for tile in tiles(shares[:9], images=images[:9])]
        for given in (
            tf.constant(images[:9]),
            tf.Variable(images[:9]),
            list(images[:9]),
            [tf.constant(i) for i in images[:9]],
            [*map(tf.constant, images[:8]), images[8].astype(np.float64)],
        ):
            assert [tile.picture.data for tile in tiles(tf.constant(shares[:9]), images=given)] == expected

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            ("x", "images, str, are no images"),
            ([None, None], "images, list of 2, hold None at 0"),
            ((np.zeros((8, 8)), None), "images, tuple of 2, hold None at 1"),
            ([np.zeros((8, 8)), np.zeros((9, 9))], "images, list of 2, have different shapes, (8, 8) and (9, 9)"),
            ([[[1.0, 2.0], [3.0]], [[1.0, 2.0], [3.0, 4.0]]], "images, list of 2, are no images"),
            ({"a": np.zeros((2, 8, 8))}, "images, dict, are no images"),
            (5, "images, int, are no images"),
            (object(), "images, object, are no images"),
        ],
        ids=str,
    )
    def test_what_is_no_array_is_refused_as_images(self, digits, images, message):
        shares = digits[2][:2]
        with pytest.raises(OptionError) as refused:
            card(shares, images=images)
        needed = "give [N, height, width] or [N, height, width, channels]"
        assert str(refused.value) == f"{message}: {needed}"
        # In a notebook the card of the predictions stands, with that sentence.
        text = mimebundle(shares, options(images=images))["text/plain"]
        assert "⚠ images, " in text
        assert "class probabilities" in text
        assert "no card" not in text

    def test_a_dataset_is_refused_as_images(self, tf, digits):
        dataset = tf.data.Dataset.from_tensor_slices(digits[0][:2])
        with pytest.raises(OptionError, match=r"^images, _TensorSliceDataset, are no images: give \[N, height"):
            card(digits[2][:2], images=dataset)
        assert "⚠ images, " in mimebundle(digits[2][:2], options(images=dataset))["text/plain"]

    def test_lists_of_numbers_are_images(self, digits):
        images, _, shares = digits
        drawn = [tile.picture.data for tile in tiles(shares[:9], images=images[:9].astype(float))]
        assert [tile.picture.data for tile in tiles(shares[:9], images=images[:9].tolist())] == drawn

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            (
                np.zeros((7, 8, 8)),
                r"images \(7, 8, 8\) float64: 7 images for 12 predictions; give one image a prediction",
            ),
            (np.zeros((12, 5, 6, 2)), r"images \(12, 5, 6, 2\) are no images: the last axis has to be 1, 3 or 4"),
            (np.zeros((12, 63)), r"images \(12, 63\): 63 values are no square image"),
            (np.zeros(12), r"images \(12,\) float64 are no images"),
            (np.array(["a"] * 12), r"images \(12,\) str"),
        ],
        ids=["too few", "two channels", "no square", "a vector", "strings"],
    )
    def test_what_is_no_image_is_one_sentence(self, digits, images, message):
        with pytest.raises(OptionError, match=f"^{message}") as refused:
            card(digits[2][:12], images=images)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"where": "wrong"}, "where='wrong' needs the true classes: truth=y"),
            ({"sort": "error"}, "sort='error' needs the true classes: truth=y"),
            ({"where": "most"}, "where is one of all, right, wrong, not 'most'"),
            ({"sort": "size"}, "sort is one of index, confidence, error, not 'size'"),
            ({"page": 0}, "page is a whole number from 1 on, not 0"),
        ],
        ids=str,
    )
    def test_an_option_that_lacks_what_it_needs(self, digits, given, message):
        images, _, shares = digits
        with pytest.raises(OptionError) as refused:
            card(shares[:12], images=images[:12], **given)
        assert str(refused.value) == message

    def test_the_plot_by_name_needs_images(self, digits):
        with pytest.raises(OptionError, match="plot gallery needs the images"):
            card(digits[2][:12], plot="gallery")

    def test_confidence_of_classes_is_not_known(self, digits):
        images, _, shares = digits
        with pytest.raises(OptionError, match="sort='confidence' needs probabilities"):
            card(shares[:30].argmax(1), images=images[:30], sort="confidence")


class TestOnAxes:
    def test_a_panel_an_image_with_its_title(self, digits):
        images, truth, shares = digits
        axes = tfnp_ext.plot(shares[:24], images=images[:24], truth=truth[:24], labels=NAMES)
        assert axes.shape == (3, 9)
        for place, panel in enumerate(axes.ravel()[:24]):
            top = int(shares[place].argmax())
            title = panel.get_title()
            assert NAMES[top] in title
            assert ("✗" in title) == (top != truth[place])
            np.testing.assert_array_equal(panel.images[0].get_array()[..., 0], np.rint(images[place] * 255))
        assert not any(panel.images for panel in axes.ravel()[24:])

    @pytest.mark.parametrize("where", ["right", "wrong"])
    def test_none_left_is_said(self, digits, where):
        images, _, shares = digits
        answers = shares[:9].argmax(1)
        (panel,) = tfnp_ext.plot(
            shares[:9], images=images[:9], truth=answers if where == "wrong" else (answers + 1) % 10, where=where
        )
        assert [text.get_text() for text in panel.texts] == [f"no example is {where}"]
        assert not panel.images

    def test_axes_of_the_user_s_are_refused(self, digits):
        from matplotlib.figure import Figure

        images, _, shares = digits
        with pytest.raises(OptionError, match=r"^plot gallery draws 27 panels: leave ax out"):
            tfnp_ext.plot(shares[:24], images=images[:24], ax=Figure().subplots())


def fold(predictions, **given):
    """Returns the words, the columns, the examples and the cells of what is folded below a gallery."""
    (found,) = (block for block in card(predictions, **given).blocks if isinstance(block, Fold))
    (table,) = found.blocks
    return found.summary, table.columns, [row.header for row in table.rows], [row.cells for row in table.rows]


class TestFold:
    @pytest.mark.parametrize(
        "asked", [{}, {"where": "wrong"}, {"sort": "error"}, {"sort": "confidence", "page": 2}, {"where": "right"}]
    )
    def test_it_holds_the_examples_pictured_and_no_others(self, digits, asked):
        images, truth, shares = digits
        given = {"images": images[:300], "truth": truth[:300], **asked}
        words, columns, headers, cells = fold(shares[:300], **given)
        places = shown(shares[:300], **given)
        assert headers == list(map(str, places))
        assert words == f"the {len(places)} examples pictured of 300 × 10 values"
        assert columns == (*map(str, range(10)), "top", "at", "truth")
        for place, row in zip(places, cells, strict=True):
            np.testing.assert_allclose(
                [float(cell.text.replace("<.001", "0")) for cell in row[:10]], shares[place], atol=1e-3
            )
            top = int(shares[place].argmax())
            assert (row[10].text, row[11].text) == (str(top), wording.percent(float(shares[place, top])))
            assert row[12].text == (str(top) if top == truth[place] else f"✗ {truth[place]}")

    def test_classes_alone_have_no_confidence(self, digits):
        images, truth, shares = digits
        tops = shares[:40].argmax(axis=1)
        words, columns, headers, cells = fold(tops, images=images[:40], truth=truth[:40])
        assert (words, columns, len(headers)) == ("the 36 examples pictured of 40 values", ("top", "truth"), 36)
        assert [row[0].text for row in cells] == list(map(str, tops[:36]))

    def test_without_truth_there_is_no_column_of_it(self, digits):
        images, _truth, shares = digits
        words, columns, _, _ = fold(shares[:24], images=images[:24])
        assert (words, columns[10:]) == ("24 × 10 values", ("top", "at"))

    def test_many_classes_are_elided_and_logits_are_numbers(self, digits):
        images = digits[0]
        scores = np.random.default_rng(0).normal(size=(8, 50)).astype(np.float32) * 9
        _, columns, _, cells = fold(scores, images=images[:8])
        assert columns == ("0", "1", "2", "3", "4", "5", "…", "48", "49", "top")
        kept = [0, 1, 2, 3, 4, 5, 48, 49]
        for row, values in zip(cells, scores, strict=True):
            told = [float(cell.text) for cell in row[:9] if cell.text != "…"]
            np.testing.assert_allclose(told, values[kept], atol=6e-3)
            assert row[9].text == str(values.argmax())


@pytest.mark.parametrize(("count", "line"), [(24, 12), (13, 7), (15, 8), (25, 9), (26, 9), (36, 12), (12, 12)])
def test_no_example_is_left_alone_in_the_last_line(digits, count, line):
    images, truth, shares = digits
    html = render_html(card(shares[:count], images=images[:count], truth=truth[:count]))
    room = int(re.search(r"max-width:(\d+)px;font-size:11px", html)[1])
    assert (room + 6) // 66 == line


class TestBytesAndSafety:
    def test_a_gallery_of_32_stays_below_60_kB(self, digits):
        images, truth, shares = digits
        noise = np.random.default_rng(0).integers(0, 256, (32, 96, 96, 3), np.uint8)
        for given in (images[:32], noise):
            document = card(shares[:32], images=given, truth=truth[:32], labels=NAMES)
            assert len(render_html(document)) + len(render_text(document)) <= 60_000

    def test_twelve_short_answers_stand_in_a_line_and_eight_names(self, digits):
        images, truth, shares = digits
        wrong = (truth + 1) % 10
        for labels, width, columns in ((None, 60, 12), (["automobiles etc", *"bcdefghij"], 91, 8)):
            html = render_html(card(shares[:36], images=images[:36], truth=wrong[:36], labels=labels, sort="error"))
            assert html.count(f"<div style=width:{width}px>") == 36
            room = int(re.search(r"max-width:(\d+)px;font-size:11px", html)[1])
            assert room == columns * width + (columns - 1) * 6 <= 796  # what JupyterLab has in a window of 1000
            # The bar is as wide as the image in its frame, whatever the tile.
            assert html.count("height:3px;width:60px") == 36

    def test_a_name_that_is_cut_is_told_in_full(self, digits):
        images, _truth, shares = digits
        names = ["automobiles of any sort", *"bcdefghij"]
        html = render_html(card(shares[:36], images=images[:36], truth=np.zeros(36, int), labels=names))
        assert (
            html.count('text-overflow:ellipsis" title="automobiles of any sort"') == 36
        )  # one an example: the answer, or the truth

    def test_labels_are_escaped(self, digits):
        images, truth, shares = digits
        evil = [f"<img src=x onerror=alert({index})>\"'" for index in range(10)]
        html = render_html(card(shares[:30], images=images[:30], truth=(truth[:30] + 1) % 10, labels=evil))
        assert "<img src=x" not in html
        assert len(list(parse(html).all("img"))) == html.count("<img ")

    def test_the_magic_takes_images_and_truth(self, ip, digits):
        images, truth, shares = digits
        ip.user_ns.update(p=shares[:24], x=images[:24], y=truth[:24])
        ip.run_cell("%load_ext tfnp_ext")
        result = ip.run_cell("%tonumpy p --images x --truth y --sort confidence").result
        assert result.shape == (24, 10)

    def test_suits_only_predictions(self):
        plot = PLOTS["gallery"]
        assert plot.suits(summarize(np.zeros((3, 4, 5)))) == 0
        assert plot.suits(summarize(np.float32([0.203, 0.797]))) == 0.3
