"""Read a user's file as a table of texts, with remarks on its irregularities.

Training data and tables to predict are both read here, so that the same file gives the
same values to both.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rakuten_bench.data.reading.result import Dialect, Reading, Remark
from rakuten_bench.data.reading.source import open_source

__all__ = ["Dialect", "Reading", "Remark", "read_table"]


def read_table(file: Path, names: Collection[str] = ()) -> Reading:
    """Read a CSV, JSON Lines or Parquet file, compressed or not, as texts.

    The format is detected from the content, not from the file extension.

    Parameters
    ----------
    file : Path
    names : collection of str
        Columns that will be used. They help to find the header and the separator; one
        that is not readable as text, or is duplicated in the header, is an error.

    Returns
    -------
    Reading
        Rows in the order of the file. Every value is a str; a missing one is "".

    Raises
    ------
    UserError
        If the file is missing, not a table, damaged, or its rows don't match its header.
    """
    source = open_source(file)
    if source.format == "parquet":
        from rakuten_bench.data.reading.parquet import read_parquet

        return read_parquet(source, names)
    if source.format == "json":
        from rakuten_bench.data.reading.json_rows import read_json

        return read_json(source, names)
    from rakuten_bench.data.reading.delimited import read_delimited

    return read_delimited(source, names)
