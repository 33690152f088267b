"""The same cards in every host: JupyterLab, Notebook 7, untrusted, exported, narrow, by keyboard, and never run.

One notebook of trees, folds, pictures and hostile names is executed once; all hosts show its stored outputs.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from test_formats import KEPT

from .card import hard_to_read, ink_of, photograph, pictures_of, words_of
from .conftest import unavailable
from .lab import untrusted_copy

SETUP = """\
%load_ext tfnp_ext
import collections, dataclasses
import tensorflow as tf
from IPython.display import HTML
from tfnp_ext import show
mark = '<img src=x onerror="tfnpHacked=1">'
quotes = ["'", '"', "it's", 'a "dog"', "'><script>tfnpHacked=1</script>", '" onload="tfnpHacked=1', "`", "&quot;"]
random = tf.random.stateless_normal"""

LOOKS = [
    "{'layers': {'kernel': random([30, 20], [1, 2]), 'bias': tf.zeros(20)}, 'of': [tf.eye(2), None]}",
    "random([40, 30], [3, 4])",
    "tf.nn.softmax(random([32, 10], [5, 6]) * 3)",
    "tf.sin(tf.range(400.0) / 20)",
    "tf.reshape(tf.range(54.0), (2, 3, 9))",
    "tf.random.stateless_uniform([16, 28, 28, 1], [7, 8])",
    "tf.constant(['a long sentence of the user, ' * 9] * 20)",
    "random([3, 16], [9, 9])",
    "tf.constant([1.5, float('nan'), -2.0, float('inf')])",
    "tf.nn.softmax(random([8, 12], [1, 3]) * 2)",
    "{'preds': tf.nn.softmax(random([1, 10], [2, 2])), 'eye': tf.eye(2), 'wide': random([3, 8], [4, 4]),\n"
    " 'words': tf.constant(['ab', 'cd']), 'empty': tf.zeros((0, 3)), 'none': None, 'text': 'words ' * 30,\n"
    " 'rows': tf.ragged.constant([[1, 2], [3]]), 'encoder': {'layer_0/attention/self/query/kernel':\n"
    " random([3, 3, 8, 8], [5, 5]), 'bias': tf.zeros(20), 'ids': tf.constant([1, 2, 3])}}",
]
"""Values whose cards fold, branch, draw and colour."""

HOSTILE = [
    "%tonumpy tf.nn.softmax(tf.range(8.0)) --labels quotes",
    "%tonumpy tf.nn.softmax(tf.range(9.0)) --labels [*quotes,mark]",
    "%tonumpy tf.nn.softmax(random([30,8],[1,1])) --labels quotes",
    "{word: tf.constant([word]) for word in (*quotes, mark)}",
    "{f'weights/{mark}.h5': tf.zeros((9, 9)), mark: {mark: [tf.constant(1), mark]}}",
    "tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(20, name=mark)], name=mark)",
    "tf.keras.Input((3,), name=mark)",
    "tf.Variable(tf.ones((9, 9)), name=mark)",
    "type(mark, (tf.experimental.ExtensionType,), {'__annotations__': {'values': tf.Tensor}})(tf.zeros((9, 9)))",
    "type(mark, (collections.namedtuple('Pair', 'x y'),), {'_fields': (mark, 'y')})(tf.constant(1), tf.constant(2))",
    "record = type(mark, (), {'__annotations__': {mark: object}})()\n"
    "dataclasses.dataclass(init=False, repr=False, eq=False)(type(record))\n"
    "setattr(record, mark, tf.constant(1))\n"
    "show(record)",
    "type(mark, (dict,), {})(x=tf.constant(1))",
    "tf.data.Dataset.from_tensor_slices({mark: [1, 2]})",
    "tf.train.Example(features=tf.train.Features(feature={mark: tf.train.Feature(float_list=\n"
    "    tf.train.FloatList(value=[1.0]))}))",
]
"""Values whose names, keys and labels are markup."""

CONTROL = "HTML(mark.replace('tfnpHacked', 'tfnpControl'))"
"""The same markup as HTML: the proof that a host would have run what is not escaped."""

CELLS = [SETUP, *LOOKS, *HOSTILE, CONTROL]

WINDOW = {"width": 1000, "height": 900}

_STRANGERS = """(card, kept) => [card, ...card.querySelectorAll('*')]
    .filter(node => !(node.localName in kept)
        || node.getAttributeNames().some(name => !kept[node.localName].includes(name)))
    .map(node => node.outerHTML.slice(0, 200))"""

_OVERHANG = """card => {
    const room = card.parentElement.getBoundingClientRect().right + 0.5;
    const scrolls = node => node !== card && (/auto|scroll/.test(getComputedStyle(node).overflowX)
        || scrolls(node.parentElement));
    return [card, ...card.querySelectorAll('*')]
        .filter(node => node.getBoundingClientRect().right > room && !scrolls(node))
        .map(node => `${node.localName} ${node.textContent.slice(0, 40)}`);
}"""
"""What reaches over the room that a host gives and stands in no box of the card's own that scrolls."""

_SCROLLED = """card => [card, ...card.querySelectorAll('*')]
    .filter(node => node.scrollWidth > node.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(node).overflowX)
        && !node.querySelector(':scope > table, :scope > img'))
    .map(node => node.textContent.slice(0, 40))"""
"""The boxes of a card that are scrolled sideways, but for those of one table or one picture."""

_LINES = """card => [...card.querySelectorAll('[style*="flex-basis"]:first-child')].map(name => {
    const line = name.parentElement, values = line.children[3], size = values?.querySelector('[style*="float"]');
    const box = node => node && (({left, top, right, height}) => ({left, top, right, height}))(
        node.getBoundingClientRect());
    return {name: box(name), line: box(line), values: box(values), size: box(size), text: line.textContent};
}).filter(line => line.values && line.line.height)"""
"""Where the parts of each leaf that holds a tensor stand."""

_ROWS = """table => [...table.querySelectorAll('tr')].map(row => {
    const {top, right, height} = row.getBoundingClientRect();
    return {top, right, height};
})"""

_PAGE_OVERFLOWS = """() => [document.scrollingElement, ...document.querySelectorAll('.jp-Notebook, .jp-Cell')]
    .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => `${node.localName}.${node.className}`)"""


@pytest.fixture(scope="module")
def hosts(lab, open_notebook):
    """The notebook, run and saved in JupyterLab."""
    notebook = open_notebook(lab.write("hosts.ipynb", CELLS))
    notebook.run_all()
    notebook.save()
    return notebook


@pytest.fixture(scope="module")
def seven(hosts, open_notebook):
    """The same file in Notebook 7, which JupyterLab's server serves too where it is installed."""
    if importlib.util.find_spec("notebook") is None:
        unavailable("Notebook 7 is not installed: pip install 'notebook>=7'")
    return open_notebook(hosts.name, host="notebook")


@pytest.fixture(scope="module")
def untrusted(lab, hosts, open_notebook):
    """The same outputs as they come from someone else, in JupyterLab."""
    untrusted_copy(lab.root / hosts.name, lab.root / "hosts-untrusted.ipynb", "<b class=mark>the mark</b>")
    return open_notebook("hosts-untrusted.ipynb")


@pytest.fixture(scope="module")
def exported(lab, hosts, browser) -> Iterator[dict]:
    """The notebook as ``jupyter nbconvert --to html`` writes it, with and without ``--sanitize-html``, as pages."""
    as_text = "--NbConvertBase.display_data_priority=['image/png', 'text/plain']"
    ways = {"plain": (), "sanitized": ("--sanitize-html",), "text": ("--sanitize-html", as_text)}
    started = {
        way: subprocess.Popen(
            [sys.executable, "-m", "nbconvert", "--to", "html", f"--output={way}", *options, hosts.name],
            cwd=lab.root, env=lab.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for way, options in ways.items()
    }  # fmt: skip
    context = browser.new_context(viewport=WINDOW, device_scale_factor=2)
    context.route("http*://**", lambda route: route.abort())  # MathJax and the like, from other servers
    pages = {}
    for way, process in started.items():
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
        pages[way] = context.new_page()
        pages[way].goto((lab.root / f"{way}.html").as_uri())
    yield pages
    context.close()


@pytest.fixture(params=["hosts", "untrusted"])
def narrow(request):
    """A notebook in a window of 400 px, which is afterwards as wide as it was."""
    notebook = request.getfixturevalue(request.param)
    before = notebook.page.viewport_size
    notebook.page.set_viewport_size({"width": 400, "height": 800})
    yield notebook
    notebook.page.set_viewport_size(before)


def card_of(notebook, cell: str):
    """Returns the card below a cell."""
    return notebook.output(CELLS.index(cell)).locator(".tfnp").first


def cards(page) -> list:
    """Returns all cards of a page."""
    return page.locator(".tfnp").all()


def close(text: str) -> str:
    """Returns text without white space."""
    return "".join(text.split())


def unfold(card) -> None:
    card.evaluate("card => card.querySelectorAll('details').forEach(fold => { fold.open = true; })")


def test_every_cell_shows_one_card(hosts):
    assert hosts.errors == []
    for cell in (*LOOKS, *HOSTILE):
        assert hosts.output(CELLS.index(cell)).locator(".tfnp").count() == 1, cell


@pytest.mark.parametrize("host", ["hosts", "seven"])
def test_the_theme_changes_under_open_cards(host, request, artifacts):
    """No cell runs anew and no card is drawn anew: the very same elements take the other theme's ink."""
    notebook = request.getfixturevalue(host)
    ink = "card => getComputedStyle(card).color"
    inks = [cards(notebook.page)[0].evaluate(ink)]
    assert ink_of(cards(notebook.page)[0]), "there is no text"
    for card in cards(notebook.page):
        card.evaluate("card => { card.theSame = true; }")
    for theme in ("dark", "light"):
        notebook.set_theme(theme)
        shown = cards(notebook.page)
        assert len(shown) == len(LOOKS) + len(HOSTILE)
        for card in shown:
            assert card.evaluate("card => card.theSame"), "drawn anew"
            assert hard_to_read(card) == []
        inks.append(shown[0].evaluate(ink))
        photograph(card_of(notebook, LOOKS[0]), artifacts / f"tree-{host}-{theme}.png")
    assert inks[0] == inks[2] != inks[1]


def test_notebook_7_shows_what_jupyterlab_shows(hosts, seven):
    assert seven.page.locator("body").get_attribute("data-notebook") == "notebooks", "this is not Notebook 7"
    for cell in (*LOOKS, *HOSTILE):
        assert words_of(card_of(seven, cell)) == words_of(card_of(hosts, cell))
        assert pictures_of(card_of(seven, cell)) == pictures_of(card_of(hosts, cell))


def test_an_untrusted_notebook_keeps_trees_folds_and_pictures(hosts, untrusted, artifacts):
    assert not untrusted.trusted
    for cell in (*LOOKS, *HOSTILE):
        card, original = card_of(untrusted, cell), card_of(hosts, cell)
        assert words_of(card) == words_of(original)
        assert pictures_of(card) == pictures_of(original)
        assert all(picture.width > 0 for picture in pictures_of(card))
        for tag in ("details", "summary", "table", "th", "td"):
            assert card.locator(tag).count() == original.locator(tag).count(), tag
        assert hard_to_read(card) == []
    photograph(card_of(untrusted, LOOKS[0]), artifacts / "tree-untrusted.png")


@pytest.mark.parametrize("cell", LOOKS)
def test_nothing_hangs_over_a_narrow_window(narrow, cell, artifacts):
    card = card_of(narrow, cell)
    unfold(card)
    photograph(card, artifacts / f"narrow-{narrow.name.removesuffix('.ipynb')}-{CELLS.index(cell)}.png")
    assert narrow.page.evaluate(_PAGE_OVERFLOWS) == []
    assert card.evaluate(_OVERHANG) == []


def test_no_exported_page_is_wider_than_a_narrow_window(exported):
    page = exported["plain"]
    page.set_viewport_size({"width": 400, "height": 800})
    for card in cards(page):
        unfold(card)
        assert card.evaluate(_OVERHANG) == []
    overflow = page.evaluate(_PAGE_OVERFLOWS)
    page.set_viewport_size(WINDOW)
    assert overflow == []


@pytest.mark.parametrize("cell", [LOOKS[1], LOOKS[2], LOOKS[3]])
def test_a_picture_shrinks_with_the_window_while_its_words_can_be_read(exported, cell):
    page = exported["plain"]
    picture = page.locator(".tfnp").nth(CELLS.index(cell) - 1).locator("img").last
    wide = picture.bounding_box()
    page.set_viewport_size({"width": 400, "height": 800})
    small = picture.bounding_box()
    scrolls = picture.evaluate("picture => picture.parentElement.scrollWidth > picture.parentElement.clientWidth")
    page.set_viewport_size(WINDOW)
    assert small["width"] < wide["width"] or wide["width"] < 400
    assert small["width"] / small["height"] == pytest.approx(wide["width"] / wide["height"], rel=0.03)
    if wide["width"] > 400:
        assert small["width"] >= 0.74 * wide["width"]
    assert scrolls == (small["x"] + small["width"] > 400)


@pytest.mark.parametrize("cell", LOOKS)
def test_only_tables_and_pictures_are_scrolled_in_a_narrow_window(narrow, cell):
    card = card_of(narrow, cell)
    unfold(card)
    assert card.evaluate(_SCROLLED) == []


def test_the_answers_of_a_wide_table_stand_in_a_narrow_window(narrow, artifacts):
    card = card_of(narrow, LOOKS[9])
    photograph(card, artifacts / f"answers-{narrow.name.removesuffix('.ipynb')}.png")
    room = card.bounding_box()
    numbers, answers = card.locator("table").all()
    assert answers.text_content().count("%") == 8
    seen = answers.bounding_box()
    assert room["x"] < seen["x"] < seen["x"] + seen["width"] <= room["x"] + room["width"] + 0.5
    assert numbers.evaluate("table => table.parentElement.scrollWidth > table.parentElement.clientWidth")
    for left, right in zip(numbers.evaluate(_ROWS), answers.evaluate(_ROWS), strict=True):
        assert left["top"] == pytest.approx(right["top"], abs=0.6)
        assert left["height"] == pytest.approx(right["height"], abs=0.6)


@pytest.mark.parametrize("cell", [LOOKS[0], LOOKS[10]])
def test_a_leaf_goes_on_below_its_name_in_a_narrow_window(narrow, cell):
    card = card_of(narrow, cell)
    unfold(card)
    lines = card.evaluate(_LINES)
    assert len(lines) > 2
    room = card.bounding_box()
    for line in lines:
        assert line["line"]["right"] <= room["x"] + room["width"] + 0.5, line["text"]
        assert line["values"]["right"] <= line["line"]["right"] + 0.5, line["text"]
        if line["values"]["top"] > line["name"]["top"] + 9:
            assert line["values"]["left"] == pytest.approx(line["line"]["left"] + 12, abs=0.6), line["text"]
    ends = [line["size"]["right"] for line in lines]
    assert max(ends) - min(ends) <= 1, "the bytes stand in no column"


@pytest.mark.parametrize("host", ["hosts", "seven", "untrusted"])
def test_a_leaf_is_one_line_where_there_is_room_and_bytes_stand_in_a_column(host, request):
    notebook = request.getfixturevalue(host)
    for cell in (LOOKS[0], LOOKS[10]):
        card = card_of(notebook, cell)
        unfold(card)
        lines = card.evaluate(_LINES)
        assert len(lines) > 2
        for line in lines:
            assert line["values"]["top"] == pytest.approx(line["name"]["top"], abs=0.6), line["text"]
        ends = [line["size"]["right"] for line in lines]
        assert max(ends) - min(ends) <= 1, "the bytes stand in no column"
        room = card.bounding_box()
        assert max(ends) < room["x"] + room["width"] - 20, "they stand at the end of the page, far from the values"


@pytest.mark.parametrize("host", ["hosts", "untrusted"])
def test_the_triangle_of_a_leaf_folds_it_too(host, request):
    card = card_of(request.getfixturevalue(host), LOOKS[10])
    fold = card.locator("details").filter(has_text="query/kernel").last
    fold.evaluate("fold => { fold.open = true; fold.firstElementChild.scrollIntoView({block: 'center'}); }")
    corner = fold.locator("summary").first.bounding_box()
    card.page.mouse.click(corner["x"] - 9, corner["y"] + 9)
    assert not fold.evaluate("fold => fold.open")


def test_the_name_of_a_slice_stands_above_its_indices(hosts):
    tables = card_of(hosts, LOOKS[4]).locator("table").all()
    assert len(tables) == 2
    for number, table in enumerate(tables):
        name = table.get_by_text(f"[{number}]", exact=True).bounding_box()
        index = table.locator("thead th").first.bounding_box()
        assert name["y"] + name["height"] <= index["y"] + 1


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_fold_opens_by_keyboard(exported, key):
    page = exported["plain"]
    page.evaluate("() => document.querySelectorAll('.tfnp details').forEach(fold => { fold.open = false; })")
    assert page.evaluate("() => document.querySelectorAll('.tfnp summary').length") > 5
    summaries = page.locator(".tfnp").first.locator("summary:visible")
    page.mouse.click(1, 1)
    reached = "() => document.activeElement.matches('.tfnp summary')"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(reached):
            break
    assert page.evaluate(reached)
    assert summaries.first.evaluate("summary => summary === document.activeElement"), "not in the order of the page"
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "the focus cannot be seen"
    page.keyboard.press(key)
    assert summaries.first.evaluate("summary => summary.parentElement.open")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.matches('.tfnp details[open] summary')")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press(key)
    assert not summaries.first.evaluate("summary => summary.parentElement.open")


@pytest.mark.parametrize("host", ["hosts", "seven", "untrusted"])
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_fold_opens_by_keyboard_in_a_notebook(host, key, request):
    notebook = request.getfixturevalue(host)
    card = card_of(notebook, LOOKS[1])
    card.evaluate("card => { card.querySelector('details').open = false; }")
    card.locator("> div").first.click(position={"x": 2, "y": 2})
    for _ in range(4):
        notebook.page.keyboard.press("Tab")
        if card.evaluate("card => card.querySelector('summary') === document.activeElement"):
            break
    assert card.evaluate("card => card.querySelector('summary') === document.activeElement")
    notebook.page.keyboard.press(key)
    assert card.evaluate("card => card.querySelector('details').open")
    notebook.page.keyboard.press(key)
    assert not card.evaluate("card => card.querySelector('details').open")


def test_an_exported_page_shows_the_same_cards(hosts, exported, artifacts):
    shown = cards(exported["plain"])
    assert len(shown) == len(LOOKS) + len(HOSTILE)
    for cell, card in zip((*LOOKS, *HOSTILE), shown, strict=True):
        assert words_of(card) == words_of(card_of(hosts, cell))
        assert pictures_of(card) == pictures_of(card_of(hosts, cell))
        assert hard_to_read(card) == []
    photograph(shown[0], artifacts / "tree-nbconvert.png")


def test_a_sanitized_page_keeps_headlines_values_and_alt_text(hosts, exported, artifacts):
    """nbconvert's sanitizer writes ``details``, ``img`` and ``bdi`` out as text: what they say is still there."""
    page = exported["sanitized"]
    shown = cards(page)
    assert len(shown) == len(LOOKS) + len(HOSTILE)
    for cell, card in zip((*LOOKS, *HOSTILE), shown, strict=True):
        original = card_of(hosts, cell)
        said = close(re.sub(r"</?bdi[^>]*>", "", words_of(card)))
        assert close(words_of(original.locator("> div").first)) in said, cell
        for value in original.locator("td").all_text_contents():
            assert close(value) in said
        for picture in pictures_of(original):
            assert close(picture.alt.partition("'")[0]) in said
    assert page.locator(".tfnp script, .tfnp style, .tfnp [style*='url']").count() == 0
    page.screenshot(path=artifacts / "nbconvert-sanitized.png")


def test_a_sanitized_page_has_the_cards_as_text_where_that_is_asked_for(exported, artifacts):
    """As README says; without it, a small table without indices is whole all the same."""
    page = exported["text"]
    shown = page.locator(".jp-OutputArea-output pre").all_text_contents()
    cards_of_text = [text for text in shown if re.match("(Tensor|Variable|dict|list|RaggedTensor|Dataset) ", text)]
    assert len(cards_of_text) >= len(LOOKS) // 2
    assert not any(re.search("<(div class|/?details|/?table|/?td)", text) for text in cards_of_text)
    page.screenshot(path=artifacts / "nbconvert-text.png")


@pytest.mark.parametrize("cell", HOSTILE)
def test_a_hostile_name_adds_no_element(hosts, cell):
    card = card_of(hosts, cell)
    assert (
        "onload" in words_of(card)
        or "onerror" in words_of(card)
        or any("onload" in picture.alt for picture in pictures_of(card))
    )
    assert card.evaluate(_STRANGERS, {tag: sorted(attributes) for tag, attributes in KEPT.items()}) == []


@pytest.mark.parametrize("host", ["hosts", "seven", "untrusted", "plain", "sanitized"])
def test_nothing_was_executed(host, request):
    """Checked last, after every fold was opened; hovering over titles and pictures included."""
    shown = request.getfixturevalue("exported" if host in {"plain", "sanitized"} else host)
    page = shown[host] if isinstance(shown, dict) else shown.page
    page.bring_to_front()
    if host in {"hosts", "seven", "plain"}:
        page.wait_for_function("() => window.tfnpControl === 1", timeout=30_000)
    else:
        assert page.evaluate("() => window.tfnpControl") is None
    for card in cards(page):
        unfold(card)
    for titled in page.locator(".tfnp [title]").all()[:3]:
        titled.hover()
    assert page.evaluate("() => window.tfnpHacked") is None
