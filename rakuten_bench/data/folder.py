"""Folders that a data set builds once: whole or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from rakuten_bench.data.spec import keeping


def build_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """Return a folder, built first where it is not there.

    Parameters
    ----------
    folder : Path
        Its name tells what it is built from and by. It appears only when complete.
    build : callable
        Writes all files into the folder that it is given.

    Raises
    ------
    UserError
        If nothing can be written there; what was written is removed.
    """
    if folder.is_dir():
        return folder
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    try:
        with keeping(folder.parent):
            partial.mkdir(parents=True, exist_ok=True)
            build(partial)
            _rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _rename(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was first
            raise
