"""Detect the separator and the header row of a delimited text."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

#: Separators of columns; the first wins a tie.
SEPARATORS = ",;\t|"
NO_SEPARATOR = "\x1f"  # unit separator: occurs in no text
_MOST_RECORDS = 200  # parsed to detect the layout
_MOST_PREAMBLE = 30  # records above a header
_MOST_ROWS = 0.9  # share of rows that a separator splits into the same number of fields

#: The line that declares the separator to Excel.
_EXCEL_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)

Record = list[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is split into columns.

    Attributes
    ----------
    separator : str
        One character.
    header : list of str
        Names of the columns, without white space around them.
    raw_header : list of str
        The same names, unstripped.
    n_skipped : int
        Lines up to the end of the header.
    preamble : tuple of int
        Last lines of the records above the header.
    skip_spaces : bool
        Whether a space follows every separator.
    unsplit : str
        Separator that splits most rows into the same number of fields although the
        header has only one column; else "".
    """

    separator: str
    header: list[str]
    raw_header: list[str]
    n_skipped: int
    preamble: tuple[int, ...] = ()
    skip_spaces: bool = False
    unsplit: str = ""

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.header)

    @property
    def n_named(self) -> int:
        """Number of columns up to the last one with a name."""
        return max(
            (number for number, name in enumerate(self.header, 1) if name), default=0
        )


@dataclass(frozen=True, slots=True)
class _Guess:
    """A separator and a header position, with their goodness of fit."""

    separator: str
    order: int
    position: int
    records: list[tuple[int, Record]]
    n_named: int

    @property
    def header(self) -> Record:
        return self.records[self.position][1]

    @property
    def share(self) -> float:
        """Share of the rows that have as many fields as the header."""
        width = len(self.header)
        rows = [record for _, record in self.records[self.position + 1 :]]
        fitting = sum(
            len(row) == width or (len(row) > width and not any(row[width:]))
            for row in rows
        )
        return fitting / len(rows) if rows else 1.0

    @property
    def rank(self) -> tuple[float, ...]:
        """Sort key of guesses: the largest is the best."""
        if self.n_named:
            return self.n_named, -self.position, self.share, -self.order
        is_split = len(self.header) > 1
        return 0, is_split, self.share, len(self.header), -self.order


def find_layout(text: str, names: Collection[str], *, is_whole: bool) -> Layout | None:
    """Guess separator and header of a text; None if every field is blank.

    Parameters
    ----------
    text : str
        The whole text, or the start of it.
    names : collection of str
        Columns that will be used.
    is_whole : bool
        Whether the text is complete; else its last record may be truncated.
    """
    known = {fold(name): name for name in names}
    forced = _excel_separator(text)
    separators = forced or _candidates(text)
    guesses: list[_Guess] = []
    for order, separator in enumerate(separators):
        records = list(_iter_records(text, separator))
        if not is_whole and len(records) > 1:
            records.pop()
        records = records[1:] if forced and len(records) > 1 else records
        guesses.extend(
            _Guess(separator, order, position, records, n_named)
            for position, n_named in _iter_headers(records, known)
        )
    if not guesses:
        return None
    best = max(guesses, key=lambda guess: guess.rank)
    end, header = best.records[best.position]
    return Layout(
        separator=best.separator,
        header=[known.get(fold(name), name.strip("\ufeff").strip()) for name in header],
        raw_header=header,
        n_skipped=end,
        preamble=tuple(end for end, _ in best.records[: best.position]),
        skip_spaces=_has_spaces(best),
        unsplit=_unsplit(best, guesses) if len(header) == 1 else "",
    )


def _excel_separator(text: str) -> str:
    first = text.lstrip("\ufeff").lstrip("\r\n").splitlines()[0]
    match = _EXCEL_LINE.match(first)
    return match[1] if match else ""


def _candidates(text: str) -> str:
    """Return the separators that occur, and an absent one for a single column."""
    present = "".join(mark for mark in SEPARATORS if mark in text)
    absent = next(mark for mark in SEPARATORS + NO_SEPARATOR if mark not in present)
    return present + absent


def _iter_headers(
    records: Sequence[tuple[int, Record]], known: Collection[str]
) -> Iterator[tuple[int, int]]:
    """Yield possible positions of the header, and their number of known names."""
    for position, (_, record) in enumerate(records[:_MOST_PREAMBLE]):
        n_named = len({fold(name) for name in record}.intersection(known))
        has_all = n_named == len(known) > 1
        is_below_preamble = n_named and _is_preamble(records[:position], record)
        if position == 0 or has_all or is_below_preamble:
            yield position, n_named


def _iter_records(text: str, separator: str) -> Iterator[tuple[int, Record]]:
    """Yield records that are not blank, with the number of their last line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    n_records = 0
    try:
        for record in reader:
            if any(field.strip() for field in record):
                yield reader.line_num, record
                n_records += 1
            if n_records == _MOST_RECORDS:
                return
    except csv.Error:  # an unclosed quote: the field exceeds the size limit
        return


def _is_preamble(above: Sequence[tuple[int, Record]], header: Record) -> bool:
    """Return whether all records above the header have fewer values than it."""
    width = sum(bool(name.strip()) for name in header)
    return all(sum(bool(f.strip()) for f in record) < width for _, record in above)


def fold(name: str) -> str:
    """Return a name in NFC, without invisible characters and white space around it.

    >>> fold("\u200be\u0301 ") == "é"
    True
    """
    composed = unicodedata.normalize("NFC", name)
    visible = (mark for mark in composed if unicodedata.category(mark) != "Cf")
    return "".join(visible).strip()


def _has_spaces(guess: _Guess) -> bool:
    records = [record for _, record in guess.records[guess.position :]]
    fields = [field for record in records for field in record[1:] if field]
    return len(records) > 1 and bool(fields) and all(f.startswith(" ") for f in fields)


def _unsplit(best: _Guess, guesses: Sequence[_Guess]) -> str:
    """Return a separator that splits most rows alike but not the header, or ""."""
    for guess in guesses:
        rows = [record for _, record in guess.records[guess.position + 1 :]]
        widths = Counter(len(row) for row in rows if any(row[1:]))
        most = max(widths.values(), default=0)
        if guess.separator != best.separator and most > _MOST_ROWS * len(rows):
            return guess.separator
    return ""
