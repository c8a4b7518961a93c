"""From a user's file to a table of texts, with remarks on what was odd about the file.

The one place where tables are read: training data and tables to predict go the same
way, so that one file gives the same values to both.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rakuten_bench.data.reading.result import Reading, Remark
from rakuten_bench.data.reading.source import open_source

__all__ = ["Reading", "Remark", "read_table"]


def read_table(file: Path, names: Collection[str] = ()) -> Reading:
    """Read a CSV, JSON Lines or Parquet file, compressed or not, as texts.

    The format is told by the content, not by the ending.

    Parameters
    ----------
    file : Path
    names : collection of str
        Columns that are going to be used. They help to find the header and the
        separator; one of them that can't be read as text, or that the header has
        twice, is refused.

    Returns
    -------
    Reading
        Rows in the order of the file. Every value is a str, "" where it is missing.

    Raises
    ------
    UserError
        If the file is absent, no table, damaged, or its rows don't fit its header.
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
