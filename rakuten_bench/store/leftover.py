"""Remove temporary files of killed runs from all folders that runs write to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rakuten_bench.atomic import remove_leftovers
from rakuten_bench.store.layout import Layout


def remove_all_leftovers(cache: Path, results: Path) -> int:
    """Remove temporary files of dead processes; return how many."""
    layout = Layout(cache)
    folders = [cache, *layout.iter_derived(), *layout.steps.glob("??")]
    return sum(map(remove_leftovers, [*folders, *_iter_folders(results)]))


def _iter_folders(results: Path) -> Iterator[Path]:
    """Yield the folders of results, boards and records."""
    yield results
    for board in _list_folders(results):
        yield board
        yield from _list_folders(board)


def _list_folders(folder: Path) -> list[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        return [
            Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)
        ]
    return []
