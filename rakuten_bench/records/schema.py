"""The schema of a record: plain typed values, one JSON file each.

A field is only ever added, with a default, so that older records stay readable; a
change of meaning raises `SCHEMA_VERSION`. Times are seconds, sizes are bytes, dates
are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

import msgspec

from rakuten_bench.types import Modality

SCHEMA_VERSION = 1

#: Lever -> parameters by name.
Settings = dict[str, dict[str, Any]]

Status = Literal["ok", "failed", "timeout", "oom", "skipped"]


class Scores(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Scores over all test rows, and over each fold if there are several."""

    f1_weighted: float
    f1_macro: float
    accuracy: float
    folds: list[Scores] = []


class ClusterScores(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Agreement of clusters with the classes, which were not used in training.

    Attributes
    ----------
    ari : float
        Adjusted Rand index: 1 for identical partitions, 0 on average for random ones.
    purity : float
        Share of rows in the most frequent class of their cluster.
    n_clusters : int
        Clusters with at least one test row.
    folds : list of ClusterScores
        Scores of each fold if there are several; the scores are then means over the
        folds weighted by rows, since clusters of different folds are unrelated.
    """

    ari: float
    purity: float
    n_clusters: int
    folds: list[ClusterScores] = []


class ClassScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of one class."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class DatasetInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The data set of a record.

    Attributes
    ----------
    source : dict
        How to load it again: `name` and `params` as in a scenario file, and `base_dir`,
        the folder that relative paths refer to.
    remarks : tuple of str
        Sentences on irregularities in its files or rows, and how they were treated.
    """

    name: str
    fingerprint: str
    kind: Literal["real", "emoji", "synthetic"] = "real"
    about: str = ""
    n_rows: int = 0
    source: dict[str, Any] = {}
    remarks: tuple[str, ...] = ()


class SplitInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows were split.

    Attributes
    ----------
    by_image : bool
        Whether rows with visually identical images were kept on one side.
    """

    scheme: str
    fingerprint: str
    params: dict[str, Any] = {}
    name: str = ""
    n_folds: int = 1
    n_test: int = 0
    by_image: bool = True


class StepCost(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Cost of one step of the scenario.

    Attributes
    ----------
    seconds : float
        Time to compute it, in this or an earlier run.
    memory : int or None
        Peak memory of the process while it ran, bytes.
    shared : bool
        Whether other scenarios use the same result.
    cached : bool
        Whether the result existed before this run.
    fold : str
        The fold that it was fitted on; "" for a step over all rows.
    params : dict of str to dict
        Lever -> parameters that differ from the defaults.
    file : str
        Digest of the file that its option reads, if any.
    failed : bool
        Whether it was stopped or failed after that time, without a result.
    """

    lever: str
    option: str
    key: str
    seconds: float
    memory: int | None = None
    shared: bool = False
    cached: bool = False
    fold: str = ""
    params: Settings = {}
    file: str = ""
    failed: bool = False


class Stop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Limits and machine of a step that exceeded its time or memory.

    Attributes
    ----------
    step : str
        Key of the step.
    time, memory : float, int or None
        Its limits, in seconds and bytes.
    n_cores, machine_memory : int
        Of the machine that ran it; memory in bytes.
    """

    step: str
    time: float | None = None
    memory: int | None = None
    n_cores: int = 0
    machine_memory: int = 0


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a failure that a board shows."""

    type: str
    message: str


class Failure(Cause, frozen=True, kw_only=True):
    """Why a scenario has no scores."""

    traceback: str = ""


class Moment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of the provenance that a board shows."""

    created: str = ""


class Provenance(Moment, frozen=True, kw_only=True, omit_defaults=True):
    """Software, machine and commit that a record was created with."""

    python: str
    platform: str
    packages: dict[str, str] = {}
    commit: str = ""
    dirty: bool = False
    cpu: str = ""
    n_cores: int = 0
    gpu: str = ""


class Member(TypedDict):
    """One of the scenarios that a fusion combines."""

    modality: Modality
    levers: dict[str, str]
    params: Settings


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one scenario.

    Attributes
    ----------
    code : str
        Names the folder of the record.
    board : str
        Name of the board's folder; see `records.board_name`.
    study : str
        Name of the scenario file that it was run from; with `name` it identifies the
        scenario when parameters, and therefore the code, have changed.
    levers : dict of str to str
        Lever -> option, in the order of the code.
    params : dict of str to dict
        Lever -> parameters that differ from the option's defaults.
    stopped : Stop or None
        Of a scenario whose `status` is "timeout" or "oom".
    scores : Scores or None
        None unless `status` is "ok", and for a clustering.
    clustering : ClusterScores or None
        Replaces `scores` for a clustering model: cluster numbers are not classes.
    per_class : list of ClassScores
        In the order of `classes`.
    members : list of dict
        Members of a fusion: `modality`, `levers` and `params` of each, in order.
    label_names : dict of str to str
        Readable names of labels that are only codes.
    fit_time, predict_time : float
        Seconds of the whole scenario, each step counted in full.
    own_time, saved_time : float
        Seconds spent for this scenario, and seconds that sharing and the cache saved.
    peak_memory : int or None
        Maximum over its steps, bytes.
    key : str
        Fingerprint of the scenario's last steps; if it changes, the scenario must run
        again.
    sources : dict of str to str
        Module -> digest of its source, for all modules used by its steps.
    predictions_digest, rows_digest : str
        Of the predictions beside the record, and of the test rows (ids, true labels
        and folds): records with the same `rows_digest` can be compared row by row. ""
        without predictions.
    plugins : list of str
        The user's files whose options the scenario may use, relative to `base_dir` of
        the data set's source.
    """

    schema_version: int = SCHEMA_VERSION
    code: str
    name: str
    modality: Modality
    board: str
    study: str = ""
    status: Status
    dataset: DatasetInfo
    split: SplitInfo
    seed: int
    levers: dict[str, str]
    params: Settings = {}
    error: Failure | None = None
    stopped: Stop | None = None
    scores: Scores | None = None
    clustering: ClusterScores | None = None
    per_class: list[ClassScores] = []
    classes: list[str] = []
    label_names: dict[str, str] = {}
    fit_time: float = 0.0
    predict_time: float = 0.0
    own_time: float = 0.0
    saved_time: float = 0.0
    peak_memory: int | None = None
    n_threads: int = 1
    device: str = "cpu"
    notes: list[str] = []
    steps: list[StepCost] = []
    members: list[Member] = []
    details: dict[str, Any] = {}
    provenance: Provenance | None = None
    key: str = ""
    sources: dict[str, str] = {}
    predictions_digest: str = ""
    rows_digest: str = ""
    plugins: list[str] = []


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a record that a board needs; others are not decoded.

    Reading a board takes no longer if records have long details, such as a learning curve.
    """

    schema_version: int
    code: str
    name: str
    modality: Modality
    board: str
    study: str = ""
    status: Status
    dataset: DatasetInfo
    split: SplitInfo
    seed: int
    levers: dict[str, str]
    params: Settings = {}
    error: Cause | None = None
    stopped: Stop | None = None
    scores: Scores | None = None
    clustering: ClusterScores | None = None
    classes: list[str] = []
    members: list[Member] = []
    fit_time: float = 0.0
    predict_time: float = 0.0
    own_time: float = 0.0
    saved_time: float = 0.0
    provenance: Moment | None = None
    key: str = ""
    predictions_digest: str = ""
    rows_digest: str = ""

    @property
    def has_scores(self) -> bool:
        """Whether it has scores, of a classifier or of a clustering."""
        return self.scores is not None or self.clustering is not None

    @property
    def created(self) -> str:
        """Time of writing, ISO 8601 in UTC; "" if unknown."""
        return self.provenance.created if self.provenance else ""
