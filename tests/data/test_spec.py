"""The data set and split of a scenario file are validated without loading."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from rakuten_bench.data import parse_dataset, parse_split
from rakuten_bench.data.spec import DataPaths, expand_home
from rakuten_bench.errors import Problems, UserError


def test_a_name_alone_is_a_data_set_without_parameters():
    spec = parse_dataset("openmoji")

    assert (spec.name, spec.params) == ("openmoji", {})


def test_parameters_follow_the_name():
    spec = parse_dataset({"table": {"path": "a.csv", "label": "kind", "title": "name"}})

    assert spec.name == "table"
    assert spec.params == {"label": "kind", "path": "a.csv", "title": "name"}


def test_a_parameter_at_its_default_is_left_out():
    assert parse_split({"kfold": {"n_splits": 5, "random_state": 1}}).params == {
        "random_state": 1
    }
    assert parse_split({"holdout": {"test_size": 0.2}}) == parse_split("holdout")


def test_a_name_with_nothing_after_it_is_a_name():
    assert parse_split({"kfold": None}) == parse_split("kfold")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("openmoij", r"unknown data set 'openmoij'. Did you mean 'openmoji'\?"),
        (["openmoji"], r"data set \['openmoji'\] is not a name"),
        (
            {"table": {"path": "a.csv", "label": "k", "titel": "t"}},
            r"unknown parameter of table 'titel'. Did you mean 'title'\?",
        ),
        ({"table": {"path": "a.csv"}}, "table needs the parameter 'label'"),
        (
            {"synthetic": {"rows": "many"}},
            "parameter 'rows' of synthetic: 'many' is invalid: Expected `int`",
        ),
        ({"synthetic": {"rows": 3}}, "Expected `int` >= 54"),
    ],
)
def test_a_wrong_data_set_is_reported(value: object, message: str):
    with pytest.raises(UserError, match=message):
        parse_dataset(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hold_out", r"unknown split 'hold_out'. Did you mean 'holdout'\?"),
        ({"kfold": {"n_splits": 1}}, "Expected `int` >= 2"),
        ({"holdout": {"test_size": 1.5}}, "Expected `float` < 1.0"),
        ({"kfold": {}, "holdout": {}}, "is not a name, nor one name"),
    ],
)
def test_a_wrong_split_is_reported(value: object, message: str):
    with pytest.raises(UserError, match=message):
        parse_split(value)


def test_all_problems_are_reported_together():
    with pytest.raises(Problems, match="unknown parameter") as caught:
        parse_dataset({"table": {"pth": "a.csv", "label": 3}})

    assert len(caught.value.problems) == 3
    sent = pickle.loads(pickle.dumps(caught.value))  # as a worker sends it home
    assert sent.problems == caught.value.problems


def test_checking_a_scenario_loads_no_heavy_package():
    script = (
        "import sys; from rakuten_bench.data import parse_dataset, parse_split;"
        "parse_dataset('openmoji'); parse_split('kfold');"
        "print([name for name in ('pandas', 'sklearn', 'scipy', 'cv2', 'PIL') "
        "if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_the_folder_given_beats_the_one_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("SOME_FOLDER", str(tmp_path / "environment"))

    assert DataPaths().folders("SOME_FOLDER") == (tmp_path / "environment",)
    assert DataPaths(data_dir=tmp_path).folders("SOME_FOLDER") == (tmp_path,)


def test_the_cache_folder_can_be_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path))

    assert DataPaths().store == tmp_path
    assert DataPaths(cache=tmp_path / "own").store == tmp_path / "own"


def test_a_home_folder_that_is_not_known_is_one_message():
    with pytest.raises(UserError, match=r"a\.csv: .* the home folder is unknown"):
        expand_home("~nobody-of-this-name/a.csv")
