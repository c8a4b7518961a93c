"""Every option of every text lever, through the engine, on texts of true size and kind.

For each option one scenario that uses it; what needs a file or a model of the user's own
gets a tiny one. It ends and says something sound of every test row; and where
it learns, half of the test rows become another text, everything is computed anew, and
its answers for the other half stay the same: nothing is learned from test rows, and one
seed gives one result. (What learns nothing treats each row alone: test_lever_text.)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rakuten_bench.data import SplitSpec, build_split, load_dataset, parse_dataset
from rakuten_bench.engine import Run, Settings
from rakuten_bench.engine.prepare import Prepared
from rakuten_bench.errors import MissingPackage
from rakuten_bench.executor.pooled import close_kept
from rakuten_bench.plan.build import build_plan
from rakuten_bench.records import Predictions, Record, board_name, read_predictions
from rakuten_bench.registry import FLOW, Option
from rakuten_bench.scenario import Choice, Scenario, find_option, from_words
from rakuten_bench.scenario.load import StudySpec
from rakuten_bench.scenario.plugin import Plugins
from rakuten_bench.store.result import Store
from rakuten_bench.types import Dataset, Split
from user_models import (
    write_pipeline,
    write_predictions,
    write_stop_words,
    write_transformer,
    write_translation,
)

CANARY = "canariz"

#: What every option is tried in.
PLAIN = {
    "tokenizer": "regex",
    "cleaner": "html",
    "vectorizer": "tfidf",
    "model": "complement_nb",
}

#: Parameters with which the slowest ends in seconds, and large things fit.
QUICK = {
    "max_features": 400,
    "char_max_features": 400,
    "n_features": 1024,
    "n_estimators": 3,
    "n_components": 20,
    "n_iter": 2,
    "n_initial": 1,
    "n_candidates": 3,
    "n_values": 2,
    "max_iter": 5,
    "epochs": 1,
    "length": 32,
    "n_units": 2000,
    "n_dims": 16,
    "n_filters": 8,
    "batch_size": 256,
    "k": 100,
    "hidden": (8,),
    "characters": 60,
}


def bring(option: Option, folder: Path, dataset: Dataset) -> dict[str, Any]:
    """Write what an option wants of a user; return the parameters that name it."""
    params: dict[str, Any] = {}
    match by_name(option):
        case "language-translate":
            params["models"] = write_translation(folder, "en")
        case "stopwords-nltk":  # finds it by its variable
            write_stop_words(folder / "nltk", french=("le", "la", "of", "the"))
        case "normalizer-lemma_spacy":
            params["pipelines"] = (write_pipeline(folder, "fr", {"the": "le"}),)
        case "vectorizer-transformer":
            params["model"] = write_transformer(folder / "frozen")
        case "model-transformer":
            params |= {"model": write_transformer(folder / "learning"), "hidden": 8}
        case "model-estimator":
            path = folder / "my_models.py"
            path.write_text(
                "from sklearn.feature_extraction.text import CountVectorizer\n"
                "from sklearn.naive_bayes import ComplementNB\n"
                "from sklearn.pipeline import make_pipeline\n"
                "ours = make_pipeline(CountVectorizer(max_features=400), ComplementNB())\n"
            )
            params["path"] = f"{path}:ours"
        case "model-external":
            ids, path = dataset.frame["id"], folder / "probabilities.npz"
            params["path"] = write_predictions(path, ids, dataset.classes)
    return params


def by_name(option: Option) -> str:
    return f"{option.lever.name}-{option.name}"


OPTIONS = [option for lever in FLOW["text"] for option in lever.options("text")]


def scenario_of(option: Option, own: Mapping[str, Any]) -> Scenario:
    """Return a scenario that uses an option with parameters, and little else."""
    levers = PLAIN | {option.lever.name: option.name}
    if option.kind == "search" and not option.is_off:
        levers["model"] = "linear_svc"
    if "signed" in option.rules.tags:
        levers["model"] = "ridge"
    if option.kind == "cluster":
        levers["vectorizer"] = "count"
    if option.lever.name in ("detector", "language"):
        levers |= {"language": "major"} | {option.lever.name: option.name}
    given = {choice.lever: _quick(choice) for choice in from_words(levers).choices}
    given[option.lever.name] |= own
    return Plugins().complete(from_words(levers, given))


def _quick(choice: Choice) -> dict[str, Any]:
    known = find_option("text", choice).parameters
    quick = {name: value for name, value in QUICK.items() if name in known}
    if choice.lever == "model":
        quick.pop("max_features", None)  # of a tree: another thing than of a vocabulary
    return quick | ({"cv": 2} if choice.lever == "search" and "cv" in known else {})


@dataclass(frozen=True)
class Trial:
    """What came of every option on the rows, and with half of the test rows replaced."""

    records: dict[str, Record]
    dataset: Dataset
    test: np.ndarray
    folder: Path
    other: Path


@pytest.fixture(scope="module", params=["flipkart", "synthetic"])
def trial(request, tmp_path_factory):
    """Run one scenario for each option, twice."""
    if request.param == "flipkart":
        folder = request.getfixturevalue("flipkart_folder")
        dataset = load_dataset(parse_dataset("flipkart"), data_dir=folder)
    else:
        cache = tmp_path_factory.mktemp("data")
        dataset = load_dataset(
            parse_dataset({"synthetic": {"rows": 2000}}), cache=cache
        )
    split = build_split(dataset, SplitSpec())
    test = split.folds[0].test
    own, one, two = map(tmp_path_factory.mktemp, ("own", "one", "two"))
    scenarios = {}
    for option in OPTIONS:
        with contextlib.suppress(MissingPackage):  # its test says so
            option.versions()
            scenarios[by_name(option)] = scenario_of(
                option, bring(option, own, dataset)
            )
    learning = [scenarios[by_name(one)] for one in OPTIONS if learns(one, scenarios)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLTK_DATA", str(own / "nltk"))
        close_kept()  # workers of earlier tests have the environment of these
        made = run_all(dataset, split, scenarios.values(), one)
        run_all(with_canaries(dataset, test[::2]), split, learning, two)
        close_kept()
    return Trial(
        {name: made[scenario.code] for name, scenario in scenarios.items()},
        dataset,
        test,
        *[folder / "results" / board_name(dataset, split) for folder in (one, two)],
    )


def learns(option: Option, known: Mapping[str, Scenario]) -> bool:
    return option.kind != "map" and by_name(option) in known


def with_canaries(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """Return the data set with other texts in some rows."""
    frame = dataset.frame.copy()
    frame.loc[rows, "title"] = [f"{CANARY} canari{row}z 10x5cm" for row in rows]
    frame.loc[rows, "description"] = f"{CANARY} " * 50
    return replace(dataset, frame=frame, fingerprint=f"{dataset.fingerprint}-canaries")


def run_all(
    dataset: Dataset, split: Split, scenarios: Iterable[Scenario], folder: Path
) -> dict[str, Record]:
    scenarios = tuple(scenarios)
    settings = Settings(results=folder / "results", cache=folder / "cache")
    plan = build_plan(
        scenarios, dataset=dataset.fingerprint, split=split.fingerprint, folds=["0"],
        seed=1,
    )  # fmt: skip
    study = StudySpec(path=folder / "study.yaml", scenarios=scenarios, seed=1)
    store = Store(settings.cache / "steps")
    todo = tuple(plan.scenarios)
    prepared = Prepared(study, dataset, split, plan, store, todo, ())
    ended = (event.record for event in Run(prepared, settings).events())
    return {record.code: record for record in ended if record}


def is_refused(option: Option, dataset: Dataset) -> bool:
    """Tell whether an option has nothing to learn from: Flipkart's texts are English."""
    return (by_name(option), dataset.name) == ("language-fr", "flipkart")


@pytest.mark.slow
@pytest.mark.parametrize("option", OPTIONS, ids=by_name)
def test_an_option_ends_is_deterministic_and_learns_nothing_from_test_rows(
    option, trial
):
    record = find_record(option, trial)
    if is_refused(option, trial.dataset):
        assert record.status == "failed"
        assert "the language lever keeps 0 training rows of 0 classes" in (
            record.error.message
        )
        return

    assert record.status == "ok", record.error
    one = read_predictions(trial.folder / record.code)
    check_shape(one, option, trial)
    if option.kind == "map":
        return
    two = read_predictions(trial.other / record.code)
    kept = np.arange(len(trial.test)) % 2 == 1
    np.testing.assert_array_equal(one.predicted[kept], two.predicted[kept])


def find_record(option: Option, trial: Trial) -> Record:
    if by_name(option) not in trial.records:
        pytest.skip(f"{option.name} is not installed: {', '.join(option.needs)}")
    return trial.records[by_name(option)]


def check_shape(said: Predictions, option: Option, trial: Trial) -> None:
    """Check that every test row has one class, and where told one probability each."""
    ids = trial.dataset.frame["id"].to_numpy()[trial.test]
    np.testing.assert_array_equal(said.ids, ids)
    np.testing.assert_array_equal(said.true, trial.dataset.y[trial.test])
    assert said.classes == trial.dataset.classes
    assert said.is_clustering == (option.kind == "cluster")
    assert said.predicted.min() >= 0
    if not said.is_clustering:
        assert said.predicted.max() < len(said.classes)
    if said.probability is not None:
        assert said.probability.shape == (len(ids), len(said.classes))
        assert said.probability.min() >= 0
        np.testing.assert_allclose(said.probability.sum(axis=1), 1, atol=1e-4)
