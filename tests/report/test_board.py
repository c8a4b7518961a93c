"""Boards from records: ranks, groups, excluded records, and every format."""

import csv
import dataclasses
import io
import json

import msgspec
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from sklearn.metrics import adjusted_rand_score

from rakuten_bench import records, report
from rakuten_bench.cli import rakuten_bench
from rakuten_bench.cli._exit import Escaped
from rakuten_bench.errors import UserError
from rakuten_bench.report import standing
from rakuten_bench.types import Dataset


def run(*args):
    """Run the command line and return what it prints."""
    result = CliRunner().invoke(rakuten_bench, [str(arg) for arg in args])
    if result.exception and not isinstance(result.exception, SystemExit):
        error = result.exception
        raise error.__cause__ if isinstance(error, Escaped) else error
    return result


def judged(shop, **options):
    return report.with_standing(report.load_board(shop.results, "shop", **options))


def test_the_best_scenario_comes_first_and_failures_last(shop):
    shop.add("T1", right=0.7)
    shop.fail("T2", status="timeout")
    shop.add("T3", right=0.9)

    board = report.load_board(shop.results, "shop")

    assert [(e.code, e.rank) for e in board.everyone] == [
        ("T3", 1),
        ("T1", 2),
        ("T2", None),
    ]
    assert board.failures[0].error == "ValueError: no words are left"


def test_ties_go_to_the_cheaper_scenario_then_to_the_code(shop):
    shop.add("T1", fit_time=5.0)
    shop.add("T4", fit_time=2.0)
    shop.add("T3", fit_time=1.0, predict_time=1.0)

    board = report.load_board(shop.results, "shop")

    assert [entry.code for entry in board.entries] == ["T3", "T4", "T1"]


def test_a_record_with_other_scores_than_its_rows_give_leaves_the_board(shop, tmp_path):
    for own, right in enumerate((0.9, 0.8, 0.7)):
        shop.add(f"T{own}", right, own, fit_time=3.0 - own)
    shop.embellish(shop.results / "shop" / "T2")

    for _ in range(2):  # found, then remembered
        board = report.load_board(shop.results, "shop")
        board = report.with_standing(board, cache=tmp_path)

        assert [(e.code, e.rank, e.group) for e in board.entries] == [
            ("T0", 1, 1),
            ("T1", 2, 2),
        ]
        assert all(entry.pareto for entry in board.entries)  # none is hidden behind it
        (sentence,) = board.left_out
        assert "its scores do not match predictions.npz beside it." in sentence
        assert "T2" in sentence


def test_records_that_a_run_has_just_verified_are_not_verified_again(shop):
    (shop.add("T0") / "predictions.npz").unlink()
    known = records.BoardRows.read(shop.results, "shop")

    refused = report.load_board(shop.results, "shop", known=known)
    board = report.load_board(
        shop.results, "shop", known=dataclasses.replace(known, verified={"T0"})
    )

    assert [entry.code for entry in refused.entries] == []
    assert [entry.code for entry in board.entries] == ["T0"]


def test_records_that_a_run_has_verified_stay_so_for_the_next_board(shop, tmp_path):
    shop.add("T0")
    known = dataclasses.replace(
        records.BoardRows.read(shop.results, "shop"), verified={"T0"}
    )
    report.load_board(shop.results, "shop", cache=tmp_path)
    [kept] = (tmp_path / "verified").glob("*/*")
    before = kept.read_bytes()

    report.load_board(shop.results, "shop", cache=tmp_path, known=known)

    assert before
    assert kept.read_bytes() == before


def test_a_record_that_was_mended_is_back(shop, tmp_path):
    folder = shop.add("T0")
    was = json.loads((folder / "record.json").read_text())["scores"]["f1_weighted"]

    def shown():
        board = report.load_board(shop.results, "shop")
        board = report.with_standing(board, cache=tmp_path)
        return [entry.code for entry in board.entries]

    shop.embellish(folder)
    assert shown() == []
    shop.embellish(folder, was)
    assert shown() == ["T0"]


def test_without_predictions_nothing_is_ranked(shop):
    shop.add("T0", 0.8)
    (shop.add("T1", 0.9, 1) / "predictions.npz").unlink()

    board = judged(shop)

    assert [entry.code for entry in board.everyone] == ["T0"]
    (sentence,) = board.left_out
    assert "T1/predictions.npz: can't be read: No such file" in sentence
    assert "A scenario without predictions is not ranked" in sentence


def test_on_a_large_board_others_take_the_places_of_those_that_leave(shop, monkeypatch):
    monkeypatch.setattr(standing, "LOOKED_AT", 3)
    for own, right in enumerate((0.9, 0.8, 0.7, 0.6, 0.5)):
        shop.add(f"T{own}", right, own)
    shop.embellish(shop.results / "shop" / "T3", 0.98)
    shop.embellish(shop.results / "shop" / "T4", 0.99)

    board = judged_top(shop, 1)

    assert [entry.code for entry in board.entries] == ["T0", "T1", "T2"]
    assert board.entries[0].interval is not None
    assert sum("do not match" in sentence for sentence in board.left_out) == 2


def judged_top(shop, top):
    return report.with_standing(report.load_board(shop.results, "shop"), top)


def test_a_record_without_a_rows_digest_is_not_ranked(shop):
    shop.add("T0", 0.9)
    folder = shop.add("T1", 0.8, 1)
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps(record | {"rows_digest": ""}))

    board = judged(shop)

    assert [entry.code for entry in board.entries] == ["T0"]
    assert "other test rows than the board" in board.left_out[0]


def test_a_record_that_a_run_has_replaced_since_stays(shop):
    shop.add("T0", 0.9)
    shop.add("T1", 0.8, 1)
    board = report.load_board(shop.results, "shop")

    shop.add("T1", 0.6, 2)

    assert len(report.with_standing(board).entries) == 2


def test_effects_come_from_records_that_say_what_follows_from_their_rows(shop):
    for own, right in enumerate((0.9, 0.8)):
        shop.add(f"T{own}", right, own, levers={"model": f"m{own}"})
    shop.embellish(shop.results / "shop" / "T1")

    found = run("report", "--effects", "--results", shop.results)

    assert "do not match predictions.npz" in found.stderr
    assert "m1" not in found.stdout


def test_a_false_score_is_reported_where_a_scenario_is_looked_at(shop):
    shop.add("T0", 0.9)
    shop.embellish(shop.add("T1", 0.8, 1))

    shown = run("show", "T1", "--results", shop.results)

    assert "do not match predictions.npz" in shown.stdout
    with pytest.raises(UserError, match=r"do not match predictions\.npz"):
        run("compare", "T0", "T1", "--results", shop.results)


@pytest.mark.parametrize(
    "predicted",
    [
        np.zeros(7, np.int32),
        np.full(300, 9, np.int32),
        np.full(300, -1, np.int32),
        np.zeros(300, np.float32),
        np.zeros((300, 1), np.int32),
    ],
)
def test_invalid_predictions_are_not_ranked(shop, predicted):
    shop.add("T0", 0.9)
    folder = shop.add("T1", 0.8, 1)
    with np.load(folder / "predictions.npz") as file:
        arrays = dict(file)
    np.savez(folder / "predictions.npz", **(arrays | {"predicted": predicted}))

    board = judged(shop)

    assert [entry.code for entry in board.entries] == ["T0"]
    assert "T1" in board.left_out[0]


def test_scenarios_without_a_significant_difference_share_a_group(shop):
    shop.add("T1", right=0.9)
    shop.add("T2", right=0.9, own=1)
    shop.add("T3", right=0.5, own=2)

    board = judged(shop)

    assert [entry.group for entry in board.entries] == [1, 1, 2]
    for entry in board.entries:
        low, high = entry.interval
        assert low < entry.scores["f1_weighted"] < high


def test_the_pareto_front_is_marked(shop):
    shop.add("T1", right=0.9, fit_time=10.0)
    shop.add("T2", right=0.8, fit_time=20.0)
    shop.add("T3", right=0.7, fit_time=1.0)

    board = report.load_board(shop.results, "shop")

    assert [entry.pareto for entry in board.entries] == [True, False, True]


def test_a_subset_is_scored_on_its_own_rows(shop):
    shop.add("T1")
    predictions = shop.predictions()
    rows = predictions.language == "en"

    board = judged(shop, subset="en")

    right = (predictions.true == predictions.predicted)[rows].mean()
    assert board.entries[0].scores["accuracy"] == pytest.approx(right)
    n_english = np.count_nonzero(shop.language == "en")
    words = f"shop: {n_english} of 300 test rows (those in 'en'), 80/20 holdout"
    assert board.title == words


def test_a_subset_without_rows_is_refused(shop):
    shop.add("T1")

    with pytest.raises(UserError, match="no test row is in 'xx'"):
        report.load_board(shop.results, "shop", subset="xx")


def test_subsets_of_other_rows_never_share_a_board(shop):
    shop.add("T1")
    base = shop.predictions()
    flipped = np.where(base.language == "fr", "en", "fr")
    other = records.Predictions(
        base.ids, base.true, base.predicted, base.fold, flipped, base.classes
    )
    shop.add("T2", predictions=other)

    board = report.load_board(shop.results, "shop", subset="fr")

    assert [entry.code for entry in board.entries] == ["T1"]
    assert board.left_out == ("T2: other rows in 'fr'.",)


def test_other_data_and_splits_are_left_out_and_named(shop):
    old = records.Provenance(created="2026-01-01", python="", platform="")
    new = records.Provenance(created="2026-02-01", python="", platform="")
    earlier = records.DatasetInfo(name="shop", fingerprint="older")
    resplit = records.SplitInfo(scheme="holdout", fingerprint="split0")
    shop.add("T1", provenance=new)
    shop.add("T2", provenance=old, dataset=earlier)
    shop.add("T3", provenance=old, dataset=earlier)
    shop.add("T4", provenance=old, split=resplit)

    board = report.load_board(shop.results, "shop")

    assert [entry.code for entry in board.everyone] == ["T1"]
    assert "1 scenario on other rows (data data1, split split0" in board.left_out[0]
    assert "2 scenarios on other rows (data older, split split1" in board.left_out[1]


def test_a_damaged_record_is_named_and_the_rest_is_shown(shop):
    shop.add("T1")
    (shop.add("T2") / "record.json").write_text("{")

    board = report.load_board(shop.results, "shop")

    assert [entry.code for entry in board.entries] == ["T1"]
    assert "T2" in board.left_out[0]


def test_a_board_too_large_to_compare_is_marked(shop, monkeypatch):
    monkeypatch.setattr(standing, "LOOKED_AT", 2)
    for number in range(4):
        shop.add(f"T{number}", own=number)

    board = report.with_standing(report.load_board(shop.results, "shop"), top=1)

    assert [entry.interval is None for entry in board.entries] == [False, *3 * [True]]
    assert board.left_out == ("3 scenarios from interval and group.",)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("emoji", "emoji, not products"), ("synthetic", "synthetic catalogue")],
)
def test_a_board_of_data_other_than_products_is_marked(shop, kind, words):
    shop.add(
        "T1", dataset=records.DatasetInfo(name="shop", fingerprint="data1", kind=kind)
    )

    for form in ("table", "markdown"):
        printed = run("report", "--results", shop.results, "--format", form).output
        assert words in printed


def test_the_table_fits_in_100_columns_and_names_differing_levers(shop):
    levers = {"stopwords": "spacy", "tokenizer": "spacy", "model": "linear_svc"}
    plain = {"stopwords": "off", "tokenizer": "regex", "model": "linear_svc"}
    tuned = {"model": {"C": 0.2, "class_weight": "balanced"}}
    shop.add("T0111-0000-0000-abcdef", levers=levers, params=tuned, name="tuned one")
    shop.add("T0211-0000-0000", levers=plain, right=0.7)
    shop.fail("T0311-0000-0000", levers=levers)

    printed = run("report", "--results", shop.results).output

    assert max(len(line) for line in printed.splitlines()[:-3]) <= 100
    assert "T0111-0000-0000-abcdef" in printed
    flat = " ".join(printed.split())
    assert "stopwords=spacy" in flat
    assert "ValueError: no words are" in flat
    assert "linear_svc(C=0.2" in flat


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_code_and_levers_are_readable_at_any_width(shop, width):
    shop.add("T0111-0000-0000", levers={"model": "linear_svc", "vectorizer": "tfidf"})
    shop.add("T0211-0000-0000", levers={"model": "logreg", "vectorizer": "count"})

    table = report.render_boards([judged(shop)], "table", width=width)

    lines = table.splitlines()
    assert max(map(len, lines)) <= width
    assert "T0111-0000-0000" in table
    assert "linear_svc" in table


def test_json_has_a_row_for_each_scenario(shop):
    shop.add("T1", right=0.7, fit_time=2.0)
    shop.add("T2", right=0.9)
    shop.fail("T3")

    rows = json.loads(
        run("report", "--results", shop.results, "--format", "json").stdout
    )

    assert [row["code"] for row in rows] == ["T2", "T1", "T3"]
    keys = "rank code name dataset levers f1_weighted f1_macro accuracy fit_time status"
    assert set(keys.split()) < set(rows[0])
    assert rows[1]["fit_time"] == 2.0
    assert rows[0]["low"] < rows[0]["f1_weighted"] < rows[0]["high"]
    assert rows[2]["error"] == "ValueError: no words are left"
    assert rows[2]["f1_weighted"] is rows[2]["rank"] is None


def test_csv_can_be_read_back(shop):
    shop.add("T1")
    shop.fail("T2", name="=cmd()")

    asked = ("report", "--results", shop.results, "--format", "csv")
    text = run(*asked).stdout
    safe = run(*asked, "--spreadsheet-safe").stdout

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["code"] for row in rows] == ["T1", "T2"]
    assert rows[0]["model"] == "logreg"
    assert float(rows[0]["accuracy"]) > 0.7
    assert rows[1]["name"] == "=cmd()"
    assert list(csv.DictReader(io.StringIO(safe)))[1]["name"] == "'=cmd()"


def test_top_limits_the_ranked_rows_and_failures_stay(shop):
    for number in range(4):
        shop.add(f"T{number}", own=number)
    shop.fail("T9")

    rows = json.loads(
        run("report", "--results", shop.results, "--top", 2, "--format", "json").stdout
    )
    table = run("report", "--results", shop.results, "--top", 2).output

    assert [row["rank"] for row in rows] == [1, 2, None]
    assert "2 more scenarios" in table
    assert "T9" in table


def test_another_score_can_rank(shop):
    shop.add("T1")

    rows = json.loads(
        run(
            *("report", "--results", shop.results, "--sort", "f1_macro"),
            *("--format", "json"),
        ).stdout
    )

    assert rows[0]["metric"] == "f1_macro"
    assert rows[0]["low"] < rows[0]["f1_macro"] < rows[0]["high"]


def test_boards_are_never_mixed(shop):
    shop.add("T1")
    shop.name = "market"
    shop.add("T2")

    printed = run("report", "--results", shop.results).output
    named = run("report", "--results", shop.results, "--dataset", "shop").output

    assert printed.index("market:") < printed.index("T2") < printed.index("shop:")
    assert "T2" not in named


def test_an_unknown_data_set_suggests_the_closest(shop):
    shop.add("T1")

    with pytest.raises(UserError, match="Did you mean 'shop'"):
        run("report", "--results", shop.results, "--dataset", "shp")


def test_an_empty_results_folder_names_the_command_to_run(tmp_path):
    with pytest.raises(UserError, match="rakuten-bench run"):
        run("report", "--results", tmp_path)


def test_what_is_left_out_is_said_beside_json_not_in_it(shop):
    shop.add("T1")
    (shop.add("T2") / "record.json").write_text("{")

    result = run("report", "--results", shop.results, "--format", "json")

    assert len(json.loads(result.stdout)) == 1
    assert "Left out" in result.stderr


def test_show_prints_levers_classes_and_notable_confusions(shop):
    folder = shop.add("T1", right=0.5, name="plain words", notes=["a row is empty"])
    record = records.read_record(folder)

    printed = run("show", "plain words", "--results", shop.results).output

    assert "plain words" in printed
    assert "logreg" in printed
    assert f"{record.per_class[0].f1:.3f}".removeprefix("0") in printed
    assert "predicted as" in printed
    assert "note: a row is empty" in printed


def test_show_prints_the_adjusted_rand_index(shop):
    given = shop.predictions(right=0.7)
    shop.add("T1", predictions=given)

    printed = run("show", "T1", "--results", shop.results).output

    expected = adjusted_rand_score(given.true, given.predicted)
    (line,) = [line for line in printed.splitlines() if line.startswith("ari ")]
    assert float(line.split()[1]) == pytest.approx(expected, abs=1e-4)


def test_show_prints_the_parameters_that_a_search_chose_in_each_fold(shop):
    fold = {
        "best_params": {"alpha": 0.25, "norm": True},
        "best_score": 0.5711,
        "scoring": "f1_macro",
        "candidates": [{"seconds": 0.5}, {"seconds": 0.7, "error": "ValueError"}],
    }
    other = {**fold, "best_params": {"alpha": 0.5}, "candidates": [{"seconds": 2.0}]}
    once = shop.add("T1", details=fold)
    twice = shop.add("T2", details={"folds": [fold, other]})
    never = shop.add("T3", details={"weights": [0.5, 0.5]})

    effort = "inner f1_macro .5711; 2 candidates (1 failed), 1.2 s"
    assert (
        f"\n\nsearch: best alpha=0.25, norm=True; {effort}\n\n"
        in report.render_scenario(once)
    )
    assert (
        f"\nsearch: fold 0: best alpha=0.25, norm=True; {effort}"
        "\nsearch: fold 1: best alpha=0.5; inner f1_macro .5711; 1 candidate, 2.0 s\n"
    ) in report.render_scenario(twice)
    assert "search:" not in report.render_scenario(never)


def test_show_gives_the_traceback_of_a_failure(shop):
    failure = records.Failure(
        type="KeyError", message="'x'", traceback="File a\nline 3"
    )
    shop.fail("T1")
    records.write_record(
        shop.results, shop.record("T2", status="failed", error=failure)
    )

    printed = run("show", "T2", "--results", shop.results).output

    assert "KeyError: 'x'\nFile a\nline 3" in printed


def test_show_of_an_unknown_code_suggests_the_closest(shop):
    shop.add("T1000-0000")

    with pytest.raises(UserError, match="Did you mean 'T1000-0000'"):
        run("show", "T1000-0001", "--results", shop.results)


def test_show_asks_which_board_where_two_have_the_scenario(shop):
    shop.add("T1")
    shop.name = "market"
    shop.add("T1")

    with pytest.raises(UserError, match="--dataset"):
        run("show", "T1", "--results", shop.results)


def test_readable_names_stand_beside_the_labels(shop):
    shop.add("T1", label_names={"10": "used books"})

    assert "10 used books" in run("show", "T1", "--results", shop.results).output


def test_a_row_reads_the_scores_that_its_record_has(shop):
    folder = shop.add("T1")
    record = records.read_record(folder)
    text = msgspec.json.encode(record)

    assert msgspec.json.decode(text, type=records.Row).scores == record.scores


def write_grid(shop):
    """Write nine scenarios in which svc gains on tfidf alone."""
    rights = {"nb": 0.5, "svc": 0.55, "knn": 0.4}
    number = 0
    for vectorizer in ("count", "hashing", "tfidf"):
        for model, right in rights.items():
            bonus = 0.4 if (vectorizer, model) == ("tfidf", "svc") else 0.0
            levers = {"vectorizer": vectorizer, "model": model}
            shop.add(f"T{number}", right=right + bonus, own=number, levers=levers)
            number += 1


def test_effects_are_printed_with_their_interactions(shop):
    shop.n_rows = 3000
    shop.__post_init__()
    write_grid(shop)

    table = run("report", "--effects", "--results", shop.results).output
    markdown = run(
        *("report", "--effects", "--format", "markdown", "--results", shop.results)
    ).output

    (first,) = [
        line for line in table.splitlines() if line.startswith("model       svc")
    ]
    assert "100 %" in first
    assert "vectorizer tfidf rather than" in " ".join(table.split())
    assert "| model | svc |" in markdown


def test_effects_can_be_read_by_programs(shop):
    write_grid(shop)
    options = ("report", "--effects", "--results", shop.results, "--format")

    (board,) = json.loads(run(*options, "json").stdout)
    rows = list(csv.DictReader(io.StringIO(run(*options, "csv").stdout)))

    assert board["board"] == "shop"
    effects = {(e["lever"], e["option"]): e for e in board["effects"]}
    assert effects["model", "svc"]["n_pairs"] == 6
    assert len(rows) == len(board["effects"]) == 6
    assert float(rows[0]["estimate"]) == board["effects"][0]["estimate"]


def test_without_pairs_no_effect_is_reported(shop):
    shop.add("T1")

    printed = run("report", "--effects", "--results", shop.results).output

    assert "No two scenarios differ in one lever only" in printed


def test_show_prints_folds_steps_and_provenance(shop):
    predictions = dataclasses.replace(
        shop.predictions(), fold=(np.arange(shop.n_rows) % 2).astype(np.int16)
    )
    steps = [
        records.StepCost(
            lever="model", option="svc", key="k", seconds=2.5, memory=2**21, cached=True
        )
    ]
    origin = records.Provenance(
        created="2026-01-01T00:00:00+00:00",
        python="3.11",
        platform="Linux",
        commit="abcdef0123456789",
        dirty=True,
        packages={"scikit-learn": "1.9.1"},
    )
    shop.add("T1", predictions=predictions, steps=steps, provenance=origin)

    printed = run("show", "T1", "--results", shop.results).output

    assert "folds" in printed
    assert "2.5 s" in printed
    assert "2 MB" in printed
    assert "cached" in printed
    assert "commit abcdef0123 with changes" in printed
    assert "scikit-learn 1.9.1" in printed


def test_folds_are_in_the_title(shop):
    split = records.SplitInfo(
        scheme="kfold", name="kfold-5", fingerprint="s", n_folds=5, n_test=300
    )
    shop.add("T1", split=split)

    assert (
        report.load_board(shop.results, "shop").title == "shop: 300 test rows, 5 folds"
    )


def test_items_are_title_and_description_by_row():
    columns = {
        "id": ["a", "b"],
        "title": ["Roman", "Jeu"],
        "description": ["poche", ""],
        "image_path": ["", "/x.jpg"],
    }

    items = report.read_examples(Dataset("shop", pd.DataFrame(columns), "d1"))

    assert items == {
        "a": report.Example("Roman - poche"),
        "b": report.Example("Jeu", "/x.jpg"),
    }


TEXT = {"stopwords": "off", "tokenizer": "regex", "model": "svc"}
IMAGE = {"crop": "off", "feature": "hog", "model": "svc"}


def add_fusion(shop, code, *members):
    kinds = [("image" if "crop" in one else "text", one) for one in members]
    joined = [
        {"modality": kind, "levers": levers, "params": {}} for kind, levers in kinds
    ]
    levers = {"fusion": "mean"}
    return shop.add(code, modality="fusion", levers=levers, members=joined)


def test_each_kind_of_scenario_is_worded_by_itself(shop):
    shop.add("T1", levers=TEXT)
    shop.add("T2", levers={**TEXT, "model": "nb"})
    shop.add("I1", modality="image", levers=IMAGE)

    printed = run("report", "--results", shop.results, "--format", "markdown").output

    assert "The same in all text scenarios: tokenizer=regex." in printed
    assert "Off in all text scenarios: stopwords." in printed
    assert "| hog · svc |" in printed


def test_a_scenario_with_all_off_names_what_others_switch_on(shop):
    shop.add("T1", levers={**TEXT, "stopwords": "iso"})
    shop.add("T2", levers=TEXT, name="plain")
    shop.fail("T3", levers=TEXT, name="odd")

    printed = run("report", "--results", shop.results, "--format", "markdown").output

    assert "| plain: stopwords=off |" in printed
    assert "| odd: stopwords=off |" in printed


def test_a_board_of_one_scenario_words_it_in_full(shop):
    shop.add("T1", levers=TEXT)

    printed = run("report", "--results", shop.results).output

    assert "regex · svc" in printed
    assert "The same" not in printed


def test_fusions_list_their_members(shop):
    shop.add("T1", levers=TEXT)
    shop.add("T2", levers={**TEXT, "model": "nb"})
    one = add_fusion(shop, "F1", TEXT, IMAGE)
    other = add_fusion(shop, "F2", {**TEXT, "model": "nb"}, IMAGE)

    board = run("report", "--results", shop.results, "--format", "markdown").output
    shown = run("show", "F1", "--results", shop.results).output

    assert "(svc) · (hog · svc)" in board
    assert "member 1  regex · svc" in shown
    assert report.compare(one, other).levers == (
        ("member 1", "regex · svc", "regex · nb"),
    )


def test_a_percent_sign_stays_with_its_number(shop):
    shop.add("T1")
    shop.add("T2", right=0.5)

    for width in range(60, 120, 7):
        table = report.render_boards([judged(shop)], "table", width=width)
        lines = table.splitlines()

        assert not any(line.startswith("%") for line in lines)
        assert not any("\u00a0" in line for line in lines)


def test_a_large_board_is_not_listed_in_a_message(shop):
    for number in range(20):
        shop.add(f"T{number:03d}")

    with pytest.raises(UserError, match="unknown scenario 'zzz'\\. See"):
        report.find_scenario(shop.results, "zzz")


def test_a_name_that_stands_twice_on_a_board_is_chosen_by_code(shop):
    shop.add("T1", name="text")
    shop.add("T2", name="text")

    with pytest.raises(UserError, match=r"/T1, .*/T2\. Choose one by its code"):
        report.find_scenario(shop.results, "text")


@pytest.mark.parametrize("option", ["--html", "--plots"])
def test_a_file_that_can_not_be_written_is_one_message(shop, tmp_path, option):
    shop.add("T1")
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UserError, match="x: can't be written: "):
        run("report", "--results", shop.results, option, tmp_path / "file" / "x")


def test_plots_are_of_the_best_scenarios_that_are_asked_for(shop, tmp_path):
    for number in range(3):
        shop.add(f"T{number}", right=0.9 - number / 10, own=number)

    run("report", "--results", shop.results, "--top", 2, "--plots", tmp_path / "plots")

    found = sorted(path.name for path in (tmp_path / "plots").glob("*-confusion.png"))
    assert found == ["shop-T0-confusion.png", "shop-T1-confusion.png"]


@pytest.mark.parametrize("command", [("report",), ("show", "T1")], ids=" ".join)
def test_an_error_while_plotting_is_not_blamed_on_the_disk(
    shop, tmp_path, monkeypatch, command
):
    shop.add("T1")

    def savefig(*_, **__):
        message = "no such font"
        raise OSError(message)

    monkeypatch.setattr(Figure, "savefig", savefig)

    with pytest.raises(OSError, match="no such font"):
        run(*command, "--results", shop.results, "--plots", tmp_path / "plots")
