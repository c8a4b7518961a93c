"""`rakuten-bench explain`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rakuten_bench.cli._fitting import telling
from rakuten_bench.cli._option import (
    board_option,
    cache_option,
    data_dir_option,
    results_option,
)
from rakuten_bench.cli._text import Text
from rakuten_bench.errors import UserError
from rakuten_bench.interface.printing import echo
from rakuten_bench.interface.writing import write_page

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer

    Chosen = tuple[ScenarioClassifier | ScenarioClusterer, pd.DataFrame, str]


@click.command("explain", short_help="Explain a prediction.")
@click.argument("code")
@click.option("--row", type=Text(), help="Id of the row to explain.")
@click.option("--text", type=Text(), help="Text to explain instead of a row.")
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    help="Table with the row, for an exported model.",
)
@click.option(
    "--image-folder",
    type=click.Path(path_type=Path),
    help="Folder of that table's images.",
)
@click.option(
    "--label", type=Text(), help="Class to explain; the predicted one by default."
)
@click.option("--top", default=15, show_default=True, help="Number of words to show.")
@click.option(
    "--html", type=click.Path(path_type=Path), help="Also write an HTML page."
)
@board_option()
@data_dir_option()
@results_option()
@cache_option()
@click.option(
    "--any-version", is_flag=True, help="Allow a model of other package versions."
)
def command(
    code: str,
    row: str | None,
    text: str | None,
    table: Path | None,
    label: str | None,
    top: int,
    html: Path | None,
    image_folder: Path | None,
    any_version: bool,
    **place: Any,
) -> None:
    """Explain one prediction of scenario CODE, or of an exported model.

    A scenario is fitted on its training rows; CODE may also be a file of
    `rakuten-bench export`; one of joblib is a pickle: load only files you trust.

    Weights of a linear model's words are exact; other text models need the extra
    `explain` (LIME); for image models, a map shows the parts that matter.

    \b
    Example:
      rakuten-bench explain T0011-0120-0000 --row 1F600
      rakuten-bench explain T0011-0120-0000 --text "a red shoe"
      rakuten-bench explain model.joblib --table new.csv --row 17
    """
    from rakuten_bench.deploy.explain import explain_row
    from rakuten_bench.deploy.overwriting import refuse_inputs
    from rakuten_bench.deploy.page import render_explanation, render_explanation_page

    if (row is None) == (text is None):
        message = "explain needs either --row ID or --text TEXT."
        raise UserError(message)
    if html:
        refuse_inputs(html, [Path(code), *([table] if table else [])])
    if Path(code).is_file():
        model, wanted, head = _from_model(
            Path(code), row, text, table, image_folder, any_version
        )
    else:
        _refuse_model_options(code, table, image_folder)
        model, wanted, head = _from_record(code, row, text, **place)
    found = explain_row(model, wanted, label=label, n_shown=top)
    head = f"{model.scenario_.code}: {head}"
    echo(render_explanation(found, head))
    if html:
        page = render_explanation_page(found, head)
        write_page(html, page)
        echo(f"{html}: written.")


def _refuse_model_options(
    code: str, table: Path | None, image_folder: Path | None
) -> None:
    if code.endswith((".joblib", ".skops")):
        message = f"{code}: model not found. Create one: rakuten-bench export CODE"
        raise UserError(message)
    if table or image_folder:
        message = (
            f"{code}: --table and --image-folder need an exported model; rows of a "
            f"scenario are those of its data set."
        )
        raise UserError(message)


def _from_record(
    code: str,
    row: str | None,
    text: str | None,
    *,
    dataset: str | None,
    data_dir: Path | None,
    results: Path,
    cache: Path | None,
) -> Chosen:
    """Fit the scenario of a record; return it with the input to explain."""
    from rakuten_bench.deploy.explain import refuse_clustering, text_row
    from rakuten_bench.deploy.model import fit_source
    from rakuten_bench.deploy.source import choose_row, load_source, rebuild
    from rakuten_bench.executor.thread import limited_threads
    from rakuten_bench.records import read_record
    from rakuten_bench.report import find_scenario
    from rakuten_bench.store.layout import default_cache

    record = read_record(find_scenario(results, code, dataset))
    cache = cache or default_cache()
    refuse_clustering(rebuild(record, cache))
    source = load_source(record, data_dir=data_dir, cache=cache)
    chosen = None if row is None else choose_row(source, row)
    with limited_threads(record.n_threads), telling():
        model = fit_source(
            source,
            "train" if record.split.n_folds == 1 else "all",
            record.seed,
            record.n_threads,
        )
    return model, *(chosen or text_row(model, text or ""))


def _from_model(
    path: Path,
    row: str | None,
    text: str | None,
    table: Path | None,
    image_folder: Path | None,
    any_version: bool,
) -> Chosen:
    """Load an exported model; return it with the input to explain."""
    from rakuten_bench.deploy import load_model
    from rakuten_bench.deploy.explain import refuse_clustering, text_row
    from rakuten_bench.deploy.table import choose_table_row

    if (row is None) != (table is None):
        message = f"{path}: --row needs --table, and --table needs --row."
        raise UserError(message)
    warn = partial(echo, err=True)
    model, card = load_model(path, any_version=any_version, warn=warn)
    refuse_clustering(model.scenario_)
    if row is None or table is None:
        return model, *text_row(model, text or "")
    with telling():
        chosen = choose_table_row(model, card, table, row, image_folder=image_folder)
    return model, *chosen
