"""`rakuten-bench predict`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from rakuten_bench.cli._fitting import telling
from rakuten_bench.cli._stream import echo_as
from rakuten_bench.errors import UserError
from rakuten_bench.interface.printing import echo
from rakuten_bench.interface.writing import write_file
from rakuten_bench.wording.words import number

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
    help="File to write; default: standard output.",
)
@click.option(
    "--top",
    type=click.IntRange(1, 10),
    default=3,
    show_default=True,
    metavar="N",
    help="Number of guesses for each row.",
)
@click.option(
    "--ids-only",
    is_flag=True,
    help="Write ids and predictions only, as CSV with commas in UTF-8.",
)
@click.option("--id", "id_", help="Column with the row ids, for --ids-only.")
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
    top: int,
    ids_only: bool,
    id_: str | None,
    title: str | None,
    description: str | None,
    language: str | None,
    image: str | None,
    image_folder: Path | None,
    spreadsheet_safe: bool,
    any_version: bool,
) -> None:
    """Add label, probability and the next classes to each row of TABLE.

    Rows, columns, separator, encoding and decimal mark are those of TABLE ("-" for
    standard input). The columns `label`, `probability`, `second`, `second_probability`
    and so on are added; `predicted_label` and so on if TABLE has one of these names.
    Columns are read by the names that they had in training, unless an option gives
    another name. A clustering model predicts cluster numbers.

    MODEL is a file of `rakuten-bench export`. Unless it is a .skops file, it is a
    pickle: load only files you trust.

    \b
    Example:
      rakuten-bench predict model.joblib new.csv -o labelled.csv
    """
    from rakuten_bench.data.reading.source import STDIN
    from rakuten_bench.interface.model import load_model

    if id_ and not ids_only:
        message = f"--id {id_}: needs --ids-only; else all columns are kept."
        raise UserError(message)
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
    file = STDIN if str(table) == "-" else table
    columns = {ours: theirs for ours, theirs in named.items() if theirs}
    with telling():
        labeled = loaded.label(
            file, columns=columns, image_folder=image_folder, top=top, ids_only=ids_only
        )
        content = labeled.encode(is_safe=spreadsheet_safe) if output else b""
    if labeled.prefix:
        names = ", ".join(labeled.added)
        echo(f"{table}: has such columns already: added as {names}.", err=True)
    if output is None:
        echo_as("csv", labeled.render(is_safe=spreadsheet_safe), exact=True)
        return
    write_file(output, content)
    count = number(len(labeled), "row")
    echo(f"{output}: {count} predicted by {loaded.card.code}.")


def _check_output(output: Path, *inputs: Path) -> None:
    """Reject formats that can't be written, and overwriting an input.

    Raises
    ------
    UserError
    """
    from rakuten_bench.deploy.overwriting import refuse_inputs

    if output.suffix.lower() in _NOT_CSV:
        message = f"{output}: predictions are written as CSV. Name the file .csv."
        raise UserError(message)
    refuse_inputs(output, inputs)
