"""Most probable reason why the images of a table are not found."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePath
from typing import NamedTuple

_SHOWN = 3
_MOST_NAMES = 200  # names examined for a reason
_MOST_FILES = 200_000  # files of the folder examined
_URL = re.compile(r"\s*([a-z][a-z0-9+.-]*://|data:|www\.)", re.IGNORECASE)
_SEVERAL = re.compile(r"\.\w{3,4}[\s\"']*[,;|].*\.\w{3,4}\b", re.DOTALL)
_AROUND = " \t\r\n\"'[]"


def list_few(values: Sequence[str]) -> str:
    """List the first values of several.

    >>> list_few(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = len(values) - _SHOWN
    shown = ", ".join(shorten(value) for value in values[:_SHOWN])
    return f"{shown} and {more:,} more" if more > 0 else shown


def shorten(value: str, length: int = 80) -> str:
    """Shorten the middle of a long name."""
    if len(value) <= length:
        return value
    return f"{value[: length // 2]}…{value[-length // 3 :]}"


def explain_folder(folder: Path | None) -> str:
    """Return why no row has an image path at all."""
    if folder is None:
        return "no image column is named (image: COLUMN)."
    if folder.is_dir():
        return "the image column is not named (image: COLUMN), or is empty."
    if folder.exists():
        return f"'{folder}' is not a folder."
    return f"folder '{folder}' not found.{_similar_folder(folder)}"


def _similar_folder(folder: Path) -> str:
    try:
        beside = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        return f" Folder '{folder.parent}' does not exist either."
    known = {name.casefold(): name for name in beside}
    close = difflib.get_close_matches(folder.name.casefold(), known, n=1)
    return f" Did you mean '{known[close[0]]}'?" if close else ""


def find_hint(names: Sequence[str], folder: Path) -> str:
    """Return the most frequent reason why files are not found, with an example.

    Parameters
    ----------
    names : sequence of str
        As in the table.
    folder : Path
        Folder that the names are relative to.

    Returns
    -------
    str
        A sentence; "" if no reason is found.
    """
    index = _Index(folder)
    sample = names[:: max(1, len(names) // _MOST_NAMES)]
    hints = [_judge_name(name) or index.judge(name) for name in sample]
    counts = Counter(hint.reason for hint in hints if hint)
    if not counts:
        return "" if index.files else "The folder is empty."
    [(most, _)] = counts.most_common(1)
    return next(hint.text for hint in hints if hint and hint.reason == most)


class _Hint(NamedTuple):
    reason: str
    example: str

    @property
    def text(self) -> str:
        return f"{self.reason}: {self.example}."


def _judge_name(name: str) -> _Hint | None:
    """Return a reason that is visible in the name itself."""
    example = f"'{shorten(name)}'"
    if _URL.match(name):
        return _Hint(
            "The column has URLs", f"download {example} and write its file name"
        )
    if _SEVERAL.search(name):
        return _Hint("Cells have several names", f"keep one of {example}")
    return None


class _Index:
    """Index of the files in a folder, searchable by similar names.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.files = [
            os.path.relpath(os.path.join(parent, file), folder)  # noqa: PTH118  (speed)
            for parent, file in islice(_iter_files(folder), _MOST_FILES)
        ]
        self._by_name = {_normalize(PurePath(file).name): file for file in self.files}
        self._by_stem = {_normalize(PurePath(file).stem): file for file in self.files}

    def judge(self, name: str) -> _Hint | None:
        """Return how an existing file differs from a missing one, if one is similar."""
        wanted = PurePath(name.replace("\\", "/"))
        similar = (
            self._by_name.get(_normalize(wanted.name))
            or self._by_stem.get(_normalize(wanted.name))
            or self._by_stem.get(_normalize(wanted.stem))
        )
        if similar is None:
            return None
        reason = _compare_names(wanted.name, PurePath(similar).name)
        return _Hint(reason, f"'{shorten(name)}' is probably '{shorten(similar)}'")


def _iter_files(folder: Path) -> Iterator[tuple[str, str]]:
    for parent, _, files in os.walk(folder):
        yield from ((parent, file) for file in files)


def _compose(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _strip(name: str) -> str:
    return _compose(name).strip(_AROUND)


def _normalize(name: str) -> str:
    """Return a normalized form of a file name."""
    return _strip(name).casefold()


#: Normalizations of names, strictest first, and the reason if names match under one.
_DIFFERENCES: tuple[tuple[Callable[[str], str], str], ...] = (
    (str, "The files are in another folder"),
    (_compose, "The names are in another Unicode form"),
    (_strip, "The names have whitespace or quotes around them"),
    (_normalize, "The names differ in upper and lower case"),
)


def _compare_names(wanted: str, similar: str) -> str:
    """Return how two similar file names differ."""
    reasons = (
        reason
        for normalize, reason in _DIFFERENCES
        if normalize(wanted) == normalize(similar)
    )
    return next(reasons, "The files have another extension")
