"""Write records in the background: syncing to disk takes longer than building them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from rakuten_bench.plan.digest import digest
from rakuten_bench.records import Predictions, Record, write_record
from rakuten_bench.store.claim import Claims
from rakuten_bench.store.result import cannot_write

_AT_A_TIME = 4  # a journaling file system commits them together
_MOST_WAITING = 32


class RecordWriter:
    """Writes records in the background; several reach the disk with one flush.

    Parameters
    ----------
    results : Path
        Folder of the boards.
    claims : Claims
        Prevents two runs from writing a record at the same time.
    """

    def __init__(self, results: Path, claims: Claims) -> None:
        self._results = results
        self._claims = claims
        self._threads = ThreadPoolExecutor(_AT_A_TIME)
        self._waiting: deque[Future[Record]] = deque()

    def submit(self, record: Record, predictions: Predictions | None) -> None:
        """Queue a record for writing, with the scores of its predictions."""
        self._waiting.append(self._threads.submit(self._write, record, predictions))

    def _write(self, record: Record, predictions: Predictions | None) -> Record:
        place = str(self._results.absolute())
        with self._claims.hold(digest(place, record.board, record.code), wait=True):
            return write_record(self._results, record, predictions)

    def written(self, *, wait: bool = False) -> Iterator[Record]:
        """Yield the records that are synced to disk, in the order of `submit`.

        Parameters
        ----------
        wait : bool
            Wait for all; otherwise only if too many are pending.

        Raises
        ------
        FullDisk
        """
        while self._waiting:
            first = self._waiting[0]
            if not (wait or first.done() or len(self._waiting) > _MOST_WAITING):
                return
            self._waiting.popleft()
            try:
                yield first.result()
            except OSError as error:
                raise cannot_write(self._results, error) from error

    def close(self) -> None:
        """Wait for pending writes."""
        self._threads.shutdown()
