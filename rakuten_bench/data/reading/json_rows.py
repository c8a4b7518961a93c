"""JSON Lines, and a JSON array of objects: an object is a row."""

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

_WAY_OUT = "Write an object for each row: {'column': value, ...}, or a CSV"

Row = dict[str, object]

_HALF = re.compile("[\ud800-\udfff]")


def read_json(source: Source, names: Collection[str]) -> Reading:
    """Read objects as rows; a key that an object lacks is an empty value.

    Numbers stay as they are written. A list of texts or numbers becomes one text.

    Raises
    ------
    UserError
        If the text is no JSON, a row is no object, or a used column holds objects.
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
        *_mend_halves(source.file, texts),
    )
    return Reading(build_frame(texts), remarks, frozenset(joined))


def _mend_halves(file: Path, texts: dict[str, list[str]]) -> Iterator[Remark]:
    """Replace halves of surrogate pairs, which no file can hold."""
    for name, values in texts.items():
        if not _HALF.search("".join(values)):
            continue
        n_mended = sum(_HALF.search(value) is not None for value in values)
        texts[name] = [_HALF.sub("\ufffd", value) for value in values]
        what = (
            f"halves of characters in column '{name}' replaced by U+FFFD in "
            f"{count(n_mended, 'row')}"
        )
        yield Remark(file, what)


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
    for place, row in enumerate(_parse(source, text.lstrip("\ufeff"), 1), 1):
        yield _checked(source, row, f"item {place:,}")


def _iter_lines(source: Source, lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if content := line.strip("\ufeff \t\r\n"):
            yield _checked(source, _parse(source, content, number), f"line {number:,}")


def _parse(source: Source, text: str, line: int) -> Any:
    try:
        return json.loads(
            text,
            parse_float=str,
            parse_int=str,
            parse_constant=lambda word: None if word == "NaN" else word,
            object_pairs_hook=_once_each,
        )
    except _RepeatedKey as error:
        where = "" if "\n" in text else f" line {line:,}:"
        message = (
            f"{source.file}:{where} an object has the key '{error}' twice. Leave one of "
            f"them out."
        )
        raise UserError(message) from None
    except (json.JSONDecodeError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError):
            line += error.lineno - 1
            reason = f"{error.msg}, column {error.colno}"
        else:
            reason = "nested too deeply"
        message = f"{source.file}: line {line:,} is no JSON ({reason}). {_WAY_OUT}."
        raise UserError(message) from None


class _RepeatedKey(Exception):
    """An object of a JSON file has a key twice: one of the values would be lost."""


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKey(next(key for key in keys if keys.count(key) > 1))
    return found


def _checked(source: Source, row: object, where: str) -> Row:
    if isinstance(row, dict):
        return row
    message = f"{source.file}: {where} is no object with columns as keys. {_WAY_OUT}."
    raise UserError(message)


def _as_text(value: object) -> str:
    """Return a value as text.

    Raises
    ------
    TypeError
        For an object, or a list of such.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return join_items(_as_text(one) for one in _flat(value))
    raise TypeError


def _flat(values: list[object]) -> list[object]:
    if any(isinstance(value, list) for value in values):
        raise TypeError
    return values
