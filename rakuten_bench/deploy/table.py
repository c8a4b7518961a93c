"""Predict the rows of a table: label, probability and further guesses; or a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rakuten_bench.activity import announce
from rakuten_bench.data.mojibake import remark_mojibake
from rakuten_bench.data.reading import Dialect, Reading, read_table
from rakuten_bench.deploy.card import Card
from rakuten_bench.deploy.column import find_id_column, take_rows, used_columns
from rakuten_bench.deploy.labeled import LabeledTable, neutralize
from rakuten_bench.errors import Notice, UserError
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer

N_GUESSES = 3
#: Names of the columns with the guesses of a row, the best first.
RANKS = (
    *("label", "second", "third", "fourth", "fifth"),
    *("sixth", "seventh", "eighth", "ninth", "tenth"),
)

#: Larger than any score: ranks the predicted class first.
_FIRST = 1e6


def predict_table(  # noqa: PLR0913  (the options of `predict`)
    model: ScenarioClassifier | ScenarioClusterer,
    card: Card,
    table: Path,
    *,
    columns: Mapping[str, str] | None = None,
    image_folder: Path | None = None,
    spreadsheet: bool = False,
    top: int = N_GUESSES,
) -> pd.DataFrame:
    """Predict every row of a table.

    Only the columns that the model reads are used: those that its scenario reads and
    that were in the training table.

    Parameters
    ----------
    model : ScenarioClassifier or ScenarioClusterer
    card : Card
    table : Path
    columns : mapping of str to str, optional
        Our column ("id", "title", "description", "language", "image_path") -> column of
        the table; by default the one of the training table.
    image_folder : Path, optional
        Folder that relative image paths refer to; that of the training images if None.
    spreadsheet : bool
        Whether to neutralize texts that a spreadsheet would evaluate as formulas.
    top : int
        Number of guesses, at most 10.

    Returns
    -------
    DataFrame of shape (n_rows, 2 to 21)
        In the order of the table: `id`, as in the table, or `row`, the row number from
        0, if the table has neither ids nor an index; `label`, `probability`, `second`,
        `second_probability`, `third`, `third_probability`, except those that the model
        does not provide. For a clusterer: `cluster`, the number of the cluster from 0.

    Raises
    ------
    UserError
        If the file cannot be read, has no rows, or lacks a column that the model reads.
    """
    import pandas as pd

    keys, rows = read_rows(
        model, card, table, columns=columns, image_folder=image_folder
    )
    predictions = pd.DataFrame({**keys, **guess(model, rows, top)})
    return predictions.map(neutralize) if spreadsheet else predictions


def label_table(  # noqa: PLR0913  (the options of `predict`)
    model: ScenarioClassifier | ScenarioClusterer,
    card: Card,
    table: Path,
    *,
    columns: Mapping[str, str] | None = None,
    image_folder: Path | None = None,
    top: int = N_GUESSES,
    ids_only: bool = False,
) -> LabeledTable:
    """Predict every row of a table, and keep all of its columns, or its ids only.

    Parameters and errors are those of `predict_table`.
    """
    import pandas as pd

    if ids_only:
        keys, rows = read_rows(
            model, card, table, columns=columns, image_folder=image_folder
        )
        guesses = pd.DataFrame(guess(model, rows, top))
        return LabeledTable(table, pd.DataFrame(keys), guesses, Dialect((*keys,)))
    reading, rows = _read_input(model, card, table, columns, image_folder)
    guesses = pd.DataFrame(guess(model, rows, top))
    dialect = reading.dialect or Dialect(tuple(map(str, reading.frame.columns)))
    return LabeledTable(table, reading.frame, guesses, dialect)


def read_rows(
    model: ScenarioClassifier | ScenarioClusterer,
    card: Card,
    table: Path,
    *,
    columns: Mapping[str, str] | None = None,
    image_folder: Path | None = None,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the row keys of a table, and the columns that a model reads.

    Parameters and errors are those of `predict_table`.

    Returns
    -------
    keys : dict of str to sequence of n_rows
        `id` or `row`.
    rows : DataFrame of shape (n_rows, n_columns)
        The columns that the model reads, renamed to ours.
    """
    reading, rows = _read_input(model, card, table, columns, image_folder)
    frame = reading.frame
    ids = find_id_column(frame, card, (columns or {}).get("id", ""), table)
    keys: dict[str, Any] = {"id": frame[ids].tolist()} if ids else {}
    return keys or {"row": range(len(frame))}, rows


def _read_input(
    model: ScenarioClassifier | ScenarioClusterer,
    card: Card,
    table: Path,
    columns: Mapping[str, str] | None,
    image_folder: Path | None,
) -> tuple[Reading, pd.DataFrame]:
    """Return a table as it was read, and the columns that a model reads."""
    named = {field: column for field, column in (columns or {}).items() if column}
    used = used_columns(model, card, named, table)
    reading = _read(table, [*chain(*used.values()), *filter(None, [named.get("id")])])
    find_id_column(reading.frame, card, named.get("id", ""), table)
    rows = take_rows(reading, used, card, table, image_folder)
    for remark in remark_mojibake(rows, str(table)):
        warnings.warn(remark, Notice, stacklevel=2)
    return reading, rows


def _read(table: Path, names: Collection[str]) -> Reading:
    """Read a table as in training; report remarks on the file as warnings."""
    announce("reading %s", table.name)
    reading = read_table(table, names)
    for remark in reading.remarks:
        warnings.warn(str(remark), Notice, stacklevel=2)
    return reading


def choose_table_row(
    model: ScenarioClassifier | ScenarioClusterer,
    card: Card,
    table: Path,
    row: str,
    *,
    image_folder: Path | None = None,
) -> tuple[pd.DataFrame, str]:
    """Return one row of a table by its id or number, and a description for messages.

    Raises
    ------
    UserError
        If no row or several rows have this id or number, or as in `predict_table`.
    """
    keys, rows = read_rows(model, card, table, image_folder=image_folder)
    [(kind, values)] = keys.items()
    names = [str(value) for value in values]
    positions = [position for position, name in enumerate(names) if name == row]
    if len(positions) != 1:
        subject = f"{len(positions)} rows have" if positions else "no row has"
        first = ", ".join(names[:3])
        message = f"{table}: {subject} the {kind} '{row}'. First values: {first}."
        raise UserError(message)
    return rows.iloc[positions], f"row {row} of {table.name}"


def guess(
    model: ScenarioClassifier | ScenarioClusterer,
    rows: pd.DataFrame,
    top: int = N_GUESSES,
) -> dict[str, Any]:
    """Return the columns of predictions for some rows."""
    from rakuten_bench.pipeline.estimator import ScenarioClusterer

    announce("predicting %s", number(len(rows), "row"))
    if isinstance(model, ScenarioClusterer):
        return {"cluster": model.predict(rows)}
    labels, scores = model.predict_scored(rows)
    if scores is None:
        return {"label": labels}
    code_of = {label: code for code, label in enumerate(model.classes_)}
    first = np.array([code_of[label] for label in labels])
    scores[np.arange(len(first)), first] += _FIRST  # even if another has the same score
    order = np.argsort(-scores, axis=1, kind="stable")
    scores[np.arange(len(first)), first] -= _FIRST
    columns: dict[str, Any] = {}
    has_probability = hasattr(model, "predict_proba")
    for rank, name in enumerate(RANKS[: min(top, order.shape[1])]):
        columns[name] = model.classes_[order[:, rank]]
        if has_probability:
            column = "probability" if rank == 0 else f"{name}_probability"
            columns[column] = scores[np.arange(len(order)), order[:, rank]].round(6)
    return columns
