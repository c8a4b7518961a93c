"""Formats: which answers are written in them, and what an unknown one is answered by."""

from __future__ import annotations

import json

import pytest

from rakuten_bench import gate, report
from rakuten_bench.errors import UserError
from rakuten_bench.scenario.catalog import list_levers, render_levers
from rakuten_bench.wording import format as formats
from rakuten_bench.wording.format import Answer, Format, list_formats
from rakuten_bench.wording.table import Column, Table

TABLE = Table("Shops", (Column("name"),), (("=sum(1)",), ("Käthe | Söhne",)))
ANSWER = Answer.of_tables(
    lambda _: [TABLE],
    lambda: ["=sum(1)", "Käthe | Söhne"],
    rows=lambda: [["name"], *TABLE.rows],
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("table", "Shops\n\nname\n─────────────\n=sum(1)\nKäthe | Söhne\n"),
        (
            "markdown",
            "### Shops\n\n| name |\n| --- |\n| =sum(1) |\n| Käthe \\| Söhne |\n",
        ),
        ("csv", "name\n=sum(1)\nKäthe | Söhne\n"),
        ("spreadsheet", "name\n'=sum(1)\nKäthe | Söhne\n"),
        ("json", '[\n "=sum(1)",\n "Käthe | Söhne"\n]\n'),
    ],
)
def test_an_answer_is_written_in_each_of_its_formats(name: str, text: str):
    assert ANSWER.render(name) == text


def test_a_format_that_is_unknown_or_not_for_this_answer_is_refused_with_the_list():
    known = "Known: csv, json, markdown, spreadsheet, table"

    with pytest.raises(UserError, match=rf"unknown format 'pdf'\. {known}\."):
        ANSWER.render("pdf")
    with pytest.raises(UserError, match=rf"unknown format 'junit'\. {known}\."):
        ANSWER.render("junit")


@pytest.mark.parametrize(
    "render",
    [
        report.render_boards,
        report.render_effects,
        lambda _, name: gate.render_judgement(gate.Judgement(()), name),
        render_levers,
    ],
    ids=["boards", "effects", "judgement", "levers"],
)
def test_no_answer_is_written_as_a_table_where_another_format_was_meant(render):
    with pytest.raises(UserError, match=r"unknown format 'jsn'. Did you mean 'json'\?"):
        render([], "jsn")


def test_a_new_format_is_one_entry(monkeypatch: pytest.MonkeyPatch):
    lines = Format("plain", lambda answer, _: json.dumps(answer.plain()))
    monkeypatch.setitem(formats.FORMATS, "line", lines)

    assert list_formats() == ["table", "markdown", "json", "line"]
    assert ANSWER.render("line") == json.dumps(["=sum(1)", "Käthe | Söhne"])
    assert render_levers(list_levers("crop"), "line").startswith(
        '[{"modality": "image"'
    )
