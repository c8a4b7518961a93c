"""`rakuten-bench check`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from rakuten_bench.cli._option import (
    board_option,
    cache_option,
    data_dir_option,
    format_option,
    results_option,
)
from rakuten_bench.cli._stream import echo_as, terminal_width
from rakuten_bench.errors import UserError
from rakuten_bench.interface.printing import echo
from rakuten_bench.interface.writing import write_file
from rakuten_bench.metric import METRICS
from rakuten_bench.wording.format import FORMATS, list_formats

_SUFFIXES = {FORMATS[name].suffix: name for name in list_formats("junit")}


@click.command("check", short_help="Check whether a scenario got worse.")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("results/baseline.json"),
    show_default=True,
    help="File to compare with.",
)
@click.option("--update", is_flag=True, help="Write the baseline from the records.")
@click.option(
    "--rows/--no-rows",
    default=None,
    help="With --update: store predictions too; default: as in the present baseline.",
)
@board_option("Only this board or data set; with FILE as in `run`.")
@click.option("--seed", type=int, help="With FILE: seed to use instead of the file's.")
@data_dir_option("With FILE: folder of your data.")
@cache_option("With FILE: cache of step results.")
@click.option(
    "--metric",
    type=click.Choice([*METRICS]),
    help="Score to compare; by default the one that FILE was approved with.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=1),
    default=0.01,
    show_default=True,
    help="Decrease that counts as worse if the baseline has no rows.",
)
@format_option("junit")
@click.option(
    "--write",
    "outputs",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Also write it to a .md, .xml (JUnit), .json or .txt file.",
)
@results_option()
@click.pass_context
def command(
    ctx: click.Context,
    /,
    baseline: Path,
    update: bool,
    rows: bool | None,
    metric: str | None,
    tolerance: float,
    format_: str,
    outputs: tuple[Path, ...],
    **words: Any,
) -> None:
    """Check whether a scenario of FILE got worse than in the baseline.

    Each scenario of the baseline is looked up in the present FILE, by its name or else
    its code, and its current record is compared: run FILE first. Without FILE, all
    scenarios of the baseline are checked, against the last run of each file.

    If the baseline has rows, by a paired test with at most 5 % false alarms per check;
    else by a tolerance. Exit code: 0 if nothing got worse, 1 if something did, 2 if a
    scenario can't be measured: it is no longer in FILE, has no current record, or its
    data changed. --update approves the scores of the records, and lists what is worse
    or removed.

    \b
    Example:
      rakuten-bench check scenarios/gate/ci.yaml --update --rows
      rakuten-bench check scenarios/gate/ci.yaml
      rakuten-bench check scenarios/gate/ci.yaml --write check.xml --write check.md
    """
    from rakuten_bench.interface.gate import Scope, check_scores, update_baseline

    check_words(baseline, update, rows, tolerance, outputs)
    scope = Scope(words.pop("files"), **words)
    if update:
        lines = update_baseline(scope, baseline, rows, metric)
        echo("\n".join(lines), err=True)
        return
    found = check_scores(scope, baseline, metric, tolerance)
    for file in outputs:
        write_file(file, found.render(_SUFFIXES[file.suffix.lower()]))
    echo_as(format_, found.render(format_, terminal_width()))
    ctx.exit(found.exit_code)


def check_words(
    baseline: Path,
    update: bool,
    rows: bool | None,
    tolerance: float,
    outputs: Sequence[Path],
) -> None:
    """Reject incompatible options, before anything is read.

    Raises
    ------
    UserError
    """
    if math.isnan(tolerance):
        message = "--tolerance 'nan' is not a number between 0 and 1."
        raise UserError(message)
    if rows is not None and not update:
        message = "--rows and --no-rows need --update."
        raise UserError(message)
    if outputs and update:
        message = "--write can't be combined with --update."
        raise UserError(message)
    for file in outputs:
        if file.suffix.lower() not in _SUFFIXES:
            message = f"{file}: write to a file that ends in {', '.join(_SUFFIXES)}."
            raise UserError(message)
        if file.resolve() == baseline.resolve():
            message = f"{file}: is the baseline. Write to another file."
            raise UserError(message)
