"""Boards in MLflow: one run for each scenario, logged only once.

A run is identified by a tag with the record's digest, not by its name. An interrupted
run is logged again; a scenario that ran again with another outcome is a new run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rakuten_bench import records
from rakuten_bench.errors import MissingPackage, UserError
from rakuten_bench.metric import CLUSTER_METRICS, METRICS
from rakuten_bench.records import Record
from rakuten_bench.records.store import CLUSTERS_FILE, CONFUSION_FILE, RECORD_FILE
from rakuten_bench.report.board import Entry, Ranking
from rakuten_bench.wording.words import all_words, clean

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "rakuten_bench.record"
_FILES = (CONFUSION_FILE, CLUSTERS_FILE, RECORD_FILE)
_LENGTH = 500  # characters of a parameter or a tag that every store accepts


@dataclass(frozen=True, slots=True)
class Logged:
    """Number of scenarios logged, and of those already there."""

    new: int
    known: int


def log_boards(boards: Sequence[Ranking], uri: str) -> Logged:
    """Log every scenario of some boards; each board is an experiment.

    Parameters
    ----------
    boards : sequence of Ranking
    uri : str
        Of the tracking server or store, such as "sqlite:///mlflow.db".

    Raises
    ------
    MissingPackage
        If MLflow is not installed.
    UserError
        If the store is missing or rejects the runs.
    """
    client = _connect(uri)
    from mlflow.exceptions import MlflowException

    try:
        return _log_all(client, boards)
    except MlflowException as error:
        raise UserError(_refused(uri, error)) from error


def _refused(uri: str, error: Exception) -> str:
    return f"{uri}: MLflow can't log there: {clean(str(error).strip(), 300)}"


def _log_all(client: MlflowClient, boards: Sequence[Ranking]) -> Logged:
    new = known = 0
    for board in boards:
        experiment = _find_experiment(client, f"rakuten-bench {board.name}")
        done = _find_runs(client, experiment)
        for entry in board.everyone:
            record = records.read_record(entry.folder)
            if name_record(record) in done:
                known += 1
            else:
                _log(client, experiment, entry, record)
                new += 1
    return Logged(new, known)


def _connect(uri: str) -> MlflowClient:
    try:
        from mlflow import MlflowClient
    except ModuleNotFoundError as error:
        message = (
            'report --mlflow needs the package "mlflow-skinny", which is not installed. '
            'Run: pip install "rakuten-bench[mlflow]"'
        )
        raise MissingPackage(message) from error
    from mlflow.exceptions import MlflowException

    try:
        return MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        raise UserError(_refused(uri, error)) from error


def _find_experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _find_runs(client: MlflowClient, experiment: str) -> set[str]:
    """Return the records that are logged, and delete interrupted runs."""
    done, token = set(), None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        for run in page:
            tag = run.data.tags.get(TAG)
            if tag and run.info.status in ("FINISHED", "FAILED"):
                done.add(tag)
            elif tag:
                client.delete_run(run.info.run_id)
        token = page.token
        if not token:
            return done


def name_record(record: Record) -> str:
    """Return an identifier of the scenario and its outcome."""
    parts = (
        *(record.board, record.code, record.status, record.key),
        *(record.dataset.fingerprint, record.split.fingerprint, str(record.seed)),
        record.predictions_digest,
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _log(client: MlflowClient, experiment: str, entry: Entry, record: Record) -> None:
    """Log one scenario as a finished run."""
    from mlflow.entities import Metric, Param

    when = _milliseconds(record)
    run = client.create_run(
        experiment, start_time=when, tags=_tags(record), run_name=record.code
    ).info.run_id
    client.log_batch(
        run,
        metrics=[Metric(name, value, when, 0) for name, value in _metrics(record)],
        params=[Param(name, value[:_LENGTH]) for name, value in _params(record)],
    )
    for path in (entry.folder / name for name in _FILES):
        if path.exists():
            client.log_artifact(run, str(path))
    status = "FINISHED" if record.status == "ok" else "FAILED"
    client.set_terminated(run, status, when)


def _milliseconds(record: Record) -> int:
    """Return when the record was written, in MLflow's unit; 0 if unknown."""
    if record.provenance is None:
        return 0
    return int(1000 * datetime.fromisoformat(record.provenance.created).timestamp())


def _tags(record: Record) -> dict[str, str]:
    tags = {
        TAG: name_record(record),
        "status": record.status,
        "name": clean(record.name, _LENGTH),
        "board": record.board,
        "data": record.dataset.fingerprint,
        "split": record.split.fingerprint,
        "commit": record.provenance.commit if record.provenance else "",
    }
    if record.error is not None:
        tags["error"] = clean(f"{record.error.type}: {record.error.message}", _LENGTH)
    return {name: value for name, value in tags.items() if value}


def _params(record: Record) -> Iterator[tuple[str, str]]:
    """Yield each lever's option, and each parameter that differs from its default."""
    for lever, words in all_words(record).items():
        yield lever, words
        for name, value in record.params.get(lever, {}).items():
            yield f"{lever}.{name}", str(value)
    yield "seed", str(record.seed)


def _metrics(record: Record) -> Iterator[tuple[str, float]]:
    if record.scores is not None:
        for metric in METRICS:
            yield metric, getattr(record.scores, metric)
    if record.clustering is not None:
        for metric in CLUSTER_METRICS:
            yield metric, getattr(record.clustering, metric)
    for name in ("fit_time", "predict_time", "own_time", "saved_time"):
        yield name, getattr(record, name)
    if record.peak_memory is not None:
        yield "peak_memory", record.peak_memory
