"""Where the header of a delimited text is, and what separates its columns."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

#: What may separate columns; of equals the first is taken.
SEPARATORS = ",;\t|"
_NO_SEPARATOR = "\x1f"  # stands in no text
_MOST_RECORDS = 200  # looked at
_MOST_PREAMBLE = 30  # records above a header
_MOST_ROWS = 0.9  # share of rows that are cut alike

#: The line by which Excel is told a separator.
_EXCEL_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)

Record = list[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is cut into columns.

    Attributes
    ----------
    separator : str
        One character.
    header : list of str
        Names of the columns, without white space around them.
    raw_header : list of str
        The same as the text has them.
    n_skipped : int
        Lines up to the end of the header.
    preamble : tuple of int
        Those of them that hold something else than the header.
    skip_spaces : bool
        Whether a space follows every separator.
    unsplit : str
        What would cut most rows into the same number of columns where the header
        names one column only; else "".
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
            (place for place, name in enumerate(self.header, 1) if name), default=0
        )


@dataclass(frozen=True, slots=True)
class _Guess:
    """A separator with a place for the header, and how well they fit."""

    separator: str
    order: int
    place: int
    records: list[tuple[int, Record]]
    n_named: int

    @property
    def header(self) -> Record:
        return self.records[self.place][1]

    @property
    def share(self) -> float:
        """Share of the rows that have as many fields as the header."""
        width = len(self.header)
        rows = [record for _, record in self.records[self.place + 1 :]]
        fitting = sum(
            len(row) == width or (len(row) > width and not any(row[width:]))
            for row in rows
        )
        return fitting / len(rows) if rows else 1.0

    @property
    def rank(self) -> tuple[float, ...]:
        """Order guesses: the best is the largest."""
        if self.n_named:
            return self.n_named, -self.place, self.share, -self.order
        is_cut = len(self.header) > 1
        return 0, is_cut, self.share, len(self.header), -self.order


def find_layout(text: str, names: Collection[str], *, is_whole: bool) -> Layout | None:
    """Guess separator and header of a text; None where every field is blank.

    Parameters
    ----------
    text : str
        Its start.
    names : collection of str
        Columns that are going to be used.
    is_whole : bool
        Whether the text ends there; else its last record may be cut.
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
            _Guess(separator, order, place, records, n_named)
            for place, n_named in _iter_headers(records, known)
        )
    if not guesses:
        return None
    best = max(guesses, key=lambda guess: guess.rank)
    end, header = best.records[best.place]
    return Layout(
        separator=best.separator,
        header=[known.get(fold(name), name.strip("\ufeff").strip()) for name in header],
        raw_header=header,
        n_skipped=end,
        preamble=tuple(end for end, _ in best.records[: best.place]),
        skip_spaces=_has_spaces(best),
        unsplit=_unsplit(best, guesses) if len(header) == 1 else "",
    )


def _excel_separator(text: str) -> str:
    first = text.lstrip("\ufeff").lstrip("\r\n").splitlines()[0]
    match = _EXCEL_LINE.match(first)
    return match[1] if match else ""


def _candidates(text: str) -> str:
    """Return the separators that occur, and one that does not: for a single column."""
    present = "".join(mark for mark in SEPARATORS if mark in text)
    absent = next(mark for mark in SEPARATORS + _NO_SEPARATOR if mark not in present)
    return present + absent


def _iter_headers(
    records: Sequence[tuple[int, Record]], known: Collection[str]
) -> Iterator[tuple[int, int]]:
    """Yield the places where the header may be, and how many known names are there."""
    for place, (_, record) in enumerate(records[:_MOST_PREAMBLE]):
        n_named = len({fold(name) for name in record}.intersection(known))
        has_all = n_named == len(known) > 1
        if place == 0 or has_all or (n_named and _is_preamble(records[:place], record)):
            yield place, n_named


def _iter_records(text: str, separator: str) -> Iterator[tuple[int, Record]]:
    """Yield records that are not blank, with the number of their last line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    n_found = 0
    try:
        for record in reader:
            if any(field.strip() for field in record):
                yield reader.line_num, record
                n_found += 1
            if n_found == _MOST_RECORDS:
                return
    except csv.Error:  # a quote swallowed more than a field may hold
        return


def _is_preamble(above: Sequence[tuple[int, Record]], header: Record) -> bool:
    """Tell whether lines above are no rows: each has fewer values than the header."""
    width = sum(bool(name.strip()) for name in header)
    return all(sum(bool(f.strip()) for f in record) < width for _, record in above)


def fold(name: str) -> str:
    """Return a name as it looks: invisible characters and composed accents don't count.

    >>> fold("\u200be\u0301 ") == "é"
    True
    """
    composed = unicodedata.normalize("NFC", name)
    visible = (one for one in composed if unicodedata.category(one) != "Cf")
    return "".join(visible).strip()


def _has_spaces(guess: _Guess) -> bool:
    records = [record for _, record in guess.records[guess.place :]]
    fields = [field for record in records for field in record[1:] if field]
    return len(records) > 1 and bool(fields) and all(f.startswith(" ") for f in fields)


def _unsplit(best: _Guess, guesses: Sequence[_Guess]) -> str:
    """Return a separator that cuts most rows alike though not the header, or ""."""
    for guess in guesses:
        rows = [record for _, record in guess.records[guess.place + 1 :]]
        widths = Counter(len(row) for row in rows if any(row[1:]))
        most = max(widths.values(), default=0)
        if guess.separator != best.separator and most > _MOST_ROWS * len(rows):
            return guess.separator
    return ""
