"""Derive scores, the class table and tables of counts from predictions."""

from __future__ import annotations

import csv
import io

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench import metrics
from rakuten_bench.records.prediction import Predictions
from rakuten_bench.records.schema import ClassScores, ClusterScores, Record, Scores
from rakuten_bench.wording.format import safe_cell


def with_scores(record: Record, predictions: Predictions) -> Record:
    """Return the record with everything that derives from its predictions."""
    return msgspec.structs.replace(record, **derive(predictions))


def derive(predictions: Predictions) -> dict[str, object]:
    """Return the fields of a record that derive from its predictions."""
    derived = _clustered if predictions.is_clustering else _classified
    return {
        **derived(predictions),
        "classes": list(predictions.classes),
        "predictions_digest": predictions.digest,
        "rows_digest": predictions.rows_digest,
    }


def _clustered(predictions: Predictions) -> dict[str, object]:
    return {"clustering": cluster_scores(predictions), "scores": None, "per_class": []}


def _classified(predictions: Predictions) -> dict[str, object]:
    table = metrics.class_table(_confusion(predictions))
    columns = (table.precision, table.recall, table.f1, table.support)
    rows = zip(predictions.classes, *(c.tolist() for c in columns), strict=True)
    return {
        "clustering": None,
        "scores": scores_of(predictions),
        "per_class": [
            ClassScores(label=label, precision=p, recall=r, f1=f, support=n)
            for label, p, r, f, n in rows
        ],
    }


def scores_of(predictions: Predictions) -> Scores:
    """Return the scores over all rows, and over each fold if there are several."""
    whole = _scores(predictions)
    numbers = np.unique(predictions.fold)
    if len(numbers) < 2:
        return whole
    folds = [
        _scores(predictions.take(predictions.fold == number)) for number in numbers
    ]
    return msgspec.structs.replace(whole, folds=folds)


def cluster_scores(predictions: Predictions) -> ClusterScores:
    """Return the scores of a clustering; over several folds, their mean by rows."""
    folds = [_cluster_scores(table) for table in _cluster_tables(predictions)]
    if len(folds) == 1:
        return folds[0]
    sizes = np.unique(predictions.fold, return_counts=True)[1]
    return ClusterScores(
        ari=float(np.average([fold.ari for fold in folds], weights=sizes)),
        purity=float(np.average([fold.purity for fold in folds], weights=sizes)),
        n_clusters=max(fold.n_clusters for fold in folds),
        folds=folds,
    )


def _cluster_scores(table: NDArray[np.int64]) -> ClusterScores:
    return ClusterScores(
        ari=metrics.adjusted_rand_index(table),
        purity=metrics.purity(table),
        n_clusters=int(np.count_nonzero(table.sum(axis=0))),
    )


def _cluster_tables(predictions: Predictions) -> list[NDArray[np.int64]]:
    """Return the rows of each class and cluster, for each fold."""
    n_classes = len(predictions.classes)
    parts = [
        predictions.take(predictions.fold == number)
        for number in np.unique(predictions.fold)
    ]
    return [metrics.count_clusters(p.true, p.predicted, n_classes) for p in parts]


def _scores(predictions: Predictions) -> Scores:
    return msgspec.convert(metrics.scores(_confusion(predictions)), Scores)


def _confusion(predictions: Predictions) -> NDArray[np.int64]:
    return metrics.confusion_matrix(
        predictions.true, predictions.predicted, len(predictions.classes)
    )


def confusion_csv(predictions: Predictions, *, spreadsheet: bool = False) -> str:
    """Return the matrix with labels, one true class per line."""
    labels = _labels(predictions, spreadsheet)
    counts = _confusion(predictions).tolist()
    return _labelled_csv(["true \\ predicted", *labels], labels, counts)


def clusters_csv(predictions: Predictions, *, spreadsheet: bool = False) -> str:
    """Return the rows by class and cluster, one class per line."""
    names, counts = count_clusters(predictions)
    labels = _labels(predictions, spreadsheet)
    return _labelled_csv(["true \\ cluster", *names], labels, counts.tolist())


def _labels(predictions: Predictions, spreadsheet: bool) -> list[str]:
    return [safe_cell(label) if spreadsheet else label for label in predictions.classes]


def count_clusters(predictions: Predictions) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of the clusters and their rows of each class.

    Clusters of several folds are named "fold.cluster".

    Returns
    -------
    names : list of str
    counts : int64 array of shape (n_classes, n_clusters)
    """
    tables = _cluster_tables(predictions)
    several = len(tables) > 1
    names = [
        f"{fold}.{cluster}" if several else str(cluster)
        for fold, table in enumerate(tables)
        for cluster in range(table.shape[1])
    ]
    return names, np.hstack(tables)


def _labelled_csv(head: list[str], labels: list[str], counts: list[list[int]]) -> str:
    """Return a table for programs: labels are not neutralized for spreadsheets.

    Quotes all fields if a label has a carriage return: Python's writer does not quote it,
    and its reader then refuses the file.
    """
    text = io.StringIO()
    if any("\r" in label for label in labels):
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    else:
        writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([label, *row] for label, row in zip(labels, counts, strict=True))
    return text.getvalue()
