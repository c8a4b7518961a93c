"""Which scenarios a scenario file had when it was last run: results/runs/<file>.json.

Records alone do not say which of them are of today: parameters that were put back leave
the newer record behind, a renamed or removed scenario leaves all of its records. `run`
writes this file before its first step, whether or not anything has to run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
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
    def file_name(self) -> str:
        """Name of the file that keeps it: one for each data set that `--dataset` named."""
        dataset = self.overrides.get("dataset")
        return f"{self.study}{f'@{dataset}' if dataset else ''}.json"


_DECODER = msgspec.json.Decoder(StudyRun)


def path_from(results: Path, file: Path) -> str:
    """Return the path of a scenario file from the results folder, with "/"."""
    try:
        relative = os.path.relpath(file.resolve(), results.resolve())
    except ValueError:  # on another drive
        return file.resolve().as_posix()
    return Path(relative).as_posix()


def write_study_run(results: Path, run: StudyRun) -> None:
    """Keep what a scenario file asks for, in place of what it asked for before.

    Raises
    ------
    UserError
        If it can't be written.
    """
    path = results / FOLDER / run.file_name
    text = encode_json(run)
    with writing(path, "The gate needs it: name another folder with --results."):
        if path.is_file() and path.read_bytes() == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)


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
            f"{SCHEMA_VERSION}. Update rakuten-bench."
        )
        raise UserError(message)
    return run


def merge_study_runs(source: Path, target: Path) -> None:
    """Copy what the target has not run itself; there its own last run counts.

    The path of a scenario file counts from the results folder of another machine: here
    it would name any file, whose plugins `check` would import. It is left out.
    """
    for path in sorted((source / FOLDER).glob("*.json")):
        beside = target / FOLDER / path.name
        if path.is_symlink() or not path.is_file() or os.path.lexists(beside):
            continue
        with contextlib.suppress(UserError):  # damaged: `check` there tells it
            run = msgspec.structs.replace(_read(path), path="")
            with writing(beside):
                beside.parent.mkdir(parents=True, exist_ok=True)
                replace_file(beside, encode_json(run))
