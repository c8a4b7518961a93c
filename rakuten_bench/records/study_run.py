"""Which scenarios a scenario file had when it was last run: results/runs/<file>.json.

Of several files of one name, all but the first have `<file>~1a2b3c4d.json`, which tells
their paths apart.

Records alone do not say which of them are of today: parameters that were put back leave
the newer record behind, a renamed or removed scenario leaves all of its records. `run`
writes this file before its first step, whether or not anything has to run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from rakuten_bench.errors import UserError, writing
from rakuten_bench.records.store import (
    decode_json,
    encode_json,
    read_json,
    replace_file,
)

SCHEMA_VERSION = 1
FOLDER = "runs"
_LONGEST = 150  # bytes of a scenario file's name in that of another file


class RunScenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One scenario of a scenario file.

    Attributes
    ----------
    names : list of str
        What the file calls it; several where it has the same scenario twice.
    key : str
        That its record has to have, as `Record.key`.
    """

    code: str
    names: list[str] = []
    key: str


class StudyRun(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a scenario file asked for.

    Attributes
    ----------
    study : str
        Name of the scenario file, as in its records.
    path : str
        Of the scenario file, from the results folder, with "/"; "" where there is none.
    origin : str
        The same in the results folder that it was copied from: it tells files of one
        name apart, and is never read.
    metric : {"f1_weighted", "f1_macro", "accuracy", ""}
        What the file's boards are sorted by; "" where an earlier version wrote it.
    overrides : dict
        "dataset" and "seed", where the command line replaced what the file says.
    asked : str
        Digest of what the file asked for, as `Study.digest`.
    board : str
    data, split : str
        Fingerprints.
    """

    schema_version: int = SCHEMA_VERSION
    study: str
    path: str = ""
    origin: str = ""
    metric: str = ""
    overrides: dict[str, Any] = {}
    asked: str = ""
    board: str
    data: str
    split: str
    seed: int
    scenarios: list[RunScenario]

    @cached_property
    def by_code(self) -> dict[str, RunScenario]:
        """The scenarios by code."""
        return {one.code: one for one in self.scenarios}

    @cached_property
    def by_name(self) -> dict[str, RunScenario]:
        """The scenarios that have a name, by each of their names."""
        return {name: one for one in self.scenarios for name in one.names}

    @property
    def place(self) -> str:
        """Where its file is or was, from the results folder of its run; "" if unknown."""
        return self.path or self.origin

    @property
    def file_names(self) -> tuple[str, str]:
        """Names of the file that keeps it: the plain one, and that of its path.

        There is one file for each data set that `--dataset` named.
        """
        stem = shorten(name_with(self.study, self.overrides.get("dataset")))
        return f"{stem}.json", f"{stem}~{digest_of(self.place)}.json"


_DECODER = msgspec.json.Decoder(StudyRun)


def path_from(results: Path, file: Path) -> str:
    """Return the path of a scenario file from the results folder, with "/"."""
    place = os.path.realpath(file)
    try:
        relative = os.path.relpath(place, os.path.realpath(results))
    except ValueError:  # on another drive
        return Path(place).as_posix()
    return Path(relative).as_posix()


def name_with(study: str, dataset: object) -> str:
    """Return the name of a scenario file with the data set that replaced its own."""
    return f"{study}@{dataset}" if dataset else study


def digest_of(text: str) -> str:
    """Return eight digits that tell a text, such as a path, from others."""
    content = text.encode(errors="backslashreplace")
    return hashlib.blake2b(content, digest_size=4).hexdigest()


def shorten(name: str) -> str:
    """Return a name that leaves room for an ending in what a file system takes."""
    content = name.encode(errors="surrogateescape")
    if len(content) <= _LONGEST:
        return name
    return f"{content[:_LONGEST].decode(errors='ignore')}-{digest_of(name)}"


def write_study_run(results: Path, run: StudyRun) -> None:
    """Keep what a scenario file asks for, in place of what it asked for before.

    Raises
    ------
    UserError
        If it can't be written.
    """
    path = _choose_file(results, run)
    text = encode_json(run)
    with writing(path, "The gate needs it: name another folder with --results."):
        if path.is_file() and path.read_bytes() == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)


def _choose_file(results: Path, run: StudyRun) -> Path:
    """Return where a run is kept: in the place of the last one of the same file.

    A file that is gone, or was run elsewhere, leaves its place to another of its name.
    """
    paths = [results / FOLDER / name for name in run.file_names]
    before = {path: _look(path) for path in paths}
    for path, other in before.items():
        if other is not None and other.path == run.path:
            return path
    for path, other in before.items():
        if other is None or not (other.path and (results / other.path).exists()):
            return path
    return paths[-1]


def _look(path: Path) -> StudyRun | None:
    """Return a run that is kept; None where there is none that can be read."""
    with contextlib.suppress(UserError):
        return _read(path) if path.is_file() else None
    return None


def iter_study_runs(results: Path) -> Iterator[StudyRun]:
    """Yield what each scenario file asked for when it was last run, by file name.

    Raises
    ------
    UserError
        If such a file is damaged, or a later version wrote it.
    """
    for path in sorted((results / FOLDER).glob("*.json")):
        if path.is_file():
            yield _read(path)


def _read(path: Path) -> StudyRun:
    try:
        run = decode_json(read_json(path), _DECODER)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = (
            f"{path}: can't be read: {reason}. Remove it and run {path.stem} again."
        )
        raise UserError(message) from error
    if run.schema_version > SCHEMA_VERSION:
        message = (
            f"{path}: has schema version {run.schema_version}, this program knows up to "
            f"{SCHEMA_VERSION}. Upgrade rakuten-bench."
        )
        raise UserError(message)
    return run


def merge_study_runs(source: Path, target: Path) -> None:
    """Copy what the target has not run itself; there its own last run counts.

    The path of a scenario file counts from the results folder of another machine: here
    it would name any file, whose plugins `check` would import. It only tells files of
    one name apart.
    """
    for path in sorted((source / FOLDER).glob("*.json")):
        if path.is_symlink() or not path.is_file():
            continue
        with contextlib.suppress(UserError):  # damaged: `check` there tells it
            run = _read(path)
            run = msgspec.structs.replace(run, path="", origin=run.place)
            beside = _choose_free(target, run)
            if beside is None:
                continue
            with writing(beside):
                beside.parent.mkdir(parents=True, exist_ok=True)
                replace_file(beside, encode_json(run))


def _choose_free(target: Path, run: StudyRun) -> Path | None:
    """Return where a run of elsewhere is kept; None if its file has been run here."""
    for name in run.file_names:
        path = target / FOLDER / name
        if not os.path.lexists(path):
            return path
        other = _look(path)
        if other is None or _is_same_file(other, run):
            return None
    return None


def _is_same_file(ours: StudyRun, theirs: StudyRun) -> bool:
    """Return whether two runs are of one file, as far as its name and folder tell."""
    names = [PurePosixPath(one.place).parts[-2:] for one in (ours, theirs)]
    return not all(names) or names[0] == names[1]
