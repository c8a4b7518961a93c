"""The board of a run: its folder is claimed and checked before anything runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from rakuten_bench.data.spec import DATASETS
from rakuten_bench.engine.prepare import Prepared, on_board
from rakuten_bench.engine.recorder import join_folds
from rakuten_bench.engine.settings import Settings
from rakuten_bench.errors import writing
from rakuten_bench.records import (
    CHOOSE_RESULTS,
    BoardInfo,
    BoardRows,
    Identity,
    Predictions,
    claim_board,
    find_owners,
)
from rakuten_bench.types import Dataset, Split

_SHORT = 8  # digits of a fingerprint in a sentence


def claim(prepared: Prepared, settings: Settings) -> Prepared:
    """Claim the board's folder for these data before anything runs.

    Raises
    ------
    UserError
        If the folder can't be written.
    """
    rows = _test_rows(prepared.dataset, prepared.split)
    info = BoardInfo(
        name=prepared.dataset.name,
        identity=prepared.identity,
        rows_digest=rows.rows_digest,
        n_test=len(rows),
    )
    with writing(settings.results, CHOOSE_RESULTS):
        board = claim_board(
            settings.results, prepared.plain_board, info, prepared.board
        )
    if board == prepared.board:
        return prepared
    return on_board(prepared, settings, BoardRows.read(settings.results, board))


def _test_rows(dataset: Dataset, split: Split) -> Predictions:
    """Return the test rows as empty predictions."""
    rows, fold, _ = join_folds([fold.test for fold in split.folds])
    return Predictions(
        ids=dataset.frame["id"].to_numpy(dtype=np.str_)[rows],
        true=dataset.y[rows],
        predicted=np.zeros(len(rows), dtype=np.int32),
        fold=fold,
        language=np.full(len(rows), ""),
        classes=dataset.classes,
    )


def check_results(results: Path) -> None:
    """Reject an unwritable folder before anything is loaded.

    Raises
    ------
    UserError
    """
    with writing(results, CHOOSE_RESULTS):
        made = _make_folders(results)
        try:
            with tempfile.TemporaryFile(dir=results):
                pass
        finally:
            for folder in made:
                folder.rmdir()


def _make_folders(folder: Path) -> list[Path]:
    """Create a folder and its parents; return those created, the folder first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def describe_others(prepared: Prepared, settings: Settings) -> list[str]:
    """Return whose records use the plain name of the board, if not ours."""
    plain = prepared.plain_board
    if prepared.board == plain:
        return []
    folder = settings.results / plain
    owners = sorted(find_owners(folder))
    theirs = " and of ".join(_differences(one, prepared.identity) for one in owners)
    return [
        f"{folder}: has records of {theirs or 'a name that differs by case only'}. "
        f"They are kept; the board of this run is '{prepared.board}'. "
        f"{_advice(prepared)}"
    ]


def _differences(owner: Identity, ours: Identity) -> str:
    """Return how the records of another board differ from ours."""
    if owner == ours:
        return "these data, too"
    words = []
    if owner.data != ours.data:
        words.append(
            f"other data of this name ({owner.data[:_SHORT]}, now {ours.data[:_SHORT]})"
        )
    elif owner.split != ours.split:
        words.append("another split of these rows")
    if owner.seed != ours.seed:
        words.append(f"seed {owner.seed}")
    return " with ".join(words)


def _advice(prepared: Prepared) -> str:
    spec = prepared.study.dataset
    if "name" in DATASETS.find(spec.name).parameters:
        return (
            f"If these are different data sets, name them: "
            f"dataset: {{{spec.name}: {{name: ...}}}}."
        )
    return "For a separate folder: --results."
