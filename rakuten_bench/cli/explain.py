"""`rakuten-bench explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from rakuten_bench.cli._fitting import working_as
from rakuten_bench.cli._writing import write_file


@click.command("explain", short_help="Show what spoke for and against a prediction.")
@click.argument("code")
@click.option("--row", help="Id of the row to explain.")
@click.option("--text", help="A text to explain instead of a row.")
@click.option("--label", help="Class to explain; the predicted one by default.")
@click.option("--top", default=15, show_default=True, help="How many words to show.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write a page.")
@click.option("--dataset", help="Board or data set, where several hold the scenario.")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder of your data."
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of the records.",
)
@click.option("--cache", type=click.Path(path_type=Path), help="Cache folder.")
def command(
    code: str,
    row: str | None,
    text: str | None,
    label: str | None,
    top: int,
    html: Path | None,
    dataset: str | None,
    data_dir: Path | None,
    results: Path,
    cache: Path | None,
) -> None:
    """Fit scenario CODE on its training rows and explain one prediction.

    Words of a linear model are exact; other text models need the extra `explain`
    (LIME); image models show which part of the image counts.

    \b
    Example:
      rakuten-bench explain T0011-0120-0000 --row 1F600
      rakuten-bench explain T0011-0120-0000 --text "a red shoe"
    """
    from rakuten_bench.engine import default_cache
    from rakuten_bench.export.explain import explain_row, refuse_clustering
    from rakuten_bench.export.model import fit_source
    from rakuten_bench.export.page import render_explanation, render_explanation_page
    from rakuten_bench.export.source import choose_row, load_source, rebuild
    from rakuten_bench.records import read_record
    from rakuten_bench.report import find_scenario

    record = read_record(find_scenario(results, code, dataset))
    refuse_clustering(rebuild(record))
    source = load_source(record, data_dir=data_dir, cache=cache or default_cache())
    wanted, head = choose_row(source, row=row, text=text)
    rows: Literal["train", "all"] = "train" if record.split.n_folds == 1 else "all"
    with working_as(record):
        model = fit_source(source, rows, record.seed, record.n_threads)
    found = explain_row(model, wanted, label=label, n_shown=top)
    head = f"{record.code}: {head}"
    click.echo(render_explanation(found, head))
    if html:
        page = render_explanation_page(found, head)
        write_file(html, page)
        click.echo(f"{html}: written.")
