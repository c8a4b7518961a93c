"""Predictions for a table: label, probability, and the next two guesses; or a cluster."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rakuten_bench.data.reading import read_table
from rakuten_bench.errors import Notice, UserError
from rakuten_bench.export.card import TABLE_COLUMNS, Card
from rakuten_bench.records import safe_cell
from rakuten_bench.types import Modality

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer
    from rakuten_bench.scenario import Scenario

N_GUESSES = 3

#: More than any score: what the model says is its first guess.
_FIRST = 1e6

#: What is looked at: the columns of which one must be there, and how to name it.
_READ: Mapping[Modality, tuple[frozenset[str], str, str]] = {
    "text": (
        frozenset({"title", "description"}),
        "texts",
        "--title or --description",
    ),
    "image": (frozenset({"image_path"}), "images", "--image"),
}


def predict_table(
    model: ScenarioClassifier | ScenarioClusterer,
    card: Card,
    table: Path,
    *,
    columns: dict[str, str] | None = None,
    image_folder: Path | None = None,
) -> pd.DataFrame:
    """Predict every row of a CSV or Parquet file.

    Parameters
    ----------
    model : ScenarioClassifier or ScenarioClusterer
    card : Card
    table : Path
    columns : dict of str to str, optional
        Our column ("title", "description", "image_path") -> column of the table; those
        of the table that the model was learned from, or ours, where not given.
    image_folder : Path, optional
        What relative image paths are relative to; the table's folder where None.

    Returns
    -------
    DataFrame of shape (n_rows, 2 to 7)
        `row` (its number, from 0) or `id` where the table has such a column, `label`,
        `probability`, `second`, `second_probability`, `third`, `third_probability`;
        without the guesses and their numbers where the model gives none. A clusterer
        gives one column, `cluster`: its number, from 0. Text that a
        spreadsheet would run as a formula is neutralised.

    Raises
    ------
    UserError
        If the file cannot be read, has no rows, or lacks what the model looks at.
    """
    import pandas as pd

    names = [*card.columns.values(), *(columns or {}).values()]
    reading = read_table(table, names)
    frame = reading.frame
    for remark in reading.remarks:
        warnings.warn(str(remark), Notice, stacklevel=2)
    if frame.empty:
        message = f"{table}: the table has no rows."
        raise UserError(message)
    found = find_columns(frame, card, columns or {}, table)
    _refuse_blank(model.scenario, found, table)
    taken = {ours: frame[theirs] for ours, theirs in found.items()}
    if "image_path" in taken:
        folder = image_folder or table.parent
        taken["image_path"] = [
            str(folder / name) if name else "" for name in taken["image_path"]
        ]
    rows = pd.DataFrame(taken)
    keys = {"id": frame["id"].map(str)} if "id" in frame else {"row": range(len(frame))}
    guesses = guess(model, rows)
    return pd.DataFrame({**keys, **guesses}).map(
        lambda value: safe_cell(value) if isinstance(value, str) else value
    )


def find_columns(
    frame: pd.DataFrame, card: Card, named: dict[str, str], table: Path
) -> dict[str, str]:
    """Return our column -> column of a table, for those that it has.

    Raises
    ------
    UserError
        If a column that is named is missing, or there is none at all.
    """
    for theirs in named.values():
        if theirs not in frame:
            message = f"{table}: has no column '{theirs}'. It has: {', '.join(frame)}."
            raise UserError(message)
    wanted = {**{ours: ours for ours in TABLE_COLUMNS}, **card.columns, **named}
    found = {ours: theirs for ours, theirs in wanted.items() if theirs in frame}
    if not found:
        message = (
            f"{table}: has none of the columns {', '.join(sorted(wanted.values()))}. "
            f"Name them with --title, --description or --image."
        )
        raise UserError(message)
    return found


def _refuse_blank(scenario: Scenario, found: dict[str, str], table: Path) -> None:
    """Refuse a table that lacks what a model looks at: every row would be blank to it."""
    for modality, (columns, what, named) in _READ.items():
        if reads(scenario, modality) and not columns & found.keys():
            message = (
                f"{table}: has no column of {what}, which {scenario.code} looks at. "
                f"Name it with {named}."
            )
            raise UserError(message)


def reads(scenario: Scenario, modality: Modality) -> bool:
    """Tell whether a scenario, or a member of it, looks at texts or at images."""
    return scenario.modality == modality or any(
        reads(member, modality) for member in scenario.members
    )


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
