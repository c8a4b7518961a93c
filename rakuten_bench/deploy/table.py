"""Predictions for a table: label, probability, and the next two guesses; or a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rakuten_bench.data.mojibake import remark_mojibake
from rakuten_bench.data.reading import Reading, read_table
from rakuten_bench.deploy.card import Card
from rakuten_bench.deploy.column import find_id_column, take_rows, used_columns
from rakuten_bench.errors import Notice, UserError
from rakuten_bench.wording.format import safe_cell

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer

N_GUESSES = 3

#: More than any score: what the model says is its first guess.
_FIRST = 1e6


def predict_table(
    model: ScenarioClassifier | ScenarioClusterer,
    card: Card,
    table: Path,
    *,
    columns: Mapping[str, str] | None = None,
    image_folder: Path | None = None,
    spreadsheet: bool = False,
) -> pd.DataFrame:
    """Predict every row of a table.

    Exactly the columns that the model reads are looked at: those that its scenario uses
    and that the table had which it was learned from.

    Parameters
    ----------
    model : ScenarioClassifier or ScenarioClusterer
    card : Card
    table : Path
    columns : mapping of str to str, optional
        Our column ("id", "title", "description", "language", "image_path") -> column of
        the table; that of the table that the model was learned from where not given.
    image_folder : Path, optional
        What relative image paths are relative to; the folder of the images that the
        model was learned from where None.
    spreadsheet : bool
        Neutralize texts that a spreadsheet would run as formulas.

    Returns
    -------
    DataFrame of shape (n_rows, 2 to 7)
        In the order of the table: `id`, the row's own as the table spells it, or `row`,
        its number from 0, where the table has neither ids nor an index; `label`,
        `probability`, `second`, `second_probability`, `third`, `third_probability`;
        without the guesses and their numbers where the model gives none. A clusterer
        gives one column, `cluster`: its number, from 0.

    Raises
    ------
    UserError
        If the file cannot be read, has no rows, or lacks what the model reads.
    """
    import pandas as pd

    keys, rows = read_rows(
        model, card, table, columns=columns, image_folder=image_folder
    )
    found = pd.DataFrame({**keys, **guess(model, rows)})
    return found.map(_neutralize) if spreadsheet else found


def read_rows(
    model: ScenarioClassifier | ScenarioClusterer,
    card: Card,
    table: Path,
    *,
    columns: Mapping[str, str] | None = None,
    image_folder: Path | None = None,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return what the rows of a table are called, and what a model reads of them.

    Parameters and errors are those of `predict_table`.

    Returns
    -------
    keys : dict of str to sequence of n_rows
        `id` or `row`.
    rows : DataFrame of shape (n_rows, n_columns)
        The columns that the model reads, called as ours.
    """
    named = {ours: theirs for ours, theirs in (columns or {}).items() if theirs}
    used = used_columns(model, card, named, table)
    reading = _read(table, [*chain(*used.values()), *filter(None, [named.get("id")])])
    frame = reading.frame
    ids = find_id_column(frame, card, named.get("id", ""), table)
    rows = take_rows(reading, used, card, table, image_folder)
    for remark in remark_mojibake(rows, str(table)):
        warnings.warn(remark, Notice, stacklevel=2)
    keys: dict[str, Any] = {"id": frame[ids].tolist()} if ids else {}
    return keys or {"row": range(len(frame))}, rows


def _read(table: Path, names: Collection[str]) -> Reading:
    """Read a table as training data are read; pass on what was odd about it."""
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
    """Return one row of a table by its id, or number, and how to call it.

    Raises
    ------
    UserError
        If no row is called so, or several are; or as `predict_table`.
    """
    keys, rows = read_rows(model, card, table, image_folder=image_folder)
    [(kind, values)] = keys.items()
    names = [str(value) for value in values]
    places = [place for place, name in enumerate(names) if name == row]
    if len(places) != 1:
        many = f"{len(places)} rows have" if places else "no row has"
        message = f"{table}: {many} the {kind} '{row}', such as {', '.join(names[:3])}."
        raise UserError(message)
    return rows.iloc[places], f"row {row} of {table.name}"


def _neutralize(value: object) -> object:
    return safe_cell(value) if isinstance(value, str) else value


def guess(
    model: ScenarioClassifier | ScenarioClusterer, rows: pd.DataFrame
) -> dict[str, Any]:
    """Return the columns of the guesses for some rows."""
    from rakuten_bench.pipeline.estimator import ScenarioClusterer

    if isinstance(model, ScenarioClusterer):
        return {"cluster": model.predict(rows)}
    labels, scores = model.predict_scored(rows)
    if scores is None:
        return {"label": labels}
    place_of = {label: code for code, label in enumerate(model.classes_)}
    first = np.array([place_of[label] for label in labels])
    scores[np.arange(len(first)), first] += _FIRST  # also where it broke a tie
    order = np.argsort(-scores, axis=1, kind="stable")
    scores[np.arange(len(first)), first] -= _FIRST
    found: dict[str, Any] = {}
    exact = hasattr(model, "predict_proba")
    names = ("label", "second", "third")
    for place, name in enumerate(names[: min(N_GUESSES, order.shape[1])]):
        found[name] = model.classes_[order[:, place]]
        if exact:
            number = "probability" if place == 0 else f"{name}_probability"
            found[number] = scores[np.arange(len(order)), order[:, place]].round(6)
    return found
