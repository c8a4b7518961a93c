"""`rakuten-bench check`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rakuten_bench.cli._writing import write_file
from rakuten_bench.errors import UserError, writing

if TYPE_CHECKING:
    from rakuten_bench.check import Baseline, Verdict

_SUFFIXES = {".txt": "table", ".md": "markdown", ".xml": "junit", ".json": "json"}


@click.command()
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("results/baseline.json"),
    show_default=True,
    help="File to compare with.",
)
@click.option("--update", is_flag=True, help="Write the baseline from the records.")
@click.option("--rows", is_flag=True, help="With --update: keep predictions too.")
@click.option("--dataset", metavar="NAME", help="Only this board or data set.")
@click.option(
    "--metric",
    type=click.Choice(["f1_weighted", "f1_macro", "accuracy"]),
    default="f1_weighted",
    show_default=True,
    help="Score to compare.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=1),
    default=0.01,
    show_default=True,
    help="Fall that counts where the baseline has no rows.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "junit", "json"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--write",
    "files",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="Also write it to a .md, .xml (JUnit), .json or .txt file.",
)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of the records.",
)
@click.pass_context
def command(
    ctx: click.Context,
    baseline: Path,
    update: bool,
    rows: bool,
    dataset: str | None,
    metric: str,
    tolerance: float,
    form: str,
    files: tuple[Path, ...],
    results: Path,
) -> None:
    """Tell whether a scenario got worse than in the baseline.

    Where the baseline has rows, by a paired test that calls a false alarm in 5 % of
    checks at most; else by a tolerance. Exit code: 0 if nothing got worse, 1 if
    something did, 2 if a scenario can't be measured.

    \b
    Example:
      rakuten-bench check --update --rows
      rakuten-bench check
      rakuten-bench check --write check.xml --write check.md
    """
    from rakuten_bench import check

    if update:
        click.echo(_update(baseline, results, dataset, rows), err=True)
        return
    approved = _only(check.read_baseline(baseline), dataset)
    verdicts = check.judge(results, approved, metric, tolerance)
    for file in files:
        _write(file, verdicts, metric)
    width = shutil.get_terminal_size((100, 24)).columns
    click.echo(check.render_verdicts(verdicts, metric, form, width), nl=False)
    ctx.exit(check.exit_code(verdicts))


def _update(path: Path, results: Path, dataset: str | None, rows: bool) -> str:
    """Write the baseline and say what is in it."""
    from rakuten_bench import check, records

    boards = [name for name in records.iter_boards(results) if _is(name, dataset)]
    if not boards:
        message = f"{results}: holds no records of that data set. Run some first."
        raise UserError(message)
    old = check.read_baseline(path) if path.exists() else check.Baseline()
    new, left_out = check.update_baseline(results, old, boards, rows)
    with writing(path):
        check.write_baseline(path, new)
    n_scenarios = sum(len(new.boards[board]) for board in boards)
    lines = [f"{path}: {n_scenarios} scenarios of {', '.join(boards)}"]
    return "\n".join([*lines, *(f"left out: {line}" for line in left_out)])


def _is(board: str, dataset: str | None) -> bool:
    return dataset is None or dataset in (board, board.partition("@")[0])


def _only(baseline: Baseline, dataset: str | None) -> Baseline:
    """Return the part of a baseline that is asked for."""
    from rakuten_bench import check

    boards = {name: b for name, b in baseline.boards.items() if _is(name, dataset)}
    if not boards:
        message = f"the baseline has no scenarios of '{dataset}'."
        raise UserError(message)
    return check.Baseline(boards=boards)


def _write(file: Path, verdicts: Sequence[Verdict], metric: str) -> None:
    from rakuten_bench import check

    if file.suffix not in _SUFFIXES:
        message = f"{file}: write to a file that ends in {', '.join(_SUFFIXES)}."
        raise UserError(message)
    text = check.render_verdicts(verdicts, metric, _SUFFIXES[file.suffix])
    write_file(file, text)
