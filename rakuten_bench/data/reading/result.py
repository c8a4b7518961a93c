"""The result of reading a file: a table, and remarks on its irregularities."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5  # lines listed in a remark


@dataclass(frozen=True, slots=True)
class Remark:
    """An irregularity of a file, and how it was handled.

    Attributes
    ----------
    file : Path
    clause : str
        Without a full stop: "2 blank lines left out".
    lines : tuple of int
        Numbers of all affected lines, from 1 as in editors; may be empty.
    """

    file: Path
    clause: str
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return the message for users."""
        where = f" ({list_lines(self.lines)})" if self.lines else ""
        return f"{self.file.name}: {self.clause}{where}."


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text was written, so that another can be written alike.

    Attributes
    ----------
    header : tuple of str
        Names of the columns as in the file; they may be empty, or occur twice.
    separator : str
        One character.
    encoding : str
        Name of a Python codec.
    line_end : str
    quotes_all : bool
        Whether every name of the header is quoted.
    """

    header: tuple[str, ...]
    separator: str = ","
    encoding: str = "utf-8"
    line_end: str = "\n"
    quotes_all: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A table read from a file.

    Attributes
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Strings, "" for a missing value; rows in the order of the file.
    remarks : tuple of Remark
    joined : frozenset of str
        Columns of lists, whose items were joined by spaces.
    dialect : Dialect or None
        Of a delimited text.
    """

    frame: pd.DataFrame
    remarks: tuple[Remark, ...] = ()
    joined: frozenset[str] = frozenset()
    dialect: Dialect | None = None


def list_lines(lines: Sequence[int]) -> str:
    """Return line numbers as text, at most five of them.

    >>> list_lines([7])
    'line 7'
    >>> list_lines([2, 3, 4, 5, 6, 7, 8])
    'lines 2, 3, 4, 5, 6 and 2 more'
    """
    if len(lines) == 1:
        return f"line {lines[0]}"
    shown = ", ".join(map(str, lines[:_SHOWN]))
    more = f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
    return f"lines {shown}{more}"


def count(n: int, noun: str, verb: str = "") -> str:
    """Return a count with its noun, and a verb that agrees with it.

    >>> count(1, "row", "has")
    '1 row has'
    >>> count(2000, "row", "has")
    '2,000 rows have'
    """
    plural = {"has": "have", "is": "are", "ends": "end"}
    counted = f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
    if not verb:
        return counted
    return f"{counted} {verb if n == 1 else plural[verb]}"


def build_frame(columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return a table of texts.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
    """
    import numpy as np
    import pandas as pd

    # not PyArrow's strings: installations without PyArrow read the same cache
    dtype = pd.StringDtype("python", na_value=np.nan)
    series = {
        name: pd.Series(np.array(values, dtype=object), dtype=dtype)
        for name, values in columns.items()
    }
    return pd.DataFrame(series)


def name_columns(
    file: Path, header: Iterable[str], names: Collection[str]
) -> list[str]:
    """Return a unique name for every column, as pandas does.

    Returns
    -------
    list of str
        "Unnamed: 0" for a column without a name, "text.1" for the second "text".

    Raises
    ------
    UserError
        If a column that will be used is duplicated in the header.
    """
    columns = [name or f"Unnamed: {index}" for index, name in enumerate(header)]
    for name in names:
        if (n_columns := columns.count(name)) > 1:
            numbers = ", ".join(
                str(number) for number, other in enumerate(columns, 1) if other == name
            )
            message = (
                f"{file}: {n_columns} columns are named '{name}' (columns {numbers}). "
                f"Rename all but one."
            )
            raise UserError(message)
    used: set[str] = set()
    unique = []
    for column in columns:
        name, number = column, 0
        while name in used or (number and name in columns):
            number += 1
            name = f"{column}.{number}"
        used.add(name)
        unique.append(name)
    return unique


def join_items(items: Iterable[str | None]) -> str:
    """Return the items of a list as one text.

    >>> join_items(["red", None, "mug"])
    'red mug'
    """
    return " ".join(item for item in items if item)


def remark_joined(file: Path, joined: Collection[str]) -> Iterator[Remark]:
    """Remark on columns of lists."""
    if joined:
        names = ", ".join(f"'{name}'" for name in sorted(joined))
        yield Remark(file, f"lists in column {names} joined by spaces")


def refuse_column(file: Path, name: str, values: str, names: Collection[str]) -> None:
    """Refuse a used column that is not convertible to text.

    Raises
    ------
    UserError
    """
    if name not in names:
        return
    message = (
        f"{file}: column '{name}' has {values} instead of texts. Convert it to text, or "
        f"choose another column."
    )
    raise UserError(message)
