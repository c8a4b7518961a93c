"""Repair misplaced CSV quotes where that is unambiguous; else raise an error."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rakuten_bench.data.reading.header import Layout
from rakuten_bench.errors import UserError
from rakuten_bench.wording.words import number

_LINE_END = re.compile(r"\r\n|\r|\n")
_MANY_LINES = 10  # more lines that all parse as records are not a value

#: First line, last line and fields.
Record = tuple[int, int, list[str]]


class RepairingReader:
    """Read the records of a text with misplaced quotes.

    In a malformed record, a quote ends a value only before a separator or the end of
    the line. If this gives one field per column, the record is kept and its line
    appended to `repaired`; else, or if the record spans several lines, UserError is
    raised.

    Parameters
    ----------
    file : Path
    lines : iterator of str
        Lines below the header.
    layout : Layout
    repaired : list of int
        The line of each repaired record is appended.

    Attributes
    ----------
    line_num : int
        Number of lines read.
    """

    def __init__(
        self, file: Path, lines: Iterator[str], layout: Layout, repaired: list[int]
    ) -> None:
        self.line_num = 0
        self._file, self._lines, self._layout = file, lines, layout
        self._repaired = repaired
        self._record_lines: list[str] = []
        self._reader = csv.reader(self._iter_lines(), delimiter=layout.separator)

    def _iter_lines(self) -> Iterator[str]:
        """Yield lines, and collect those of the record that is being read."""
        for line in self._lines:
            self._record_lines.append(line)
            yield line

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        fields = next(self._reader)
        lines, self._record_lines = self._record_lines, []
        before, self.line_num = self.line_num, self.line_num + len(lines)
        if _is_well_formed("".join(lines), self._layout.separator):
            return fields
        last = self._layout.n_skipped + self.line_num
        fields = _split(lines[0].rstrip("\r\n"), self._layout.separator)
        if len(lines) > 1 or len(fields) != self._layout.width:
            first = self._layout.n_skipped + before + 1
            raise UserError(_unbalanced(self._file, first, last))
        self._repaired.append(last)
        return fields


def _is_well_formed(text: str, separator: str) -> bool:
    try:
        list(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error:
        return False
    return True


def _split(line: str, separator: str) -> list[str]:
    """Split a line; a quote ends a value only before a separator or the line end.

    >>> _split('"5" screen",big', ",")
    ['5" screen', 'big']
    """
    mark = re.escape(separator)
    pattern = rf'(?:"(?P<quoted>.*?)"(?=\s*(?:{mark}|$))\s*|(?P<bare>(?!")[^{mark}]*))(?:{mark}|$)'
    fields = []
    start = 0
    while match := re.compile(pattern).match(line, start):
        quoted = match["quoted"]
        fields.append(match["bare"] if quoted is None else quoted.replace('""', '"'))
        if match.end() == len(line) and not match[0].endswith(separator):
            break
        start = match.end()
    return fields


def _unbalanced(file: Path, first: int, last: int) -> str:
    where = f"line {first}" if first == last else f"lines {first} to {last}"
    swallowed = (
        f", which swallows {number(last - first, 'line')}" if first < last else ""
    )
    return (
        f"{file}: not readable as CSV: unclosed quote in {where}{swallowed}. Double the "
        f"quotes that are part of a value, or remove them."
    )


def refuse_swallowing_header(file: Path, sample: str, layout: Layout) -> None:
    """Refuse a header with an unclosed quote that swallows the lines below it.

    Parameters
    ----------
    file : Path
    sample : str
        Start of the text, with line ends.
    layout : Layout

    Raises
    ------
    UserError
    """
    n_breaks = sum(len(_LINE_END.findall(name)) for name in layout.raw_header)
    if not n_breaks:
        return
    n_lines = min(n_breaks + 1, layout.n_skipped)  # the text may end with a break
    lines = list(io.StringIO(sample, newline=""))[: layout.n_skipped]
    text = "".join(lines[-n_lines:])
    if n_lines > _MANY_LINES or not _is_well_formed(text, layout.separator):
        last = layout.n_skipped
        raise UserError(_unbalanced(file, last - n_lines + 1, last))


def refuse_swallowed(
    file: Path,
    spanning: Sequence[Record],
    columns: Sequence[Sequence[str]],
    separator: str,
) -> None:
    """Refuse a multi-line value whose lines parse as records of the table.

    Two unclosed quotes can pair up by chance and give a record with the right number of
    fields.

    Parameters
    ----------
    spanning : sequence of Record
        Records of more than one line.
    columns : sequence of sequence of str
        All fields, by column.

    Raises
    ------
    UserError
    """
    known: list[set[str]] = []
    for first, last, fields in spanning:
        rows = [*_iter_swallowed(fields, separator, len(columns))]
        if not rows or len(columns) < 2:
            continue
        known = known or [set(column) - {""} for column in columns]
        n_lines = last - first
        if len(rows) == n_lines > _MANY_LINES or _is_known(rows, known):
            raise UserError(_unbalanced(file, first, last))


def _iter_swallowed(
    fields: Sequence[str], separator: str, width: int
) -> Iterator[list[str]]:
    """Yield the lines within a value that would be records without the quote.

    Values before the quote are "", as they are no evidence. In the last column, the line
    with the opening quote is a record in any case, and the last line is one only if the
    quote is wrong; in other columns, vice versa.
    """
    for column, value in enumerate(fields):
        first, *inner = _LINE_END.split(value)
        is_last = column == width - 1
        lines = inner if is_last else [separator * column + first, *inner][:-1]
        records = csv.reader(lines, delimiter=separator)
        yield from (record for record in records if len(record) == width)


def _is_known(rows: Sequence[Sequence[str]], known: Sequence[set[str]]) -> bool:
    """Return whether a row shares a value with another record in the same column."""
    return any(
        value in values
        for row in rows
        for value, values in zip(row, known, strict=True)
    )
