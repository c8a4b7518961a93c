"""Which rows belong together: the same text, the same picture, the same group."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from rakuten_bench.data.spec import keeping
from rakuten_bench.types import Dataset, Rows

if TYPE_CHECKING:
    import pandas as pd


def find_groups(dataset: Dataset, *, cache: Path | None = None) -> Rows:
    """Find which rows must stay together: they share a number.

    Rows are joined by an identical whole text, an identical image file and the data
    set's own `group`; chains of those count (connected components).

    Returns
    -------
    int64 array of shape (n_rows,)
        Numbered from 0 in order of first appearance.
    """
    frame = dataset.frame
    keys = [whole_text(frame), frame["group"], image_content(frame, cache=cache)]
    return connect([_occurrences(key) for key in keys])


def whole_text(frame: pd.DataFrame) -> pd.Series:
    """Return title and description as one value for each row, "" where both are."""
    both = frame["title"] + "\0" + frame["description"]
    return both.where(both != "\0", "")


def _occurrences(values: pd.Series) -> Rows:
    """Give equal values one number; -1 to "", which never joins rows."""
    import pandas as pd

    codes, _ = pd.factorize(values.where(values != ""), use_na_sentinel=True)
    return np.asarray(codes, dtype=np.int64)


def connect(keys: Sequence[Rows]) -> Rows:
    """Join rows that share a value of any key, directly or by way of others.

    Parameters
    ----------
    keys : sequence of int64 arrays of shape (n_rows,)
        Values numbered from 0; -1 joins nothing.

    Returns
    -------
    int64 array of shape (n_rows,)
        Numbered from 0 in order of first appearance.

    Examples
    --------
    >>> connect([np.array([0, 0, 1, -1]), np.array([-1, 5, 5, -1])])
    array([0, 0, 0, 1])
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_rows = len(keys[0])
    rows, nodes, n_nodes = [], [], n_rows
    for key in keys:
        known = np.flatnonzero(key >= 0)
        rows.append(known)
        nodes.append(n_nodes + key[known])
        n_nodes += int(key.max(initial=-1)) + 1
    row, node = np.concatenate(rows), np.concatenate(nodes)
    edges = coo_array((np.ones(len(row), np.int8), (row, node)), (n_nodes, n_nodes))
    _, components = connected_components(edges, directed=False)
    return number_by_appearance(components[:n_rows])


def number_by_appearance(values: Rows) -> Rows:
    """Renumber from 0 in order of first appearance.

    >>> number_by_appearance(np.array([7, 3, 7]))
    array([0, 1, 0])
    """
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def image_content(frame: pd.DataFrame, *, cache: Path | None = None) -> pd.Series:
    """Return a value for each row that is equal for identical image files.

    Only files whose size another file shares are read: the others cannot be equal.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, 7)
    cache : Path or None
        Folder where the hashes of files are kept, by path, size and time.

    Returns
    -------
    Series of str of shape (n_rows,)
        "" where there is no image or it cannot be read.
    """
    found = _read_contents(frame, cache)
    content = {
        path: path if digest is None else digest for path, (_, digest) in found.items()
    }
    return frame["image_path"].map(lambda path: content.get(path, "")).astype(str)


def stamp_images(frame: pd.DataFrame, *, cache: Path | None = None) -> list[str]:
    """Return what stands for the content of each row's image in a fingerprint.

    Its hash: pictures that were replaced by others are other data, whatever their
    sizes. A file is read once as long as its size and times stay as they are.

    Parameters
    ----------
    frame, cache :
        As `image_content` has them.

    Returns
    -------
    list of str
        "" where there is no image, "absent" where its file is not there, "unreadable"
        where it can't be read.
    """
    paths = [path for path in frame["image_path"].unique() if path]
    hashes = _hashed(dict(_stamped(paths)), cache)
    stamps = {path: digest or "unreadable" for path, digest in hashes.items()}
    return [path and stamps.get(path, "absent") for path in frame["image_path"]]


def _read_contents(
    frame: pd.DataFrame, cache: Path | None
) -> dict[str, tuple[int, str | None]]:
    """Return size and hash of the images that are there; no hash of a size of its own."""
    paths = [path for path in frame["image_path"].unique() if path]
    stamps = dict(_stamped(paths))
    sizes = np.array([stamp[0] for stamp in stamps.values()], dtype=np.int64)
    values, counts = np.unique(sizes, return_counts=True)
    shared = set(values[counts > 1].tolist())
    asked = {path: stamp for path, stamp in stamps.items() if stamp[0] in shared}
    hashed = _hashed(asked, cache)
    return {path: (stamp[0], hashed.get(path)) for path, stamp in stamps.items()}


#: Size in bytes and times of a file in ns: of its content, and of any change. The first
#: can be set back by whoever copies a file, the second can't.
_Stamp = tuple[int, int, int]


def _stamped(paths: Sequence[str]) -> Iterator[tuple[str, _Stamp]]:
    """Yield size and times of the files that are there."""
    for path in paths:
        try:
            found = os.stat(path)  # noqa: PTH116  (ten times as fast as Path.stat here)
        except (OSError, ValueError):  # ValueError: a name with a NUL
            continue
        if stat.S_ISREG(found.st_mode):  # a pipe would be read for ever
            yield path, (found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _hashed(asked: dict[str, _Stamp], cache: Path | None) -> dict[str, str]:
    """Hash files, each once as long as its size and times stay the same."""
    store = cache / "image_hashes.msgpack" if cache else None
    known = _read_hashes(store)
    todo = [path for path in asked if known.get(path, ("",))[1:] != asked[path]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # reading, and hashlib, let go
        for path, digest in zip(todo, pool.map(_hash_file, todo), strict=True):
            known[path] = (digest, *asked[path])
    if store and todo:
        write_atomically(store, msgspec.msgpack.encode(known))
    return {path: known[path][0] for path in asked}


def _read_hashes(store: Path | None) -> dict[str, tuple[str, int, int, int]]:
    if store is None or not store.is_file():
        return {}
    try:
        kept = dict[str, tuple[str, int, int, int]]
        with keeping(store):
            content = store.read_bytes()
        return msgspec.msgpack.decode(content, type=kept)
    except msgspec.MsgspecError:  # cut short; it holds nothing that cannot be redone
        return {}


def _hash_file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha1").hexdigest()
    except OSError:
        return ""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is either whole or not there, even when killed.

    Raises
    ------
    UserError
        If it can't be written.
    """
    with keeping(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        partial.write_bytes(content)
        partial.replace(path)
