"""Cache of intervals and groups, for boards that have not changed.

One small file for each board, metric and subset. It is used only if it was computed by
the same source and libraries, from exactly the present files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import msgspec

from rakuten_bench.plain import read_plain
from rakuten_bench.plan.source import source_digest
from rakuten_bench.records.file import replace_file
from rakuten_bench.records.store import CONFUSION_FILE, PREDICTIONS_FILE
from rakuten_bench.report.board import Entry, Ranking

#: Judges the entries: its source, and all that it imports, is part of the cache key.
_JUDGE = "rakuten_bench.report.standing"
_MAX_SIZE = 1 << 26  # bytes: some hundred thousand entries


class _Found(msgspec.Struct):
    """Intervals and groups of the entries of a board, in their order."""

    key: str
    intervals: list[tuple[float, float] | None]
    groups: list[int | None]


def cached_standing(
    folder: Path,
    board: Ranking,
    entries: Sequence[Entry],
    judge: Callable[[], Sequence[Entry]],
) -> Sequence[Entry]:
    """Return the entries with cached results, or judge them and cache these.

    Parameters
    ----------
    folder : Path
        Cache folder; created if missing.
    board : Ranking
    entries : sequence of Entry
        Those of its entries that are judged.
    judge : callable
        Returns them with interval and group.
    """
    if not entries:
        return entries
    place = str(entries[0].folder.parent.absolute())
    path = folder / f"{_digest(place, board.metric, board.subset)}.json"
    key = _digest(_version(), len(board.entries), *map(_facts, entries))
    found = _read(path)
    if found is not None and found.key == key:
        facts = zip(entries, found.intervals, found.groups, strict=True)
        return [
            replace(entry, interval=interval, group=group)
            for entry, interval, group in facts
        ]
    judged = judge()
    new = _Found(
        key,
        [entry.interval for entry in judged],
        [entry.group for entry in judged],
    )
    _write(path, new)
    return judged


def _facts(entry: Entry) -> tuple[object, ...]:
    """Return what an entry's interval and group depend on; reads no large file."""
    row, place, scores = entry.row, str(entry.folder), entry.scores
    files = [
        _file_facts(f"{place}/{name}") for name in (PREDICTIONS_FILE, CONFUSION_FILE)
    ]
    return row.code, row.predictions_digest, row.rows_digest, scores, *files


def _file_facts(path: str) -> tuple[int, int]:
    """Return size and time of a file; zeros if it is missing."""
    with contextlib.suppress(OSError):
        facts = os.stat(path)  # noqa: PTH116  called for every scenario of a board
        return facts.st_size, facts.st_mtime_ns
    return 0, 0


def _version() -> str:
    """Return the digest of the code that compares scenarios: source and libraries."""
    return _digest(source_digest(_JUDGE), version("numpy"), version("scipy"))


def _digest(*parts: object) -> str:
    text = msgspec.json.encode(parts)
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _read(path: Path) -> _Found | None:
    """Return the cached value; None if it is missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        checksum, _, content = read_plain(path, _MAX_SIZE).partition(b"\n")
        if checksum == _checksum(content):
            return msgspec.json.decode(content, type=_Found)
    return None


def _write(path: Path, found: _Found) -> None:
    content = msgspec.json.encode(found)
    with contextlib.suppress(OSError):  # show the board even if the disk is full
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, _checksum(content) + b"\n" + content)


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).hexdigest().encode()
