"""`rakuten-bench predict`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rakuten_bench.cli._fitting import telling
from rakuten_bench.cli._stream import echo_as
from rakuten_bench.errors import UserError, writing
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

#: Suffixes of formats that are not written.
_NOT_CSV = (".json", ".jsonl", ".parquet", ".pq", ".tsv", ".xls", ".xlsx")


@click.command(
    "predict", short_help="Predict the rows of a table with an exported model."
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="CSV file to write; default: standard output.",
)
@click.option("--id", "id_", help="Column with the row ids.")
@click.option("--title", help="Column with the title.")
@click.option("--description", help="Column with the description.")
@click.option("--language", help="Column with the language.")
@click.option("--image", help="Column with the image's file name.")
@click.option(
    "--image-folder",
    type=click.Path(path_type=Path),
    help="Folder of the images; default: that of the training images.",
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
    """Write label, probability and the next two classes for each row of TABLE.

    Rows are written in the order of TABLE ("-" for standard input), with their ids
    unchanged. Columns are read by the names that they had in training, unless an option
    gives another name. A clustering model predicts cluster numbers.

    MODEL is a file of `rakuten-bench export`. It is a pickle: load only files you trust.

    \b
    Example:
      rakuten-bench predict model.joblib new.csv -o labelled.csv
    """
    from rakuten_bench.interface.model import load_model

    if output:
        _check_output(output, table, model)
    warn = partial(echo, err=True)
    loaded = load_model(model, any_version=any_version, warn=warn)
    named = {
        "id": id_,
        "title": title,
        "description": description,
        "language": language,
        "image_path": image,
    }
    loaded.estimator.warns = True
    with telling():
        frame = loaded.predict(
            Path("/dev/stdin") if str(table) == "-" else table,
            columns={ours: theirs for ours, theirs in named.items() if theirs},
            image_folder=image_folder,
            spreadsheet_safe=spreadsheet_safe,
        )
    _write(frame, output)
    if output:
        echo(f"{output}: {number(len(frame), 'row')} predicted by {loaded.card.code}.")


def _check_output(output: Path, *inputs: Path) -> None:
    """Reject formats that can't be written, and overwriting an input.

    Raises
    ------
    UserError
    """
    if output.suffix.lower() in _NOT_CSV:
        message = f"{output}: predictions are written as CSV. Name the file .csv."
        raise UserError(message)
    for path in inputs:
        if output.is_file() and path.is_file() and output.samefile(path):
            message = f"{output}: is an input of this command. Name another output."
            raise UserError(message)


def _write(frame: pd.DataFrame, output: Path | None) -> None:
    if output is None:
        echo_as("csv", frame.to_csv(index=False), exact=True)
        return
    with writing(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(output, index=False)
