"""`rakuten-bench check`."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rakuten_bench.cli._option import (
    board_option,
    cache_option,
    data_dir_option,
    format_option,
    results_option,
)
from rakuten_bench.cli._stream import echo_as, terminal_width
from rakuten_bench.errors import UserError, writing
from rakuten_bench.interface.printing import echo
from rakuten_bench.interface.writing import write_file
from rakuten_bench.metric import METRICS
from rakuten_bench.wording.format import FORMATS, list_formats
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    from rakuten_bench.check import Baseline, Today
    from rakuten_bench.records import StudyRun

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
    from rakuten_bench import check

    check_words(baseline, update, rows, tolerance, outputs)
    results: Path = words["results"]
    if update:
        echo(_update(baseline, rows, metric, words), err=True)
        return
    approved = check.read_baseline(baseline)
    today = read_today(words, approved, baseline)
    boards = _choose_boards(baseline, approved, words["dataset"])
    judgement = check.judge(
        results, approved, metric, tolerance, today=today, boards=boards
    )
    for file in outputs:
        text = check.render_judgement(judgement, _SUFFIXES[file.suffix.lower()])
        write_file(file, text)
    width = terminal_width()
    echo_as(format_, check.render_judgement(judgement, format_, width))
    ctx.exit(check.exit_code(judgement.verdicts))


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


def _update(
    path: Path, rows: bool | None, metric: str | None, words: Mapping[str, Any]
) -> str:
    """Write the baseline and print a summary."""
    from rakuten_bench import check, records

    results, dataset = words["results"], words["dataset"]
    old = check.read_old_baseline(path)
    today = read_today(words, old, path, everything=True)
    names = {*records.iter_boards(results), *(run.board for run in today.runs)}
    boards = {name for name in names if _is(name, dataset)}
    if not boards:
        of = f" of '{dataset}'" if dataset else ""
        message = f"{results}: has no records{of}. Run some first."
        raise UserError(message)
    update = check.update_baseline(
        results, old, today, rows=rows, boards=boards, metric=metric
    )
    with writing(path):
        check.write_baseline(path, update.baseline)
    with_rows = " with rows" if update.baseline.has_rows else ""
    count = number(update.n_approved, "scenario")
    line = f"{path}: {count} of {', '.join(update.boards)}{with_rows}"
    return "\n".join([line, *today.remarks, *update.remarks])


def read_today(
    words: Mapping[str, Any],
    baseline: Baseline,
    path: Path,
    *,
    everything: bool = False,
) -> Today:
    """Return the present scenarios of the named files, or those of each file's last run.

    Parameters
    ----------
    words : mapping of str to Any
        Options of the command line.
    baseline : Baseline
    path : Path
        Of the baseline.
    everything : bool
        Whether all files must be unchanged since their last run, not only those in the
        baseline.

    Returns
    -------
    Today
        Its files have the names of the baseline.

    Raises
    ------
    UserError
        If a named file, or its data, can't be read.
    """
    from rakuten_bench.check import Today, identify

    results: Path = words["results"]
    if words["files"]:
        today = Today(tuple(_read_files(words)), is_named=True)
        return identify(today, results, baseline, path.parent)
    alone = [f"--{name.replace('_', '-')}" for name in _WITH_FILE if words[name]]
    if alone:
        message = f"{', '.join(alone)}: needs a scenario file."
        raise UserError(message)
    last = Today.of_last_runs(results)
    today = identify(last, results, baseline, path.parent)
    names = None if everything else baseline.names
    return _with_changes(today, results, names)


def _with_changes(today: Today, results: Path, names: Collection[str] | None) -> Today:
    """Note which files have changed since their last run; only named ones, or all."""
    changed, gone = {}, []
    for run in today.runs:
        is_other = names is not None and run.study not in names
        if is_other or not run.path:
            continue
        file = Path(os.path.normpath(results.resolve() / run.path))
        if not file.exists():
            gone.append(f"{run.study} not found at {file}: its last run is used.")
        elif problem := _find_change(file, run):
            changed[run.study] = problem
    return replace(today, changed=changed, remarks=tuple(gone))


_WITH_FILE = ("seed", "data_dir", "cache")


def _find_change(file: Path, run: StudyRun) -> str:
    """Return that a file changed since its last run; "" if not."""
    from rakuten_bench.scenario.load import load_study

    try:
        study = load_study(file, **run.overrides)
    except UserError as error:
        return f"{run.study} can no longer be read: {error}"
    if study.digest != run.asked:
        return f"{run.study} has changed since its last run: run it"
    return ""


def _read_files(words: Mapping[str, Any]) -> Iterator[StudyRun]:
    """Yield the present scenarios of each named file."""
    from rakuten_bench.data import DATASETS
    from rakuten_bench.engine import Settings, describe_run, prepare
    from rakuten_bench.scenario.load import load_study
    from rakuten_bench.store.layout import default_cache

    dataset = words["dataset"]
    known = {entry.name for entry in DATASETS}
    settings = Settings(
        results=words["results"],
        cache=words["cache"] or default_cache(),
        data_dir=words["data_dir"],
    )
    for file in _distinct(words["files"]):
        override = dataset if dataset in known else None
        study = load_study(file, dataset=override, seed=words["seed"])
        run = describe_run(prepare(study, settings, check=False), settings.results)
        if not _is(run.board, dataset):
            message = f"{file}: is on the board '{run.board}', not on '{dataset}'."
            raise UserError(message)
        yield run


def _distinct(files: Sequence[Path]) -> list[Path]:
    """Return each file once, whatever path names it."""
    return [*{os.path.realpath(file): file for file in reversed(files)}.values()][::-1]


def _is(board: str, dataset: str | None) -> bool:
    from rakuten_bench.records import dataset_of, plain_name

    names = (board, plain_name(board), dataset_of(board))
    return dataset is None or dataset in names


def _choose_boards(path: Path, baseline: Baseline, dataset: str | None) -> set[str]:
    """Return the selected boards of a baseline."""
    boards = {name for name in baseline.boards if _is(name, dataset)}
    if not boards:
        message = f"{path}: has no scenarios of '{dataset}'."
        raise UserError(message)
    return boards
