"""The options of the display: what is accepted, what is refused, and how one call overrides the configuration."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from traitlets import TraitError
from traitlets.config import Config

from tfnp_ext import OptionError, TensorDisplay
from tfnp_ext.config import ClassNames, DisplayOptions, read_labels

DEFAULTS = {
    "plots": True, "arrays": False, "nested": True, "labels": None, "top": None, "precision": 3, "max_rows": None,
    "max_columns": None, "budget_ms": 150.0, "plot": "auto", "softmax": False, "labels_required": False,
    "images": None, "truth": None, "where": "all", "sort": "index", "page": 1,
}  # fmt: skip

OF_ONE_CALL = {"plot", "softmax", "labels_required", "images", "truth", "where", "sort", "page"}


@pytest.fixture
def config() -> TensorDisplay:
    return TensorDisplay()


def test_the_defaults(config):
    assert config.enabled is True
    assert {field.name: getattr(config.options(), field.name) for field in fields(DisplayOptions)} == DEFAULTS


def test_every_trait_is_documented_and_configurable():
    traits = TensorDisplay.class_own_traits(config=True)
    assert set(traits) == {"enabled", *DEFAULTS} - OF_ONE_CALL
    for name, trait in traits.items():
        assert len(trait.help) > 20, name


def test_options_are_read_at_call_time_and_frozen(config):
    before = config.options()
    config.precision = 5
    assert (before.precision, config.options().precision) == (3, 5)
    with pytest.raises(FrozenInstanceError):
        before.precision = 7


def test_ipython_config_py_reaches_the_options():
    config = TensorDisplay(config=Config({"TensorDisplay": {"top": 3, "budget_ms": 20.0, "labels": ["a", "b"]}}))
    assert (config.options().top, config.options().budget_ms, config.options().labels) == (3, 20.0, ["a", "b"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("top", 0), ("top", -1), ("top", "many"), ("precision", 0), ("precision", 18), ("max_rows", 1), ("max_columns", 1),
     ("budget_ms", -1.0), ("budget_ms", float("nan")), ("max_rows", 10**6), ("max_columns", 10**6),
     ("budget_ms", "soon"), ("plots", "yes"), ("enabled", 3), ("labels", 5),
     ("labels", {"a": "b"}), ("labels", {0.5: "half"}), ("labels", {-1: "x"}), ("precision", True),
     ("budget_ms", False), ("top", True)],
)  # fmt: skip
def test_a_bad_value_is_refused_at_assignment_and_the_former_stays(config, name, value):
    before = getattr(config, name)
    with pytest.raises(TraitError, match=name):
        setattr(config, name, value)
    assert getattr(config, name) == before


REFUSED = [
    ("top", 0, "top is a whole number from 1 on, or None, not 0"),
    ("precision", 99, "precision is a whole number from 1 to 17, not 99"),
    ("precision", 2.5, "precision is a whole number from 1 to 17, not 2.5"),
    ("precision", True, "precision is a whole number from 1 to 17, not True"),
    ("max_rows", "x", "max_rows is a whole number from 2 to 200, or None, not 'x'"),
    ("max_rows", np.eye(2), "max_rows is a whole number from 2 to 200, or None, not array([[1., 0.], [0., 1.]])"),
    ("max_columns", 101, "max_columns is a whole number from 2 to 100, or None, not 101"),
    ("plots", "yes", "plots is True or False, not 'yes'"),
    ("budget_ms", float("nan"), "budget_ms is a number from 0 to inf, not nan"),
    ("budget_ms", np.eye(2), "budget_ms is a number from 0 to inf, not array([[1., 0.], [0., 1.]])"),
    ("budget_ms", -1, "budget_ms is a number from 0 to inf, not -1"),
    ("labels", 5, "labels need a list, an array or a dict index → name, not int"),
    *(
        ("labels", {key: "x"}, "labels given as a dict need whole numbers from 0 on as keys, index → name, not " + word)
        for key, word in (("cat", "'cat'"), (0.5, "0.5"), (-1, "-1"), ("-1", "'-1'"), (np.inf, "inf"), (None, "None"))
    ),
]


@pytest.mark.parametrize(("name", "value", "said"), REFUSED)
def test_a_bad_value_is_refused_in_the_same_words_wherever_it_is_given(config, name, value, said):
    with pytest.raises(OptionError) as of_one_call:
        config.options(**{name: value})
    with pytest.raises(TraitError) as assigned:
        setattr(config, name, value)
    with pytest.raises(TraitError) as configured:
        config.update_config(Config({"TensorDisplay": {name: value}}))
    assert {str(refused.value) for refused in (of_one_call, assigned, configured)} == {said}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("page", 0, "page is a whole number from 1 on, not 0"),
        ("page", True, "page is a whole number from 1 on, not True"),
        ("softmax", "no", "softmax is True or False, not 'no'"),
        ("where", "left", "where is one of all, right, wrong, not 'left'"),
    ],
)
def test_a_bad_value_of_an_option_of_one_call_is_told_with_what_is_taken(config, name, value, said):
    with pytest.raises(OptionError) as refused:
        config.options(**{name: value})
    assert str(refused.value) == said


def test_the_help_of_every_option_states_what_it_takes():
    said = " ".join(TensorDisplay.class_get_help().split())
    bounds = dict.fromkeys(("enabled", "arrays", "nested", "plots"), "True or False")
    bounds |= {
        "labels": "a list, an array or a dict index → name, or None",
        "top": "a whole number from 1 on, or None",
        "precision": "a whole number from 1 to 17",
        "max_rows": "a whole number from 2 to 200, or None",
        "max_columns": "a whole number from 2 to 100, or None",
        "budget_ms": "a number from 0 to inf",
    }
    assert bounds.keys() == TensorDisplay.class_own_traits(config=True).keys()
    for name, taken in bounds.items():
        described = said.partition(f"--TensorDisplay.{name}=")[2].partition(" Default:")[0]
        assert described.endswith(f". Takes {taken}."), name


def test_the_ends_of_the_bounds_are_taken(config):
    for name, values in {"budget_ms": (0, float("inf")), "precision": (1, 17), "max_rows": (2, 200)}.items():
        for value in values:
            setattr(config, name, value)
            assert getattr(config, name) == value
            assert getattr(config.options(**{name: value}), name) == value


def test_an_iterator_of_labels_is_refused_in_words_and_what_was_configured_stays(config):
    config.labels = ["a"]
    with pytest.raises(TraitError, match=r"^labels need a list, an array or a dict index → name, not generator$"):
        config.update_config(Config({"TensorDisplay": {"labels": (name for name in "ab")}}))
    config.update_config(Config({"TensorDisplay": {"top": 3}}))
    assert (config.labels, config.top) == (["a"], 3)


def test_one_call_overrides_and_none_means_as_configured(config):
    config.top = 7
    assert config.options(top=2).top == 2
    assert config.options(top=None).top == 7
    assert config.options(plots=False).plots is False
    assert config.options(softmax=True, plot="bar").softmax is True
    assert config.top == 7


def test_an_unknown_option_is_refused_with_the_known_ones(config):
    with pytest.raises(OptionError, match=r"no option named 'colour'; there are .*labels.*precision"):
        config.options(colour="red")


class TestLabels:
    def test_lists_tuples_arrays_and_tensors_of_names(self, tf):
        for labels in (["cat", "dog"], ("cat", "dog"), np.array(["cat", "dog"]), np.array([b"cat", b"dog"], object),
                       tf.constant(["cat", "dog"])):  # fmt: skip
            assert read_labels(labels) == ("cat", "dog")
        assert read_labels(range(3)) == ("0", "1", "2")
        assert read_labels(None) is None

    def test_a_dict_of_index_to_name(self):
        assert read_labels({"0": "cat", 2: b"dog"}) == {0: "cat", 2: "dog"}
        assert read_labels({np.int64(1): "cat", 3.0: "dog"}) == {1: "cat", 3: "dog"}

    @pytest.mark.parametrize("labels", ["cat", b"cat", 5, object(), {"a", "b"}], ids=repr)
    def test_what_is_no_list_of_names_is_refused_by_type(self, labels):
        with pytest.raises(OptionError, match=type(labels).__name__):
            read_labels(labels)

    def test_several_names_a_class_are_refused(self, tf):
        names = np.array([list("abcde"), list("fghij")])
        for labels in (names, tf.constant(names)):
            with pytest.raises(OptionError, match=r"^labels \(2, 5\): give one name a class$"):
                read_labels(labels)
        with pytest.raises(OptionError, match=r"^labels hold a list at 0: give one name a class$"):
            read_labels(names.tolist())

    def test_names_of_classes_or_their_indices(self, config):
        assert config.options().class_names(3) == ("0", "1", "2")
        assert config.options(labels=["a", "b", "c"]).class_names(3) == ("a", "b", "c")
        assert config.options(labels={1: "b"}).class_names(3) == ("0", "b", "2")

    @pytest.mark.parametrize("labels", [None, list("abc") * 50, {1: "b"}, {1: ""}])
    def test_names_of_many_are_a_sequence_that_writes_only_what_is_asked_for(self, config, labels):
        names = config.options(labels=labels).class_names(150, str.upper)
        given = labels if isinstance(labels, dict) else dict(enumerate(labels or ()))
        whole = tuple(given.get(at, "").upper() or str(at) for at in range(150))
        assert isinstance(names, ClassNames)
        assert [names[at] for at in range(-150, 150)] == [whole[at] for at in range(-150, 150)]
        assert (tuple(names), names[:2], names[::-1], names[500:]) == (whole, whole[:2], whole[::-1], ())
        assert (len(names), names[np.int64(1)]) == (150, whole[1])
        with pytest.raises(IndexError):
            names[150]
        assert config.options().class_names(10**12)[-1] == "999999999999"

    @pytest.mark.parametrize("none", [None, "", " ", "\n", b""], ids=repr)
    def test_a_class_without_a_name_has_its_index(self, config, none):
        for labels in (["a", none, "c"], {0: "a", 1: none, 2: "c"}):
            assert config.options(labels=labels).class_names(3) == ("a", "1", "c")
        assert config.options(labels=["a", "x", "c"]).class_names(3, lambda name: name.strip("x")) == ("a", "1", "c")

    def test_configured_labels_are_used_only_where_they_fit(self, config):
        config.labels = ["a", "b"]
        assert config.options().class_names(2) == ("a", "b")
        assert config.options().class_names(3) == ("0", "1", "2")
        config.labels = {7: "x"}
        assert config.options().class_names(3) == ("0", "1", "2")
        assert config.options().class_names(8)[7] == "x"

    def test_labels_of_this_call_must_fit(self, config):
        with pytest.raises(OptionError, match="2 labels for 3 classes"):
            config.options(labels=["a", "b"]).class_names(3)
        with pytest.raises(OptionError, match="class 7"):
            config.options(labels={7: "x"}).class_names(3)

    def test_labels_of_this_call_win_over_the_configured_ones(self, config):
        config.labels = ["a", "b"]
        assert config.options(labels=["x", "y"]).class_names(2) == ("x", "y")

    def test_configured_labels_can_be_a_dict_from_a_configuration_file(self):
        config = TensorDisplay(config=Config({"TensorDisplay": {"labels": {"1": "dog"}}}))
        assert config.options().class_names(2) == ("0", "dog")


def test_what_was_asked_for_one_value_is_dropped_where_it_does_not_fit(config):
    asked = config.options(
        plot="bar", labels=["a", "b"], top=1, softmax=True, images=[1], truth=[2], where="wrong", page=3
    )
    plain = asked.without_requests()
    assert plain == config.options()
    assert (plain.images, plain.truth) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [("budget_ms", np.float32(4), 4.0), ("budget_ms", np.float16(0.5), 0.5), ("budget_ms", np.int8(3), 3.0),
     ("budget_ms", np.array(2.5), 2.5), ("plots", np.bool_(False), False), ("arrays", np.True_, True),
     ("precision", np.int64(4), 4), ("max_rows", np.uint8(9), 9)],
    ids=repr,
)  # fmt: skip
def test_numbers_and_truths_of_numpy_are_taken_as_python_s(config, name, value, taken):
    setattr(config, name, value)
    for read in (getattr(config, name), getattr(TensorDisplay().options(**{name: value}), name)):
        assert read == taken
        assert not isinstance(read, np.generic | np.ndarray)


@pytest.mark.parametrize(
    ("name", "value"),
    [("budget_ms", np.float32("nan")), ("budget_ms", np.True_), ("precision", np.False_),
     ("precision", np.float32(2.5)), ("plots", np.int64(2)), ("budget_ms", np.datetime64("2020")),
     ("plots", np.array([True]))],
    ids=repr,
)  # fmt: skip
def test_those_that_do_not_fit_are_refused_as_they_were_given(config, name, value):
    with pytest.raises(TraitError, match=f"^{name} is .*, not {re.escape(repr(value))}$"):
        setattr(config, name, value)


def test_labels_have_a_name_in_the_help():
    assert "--TensorDisplay.labels=<ClassLabels>" in TensorDisplay.class_get_help()
