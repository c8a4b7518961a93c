"""Tables in text: for a terminal and in Markdown."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rakuten_bench.wording.words import clean


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
    right : bool
        Whether its cells are right-aligned, as numbers are.
    fixed : bool
        Whether its cells never wrap.
    """

    title: str
    right: bool = False
    fixed: bool = False


def terminal_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int
) -> str:
    """Return a table of at most `width` columns; long cells wrap.

    Cells are texts, not markup: a label "[red]" is printed as it is.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            Text(column.title),
            justify="right" if column.right else "left",
            no_wrap=column.fixed,
            overflow="ellipsis" if column.fixed else "fold",
            min_width=len(column.title),
        )
    for row in rows:
        # terminals disagree on the width of joined emoji, but not of single ones
        table.add_row(*(Text(clean(cell).replace("\u200d", "")) for cell in row))
    text = io.StringIO()
    console = Console(
        file=text,
        width=width,
        color_system=None,
        legacy_windows=False,
        force_jupyter=False,
    )
    console.print(table)
    head, *lines = (line.rstrip() for line in text.getvalue().splitlines())
    rule = "─" * max(len(line) for line in (head, *lines))
    return "\n".join([head, rule, *lines])


def fill(text: str, width: int) -> str:
    """Break a sentence into lines of at most `width` columns; "5 %" stays together."""
    whole = text.replace(" %", "\u00a0%")
    filled = textwrap.fill(whole, width, break_long_words=False, break_on_hyphens=False)
    return filled.replace("\u00a0%", " %")


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title and remarks.

    Attributes
    ----------
    title : str
        "" for none.
    columns : tuple of Column
    rows : tuple of tuples of str
    remarks : tuple of str
        Sentences below it.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


def render_tables(tables: Sequence[Table], format_: str, width: int) -> str:
    """Return tables for the terminal ("table") or in Markdown; empty ones are skipped."""
    parts: list[str] = []
    for table in tables:
        if format_ == "markdown":
            parts += [f"### {markdown_cell(table.title)}"] if table.title else []
            parts += [markdown_table(table.columns, table.rows)] if table.rows else []
            parts.append("  \n".join(markdown_cell(line) for line in table.remarks))
        else:
            parts.append(fill(clean(table.title), width))
            if table.rows:
                parts.append(terminal_table(table.columns, table.rows, width))
            parts.append("\n".join(fill(clean(line), width) for line in table.remarks))
    return "\n\n".join(part for part in parts if part) + "\n"


_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~$&!])")


def markdown_cell(text: str) -> str:
    r"""Escape characters that are special in Markdown or HTML.

    >>> markdown_cell("a|b <script> f1_macro")
    'a\\|b \\<script\\> f1\\_macro'
    """
    return _MARKUP.sub(r"\\\1", clean(text))


def markdown_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """Return a GitHub-flavoured Markdown table."""
    lines = [
        [markdown_cell(column.title) for column in columns],
        ["---:" if column.right else "---" for column in columns],
        *([markdown_cell(cell) for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
