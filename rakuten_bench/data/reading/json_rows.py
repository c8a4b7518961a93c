"""Read JSON Lines, or a JSON array of objects: each object is a row."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from rakuten_bench.data.reading.encoding import find_encoding
from rakuten_bench.data.reading.result import (
    Reading,
    Remark,
    build_frame,
    count,
    join_items,
    refuse_column,
    remark_joined,
)
from rakuten_bench.data.reading.source import Source
from rakuten_bench.errors import UserError

_ADVICE = """Write one object per line, such as {"column": "value"}, or save the table as CSV"""

Row = dict[str, object]

_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(source: Source, names: Collection[str]) -> Reading:
    """Read objects as rows; a key that an object lacks is an empty value.

    Numbers keep their notation. A list of texts or numbers becomes one text.

    Raises
    ------
    UserError
        If the text is not JSON, a row is not an object, or a used column has objects.
    """
    encoding = find_encoding(source)
    start = source.sample.decode(encoding.name, "replace").lstrip("\ufeff \t\r\n")
    with encoding.open_lines(source) as lines:
        if start.startswith("["):
            columns = _collect(_iter_array(source, "".join(lines)))
        else:
            columns = _collect(_iter_lines(source, lines))
    joined: set[str] = set()
    texts = {}
    for name, values in columns.items():
        try:
            texts[name] = [_as_text(value) for value in values]
        except TypeError:
            refuse_column(source.file, name, "objects or nested lists", names)
            continue
        if any(isinstance(value, list) for value in values):
            joined.add(name)
    remarks = (
        *source.remarks,
        *encoding.remarks,
        *remark_joined(source.file, joined),
        *_replace_surrogates(source.file, texts),
    )
    return Reading(build_frame(texts), remarks, frozenset(joined))


def _replace_surrogates(file: Path, texts: dict[str, list[str]]) -> Iterator[Remark]:
    """Replace lone surrogates, which UTF-8 cannot encode."""
    for name, values in texts.items():
        if not _SURROGATE.search("".join(values)):
            continue
        n_rows = sum(_SURROGATE.search(value) is not None for value in values)
        texts[name] = [_SURROGATE.sub("\ufffd", value) for value in values]
        clause = (
            f"lone surrogates in column '{name}' replaced by U+FFFD in "
            f"{count(n_rows, 'row')}"
        )
        yield Remark(file, clause)


def _collect(rows: Iterable[Row]) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {}
    for n_rows, row in enumerate(rows):
        for name in row:
            if name not in columns:
                columns[name] = [None] * n_rows
        for name, values in columns.items():
            values.append(row.get(name))
    return columns


def _iter_array(source: Source, text: str) -> Iterator[Row]:
    for number, row in enumerate(_parse(source, text.lstrip("\ufeff"), 1), 1):
        yield _check_row(source, row, f"item {number:,}")


def _iter_lines(source: Source, lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if content := line.strip("\ufeff \t\r\n"):
            row = _parse(source, content, number)
            yield _check_row(source, row, f"line {number:,}")


def _parse(source: Source, text: str, line: int) -> Any:
    try:
        return json.loads(
            text,
            parse_float=str,
            parse_int=str,
            parse_constant=lambda name: None if name == "NaN" else name,
            object_pairs_hook=_unique_keys,
        )
    except _DuplicateKey as error:
        where = "" if "\n" in text else f" line {line:,}:"
        message = (
            f"{source.file}:{where} duplicate key '{error}' in an object. Remove one of "
            f"the two."
        )
        raise UserError(message) from None
    except (json.JSONDecodeError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError):
            line += error.lineno - 1
            reason = f"{error.msg}, column {error.colno}"
        else:
            reason = "nested too deeply"
        message = (
            f"{source.file}: line {line:,} is not valid JSON ({reason}). {_ADVICE}."
        )
        raise UserError(message) from None


class _DuplicateKey(Exception):
    """A duplicate key in a JSON object, of which one value would be lost."""


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _DuplicateKey(next(key for key in keys if keys.count(key) > 1))
    return row


def _check_row(source: Source, row: object, where: str) -> Row:
    if isinstance(row, dict):
        return row
    message = (
        f"{source.file}: {where} is not a JSON object with columns as keys. {_ADVICE}."
    )
    raise UserError(message)


def _as_text(value: object) -> str:
    """Return a value as text.

    Raises
    ------
    TypeError
        For an object, or a list with objects or lists.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return join_items(_as_text(item) for item in _flat(value))
    raise TypeError


def _flat(values: list[object]) -> list[object]:
    if any(isinstance(value, list) for value in values):
        raise TypeError
    return values
