"""Folders that a data set builds once: whole or not there, with their checksums.

Each use compares size, time and inode of every file with what they were when they were
last hashed, and hashes those that differ: a file that is not what was built has the
whole folder built again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

from rakuten_bench.atomic import SUFFIX, is_partial, partial_path
from rakuten_bench.cores import count_cores
from rakuten_bench.plain import read_plain
from rakuten_bench.store.layout import keeping

#: Beside the files of a folder, their checksums: what has it was built here.
CHECKSUMS = ".checksums.json"
_MAX_LIST = 1 << 28  # bytes: of a million files


class _File(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was when it was hashed.

    Attributes
    ----------
    checksum : str
        SHA-1, hexadecimal.
    size, mtime, inode : int
        Bytes; nanoseconds.
    """

    checksum: str
    size: int
    mtime: int
    inode: int

    def has_stamp(self, found: os.stat_result) -> bool:
        """Tell whether size, time and inode are those of when it was hashed."""
        stamp = (found.st_size, found.st_mtime_ns, found.st_ino)
        return stamp == (self.size, self.mtime, self.inode)


_decode = msgspec.json.Decoder(dict[str, _File]).decode


def build_once(
    folder: Path, build: Callable[[Path], None]
) -> tuple[Path, tuple[str, ...]]:
    """Return a folder, built first where it is not there or not whole.

    Parameters
    ----------
    folder : Path
        Its name tells what it is built from and by. It appears only when complete.
    build : callable
        Writes all files into the folder that it is given.

    Returns
    -------
    folder : Path
    remarks : tuple of str
        That it was damaged, where it was.

    Raises
    ------
    UserError
        If nothing can be written there; what was written is removed.
    """
    is_there = folder.is_dir()
    if is_there and is_whole(folder):
        with suppress(OSError):  # a cache that others keep for us
            os.utime(folder)  # in use, for `cache clear --older-than`
        return folder, ()
    partial = partial_path(folder)
    try:
        with keeping(folder.parent):
            partial.mkdir(parents=True, exist_ok=True)
            build(partial)
            _write_checksums(partial, _hash_files(partial, _list_files(partial)))
            if is_there and not is_whole(folder):  # nobody else has mended it
                shutil.rmtree(folder)
            _rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    damaged = f"{folder}: its files were not those that were built; built again."
    return folder, (damaged,) if is_there else ()


def _rename(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was first
            raise


def iter_built(cache: Path) -> Iterator[Path]:
    """Yield the folders that were built in a cache."""
    for file in sorted(cache.glob(f"*/{CHECKSUMS}")):
        if not is_partial(file.parent.name):
            yield file.parent


def iter_unfinished(cache: Path) -> Iterator[Path]:
    """Yield the folders that a process was building, or was killed while it did."""
    yield from (path for path in cache.glob(f"*{SUFFIX}") if is_partial(path.name))


def is_whole(folder: Path) -> bool:
    """Tell whether the files of a folder are those that were built."""
    try:
        known = _decode(read_plain(folder / CHECKSUMS, _MAX_LIST))
        files = _list_files(folder)
        if known.keys() != files.keys():
            return False
        changed = {n: f for n, f in files.items() if not known[n].has_stamp(f.stat())}
        found = _hash_files(folder, changed)
    except (OSError, msgspec.MsgspecError):
        return False
    if any(found[name].checksum != known[name].checksum for name in changed):
        return False
    if changed:  # a copy of the folder: hashed once
        with suppress(OSError):
            _write_checksums(folder, known | found)
    return True


def _list_files(folder: Path) -> dict[str, os.DirEntry[str]]:
    """Return the files below a folder by their names in it."""
    found: dict[str, os.DirEntry[str]] = {}
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    found[os.path.relpath(entry.path, folder)] = entry
    found.pop(CHECKSUMS, None)
    return found


def _hash_files(
    folder: Path, files: Mapping[str, os.DirEntry[str]]
) -> dict[str, _File]:
    paths = [folder / name for name in files]
    with ThreadPoolExecutor(count_cores()) as pool:
        return dict(zip(files, pool.map(_hash_file, paths), strict=True))


def _hash_file(path: Path) -> _File:
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        checksum = hashlib.file_digest(file, "sha1").hexdigest()
    return _File(checksum, found.st_size, found.st_mtime_ns, found.st_ino)


def _write_checksums(folder: Path, files: Mapping[str, _File]) -> None:
    # not in the folder: who looks at it meanwhile would find one file too many
    beside = partial_path(folder)
    beside.write_bytes(msgspec.json.encode(dict(files)))
    beside.replace(folder / CHECKSUMS)
