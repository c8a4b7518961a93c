"""Two scenarios side by side."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from rakuten_bench import records, report
from rakuten_bench.cli import rakuten_bench
from rakuten_bench.errors import UserError


@pytest.fixture
def pair(shop):
    """Write a good and a worse scenario that differ in the model."""
    good = {"vectorizer": "tfidf", "model": "linear_svc"}
    shop.add("T1", right=0.9, levers=good, params={"model": {"C": 0.2}})
    shop.add("T2", right=0.6, levers={"vectorizer": "tfidf", "model": "dummy"})
    return shop.results / "shop" / "T1", shop.results / "shop" / "T2"


def run(shop, *args):
    arguments = ["compare", *args, "--results", str(shop.results)]
    return CliRunner().invoke(rakuten_bench, arguments, catch_exceptions=False)


def test_only_levers_that_differ_are_named(pair):
    assert report.compare(*pair).levers == (("model", "linear_svc(C=0.2)", "dummy"),)


def test_a_much_worse_scenario_differs_in_every_score(pair):
    found = report.compare(*pair)

    for change in found.differences.values():
        assert change.low < change.estimate < change.high < -0.1
        assert change.p_value < 1e-6
    assert found.only_a > found.only_b
    assert found.mcnemar < 1e-6


def test_changed_rows_are_those_with_different_answers(pair, shop):
    good, bad = shop.predictions(0.9), shop.predictions(0.6)

    changes = report.compare(*pair).changes

    expected = set(shop.ids[good.predicted != bad.predicted])
    assert {change.id for change in changes} == expected
    kinds = [change.kind for change in changes]
    assert kinds == sorted(kinds, key=["worse", "better", "other"].index)
    worse = changes[0]
    assert worse.true == worse.a != worse.b


def test_classes_are_sorted_by_how_much_they_change(pair):
    classes = report.compare(*pair).classes

    sizes = [abs(row.b - row.a) for row in classes]
    assert sizes == sorted(sizes, reverse=True)


def test_levers_come_first_and_texts_are_shortened(pair):
    found = report.compare(*pair)
    examples = {change.id: report.Example("piscine " * 30) for change in found.changes}

    text = report.render_comparison(found, examples=examples, n_rows=1, width=140)

    assert text.index("linear_svc(C=0.2)") < text.index("f1_weighted")
    assert "piscine piscine" in text
    assert "…" in text
    assert "piscine " * 9 not in text


def test_json_has_every_change(pair, shop):
    result = run(shop, "T1", "T2", "--format", "json")

    values = json.loads(result.stdout)
    assert values["levers"] == {"model": ["linear_svc(C=0.2)", "dummy"]}
    assert values["differences"]["f1_macro"]["p_value"] < 0.001
    assert len(values["changes"]) == len(report.compare(*pair).changes)


def test_folders_of_two_results_can_be_compared(pair, shop, tmp_path):
    shop.results = tmp_path / "elsewhere"
    other = shop.add("T1", right=0.5)

    result = run(shop, str(pair[0]), str(other), "--rows", "0", "--format", "markdown")

    assert "A = T1" in result.output
    assert "| f1\\_weighted |" in result.output


def test_rows_of_unknown_data_are_shown_without_text(pair, shop):
    result = run(shop, "T1", "T2", "--rows", "1")

    assert result.exit_code == 0
    assert "without their text" in result.stderr


def test_a_scenario_equals_itself(pair):
    found = report.compare(pair[0], pair[0])

    assert found.changes == ()
    assert found.mcnemar == 1.0
    assert "The levers are the same." in report.render_comparison(found)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        (
            {
                "dataset": records.DatasetInfo(name="shop", fingerprint="other"),
                "split": records.SplitInfo(
                    scheme="holdout", fingerprint="split1", n_test=100
                ),
            },
            "different data",
        ),
        (
            {
                "split": records.SplitInfo(
                    scheme="holdout", fingerprint="other", n_test=100
                )
            },
            "different splits",
        ),
    ],
)
def test_other_rows_can_not_be_compared(pair, shop, fields, what):
    base = shop.predictions()
    part = base.take(np.arange(100))
    other = shop.add("T3", predictions=part, **fields)

    with pytest.raises(UserError, match=what):
        report.compare(pair[0], other)


def test_a_failure_can_not_be_compared(pair, shop):
    failed = shop.fail("T3")

    with pytest.raises(UserError, match="T3: is failed"):
        report.compare(pair[0], failed)
