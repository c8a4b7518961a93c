"""Group rows with the same text, the same image or the same group.

Texts count as the same if they read the same, images if they look the same. A value
shared by very many rows is a placeholder, which does not group rows.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import stat
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench.activity import announce, counted
from rakuten_bench.cores import count_cores
from rakuten_bench.corpus import markup
from rakuten_bench.data import placeholder, spelling
from rakuten_bench.data.image import quiet_codecs
from rakuten_bench.data.placeholder import find_placeholders
from rakuten_bench.data.spelling import reading, squeeze
from rakuten_bench.image import header, look, read
from rakuten_bench.image.look import LENGTH, match_looks, read_look
from rakuten_bench.registry.package import IMAGES, installed_version, require
from rakuten_bench.store.kept import kept_path, read_kept, write_kept
from rakuten_bench.types import Dataset, Rows
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

Kept = TypeVar("Kept")

_SHOWN = 3  # placeholders listed in remarks
_SHOWN_CHARACTERS = 40  # of a text in a remark


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of rows that must stay together.

    Attributes
    ----------
    groups : int64 array of shape (n_rows,)
        Rows of one group share a number, from 0 in order of first appearance.
    by_image : bool
        Whether images group rows that nothing else groups.
    remarks : tuple of str
        Sentences on the number of grouped rows, and on placeholders.
    """

    groups: Rows
    by_image: bool
    remarks: tuple[str, ...]


def group_rows(
    dataset: Dataset, *, by_image: bool = True, cache: Path | None = None
) -> Grouping:
    """Find groups of rows that must stay together.

    Rows are grouped by texts that read the same (title and description as a pair), by
    images that look the same and by the data set's `group`, transitively (connected
    components). Placeholders do not group rows.

    Parameters
    ----------
    dataset : Dataset
    by_image : bool
        Whether to group by images; else none is read.
    cache : Path or None
        Folder where the groups, and the results on image files, are cached.
    """
    if cache is None:
        return _group(dataset, by_image, None)
    path = kept_path(cache, f"groups-{_origin(dataset, by_image=by_image)}")
    kept = _decode(read_kept(path), len(dataset.y))
    if kept is None:
        kept = _group(dataset, by_image, cache)
        write_kept(path, msgspec.msgpack.encode(_KeptGrouping.of(kept)))
    return kept


class _KeptGrouping(msgspec.Struct, frozen=True):
    """A grouping in the cache: large tables, and images, take seconds to group."""

    groups: bytes
    by_image: bool
    remarks: tuple[str, ...]

    @classmethod
    def of(cls, grouping: Grouping) -> Self:
        groups = grouping.groups.astype("<i8").tobytes()
        return cls(groups, grouping.by_image, grouping.remarks)

    def restore(self) -> Grouping:
        groups = np.frombuffer(self.groups, dtype="<i8").astype(np.int64)
        return Grouping(groups, self.by_image, self.remarks)


def _origin(dataset: Dataset, *, by_image: bool) -> str:
    """Return the digest of all that a grouping depends on: rows, images and code."""
    modules = (sys.modules[__name__], look, read, header, markup, placeholder, spelling)
    code = "".join(inspect.getsource(module) for module in modules)
    decoders = [str(installed_version(name)) for name in IMAGES]
    parts = [dataset.fingerprint, f"{by_image}", unicodedata.unidata_version, code]
    parts += decoders
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _decode(content: bytes | None, n_rows: int) -> Grouping | None:
    """Return the kept grouping; None if it is missing or of another version."""
    try:
        kept = msgspec.msgpack.decode(content or b"", type=_KeptGrouping)
    except ValueError:
        return None
    return kept.restore() if len(kept.groups) == 8 * n_rows else None


def _group(dataset: Dataset, by_image: bool, cache: Path | None) -> Grouping:
    announce("looking for duplicates among %s rows", f"{len(dataset.frame):,}")
    frame, y = dataset.frame, dataset.y
    given = _occurrences(frame["group"])
    texts = _occurrences(read_texts(frame))
    text, remarks = _drop_placeholders("text", texts, y, show_text(frame))
    remarks += remark_conflicts(text, frame["label"], show_text(frame))
    groups = connect([text, given])
    if not by_image or not (frame["image_path"] != "").any():
        return Grouping(groups, False, (*remarks, *_count_joined({"text": text})))
    names = frame["image_path"].map(os.path.basename)
    looks = _occurrences(image_content(frame, cache=cache))
    image, more = _drop_placeholders("image", looks, y, names)
    joined = connect([text, given, image])
    counted = _count_joined({"text": text, "image": image})
    by_image = bool((joined != groups).any())
    return Grouping(joined, by_image, (*remarks, *more, *counted))


def find_groups(
    dataset: Dataset, *, by_image: bool = True, cache: Path | None = None
) -> Rows:
    """Return the groups of `group_rows` alone, of shape (n_rows,)."""
    return group_rows(dataset, by_image=by_image, cache=cache).groups


def read_texts(frame: pd.DataFrame) -> pd.Series:
    """Return a value for each row that is equal if title and description read the same.

    It is "" if there is no text. A text of only markup is used as is if
    the row has no other.
    """
    pairs = readings(frame["title"]) + "\0" + readings(frame["description"])
    if not (pairs == "\0").any():
        return pairs
    raw = frame["title"].map(squeeze) + "\0" + frame["description"].map(squeeze)
    pairs = pairs.where(pairs != "\0", raw)
    return pairs.where(pairs != "\0", "")


def readings(texts: pd.Series) -> pd.Series:
    """Return the normal form of each text."""
    known = {text: reading(text) for text in texts.unique()}
    return texts.map(known)


def show_text(frame: pd.DataFrame) -> pd.Series:
    """Return the text of each row for messages: its title, else its description."""
    return frame["title"].where(frame["title"] != "", frame["description"])


def _drop_placeholders(
    kind: str, codes: Rows, y: NDArray[np.int32], shown: pd.Series
) -> tuple[Rows, list[str]]:
    """Set the number of placeholders to -1; report them.

    Parameters
    ----------
    kind : str
        Noun for a value.
    codes : int64 array of shape (n_rows,)
        Equal for equal values, -1 for none.
    y : int32 array of shape (n_rows,)
    shown : Series of str, of n_rows
        A row's value, for messages.
    """
    is_placeholder = find_placeholders(codes, y)
    if not is_placeholder.any():
        return codes, []
    counts = np.bincount(codes[codes >= 0])
    placeholders = np.flatnonzero(is_placeholder).tolist()
    largest = sorted(placeholders, key=lambda code: -counts[code])
    remarks = [
        f"{counts[code]:,} rows share the {kind} "
        f"'{_shorten(shown.iloc[int((codes == code).argmax())])}' "
        f"({100 * counts[code] / len(codes):.3g} %): a placeholder; rows are not "
        f"grouped by it."
        for code in largest[:_SHOWN]
    ]
    if len(largest) > _SHOWN:
        rest = int(counts[largest[_SHOWN:]].sum())
        remarks.append(
            f"{number(len(largest) - _SHOWN, 'more placeholder')} of {kind} "
            f"({number(rest, 'row')})."
        )
    return np.where(np.append(is_placeholder, True)[codes], -1, codes), remarks


def remark_conflicts(codes: Rows, labels: pd.Series, shown: pd.Series) -> Iterator[str]:
    """Report how many texts have several labels, with the most frequent one.

    Parameters
    ----------
    codes : int64 array of shape (n_rows,)
        Equal for texts that read the same, -1 for none.
    labels : Series of str, of n_rows
    shown : Series of str, of n_rows
        A row's text, for messages.
    """
    known = codes >= 0
    pairs = labels[known].groupby(codes[known]).agg(["nunique", "size"])
    mixed = pairs[pairs["nunique"] > 1]
    if mixed.empty:
        return
    first = codes == mixed["size"].idxmax()
    counts = labels[first].value_counts()
    named = ", ".join(
        f"'{_shorten(label)}' ({rows:,})" for label, rows in counts.head(_SHOWN).items()
    )
    more = f" and {len(counts) - _SHOWN:,} more" if len(counts) > _SHOWN else ""
    yield (
        f"{number(len(mixed), 'text')} with several labels ({mixed['size'].sum():,} of "
        f"{number(len(codes), 'row')}), such as '{_shorten(shown[first].iloc[0])}': "
        f"{named}{more}. A model of texts only can't be right on all of them."
    )


def _shorten(text: str) -> str:
    text = squeeze(text)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _count_joined(keys: Mapping[str, Rows]) -> Iterator[str]:
    """Report how many rows share each kind of value with another row."""
    shared = {}
    for kind, codes in keys.items():
        known = codes[codes >= 0]
        counts = np.bincount(known)
        shared[kind] = int(counts[counts > 1].sum())
    if any(shared.values()):
        shares = " and ".join(
            f"{rows:,} rows share their {kind} with another row"
            for kind, rows in shared.items()
            if rows
        )
        yield f"{shares}: duplicates, which stay on one side of the split."


def whole_text(frame: pd.DataFrame) -> pd.Series:
    """Return title and description as one value for each row, "" if both are empty."""
    both = frame["title"] + "\0" + frame["description"]
    return both.where(both != "\0", "")


def _occurrences(values: pd.Series) -> Rows:
    """Assign numbers to distinct values; -1 to "", which never groups rows."""
    import pandas as pd

    codes, _ = pd.factorize(values.where(values != ""), use_na_sentinel=True)
    return np.asarray(codes, dtype=np.int64)


def connect(keys: Sequence[Rows]) -> Rows:
    """Group rows that share a value of any key, directly or transitively.

    Parameters
    ----------
    keys : sequence of int64 arrays of shape (n_rows,)
        Values numbered from 0; -1 groups nothing.

    Returns
    -------
    int64 array of shape (n_rows,)
        Numbered from 0 in order of first appearance.

    Examples
    --------
    >>> connect([np.array([0, 0, 1, -1]), np.array([-1, 5, 5, -1])])
    array([0, 0, 0, 1])
    """
    n_rows = len(keys[0])
    joining = [key for key in keys if _has_repeated(key)]
    if len(joining) < 2:  # most tables: needs no graph, and no import of scipy
        only = joining[0] if joining else np.full(n_rows, -1)
        alone = np.arange(n_rows) + only.max(initial=-1) + 1
        return number_by_appearance(np.where(only < 0, alone, only))
    return _connect_several(joining)


def _has_repeated(key: Rows) -> bool:
    known = key[key >= 0]
    return np.unique(known).size < known.size


def _connect_several(keys: Sequence[Rows]) -> Rows:
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


def image_content(
    frame: pd.DataFrame, *, cache: Path | None = None, decoded: bool = True
) -> pd.Series:
    """Return a value for each row that is equal for images that look the same.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, 7)
    cache : Path or None
        Folder where the results on files are cached.
    decoded : bool
        Whether images are decoded; else only identical files count as the same, as do
        those that are unreadable or blank.

    Returns
    -------
    Series of str of shape (n_rows,)
        "" if there is no image or no file.
    """
    paths = [path for path in frame["image_path"].unique() if path]
    content = _hashed(dict(_stamped(paths)), cache)
    values = {path: digest or path for path, digest in content.items()}
    if decoded:
        if content:
            require("comparing images", IMAGES)
        looks = _looks({digest: path for path, digest in content.items()}, cache)
        values = {path: looks.get(value, value) for path, value in values.items()}
    return frame["image_path"].map(lambda path: values.get(path, "")).astype(str)


def _looks(files: Mapping[str, str], cache: Path | None) -> dict[str, str]:
    """Return the appearance number of each nonblank image, by digest.

    Parameters
    ----------
    files : mapping of str to str
        Digest of a file -> its path.
    cache : Path or None
        Folder where appearances are cached, by digest.
    """
    store = kept_path(cache, "image_looks-1") if cache else None
    known = _read_mapping(store, dict[str, bytes])
    todo = [digest for digest in files if digest and digest not in known]
    # OpenCV releases the GIL
    with quiet_codecs(), ThreadPoolExecutor(count_cores()) as pool:
        read = pool.map(read_look, [files[digest] for digest in todo])
        looks = counted(read, len(todo), "looking for images that look the same")
        known.update(zip(todo, looks, strict=True))
    if store and todo:
        write_kept(store, msgspec.msgpack.encode(known))
    readable = [digest for digest in files if len(known.get(digest, b"")) == LENGTH]
    if not readable:
        return {}
    content = np.frombuffer(b"".join(map(known.__getitem__, readable)), np.uint8)
    numbers = match_looks(content.reshape(len(readable), LENGTH)).tolist()
    pairs = zip(readable, numbers, strict=True)
    return {digest: f"look {number}" for digest, number in pairs if number >= 0}


def stamp_images(frame: pd.DataFrame, *, cache: Path | None = None) -> list[str]:
    """Return a hash of the content of each row's image for the fingerprint.

    Replaced images are different data, even with the same size. A file is read only
    once while its size and times do not change.

    Parameters
    ----------
    frame, cache :
        As in `image_content`.

    Returns
    -------
    list of str
        "" if there is no image, "absent" if its file is missing, "unreadable"
        if it can't be read.
    """
    paths = [path for path in frame["image_path"].unique() if path]
    hashes = _hashed(dict(_stamped(paths)), cache)
    stamps = {path: digest or "unreadable" for path, digest in hashes.items()}
    return [path and stamps.get(path, "absent") for path in frame["image_path"]]


#: Size in bytes and mtime and ctime of a file in ns. Copying can preserve the first
#: time, but not the second.
_Stamp = tuple[int, int, int]


def _stamped(paths: Sequence[str]) -> Iterator[tuple[str, _Stamp]]:
    """Yield size and times of existing files."""
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116  (ten times as fast as Path.stat here)
        except (OSError, ValueError):  # ValueError: a name with a NUL
            continue
        if stat.S_ISREG(status.st_mode):  # reading a pipe would block
            yield path, (status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _hashed(stamps: dict[str, _Stamp], cache: Path | None) -> dict[str, str]:
    """Hash files, each only once while its size and times do not change."""
    store = kept_path(cache, "image_hashes") if cache else None
    known = _read_mapping(store, dict[str, tuple[str, int, int, int]])
    todo = [path for path in stamps if known.get(path, ("",))[1:] != stamps[path]]
    if todo:  # file reads and hashlib release the GIL
        with ThreadPoolExecutor(count_cores()) as pool:
            digests = counted(pool.map(_hash_file, todo), len(todo), "hashing images")
        for path, digest in zip(todo, digests, strict=True):
            known[path] = (digest, *stamps[path])
    if store and todo:
        write_kept(store, msgspec.msgpack.encode(known))
    return {path: known[path][0] for path in stamps}


def _read_mapping(store: Path | None, kind: type[Kept]) -> Kept:
    """Read a cached mapping; empty if there is none."""
    content = read_kept(store) if store else None
    if content is None:
        return kind()
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except ValueError:  # of another version
        return kind()


def _hash_file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha1").hexdigest()
    except OSError:
        return ""
