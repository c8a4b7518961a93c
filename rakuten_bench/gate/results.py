"""The records of a results folder, each board read once."""

from __future__ import annotations

from pathlib import Path

from rakuten_bench import records
from rakuten_bench.records import Damaged, Identity, Row, Verifier


class Results:
    """The boards of a folder.

    Parameters
    ----------
    folder : Path
        Of all boards.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: dict[str, dict[str, Row | Damaged]] = {}
        self._verifiers: dict[tuple[str, Identity], Verifier] = {}

    def rows(self, board: str) -> dict[str, Row | Damaged]:
        """Return the records of a board by code."""
        if board not in self._rows:
            rows = records.iter_rows(self.folder, board)
            self._rows[board] = {row.code: row for row in rows}
        return self._rows[board]

    def verifier(self, row: Row, board: str) -> Verifier:
        """Return the verifier for the records of a row's board."""
        key = board, Identity.of(row)
        if key not in self._verifiers:
            rows = [
                other for other in self.rows(board).values() if isinstance(other, Row)
            ]
            self._verifiers[key] = Verifier(self.folder / board, Identity.of(row), rows)
        return self._verifiers[key]
