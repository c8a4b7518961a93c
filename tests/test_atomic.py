"""Atomic writes of files, and the removal of leftovers."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from command_line import call, wait_for
from rakuten_bench.atomic import (
    is_partial,
    partial_path,
    remove_leftovers,
    replacing,
    write_atomically,
)

WRITE_FOR_EVER = """
import sys, time
from pathlib import Path
from rakuten_bench.atomic import partial_path, replacing
folder = Path(sys.argv[1])
partial_path(folder / "pictures").mkdir()
with replacing(folder / "splits.npz") as partial:
    partial.write_bytes(b"half")
    (folder / "begun").touch()
    time.sleep(600)
"""


@pytest.fixture
def writer(tmp_path):
    """A process that has written half of a folder and half of a file."""
    with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, tmp_path]) as process:
        assert wait_for(lambda: (tmp_path / "begun").exists(), seconds=120)
        yield process
        process.kill()


def names(folder):
    return [path.name for path in folder.iterdir()]


def fail_half_way(path):
    with replacing(path) as partial:
        partial.write_bytes(b"half")
        message = "the disk is full"
        raise RuntimeError(message)


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "board.json"
    path.write_bytes(b"before")

    write_atomically(path, b"after")

    assert path.read_bytes() == b"after"
    assert names(tmp_path) == ["board.json"]


def test_what_fails_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path):
    path = tmp_path / "board.json"
    path.write_bytes(b"before")

    with pytest.raises(RuntimeError, match="full"):
        fail_half_way(path)

    assert path.read_bytes() == b"before"
    assert names(tmp_path) == ["board.json"]


def test_threads_of_a_process_write_under_names_of_their_own(tmp_path):
    path = tmp_path / "board.json"
    contents = [bytes([number]) * 100_000 for number in range(64)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_atomically(path, content), contents))

    assert path.read_bytes() in contents
    assert names(tmp_path) == ["board.json"]


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / ("é" * 127)

    write_atomically(path, b"whole")

    assert path.read_bytes() == b"whole"


def test_what_a_live_process_writes_is_left_alone(tmp_path, writer):
    assert remove_leftovers(tmp_path) == 0
    assert len(names(tmp_path)) == 3


def test_what_a_killed_process_has_left_is_removed(tmp_path, writer):
    writer.kill()
    writer.wait()

    assert remove_leftovers(tmp_path) == 2
    assert names(tmp_path) == ["begun"]


def test_what_another_host_may_be_writing_stays_for_a_day(tmp_path):
    ours = partial_path(tmp_path / "record.json").name
    name, owner, suffix = ours.rsplit(".", 2)
    path = tmp_path / f"{name}.{'0' * 8}{owner[8:]}.{suffix}"
    path.touch()

    assert remove_leftovers(tmp_path) == 0
    long_ago = time.time() - 2 * 86_400
    os.utime(path, (long_ago, long_ago))
    assert remove_leftovers(tmp_path) == 1


@pytest.mark.parametrize(
    "name", [".record.json.4194304.tmp", "pictures.4194304.part", f"{'a' * 32}.4194304.tmp"]
)  # fmt: skip
def test_leftovers_of_earlier_versions_are_known(tmp_path, name):
    (tmp_path / name).touch()

    assert is_partial(name)
    assert remove_leftovers(tmp_path) == 1


@pytest.mark.parametrize(
    "name", ["notes.tmp", "notes.2024.tmp", ".part", "part.part", ".notes.txt.part"]
)
def test_files_of_other_programs_stay(tmp_path, name):
    (tmp_path / name).touch()

    assert remove_leftovers(tmp_path) == 0


def test_the_next_run_removes_what_a_killed_one_has_left(odd, capsys):
    (odd / "grid.yaml").write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
        "matrix: {vectorizer: [count], model: [linear_svc]}\n"
    )
    assert call(capsys, "run", "grid.yaml", "--cache", "kept", "--quiet")[0] == 0
    record = next(odd.glob("results/shop/*/record.json"))
    entry = next(odd.glob("kept/steps/??/*.entry"))
    places = [record, record.parents[1] / "board.json", entry, odd / "kept" / "costs"]
    lefts = [
        place.with_name(
            partial_path(place).name.replace(f"-{os.getpid()}-", "-4194304-")
        )
        for place in places
    ]
    for left in lefts:
        left.write_bytes(b"half")

    assert call(capsys, "run", "grid.yaml", "--cache", "kept", "--quiet")[0] == 0

    assert not any(left.exists() for left in lefts)


def in_use(code):
    """Return the error of Windows for a file that another process has open."""
    error = PermissionError(13, "The process cannot access the file")
    error.winerror = code
    return error


@pytest.mark.parametrize("code", [5, 32])
def test_a_file_that_is_read_elsewhere_is_replaced_when_it_is_free(
    tmp_path, monkeypatch, code
):
    replace, attempts = Path.replace, []

    def replace_third(self, target):
        attempts.append(target)
        if len(attempts) < 3:
            raise in_use(code)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replace_third)

    write_atomically(tmp_path / "board.json", b"new")

    assert (tmp_path / "board.json").read_bytes() == b"new"
    assert len(attempts) == 3


def test_a_file_without_permission_is_not_tried_again(tmp_path, monkeypatch):
    attempts = []

    def refuse(self, target):
        attempts.append(target)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(PermissionError, match="Permission denied"):
        write_atomically(tmp_path / "board.json", b"new")

    assert len(attempts) == 1
    assert not list(tmp_path.iterdir())
