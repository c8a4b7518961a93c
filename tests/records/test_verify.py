"""A record that contradicts its files is reported and not ranked."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from rakuten_bench import records, report
from rakuten_bench.errors import UserError
from rakuten_bench.records import BoardInfo, Identity
from rakuten_bench.scenario import Scenario, code_of, from_words

FROZEN = Path(__file__).parent / "frozen" / "records_1"
MODELS = ("logreg", "linear_svc", "dummy")


def scenario(model, **params) -> Scenario:
    return from_words({"vectorizer": "tfidf", "model": model}, {"model": params})


def add(shop, found: Scenario, right=0.8, own=0, **fields):
    words = {"levers": found.levers, "params": found.params}
    return shop.add(found.code, right, own, **(words | fields))


@pytest.fixture
def honest(shop):
    """Return the folders of three scenarios that say what is true, best first."""
    return [
        add(shop, scenario(model), 0.9 - 0.1 * own, own)
        for own, model in enumerate(MODELS)
    ]


def claim(shop):
    """Write the board's file as a run does."""
    rows = shop.predictions()
    identity = Identity("data1", "split1", 123)
    info = BoardInfo(
        name="shop", identity=identity, rows_digest=rows.rows_digest, n_test=len(rows)
    )
    records.claim_board(shop.results, "shop", info)


def rewrite(folder, **changed):
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps(record | changed))


def embellish_score(folder):
    record = json.loads((folder / "record.json").read_text())
    rewrite(folder, scores=record["scores"] | {"accuracy": 0.999})


def embellish_fold(folder):
    record = json.loads((folder / "record.json").read_text())
    rewrite(folder, scores=record["scores"] | {"folds": [record["scores"]]})


def embellish_table(folder):
    text = (folder / "confusion.csv").read_text()
    head, first, *rest = text.splitlines()
    label, *cells = first.split(",")
    changed = ",".join([label, str(int(cells[0]) + 1), *cells[1:]])
    (folder / "confusion.csv").write_text("\n".join([head, changed, *rest]) + "\n")


def rename_classes(folder):
    rewrite(folder, classes=["a", "b", "c", "d"])


def remove_predictions(folder):
    (folder / "predictions.npz").unlink()


def remove_digest(folder):
    remove_predictions(folder)
    rewrite(folder, predictions_digest="", rows_digest="")


def tear_predictions(folder):
    content = (folder / "predictions.npz").read_bytes()
    (folder / "predictions.npz").write_bytes(content[:100])


def call_it_another_model(folder):
    record = json.loads((folder / "record.json").read_text())
    rewrite(folder, levers=record["levers"] | {"model": "multinomial_nb"})


def give_it_parameters(folder):
    rewrite(folder, params={"model": {"C": 3.0}})


def call_it_failed(folder):
    rewrite(folder, status="failed")


FORGERIES = [
    (embellish_score, "its scores do not match predictions.npz"),
    (embellish_fold, "its scores do not match predictions.npz"),
    (embellish_table, "confusion.csv beside it does not match predictions.npz"),
    (rename_classes, "its scores do not match predictions.npz"),
    (remove_predictions, "predictions.npz: can't be read"),
    (remove_digest, "predictions.npz: can't be read"),
    (tear_predictions, "predictions.npz: can't be read"),
    (call_it_another_model, "its levers have the code"),
    (give_it_parameters, "its levers have the code"),
    (call_it_failed, "its status is 'failed', with scores"),
]


def test_records_as_they_are_written_are_true(honest):
    assert [*map(fault_of, honest)] == ["", "", ""]


def fault_of(folder):
    return records.say_contradiction(folder, records.read_record(folder))


@pytest.mark.parametrize(("change", "words"), FORGERIES)
def test_a_forged_record_is_named_and_ranked_nowhere(shop, honest, change, words):
    change(honest[0])

    board = report.load_board(shop.results, "shop")

    assert [entry.folder for entry in board.everyone] == honest[1:]
    (sentence,) = board.left_out
    assert words in sentence
    assert honest[0].name in sentence
    assert words in fault_of(honest[0])


@pytest.mark.parametrize(("change", "words"), FORGERIES)
def test_a_forged_record_is_reported_by_every_command_that_reads_it(
    shop, honest, call, tmp_path, change, words
):
    change(honest[0])
    where = ("--results", shop.results)
    code = honest[0].name

    assert words in call("report", *where)[1].replace("\n", " ")
    assert call("compare", code, honest[1].name, *where)[0] == 2
    exported = call("export", code, "-o", tmp_path / "m.joblib", *where)
    merged = call("merge", shop.results, "--results", tmp_path / "other")

    assert (exported[0], merged[0]) == (2, 1)
    assert words in exported[2]
    assert words in merged[1]
    assert not (tmp_path / "other" / "shop" / code).exists()


def test_a_renamed_folder_is_not_another_scenario(shop, honest):
    honest[0].rename(honest[0].with_name("T0000-0000-0000"))

    board = report.load_board(shop.results, "shop")

    assert [entry.folder for entry in board.entries] == honest[1:]
    assert "in the folder 'T0000-0000-0000'" in board.left_out[0]


@pytest.mark.parametrize("n_records", [1, 3])
def test_a_record_without_the_hard_rows_is_ranked_nowhere(shop, n_records):
    claim(shop)
    folders = [
        add(shop, scenario(model), 0.7, own)
        for own, model in enumerate(MODELS[:n_records])
    ]
    predictions = records.read_predictions(folders[0])
    easy = predictions.take(predictions.true == predictions.predicted)
    record = records.read_record(folders[0])
    split = msgspec.structs.replace(record.split, n_test=len(easy))
    records.write_record(
        shop.results, msgspec.structs.replace(record, split=split), easy
    )

    board = report.load_board(shop.results, "shop")

    assert [entry.folder for entry in board.entries] == folders[1:]
    assert "has other test rows than the board" in board.left_out[0]


def test_rows_left_out_are_counted(shop, honest):
    predictions = records.read_predictions(honest[0])
    record = records.read_record(honest[0])
    records.write_record(shop.results, record, predictions.take(np.arange(200)))

    assert "200 of 300 test rows" in fault_of(honest[0])


def test_other_truths_are_other_rows(shop, honest):
    predictions = records.read_predictions(honest[2])
    easy = msgspec.structs.replace(records.read_record(honest[2]), name="best")
    records.write_record(
        shop.results,
        easy,
        records.Predictions(
            ids=predictions.ids,
            true=predictions.predicted,
            predicted=predictions.predicted,
            fold=predictions.fold,
            language=predictions.language,
            classes=predictions.classes,
        ),
    )

    board = report.load_board(shop.results, "shop")

    assert [entry.folder for entry in board.entries] == honest[:2]


def test_a_removed_confusion_table_is_not_a_fault(honest):
    (honest[0] / "confusion.csv").unlink()

    assert fault_of(honest[0]) == ""


def test_a_record_of_an_option_that_is_not_here_can_be_ranked(shop, honest):
    rewrite(honest[0], levers=scenario("dummy").levers | {"model": "of_a_plugin"})

    assert fault_of(honest[0]) == ""


def test_the_record_of_schema_1_is_true():
    (folder,) = (FROZEN / "shop").iterdir()

    assert fault_of(folder) == ""


@pytest.mark.parametrize(
    "found",
    [
        scenario("logreg"),
        scenario("logreg", C=3.0),
        from_words({"vectorizer": "tfidf"}, {"vectorizer": {"ngram_range": [1, 2]}}),
        from_words(
            {"search": "grid", "model": "logreg", "vectorizer": "tfidf"},
            {"search": {"space": {"C": [0.1, 1.0]}}},
        ),
    ],
)
def test_levers_and_parameters_of_a_record_have_its_code(found):
    words = msgspec.json.decode(msgspec.json.encode([found.levers, found.params]))

    assert code_of(found.modality, *words) == found.code


def test_members_of_a_fusion_are_part_of_its_code():
    parts = tuple(scenario(model) for model in MODELS)
    found = from_words({"fusion": "mean"}, modality="fusion", members=parts)
    members = [
        {"modality": one.modality, "levers": one.levers, "params": one.params}
        for one in parts
    ]

    assert code_of("fusion", found.levers, found.params, members) == found.code
    assert code_of("fusion", found.levers, found.params, members[:2]) != found.code


def test_a_comparison_asks_for_true_records(shop, honest):
    embellish_score(honest[1])

    with pytest.raises(UserError, match="its scores do not match"):
        report.compare(*honest[:2])
