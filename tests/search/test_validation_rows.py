"""Validation rows are used by searches and fusions only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command_line import enter
from rakuten_bench.deploy.model import fit_source
from rakuten_bench.deploy.source import load_source
from rakuten_bench.engine.prepare import remark_validation
from rakuten_bench.pipeline.target import Targets
from rakuten_bench.plan.build import build_plan
from rakuten_bench.plan.fold import FoldName
from rakuten_bench.records import read_predictions, read_record
from rakuten_bench.scenario import Scenario, from_words
from rakuten_bench.types import Fold, Split

ALPHAS = (1e-9, 0.1, 30.0)
SCENARIOS = """
dataset: {table: {path: shop.csv, title: name, label: kind, id: id}}
split: train_val_test
defaults: {tokenizer: regex, vectorizer: tfidf, model: complement_nb}
scenarios:
  plain: {}
  searched: {search: {grid: {space: {alpha: [1.0e-9, 0.1, 30.0]}}}}
  weighted: {fusion: weighted, members: [plain, searched]}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    random = np.random.default_rng(0)
    words = ("shoe", "pot", "hat")
    rows = [
        f"p{row},{words[row % 3]} {words[random.integers(3)]} size{row % 7} {row},"
        f"{words[row % 3]}"
        for row in range(120)
    ]
    (folder / "shop.csv").write_text("\n".join(["id,name,kind", *rows]))
    (folder / "shop.yaml").write_text(SCENARIOS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert enter("run", "shop.yaml", "--cache", "cache", "--quiet") == 0
    return folder


def record_folder(shop: Path, name: str) -> Path:
    for path in shop.glob("results/*/*/record.json"):
        if json.loads(path.read_text())["name"] == name:
            return path.parent
    raise AssertionError(name)


def source_of(shop: Path, name: str) -> Any:
    record = read_record(record_folder(shop, name))
    return load_source(record, cache=shop / "cache")


def test_a_search_scores_each_candidate_once_on_the_validation_rows(shop: Path):
    source = source_of(shop, "searched")
    [fold] = source.split.folds
    frame = source.dataset.frame
    details = json.loads((record_folder(shop, "searched") / "record.json").read_text())

    scores = {one["params"]["alpha"]: one["scores"] for one in find_candidates(details)}

    from sklearn.metrics import f1_score

    for alpha in ALPHAS:
        model = fit_alone(frame.iloc[fold.train], alpha)
        held = frame.iloc[fold.validation]
        wanted = f1_score(held["label"], model.predict(held), average="weighted")
        assert scores[alpha] == pytest.approx([wanted])


def find_candidates(record: Any) -> list[dict[str, Any]]:
    """Return the candidates of a search, wherever in a record they are."""
    if isinstance(record, dict):
        if "candidates" in record:
            return list(record["candidates"])
        record = list(record.values())
    if isinstance(record, list):
        return next((found for one in record if (found := find_candidates(one))), [])
    return []


def fit_alone(frame: pd.DataFrame, alpha: float) -> Any:
    from rakuten_bench.pipeline.estimator import build

    model = {"complement_nb": {"alpha": alpha}}
    levers = {"tokenizer": "regex", "vectorizer": "tfidf", "model": model}
    return build(scenario(levers)).fit(frame, frame["label"])


def scenario(words: dict[str, Any]) -> Scenario:
    levers = {
        lever: one if isinstance(one, str) else next(iter(one))
        for lever, one in words.items()
    }
    params = {
        lever: next(iter(one.values()))
        for lever, one in words.items()
        if not isinstance(one, str)
    }
    return from_words(levers, params, "text")


@pytest.mark.filterwarnings("ignore:search. the best alpha")
@pytest.mark.parametrize("name", ["plain", "searched", "weighted"])
def test_a_model_refitted_on_the_training_rows_is_that_of_the_record(
    shop: Path, name: str
):
    source = source_of(shop, name)
    frame = source.dataset.frame.iloc[source.split.folds[0].test]

    model = fit_source(source, "train", 123)

    record = read_predictions(record_folder(shop, name))
    wanted = dict(zip(record.ids, record.predicted, strict=True))
    assert model.predict(frame).tolist() == [
        record.classes[wanted[row]] for row in frame["id"]
    ]


def test_nothing_is_learned_from_validation_rows_without_a_choice(shop: Path):
    source = source_of(shop, "plain")
    frame = source.dataset.frame
    [fold] = source.split.folds

    model = fit_source(source, "train", 123)

    alone = fit_alone(frame.iloc[fold.train], 1.0)
    assert np.array_equal(model.predict_proba(frame), alone.predict_proba(frame))


def test_the_fold_of_validation_rows_has_the_training_rows_of_its_parent():
    rows = np.arange(10)
    fold = Fold("0", rows[:5], rows[7:], rows[5:7])
    y = np.arange(10, dtype=np.int32) % 2

    target = Targets(y, ("a", "b"), rows, [fold], 1).find(FoldName("0").validation)

    assert target.fold.train.tolist() == [0, 1, 2, 3, 4]
    assert target.fold.test.tolist() == [5, 6]
    assert target.fold.validation.tolist() == []


@pytest.mark.parametrize(
    ("levers", "said"),
    [
        ({"model": "complement_nb"}, "2 validation rows: not used, as no scenario"),
        ({"model": "complement_nb", "search": "grid"}, "choose by them and not by inn"),
    ],
)
def test_a_run_says_whether_validation_rows_are_used(levers: dict[str, str], said: str):
    rows = np.arange(10)
    split = Split("", "", (Fold("0", rows[:5], rows[7:], rows[5:7]),), rows, "")
    chosen = scenario({"tokenizer": "regex", "vectorizer": "tfidf", **levers})
    plan = build_plan(
        [chosen], dataset="", split="", folds=["0"], seed=1, has_validation=True
    )

    [remark] = remark_validation(split, plan)

    assert said in remark


def test_a_run_without_validation_rows_prints_no_note():
    rows = np.arange(10)
    split = Split("", "", (Fold("0", rows[:5], rows[5:]),), rows, "")
    chosen = scenario({"vectorizer": "tfidf", "model": "complement_nb"})
    plan = build_plan([chosen], dataset="", split="", folds=["0"], seed=1)

    assert list(remark_validation(split, plan)) == []
