"""The gate: whether a scenario got worse than in the baseline, and approving scores."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench import gate, records
from rakuten_bench.data import DATASETS
from rakuten_bench.engine import Settings, describe_run, prepare
from rakuten_bench.errors import UserError, writing
from rakuten_bench.gate import TOLERANCE, Baseline, Today
from rakuten_bench.interface.printing import printable
from rakuten_bench.interface.study import Study
from rakuten_bench.records import StudyRun, dataset_of, plain_name
from rakuten_bench.scenario.load import load_study
from rakuten_bench.store.layout import default_cache
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

Source = Study | str | Path


@dataclass(frozen=True)
class Scope:
    """Which scenarios are checked, and where their records and data are.

    Attributes
    ----------
    studies : sequence of Study, str or Path
        Studies or scenario files; empty for the last run of each.
    results : Path
    dataset : str or None
        Only this board or data set; for a scenario file also the data set that
        replaces the file's.
    seed : int or None
        For a scenario file: the seed that replaces the file's.
    data_dir, cache : Path or None
    """

    studies: Sequence[Source] = ()
    results: Path = Path("results")
    dataset: str | None = None
    seed: int | None = None
    data_dir: Path | None = None
    cache: Path | None = None

    def includes(self, board: str) -> bool:
        """Return whether a board is to be checked."""
        names = (board, plain_name(board), dataset_of(board))
        return self.dataset is None or self.dataset in names


class CheckResult:
    """What became of each scenario of a baseline.

    Attributes
    ----------
    exit_code : {0, 1, 2}
        1 if a scenario got worse, 2 if one or all can't be measured, else 0.
    remarks : tuple of str
    """

    def __init__(self, judgement: gate.Judgement) -> None:
        self._judgement = judgement
        self.exit_code = gate.exit_code(judgement.verdicts)
        self.remarks = judgement.remarks

    @property
    def passed(self) -> bool:
        """Whether all scenarios were measured and none got worse."""
        return self.exit_code == 0

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each scenario.

        Returns
        -------
        DataFrame of shape (n_scenarios, n_columns)
            Indexed by board and code: name, status ("ok", "regressed", "improved",
            "missing", ...), the score `before` and `now`, its name as `metric`, the
            `change`, and the `reason`.
        """
        import pandas as pd

        columns = (
            *("board", "code", "name", "status", "metric", "before", "now", "change"),
            "reason",
        )
        rows = [
            [getattr(one, name) for name in columns] for one in self._judgement.verdicts
        ]
        return pd.DataFrame(rows, columns=[*columns]).set_index(["board", "code"])

    def render(self, format_: str = "table", width: int = 100) -> str:
        """Return the verdicts as text.

        Parameters
        ----------
        format_ : {"table", "markdown", "junit", "json"}
        width : int
            Columns of a table.

        Raises
        ------
        UserError
            For another format.
        """
        return gate.render_judgement(self._judgement, format_, width)

    def __repr__(self) -> str:
        return printable(self.render().rstrip())

    def _repr_html_(self) -> str:
        page: str = self.to_frame().to_html(notebook=True)
        return page


def check(  # noqa: PLR0913  (the options of `rakuten-bench check`)
    *studies: Source,
    baseline: str | Path = "results/baseline.json",
    metric: str | None = None,
    tolerance: float = TOLERANCE,
    results: str | Path = "results",
    dataset: str | None = None,
    seed: int | None = None,
    data_dir: str | Path | None = None,
    cache: str | Path | None = None,
) -> CheckResult:
    """Check whether a scenario got worse than in the baseline: run the studies first.

    If the baseline has rows, by a paired test with at most 5 % false alarms per check;
    else by a tolerance.

    Parameters
    ----------
    *studies : Study, str or Path
        Studies or scenario files; without any, all scenarios of the baseline are
        checked, against the last run of each file.
    baseline : str or Path
        File to compare with.
    metric : {"f1_weighted", "f1_macro", "accuracy"}, optional
        By default the one that each study was approved with.
    tolerance : float
        Decrease that counts as worse if the baseline has no rows.
    results : str or Path
        Folder of the records.
    dataset : str, optional
        Only this board or data set.
    seed : int, optional
        Seed to use instead of that of a scenario file.
    data_dir, cache : str or Path, optional
        Folder of the user's data, and cache, for the studies.

    Raises
    ------
    UserError
        If the baseline, a study or its data can't be read.
    """
    scope = Scope(studies, Path(results), dataset, seed, _path(data_dir), _path(cache))
    return check_scores(scope, Path(baseline), metric, tolerance)


def approve(  # noqa: PLR0913  (the options of `rakuten-bench check`)
    *studies: Source,
    baseline: str | Path = "results/baseline.json",
    rows: bool | None = None,
    metric: str | None = None,
    results: str | Path = "results",
    dataset: str | None = None,
    seed: int | None = None,
    data_dir: str | Path | None = None,
    cache: str | Path | None = None,
) -> tuple[str, ...]:
    """Write the scores of the records to the baseline: they are what `check` expects.

    Parameters
    ----------
    *studies : Study, str or Path
    baseline : str or Path
    rows : bool, optional
        Store predictions too, for a paired test; by default as in the present baseline.
    metric, results, dataset, seed, data_dir, cache :
        As of `check`.

    Returns
    -------
    tuple of str
        What was written, what got worse, and what was removed.

    Raises
    ------
    UserError
        If there are no records, or the file can't be written.
    """
    scope = Scope(studies, Path(results), dataset, seed, _path(data_dir), _path(cache))
    return update_baseline(scope, Path(baseline), rows, metric)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def check_scores(
    scope: Scope, path: Path, metric: str | None, tolerance: float
) -> CheckResult:
    """Compare today's records with a baseline.

    Raises
    ------
    UserError
        If the baseline, a study or its data can't be read.
    """
    approved = gate.read_baseline(path)
    today = read_today(scope, approved, path)
    boards = {name for name in approved.boards if scope.includes(name)}
    if not boards:
        message = f"{path}: has no scenarios of '{scope.dataset}'."
        raise UserError(message)
    return CheckResult(
        gate.judge(
            scope.results, approved, metric, tolerance, today=today, boards=boards
        )
    )


def update_baseline(
    scope: Scope, path: Path, rows: bool | None, metric: str | None
) -> tuple[str, ...]:
    """Write a baseline; return what was written, what got worse, what was removed.

    Raises
    ------
    UserError
        If there are no records, or the file can't be written.
    """
    old = gate.read_old_baseline(path)
    today = read_today(scope, old, path, everything=True)
    names = {*records.iter_boards(scope.results), *(run.board for run in today.runs)}
    boards = {name for name in names if scope.includes(name)}
    if not boards:
        of = f" of '{scope.dataset}'" if scope.dataset else ""
        message = f"{scope.results}: has no records{of}. Run some first."
        raise UserError(message)
    update = gate.update_baseline(
        scope.results, old, today, rows=rows, boards=boards, metric=metric
    )
    with writing(path):
        gate.write_baseline(path, update.baseline)
    with_rows = " with rows" if update.baseline.has_rows else ""
    count = number(update.n_approved, "scenario")
    line = f"{path}: {count} of {', '.join(update.boards)}{with_rows}"
    return (line, *today.remarks, *update.remarks)


def read_today(
    scope: Scope, baseline: Baseline, path: Path, *, everything: bool = False
) -> Today:
    """Return the present scenarios of the named studies, or those of each last run.

    Parameters
    ----------
    scope : Scope
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
        If a named study, or its data, can't be read.
    """
    results = scope.results
    if scope.studies:
        today = Today(tuple(_describe_studies(scope)), is_named=True)
        return gate.identify(today, results, baseline, path.parent)
    alone = [
        f"--{name.replace('_', '-')}"
        for name in ("seed", "data_dir", "cache")
        if getattr(scope, name)
    ]
    if alone:
        message = f"{', '.join(alone)}: needs a scenario file."
        raise UserError(message)
    last = Today.of_last_runs(results)
    today = gate.identify(last, results, baseline, path.parent)
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


def _find_change(file: Path, run: StudyRun) -> str:
    """Return that a file changed since its last run; "" if not."""
    try:
        study = load_study(file, **run.overrides)
    except UserError as error:
        return f"{run.study} can no longer be read: {error}"
    if study.digest != run.asked:
        return f"{run.study} has changed since its last run: run it"
    return ""


def _describe_studies(scope: Scope) -> Iterator[StudyRun]:
    """Yield the present scenarios of each named study."""
    known = {entry.name for entry in DATASETS}
    override = scope.dataset if scope.dataset in known else None
    cache = scope.cache or default_cache()
    settings = Settings(results=scope.results, cache=cache, data_dir=scope.data_dir)
    for source in _distinct(scope.studies):
        if isinstance(source, Study):
            study = source.resolve(cache)
        else:
            study = load_study(Path(source), dataset=override, seed=scope.seed)
        run = describe_run(prepare(study, settings, check=False), settings.results)
        if not scope.includes(run.board):
            name = source.name if isinstance(source, Study) else source
            message = (
                f"{name}: is on the board '{run.board}', not on '{scope.dataset}'."
            )
            raise UserError(message)
        yield run


def _distinct(studies: Iterable[Source]) -> list[Source]:
    """Return each file once, whatever path names it; the last of equal ones."""
    found: dict[object, Source] = {}
    for one in reversed([*studies]):
        found[one if isinstance(one, Study) else os.path.realpath(one)] = one
    return [*found.values()][::-1]
