"""What reading a file gives: a table, and what was odd about the file."""

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
    """Something odd about a file, and how it was read all the same.

    Attributes
    ----------
    file : Path
    what : str
        A clause without a full stop: "2 blank lines left out".
    lines : tuple of int
        All lines that it is about, counted from 1 as editors count; may be empty.
    """

    file: Path
    what: str
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return the sentence that users read."""
        where = f" ({list_lines(self.lines)})" if self.lines else ""
        return f"{self.file.name}: {self.what}{where}."


@dataclass(frozen=True, slots=True)
class Reading:
    """A table as it was read.

    Attributes
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Strings, "" where a value is missing; rows in the order of the file.
    remarks : tuple of Remark
    joined : frozenset of str
        Columns whose values were lists and are now their items joined by spaces.
    """

    frame: pd.DataFrame
    remarks: tuple[Remark, ...] = ()
    joined: frozenset[str] = frozenset()


def list_lines(lines: Sequence[int]) -> str:
    """Name some lines.

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
    words = f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
    if not verb:
        return words
    return f"{words} {verb if n == 1 else plural[verb]}"


def build_frame(columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return a table of texts.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
    """
    import numpy as np
    import pandas as pd

    # never PyArrow's strings: a cache is read by installations without it
    dtype = pd.StringDtype("python", na_value=np.nan)
    series = {
        name: pd.Series(np.array(values, dtype=object), dtype=dtype)
        for name, values in columns.items()
    }
    return pd.DataFrame(series)


def name_columns(
    file: Path, header: Iterable[str], names: Collection[str]
) -> list[str]:
    """Give every column a name of its own, as pandas does.

    Returns
    -------
    list of str
        "Unnamed: 0" for one without a name, "text.1" for the second "text".

    Raises
    ------
    UserError
        If the header has a column twice that is going to be used: which one is meant?
    """
    given = [name or f"Unnamed: {place}" for place, name in enumerate(header)]
    for name in names:
        if (times := given.count(name)) > 1:
            places = ", ".join(
                str(place) for place, one in enumerate(given, 1) if one == name
            )
            message = (
                f"{file}: {times} columns are called '{name}' (columns {places}). "
                f"Rename all but one."
            )
            raise UserError(message)
    taken: set[str] = set()
    unique = []
    for name in given:
        free, number = name, 0
        while free in taken or (number and free in given):
            number += 1
            free = f"{name}.{number}"
        taken.add(free)
        unique.append(free)
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


def refuse_column(file: Path, name: str, what: str, names: Collection[str]) -> None:
    """Refuse a column that can't be read as text, if it is used.

    Raises
    ------
    UserError
    """
    if name not in names:
        return
    message = (
        f"{file}: column '{name}' holds {what}, which can't be read as text. Write it as "
        f"text, or name another column."
    )
    raise UserError(message)
