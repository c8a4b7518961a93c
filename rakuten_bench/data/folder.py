"""Folders that a data set builds once: whole or not there, with their checksums."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

from rakuten_bench.data.spec import keeping

#: Beside the files of a folder, their checksums: what has it was built here.
CHECKSUMS = ".checksums.json"
_PARTIAL = re.compile(r"\.\d+\.part$")


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
        with suppress(OSError):  # a cache that others keep for us
            os.utime(folder)  # in use, for `cache clear --older-than`
        return folder
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    try:
        with keeping(folder.parent):
            partial.mkdir(parents=True, exist_ok=True)
            build(partial)
            content = msgspec.json.encode(_checksums(partial))
            (partial / CHECKSUMS).write_bytes(content)
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


def iter_built(cache: Path) -> Iterator[Path]:
    """Yield the folders that were built in a cache."""
    for file in sorted(cache.glob(f"*/{CHECKSUMS}")):
        if not _PARTIAL.search(file.parent.name):
            yield file.parent


def iter_unfinished(cache: Path) -> Iterator[Path]:
    """Yield the folders that a process was building, or was killed while it did."""
    yield from (path for path in cache.glob("*.part") if _PARTIAL.search(path.name))


def is_whole(folder: Path) -> bool:
    """Tell whether the files of a folder are those that were built."""
    try:
        known = msgspec.json.decode((folder / CHECKSUMS).read_bytes())
        return bool(known == _checksums(folder))
    except (OSError, msgspec.DecodeError):
        return False


def _checksums(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    names = [str(path.relative_to(folder)) for path in files]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(names, pool.map(_checksum, files), strict=True))
    found.pop(CHECKSUMS, None)
    return found


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()
