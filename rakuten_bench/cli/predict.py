"""`rakuten-bench predict`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rakuten_bench.cli._fitting import telling
from rakuten_bench.cli._stream import echo, echo_as
from rakuten_bench.errors import UserError, writing

if TYPE_CHECKING:
    import pandas as pd

#: Endings of other formats than the one that is written.
_NOT_CSV = (".json", ".jsonl", ".parquet", ".pq", ".tsv", ".xls", ".xlsx")


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
@click.option("--id", "id_", help="Column that holds the row ids.")
@click.option("--title", help="Column that holds the title.")
@click.option("--description", help="Column that holds the description.")
@click.option("--language", help="Column that holds the language.")
@click.option("--image", help="Column that holds the image's file name.")
@click.option(
    "--image-folder",
    type=click.Path(path_type=Path),
    help="Folder of the images; that of the training images by default.",
)
@click.option(
    "--spreadsheet-safe",
    is_flag=True,
    help="Put ' before texts that a spreadsheet would run as formulas.",
)
@click.option(
    "--any-version", is_flag=True, help="Load a model made with other versions."
)
def command(
    model: Path,
    table: Path,
    output: Path | None,
    id_: str | None,
    title: str | None,
    description: str | None,
    language: str | None,
    image: str | None,
    image_folder: Path | None,
    spreadsheet_safe: bool,
    any_version: bool,
) -> None:
    """Write label, probability and the next two guesses for each row of TABLE.

    Rows come out in the order of TABLE ("-" for standard input), with their ids
    unchanged. The columns that the model learned from are read, called as they were
    then; an option names one that is called otherwise. A model that clusters gives the
    number of a cluster.

    MODEL is a file of `rakuten-bench export`. It is a pickle: load only files you trust.

    \b
    Example:
      rakuten-bench predict model.joblib new.csv -o labelled.csv
    """
    from rakuten_bench.export import load_model, predict_table

    if output:
        _check_output(output, table, model)
    warn = partial(echo, err=True)
    fitted, card = load_model(model, any_version=any_version, warn=warn)
    named = {
        "id": id_,
        "title": title,
        "description": description,
        "language": language,
        "image_path": image,
    }
    fitted.tells = True
    with telling():
        frame = predict_table(
            fitted,
            card,
            Path("/dev/stdin") if str(table) == "-" else table,
            columns={ours: theirs for ours, theirs in named.items() if theirs},
            image_folder=image_folder,
            spreadsheet=spreadsheet_safe,
        )
    _write(frame, output)
    if output:
        echo(f"{output}: {len(frame):,} rows labelled by {card.code}.")


def _check_output(output: Path, *inputs: Path) -> None:
    """Refuse a format that is not written, and to write over what is read.

    Raises
    ------
    UserError
    """
    if output.suffix.lower() in _NOT_CSV:
        message = f"{output}: predictions are written as CSV. Name the file .csv."
        raise UserError(message)
    for path in inputs:
        if output.is_file() and path.is_file() and output.samefile(path):
            message = f"{output}: is read by this command. Name another output."
            raise UserError(message)


def _write(frame: pd.DataFrame, output: Path | None) -> None:
    if output is None:
        echo_as("csv", frame.to_csv(index=False), exact=True)
        return
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(output, index=False)
