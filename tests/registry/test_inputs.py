"""Inputs of options: the columns that they declare, and labels only as `y`."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rakuten_bench
from command_line import enter
from rakuten_bench.errors import UserError
from rakuten_bench.registry import FIELDS, MODEL, iter_levers
from rakuten_bench.scenario import from_words
from rakuten_bench.types import Texts

OPTIONS = '''
import numpy as np
import pandas as pd

from rakuten_bench.registry import FIELDS, LANGUAGE, MODEL
from rakuten_bench.types import Texts


def as_texts(lines):
    return Texts(("text",), (1.0,), (list(lines),), np.empty((len(lines), 0)))


@FIELDS.option("whole", digit="z")
def whole(frame):
    """Join every column."""
    return as_texts(frame.astype(str).agg(" ".join, axis=1))


@FIELDS.option("peeking", digit="y")
def peeking(frame, column: str = "label"):
    """Take one column."""
    return as_texts(frame[column])


@FIELDS.option("attribute", digit="x")
def attribute(frame):
    """Take the labels as an attribute."""
    return as_texts(frame.label)


@FIELDS.option("named", digit="w", columns=("id", "image_path"))
def named(frame):
    """Take the columns that it names."""
    return as_texts(frame["id"] + frame["image_path"])


class Reader:
    """Predict by a column of the table."""

    def __init__(self, column):
        self.column = column

    def fit(self, X, y):
        self.known_ = dict(zip(self.values(X), y))
        self.classes_ = np.unique(y)
        return self

    def values(self, X):
        return list(X.index if self.column == "index" else X[self.column])

    def predict(self, X):
        # a file sorted by label: the nearest training row tells
        values = self.values(X)
        if self.column == "index":
            near = np.array(list(self.known_))
            return [self.known_[near[np.abs(near - v).argmin()]] for v in values]
        return [self.known_.get(value, self.classes_[0]) for value in values]


@MODEL.option("reader", digit="z", reads=("frame",))
def reader(column: str = "label"):
    """Predict by a column of the table."""
    return Reader(column)


@LANGUAGE.option(
    "shouting", digit="z", reads=("languages", "frame"), writes=("languages", "frame")
)
def shouting(languages, frame):
    """Change the table."""
    titles = frame["title"].str.upper()
    return {"languages": languages, "frame": frame.assign(title=titles)}
'''


@pytest.fixture
def own_options(tmp_path):
    """Register options from outside of the package; they end with the test."""
    path = tmp_path / "peeking_options.py"
    path.write_text(OPTIONS)
    spec = importlib.util.spec_from_file_location("peeking_options", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["peeking_options"] = module
    spec.loader.exec_module(module)
    yield
    del sys.modules["peeking_options"]
    for lever in iter_levers():
        lever.forget_foreign()


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Write a table sorted by a label that only ids, images and groups spell."""
    monkeypatch.chdir(tmp_path)
    rows = [
        (f"{label}{number}", f"thing {number % 7}", label)
        for label in ("cup", "lamp", "rug")
        for number in range(30)
    ]
    frame = pd.DataFrame(rows, columns=["sku", "name", "kind"])
    frame["family"] = frame["sku"].str.replace("0", "")
    frame["note"] = [f"note {number * 37 % 90}" for number in range(90)]
    frame.to_csv("shop.csv", index=False)
    return frame


HEAD = """
dataset:
  table: {path: shop.csv, id: sku, title: name, description: note, label: kind}
split: {holdout: {}}
scenarios:
"""


def run(scenarios):
    Path("s.yaml").write_text(HEAD + scenarios)
    enter("run", "s.yaml", "--cache", "cache", "--jobs", "1", "--quiet")
    found = [json.loads(p.read_text()) for p in Path("results").glob("*/*/record.json")]
    return {record["name"]: record for record in found}


def test_a_map_option_that_joins_every_column_sees_no_label(own_options, shop):
    records = run("  a: {fields: whole, vectorizer: tfidf, model: logreg}\n")

    assert records["a"]["scores"]["accuracy"] < 0.7


@pytest.mark.parametrize("fields", ["{peeking: {column: label}}", "attribute"])
def test_a_map_option_that_asks_for_the_label_fails_and_is_reported_why(
    own_options, shop, fields
):
    records = run(f"  a: {{fields: {fields}, vectorizer: tfidf, model: logreg}}\n")

    message = records["a"]["error"]["message"]
    assert records["a"]["status"] == "failed"
    assert "reads the column 'label', which options never get" in message


def test_a_model_that_reads_the_table_gets_labels_of_training_rows_only(
    own_options, shop
):
    records = run("  a: {model: reader}\n  b: {model: {reader: {column: title}}}\n")

    message = records["a"]["error"]["message"]
    assert "model 'reader': reads the column 'label', which options never" in message
    assert records["b"]["status"] == "ok"
    assert records["b"]["scores"]["accuracy"] < 0.7


def test_the_place_of_a_row_in_the_file_is_not_handed_over(own_options, shop):
    records = run("  a: {model: {reader: {column: index}}}\n")

    assert records["a"]["scores"]["accuracy"] < 0.7


@pytest.mark.parametrize("column", ["id", "image_path"])
def test_columns_that_often_spell_the_label_are_handed_over_only_by_name(
    own_options, shop, column
):
    fields = f"{{peeking: {{column: {column}}}}}"
    records = run(
        f"  a: {{fields: {fields}, vectorizer: tfidf, model: logreg}}\n"
        f"  b: {{fields: named, vectorizer: tfidf_char, model: logreg}}\n"
    )

    message = records["a"]["error"]["message"]
    assert f"'{column}', which it does not declare. Register it with col" in message
    assert records["b"]["status"] == "ok"


@pytest.mark.parametrize(
    ("fields", "leaks"), [("named", True), ("title", False)], ids=["named", "title"]
)
def test_an_option_that_reads_ids_which_spell_the_label_is_reported(
    own_options, shop, call, fields, leaks
):
    scenario = f"  a: {{fields: {fields}, vectorizer: tfidf, model: logreg}}\n"
    Path("s.yaml").write_text(HEAD + scenario)

    code, *told = call("plan", "s.yaml", "--cache", "cache")

    remark = (
        "fields 'named' reads a column that leaks the label: "
        "the word in column 'id' determines the"
    )
    assert code == 0, told
    assert (remark in " ".join("".join(told).split())) == leaks


def test_an_option_that_changes_the_table_loses_no_column_of_others(own_options, shop):
    shop[["sku"]].assign(cup=0.2, lamp=0.5, rug=0.3).rename(
        columns={"sku": "id"}
    ).to_csv("p.csv", index=False)

    records = run("  a: {language: shouting, model: {external: {path: p.csv}}}\n")

    assert records["a"]["status"] == "ok", records["a"]["error"]


def test_the_classifier_hands_over_no_more_than_the_engine(own_options, shop):
    frame = shop.rename(columns={"sku": "id", "name": "title", "kind": "label"})
    model = rakuten_bench.build(from_words({"model": "reader"}))

    with pytest.raises(UserError, match="reads the column 'label', which options"):
        model.fit(frame, frame["label"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"reads": ("target",)}, "unknown slot 'target'"),
        ({"reads": ("frame",), "columns": ("label",)}, "unknown column 'label'"),
        ({"reads": ("frame",), "columns": ("group",)}, "unknown column 'group'"),
    ],
)
def test_an_option_can_not_be_registered_for_labels(asked, message):
    with pytest.raises(UserError, match=message):

        @MODEL.option("greedy", digit="z", **asked)
        def greedy():
            """Ask for too much."""


def test_our_own_fields_read_texts_only():
    frame = pd.DataFrame({"title": ["a"], "description": ["b"], "language": [""]})

    for option in FIELDS.options("text"):
        assert option.columns == ()
        assert isinstance(option.make(frame, params={}), Texts)
        assert np.shape(option.make(frame, params={}).extra)[0] == 1
