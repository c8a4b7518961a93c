"""`rakuten-bench predict`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from rakuten_bench.cli._fitting import telling
from rakuten_bench.errors import writing


@click.command(
    "predict", short_help="Label the rows of a table with an exported model."
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="CSV to write; else printed.",
)
@click.option("--title", help="Column of the table that holds the title.")
@click.option("--description", help="Column that holds the description.")
@click.option("--image", help="Column that holds the image's file name.")
@click.option(
    "--image-folder", type=click.Path(path_type=Path), help="Folder of the images."
)
@click.option(
    "--any-version", is_flag=True, help="Load a model made with other versions."
)
def command(
    model: Path,
    table: Path,
    output: Path | None,
    title: str | None,
    description: str | None,
    image: str | None,
    image_folder: Path | None,
    any_version: bool,
) -> None:
    """Write label, probability and the next two guesses for each row of TABLE.

    A model that clusters gives the number of a cluster.

    MODEL is a file of `rakuten-bench export`. It is a pickle: load only files you trust.

    \b
    Example:
      rakuten-bench predict model.joblib new.csv -o labelled.csv
    """
    from rakuten_bench.export import load_model, predict_table

    warn = partial(click.echo, err=True)
    fitted, card = load_model(model, any_version=any_version, warn=warn)
    named = {"title": title, "description": description, "image_path": image}
    fitted.tells = True
    with telling():
        frame = predict_table(
            fitted,
            card,
            table,
            columns={ours: theirs for ours, theirs in named.items() if theirs},
            image_folder=image_folder,
        )
    if output is None:
        frame.to_csv(sys.stdout, index=False)
    else:
        with writing(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            frame.to_csv(output, index=False)
        click.echo(f"{output}: {len(frame):,} rows labelled by {card.code}.")
