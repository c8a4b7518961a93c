"""Registries: lookup by name, and what all of them refuse."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Literal

import pytest

from rakuten_bench.data import DATASETS, dataset, load_dataset, parse_dataset
from rakuten_bench.errors import MissingPackage, UserError
from rakuten_bench.registry import Registered, Registry, read_parameters


def build(function, name="mine"):
    """Return an entry as a decorator would."""
    return Registered(
        noun="data set",
        name=name,
        function=function,
        parameters=read_parameters(function),
    )


def mine(rows, *, kind: Literal["a", "b"], size: int = 3):
    """Say what it is.

    And more.
    """
    return [kind] * size * len(rows)


@pytest.fixture
def registry():
    return Registry("data set", "rakuten_bench.data")


@pytest.fixture
def needy() -> Iterator[None]:
    """Register a data set whose package nobody has."""
    dataset("needy", needs="no-such-package-anywhere")(mine)
    yield
    DATASETS.forget_foreign()


def test_two_functions_cannot_share_a_name(registry):
    registry.add(build(mine))

    with pytest.raises(
        UserError, match=r"data set 'mine' is taken by 'mine' in .*\.py"
    ):
        registry.add(build(subprocess.run))

    assert registry.find("mine").function is mine


def test_a_module_that_is_imported_again_replaces_its_entries(registry):
    registry.add(build(mine))
    again = build(mine)

    registry.add(again)

    assert list(registry) == [again]


def test_an_unknown_name_is_refused_with_the_closest(registry):
    registry.add(build(mine))

    with pytest.raises(
        UserError, match=r"unknown data set 'mien'. Did you mean 'mine'"
    ):
        registry.find("mien")


def test_parameters_are_keyword_only_arguments_and_those_with_a_default():
    entry = build(mine)

    assert list(entry.parameters) == ["kind", "size"]
    assert entry.defaults == {"size": 3}
    assert entry.doc == "Say what it is."


def test_every_problem_of_parameters_is_found_at_once():
    problems = list(build(mine).find_problems({"size": "many", "sise": 3}))

    assert [one.partition(":")[0] for one in problems] == [
        "parameter 'size' of mine",
        "unknown parameter of mine 'sise'. Did you mean 'size'?",
        "mine needs the parameter 'kind', which is missing.",
    ]


def test_converted_parameters_are_without_those_left_at_their_default():
    assert build(mine).convert({"size": "3", "kind": "a"}) == {"kind": "a"}


def test_a_data_set_whose_package_is_missing_is_refused_with_the_command(needy):
    spec = parse_dataset({"needy": {"kind": "a"}})

    with pytest.raises(
        MissingPackage,
        match=r"data set 'needy' needs .* Run: pip install no-such-package-anywhere",
    ):
        load_dataset(spec)
