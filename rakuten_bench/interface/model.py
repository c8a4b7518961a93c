"""From a record to use: export a fitted scenario, predict, explain."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rakuten_bench import deploy, records, report
from rakuten_bench.deploy import Card
from rakuten_bench.deploy.explain import Explanation, refuse_clustering, text_row
from rakuten_bench.deploy.labeled import LabeledTable
from rakuten_bench.deploy.source import Source, load_source
from rakuten_bench.deploy.table import RANKS, choose_table_row
from rakuten_bench.errors import Notice, UserError
from rakuten_bench.executor.thread import limited_threads
from rakuten_bench.interface.explaining import explain_chosen
from rakuten_bench.interface.frame import write_table
from rakuten_bench.records import Record
from rakuten_bench.store.layout import default_cache

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer

Rows = Literal["train", "all"]


class Model:
    """A fitted scenario, with the card that describes it.

    Attributes
    ----------
    estimator : ScenarioClassifier or ScenarioClusterer
        A fitted scikit-learn estimator.
    card : Card
        What it is, what it scored, which columns it reads.
    """

    def __init__(
        self, estimator: ScenarioClassifier | ScenarioClusterer, card: Card
    ) -> None:
        self.estimator = estimator
        self.card = card

    def predict(
        self,
        table: pd.DataFrame | str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        image_folder: str | Path | None = None,
        spreadsheet_safe: bool = False,
        top: int = 3,
    ) -> pd.DataFrame:
        """Predict every row of a table, in its order.

        Parameters
        ----------
        table : DataFrame, str or Path
            A table, or the path of one.
        columns : mapping of str to str, optional
            Our column ("id", "title", "description", "language", "image_path") -> column
            of the table; by default as the training table called it.
        image_folder : str or Path, optional
            Folder of the images; by default that of the training images.
        spreadsheet_safe : bool
            Put ' before texts that a spreadsheet would run as formulas.
        top : int
            Number of guesses, from 1 to 10.

        Returns
        -------
        DataFrame of shape (n_rows, 1 to 21)
            `label`, `probability`, and the next classes (`second`, `third`, ...) with
            their probabilities; of a clustering `cluster`. For a DataFrame with its index, for a file with the
            column `id` or `row`.

        Raises
        ------
        UserError
            If the table has no rows, or lacks a column that the model reads.
        """
        folder = None if image_folder is None else Path(image_folder)
        if isinstance(table, str | Path):
            return deploy.predict_table(
                self.estimator,
                self.card,
                Path(table),
                columns=columns,
                image_folder=folder,
                spreadsheet=spreadsheet_safe,
                top=check_top(top),
            )
        with tempfile.TemporaryDirectory() as temporary:
            file = Path(temporary) / "DataFrame"
            write_table(table, file)
            found = deploy.predict_table(
                self.estimator,
                self.card,
                file,
                columns=columns,
                image_folder=folder or Path.cwd(),
                spreadsheet=spreadsheet_safe,
                top=check_top(top),
            )
        keys = [name for name in ("id", "row") if name in found]
        return found.drop(columns=keys).set_axis(table.index, axis=0)

    def label(
        self,
        table: str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        image_folder: str | Path | None = None,
        top: int = 3,
        ids_only: bool = False,
    ) -> LabeledTable:
        """Predict every row of a file, and keep its own columns and its dialect.

        Parameters are those of `predict`, and:

        Parameters
        ----------
        ids_only : bool
            Keep only the ids (or row numbers), as CSV with commas in UTF-8.

        Returns
        -------
        LabeledTable
            With `to_frame`, and `encode` for the content of a file with the separator,
            the encoding, the quotes, the decimal mark and the line ends of the table.

        Raises
        ------
        UserError
            If the table has no rows, or lacks a column that the model reads.
        """
        return deploy.label_table(
            self.estimator,
            self.card,
            Path(table),
            columns=columns,
            image_folder=None if image_folder is None else Path(image_folder),
            top=check_top(top),
            ids_only=ids_only,
        )

    def explain(
        self,
        text: str | None = None,
        *,
        table: str | Path | None = None,
        row: str | None = None,
        image_folder: str | Path | None = None,
        label: str | None = None,
        n_shown: int = 15,
    ) -> Explanation:
        """Explain the prediction of a text, or of one row of a table.

        Parameters
        ----------
        text : str, optional
        table : str or Path, optional
            A file, with `row`: the id of the row.
        image_folder : str or Path, optional
            Folder of the images of that table.
        label : str, optional
            Class to explain; by default the predicted one.
        n_shown : int
            Number of words.

        Raises
        ------
        UserError
            If neither or both are given, or nothing can explain the model.
        """
        if (text is None) == (table is None) or (table is None) != (row is None):
            message = "explain needs either a text, or a table and the id of a row."
            raise UserError(message)
        refuse_clustering(self.estimator.scenario_)
        chosen = (
            text_row(self.estimator, text or "")
            if table is None
            else choose_table_row(
                self.estimator,
                self.card,
                Path(table),
                str(row),
                image_folder=None if image_folder is None else Path(image_folder),
            )
        )
        return explain_chosen(self.estimator, chosen, label, n_shown)

    def __repr__(self) -> str:
        metric, score = next(iter(self.card.scores.items()))
        return f"Model({self.card.code!r}, {metric}={score:.4f})"


def check_top(top: int) -> int:
    """Refuse a number of guesses that has no names."""
    if not 1 <= top <= len(RANKS):
        message = f"top: {top} is not a number of guesses from 1 to {len(RANKS)}."
        raise UserError(message)
    return top


def load_model(
    path: str | Path,
    *,
    any_version: bool = False,
    warn: Callable[[str], None] | None = None,
) -> Model:
    """Load an exported model after a look at its card.

    Loading a skops file executes no code. Any other file is a pickle (joblib): load only
    those that you trust. The content decides, not the name.

    Parameters
    ----------
    path : str or Path
    any_version : bool
        Load it although it was made with other versions, with a warning.
    warn : callable, optional
        Receives that warning; by default `warnings.warn`.

    Raises
    ------
    UserError
        If it is absent, no exported model, or made with other versions.
    """
    told = warn or _warn
    return Model(*deploy.load_model(Path(path), any_version=any_version, warn=told))


def _warn(message: str) -> None:
    warnings.warn(message, Notice, stacklevel=4)


def export(  # noqa: PLR0913  (the options of `rakuten-bench export`)
    scenario: str,
    path: str | Path = "model.joblib",
    *,
    rows: Rows = "train",
    results: str | Path = "results",
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    cache: str | Path | None = None,
) -> Card:
    """Fit a scenario that ran, and write it as a scikit-learn estimator with a card.

    Parameters
    ----------
    scenario : str
        Code or name.
    path : str or Path
        Model file, its card is written beside it: "model.skops" without pickle, any
        other name by joblib.
    rows : {"train", "all"}
        Rows to train on: those of the record, or all.
    results : str or Path
        Folder of the records.
    dataset : str, optional
        Name of the board or data set, if several have the scenario.
    data_dir, cache : str or Path, optional
        Folder of the user's data, and cache.

    Raises
    ------
    UserError
        If the scenario is unknown, has no scores, its data have changed, or the file
        can't be written.
    """
    folder = report.find_scenario(Path(results), scenario, dataset)
    record = read_checked(folder)
    source = open_source(record, data_dir, cache)
    return fit_and_write(record, source, Path(path), rows)


def read_checked(folder: Path) -> Record:
    """Return the record of a folder.

    Raises
    ------
    UserError
        If it is damaged or contradicts its predictions.
    """
    record = records.read_record(folder)
    records.check_record(folder, record)
    return record


def open_source(
    record: Record, data_dir: str | Path | None, cache: str | Path | None
) -> Source:
    """Return the scenario and the data of a record.

    Raises
    ------
    UserError
        If the data are absent, or have changed.
    """
    return load_source(
        record,
        data_dir=None if data_dir is None else Path(data_dir),
        cache=default_cache() if cache is None else Path(cache),
    )


def fit_and_write(record: Record, source: Source, path: Path, rows: Rows) -> Card:
    """Fit with as many threads as the record's worker had; write model and card.

    Sums of floats depend on the number of threads, and a difference in the last bit can
    change a predicted class.
    """
    with limited_threads(record.n_threads):
        return deploy.export_model(record, source, path, rows)
