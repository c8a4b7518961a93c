"""Naming a file in the wrong place."""

import json
import pickle
import zipfile

import pytest

from command_line import call as call_command
from rakuten_bench.identify import explain_wrong_file, identify

TABLE = "Titre;Catégorie\nchaussure rouge;mode\nthéière;maison\n"
SECRET = "sk-not-for-a-log"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
FILES = {
    "shop.csv": (TABLE, "table"),
    "shop.tsv": (TABLE.replace(";", "\t"), "table"),
    "key.csv": (f"title: x,label\npassword: {SECRET},a\n", "table"),
    "no-extension": ('name,price\nshoe,"12,50"\npot,"3,10"\n', "table"),
    "rows.json": (json.dumps([{"name": "shoe", "kind": "a"}]), "table"),
    "lines.json": ('{"cells": 1, "boards": 2}\n{"cells": 3, "boards": 4}\n', "table"),
    "shop.jsonl": ('{"dataset": "a"}\n', "table"),
    "shop.parquet": (b"PAR1" + bytes(9), "table"),
    "wide": (TABLE.encode("utf-16"), "table"),
    "shop.csv.gz": (b"\x1f\x8b" + bytes(9), "table"),
    "shop.xlsx": (b"PK\x03\x04", "workbook"),
    "shop.xls": (b"\xd0\xcf\x11\xe0" + bytes(9), "workbook"),
    "photos.rar": (b"Rar!" + bytes(9), "archive"),
    "photo.JPG": (b"\xff\xd8\xff", "image"),
    "photo": (PNG, "image"),
    "model.joblib": (pickle.dumps([SECRET]), "model"),
    "unnamed": (pickle.dumps([SECRET]), "model"),
    "model.card.json": ('{\n "card_version": 2\n}', "model card"),
    "record.json": ('{\n "code": "T0", "dataset": {}, "levers": {}\n}', "record"),
    "baseline.json": ('{\n "schema_version": 1,\n "boards": {}\n}', "baseline"),
    "board.html": ("<html>", "page"),
    "page": ("<!DOCTYPE html>", "page"),
    "notes.ipynb": ('{"cells": []}', "notebook"),
    "options.py": ("import os\n", "code"),
    "noise.bin": (bytes(range(256)), "binary"),
    "grid.yaml": ("matrix: {model: logreg}\n", "scenario file"),
    "grid": ("title: x\nmatrix: {model: logreg}\n", "scenario file"),
    "grid.json": ('{"scenarios": {"a": {"model": "dummy"}}}', "scenario file"),
    "flow": ("{dataset: openmoji, scenarios: {a: {model: dummy}}}", "scenario file"),
    "notes.txt": ("one line\nanother, longer line\n", ""),
    "broken.yaml": ("a, b\nc, d\n", ""),
    "empty": ("", ""),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with one file of each kind, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    for name, (content, _) in FILES.items():
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
    for name in ("photos/cat", "results/shop/T0"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "photos/cat/1.png").write_bytes(PNG)
    (tmp_path / "results/shop/T0/record.json").write_text("{}")
    for name, members in {"a.zip": ["shop.csv"], "b.zip": ["1.png", "2.png"]}.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.writestr(member, "x")
    return tmp_path


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, (_, k) in FILES.items()])
def test_a_file_is_identified_by_its_name_or_its_first_bytes(folder, name, kind):
    assert identify(folder / name) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("photos", "images"),
        ("results", "results"),
        ("results/shop", "board folder"),
        ("results/shop/T0", "record folder"),
        ("a.zip", "table"),
        ("b.zip", "archive"),
        ("absent", ""),
        ("absent/\0", ""),
    ],
)
def test_folders_and_archives_are_identified_by_their_entries(folder, name, kind):
    assert identify(folder / name) == kind


def test_a_file_of_the_wanted_kind_needs_no_explanation(folder):
    assert explain_wrong_file(folder / "shop.csv", "table") == ""


def test_the_command_of_the_advice_can_be_pasted_into_a_shell(tmp_path):
    file = tmp_path / "my shop's.csv"
    file.write_text(TABLE)

    message = explain_wrong_file(file, "scenario file")

    assert message.endswith(f"""rakuten-bench init '{tmp_path}/my shop'"'"'s.csv'""")


@pytest.mark.parametrize(
    "words",
    [["run"], ["plan"], ["check", "--update"], ["data", "describe", "--scenario-file"]],
    ids=" ".join,
)
def test_a_table_in_place_of_a_scenario_file_is_named_and_not_quoted(
    folder, capsys, words
):
    for name in ("shop.csv", "key.csv", "no-extension", "lines.json", "shop.parquet"):
        _, _, err = call_command(capsys, *words, name)

        assert f"{name}: is a table, not a scenario file." in err
        assert f"rakuten-bench init {name}" in err
        assert SECRET not in err
        said = [one for one in err.splitlines() if one != f"reading {name}"]
        assert len(said) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "model.joblib"], "model.joblib: is a model file, not a scenario"),
        (["run", "photos"], "photos: is a folder of images, not a scenario file"),
        (["run", "record.json"], "record.json: is the record of a scenario, not"),
        (["predict", "shop.csv", "shop.csv"], "shop.csv: is a table, not a model file"),
        (["explain", "grid.yaml", "--text", "x"], "grid.yaml: is a scenario file, not"),
        (["report", "--results", "shop.csv"], "shop.csv: is a table, not a folder of"),
        (["data", "describe", "shop.csv"], "is a table, not the name of a data set"),
        (["merge", "photos"], "photos: is a folder of images, not a folder of records"),
        (["shop.csv"], "shop.csv: is a table, not a command. Write a scenario file"),
        (["grid.yaml"], "is a scenario file, not a command. Run it: rakuten-bench run"),
    ],
)
def test_every_command_names_a_file_in_the_wrong_place(folder, capsys, words, message):
    code, _, err = call_command(capsys, *words)

    assert (code, message in err) == (2, True), err


def test_a_damaged_scenario_file_is_reported_by_its_line(folder, capsys):
    (folder / "grid.yaml").write_text("matrix:\n  model: [a, b\n")

    _, _, err = call_command(capsys, "run", "grid.yaml")

    assert "grid.yaml:3: is not valid YAML" in err
