"""A user's table with predictions, written as the table was: own columns first."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from rakuten_bench.data.reading import Dialect
from rakuten_bench.errors import Notice
from rakuten_bench.wording.format import safe_cell

if TYPE_CHECKING:
    import pandas as pd

_PREFIX = "predicted_"
_LINE_END = "\r\n"
_DECIMAL_COMMA, _DECIMAL_POINT = re.compile(r"-?\d+,\d+"), re.compile(r"-?\d+\.\d+")
_LOOKED_AT = 1_000  # rows in which numbers with decimal commas are counted


@dataclass(frozen=True)
class LabeledTable:
    """The columns of a table, and the predictions of its rows.

    Attributes
    ----------
    path : Path
        Of the table.
    own : DataFrame of shape (n_rows, n_columns)
        Its columns, as texts.
    guesses : DataFrame of shape (n_rows, 1 to 20)
        `label`, `probability`, `second`, ...; of a clustering `cluster`.
    dialect : Dialect
        How the table is written.
    """

    path: Path
    own: pd.DataFrame
    guesses: pd.DataFrame
    dialect: Dialect

    def __len__(self) -> int:
        return len(self.own)

    @property
    def prefix(self) -> str:
        """What the names of the guesses begin with; "" unless the table has them."""
        taken = {name.strip().casefold() for name in self.dialect.header}
        prefix = ""
        while any(f"{prefix}{name}" in taken for name in self.guesses):
            prefix += _PREFIX
        return prefix

    @property
    def added(self) -> list[str]:
        """Names of the columns that were added."""
        return [f"{self.prefix}{name}" for name in self.guesses]

    @cached_property
    def has_decimal_commas(self) -> bool:
        """Whether the table writes numbers with a decimal comma."""
        if self.dialect.separator == ",":
            return False
        cells = self.own.head(_LOOKED_AT).to_numpy().ravel().tolist()
        counts = (
            sum(bool(one.fullmatch(cell)) for cell in cells if isinstance(cell, str))
            for one in (_DECIMAL_COMMA, _DECIMAL_POINT)
        )
        n_commas, n_points = counts
        return n_commas > n_points

    def to_frame(self) -> pd.DataFrame:
        """Return own columns, as texts, and predictions as one table."""
        import pandas as pd

        added = self.guesses.set_axis(self.added, axis=1).set_axis(
            self.own.index, axis=0
        )
        return pd.concat([self.own, added], axis=1)

    def render(self, *, is_safe: bool = False) -> str:
        """Return the table as text, with the separator and line ends of the original.

        Parameters
        ----------
        is_safe : bool
            Whether to neutralize texts that a spreadsheet would run as formulas.
        """
        lines: list[str] = []
        writer = csv.writer(
            SimpleNamespace(write=lines.append),
            delimiter=self.dialect.separator,
            lineterminator=_LINE_END,  # both characters: a lone one in a cell is quoted
            quoting=csv.QUOTE_ALL if self.dialect.quotes_all else csv.QUOTE_MINIMAL,
        )
        head: list[object] = [*self.dialect.header, *self.added]
        rows = [head, *self._iter_lines()]
        writer.writerows(map(_make_safe, rows) if is_safe else rows)
        end = self.dialect.line_end
        return "".join(f"{line.removesuffix(_LINE_END)}{end}" for line in lines)

    def encode(self, *, is_safe: bool = False) -> bytes:
        """Return the table as a file; in UTF-8 if its own encoding lacks a character."""
        text = self.render(is_safe=is_safe)
        try:
            return text.encode(self.dialect.encoding)
        except UnicodeEncodeError:
            message = (
                f"{self.path.name}: {self.dialect.encoding} lacks a character of the "
                f"predictions: written as UTF-8"
            )
            warnings.warn(message, Notice, stacklevel=2)
            return text.encode("utf-8-sig", "surrogatepass")

    def _iter_lines(self) -> Iterable[list[object]]:
        own = self.own.to_numpy().tolist()
        added = self.guesses.to_numpy(dtype=object).tolist()
        for cells, guesses in zip(own, added, strict=True):
            yield [*cells, *map(self._write_number, guesses)]

    def _write_number(self, value: object) -> object:
        if isinstance(value, float) and self.has_decimal_commas:
            return repr(value).replace(".", ",")
        return value


def _make_safe(cells: list[object]) -> list[object]:
    return [*map(neutralize, cells)]


def neutralize(value: object) -> object:
    """Return a value that no spreadsheet runs as a formula."""
    return safe_cell(value) if isinstance(value, str) else value
