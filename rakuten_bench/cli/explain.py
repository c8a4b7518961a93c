"""`rakuten-bench explain`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

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
    from rakuten_bench.deploy.overwriting import refuse_inputs
    from rakuten_bench.interface.explaining import explain

    if (row is None) == (text is None):
        message = "explain needs either --row ID or --text TEXT."
        raise UserError(message)
    if html:
        refuse_inputs(html, [Path(code), *([table] if table else [])])
    asked: dict[str, Any] = {"row": row, "label": label, "n_shown": top}
    if Path(code).is_file():
        model = _load(Path(code), row, table, any_version)
        with telling():
            found = model.explain(text, table=table, image_folder=image_folder, **asked)
    else:
        _refuse_model_options(code, table, image_folder)
        with telling():
            found = explain(code, text, **asked, **place)
    echo(found)
    if html:
        write_page(html, found.to_html())
        echo(f"{html}: written.")


def _load(path: Path, row: str | None, table: Path | None, any_version: bool) -> Any:
    """Load an exported model.

    Raises
    ------
    UserError
        If a row is given without its table, or as in `load_model`.
    """
    from rakuten_bench.interface.model import load_model

    if (row is None) != (table is None):
        message = f"{path}: --row needs --table, and --table needs --row."
        raise UserError(message)
    return load_model(path, any_version=any_version, warn=partial(echo, err=True))


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
