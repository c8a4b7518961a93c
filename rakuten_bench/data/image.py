"""Locate the images of the rows, and check that enough of them can be read."""

from __future__ import annotations

import hashlib
import inspect
import math
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from rakuten_bench.activity import counted
from rakuten_bench.cores import count_cores
from rakuten_bench.data.image_hint import explain_folder, find_hint, list_few
from rakuten_bench.errors import UserError
from rakuten_bench.image import header, read
from rakuten_bench.image.header import Oddity
from rakuten_bench.image.read import find_file, oddity_words, read_image
from rakuten_bench.registry.package import IMAGES, installed_version, require
from rakuten_bench.store.kept import kept_path, read_kept, write_kept
from rakuten_bench.types import Dataset
from rakuten_bench.wording.words import percent

#: Parameter of data sets: the share of rows that may lack an image in a run that reads
#: images.
Share = Annotated[float, Meta(ge=0, le=1)]

_STDERR = 2
_SAMPLE = 100  # files opened before a run, which itself opens all of them


def locate_images(names: Sequence[str], folder: Path | None) -> list[str]:
    r"""Return absolute paths for file names, "" if there is none.

    A missing file keeps its path, so that it can be counted. If the whole folder is
    missing, the user has no images: every path is "". A name with backslashes that is
    not a file is read as on Windows: "a\b.jpg" is b.jpg in the folder a.
    """
    if folder is None:
        return [_with_slashes(name) for name in names]
    if not folder.is_dir():
        return [""] * len(names)
    start = f"{folder}{os.sep}"
    join = os.path.join  # a Path for each of 85,000 takes a second
    return [_with_slashes(join(start, name)) if name else "" for name in names]


def _with_slashes(path: str) -> str:
    if "\\" not in path or os.sep == "\\" or find_file(path) == Oddity(0):
        return path
    return path.replace("\\", "/")


def find_unreadable(paths: Sequence[str]) -> dict[str, Oddity]:
    """Return the files that can't be decoded completely, and why.

    They are read as in a run; JPEG files at an eighth of their size.

    Raises
    ------
    MissingPackage
        If there are files, but the packages that read them are not installed.
    """
    if paths:
        require("reading images", IMAGES)
    with quiet_codecs(), ThreadPoolExecutor(count_cores()) as pool:
        read = counted(pool.map(_read_oddity, paths), len(paths), "opening images")
        oddities = zip(paths, read, strict=True)
        return {path: oddity for path, oddity in oddities if oddity.is_failure}


@contextmanager
def quiet_codecs() -> Iterator[None]:
    """Suppress messages of Pillow, libjpeg and libpng; `Oddity` reports the relevant ones.

    The C libraries write directly to the descriptor of stderr.
    """
    if sys.stderr:
        sys.stderr.flush()
    try:
        stderr = os.dup(_STDERR)
    except OSError:  # closed: nothing to suppress
        stderr = -1
    with warnings.catch_warnings(), Path(os.devnull).open("wb") as null:
        warnings.simplefilter("ignore")
        try:
            os.dup2(null.fileno(), _STDERR)
            with _printing_to(stderr):
                yield
        finally:
            if stderr >= 0:
                os.dup2(stderr, _STDERR)
                os.close(stderr)


@contextmanager
def _printing_to(descriptor: int) -> Iterator[None]:
    """Let Python's own stderr, such as the progress of a run, bypass the suppression."""
    before = sys.stderr
    if descriptor < 0 or not _is_standard(before):
        yield
        return
    sys.stderr = os.fdopen(
        descriptor, "w", 1, before.encoding, before.errors, closefd=False
    )
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stderr = before


def _is_standard(stream: object) -> bool:
    """Return whether a stream writes to the descriptor of stderr."""
    try:
        return bool(stream.fileno() == _STDERR)  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):  # None, captured, or closed
        return False


def _read_oddity(path: str) -> Oddity:
    return read_image(path, size=1)[1]


def _find_unreadable_once(
    dataset: Dataset, paths: Sequence[str], cache: Path | None
) -> dict[str, Oddity]:
    """Return the unreadable files among some of a data set, cached by its fingerprint."""
    if cache is None:
        return find_unreadable(paths)
    code = inspect.getsource(read) + inspect.getsource(header)
    decoders = [installed_version(name) for name in IMAGES]
    parts = f"{dataset.fingerprint} {len(paths)} {decoders} {code}"
    digest = hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()
    path = kept_path(cache, f"unreadable-{digest}")
    content = read_kept(path)
    if content is None:
        found = find_unreadable(paths)
        places = {paths.index(name): int(oddity) for name, oddity in found.items()}
        write_kept(path, msgspec.msgpack.encode(places))
        return found
    places = msgspec.msgpack.decode(content, type=dict[int, int])
    return {paths[place]: Oddity(oddity) for place, oddity in places.items()}


def check_images(dataset: Dataset, *, cache: Path | None = None) -> str:
    """Reject data with too many missing images: a board on blank images is useless.

    All files are checked for existence; a sample of the existing ones is opened.

    Parameters
    ----------
    dataset : Dataset
    cache : Path or None
        Folder where the unreadable files of the sample are cached.

    Returns
    -------
    str
        How many rows have no image, and why; "" if all have one.

    Raises
    ------
    UserError
        If no row has a readable image, or more than
        `dataset.max_missing_images` of the rows have none.
    """
    survey = Survey.of(dataset, cache)
    if survey.share == 1 or survey.share > dataset.max_missing_images:
        message = f"{survey.describe()} {survey.advise()}"
        raise UserError(message)
    return survey.describe() if survey.share else ""


@dataclass(frozen=True)
class Survey:
    """Which rows have an image.

    Attributes
    ----------
    dataset : Dataset
    absent : mapping of str to Oddity
        The paths of missing files, and why; includes "" if rows have no path.
    n_absent : int
        Rows with one of these paths.
    n_opened : int
        Files of the sample.
    unreadable : mapping of str to Oddity
        Files of the sample that can't be decoded, and why.
    """

    dataset: Dataset
    absent: Mapping[str, Oddity]
    n_absent: int
    n_opened: int
    unreadable: Mapping[str, Oddity]

    @classmethod
    def of(cls, dataset: Dataset, cache: Path | None = None) -> Survey:
        """Check the existence of all files and open a sample, evenly spread."""
        paths = dataset.frame["image_path"].tolist()
        state = {path: find_file(path) for path in dict.fromkeys(paths)}
        absent = {path: oddity for path, oddity in state.items() if oddity}
        existing = [path for path in state if path not in absent]
        sample = existing[:: max(1, len(existing) // _SAMPLE)]
        n_absent = sum(path in absent for path in paths)
        unreadable = _find_unreadable_once(dataset, sample, cache)
        return cls(dataset, absent, n_absent, len(sample), unreadable)

    @property
    def n_rows(self) -> int:
        """Rows of the data set."""
        return len(self.dataset.frame)

    @cached_property
    def share(self) -> float:
        """The share of rows without an image, estimated for unopened files."""
        broken = len(self.unreadable) / max(1, self.n_opened)
        return (self.n_absent + broken * (self.n_rows - self.n_absent)) / self.n_rows

    def describe(self) -> str:
        """Describe how many rows have no image, the missing files, and a probable reason."""
        parts = [f"data set '{self.dataset.name}':"]
        if self.n_absent:
            count = f"{self.n_absent:,} of {self.n_rows:,} rows have no image"
            parts.append(f"{count}: {self._explain_absent()}")
        if self.unreadable:
            names = [
                f"'{self._name(path)}' ({oddity_words(oddity)})"
                for path, oddity in self.unreadable.items()
            ]
            opened = f"{len(names):,} of {self.n_opened:,} files that were opened"
            parts.append(f"{opened} can't be read, such as {list_few(names)}.")
        return " ".join(parts)

    def _explain_absent(self) -> str:
        folder = self.dataset.image_folder
        names = [self._name(path) for path in self.absent if path]
        if not names:
            return explain_folder(folder)
        shown = list_few([f"'{name}'" for name in names])
        where = f" in '{folder}'" if folder else ""
        hint = find_hint(names, folder or Path())
        return f"no file {shown}{where}.{hint and ' '}{hint}"

    def _name(self, path: str) -> str:
        """Return a path as the table names it."""
        return path.removeprefix(f"{self.dataset.image_folder}{os.sep}")

    def advise(self) -> str:
        """Return advice for the user."""
        removal = "remove the scenarios that read images"
        if self.share == 1:
            return f"Correct it, or {removal}."
        allowed = percent(self.dataset.max_missing_images)
        needed = math.ceil(100 * self.share) / 100
        return (
            f"At most {allowed} of the rows may lack an image. Correct it, {removal}, "
            f"or allow it in the data set: max_missing_images: {needed:g}."
        )
