"""Read CSV and other delimited text; the fields of every record are counted."""

from __future__ import annotations

import codecs
import contextlib
import csv
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rakuten_bench.data.reading.encoding import Encoding, find_encoding
from rakuten_bench.data.reading.header import NO_SEPARATOR, Layout, find_layout
from rakuten_bench.data.reading.quoting import (
    Record,
    RepairingReader,
    refuse_swallowed,
    refuse_swallowing_header,
)
from rakuten_bench.data.reading.result import (
    Dialect,
    Reading,
    Remark,
    build_frame,
    count,
    list_lines,
    name_columns,
)
from rakuten_bench.data.reading.source import Source
from rakuten_bench.errors import UserError

_CHUNK = 256  # records transposed at a time; too few to trigger a garbage collection
_LARGEST_FIELD = 2**31 - 1  # characters; the largest limit valid on all systems
_ESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
_LINE_END = re.compile(r"\r\n|\r|\n")


class Reader(Protocol):
    """The interface of `csv.reader`."""

    @property
    def line_num(self) -> int:
        """Number of lines read."""

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the fields of each record."""

    def __next__(self) -> list[str]:
        """Return the fields of the next record."""


@dataclass
class _Rows:
    """Fields by column, and the line numbers of irregular records.

    Attributes
    ----------
    layout : Layout
    is_escaped : bool
        Whether quotes within values are escaped by a backslash.
    columns : list of list of str
    most_fields : int
        Fields of the widest record with too many.
    wider, shorter, trailing, blank, blank_end, repeated, repaired : list of int
        Last lines of records: with more fields than columns, with fewer, with empty
        fields beyond the last column, blank, blank at the end of the text, equal to the
        header, with repaired quotes.
    spanning : list of Record
        Records of more than one line.
    """

    layout: Layout
    is_escaped: bool = False
    columns: list[list[str]] = field(default_factory=list)
    most_fields: int = 0
    wider: list[int] = field(default_factory=list)
    shorter: list[int] = field(default_factory=list)
    trailing: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    blank_end: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    repaired: list[int] = field(default_factory=list)
    spanning: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = [[] for _ in self.layout.header]

    @property
    def fits(self) -> bool:
        """Whether all records have as many fields as the header."""
        return not (self.wider or self.shorter)

    def collect(self, reader: Reader) -> None:
        """Read all records; only chunks with an irregular one are checked by record."""
        width, line = self.layout.width, self.layout.n_skipped
        while chunk := list(itertools.islice(reader, _CHUNK)):
            end = self.layout.n_skipped + reader.line_num
            is_regular = (
                end - line == len(chunk) and self.layout.raw_header not in chunk
            )
            if not is_regular or {*map(len, chunk)} != {width}:
                chunk = [*self._iter_fitted(chunk, line)]
            for column, values in zip(
                self.columns, zip(*chunk, strict=True), strict=False
            ):
                column.extend(values)
            line = end
        self._drop_blank_end(line)

    def _iter_fitted(self, chunk: list[list[str]], line: int) -> Iterator[list[str]]:
        """Yield records of the table's width; note the lines of irregular ones.

        Parameters
        ----------
        chunk : list of list of str
        line : int
            Last line before the chunk.
        """
        for fields in chunk:
            first = line + 1
            line = first + sum(len(_LINE_END.findall(value)) for value in fields)
            if first != line:
                self.spanning.append((first, line, fields))
            if len(fields) != self.layout.width:
                fitted = self._fit(line, fields)
                if fitted is not None:
                    yield fitted
                continue
            if fields == self.layout.raw_header and len(fields) > 1:
                self.repeated.append(line)
            yield fields

    def _fit(self, line: int, fields: list[str]) -> list[str] | None:
        """Pad or cut a record to the table's width; None for a blank line."""
        width = self.layout.width
        if not any(map(str.strip, fields)) and len(fields) < 2:
            self.blank.append(line)
            return [""] if width == 1 else None
        if len(fields) > width:
            self.most_fields = max(self.most_fields, len(fields))
            is_empty = not any(map(str.strip, fields[width:]))
            (self.trailing if is_empty else self.wider).append(line)
            return fields[:width]
        if len(fields) < self.layout.n_named:
            self.shorter.append(line)
        return fields + [""] * (width - len(fields))

    def _drop_blank_end(self, last: int) -> None:
        """Drop blank lines at the end, which editors append."""
        while self.blank and self.blank[-1] == last:
            self.blank_end.append(self.blank.pop())
            last -= 1
            if self.layout.width == 1:
                self.columns[0].pop()


def read_delimited(source: Source, names: Collection[str]) -> Reading:
    """Read a delimited text.

    Raises
    ------
    UserError
        If a record has more fields than the header, an unclosed quote swallows lines,
        or a used column is duplicated.
    """
    encoding = find_encoding(source)
    sample = source.sample.decode(encoding.name, "replace")
    layout = find_layout(sample, names, is_whole=source.is_whole)
    if layout is None:
        message = f"{source.file}: has no header: its first lines have no values."
        raise UserError(message)
    refuse_swallowing_header(source.file, sample, layout)
    columns = name_columns(source.file, layout.header, names)
    rows = _parse(source, encoding, layout)
    _refuse_misfits(source, rows)
    refuse_swallowed(source.file, rows.spanning, rows.columns, layout.separator)
    remarks = (*source.remarks, *encoding.remarks, *_remarks(source, rows))
    frame = build_frame(dict(zip(columns, rows.columns, strict=True)))
    dialect = _find_dialect(source, sample, encoding, layout)
    return Reading(frame, remarks, dialect=dialect)


def _find_dialect(
    source: Source, sample: str, encoding: Encoding, layout: Layout
) -> Dialect:
    """Return how a text is written, from its sample."""
    end = _LINE_END.search(sample)
    quoted = [f'"{name.replace(chr(34), 2 * chr(34))}"' for name in layout.raw_header]
    has_mark = source.sample.startswith(codecs.BOM_UTF8)
    is_utf8 = encoding.name == "utf-8-sig" and not has_mark
    return Dialect(
        header=tuple(name.strip("\ufeff") for name in layout.raw_header),
        separator="," if layout.separator == NO_SEPARATOR else layout.separator,
        encoding="utf-8" if is_utf8 else encoding.name,
        line_end=end.group() if end else "\n",
        quotes_all=layout.separator.join(quoted) in sample,
    )


def _parse(source: Source, encoding: Encoding, layout: Layout) -> _Rows:
    """Parse as strict CSV; if that fails, with backslash escapes, then with repair."""
    for is_escaped in (False, True):
        rows = _Rows(layout, is_escaped)
        with contextlib.suppress(csv.Error), _lines(source, encoding, layout) as lines:
            rows.collect(_reader(lines, layout, is_escaped))
            if rows.fits or not is_escaped:
                return rows
    rows = _Rows(layout)
    with _lines(source, encoding, layout) as lines:
        rows.collect(RepairingReader(source.file, lines, layout, rows.repaired))
    return rows


@contextlib.contextmanager
def _lines(
    source: Source, encoding: Encoding, layout: Layout
) -> Iterator[Iterator[str]]:
    """Open the lines below the header, with the limit on field sizes raised."""
    limit = csv.field_size_limit(_LARGEST_FIELD)
    try:
        with encoding.open_lines(source) as lines:
            yield itertools.islice(lines, layout.n_skipped, None)
    finally:
        csv.field_size_limit(limit)


def _reader(lines: Iterator[str], layout: Layout, is_escaped: bool) -> Reader:
    return csv.reader(
        (_ESCAPED_QUOTE.sub(r'\1""', line) for line in lines) if is_escaped else lines,
        delimiter=layout.separator,
        skipinitialspace=layout.skip_spaces,
        strict=True,
    )


def _refuse_misfits(source: Source, rows: _Rows) -> None:
    """Refuse records whose fields cannot be assigned to columns.

    Raises
    ------
    UserError
    """
    width, n_wider = rows.layout.width, len(rows.wider)
    if rows.wider:
        at_most = "" if n_wider == 1 else "up to "
        message = (
            f"{source.file}: {count(n_wider, 'row', 'has')} {at_most}{rows.most_fields} "
            f"fields, but the header has {count(width, 'column')} "
            f"({list_lines(rows.wider)}). Put values that contain "
            f"{rows.layout.separator!r} in double quotes, or add the extra "
            f"column to the header."
        )
        raise UserError(message)
    if rows.repeated:
        message = (
            f"{source.file}: repeated header ({list_lines(rows.repeated)}). Were two "
            f"files concatenated? Remove the repeated header."
        )
        raise UserError(message)


def _remarks(source: Source, rows: _Rows) -> Iterator[Remark]:
    """Yield remarks on irregular records."""
    layout = rows.layout
    empty = "read as empty" if layout.width == 1 else "left out"
    irregular: list[tuple[Sequence[int], str, str, str]] = [
        (layout.preamble, "line", "", "above the header left out"),
        (
            rows.trailing,
            "row",
            "ends",
            "in separators beyond the last column, left out",
        ),
        (rows.shorter, "row", "has", "fewer fields than the header, read as empty"),
        (rows.blank, "blank line", "", empty),
        (rows.repaired, "row", "has", "undoubled quotes within a value"),
    ]
    if layout.width == 1:  # a blank line may be a row
        irregular.append((rows.blank_end, "blank line", "", "at the end left out"))
    for lines, noun, verb, rest in irregular:
        if lines:
            counted = count(len(lines), noun, verb)
            yield Remark(source.file, f"{counted} {rest}", tuple(sorted(lines)))
    if rows.is_escaped:
        yield Remark(source.file, "quotes escaped by a backslash are part of the value")
    if layout.unsplit:
        clause = (
            f"the header has one column, but most rows contain {layout.unsplit!r}, "
            f"which is read as text"
        )
        yield Remark(source.file, clause)
