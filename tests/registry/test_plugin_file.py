"""Options of the user's own in a file beside the scenario file."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rakuten_bench.errors import UserError
from rakuten_bench.registry import NORMALIZER
from rakuten_bench.scenario.load import load_study

TABLE = "name,kind\n" + "".join(
    f"{word} {word}s {i},{word}\n" for word in ("shoe", "pottery") for i in range(10)
)
OPTIONS = """
from rakuten_bench.registry import NORMALIZER

from cutting import cut


@NORMALIZER.option("first_letters", digit="z")
def first_letters(tokens: list[str], *, length: int = 4) -> list[str]:
    '''Cut words to their first letters.'''
    return [cut(token, length) for token in tokens]
"""
STUDY = """
plugins: [my_options.py]
dataset: {table: {path: shop.csv, title: name, label: kind}}
scenarios:
  cut: {normalizer: {first_letters: {length: 3}}, model: logreg}
  whole: {model: logreg}
"""


def write(folder, cut="token[:length]", options=OPTIONS, study=STUDY):
    folder.mkdir(exist_ok=True)
    (folder / "shop.csv").write_text(TABLE)
    (folder / "shop.yaml").write_text(study)
    (folder / "my_options.py").write_text(options)
    (folder / "cutting.py").write_text(f"def cut(token, length):\n    return {cut}\n")
    return folder / "shop.yaml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    return tmp_path


def command(*words):
    """Call the command in a process of its own, which has imported nothing yet."""
    words = (sys.executable, "-m", "rakuten_bench", *words)
    return subprocess.run(words, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_a_record_of_an_option_leads_back_to_its_file(folder, call):
    cache = ("--cache", "cache")
    ran = call("run", "shop.yaml", "--jobs", "1", "--quiet", *cache)
    records = [
        json.loads(p.read_text()) for p in Path("results").glob("*/*/record.json")
    ]
    plugins = {one["name"]: one["plugins"] for one in records}
    exported = command("export", "cut", "-o", "model.joblib", *cache)
    predicted = command("predict", "model.joblib", "shop.csv", "-o", "said.csv")
    Path("my_options.py").rename("moved.py")
    shown, report = call("show", "cut"), call("report")
    missing = command("export", "cut", "-o", "other.joblib", *cache)

    assert ran[0] == 0, ran
    assert plugins == {"cut": ["my_options.py"], "whole": []}
    assert exported.returncode == 0, exported.stderr
    assert predicted.returncode == 0, predicted.stderr
    assert Path("said.csv").read_text().count("pottery") >= 10
    assert (shown[0], report[0]) == (0, 0)
    assert "first_letters" in report[1]
    assert missing.returncode == 2
    assert re.search(r"its plugin .*my_options\.py: file not found", missing.stderr)


@pytest.mark.slow
def test_files_that_a_record_of_others_names_are_not_executed(folder, call):
    call("run", "shop.yaml", "--jobs", "1", "--quiet", "--cache", "cache")
    Path("my_options.py").write_text("open('executed', 'w').close()\n")

    done = command("export", "cut", "-o", "model.joblib", "--cache", "other")

    assert done.returncode == 2
    assert "which no scenario file has run from here" in done.stderr
    assert not Path("executed").exists()


def test_two_studies_in_one_process_do_not_mix(tmp_path):
    first = load_study(write(tmp_path / "a"))
    second = load_study(write(tmp_path / "b", cut="token[-length:]"))

    outputs = []
    for study in (first, second):
        choice = study.scenarios[0]["normalizer"]
        option = NORMALIZER.find("text", choice.option, choice.units)
        outputs.append(option.function(["pottery"]))

    assert outputs == [["pott"], ["tery"]]
    with pytest.raises(UserError, match="unknown normalizer 'first_letters'"):
        NORMALIZER.find("text", "first_letters")


def test_the_code_of_an_option_has_its_name(tmp_path):
    one = load_study(write(tmp_path / "a"))
    other = load_study(
        write(
            tmp_path / "b",
            options=OPTIONS.replace("first_letters", "some_letters"),
            study=STUDY.replace("first_letters", "some_letters"),
        )
    )

    assert one.scenarios[0].code != other.scenarios[0].code
    assert one.scenarios[1].code == other.scenarios[1].code


def test_files_of_included_studies_are_needed_too(tmp_path):
    write(tmp_path)
    (tmp_path / "more.py").write_text(
        OPTIONS.replace("first_letters", "others").replace('"z"', '"y"')
    )
    (tmp_path / "main.yaml").write_text(
        "include: shop.yaml\nplugins: more.py\nmatrix: {normalizer: [others]}\n"
    )

    study = load_study(tmp_path / "main.yaml")

    assert [file.name for file in study.plugins.files] == ["my_options.py", "more.py"]
    assert {one["normalizer"].option for one in study.scenarios} == {
        "first_letters",
        "others",
        "off",
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (OPTIONS.replace('"z"', '"1"'), "digit '1' of lever 'normalizer' is taken by"),
        (OPTIONS.replace("first_letters", "off"), "name 'off' of lever .* is taken by"),
        ("def f(:", r"my_options\.py:1: is not valid Python"),
        ("1 / 0", r"shop\.yaml:2: plugins: 'my_options\.py': can't be imported: Zero"),
        ("", r"shop\.yaml:5: unknown normalizer 'first_letters'"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_message(
    tmp_path, options, message
):
    path = write(tmp_path, options=options)

    with pytest.raises(UserError, match=message):
        load_study(path)


@pytest.mark.parametrize("named", ["none.py", "3", "{a: b}", "[[a.py]]", "''"])
def test_what_names_no_file_is_refused(tmp_path, named):
    path = write(tmp_path, study=STUDY.replace("[my_options.py]", f"[{named}]"))

    with pytest.raises(UserError, match=r"shop\.yaml:2: plugins: "):
        load_study(path)
