"""Records on disk: complete or absent, readable by later versions."""

import contextlib
import errno
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from rakuten_bench import metrics, records

FROZEN = Path(__file__).parent / "frozen"


def make_record(code="T0000-0000-0000", **changed):
    fields = {
        "code": code,
        "name": "plain words",
        "modality": "text",
        "board": "shop",
        "status": "ok",
        "dataset": records.DatasetInfo(name="shop", fingerprint="d1", n_rows=20),
        "split": records.SplitInfo(scheme="holdout", fingerprint="s1", n_test=6),
        "seed": 123,
        "levers": {"vectorizer": "tfidf", "model": "logreg"},
        "key": "k1",
    }
    return records.Record(**{**fields, **changed})


def make_predictions(predicted=(0, 1, 2, 2, 1, 0), fold=(0,) * 6, **changed):
    fields = {
        "ids": np.array(["a", "b", "c", "d", "e", "é"]),
        "true": np.array([0, 1, 2, 0, 1, 2], dtype=np.int32),
        "predicted": np.array(predicted, dtype=np.int32),
        "fold": np.array(fold, dtype=np.int16),
        "language": np.array(["fr", "fr", "en", "fr", "", "en"]),
        "classes": ("10", "40", "=1+1"),
        "probability": np.eye(3, dtype=np.float32)[list(predicted)],
    }
    return records.Predictions(**{**fields, **changed})


def write(results, record, predictions=None):
    """Write a record; return its folder."""
    records.write_record(results, record, predictions)
    return results / record.board / record.code


def test_a_record_comes_back_as_it_was_written(tmp_path):
    predictions = make_predictions()

    folder = write(tmp_path, make_record(notes=["a note"]), predictions)
    record = records.read_record(folder)
    back = records.read_predictions(folder, record.predictions_digest)

    assert folder == tmp_path / "shop" / "T0000-0000-0000"
    assert record.notes == ["a note"]
    assert back.digest == predictions.digest
    assert back.classes == predictions.classes
    for column in ("ids", "true", "predicted", "fold", "language", "probability"):
        ours, theirs = getattr(back, column), getattr(predictions, column)
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def test_scores_and_matrix_are_those_of_the_predictions(tmp_path):
    predictions = make_predictions()

    folder = write(tmp_path, make_record(), predictions)
    record = records.read_record(folder)

    expected = metrics.confusion_matrix(predictions.true, predictions.predicted, 3)
    np.testing.assert_array_equal(records.read_confusion(folder), expected)
    assert record.scores.f1_macro == metrics.scores(expected)["f1_macro"]
    assert record.scores.folds == []
    assert [row.support for row in record.per_class] == [2, 2, 2]


def test_folds_have_their_own_scores(tmp_path):
    predictions = make_predictions(fold=(0, 0, 0, 1, 1, 1))

    folder = write(tmp_path, make_record(), predictions)

    scores = records.read_record(folder).scores
    assert [fold.accuracy for fold in scores.folds] == pytest.approx([1, 1 / 3])
    assert scores.accuracy == pytest.approx(4 / 6)


def test_a_failure_is_a_record_without_scores(tmp_path):
    failure = records.Failure(type="MemoryError", message="no room", traceback="...")

    write(tmp_path, make_record(), make_predictions())
    folder = write(tmp_path, make_record(status="oom", error=failure))

    (record,) = records.iter_records(tmp_path)
    assert record.error == failure
    assert record.scores is None
    assert [path.name for path in folder.iterdir()] == ["record.json"]


def test_the_same_predictions_make_the_same_files(tmp_path):
    first = write(tmp_path / "1", make_record(), make_predictions())
    again = write(tmp_path / "2", make_record(), make_predictions())

    for name in ("record.json", "confusion.csv", "predictions.npz"):
        assert (first / name).read_bytes() == (again / name).read_bytes()


def test_rows_digest_shows_whether_two_scenarios_have_the_same_rows():
    base = make_predictions()

    assert base.rows_digest == make_predictions((2,) * 6).rows_digest
    assert base.rows_digest != make_predictions(fold=(0, 0, 0, 1, 1, 1)).rows_digest
    assert base.rows_digest != base.take([1, 0, 2, 3, 4, 5]).rows_digest


def test_a_truncated_record_is_reported_and_the_others_are_read(tmp_path):
    write(tmp_path, make_record("T1"), make_predictions())
    torn = write(tmp_path, make_record("T2"), make_predictions())
    text = (torn / "record.json").read_bytes()
    (torn / "record.json").write_bytes(text[: len(text) // 2])

    good, bad = records.iter_rows(tmp_path)

    assert good.code == "T1"
    assert (bad.board, bad.code) == ("shop", "T2")
    assert "can't be read" in bad.message


def test_leftovers_of_a_killed_run_are_not_records(tmp_path):
    folder = write(tmp_path, make_record(), make_predictions())
    (folder / "record.json").unlink()

    assert list(records.iter_records(tmp_path)) == []


def write_again(results, change):
    """Write the record of a later run: of the same predictions, of others, of none."""
    if change == "failed":
        error = records.Failure(type="E", message="no")
        again = make_record(key="k2", status="failed", error=error)
        return write(results, again)
    predictions = make_predictions(*[(1,) * 6] * (change == "others"))
    return write(results, make_record(key="k2"), predictions)


CHANGES = ["same", "others", "failed"]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("nth", range(3))
def test_an_earlier_record_stays_until_the_new_one_is_on_the_disk(
    tmp_path, monkeypatch, change, nth
):
    folder = write(tmp_path, make_record(), make_predictions())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    left = iter([os.fsync] * nth)

    def full(file):
        next(left, lambda _: fill())(file)

    def fill():
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("rakuten_bench.records.store.os.fsync", full)

    if change == "failed" and nth > 0:
        write_again(tmp_path, change)  # it has one file only
        assert records.read_record(folder).status == "failed"
        return
    with pytest.raises(OSError, match="no space"):
        write_again(tmp_path, change)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("nth", range(3))
def test_killed_between_two_files_a_record_is_whole_or_not_there(
    tmp_path, monkeypatch, change, nth
):
    folder = write(tmp_path, make_record(), make_predictions())
    left = iter([Path.replace] * nth)

    def replace(path, target):
        step = next(left, None)
        if step is None:
            raise KeyboardInterrupt
        return step(path, target)

    monkeypatch.setattr("rakuten_bench.records.store.Path.replace", replace)

    with contextlib.suppress(KeyboardInterrupt):
        write_again(tmp_path, change)

    found = list(records.iter_records(tmp_path))
    if change != "others":
        assert [record.status for record in found] in (["ok"], ["failed"])
    for record in found:
        if record.status == "ok":
            records.read_predictions(folder, record.predictions_digest)


def test_predictions_of_another_run_are_found(tmp_path):
    folder = write(tmp_path, make_record(), make_predictions())
    digest = records.read_record(folder).predictions_digest
    (folder / "predictions.npz").write_bytes(make_predictions((1,) * 6).to_bytes())

    with pytest.raises(records.DamagedRecord, match="does not match the digest"):
        records.read_predictions(folder, digest)


def test_a_missing_file_is_named_once(tmp_path):
    with pytest.raises(records.DamagedRecord) as caught:
        records.read_confusion(tmp_path)

    path = tmp_path / "confusion.csv"
    assert str(caught.value) == f"{path}: can't be read: No such file or directory"


@pytest.mark.parametrize("name", ["predictions.npz", "confusion.csv"])
def test_a_truncated_file_beside_the_record_is_found(tmp_path, name):
    folder = write(tmp_path, make_record(), make_predictions())
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    read = {
        "predictions.npz": records.read_predictions,
        "confusion.csv": records.read_confusion,
    }[name]

    with pytest.raises(records.DamagedRecord, match="can't be read"):
        read(folder)


def test_a_record_of_a_later_version_asks_for_an_update(tmp_path):
    folder = write(tmp_path, make_record(schema_version=99))

    with pytest.raises(records.DamagedRecord, match=r"version 99.*Upgrade"):
        records.read_record(folder)


def test_the_record_of_schema_1_stays_readable():
    folder = FROZEN / "records_1" / "shop" / "T0102-0011-0030"

    record = records.read_record(folder)
    predictions = records.read_predictions(folder, record.predictions_digest)

    assert record.schema_version == 1
    assert record.scores.f1_weighted == pytest.approx(2 / 3)
    assert record.steps[0].lever == "vectorizer"
    assert record.provenance.packages == {"scikit-learn": "1.9.1"}
    assert predictions.predicted.tolist() == [0, 1, 2, 2, 1, 0]
    assert records.read_confusion(folder).sum() == 6


def test_a_row_is_a_part_of_the_record():
    names = {field.name: field for field in msgspec.structs.fields(records.Record)}

    for field in msgspec.structs.fields(records.Row):
        assert field.name in names


def test_labels_are_kept_as_they_are_for_programs(tmp_path):
    folder = write(tmp_path, make_record(), make_predictions())

    assert (folder / "confusion.csv").read_text().splitlines() == [
        "true \\ predicted,10,40,=1+1",
        "10,1,0,1",
        "40,0,2,0",
        "=1+1,1,0,1",
    ]


def test_provenance_names_machine_and_moment():
    found = records.collect_provenance({"numpy": "2.4.6"})

    assert found.packages == {"numpy": "2.4.6"}
    assert found.created.endswith("+00:00")
    assert found.python
    assert found.n_cores >= 1


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="different lengths"):
        make_predictions(predicted=(0, 1), probability=None)
