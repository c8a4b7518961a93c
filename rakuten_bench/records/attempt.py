"""Runs that were rejected or interrupted: results/runs/<file>~1a2b3c4d.attempt.

A run that is refused before its first step leaves the records of the one before as they
are. The gate must not take them for today's: it asks here which file was run last and
did not come to its end.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rakuten_bench.errors import UserError
from rakuten_bench.records.store import (
    decode_json,
    encode_json,
    read_json,
    replace_file,
)
from rakuten_bench.records.study_run import (
    FOLDER,
    digest_of,
    name_with,
    path_from,
    shorten,
)

SUFFIX = ".attempt"
#: A data set that was mistyped: the next run of the file makes up for it.
NO_DATASET = "?"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has not ended.

    Attributes
    ----------
    study : str
        Name of the scenario file.
    path : str
        Of the scenario file, from the results folder, with "/"; "" in results that were
        copied from elsewhere.
    dataset : str
        What `--dataset` named; "" for the file's own, `NO_DATASET` for a name of none.
    run : str
        Tells runs of one file apart.
    refused : str
        Why it was refused; "" while it goes on, and after it was stopped.
    """

    study: str
    path: str = ""
    dataset: str = ""
    run: str = ""
    refused: str = ""

    @property
    def file_name(self) -> str:
        """Name of the file that keeps it."""
        stem = shorten(self.study)
        return f"{stem}~{digest_of(name_with(self.path, self.dataset))}{SUFFIX}"


_DECODER = msgspec.json.Decoder(Attempt)


@contextlib.contextmanager
def attempting(results: Path, file: Path, dataset: str | None) -> Iterator[None]:
    """Keep that a scenario file is being run, until the block ends without an error.

    Parameters
    ----------
    results : Path
        Folder of all boards; where there is none yet, nothing is written into it.
    file : Path
        The scenario file, whether or not it can be read.
    dataset : str or None
        What `--dataset` named; `NO_DATASET` for a name that no data set has.
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
    """Keep an attempt where that is possible: a run tells itself where it can't write."""
    path = results / FOLDER / attempt.file_name
    if results.is_dir():
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            replace_file(path, encode_json(attempt))


def _clear(results: Path, ended: Attempt) -> None:
    """Forget attempts at the same file, but for one that goes on beside; and at no file.

    A name that was mistyped counts no more once another one has been run.
    """
    for path, attempt in _iter_files(results):
        is_same = attempt.study == ended.study
        is_same &= attempt.dataset in (ended.dataset, NO_DATASET)
        is_ours = is_same and attempt.path in ("", ended.path)
        goes_on = attempt.path and not attempt.refused and attempt.run != ended.run
        is_no_file = bool(attempt.path) and not (results / attempt.path).exists()
        if (is_ours and not goes_on) or is_no_file:
            with contextlib.suppress(OSError):
                path.unlink()


def iter_attempts(results: Path) -> Iterator[tuple[Path, Attempt]]:
    """Yield each run that has not ended, and the file that says so.

    Raises
    ------
    UserError
        If such a file can't be read.
    """
    for path in sorted((results / FOLDER).glob(f"*{SUFFIX}")):
        try:
            yield path, decode_json(read_json(path), _DECODER)
        except FileNotFoundError:  # its run has just ended
            continue
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            message = f"{path}: can't be read: {reason}. Remove it, and run again."
            raise UserError(message) from error


def _iter_files(results: Path) -> Iterator[tuple[Path, Attempt]]:
    with contextlib.suppress(UserError):
        yield from iter_attempts(results)


def merge_attempts(source: Path, target: Path) -> None:
    """Copy which runs have not ended elsewhere: their records may not be of today."""
    for path, attempt in _iter_files(source):
        moved = msgspec.structs.replace(attempt, path="")
        if not path.is_symlink():
            _write(target, moved)
