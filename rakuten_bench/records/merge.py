"""Merge the results of several machines without overwriting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from rakuten_bench.errors import UserError, writing
from rakuten_bench.identify import explain_wrong_file
from rakuten_bench.records.attempt import merge_attempts
from rakuten_bench.records.board import (
    BoardInfo,
    Identity,
    claim_board,
    find_board,
    plain_name,
    read_board,
    release_board,
)
from rakuten_bench.records.file import encode_json, replace_file
from rakuten_bench.records.schema import Record
from rakuten_bench.records.store import (
    CHOOSE_RESULTS,
    CLUSTERS_FILE,
    CONFUSION_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    Damaged,
    DamagedRecord,
    has_record,
    iter_boards,
    iter_records,
    read_record,
)
from rakuten_bench.records.study_run import merge_study_runs
from rakuten_bench.records.verify import Verifier, find_rows

Outcome = Literal["copied", "same", "conflict", "damaged"]


@dataclass(frozen=True, slots=True)
class Merged:
    """Outcome of merging one record.

    Attributes
    ----------
    source : Path
        Folder of the record.
    reason : str
        Why it was not copied; "" for a copied or identical record.
    """

    source: Path
    outcome: Outcome
    reason: str = ""


def merge_results(sources: Sequence[Path], target: Path) -> Iterator[Merged]:
    """Copy missing records to the target; report all others.

    Parameters
    ----------
    sources : sequence of Path
        Results folders of other machines.
    target : Path
        Results folder to copy into.

    Raises
    ------
    UserError
        If a source has no records, before anything is copied; or if a record can't be
        written.
    """
    for source in sources:
        if not any(iter_boards(source)):
            message = explain_wrong_file(source, "results") or (
                f"{source}: has no records to merge."
            )
            raise UserError(message)
        if source.resolve() == target.resolve():
            message = (
                f"{source}: is the target folder. Pass only other results folders."
            )
            raise UserError(message)
    return _merge(sources, target)


def _merge(sources: Sequence[Path], target: Path) -> Iterator[Merged]:
    for source in sources:
        for name in iter_boards(source):
            yield from _merge_board(source / name, target)
        merge_study_runs(source, target)
        merge_attempts(source, target)


def _merge_board(folder: Path, results: Path) -> Iterator[Merged]:
    """Copy records to the boards of their data, which may have other names there."""
    boards: dict[Identity, str] = {}
    verifiers: dict[Identity, Verifier] = {}
    rows: dict[Identity, str] = {}
    for record in iter_records(folder.parent, folder.name):
        if isinstance(record, Damaged):
            yield Merged(record.path, "damaged", record.message)
            continue
        identity = Identity.of(record)
        if identity not in boards:
            boards[identity] = _claim(folder, identity, record, results)
            verifiers[identity] = Verifier(folder, identity)
            rows[identity] = find_rows(results / boards[identity], identity)
        board = results / boards[identity]
        merged = _merge_one(
            record, folder / record.code, board, verifiers[identity], rows[identity]
        )
        if merged.outcome == "copied":
            rows[identity] = rows[identity] or record.rows_digest
        yield merged
    for name in boards.values():
        release_board(results / name)


def _claim(folder: Path, identity: Identity, record: Record, results: Path) -> str:
    """Claim the board of some data in the target; return its name."""
    info = read_board(folder)
    if info is None or info.identity != identity:
        info = BoardInfo(name=record.dataset.name, identity=identity)
    plain = plain_name(folder.name)
    known = read_board(results / find_board(results, plain, identity))
    if known is not None and known.identity == identity and known.rows_digest:
        info = known
    with writing(results, CHOOSE_RESULTS):
        return claim_board(results, plain, info)


def _merge_one(
    record: Record, folder: Path, board: Path, verifier: Verifier, rows_digest: str
) -> Merged:
    """Copy a record to a board, unless it already exists or is damaged."""
    target = board / record.code
    if has_record(target):
        reason = _conflict(record, target)
        return Merged(folder, "conflict" if reason else "same", reason)
    fault = _find_link(folder) or verifier.say_contradiction(folder, record)
    if fault:
        return Merged(folder, "damaged", fault)
    rows = record.rows_digest
    if rows and rows != (rows_digest or rows):
        reason = "has other test rows than the existing board"
        return Merged(folder, "damaged", reason)
    _copy(folder, target, msgspec.structs.replace(record, board=board.name))
    return Merged(folder, "copied")


def _conflict(record: Record, target: Path) -> str:
    """Return how a record differs from the existing one; "" if it does not."""
    try:
        other = read_record(target)
    except DamagedRecord as error:
        return f"the existing record is damaged: {error}"
    pairs = {
        "status": (record.status, other.status),
        "data": (record.dataset.fingerprint, other.dataset.fingerprint),
        "split": (record.split.fingerprint, other.split.fingerprint),
        "seed": (record.seed, other.seed),
        "predictions": (record.predictions_digest, other.predictions_digest),
    }
    differ = [name for name, (ours, theirs) in pairs.items() if ours != theirs]
    return f"differs in {', '.join(differ)}" if differ else ""


def _copy(folder: Path, target: Path, record: Record) -> None:
    """Copy only the known files of a record, the record itself last."""
    contents = {
        name: (folder / name).read_bytes()
        for name in (PREDICTIONS_FILE, CONFUSION_FILE, CLUSTERS_FILE)
        if (folder / name).is_file()
    }
    contents[RECORD_FILE] = encode_json(record)
    with writing(target, CHOOSE_RESULTS):
        target.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            replace_file(target / name, content)


def _find_link(folder: Path) -> str:
    """Return an error if a record's folder or file is a symbolic link; else "".

    Following it could copy any file that this user can read.
    """
    known = (RECORD_FILE, PREDICTIONS_FILE, CONFUSION_FILE, CLUSTERS_FILE)
    links = [
        path for path in (folder, *map(folder.joinpath, known)) if path.is_symlink()
    ]
    return f"{links[0]}: is a symbolic link. Copy the file itself." if links else ""
