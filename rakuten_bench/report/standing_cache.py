"""Intervals and groups that were found before: on a board without news nothing is drawn.

One small file for each board and way to look at it. What it holds is taken only if it
was found by the same source and libraries, from the very files that are there now.
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
from rakuten_bench.records.store import CONFUSION_FILE, PREDICTIONS_FILE, replace_file
from rakuten_bench.report.board import Board, Entry

#: Judges the entries: what it and all that it imports say decides what is found.
_JUDGE = "rakuten_bench.report.standing"
_MAX_SIZE = 1 << 26  # bytes: some hundred thousand entries


class _Found(msgspec.Struct):
    """What was found about the entries of a board, in their order."""

    key: str
    intervals: list[tuple[float, float] | None]
    groups: list[int | None]


def cached_standing(
    folder: Path,
    board: Board,
    entries: Sequence[Entry],
    judge: Callable[[], Sequence[Entry]],
) -> Sequence[Entry]:
    """Return the entries as they were judged before, or judge them and keep that.

    Parameters
    ----------
    folder : Path
        Where it is kept; made where it is not there.
    board : Board
    entries : sequence of Entry
        Those of its entries that are looked at.
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
    """Return what an entry's interval and group come from; nothing large is read."""
    row, place, scores = entry.row, str(entry.folder), entry.scores
    files = [
        _file_facts(f"{place}/{name}") for name in (PREDICTIONS_FILE, CONFUSION_FILE)
    ]
    return row.code, row.predictions_digest, row.rows_digest, scores, *files


def _file_facts(path: str) -> tuple[int, int]:
    """Return size and time of a file; zeros where there is none."""
    with contextlib.suppress(OSError):
        facts = os.stat(path)  # noqa: PTH116  called for every scenario of a board
        return facts.st_size, facts.st_mtime_ns
    return 0, 0


def _version() -> str:
    """Return the digest of what compares scenarios: our source and the libraries."""
    return _digest(source_digest(_JUDGE), version("numpy"), version("scipy"))


def _digest(*parts: object) -> str:
    text = msgspec.json.encode(parts)
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _read(path: Path) -> _Found | None:
    """Return what was kept; None where nothing was, or it is not what was written."""
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        checksum, _, content = read_plain(path, _MAX_SIZE).partition(b"\n")
        if checksum == _checksum(content):
            return msgspec.json.decode(content, type=_Found)
    return None


def _write(path: Path, found: _Found) -> None:
    content = msgspec.json.encode(found)
    with contextlib.suppress(OSError):  # a board is shown on a full disk, too
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, _checksum(content) + b"\n" + content)


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).hexdigest().encode()
