"""Contract tests of all options of the text levers."""

from __future__ import annotations

import importlib
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from rakuten_bench import registry
from rakuten_bench.corpus import Corpus
from rakuten_bench.errors import UserError
from rakuten_bench.types import Languages, Texts

#: That a row has no token left is said, and is part of what is tried here.
pytestmark = pytest.mark.filterwarnings("ignore::rakuten_bench.errors.Notice")

CANARY = "canariz"
GIVEN = {"random_state": 3, "n_jobs": 1, "device": "cpu", "n_classes": 2}
PLAIN = {"fields": "merged", "detector": "py3langid", "language": "fr_en"}
LEVERS = [
    lever
    for lever in registry.FLOW["text"]
    if lever.name
    in {
        "detector",
        "language",
        "fields",
        "cleaner",
        "tokenizer",
        "stopwords",
        "normalizer",
        "vectorizer",
        "reducer",
    }
]
OPTIONS = [option for lever in LEVERS for option in lever.options("text")]
MAPS = [one for one in OPTIONS if one.kind == "map" and not one.is_off]
LEARNED = [one for one in OPTIONS if one.kind == "transform" and not one.is_off]


def name_of(option):
    return f"{option.lever.name}-{option.name}"


@pytest.fixture(scope="module")
def frame():
    """Return listings in three languages: markup, repeats, gaps, a row without words."""
    rows = [
        ("Lit bébé en bois", "<p>Un lit pour b&eacute;b&eacute;, 60x120 cm.</p>"),
        ("Chaise de jardin bleue", "Des chaises pour le jardin et la terrasse."),
        ("Chaise de jardin bleue", ""),
        ("The red dress", "A dress for children, made of cotton, with a belt."),
        ("Garden table and chairs", "Two chairs and one table for the garden"),
        ("Spielzeug für Kinder", "Das Auto ist rot und für Kinder ab drei Jahren."),
        ("!!!", ""),
        ("Coussins d'été L'OREILLER", "Housses de coussins brodées à la main"),
        ("Console de jeux", "Une console et deux manettes, neuves."),
        (f"Lit {CANARY}", f"{CANARY} {CANARY}"),
    ]
    columns = {
        "title": [row[0] for row in rows],
        "description": [row[1] for row in rows],
    }
    return pd.DataFrame({**columns, "language": ["fr", "fr", "", "en", *["fr"] * 6]})


@pytest.fixture(scope="module")
def slots(frame):
    """Return the value of every slot after a plain chain of options."""
    values = {"frame": frame}
    for lever in LEVERS:
        if lever.name in {"vectorizer", "reducer"}:
            break
        option = lever.find(
            "text", PLAIN.get(lever.name, lever.options("text")[0].name)
        )
        if not option.is_off:
            values |= apply(option, values)
    return values


def skip_unless_installed(option):
    try:
        option.versions()
    except UserError as error:
        pytest.skip(str(error))


def apply(option, slots):
    """Return the slots that an option writes."""
    function = importlib.import_module(option.lever.package).apply
    try:
        value = function(option, {}, dict(slots), dict(GIVEN))
    except UserError as error:  # a library whose data the user brings
        pytest.skip(str(error))
    return value if len(option.writes) > 1 else {option.writes[0]: value}


def take(value, rows):
    if isinstance(value, np.ndarray):
        return value[rows]
    return value.iloc[rows] if isinstance(value, pd.DataFrame) else value.take(rows)


def read(value):
    """Return what a value says about each row, as plain data."""
    if isinstance(value, Languages):
        codes = [value.codes[code] for code in value.row]
        return [codes, value.trained.tolist()]
    if isinstance(value, Texts):
        return [value.blocks, value.weights, value.columns, value.extra.tolist()]
    if isinstance(value, Corpus):
        blocks = [value.documents(block) for block in range(len(value.blocks))]
        return [value.blocks, value.weights, blocks, value.extra.tolist()]
    return value.to_dict("list")


def assert_same(first, second):
    if isinstance(first, np.ndarray):  # of a network, whose sums depend on the batch
        np.testing.assert_allclose(first, second, atol=1e-5)
    else:
        assert read(first) == read(second)


@pytest.mark.parametrize("option", MAPS, ids=name_of)
def test_a_map_option_treats_each_row_independently(option, slots):
    skip_unless_installed(option)
    rows = np.array([8, 0, 3, 2])

    whole = apply(option, slots)
    part = apply(option, {slot: take(value, rows) for slot, value in slots.items()})

    for slot, value in whole.items():
        assert len(value) == len(slots["frame"])
        assert_same(part[slot], take(value, rows))


@pytest.mark.parametrize("option", MAPS, ids=name_of)
def test_a_map_option_takes_a_table_without_rows(option, slots):
    skip_unless_installed(option)
    none = np.empty(0, np.int64)

    found = apply(option, {slot: take(value, none) for slot, value in slots.items()})

    assert all(len(value) == 0 for value in found.values())


def learned_input(option, slots):
    """Return what a learned option gets, and labels."""
    y = np.arange(len(slots["frame"]), dtype=np.int32) % 2
    if option.lever is registry.REDUCER:
        vectorizer = registry.VECTORIZER.find("text", "tfidf").make(params={})
        return vectorizer.fit_transform(slots["corpus"]), y
    before = [apply(one, slots) for one, _ in option.before({})]
    return before[0]["corpus"] if before else slots["corpus"], y


def take_rows(value, rows):
    return value.take(rows) if isinstance(value, Corpus) else value[rows]


def same(first, second):
    if isinstance(first, Corpus):
        return read(first) == read(second)
    if isinstance(first, np.ndarray):
        return np.array_equal(first, second)
    return first.shape == second.shape and (first != second).nnz == 0


@pytest.mark.parametrize("option", LEARNED, ids=name_of)
def test_a_learned_option_knows_nothing_of_the_test_rows(option, slots):
    value, y = learned_input(option, slots)
    train = np.arange(9)  # the canary stands in row 9 only

    learned = option.make(params={}, **GIVEN).fit(take_rows(value, train), y[train])

    kept = pickle.dumps(learned)
    assert CANARY.encode() not in kept
    assert CANARY.encode("utf-32-le") not in kept


@pytest.mark.parametrize("option", LEARNED, ids=name_of)
def test_a_learned_option_gives_the_same_twice_cloned_and_pickled(option, slots):
    value, y = learned_input(option, slots)
    train, test = np.arange(8), np.arange(4, 10)
    estimator = option.make(params={}, **GIVEN)

    first = estimator.fit_transform(take_rows(value, train), y[train])
    again = clone(estimator).fit_transform(take_rows(value, train), y[train])
    applied = estimator.transform(take_rows(value, test))

    assert same(first, again)
    restored = pickle.loads(pickle.dumps(estimator))
    assert same(applied, restored.transform(take_rows(value, test)))


@pytest.mark.parametrize("option", LEARNED, ids=name_of)
def test_a_learned_option_treats_each_test_row_independently(option, slots):
    value, y = learned_input(option, slots)
    estimator = option.make(params={}, **GIVEN).fit(value, y)

    whole = estimator.transform(value)
    part = estimator.transform(take_rows(value, np.array([7, 1])))

    assert same(part, take_rows(whole, np.array([7, 1])))


@pytest.mark.parametrize("option", OPTIONS, ids=name_of)
def test_an_option_is_described_in_one_line(option):
    assert option.doc.endswith(".")
    assert len(option.doc) < 100


@pytest.mark.parametrize("option", OPTIONS, ids=name_of)
def test_defaults_fit_their_own_type(option):
    defaults = {name: one.default for name, one in option.parameters.items()}

    assert option.convert(defaults) == {}
