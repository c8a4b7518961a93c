"""Read Parquet: typed columns as texts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rakuten_bench.data.reading.result import (
    Reading,
    Remark,
    build_frame,
    join_items,
    name_columns,
    refuse_column,
    remark_joined,
)
from rakuten_bench.data.reading.source import Source
from rakuten_bench.errors import UserError
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pyarrow as pa

_NO_UTF8 = "bytes that are not UTF-8"
_EXACT = 2.0**53  # largest range in which every integer is a float64


def read_parquet(source: Source, names: Collection[str]) -> Reading:
    """Read the columns that are convertible to text.

    Integers stored as floats because of missing values lose their ".0"; a list of texts
    becomes one text. A column of another type, such as objects or bytes, is dropped
    unless it is used.

    Raises
    ------
    UserError
        If the file is damaged, or a used column is not convertible to text.
    """
    table = _load(source)
    columns = name_columns(source.file, table.column_names, names)
    joined: set[str] = set()
    texts: dict[str, Sequence[str]] = {}
    remarks: list[Remark] = []
    for name, column in zip(columns, table.itercolumns(), strict=True):
        try:
            texts[name] = _as_texts(column)
        except _NotText as error:
            refuse_column(source.file, name, str(error), names)
            continue
        if _is_list(column.type):
            joined.add(name)
        if name in names:
            remarks.extend(_remark_digits(source, name, column))
    remarks.extend(remark_joined(source.file, joined & {*names}))
    return Reading(build_frame(texts), (*source.remarks, *remarks), frozenset(joined))


class _NotText(Exception):
    """A column is not convertible to text; the message names its values."""


def _load(source: Source) -> pa.Table:
    """Read all columns in the order of the file, including indexes of pandas.

    Raises
    ------
    UserError
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        message = (
            f"{source.file}: reading Parquet needs the package 'pyarrow'. "
            f'Run: pip install "rakuten-bench[parquet]"'
        )
        raise UserError(message) from None
    with source.open() as stream:
        try:
            return pq.ParquetFile(stream).read()
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            message = f"{source.file}: not readable as Parquet: {reason}"
            raise UserError(message) from None


def _as_texts(column: pa.ChunkedArray) -> Sequence[str]:
    """Return the values of a column as texts, "" for a missing one.

    Raises
    ------
    _NotText
    """
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    for fits, convert in _CONVERTERS:
        if fits(column.type):
            return convert(column)
    if pa.types.is_nested(column.type):
        message = "objects"
        raise _NotText(message)
    return ["" if value is None else str(value) for value in column.to_pylist()]


def _is_text(type_: pa.DataType) -> bool:
    import pyarrow as pa

    kind = pa.types
    return bool(
        kind.is_string(type_)
        or kind.is_large_string(type_)
        or kind.is_string_view(type_)
    )


def _is_float(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(type_))


def _is_binary(type_: pa.DataType) -> bool:
    import pyarrow as pa

    kind = pa.types
    return bool(
        kind.is_binary(type_)
        or kind.is_large_binary(type_)
        or kind.is_fixed_size_binary(type_)
    )


def _is_list(type_: pa.DataType) -> bool:
    import pyarrow as pa

    kind = pa.types
    return bool(
        kind.is_list(type_)
        or kind.is_large_list(type_)
        or kind.is_fixed_size_list(type_)
    )


def _fill_missing(column: pa.ChunkedArray) -> Sequence[str]:
    import pyarrow as pa

    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    try:
        values: Sequence[str] = column.fill_null("").to_numpy(zero_copy_only=False)
    except pa.ArrowException:  # some writers do not validate UTF-8
        raise _NotText(_NO_UTF8) from None
    return values


def _float_texts(column: pa.ChunkedArray) -> Sequence[str]:
    """Return numbers as texts, without ".0" if all are integers.

    Raises
    ------
    _NotText
        For infinities.
    """
    values = column.to_numpy(zero_copy_only=False)
    present = values[~np.isnan(values)]
    if np.isinf(present).any():
        message = "infinite numbers"
        raise _NotText(message)
    if (present == np.round(present)).all():
        return [
            "" if number != number else str(int(number)) for number in values.tolist()
        ]
    texts: list[str] = np.where(np.isnan(values), "", values.astype(str)).tolist()
    return texts


def _decode(column: pa.ChunkedArray) -> Sequence[str]:
    try:
        return [
            "" if value is None else value.decode("utf-8")
            for value in column.to_pylist()
        ]
    except UnicodeDecodeError:
        raise _NotText(_NO_UTF8) from None


def _list_texts(column: pa.ChunkedArray) -> Sequence[str]:
    import pyarrow as pa

    item = column.type.value_type
    if pa.types.is_dictionary(item):
        item = item.value_type
    if not (_is_text(item) or pa.types.is_null(item)):
        message = f"lists of {item}"
        raise _NotText(message)
    return [join_items(value or ()) for value in column.to_pylist()]


def _remark_digits(
    source: Source, name: str, column: pa.ChunkedArray
) -> Iterator[Remark]:
    """Remark on numbers stored as floats that are too large to be exact."""
    if not _is_float(column.type):
        return
    values = column.to_numpy(zero_copy_only=False)
    if n_large := int((np.abs(values, dtype=float) > _EXACT).sum()):
        clause = (
            f"column '{name}' has {number(n_large, 'number')} beyond 2^53 stored as "
            f"floats: last digits may be lost"
        )
        yield Remark(source.file, clause)


_CONVERTERS = (
    (_is_text, _fill_missing),
    (_is_float, _float_texts),
    (_is_binary, _decode),
    (_is_list, _list_texts),
)
