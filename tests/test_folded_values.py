"""What a fold holds: the part that is drawn, numbers that keep their columns, and the same digits in every format."""

from __future__ import annotations

import re

import ml_dtypes
import numpy as np
import pytest

from tfnp_ext import TensorDisplay
from tfnp_ext.adapters.devices import DeviceArray
from tfnp_ext.display import compose
from tfnp_ext.display.large_values import first_matrix
from tfnp_ext.document import Document, Fold, Table
from tfnp_ext.formats import render_html, render_text


def card_of(value: object, **options: object) -> Document:
    return compose(value, TensorDisplay().options(**options))


def fold_of(document: Document) -> Fold:
    (fold,) = (block for block in document.blocks if isinstance(block, Fold))
    return fold


def texts_of(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


class TestTheFirstFilter:
    @pytest.mark.parametrize(("shape", "words", "first"), [
        ((3, 3, 1, 16), "[:, :, 0, 0] of 144 values", np.s_[:, :, 0, 0]),
        ((5, 5, 8, 16), "[:, :, 0, 0] of 3 200 values", np.s_[:, :, 0, 0]),
        ((5, 16, 32), "[:, 0, 0] of 2 560 values", np.s_[None, :, 0, 0]),
        ((1, 1, 6, 12), "[0, 0, :, :] of 72 values", np.s_[0, 0]),
    ])  # fmt: skip
    def test_is_what_stands_in_the_fold_of_a_kernel(self, tf, shape, words, first):
        array = normal(*shape)
        document = card_of(tf.Variable(array, name="conv/kernel"), plots=False)
        assert fold_of(document).summary == words
        (table,) = fold_of(document).blocks
        assert np.array(texts_of(table), float) == pytest.approx(array[first], abs=6e-4)
        assert words.partition(" of")[0] in render_text(document).splitlines()

    def test_is_cut_where_it_is_large(self, tf):
        document = card_of(tf.Variable(normal(11, 11, 3, 8), name="conv/kernel"), plots=False, max_rows=8)
        assert fold_of(document).summary == "first and last rows of [:, :, 0, 0] of 2 904 values"


class TestTheSliceShown:
    """Noise, which is no picture: its slice has the two sides that a picture would have."""

    @pytest.mark.parametrize(("shape", "words", "first"), [
        ((1, 20, 20, 1), "[0, :, :, 0]", np.s_[0, :, :, 0]),
        ((16, 20, 20, 3), "[0, :, :, 0]", np.s_[0, :, :, 0]),
        ((2, 30, 20, 1, 2), "[0, :, :, 0, 0]", np.s_[0, :, :, 0, 0]),
        ((2, 3, 20, 30, 4), "[0, 0, :, :, 0]", np.s_[0, 0, :, :, 0]),
        ((32, 10, 1), "[:, :, 0]", np.s_[:, :, 0]),
        ((32, 1, 10), "[:, 0, :]", np.s_[:, 0]),
        ((70, 1, 1), "[:, 0, :]", np.s_[:, 0]),
        ((4, 25, 1, 1), "[:, :, 0, 0]", np.s_[:, :, 0, 0]),
        ((1, 1, 90), "[0, :, :]", np.s_[0]),
        ((8, 20, 24, 16), "[0, 0, :, :]", np.s_[0, 0]),
        ((100, 50, 3), "[0, :, :]", np.s_[0]),
        ((100, 3, 4), "[0, :, :]", np.s_[0]),
        ((5, 4, 4, 4), "[0, 0, :, :]", np.s_[0, 0]),
    ], ids=str)  # fmt: skip
    def test_has_the_sides_of_a_picture(self, shape, words, first):
        array = normal(*shape)
        document = card_of(array, arrays=True, plots=False, max_rows=100, max_columns=100)
        assert words in fold_of(document).summary
        (table,) = fold_of(document).blocks
        assert np.array(texts_of(table), float) == pytest.approx(array[first], abs=6e-4)
        assert words in render_text(document)

    def test_of_values_on_another_device_is_a_view(self, tf):
        host = normal(3, 28, 28, 1)
        matrix, words = first_matrix(DeviceArray(tf.constant(host)), "other")
        assert isinstance(matrix, DeviceArray)
        assert words == "[0, :, :, 0]"
        assert np.array_equal(np.asarray(matrix), host[0, :, :, 0])


class TestTheSameDigits:
    @pytest.mark.parametrize("value", [
        normal(40, 40), normal(300) * 1e-3, normal(30, 30) * np.float32(1e6), np.fft.rfft(normal(300)),
        np.exp(1j * normal(20, 20)), np.abs(normal(16, 8, 8)), normal(50, 50).astype(ml_dtypes.bfloat16),
    ], ids=["matrix", "vector", "large", "spectrum", "complex", "images", "bfloat16"])  # fmt: skip
    def test_stand_in_terminals_and_pages(self, value):
        fold = fold_of(card_of(value))
        (table,) = fold.blocks
        first = fold.preview.rows[0].cells[0].text
        row = texts_of(table)[0]
        assert first == row[0] or (first.startswith(row[0]) and np.iscomplexobj(value))

    def test_a_few_of_a_wide_range_are_told_without_an_exponent_each(self):
        line = render_text(card_of(np.arange(20_000_000, dtype=np.float32), arrays=True)).splitlines()[-1]
        assert line == f"{'  '.join(map(str, range(21)))}  …  2e7"


class TestComplexNumbers:
    def test_of_a_vector_stand_in_columns(self):
        array = np.fft.rfft(normal(300))
        (table,) = fold_of(card_of(array)).blocks
        assert table.columns == ("real", "imag", "|z|", "phase")
        assert texts_of(table)[0][1] == "+0.00j"
        places = [int(row.header) for row in table.rows if row.header != "⋮"]
        read = np.array([[text.removesuffix("j") for text in row] for row in texts_of(table) if "⋮" not in row], float)
        for column, part in zip(read.T, (np.real, np.imag, np.abs, np.angle), strict=True):
            assert column == pytest.approx(part(array[places]), abs=6e-3)
        assert fold_of(card_of(array)).summary == "first and last of 151 values"

    def test_of_a_matrix_have_both_parts(self):
        array = np.exp(1j * normal(20, 20))
        array[0, :3] = 0, 1, 1j
        (table,) = fold_of(card_of(array)).blocks
        texts = [text for row in texts_of(table) for text in row if text not in {"…", "⋮"}]
        assert texts[:3] == ["0", "1.000+0.000j", "0.000+1.000j"]
        assert {len(part) for text in texts[1:] for part in re.findall(r"\.(\d+)", text)} == {3}

    @pytest.mark.parametrize(("spoilt", "words"), [
        (complex(-np.inf, 1), "40 not finite of 80"), (complex(np.nan, np.inf), "40 not finite of 80"),
        (complex(np.nan, 1), "40 NaN of 80"),
    ])  # fmt: skip
    def test_that_are_not_finite_are_told_as_what_they_are(self, tf, spoilt, words):
        array = np.array([spoilt, 2] * 40)
        text, html = render_text(card_of(array)), render_html(card_of(array))
        assert f"⚠ {words}" in text
        assert "+Inf" not in text
        assert html.count("color:#d03a94") > 5
        assert words.rpartition(" of")[0] in render_text(card_of({"z": tf.constant(array)}))

    @pytest.mark.parametrize("spoilt", [complex(np.nan, 1), complex(0, np.inf), complex(np.nan, np.inf)])
    def test_that_are_not_finite_are_marked_where_there_are_few(self, spoilt):
        assert "⚠" in render_text(card_of(np.array([spoilt, 1j])))
        html = render_html(card_of(np.array([[spoilt, 1j], [1, 2]])))
        assert html.count("color:#d03a94") == 2, "the sign and the value"
        assert "phase nan" not in html


class TestTruths:
    def test_are_marked_in_the_fold_as_in_an_open_table(self):
        array = np.random.default_rng(0).uniform(size=(30, 8, 8)) > 0.5
        (table,) = fold_of(card_of(array)).blocks
        for row, truths in zip(table.rows, array[0], strict=True):
            assert [cell.text for cell in row.cells] == list(map(str, truths.tolist()))
            assert [cell.tone for cell in row.cells] == ["plain" if truth else "secondary" for truth in truths]
            assert [cell.ground > 0 for cell in row.cells] == truths.tolist()
        assert "background:#3a7dc05f" in render_html(card_of(array))

    def test_that_are_masked_are_told(self):
        hidden = np.zeros((20, 20), bool)
        hidden[0, 1] = True
        (table,) = fold_of(card_of(np.ma.MaskedArray(np.ones((20, 20), bool), hidden), plots=False)).blocks
        assert [cell.text for cell in table.rows[0].cells[:3]] == ["True", "--", "True"]


class TestPixels:
    def test_have_columns_of_one_width(self):
        images = np.abs(np.sin(np.arange(16 * 64.0))).reshape(16, 8, 8).astype(np.float32)
        images[:, :, 0] = 0
        document = card_of(images)
        (table,) = fold_of(document).blocks
        assert {text for row in texts_of(table) for text in row if len(text) != 5} == {"0"}
        assert render_html(document).count("<th style=width:31px>") == 8

    def test_that_are_left_out_take_no_such_room(self):
        document = card_of(np.abs(np.sin(np.arange(4 * 40 * 40.0))).reshape(4, 40, 40).astype(np.float32))
        assert len(re.findall(r"<th style=width:\d+px>", render_html(document))) == 8
        assert re.search(r"\d  …  \d", render_text(document))


class TestNoNumberIsBroken:
    @pytest.mark.parametrize("array", [
        normal(20, 20) * np.float32(1e-9), normal(4, 4) * np.float32(1e-9), np.exp(1j * normal(20, 20)),
        np.exp(1j * normal(3, 4)), np.where(np.eye(20) > 0, np.nan, normal(20, 20) * 1e-9),
    ], ids=["fold", "open", "complex fold", "open complex", "with NaN"])  # fmt: skip
    def test_at_a_minus_inside_it(self, array):
        html = render_html(card_of(array, plots=False))
        broken = re.findall(r"<td([^>]*)>(-?[\d.]+(?:e|[\d.]+)-[^<]*)", html)
        assert broken
        assert all("white-space:nowrap" in attributes for attributes, _ in broken)

    def test_and_others_carry_no_style_for_it(self):
        assert "nowrap" not in render_html(card_of(normal(20, 20), plots=False)).partition("<tbody>")[2]
