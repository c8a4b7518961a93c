"""Verified records are cached by checksum, in private files only."""

import os

import pytest

from rakuten_bench import records, report


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def ranked(shop, cache):
    return [
        entry.code
        for entry in report.load_board(shop.results, "shop", cache=cache).entries
    ]


def kept(cache):
    [path] = (cache / "verified").glob("*/*")
    return path


def vouch(shop, cache, folder):
    """Write into a cache that a record is true, whatever it says."""
    row = records.read_row(folder)
    with records.Verified(cache, folder.parent) as verified:
        verified.add(verified.checksum(folder, row, row.rows_digest))


def test_a_record_that_was_found_true_is_not_verified_again(shop, cache):
    folder = shop.add("T1")
    shop.embellish(folder)
    assert ranked(shop, cache) == []

    vouch(shop, cache, folder)

    assert ranked(shop, cache) == ["T1"]


@pytest.mark.skipif(os.name == "nt", reason="access rights are not in the mode there")
@pytest.mark.parametrize("mode", [0o777, 0o757])
def test_a_cache_where_others_can_write_is_not_believed(shop, cache, mode):
    folder = shop.add("T1")
    shop.embellish(folder)
    vouch(shop, cache, folder)

    kept(cache).parent.chmod(mode)

    assert ranked(shop, cache) == []


def test_files_of_the_same_size_and_time_are_verified_again(shop, cache):
    folder = shop.add("T1")
    assert ranked(shop, cache) == ["T1"]
    path = folder / "confusion.csv"
    before = path.stat()
    path.write_bytes(path.read_bytes().translate(bytes.maketrans(b"123", b"231")))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert path.stat().st_size == before.st_size
    assert ranked(shop, cache) == []


@pytest.mark.parametrize("name", ["predictions.npz", "record.json"])
def test_a_record_with_files_of_another_one_is_verified_again(shop, cache, name):
    first, second = shop.add("T1"), shop.add("T2", own=1)
    assert len(ranked(shop, cache)) == 2

    (first / name).write_bytes((second / name).read_bytes())

    assert ranked(shop, cache) == ["T2"]


def test_records_removed_from_the_board_are_forgotten(shop, cache):
    for code in ("T1", "T2"):
        shop.add(code)
    ranked(shop, cache)
    size = kept(cache).stat().st_size

    for file in (shop.results / "shop" / "T2").iterdir():
        file.unlink()
    ranked(shop, cache)

    assert kept(cache).stat().st_size == size / 2


def test_a_run_of_some_scenarios_keeps_the_checksums_of_the_others(shop, cache):
    folder = shop.add("T1")
    shop.add("T2", own=1)
    ranked(shop, cache)
    before = kept(cache).read_bytes()

    vouch(shop, cache, folder)  # as a run does that has only this scenario

    assert kept(cache).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"torn", b"x" * 64])
def test_a_damaged_cache_vouches_for_nothing(shop, cache, content):
    shop.embellish(shop.add("T1"))
    shop.add("T2")
    ranked(shop, cache)

    kept(cache).write_bytes(content)

    assert ranked(shop, cache) == ["T2"]


def test_a_cache_that_can_not_be_written_is_done_without(shop, tmp_path):
    shop.add("T1")
    (tmp_path / "file").touch()

    assert ranked(shop, tmp_path / "file") == ["T1"]


def test_a_file_without_end_is_not_read_for_its_checksum(shop, cache):
    folder = shop.add("T1")
    shop.add("T2", own=1)
    with (folder / "predictions.npz").open("r+b") as file:
        file.truncate(1 << 40)

    with pytest.raises(OSError, match="is too large"):
        vouch(shop, cache, folder)

    assert ranked(shop, cache) == ["T2"]
