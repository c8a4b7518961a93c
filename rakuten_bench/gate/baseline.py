"""The baseline: the last approved scores of the scenarios.

One JSON file to commit: sorted, one line for each true class of a confusion matrix, so
that a diff shows which class changed. Reading validates that the scores follow from the
matrix, and the matrix from the predictions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench import records
from rakuten_bench.atomic import remove_leftovers
from rakuten_bench.records import Row, Verifier
from rakuten_bench.records.file import replace_file

SCHEMA_VERSION = 2
_LINE = 40  # predictions on one line of the file


class Approved(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    dict=True,
):
    """One scenario of a baseline.

    Attributes
    ----------
    study : str
        Name of its scenario file; with `name` it identifies the scenario.
    also : dict of str to str
        Other scenario files with the same scenario -> its name there.
    scores : dict of str to float
        Rounded to ten digits; "ari" and "purity" of a clustering.
    confusion : list of str
        For each true class, the counts of the predicted ones; empty for a clustering.
    rows_digest : str
        Digest of the test rows and their order; "" without predictions.
    predicted : list of str
        Predicted codes, `_LINE` on a line; empty without `--rows` and for a clustering,
        whose cluster numbers differ between runs.
    """

    name: str = ""
    study: str = ""
    also: dict[str, str] = {}
    data: str
    split: str
    seed: int
    scores: dict[str, float]
    confusion: list[str] = []
    rows_digest: str = ""
    predicted: list[str] = []

    @cached_property
    def codes(self) -> NDArray[np.int32]:
        """Predicted codes, int32 of shape (n_rows,); empty without them."""
        return np.array(" ".join(self.predicted).split(), dtype=np.int32)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """The confusion matrix, int64 of shape (n_classes, n_classes)."""
        n_classes = len(self.confusion)
        counts = np.array(" ".join(self.confusion).split(), dtype=np.int64)
        return counts.reshape(n_classes, n_classes)

    @property
    def known_by(self) -> dict[str, str]:
        """Scenario files with this scenario -> its name there; "" if unnamed."""
        return {self.study: self.name, **self.also}


class ApprovedStudy(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A scenario file of a baseline.

    Attributes
    ----------
    path : str
        Relative to the folder of the baseline, with "/"; "" if they have no common
        folder, or it was approved by an earlier version.
    metric : {"f1_weighted", "f1_macro", "accuracy", ""}
        Metric by which its scenarios were approved; "" if by an earlier version.
    """

    path: str = ""
    metric: str = ""


class Baseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Approved scenarios by board and code, and their scenario files by name."""

    schema_version: int = SCHEMA_VERSION
    studies: dict[str, ApprovedStudy] = {}
    boards: dict[str, dict[str, Approved]] = {}

    @property
    def has_rows(self) -> bool:
        """Whether it contains predictions."""
        return any(known.approved.predicted for known in self.iter_known())

    @property
    def names(self) -> set[str]:
        """Names of its scenario files."""
        return {known.study for known in self.iter_known()}

    def iter_known(self) -> Iterator[Known]:
        """Yield each scenario once for each of its files, by board and code."""
        for board, scenarios in sorted(self.boards.items()):
            for code, approved in sorted(scenarios.items()):
                for study, name in approved.known_by.items():
                    yield Known(board, code, study, name, approved)


class Known(NamedTuple):
    """An approved scenario in one of its scenario files."""

    board: str
    code: str
    study: str
    name: str
    approved: Approved

    @property
    def identity(self) -> tuple[str, str]:
        """File and name, which do not depend on its parameters; unnamed, its code."""
        return self.study, self.name or f"code {self.code}"

    def __str__(self) -> str:
        named = f" '{self.name}'" if self.name else ""
        of = f" of {self.study}" if self.study else ""
        return f"{self.board}: {self.code}{named}{of}"


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline atomically, sorted, one value a line."""
    path = path.resolve()  # keep a symbolic link
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent)
    text = msgspec.json.encode(baseline, order="deterministic")
    replace_file(path, msgspec.json.format(text, indent=1) + b"\n")


def approve(
    folder: Path, row: Row, rows: bool, known_by: Mapping[str, str] | None = None
) -> Approved:
    """Return the baseline's entry for a record.

    Parameters
    ----------
    folder : Path
    row : Row
    rows : bool
        Whether to keep the predictions, for a paired test: about 2 bytes a row.
    known_by : mapping of str to str, optional
        As `Approved.known_by`; by default, file and name in the record.
    """
    clusters = row.clustering is not None
    counts = [] if clusters else records.read_confusion(folder).tolist()
    approved = Approved(
        data=row.dataset.fingerprint,
        split=row.split.fingerprint,
        seed=row.seed,
        scores=rounded_scores(row),
        confusion=[" ".join(map(str, line)) for line in counts],
        rows_digest=row.rows_digest,
        predicted=_lines(records.read_predicted(folder))
        if rows and not clusters
        else [],
    )
    return known_as(approved, known_by or {row.study: row.name})


def known_as(approved: Approved, known_by: Mapping[str, str]) -> Approved:
    """Return an approved scenario with other files and names (`Approved.known_by`)."""
    (study, name), *also = sorted(known_by.items())
    return msgspec.structs.replace(approved, study=study, name=name, also=dict(also))


def rounded_scores(row: Row) -> dict[str, float]:
    """Return the scores of a record to ten digits."""
    scores = msgspec.to_builtins(row.scores or row.clustering)
    return {
        metric: round(value, 10)
        for metric, value in scores.items()
        if isinstance(value, float)
    }


def _lines(predicted: NDArray[np.int32]) -> list[str]:
    codes = [str(code) for code in predicted.tolist()]
    starts = range(0, len(codes), _LINE)
    return [" ".join(codes[start : start + _LINE]) for start in starts]


def unmeasurable(folder: Path, row: Row, verifier: Verifier) -> str:
    """Return why the scores of a record are unusable; "" if they are usable."""
    if not row.has_scores:
        cause = f": {row.error.type}" if row.error else ""
        return f"the record is {row.status}{cause}"
    return verifier.say_contradiction(folder, row)
