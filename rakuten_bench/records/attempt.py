"""Runs that were rejected or interrupted: results/runs/<file>~1a2b3c4d.attempt.

A run that is refused before its first step leaves the records of the previous run
unchanged. The gate must not accept them as current: it looks up unfinished runs here.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rakuten_bench.errors import UserError
from rakuten_bench.records.file import decode_json, encode_json, read_json, replace_file
from rakuten_bench.records.study_run import (
    FOLDER,
    digest_of,
    name_with,
    path_from,
    shorten,
)

SUFFIX = ".attempt"
#: Stands for an unknown data set; the next run of the file supersedes the attempt.
NO_DATASET = "?"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has not finished.

    Attributes
    ----------
    study : str
        Name of the scenario file.
    path : str
        Of the scenario file, relative to the results folder, with "/"; "" in merged
        results.
    dataset : str
        Value of `--dataset`; "" if not given, `NO_DATASET` if unknown.
    run : str
        Distinguishes runs of one file.
    refused : str
        Why it was refused; "" while it is running, and if it was stopped.
    """

    study: str
    path: str = ""
    dataset: str = ""
    run: str = ""
    refused: str = ""

    @property
    def file_name(self) -> str:
        """Name of the attempt's file."""
        stem = shorten(self.study)
        return f"{stem}~{digest_of(name_with(self.path, self.dataset))}{SUFFIX}"


_DECODER = msgspec.json.Decoder(Attempt)


@contextlib.contextmanager
def attempting(results: Path, file: Path, dataset: str | None) -> Iterator[None]:
    """Record an attempt to run a scenario file, until the block ends without an error.

    Parameters
    ----------
    results : Path
        Folder of all boards; nothing is written if it does not exist yet.
    file : Path
        The scenario file, whether or not it can be read.
    dataset : str or None
        Value of `--dataset`; `NO_DATASET` if no data set has this name.
    """
    attempt = Attempt(
        study=file.name,
        path=path_from(results, file),
        dataset=dataset or "",
        run=uuid.uuid4().hex,
    )
    _write(results, attempt)
    try:
        yield
    except UserError as error:
        first = str(error).strip().partition("\n")[0]
        _write(results, msgspec.structs.replace(attempt, refused=first))
        raise
    _clear(results, attempt)


def _write(results: Path, attempt: Attempt) -> None:
    """Write an attempt if possible; the run itself reports an unwritable folder."""
    path = results / FOLDER / attempt.file_name
    if results.is_dir():
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            replace_file(path, encode_json(attempt))


def _clear(results: Path, ended: Attempt) -> None:
    """Remove attempts of the same file, except running ones, and of missing files.

    An attempt with a mistyped data set is removed by any later run of the file.
    """
    for path, attempt in _iter_files(results):
        is_same = attempt.study == ended.study
        is_same &= attempt.dataset in (ended.dataset, NO_DATASET)
        is_superseded = is_same and attempt.path in ("", ended.path)
        is_running = attempt.path and not attempt.refused and attempt.run != ended.run
        is_missing = bool(attempt.path) and not (results / attempt.path).exists()
        if (is_superseded and not is_running) or is_missing:
            with contextlib.suppress(OSError):
                path.unlink()


def iter_attempts(results: Path) -> Iterator[tuple[Path, Attempt]]:
    """Yield each unfinished run with the path of its attempt file.

    Raises
    ------
    UserError
        If an attempt file can't be read.
    """
    for path in sorted((results / FOLDER).glob(f"*{SUFFIX}")):
        try:
            yield path, decode_json(read_json(path), _DECODER)
        except FileNotFoundError:  # its run has just finished
            continue
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            message = f"{path}: can't be read: {reason}. Remove it, and run again."
            raise UserError(message) from error


def _iter_files(results: Path) -> Iterator[tuple[Path, Attempt]]:
    with contextlib.suppress(UserError):
        yield from iter_attempts(results)


def merge_attempts(source: Path, target: Path) -> None:
    """Copy the attempts of other results: records of their files may be out of date."""
    for path, attempt in _iter_files(source):
        moved = msgspec.structs.replace(attempt, path="")
        if not path.is_symlink():
            _write(target, moved)
