"""Folders that a data set builds once, atomically, with checksums.

Each use compares size, mtime and inode of every file with those at its last hashing, and
hashes the files that differ. If a file has changed, the whole folder is rebuilt.
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

from rakuten_bench.atomic import SUFFIX, is_partial, partial_path, replace
from rakuten_bench.cores import count_cores
from rakuten_bench.plain import read_plain
from rakuten_bench.store.layout import keeping

#: Checksums of a folder's files; marks the folder as built by this module.
CHECKSUMS = ".checksums.json"
_MAX_LIST = 1 << 28  # bytes: about a million files


class _File(msgspec.Struct, frozen=True, array_like=True):
    """State of a file when it was hashed.

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

    def has_stamp(self, stat: os.stat_result) -> bool:
        """Return whether size, mtime and inode are unchanged since it was hashed."""
        stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        return stamp == (self.size, self.mtime, self.inode)


_decode = msgspec.json.Decoder(dict[str, _File]).decode


def build_once(
    folder: Path, build: Callable[[Path], None]
) -> tuple[Path, tuple[str, ...]]:
    """Return a folder; build it if it is missing, or rebuild it if it is damaged.

    Parameters
    ----------
    folder : Path
        Its name identifies the inputs and the code of the build. It appears only when
        complete.
    build : callable
        Writes all files into the folder that it is passed.

    Returns
    -------
    folder : Path
    remarks : tuple of str
        A remark if the folder was damaged.

    Raises
    ------
    UserError
        If a file can't be written; the partial folder is removed.
    """
    exists = folder.is_dir()
    if exists and is_whole(folder):
        with suppress(OSError):  # a read-only cache of another user
            os.utime(folder)  # time of last use, for `cache clear --older-than`
        return folder, ()
    partial = partial_path(folder)
    try:
        with keeping(folder.parent):
            partial.mkdir(parents=True, exist_ok=True)
            build(partial)
            _write_checksums(partial, _hash_files(partial, _list_files(partial)))
            if exists and not is_whole(folder):  # not yet rebuilt by another run
                shutil.rmtree(folder)
            _rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    damaged = f"{folder}: files were changed or missing; the folder was rebuilt."
    return folder, (damaged,) if exists else ()


def _rename(partial: Path, folder: Path) -> None:
    try:
        replace(partial, folder)
    except OSError:
        if not folder.is_dir():  # else another process was first
            raise


def iter_built(cache: Path) -> Iterator[Path]:
    """Yield the folders that were built in a cache."""
    for file in sorted(cache.glob(f"*/{CHECKSUMS}")):
        if not is_partial(file.parent.name):
            yield file.parent


def iter_unfinished(cache: Path) -> Iterator[Path]:
    """Yield the partial folders of running and of killed builds."""
    yield from (path for path in cache.glob(f"*{SUFFIX}") if is_partial(path.name))


def is_whole(folder: Path) -> bool:
    """Return whether a folder has all files that were built, unchanged."""
    try:
        known = _decode(read_plain(folder / CHECKSUMS, _MAX_LIST))
        files = _list_files(folder)
        if known.keys() != files.keys():
            return False
        changed = {n: f for n, f in files.items() if not known[n].has_stamp(f.stat())}
        hashed = _hash_files(folder, changed)
    except (OSError, ValueError, RecursionError):
        return False
    if any(hashed[name].checksum != known[name].checksum for name in changed):
        return False
    if changed:  # same contents, as in a copied folder: hashed only once
        with suppress(OSError):
            _write_checksums(folder, known | hashed)
    return True


def _list_files(folder: Path) -> dict[str, os.DirEntry[str]]:
    """Return all files below a folder, by relative path."""
    files: dict[str, os.DirEntry[str]] = {}
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    files[os.path.relpath(entry.path, folder)] = entry
    files.pop(CHECKSUMS, None)
    return files


def _hash_files(
    folder: Path, files: Mapping[str, os.DirEntry[str]]
) -> dict[str, _File]:
    if not files:  # counting cores imports joblib
        return {}
    paths = [folder / name for name in files]
    with ThreadPoolExecutor(count_cores()) as pool:
        return dict(zip(files, pool.map(_hash_file, paths), strict=True))


def _hash_file(path: Path) -> _File:
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        checksum = hashlib.file_digest(file, "sha1").hexdigest()
    return _File(checksum, stat.st_size, stat.st_mtime_ns, stat.st_ino)


def _write_checksums(folder: Path, files: Mapping[str, _File]) -> None:
    # outside of the folder, where a concurrent check would count it as an extra file
    partial = partial_path(folder)
    partial.write_bytes(msgspec.json.encode(dict(files)))
    replace(partial, folder / CHECKSUMS)
