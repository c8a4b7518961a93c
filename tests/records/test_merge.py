"""Results of several machines in one folder."""

import shutil

import pytest
from click.testing import CliRunner

from rakuten_bench import records
from rakuten_bench.cli import rakuten_bench
from rakuten_bench.errors import UserError


@pytest.fixture
def other(shop, tmp_path):
    """Give each of two machines a scenario of its own and one in common."""
    ours, theirs = shop.results, tmp_path / "theirs"
    shop.add("T1")
    shop.add("T2", own=2)
    shop.results = theirs
    shop.add("T2", own=2)
    shop.add("T3", own=3)
    shop.results = ours
    return theirs


def run(shop, *folders):
    arguments = ["merge", *map(str, folders), "--results", str(shop.results)]
    return CliRunner().invoke(rakuten_bench, arguments, catch_exceptions=False)


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_missing_records_are_copied_and_others_kept(shop, other):
    before = content(shop.results)

    result = run(shop, other)

    assert result.exit_code == 0
    assert "1 copied, 1 same" in result.output
    after = content(shop.results)
    assert before.items() <= after.items()
    merged = records.read_record(shop.results / "shop" / "T3")
    records.read_predictions(shop.results / "shop" / "T3", merged.predictions_digest)


def test_a_line_break_in_the_name_of_a_folder_forges_no_line(shop, other):
    (other / "shop" / "T3").rename(other / "shop" / "a\n9 copied")

    result = run(shop, other)

    assert result.exit_code == 1
    assert r"a\n9 copied" in result.output
    assert not [line for line in result.output.splitlines() if line.startswith("9")]


def test_merging_again_changes_nothing(shop, other):
    run(shop, other)
    before = content(shop.results)

    result = run(shop, other)

    assert content(shop.results) == before
    assert "2 same" in result.output


def test_a_conflict_is_reported_and_nothing_is_overwritten(shop, other):
    shop.add("T2", right=0.5)
    before = content(shop.results / "shop" / "T2")

    result = run(shop, other)

    assert result.exit_code == 1
    assert "T2: differs in predictions" in result.output
    assert content(shop.results / "shop" / "T2") == before


def test_a_torn_record_is_reported_and_not_copied(shop, other):
    (other / "shop" / "T3" / "predictions.npz").write_bytes(b"torn")

    result = run(shop, other)

    assert result.exit_code == 1
    assert "damaged" in result.output
    assert result.output.count("T3") == 1
    assert not records.has_record(shop.results / "shop" / "T3")


def test_a_record_whose_scores_were_changed_is_reported_and_not_copied(shop, other):
    shop.embellish(other / "shop" / "T3")

    result = run(shop, other)

    assert result.exit_code == 1
    assert "its scores do not match predictions.npz" in " ".join(result.output.split())
    assert not (shop.results / "shop" / "T3").exists()


def test_a_place_that_can_not_be_written_is_one_message(shop, tmp_path):
    shop.add("T1")
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(
        UserError,
        match=r"can't be written: Not a directory\. Name another folder with --results",
    ):
        list(records.merge_results([shop.results], tmp_path / "file" / "results"))


def test_a_damaged_record_on_either_side_is_reported(shop, other):
    (other / "shop" / "T3" / "record.json").write_text("{")
    (shop.results / "shop" / "T2" / "record.json").write_text("{")

    result = run(shop, other)

    assert "1 conflict, 1 damaged" in result.output


def test_an_incomplete_record_of_a_killed_run_is_completed(shop, other):
    folder = shop.results / "shop" / "T3"
    shutil.copytree(other / "shop" / "T3", folder)
    (folder / "record.json").unlink()

    run(shop, other)

    assert content(folder) == content(other / "shop" / "T3")


def test_a_folder_without_records_is_refused_before_anything_is_copied(
    shop, other, tmp_path
):
    empty = tmp_path / "empty"
    empty.mkdir()
    before = content(shop.results)

    with pytest.raises(UserError, match="has no records to merge"):
        run(shop, other, empty)
    with pytest.raises(UserError, match="is the target folder"):
        run(shop, other, shop.results)

    assert content(shop.results) == before
