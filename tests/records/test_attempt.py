"""A run that was refused or stopped is remembered until its file has run to the end."""

import pytest

from rakuten_bench import records
from rakuten_bench.errors import UserError


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "grid.yaml"
    path.touch()
    return path


def left(results):
    return [(one.study, one.refused) for _, one in records.iter_attempts(results)]


def refuse(results, file, dataset=None):
    with (
        pytest.raises(UserError, match="unknown key"),
        records.attempting(results, file, dataset),
    ):
        raise UserError("grid.yaml:1: unknown key 'modle'.\nA second line.")


def test_a_run_that_ends_leaves_nothing(results, grid):
    with records.attempting(results, grid, None):
        assert left(results) == [("grid.yaml", "")]

    assert left(results) == []


def test_a_stopped_run_is_remembered(results, grid):
    with (
        pytest.raises(KeyboardInterrupt, match="Ctrl-C"),
        records.attempting(results, grid, None),
    ):
        raise KeyboardInterrupt("Ctrl-C")

    assert left(results) == [("grid.yaml", "")]


def test_a_refused_run_is_remembered_with_its_reason_until_one_ends(results, grid):
    refuse(results, grid)

    assert left(results) == [("grid.yaml", "grid.yaml:1: unknown key 'modle'.")]
    with records.attempting(results, grid, None):
        pass
    assert left(results) == []


def test_another_file_or_data_set_does_not_make_up_for_a_refused_run(
    results, grid, tmp_path
):
    other = tmp_path / "b" / "grid.yaml"
    other.parent.mkdir()
    other.touch()
    refuse(results, grid)

    for file, dataset in ((other, None), (grid, "flipkart")):
        with records.attempting(results, file, dataset):
            pass

    assert len(left(results)) == 1


def test_any_run_of_a_file_makes_up_for_a_data_set_that_was_mistyped(results, grid):
    refuse(results, grid, records.NO_DATASET)

    with records.attempting(results, grid, "flipkart"):
        pass

    assert left(results) == []


def test_a_run_does_not_end_for_another_one_of_its_file(results, grid):
    first = records.attempting(results, grid, None)
    with first:
        test_a_stopped_run_is_remembered(results, grid)

    assert left(results) == [("grid.yaml", "")]


@pytest.mark.parametrize(
    "name", ["x" * 240 + ".yaml", "\udce9\udcff.yaml", "a\nb.yaml"]
)
def test_any_name_of_a_file_is_remembered(results, tmp_path, name):
    refuse(results, tmp_path / name)

    assert len(left(results)) == 1


def test_a_folder_without_results_stays_as_it_is(tmp_path, grid):
    refuse(tmp_path / "results", grid)

    assert not (tmp_path / "results").exists()


def test_an_unreadable_attempt_file_is_named(results):
    (results / "runs").mkdir()
    (results / "runs" / "grid.yaml~12345678.attempt").write_text("{")

    with pytest.raises(UserError, match=r"12345678\.attempt: can't be read"):
        left(results)


def test_joined_results_remember_refused_runs(results, grid, tmp_path):
    refuse(results, grid)
    (tmp_path / "joined").mkdir()

    records.attempt.merge_attempts(results, tmp_path / "joined")

    [(_, attempt)] = records.iter_attempts(tmp_path / "joined")
    assert (attempt.path, attempt.refused[:12]) == ("", "grid.yaml:1:")
