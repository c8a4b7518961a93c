"""The standing of a board is cached, and reused only if nothing has changed."""

import os

import pytest

from command_line import enter
from rakuten_bench import report
from rakuten_bench.plan import source
from rakuten_bench.report.standing_cache import cached_standing


@pytest.fixture
def folder(shop, tmp_path):
    """Write a little board; return where what is found out is kept."""
    for own, right in enumerate((0.9, 0.8, 0.5)):
        shop.add(f"T{own}", right, own)
    return tmp_path / "standings"


def look(shop, folder, **options):
    board = report.load_board(shop.results, "shop")
    return report.with_standing(board, cache=folder.parent, **options)


def nobody():
    pytest.fail("it was known")


def is_known(shop, folder):
    board = report.load_board(shop.results, "shop")
    asked = []
    cached_standing(
        folder, board, board.entries, lambda: asked.append(1) or board.entries
    )
    return not asked


def test_a_board_without_news_is_the_same_and_not_compared_again(shop, folder):
    first = look(shop, folder)

    again = look(shop, folder)

    board = report.load_board(shop.results, "shop")
    assert again == first == report.with_standing(board)
    assert [entry.group for entry in again.entries] == [1, 2, 3]
    assert cached_standing(folder, board, board.entries, nobody) == list(first.entries)


def test_report_uses_the_cache_that_it_is_given(shop, folder, tmp_path):
    enter("report", "--results", shop.results, "--cache", tmp_path / "named")

    kept = {path.parent.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*")}
    assert {("named", "standings"), ("named", "verified")} <= kept
    assert not (tmp_path / "cache").exists()


def test_a_new_scenario_is_news(shop, folder):
    look(shop, folder)

    shop.add("T9", 0.7, 9)

    assert len(look(shop, folder).entries) == 4
    assert all(entry.interval for entry in look(shop, folder).entries)


def test_another_answer_is_news(shop, folder):
    before = look(shop, folder).entries[0].interval

    shop.add("T0", 0.6, 0)

    assert look(shop, folder).entries[0].interval != before


def test_predictions_that_are_gone_or_touched_are_news(shop, folder):
    look(shop, folder)
    file = shop.results / "shop" / "T0" / "predictions.npz"
    os.utime(file, (1, 1))
    assert not is_known(shop, folder)
    look(shop, folder)

    file.unlink()

    assert not is_known(shop, folder)


@pytest.fixture
def rewrite(monkeypatch):
    """Return a function that gives a module other source, as far as digests go."""
    before = source.own_digest

    def changed(module):
        monkeypatch.setattr(
            source, "own_digest", lambda name: before(name) + "x" * (name == module)
        )
        source.source_digest.cache_clear()

    yield changed
    monkeypatch.undo()
    source.source_digest.cache_clear()


@pytest.mark.parametrize(
    "module", ["metrics.paired", "report.standing", "report.board", "records.store"]
)
def test_other_source_of_what_judges_is_news(shop, folder, rewrite, module):
    look(shop, folder)
    assert is_known(shop, folder)

    rewrite(f"rakuten_bench.{module}")

    assert not is_known(shop, folder)


def test_other_source_of_what_only_shows_is_none(shop, folder, rewrite):
    look(shop, folder)

    rewrite("rakuten_bench.report.render")

    assert is_known(shop, folder)


def test_looks_at_one_board_do_not_mix(shop, folder):
    whole = look(shop, folder)
    board = report.load_board(shop.results, "shop", subset="fr")

    french = report.with_standing(board, cache=folder.parent)

    assert french.entries[0].interval != whole.entries[0].interval
    assert len(list(folder.iterdir())) == 2


def test_a_damaged_memory_is_none(shop, folder):
    expected = look(shop, folder)
    (file,) = folder.iterdir()
    file.write_bytes(b"{")

    assert look(shop, folder) == expected


def test_a_changed_digit_in_the_memory_is_found(shop, folder):
    expected = look(shop, folder)
    (file,) = folder.iterdir()
    content = file.read_bytes()
    place = content.index(b"[[0.") + 4  # of the first interval
    digit = b"1" if content[place : place + 1] != b"1" else b"2"
    file.write_bytes(content[:place] + digit + content[place + 1 :])

    assert look(shop, folder) == expected


def test_a_memory_that_can_not_be_written_is_none(shop, folder):
    expected = look(shop, folder)
    (file,) = folder.iterdir()

    assert look(shop, file / "below a file") == expected
