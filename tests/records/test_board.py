"""The data of a board: a record is never replaced by one of other data."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rakuten_bench import records, report
from rakuten_bench.errors import UserError
from rakuten_bench.records import BoardInfo, Identity
from rakuten_bench.records.board import folder_name

OURS = Identity("data1", "split1", 123)
OTHERS = [
    Identity("data2", "split1", 123),
    Identity("data1", "split2", 123),
    Identity("data1", "split1", 7),
]
STUDY = """
dataset: {{table: {{path: train.csv, title: name, label: kind{more}}}}}
scenarios:
  svm: {{vectorizer: tfidf, model: linear_svc}}
  {second}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with two tables of one name, of other rows, and their studies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    for place, words in (("a", ("shoe", "pot")), ("b", ("hat", "spoon"))):
        write_table(tmp_path / place, words)
        write_study(tmp_path / place)
    return tmp_path


def write_table(place, words, n_rows=20):
    place.mkdir(exist_ok=True)
    rows = [f"red {word} {row},{word}" for word in words for row in range(n_rows)]
    (place / "train.csv").write_text("\n".join(["name,kind", *rows]))


def write_study(place, more="", second="nb: {model: multinomial_nb}"):
    (place / "s.yaml").write_text(STUDY.format(more=more, second=second))


def run(call, place, *words):
    code, out, err = call("run", f"{place}/s.yaml", "--jobs", "1", *words)
    assert code == 0, err
    return out, err


def content(folder):
    """Return the files of all boards; `runs` is of the last runs, not of a board."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files if path.parent.name != "runs"}


def test_other_data_of_one_name_have_a_board_of_their_own(folder, call):
    run(call, "a")
    before = content(folder / "results")

    out, err = run(call, "b")

    assert before.items() <= content(folder / "results").items()
    first, second = records.iter_boards(folder / "results")
    assert first == "train"
    assert out.startswith(f"train ({second}): ")
    assert "results/train: has records of other data of this name" in err
    assert "dataset: {table: {name: ...}}" in err


def test_a_run_finds_the_board_of_its_data_again(folder, call):
    for place in ("a", "b"):
        run(call, place)
    before = content(folder / "results")

    for place in ("b", "a"):
        _, err = run(call, place)
        assert "2 scenarios, 0 to run" in err

    assert content(folder / "results") == before


def test_a_row_more_makes_another_board_and_the_old_records_stay(folder, call):
    run(call, "a")
    before = content(folder / "results" / "train")
    with (folder / "a" / "train.csv").open("a") as file:
        file.write("\nblue pot,pot")

    out, err = run(call, "a")

    assert content(folder / "results" / "train") == before
    assert "other data of this name" in err
    assert "2 scenarios, 2 to run" in err
    assert "svm" in out
    assert "nb" in out


def test_a_record_that_is_not_true_is_made_again(folder, call):
    run(call, "a")
    path = folder / "results" / "train" / "T0010-0120-0000" / "record.json"
    record = json.loads(path.read_text())
    scores = record["scores"] | {"f1_weighted": 0.1234}
    path.write_text(json.dumps(record | {"scores": scores}))

    out, err = run(call, "a")

    assert "its scores do not match predictions.npz beside it. It is run again" in (err)
    assert "2 scenarios, 1 to run" in err
    assert ".1234" not in out
    assert json.loads(path.read_text())["scores"] == record["scores"]


def test_the_board_of_a_run_counts_failures_of_other_files(folder, call):
    write_study(folder / "a", second="few: {model: {knn: {n_neighbors: 500}}}")
    assert call("run", "a/s.yaml", "--jobs", "1")[0] == 1
    write_study(folder / "a")

    out, _ = run(call, "a")
    code, reported, _ = call("report")

    assert "few" not in out
    assert "1 scenario of other files that failed" in out.replace("\n", " ")
    assert code == 0
    assert "few" in reported


def test_a_name_of_its_own_keeps_a_data_set_apart(folder, call):
    run(call, "a")
    write_study(folder / "b", more=", name: hats")

    _, err = run(call, "b")

    assert list(records.iter_boards(folder / "results")) == ["hats", "train"]
    assert "other data" not in err


def test_seeds_are_never_mixed_on_a_board_nor_compared(folder, call):
    run(call, "a")
    _, err = run(call, "a", "--seed", "7")

    first, second = records.iter_boards(folder / "results")
    rows = {
        board: {row.seed for row in records.iter_rows(folder / "results", board)}
        for board in (first, second)
    }
    assert rows == {first: {123}, second: {7}}
    assert "has records of seed 123" in err
    code = "T0010-0120-0000"
    with pytest.raises(UserError, match=r"different seeds \(123 and 7\)"):
        report.compare(*(folder / "results" / board / code for board in rows))


def test_the_board_of_a_run_has_its_data_regardless_of_the_last_write(folder, call):
    run(call, "a")
    run(call, "b")
    write_study(folder / "a", second="ridge: {model: ridge}")

    out, _ = run(call, "a")

    assert out.startswith("train: ")
    assert "svm" in out
    assert "ridge" in out


def test_paths_in_records_do_not_depend_on_where_a_run_was_started(
    folder, call, monkeypatch
):
    run(call, "a", "--results", folder / "r1")
    monkeypatch.chdir(folder / "a")
    code, *_ = call("run", "s.yaml", "--jobs", "1", "--results", folder / "r2")

    assert code == 0
    one, other = (
        json.loads((folder / results / "train/T0010-0120-0000/record.json").read_text())
        for results in ("r1", "r2")
    )
    assert one["dataset"]["source"] == other["dataset"]["source"]


def test_a_record_leads_to_its_data_from_any_folder(folder, call, monkeypatch):
    run(call, "a")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")

    code, _, err = call("explain", "svm", "--row", "0", "--results", folder / "results")

    assert (code, err) == (0, "")


@pytest.mark.parametrize("other", OTHERS)
def test_a_board_is_of_one_data_set_split_and_seed(tmp_path, other):
    board = records.claim_board(tmp_path, "shop", BoardInfo(name="shop", identity=OURS))

    found = records.find_board(tmp_path, "shop", other)

    assert board == "shop"
    assert found == f"shop~{other.digest[:8]}"
    assert records.find_board(tmp_path, "shop", OURS) == "shop"


def test_runs_that_begin_together_agree_whose_the_plain_name_is(tmp_path):
    infos = [BoardInfo(name="shop", identity=one) for one in (OURS, *OTHERS) * 4]

    with ThreadPoolExecutor(8) as pool:
        names = list(
            pool.map(lambda info: records.claim_board(tmp_path, "shop", info), infos)
        )

    for name, info in zip(names, infos, strict=True):
        assert records.read_board(tmp_path / name) == info
    assert len(set(names)) == 4


def test_records_of_before_boards_had_a_file_keep_their_folder(shop):
    shop.add("T1")

    found = records.find_board(shop.results, "shop", OURS)

    assert found == "shop"
    assert records.find_board(shop.results, "shop", OTHERS[0]) != "shop"


def test_a_folder_with_records_of_several_data_sets_is_left_alone(shop):
    shop.add("T1")
    shop.add("T2", dataset=records.DatasetInfo(name="shop", fingerprint="data2"))

    assert records.find_board(shop.results, "shop", OURS) == f"shop~{OURS.digest[:8]}"


def test_a_board_without_a_record_does_not_keep_its_name(tmp_path):
    info = BoardInfo(name="shop", identity=OURS)
    records.claim_board(tmp_path, "shop", info)

    records.release_board(tmp_path / "shop")

    assert records.find_board(tmp_path, "shop", OTHERS[0]) == "shop"
    assert not (tmp_path / "shop").exists()


@pytest.mark.parametrize("torn", [b"", b"{", b'{"name": 1}'])
def test_a_torn_board_file_is_written_again(tmp_path, torn):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "board.json").write_bytes(torn)
    info = BoardInfo(name="shop", identity=OURS)

    assert records.claim_board(tmp_path, "shop", info) == "shop"
    assert records.read_board(tmp_path / "shop") == info


def test_names_that_differ_by_case_only_are_two_folders_everywhere(tmp_path):
    records.claim_board(tmp_path, "Shop", BoardInfo(name="Shop", identity=OURS))

    assert records.find_board(tmp_path, "shop", OURS).startswith("shop~")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../x", ".._x"),
        ("a/b\\c:d", "a_b_c_d"),
        ("con", "con_"),
        ("NUL.txt", "NUL_.txt"),
        ("com1", "com1_"),
        ("shop. .", "shop"),
        (" shop ", "shop"),
        ("..", "_"),
        ("", "_"),
        ("tab\there", "tab_here"),
        ("half\udc80", "half_"),
        ("shop@kfold-5~1", "shop_kfold-5_1"),
        ("cafe\u0301", "caf\u00e9"),
        ("日本 ça", "日本 ça"),
    ],
)
def test_any_name_gives_a_folder_that_every_file_system_takes(tmp_path, name, expected):
    assert folder_name(name) == expected
    (tmp_path / folder_name(name)).mkdir()


def test_long_names_are_shortened_and_stay_apart(tmp_path):
    names = [folder_name(letter + "é" * 300) for letter in "ab"]
    alike = [folder_name("é" * 300 + letter) for letter in "ab"]

    assert all(len(name.encode()) <= 100 for name in (*names, *alike))
    assert len({*names, *alike}) == 4


@pytest.mark.parametrize(
    ("name", "yaml"),
    [
        ("../up", "'../up'"),
        ("a\nb", '"a\\nb"'),
        ("aux", "aux"),
        ("é" * 200, "é" * 200),
    ],
)
def test_odd_names_of_data_sets_stay_in_the_results_folder(folder, call, name, yaml):
    write_study(folder / "a", more=f", name: {yaml}")

    out, _ = run(call, "a")

    (board,) = records.iter_boards(folder / "results")
    (row, _) = records.iter_rows(folder / "results", board)
    assert row.dataset.name == name
    assert {path.name for path in folder.iterdir()} == {"a", "b", "cache", "results"}
    assert "svm" in out


def test_an_exact_name_of_a_board_wins_over_that_of_a_data_set(shop, call):
    shop.add("T1")
    shop.name = "shop@kfold-3"
    shop.add("T1")

    folder = report.find_scenario(shop.results, "T1", "shop")
    code, out, _ = call("report", "--results", shop.results, "--dataset", "shop")

    assert folder == shop.results / "shop" / "T1"
    assert code == 0
    assert out.count("80/20 holdout") == 1
    assert report.choose_boards(shop.results, "shop@kfold-3") == ["shop@kfold-3"]


def test_merging_keeps_records_of_other_data_apart(shop, tmp_path, call):
    ours = shop.results
    shop.add("T1")
    before = content(ours)
    shop.results = tmp_path / "theirs"
    other = records.DatasetInfo(name="shop", fingerprint="data2")
    shop.add("T1", dataset=other)
    shop.add("T2", dataset=other)

    code, out, _ = call("merge", shop.results, "--results", ours)

    assert code == 0
    assert "2 copied" in out
    assert before.items() <= content(ours).items()
    (board,) = [name for name in records.iter_boards(ours) if name != "shop"]
    assert {row.board for row in records.iter_rows(ours, board)} == {board}


@pytest.mark.parametrize("kind", ["file", "below", "dangling", "long"])
def test_a_results_folder_that_can_not_be_written_is_reported_before_anything_is_loaded(
    folder, call, kind
):
    (folder / "file").write_text("")
    (folder / "dangling").symlink_to(folder / "nowhere" / "below")
    paths = {
        "file": folder / "file",
        "below": folder / "file" / "results",
        "dangling": folder / "dangling",
        "long": folder / ("x" * 300),
    }
    (folder / "a" / "train.csv").unlink()

    code, out, err = call("run", "a/s.yaml", "--results", paths[kind])

    assert (code, out) == (2, "")
    assert f"{paths[kind]}: can't be written: " in err
    assert "--results" in err
    assert not (folder / "nowhere").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="may write everywhere")
def test_a_read_only_results_folder_is_reported_before_anything_is_loaded(folder, call):
    (folder / "ro").mkdir(mode=0o555)
    (folder / "a" / "train.csv").unlink()

    code, _, err = call("run", "a/s.yaml", "--results", Path("ro", "results"))

    assert code == 2
    assert "can't be written: Permission denied" in err


def test_an_empty_name_of_the_results_folder_is_refused(folder, call):
    before = {*folder.iterdir()}

    code, _, err = call("run", "a/s.yaml", "--results", "")

    assert code == 2
    assert "'' is not a folder" in err
    assert {*folder.iterdir()} == before


def test_a_refused_study_leaves_no_results_folder(folder, call):
    (folder / "a" / "train.csv").unlink()

    code, _, err = call("run", "a/s.yaml", "--results", "deep/results")

    assert code == 2
    assert "no such file" in err
    assert not (folder / "deep").exists()


EXTERNAL = """
dataset: {{table: {{path: train.csv, title: name, label: kind{more}}}}}
scenarios:
  mine: {{model: {{external: {{path: {path}}}}}}}
"""


@pytest.mark.parametrize(
    ("more", "id_", "remarked"), [("", "", True), (", id: sku", "s", False)]
)
def test_answers_joined_by_row_number_are_remarked(folder, call, more, id_, remarked):
    lines = (folder / "a" / "train.csv").read_text().splitlines()[1:]
    rows = [f"s{row},{line}" for row, line in enumerate(lines)]
    (folder / "a" / "train.csv").write_text("\n".join(["sku,name,kind", *rows]))
    answers = [f"{id_}{row},0.5,0.5" for row in range(len(rows))]
    (folder / "p.csv").write_text("\n".join(["id,pot,shoe", *answers]))
    text = EXTERNAL.format(more=more, path=folder / "p.csv")
    (folder / "a" / "s.yaml").write_text(text)

    _, err = run(call, "a")

    assert ("its ids are row numbers" in err) == remarked
