"""The examples in docstrings are what Python prints."""

from __future__ import annotations

import builtins
import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import tfnp_ext

MODULES = sorted(found.name for found in pkgutil.walk_packages(tfnp_ext.__path__, "tfnp_ext."))


@pytest.fixture
def no_last_value() -> Iterator[None]:
    """Takes away the ``_`` that doctest leaves to all of Python, for which IPython would give up its own."""
    assert not hasattr(builtins, "_")
    yield
    vars(builtins).pop("_", None)


@pytest.mark.usefixtures("tf", "no_last_value")
@pytest.mark.parametrize("module", MODULES)
def test_examples_say_what_python_says(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(examples) > 20
