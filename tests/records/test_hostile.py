"""Malicious results folders: one warning, and a complete board."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rakuten_bench import records
from rakuten_bench.data.reading.source import open_source
from rakuten_bench.errors import UserError
from rakuten_bench.plain import read_plain
from rakuten_bench.records.prediction import MEMBERS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.mkdir()


def link_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_itself(path: Path) -> None:
    path.symlink_to(path.name)


def write_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 36)


def write_deep(path: Path) -> None:
    path.write_bytes(b'{"a":' * 1_000_000)


def write_many(path: Path) -> None:
    path.write_bytes(b"[" + b"[]," * 1_000_000 + b"[]]")


HOSTILE = (
    *(make_pipe, make_folder, link_device, link_itself),
    *(write_huge, write_deep, write_many),
)
Hostile = Callable[[Path], None]


@pytest.fixture
def folder(shop: Any) -> Path:
    """Return the folder of one of three records."""
    shop.add("T0", right=0.5)
    shop.add("T2", right=0.7, own=2)
    written: Path = shop.add("T1", right=0.6, own=1)
    return written


def put(path: Path, hostile: Hostile) -> None:
    path.unlink()
    hostile(path)


def array(shape: tuple[int, ...], kind: str, content: bytes = b"") -> bytes:
    """Return a .npy file that says of itself what it likes."""
    file = io.BytesIO()
    head = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, head)
    return file.getvalue() + content


def replace_member(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {one.filename: archive.read(one) for one in archive.infolist()}
    members[name] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", ["record.json", "predictions.npz", "confusion.csv"])
def test_a_hostile_file_costs_its_own_record_only(shop, folder, call, name, hostile):
    put(folder / name, hostile)

    code, out, err = call("report", "--results", shop.results)

    assert code == 0
    assert "Traceback" not in err
    assert " T0 " in out
    assert " T2 " in out
    assert f"T1/{name}" in "".join(out.split()) or f"{name} beside it" in out


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_board_file_hides_no_record(shop, folder, call, hostile):
    hostile(folder.parent / "board.json")

    code, out, _ = call("report", "--results", shop.results)

    assert code == 0
    assert all(f" {name} " in out for name in ("T0", "T1", "T2"))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_list_of_scenarios_is_one_message(shop, folder, call, hostile):
    shop.has_run("grid.yaml", scenarios={"T1": "one"})
    put(shop.results / "runs" / "grid.yaml.json", hostile)
    baseline = shop.results / "baseline.json"

    code, _, err = call(
        "check", "--update", "--results", shop.results, "--baseline", baseline
    )

    assert "Traceback" not in err
    assert code in (0, 2)


@pytest.mark.parametrize(
    "column", sorted(set(MEMBERS) - {"probability", "is_clustering"})
)
def test_predictions_without_a_column_are_damaged(folder, column):
    """One bit of a name in the archive is enough."""
    path = folder / "predictions.npz"
    with np.load(path) as archive:
        left = {name: archive[name] for name in archive.files if name != column}
    np.savez(path, **left)

    with pytest.raises(records.DamagedRecord, match=f"missing members: {column}"):
        records.read_predictions(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("predicted", array((10**13,), "<i4")),
        ("predicted", array((10**30,), "<i4")),
        ("predicted", array((-5,), "<i4")),
        ("predicted", array((300, 1), "<i4", bytes(1200))),
        ("predicted", array((300,), "<f8", bytes(2400))),
        ("predicted", array((3,), "|O", b"cos\nsystem\n")),
        ("predicted", array((10**8,), "<i4", bytes(2 * 10**8))),
        ("id", array((300,), "<U1000000000")),
        ("id", array((10**12,), "<U0")),
        ("classes", array((), "<U2", bytes(8))),
        ("classes", array((10**6,), "<U1", bytes(4 * 10**6))),
    ],
    ids=[
        *("huge", "beyond 64 bits", "negative", "two dimensions", "floats", "pickle"),
        *("fewer", "wide", "no width", "one class", "many classes"),
    ],
)
def test_an_array_is_no_larger_than_what_is_in_the_file(folder, name, content):
    replace_member(folder / "predictions.npz", f"{name}.npy", content)

    with pytest.raises(records.DamagedRecord, match=r"predictions\.npz: can't be read"):
        records.read_predictions(folder)


@pytest.mark.parametrize(
    "fields",
    [
        {"members": [{}]},
        {"members": [{"modality": "text", "levers": 5, "params": {}}]},
        {"seed": 10**30},
        {"modality": "sound"},
        {"params": {"model": {"C": json.loads("[" * 900 + "]" * 900)}}},
    ],
    ids=["empty member", "odd member", "seed", "modality", "deep"],
)
def test_values_that_the_schema_leaves_open_are_held_to_it(folder, fields):
    path = folder / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    with pytest.raises(records.DamagedRecord, match=r"record\.json: can't be read"):
        records.read_row(folder)


def test_merge_copies_the_files_of_a_record_and_nothing_beside(shop, folder, call):
    (folder / "setup.py").write_text("print('mine')")
    target = shop.results.parent / "all"

    code, _, _ = call("merge", shop.results, "--results", target)

    copied = {path.name for path in (target / "shop" / "T1").iterdir()}
    assert code == 0
    assert copied == {"record.json", "predictions.npz", "confusion.csv"}


@pytest.mark.parametrize("name", ["record.json", "confusion.csv", ""])
def test_merge_follows_no_link_out_of_a_results_folder(shop, folder, call, name):
    path = folder / name if name else folder
    secret = shop.results.parent / "secret"
    path.rename(secret)
    path.symlink_to(secret)
    target = shop.results.parent / "all"

    code, out, _ = call("merge", shop.results, "--results", target)

    assert code == 1
    assert "is a symbolic link" in out.replace("\n", " ")
    assert not (target / "shop" / "T1").exists()
    assert (target / "shop" / "T2").is_dir()


def test_merge_leaves_out_where_the_scenario_files_of_others_are(shop, folder, call):
    del folder
    shop.has_run("grid.yaml", scenarios={"T1": "one"}, path="../../evil.yaml")
    target = shop.results.parent / "all"

    call("merge", shop.results, "--results", target)

    [run] = records.iter_study_runs(target)
    assert (run.study, run.path) == ("grid.yaml", "")


@pytest.mark.parametrize("hostile", [*HOSTILE[:5]])
def test_a_scenario_file_that_is_none_is_one_message(tmp_path, call, hostile):
    hostile(tmp_path / "s.yaml")

    code, _, err = call("run", tmp_path / "s.yaml")

    assert code == 2
    reading, _, error = err.partition("\n")
    assert reading == "reading s.yaml"
    assert error.startswith(f"Error: {tmp_path}/s.yaml: ")
    assert len(error) < 300


def test_a_plain_file_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "file").write_bytes(b"four")

    assert read_plain(tmp_path / "file", 4) == b"four"
    with pytest.raises(OSError, match="has 4 bytes, over the limit of 3"):
        read_plain(tmp_path / "file", 3)


@pytest.mark.parametrize("text", ["secret: x\nuser:x:0:0", "secret=x\nb", "- secret"])
@pytest.mark.parametrize("is_included", [False, True])
def test_a_file_that_is_not_a_scenario_file_is_not_quoted(
    tmp_path, call, text, is_included
):
    (tmp_path / "file").write_text(text)
    (tmp_path / "s.yaml").write_text("include: file\nscenarios: {a: {model: dummy}}")

    code, out, err = call("run", tmp_path / ("s.yaml" if is_included else "file"))

    assert code == 2
    assert "secret" not in out + err


@pytest.mark.parametrize("hostile", [make_pipe, link_device])
def test_a_table_that_is_not_a_file_is_one_message(tmp_path, hostile):
    hostile(tmp_path / "shop.csv")

    with pytest.raises(UserError, match=r"shop\.csv: can't be read: is a"):
        open_source(tmp_path / "shop.csv")


def test_the_name_of_a_folder_forges_no_line(shop, folder, call):
    folder.rename(folder.with_name("a\nAll records are whole."))

    _, out, err = call("report", "--results", shop.results)

    assert "Left out: " in " ".join((out + err).split())  # wherever it is wrapped
    assert "\nAll records" not in out + err
