"""Scenarios of the last run of each scenario file: results/runs/<file>.json.

Further files of the same name have `<file>~1a2b3c4d.json`, with a hash of their path.

Records alone do not show which of them are current: the newer record remains when
parameters are changed back, and all records of a renamed or removed scenario remain.
`run` writes this file before its first step, even if no step has to run.
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
from rakuten_bench.records.file import decode_json, encode_json, read_json, replace_file

SCHEMA_VERSION = 1
FOLDER = "runs"
_LONGEST = 150  # bytes of a scenario file's name in that of another file


class RunScenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One scenario of a scenario file.

    Attributes
    ----------
    names : list of str
        Its names in the file; several if the file has the same scenario twice.
    key : str
        Required `Record.key` of its record.
    """

    code: str
    names: list[str] = []
    key: str


class StudyRun(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The last run of a scenario file.

    Attributes
    ----------
    study : str
        Name of the scenario file, as in its records.
    path : str
        Of the scenario file, relative to the results folder, with "/"; "" if merged.
    origin : str
        The path in the results folder that it was merged from: distinguishes files of
        one name, and is never read.
    metric : {"f1_weighted", "f1_macro", "accuracy", ""}
        Metric that sorts the file's boards; "" if written by an earlier version.
    overrides : dict
        "dataset" and "seed", if set on the command line.
    asked : str
        Digest of the file's contents, as `StudySpec.digest`.
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
        return {scenario.code: scenario for scenario in self.scenarios}

    @cached_property
    def by_name(self) -> dict[str, RunScenario]:
        """The scenarios that have a name, by each of their names."""
        return {
            name: scenario for scenario in self.scenarios for name in scenario.names
        }

    @property
    def place(self) -> str:
        """Path of its file relative to the results folder of its run; "" if unknown."""
        return self.path or self.origin

    @property
    def file_names(self) -> tuple[str, str]:
        """Possible names of its file: the plain one, and one with a hash of the path.

        Each value of `--dataset` has a separate file.
        """
        stem = shorten(name_with(self.study, self.overrides.get("dataset")))
        return f"{stem}.json", f"{stem}~{digest_of(self.place)}.json"


_DECODER = msgspec.json.Decoder(StudyRun)


def path_from(results: Path, file: Path) -> str:
    """Return the path of a scenario file relative to the results folder, with "/"."""
    path = os.path.realpath(file)
    try:
        relative = os.path.relpath(path, os.path.realpath(results))
    except ValueError:  # on another drive
        return Path(path).as_posix()
    return Path(relative).as_posix()


def name_with(study: str, dataset: object) -> str:
    """Return the name of a scenario file, with the value of `--dataset` if given."""
    return f"{study}@{dataset}" if dataset else study


def digest_of(text: str) -> str:
    """Return an eight-digit hash of a text, such as a path."""
    content = text.encode(errors="backslashreplace")
    return hashlib.blake2b(content, digest_size=4).hexdigest()


def shorten(name: str) -> str:
    """Return a name short enough for a file name with an extension."""
    content = name.encode(errors="surrogateescape")
    if len(content) <= _LONGEST:
        return name
    return f"{content[:_LONGEST].decode(errors='ignore')}-{digest_of(name)}"


def write_study_run(results: Path, run: StudyRun) -> None:
    """Write the run of a scenario file, replacing its previous run.

    Raises
    ------
    UserError
        If it can't be written.
    """
    path = _choose_file(results, run)
    text = encode_json(run)
    with writing(path, "The gate needs it: choose another folder with --results."):
        if path.is_file() and path.read_bytes() == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)


def _choose_file(results: Path, run: StudyRun) -> Path:
    """Return the path to write a run to: that of the last run of the same file.

    The path of a missing file, or of one run elsewhere, is reused by a file of its name.
    """
    paths = [results / FOLDER / name for name in run.file_names]
    before = {path: _read_if_valid(path) for path in paths}
    for path, other in before.items():
        if other is not None and other.path == run.path:
            return path
    for path, other in before.items():
        if other is None or not (other.path and (results / other.path).exists()):
            return path
    return paths[-1]


def _read_if_valid(path: Path) -> StudyRun | None:
    """Return a run; None if its file is missing or unreadable."""
    with contextlib.suppress(UserError):
        return _read(path) if path.is_file() else None
    return None


def iter_study_runs(results: Path) -> Iterator[StudyRun]:
    """Yield the last run of each scenario file, by file name.

    Raises
    ------
    UserError
        If a file is damaged, or was written by a later version.
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
            f"{path}: has schema version {run.schema_version}; this version supports up "
            f"to {SCHEMA_VERSION}. Upgrade rakuten-bench."
        )
        raise UserError(message)
    return run


def merge_study_runs(source: Path, target: Path) -> None:
    """Copy the runs of files that the target has not run itself.

    The path of a scenario file is relative to the results folder of another machine: here
    it could point to any file, whose plugins `check` would import. So it is only used to
    distinguish files of one name.
    """
    for path in sorted((source / FOLDER).glob("*.json")):
        if path.is_symlink() or not path.is_file():
            continue
        with contextlib.suppress(UserError):  # damaged: reported by `check` there
            run = _read(path)
            run = msgspec.structs.replace(run, path="", origin=run.place)
            destination = _choose_free(target, run)
            if destination is None:
                continue
            with writing(destination):
                destination.parent.mkdir(parents=True, exist_ok=True)
                replace_file(destination, encode_json(run))


def _choose_free(target: Path, run: StudyRun) -> Path | None:
    """Return the path for a merged run; None if its file has been run here."""
    for name in run.file_names:
        path = target / FOLDER / name
        if not os.path.lexists(path):
            return path
        other = _read_if_valid(path)
        if other is None or _is_same_file(other, run):
            return None
    return None


def _is_same_file(first: StudyRun, second: StudyRun) -> bool:
    """Return whether two runs are of the same file, by file name and parent folder."""
    names = [PurePosixPath(run.place).parts[-2:] for run in (first, second)]
    return not all(names) or names[0] == names[1]
