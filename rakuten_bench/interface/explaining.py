"""Explain a prediction of a scenario that ran."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench import records, report
from rakuten_bench.deploy.explain import (
    N_SHOWN,
    Explanation,
    explain_row,
    refuse_clustering,
    text_row,
)
from rakuten_bench.deploy.model import fit_source
from rakuten_bench.deploy.source import choose_row, load_source, rebuild
from rakuten_bench.errors import UserError
from rakuten_bench.executor.thread import limited_threads
from rakuten_bench.records import Record
from rakuten_bench.store.layout import default_cache

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer


def explain(  # noqa: PLR0913  (the options of `rakuten-bench explain`)
    scenario: str,
    text: str | None = None,
    *,
    row: str | None = None,
    label: str | None = None,
    n_shown: int = N_SHOWN,
    results: str | Path = "results",
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    cache: str | Path | None = None,
) -> Explanation:
    """Fit a scenario that ran on its training rows, and explain one prediction.

    Parameters
    ----------
    scenario : str
        Code or name.
    text : str, optional
        Text to explain, or else:
    row : str, optional
        Id of a row of the data set.
    label : str, optional
        Class to explain; by default the predicted one.
    n_shown : int
        Number of words.
    results : str or Path
        Folder of the records.
    dataset : str, optional
        Name of the board or data set, if several have the scenario.
    data_dir, cache : str or Path, optional
        Folder of the user's data, and cache.

    Raises
    ------
    UserError
        If neither or both of text and row are given, the scenario or the row is unknown,
        its data have changed, or nothing can explain its model.
    """
    record = records.read_record(report.find_scenario(Path(results), scenario, dataset))
    return explain_record(
        record,
        text,
        row,
        label=label,
        n_shown=n_shown,
        data_dir=Path(data_dir) if data_dir else None,
        cache=Path(cache) if cache else None,
    )


def explain_record(  # noqa: PLR0913  (as `explain`)
    record: Record,
    text: str | None,
    row: str | None,
    *,
    label: str | None = None,
    n_shown: int = N_SHOWN,
    data_dir: Path | None = None,
    cache: Path | None = None,
) -> Explanation:
    """Explain a prediction of a record's scenario; see `explain`."""
    if (row is None) == (text is None):
        message = f"{record.code}: explain needs either a text or the id of a row."
        raise UserError(message)
    cache = cache or default_cache()
    refuse_clustering(rebuild(record, cache))
    source = load_source(record, data_dir=data_dir, cache=cache)
    chosen = None if row is None else choose_row(source, row)
    with limited_threads(record.n_threads):
        model = fit_source(
            source,
            "train" if record.split.n_folds == 1 else "all",
            record.seed,
            record.n_threads,
        )
    return explain_chosen(model, chosen or text_row(model, text or ""), label, n_shown)


def explain_chosen(
    model: ScenarioClassifier | ScenarioClusterer,
    chosen: tuple[pd.DataFrame, str],
    label: str | None,
    n_shown: int,
) -> Explanation:
    """Explain the prediction of a row that has a description."""
    row, head = chosen
    found = explain_row(model, row, label=label, n_shown=n_shown)
    return replace(found, head=f"{model.scenario_.code}: {head}")
