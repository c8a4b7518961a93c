"""Rows are a table, or one column of texts or paths."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.sparse import csr_matrix

from rakuten_bench import build
from rakuten_bench.errors import UserError

TEXTS = ["red shoe", "blue shoe", "red pot", "tea pot"]
LABELS = ["shoe", "shoe", "pot", "pot"]


def model(**levers):
    return build(**{"tokenizer": "regex", "model": "multinomial_nb", **levers})


@pytest.mark.parametrize(
    "texts",
    [
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object).reshape(-1, 1),
        pd.Series(TEXTS, index=list("abcd"), name="anything"),
        pd.Series(TEXTS, dtype="category"),
        pd.Series(TEXTS, dtype="string"),
        pd.Index(TEXTS),
        pd.DataFrame({"title": TEXTS, "unused": 0}),
    ],
    ids=lambda texts: (
        f"{type(texts).__name__} {getattr(texts, 'dtype', '')} {np.shape(texts)}"
    ),
)
def test_texts_are_the_title(texts):
    expected = model().fit(pd.DataFrame({"title": TEXTS}), LABELS)

    found = model().fit(texts, LABELS)

    assert found.columns_ == ("title",)
    assert found.predict_proba(texts).tolist() == expected.predict_proba(TEXTS).tolist()
    assert found.score(texts, LABELS) == 1.0


def test_texts_are_the_description_where_only_that_is_read():
    found = model(fields="description").fit(TEXTS, LABELS)

    assert found.columns_ == ("description",)
    table = pd.DataFrame({"description": TEXTS, "title": "red shoe"})
    assert found.predict(table).tolist() == found.predict(TEXTS).tolist() == LABELS


@pytest.mark.filterwarnings("ignore:.*have no token")
def test_a_missing_text_is_empty():
    found = model().fit([*TEXTS, None, np.nan], [*LABELS, "pot", "pot"])

    assert (
        found.predict([None, "shoe"]).tolist() == found.predict(["", "shoe"]).tolist()
    )


@pytest.mark.parametrize("convert", [str, Path, None])
def test_a_scenario_of_images_reads_paths(tmp_path, convert):
    paths = []
    for number in range(8):
        color = (250, 10 * number, 0) if number % 2 else (0, 10 * number, 250)
        Image.new("RGB", (16, 16), color).save(tmp_path / f"{number}.png")
        paths.append(tmp_path / f"{number}.png")
    X = np.array([*map(str, paths)]) if convert is None else [*map(convert, paths)]
    labels = ["blue", "red"] * 4

    found = build(feature="color", model="logreg").fit(X, labels)

    assert found.columns_ == ("image_path",)
    assert found.predict(X).tolist() == labels


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("red shoe", "expected a data frame .* or a list or array of texts, not str"),
        (None, "not NoneType"),
        (7, "not int"),
        pytest.param(iter(TEXTS), "not list_iterator", id="iterator"),
        ({"title": TEXTS}, "not dict"),
        (csr_matrix(np.eye(4)), "not a sparse matrix"),
        (np.array("x"), r"an array of shape \(\) has no column names"),
        (np.zeros((4, 3)), r"an array of shape \(4, 3\) has no column names"),
        ([["a"], ["b"], ["c"], ["d"]], r"column 'title' contains list \['d'\]"),
        ([b"a", b"b", b"c", b"d"], "contains bytes b'd'"),
        ([1j, 2j, 3j, 4j], "contains complex 4j"),
        ([0.5, np.inf, 1.0, 2.0], "contains infinite numbers"),
        (pd.DataFrame({"Title": TEXTS}), "has no column 'title' or 'description'.*Title"),
        (TEXTS[:3], "3 rows and 4 labels"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_rows_that_are_no_texts_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        model().fit(X, LABELS)


def test_one_column_is_refused_where_several_are_read():
    fusion = build(fusion="mean", members=["T0010-0140-0000", {"feature": "hog"}])
    both = model().fit(pd.DataFrame({"title": TEXTS, "description": "new"}), LABELS)

    with pytest.raises(UserError, match=r"reads .*title.* and image_path"):
        fusion.fit(TEXTS, LABELS)
    with pytest.raises(UserError, match="has no column 'description', which the model"):
        both.predict(TEXTS)


def test_no_rows_are_refused():
    with pytest.raises(UserError, match="given: no labels"):
        model().fit([], [])
    with pytest.raises(UserError, match="has no rows to predict"):
        model().fit(TEXTS, LABELS).predict([])


def test_the_columns_of_the_table_are_recorded():
    table = pd.DataFrame({"title": TEXTS, "price": 3})

    found = model().fit(table, LABELS)

    assert found.n_features_in_ == 2
    assert found.feature_names_in_.tolist() == ["title", "price"]
    found.fit(TEXTS, LABELS)
    assert not hasattr(found, "n_features_in_")
    assert not hasattr(found, "feature_names_in_")


def test_tags_say_that_it_reads_texts():
    tags = model().__sklearn_tags__()

    assert tags.estimator_type == "classifier"
    assert (tags.input_tags.string, tags.input_tags.one_d_array) == (True, True)
    assert tags.target_tags.required
