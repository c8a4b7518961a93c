"""`rakuten-bench export`."""

from __future__ import annotations

from pathlib import Path

import click

from rakuten_bench.cli._complete import Code
from rakuten_bench.cli._fitting import telling
from rakuten_bench.cli._option import (
    board_option,
    cache_option,
    data_dir_option,
    results_option,
)
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.words import clean, number


@click.command("export", short_help="Fit a scenario and write it as a model file.")
@click.argument("code", type=Code())
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("model.joblib"),
    show_default=True,
    help="Model file, .joblib or .skops; its model card is written beside it.",
)
@click.option(
    "--rows",
    type=click.Choice(["train", "all"]),
    default="train",
    show_default=True,
    help="Rows to train on: those of the record, or all.",
)
@board_option()
@data_dir_option()
@results_option()
@cache_option()
def command(
    code: str,
    output: Path,
    rows: str,
    dataset: str | None,
    data_dir: Path | None,
    results: Path,
    cache: Path | None,
) -> None:
    """Fit scenario CODE (a code or a name) and write it as a scikit-learn classifier.

    A file named .skops contains no pickle: loading it executes no code. Any other name
    gives a pickle (joblib), which holds every model; load only files you trust.

    \b
    Example:
      rakuten-bench export T0011-0120-0000 -o model.joblib
      rakuten-bench export T0011-0120-0000 -o model.skops
    """
    from rakuten_bench.interface.model import fit_and_write, open_source, read_checked
    from rakuten_bench.report import find_scenario

    record = read_checked(find_scenario(results, code, dataset))
    source = open_source(record, data_dir, cache)
    for remark in source.dataset.remarks:
        echo(clean(remark), err=True)
    with telling():
        card = fit_and_write(
            record, source, output, "all" if rows == "all" else "train"
        )
    metric, score = next(iter(card.scores.items()))
    echo(
        f"{output}: {card.code}, trained on {number(card.n_rows, 'row')} ({card.rows}), "
        f"{metric} {score:.4f} on the record's test rows."
    )
