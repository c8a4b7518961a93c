"""Read a baseline; refuse any content that `--update` does not write.

A duplicate or misspelt key, or an empty list, would otherwise drop a scenario silently,
and the gate would pass.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics
from rakuten_bench.errors import UserError
from rakuten_bench.gate.baseline import (
    SCHEMA_VERSION,
    Approved,
    Baseline,
)
from rakuten_bench.metric import CLUSTER_METRICS, METRICS
from rakuten_bench.plain import read_plain

_SCORE_TOLERANCE = 1e-9  # scores are rounded to ten digits
_MAX_SIZE = 1 << 28  # bytes: some million predictions
_SHOWN = 5  # problems reported for a file


class _Version(msgspec.Struct):
    schema_version: int = SCHEMA_VERSION


def read_baseline(path: Path) -> Baseline:
    """Read a baseline to compare with.

    Raises
    ------
    UserError
        As `read_old_baseline`; also if the file is missing or has no scenarios.
    """
    if not path.exists():
        message = f"{path}: no baseline found. Create one: rakuten-bench check --update"
        raise UserError(message)
    baseline = read_old_baseline(path)
    if not baseline.boards:
        message = (
            f"{path}: contains no scenarios: any result would pass. Create it again: "
            f"rakuten-bench check --update"
        )
        raise UserError(message)
    return baseline


def read_old_baseline(path: Path) -> Baseline:
    """Read a baseline to update; return an empty one if the file is missing.

    Raises
    ------
    UserError
        If it can't be read, is inconsistent, or was written by a later version.
    """
    if not path.exists():
        return Baseline()
    baseline = _decode(path)
    problems = list(_problems(baseline))
    if problems:
        more = len(problems) - _SHOWN
        shown = [*problems[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
        lines = "\n".join(f"  {problem}" for problem in shown)
        message = (
            f"{path}: the baseline is inconsistent:\n{lines}\n"
            f"Restore it from version control, or remove it and create it again: "
            f"rakuten-bench check --update"
        )
        raise UserError(message)
    return baseline


def _decode(path: Path) -> Baseline:
    try:
        content = read_plain(path, _MAX_SIZE)
        version = msgspec.json.decode(content, type=_Version).schema_version
        if version > SCHEMA_VERSION:
            message = (
                f"{path}: has schema version {version}; this version supports up to "
                f"{SCHEMA_VERSION}. Upgrade rakuten-bench."
            )
            raise UserError(message)
        baseline = msgspec.json.decode(content, type=Baseline)
        json.loads(content, object_pairs_hook=_refuse_duplicates)
    except UserError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        message = (
            f"{path}: can't be read: {reason}. Restore it from version control, or "
            f"remove it and create it again: rakuten-bench check --update"
        )
        raise UserError(message) from error
    return baseline


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse an object with a duplicate key: its first value would be lost."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        duplicate = next(key for key in keys if keys.count(key) > 1)
        message = f"duplicate key '{duplicate}'"
        raise ValueError(message)
    return mapping


def _problems(baseline: Baseline) -> Iterator[str]:
    if baseline.schema_version < 1:
        yield f"schema_version is {baseline.schema_version}"
    yield from _study_problems(baseline)
    for board, scenarios in baseline.boards.items():
        if not _is_plain(board):
            yield f"'{board}' is not a valid board name"
        if not scenarios:
            yield f"board '{board}' has no scenario"
        for code, approved in scenarios.items():
            problem = _find_problem(approved) if _is_plain(code) else "not a valid code"
            if problem:
                yield f"{board}: {code}: {problem}"


def _study_problems(baseline: Baseline) -> Iterator[str]:
    for study in sorted(baseline.studies.keys() - baseline.names):
        yield f"file '{study}' has no scenarios"
    for study, approved in baseline.studies.items():
        if approved.metric not in ("", *METRICS):
            yield f"file '{study}': unknown metric '{approved.metric}'"


def _is_plain(name: str) -> bool:
    """Return whether a name is a valid folder name."""
    return name not in ("", ".", "..") and not set(name) & set("/\\\0")


def _find_problem(approved: Approved) -> str:
    """Return what is wrong with a scenario; "" if it is valid."""
    scores = approved.scores
    if not all(math.isfinite(score) and -1 <= score <= 1 for score in scores.values()):
        return "a score is not between 0 and 1"
    if scores.keys() >= CLUSTER_METRICS.keys():
        is_plain = not (approved.confusion or approved.predicted)
        return "" if is_plain else "a clustering with a confusion matrix"
    try:
        return next(_contradictions(approved), "")
    except (ValueError, OverflowError) as error:
        return f"invalid confusion matrix or predictions: {error}"


def _contradictions(approved: Approved) -> Iterator[str]:
    """Yield contradictions between scores, confusion matrix and predictions."""
    counts, scores = approved.counts, approved.scores
    if not counts.size or counts.min() < 0:
        yield "confusion matrix is missing or invalid"
    for metric, score in metrics.scores(counts).items():
        if metric not in scores:
            yield f"{metric} is missing"
        elif abs(score - scores[metric]) > _SCORE_TOLERANCE:
            yield (
                f"{metric} is {scores[metric]:g}, but its confusion matrix gives {score:g}"
            )
    if approved.predicted:
        yield from _misfits(approved.codes, counts)
        if not approved.rows_digest:
            yield "has predictions, but no rows_digest"


def _misfits(codes: NDArray[np.int32], counts: NDArray[np.int64]) -> Iterator[str]:
    """Yield contradictions between predictions and confusion matrix."""
    if codes.min() < 0 or codes.max() >= len(counts):
        yield "a prediction is not one of its classes"
    predicted = np.bincount(codes, minlength=len(counts))
    if (predicted != counts.sum(axis=0)).any():
        yield "its predictions do not match its confusion matrix"
