"""A malicious catalog: every output format stays valid."""

import csv
import io
import json
import re
import shutil
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from rakuten_bench import records, report
from rakuten_bench.cli import rakuten_bench

TEXTS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    "<script>alert(1)</script>",
    "a|b `c` [d](javascript:alert(1)) ![e](f) *g* _h_\n# title\n\n| i |",
    "x" * 10_000,
    "\u202eevil\u202c مرحبا 👩‍🚀",
    "\x1b[31mred\x1b[0m\x07\x00\rnext",
)


@pytest.fixture
def catalogue(shop):
    """Write scenarios whose names, classes, notes and errors are all hostile."""
    shop.classes = TEXTS
    shop.__post_init__()
    for number, text in enumerate(TEXTS):
        shop.add(
            f"T{number}",
            right=0.4 + number / 20,
            own=number,
            name=text,
            notes=[text],
            label_names={label: f"{label} {text}" for label in TEXTS},
            params={"model": {"C": text}},
        )
        error = records.Failure(type="ValueError", message=text, traceback=text)
        record = shop.record(f"U{number}", status="failed", error=error, name=text)
        records.write_record(shop.results, record)
    return shop


def run(shop, *args):
    arguments = [*args, "--results", str(shop.results)]
    result = CliRunner().invoke(rakuten_bench, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize(
    "args",
    [
        ("report",),
        ("report", "--effects"),
        ("report", "--format", "markdown"),
        ("show", "T8"),
        ("show", "U8"),
        ("compare", "T0", "T8"),
    ],
    ids=" ".join,
)
def test_no_text_reaches_the_terminal_as_a_command(catalogue, args):
    printed = run(catalogue, *args)

    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printed
    )


@pytest.mark.parametrize(
    "args",
    [("report",), ("report", "--effects"), ("compare", "T0", "T7"), ("check",)],
    ids=" ".join,
)
def test_markdown_stays_a_table_and_nothing_of_it_is_markup(catalogue, args):
    extra = kept(catalogue) if args == ("check",) else ()

    text = run(catalogue, *args, *extra, "--format", "markdown")

    for block in (block for block in text.split("\n\n") if block.startswith("| ")):
        lines = block.splitlines()
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert not re.search(r"(?<!\\)[<`]|(?<!\\)\]\(", text)


def kept(catalogue):
    """Write a baseline; return the arguments that name it."""
    for folder in catalogue.results.glob("shop/U*"):  # of the same names, and newer
        shutil.rmtree(folder)
    path = str(catalogue.results / "baseline.json")
    run(catalogue, "check", "--update", "--rows", "--baseline", path)
    return "--baseline", path


def test_texts_of_changed_rows_stay_in_their_cells(catalogue):
    folders = [catalogue.results / "shop" / code for code in ("T0", "T7")]
    found = report.compare(*folders)
    items = {
        change.id: report.Example(TEXTS[place % len(TEXTS)])
        for place, change in enumerate(found.changes)
    }

    table = report.render_comparison(found, examples=items, width=120)
    text = report.render_comparison(found, "markdown", examples=items)

    assert max(map(cell_len, table.splitlines())) <= 120
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", table + text)
    assert not re.search(r"(?<!\\)[<`]|(?<!\\)\]\(", text)


def test_the_gate_writes_whole_files(catalogue, tmp_path):
    named = kept(catalogue)

    files = [f for s in ("xml", "json") for f in ("--write", str(tmp_path / f"x.{s}"))]
    run(catalogue, "check", *named, *files)

    cases = ET.parse(tmp_path / "x.xml").getroot().iter("testcase")
    assert len(list(cases)) == len(TEXTS)
    values = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    names = {one["name"] for one in values["scenarios"] if one["status"] == "ok"}
    assert names == set(TEXTS)


def test_every_row_of_a_markdown_table_has_as_many_cells(catalogue):
    text = run(catalogue, "report", "--format", "markdown")

    tables = [block for block in text.split("\n\n") if block.startswith("| ")]
    assert len(tables) == 2
    for table in tables:
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(counts) == 1
    assert not re.search(r"(?<!\\)<", text)
    assert not re.search(r"(?<!\\)\]\(", text)


def test_no_csv_cell_is_a_formula_if_so_wished_and_none_is_torn(catalogue):
    for args in (("report",), ("report", "--effects")):
        text = run(catalogue, *args, "--format", "csv", "--spreadsheet-safe")

        for row in csv.reader(io.StringIO(text)):
            for cell in row:
                assert not cell.startswith(("=", "@", "\t", "\r"))
                if cell.startswith(("+", "-")):
                    float(cell)
    rows = list(
        csv.DictReader(io.StringIO(run(catalogue, "report", "--format", "csv")))
    )
    assert [row["code"] for row in rows[-9:]] == [f"U{n}" for n in range(9)]


def test_no_label_of_the_confusion_matrix_is_changed_or_torn(catalogue):
    path = catalogue.results / "shop" / "T0" / "confusion.csv"

    with path.open(encoding="utf-8", newline="") as file:
        head = next(csv.reader(file))
    classes = records.read_predictions(path.parent).classes
    assert tuple(head[1:]) == tuple(classes)
    assert records.read_confusion(path.parent).shape == (9, 9)


def test_json_gives_every_text_back_as_it_was(catalogue):
    rows = json.loads(run(catalogue, "report", "--format", "json"))

    assert {row["name"] for row in rows} == set(TEXTS)


def test_long_texts_do_not_widen_the_table(catalogue):
    table = run(catalogue, "report", "--top", "3").partition("Ranked by")[0]

    assert max(map(cell_len, table.splitlines())) <= 100
    assert len(table.splitlines()) < 60


def test_the_page_holds_no_markup_of_the_data(catalogue):
    board = report.load_board(catalogue.results, "shop")

    page = report.render_page([report.with_standing(board)])

    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
