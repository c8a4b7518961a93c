"""The formats that an answer can be written in: all of them are here, and nowhere else.

An answer (a board, a comparison, a judgement, a list) says what it can be written from;
a format writes it from one of these views. A new format is one more entry of `FORMATS`:
every command whose answer has the view offers it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.wording.table import Table, render_tables

#: Columns for what has no width, such as a page: there is room for everything.
_UNBOUNDED = 10**6
_CONTROLS = dict.fromkeys((*range(32), 127), " ")

#: Lines of a table for programs, the header first.
Lines = Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command has found, as what formats write from; each view None or a function.

    Attributes
    ----------
    text : callable
        Columns of the terminal -> text for people.
    markdown : callable
    plain : callable
        Returns values that JSON has.
    rows : callable or None
        Returns the lines of a table for programs; none at all where it is empty.
    junit : callable or None
        Returns JUnit XML.
    """

    text: Callable[[int], str]
    markdown: Callable[[], str]
    plain: Callable[[], object]
    rows: Callable[[], Lines] | None = None
    junit: Callable[[], str] | None = None

    @classmethod
    def of_tables(
        cls,
        tables: Callable[[int], Sequence[Table]],
        plain: Callable[[], object],
        *,
        rows: Callable[[], Lines] | None = None,
        junit: Callable[[], str] | None = None,
    ) -> Answer:
        """Return an answer that people read as tables.

        Parameters
        ----------
        tables : callable
            Columns that there is room for -> tables.
        """
        return cls(
            text=lambda width: render_tables(tables(width), "table", width),
            markdown=lambda: render_tables(tables(_UNBOUNDED), "markdown", _UNBOUNDED),
            plain=plain,
            rows=rows,
            junit=junit,
        )

    @property
    def formats(self) -> tuple[str, ...]:
        """The names of the formats that it can be written in."""
        return tuple(
            name for name, one in FORMATS.items() if getattr(self, one.view) is not None
        )

    def render(self, format_: str, width: int = 100) -> str:
        """Return it in a format, for a terminal of some columns.

        Raises
        ------
        UserError
            If it can't be written in a format of that name; lists those that it can.
        """
        if format_ not in self.formats:
            raise UserError(unknown("format", format_, self.formats))
        return FORMATS[format_].write(self, width)


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes
    ----------
    view : str
        The attribute of an `Answer` that it writes from.
    write : callable
        Answer and width -> text.
    suffix : str
        Of files in it; "" where no file is written in it.
    is_for_programs : bool
        Whether it is UTF-8 wherever it is printed.
    is_data : bool
        Whether remarks have no place in it.
    is_listed : bool
        Whether `--format` takes its name.
    """

    view: str
    write: Callable[[Answer, int], str]
    suffix: str = ""
    is_for_programs: bool = True
    is_data: bool = False
    is_listed: bool = True


def render_json(value: object) -> str:
    """Return JSON for people and programs, one value to a line."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _render_csv(rows: Callable[[], Lines] | None, write: Callable[[str], str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(_cells(row, write) for row in (rows() if rows else ()))
    return text.getvalue()


def _cells(row: Iterable[object], write: Callable[[str], str]) -> list[object]:
    return [write(cell) if isinstance(cell, str) else cell for cell in row]


def clean_cell(text: str) -> str:
    """Keep a line from breaking: control characters become spaces."""
    return text.translate(_CONTROLS)


def safe_cell(text: str) -> str:
    r"""Keep a spreadsheet from running a text as a formula, and a line from breaking.

    Source: OWASP, "CSV Injection". Control characters become spaces: Python's writer
    leaves a lone carriage return unquoted, which its own reader then refuses.

    >>> safe_cell("=cmd()"), safe_cell("-5 %"), safe_cell("1\r0")
    ("'=cmd()", "'-5 %", '1 0')
    """
    line = clean_cell(text)
    return f"'{line}" if line.lstrip().startswith(("=", "+", "-", "@")) else line


FORMATS: Mapping[str, Format] = {
    "table": Format(
        "text", lambda answer, width: answer.text(width), ".txt", is_for_programs=False
    ),
    "markdown": Format("markdown", lambda answer, _: answer.markdown(), ".md"),
    "csv": Format(
        "rows", lambda answer, _: _render_csv(answer.rows, clean_cell), is_data=True
    ),
    "spreadsheet": Format(
        "rows",
        lambda answer, _: _render_csv(answer.rows, safe_cell),
        is_data=True,
        is_listed=False,
    ),
    "junit": Format(
        "junit",
        lambda answer, _: answer.junit() if answer.junit else "",
        ".xml",
        is_data=True,
    ),
    "json": Format(
        "plain", lambda answer, _: render_json(answer.plain()), ".json", is_data=True
    ),
}

#: What every answer can be written from.
_COMMON = ("text", "markdown", "plain")


def list_formats(*views: str) -> list[str]:
    """Return the names of formats that write from views beside those of every answer.

    >>> list_formats(), list_formats("junit")
    (['table', 'markdown', 'json'], ['table', 'markdown', 'junit', 'json'])
    """
    return [
        name
        for name, one in FORMATS.items()
        if one.is_listed and one.view in (*_COMMON, *views)
    ]
