"""A board: the ranked scenarios of one data set, one split and one subset."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench import report
from rakuten_bench.activity import announce
from rakuten_bench.errors import UserError, unknown
from rakuten_bench.interface.comparison import ScenarioComparison
from rakuten_bench.interface.effect import LeverEffects
from rakuten_bench.interface.example import find_examples
from rakuten_bench.interface.page import find_varying
from rakuten_bench.interface.printing import printable
from rakuten_bench.interface.result import ScenarioResult
from rakuten_bench.metric import CLUSTER_METRICS, METRICS
from rakuten_bench.plan.source_facts import KNOWN_SOURCES
from rakuten_bench.records import Row
from rakuten_bench.store.layout import default_cache
from rakuten_bench.wording.words import Wording, lever_names

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_SHOWN = 20  # scenarios of a text or a page of a notebook


class Board:
    """The scenarios that ran on the same rows, best first.

    Iterating gives the scenarios with scores, by rank; `board[code]` any scenario, by
    its code or its name. Made by `run` and `load_board`.

    Attributes
    ----------
    name : str
        Of the board's folder under `results`.
    metric : {"f1_weighted", "f1_macro", "accuracy"}
        The score that it is ranked by.
    """

    def __init__(
        self,
        board: report.Ranking,
        cache: Path | None = None,
        data_dir: Path | None = None,
    ) -> None:
        self._board = board
        self._cache = cache
        self._data_dir = data_dir
        self.name = board.name
        self.metric = board.metric

    @property
    def title(self) -> str:
        """Data set, number of test rows and split, in words."""
        return self._board.title

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is excluded from the board and why, and what is odd about the data."""
        return (*self._board.left_out, *self._board.dataset.remarks)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The records of all scenarios in short, ranked first."""
        return tuple(entry.row for entry in self._board.everyone)

    @property
    def best(self) -> ScenarioResult:
        """The scenario of the first rank.

        Raises
        ------
        UserError
            If no scenario has scores.
        """
        if not self._board.entries:
            message = f"{self.name}: no scenario has scores. See board.failures."
            raise UserError(message)
        return self._result(self._board.entries[0])

    @property
    def failures(self) -> tuple[ScenarioResult, ...]:
        """Scenarios without scores; their `error` says why."""
        return tuple(map(self._result, self._board.failures))

    @property
    def clusterings(self) -> tuple[ScenarioResult, ...]:
        """Scenarios that learn without labels: never ranked."""
        return tuple(map(self._result, self._board.clusterings))

    def __len__(self) -> int:
        return len(self._board.everyone)

    def __iter__(self) -> Iterator[ScenarioResult]:
        return map(self._result, self._board.entries)

    def __contains__(self, scenario: object) -> bool:
        return any(
            scenario in (entry.code, entry.row.name) for entry in self._board.everyone
        )

    def __getitem__(self, scenario: str) -> ScenarioResult:
        """Return one scenario.

        Parameters
        ----------
        scenario : str
            Its code, or its name.

        Raises
        ------
        UserError
            If it is unknown, or several have this name.
        """
        everyone = self._board.everyone
        found = [entry for entry in everyone if entry.code == scenario]
        found = found or [entry for entry in everyone if entry.row.name == scenario]
        if len(found) > 1:
            codes = ", ".join(entry.code for entry in found)
            message = f"{self.name}: scenario '{scenario}' is ambiguous: {codes}."
            raise UserError(message)
        if not found:
            known = [
                word for one in everyone for word in (one.code, one.row.name) if word
            ]
            message = f"{self.name}: {unknown('scenario', scenario, known)}"
            raise UserError(message)
        return self._result(found[0])

    def _result(self, entry: report.Entry) -> ScenarioResult:
        return ScenarioResult(entry, self._board.subset, self._cache, self._data_dir)

    def to_frame(self) -> pd.DataFrame:
        """Return the board as a table, failures last.

        Returns
        -------
        DataFrame of shape (n_scenarios, n_columns)
            Indexed by code: rank, group, name, each lever, the scores between 0 and 1
            (NaN without scores), `low` and `high` of the 95 % interval of `metric`,
            times in seconds, status and error.
        """
        import pandas as pd

        frame = pd.DataFrame(report.flat_rows([self._board]))
        numbers = [*METRICS, *CLUSTER_METRICS, "low", "high"]
        types = dict.fromkeys(("rank", "group"), "Int64") | dict.fromkeys(
            numbers, float
        )
        frame = frame.astype(types).fillna({"error": ""})
        unused = () if self._board.clusterings else CLUSTER_METRICS
        return frame.drop(columns=[*_SAME, *unused]).set_index("code")

    def effects(self) -> LeverEffects:
        """Return what each option gains or costs against the others of its lever."""
        return LeverEffects(report.lever_effects(self._board), self._board)

    def compare(
        self, a: str | ScenarioResult, b: str | ScenarioResult
    ) -> ScenarioComparison:
        """Compare scenario `b` with `a` on the same test rows.

        Parameters
        ----------
        a, b : str or ScenarioResult
            Codes or names.

        Raises
        ------
        UserError
            If one is unknown or has no scores.
        """
        folders = [
            (one if isinstance(one, ScenarioResult) else self[one]).folder
            for one in (a, b)
        ]
        return ScenarioComparison(report.compare(*folders))

    def plot(self) -> Figure:
        """Draw score against cost; a line connects the Pareto-optimal scenarios.

        Raises
        ------
        UserError
            If no scenario has scores.
        """
        from rakuten_bench.report.plot import draw_cost

        _ = self.best
        return draw_cost(self._board)

    def plot_classes(self, top: int = 5) -> Figure:
        """Draw F1 of each class for the best scenarios.

        Raises
        ------
        UserError
            If no scenario has scores.
        """
        from rakuten_bench.report.plot import draw_classes

        _ = self.best
        return draw_classes(self._board, top)

    def to_html(self, path: str | Path, *, examples: bool = True) -> Path:
        """Write the board as one offline HTML file; return its path.

        Parameters
        ----------
        path : str or Path
        examples : bool
            Whether texts and images of wrongly predicted rows are included.

        Raises
        ------
        UserError
            If the file can't be written.
        """
        from rakuten_bench.interface.writing import write_page

        found = find_examples(self._board.dataset, self._data_dir) if examples else {}
        page = report.render_page([self._board], {self.name: found})
        write_page(Path(path), page)
        return Path(path)

    def render(
        self, format_: str = "table", top: int | None = None, width: int = 100
    ) -> str:
        """Return the board as text.

        Parameters
        ----------
        format_ : {"table", "markdown", "csv", "json"}
        top : int, optional
            Number of scenarios; all by default, of a table 20.
        width : int
            Columns of a table.

        Raises
        ------
        UserError
            For another format.
        """
        return report.render_boards([self._board], format_, top, width)

    def __repr__(self) -> str:
        return printable(report.render_boards([self._board], "table", _SHOWN).rstrip())

    def _repr_html_(self) -> str:
        from html import escape

        table = self.to_frame()
        stars = table["pareto"].map({True: "*", False: ""})
        table["rank"] = table["rank"].astype("string").fillna("") + stars
        levers = lever_names(self.rows)
        others = [metric for metric in METRICS if metric != self.metric]
        columns = [
            *("rank", "group"),
            *find_varying(table, ["name", *levers]),
            *(self.metric, "low", "high", *others, "own_time"),
            *find_varying(table, ["status", "error"]),
        ]
        page = (
            table[columns]
            .head(_SHOWN)
            .to_html(float_format="{:.4f}".format, na_rep="", notebook=True)
        )
        lines = report.board_remarks(self._board, Wording(self.rows))
        remarks = "".join(f"<li>{escape(line)}</li>" for line in lines)
        return f"<p><b>{escape(self.title)}</b></p>{page}<ul>{remarks}</ul>"


#: The same in each row of a board.
_SAME = ("dataset", "board", "subset", "metric")


def load_board(
    results: str | Path = "results",
    dataset: str | None = None,
    *,
    metric: str | None = None,
    subset: str = "",
    cache: str | Path | None = None,
    data_dir: str | Path | None = None,
) -> Board:
    """Read and rank the records of one board.

    Parameters
    ----------
    results : str or Path
        Folder of the records.
    dataset : str, optional
        Name of the board or of its data set, if there are several.
    metric : {"f1_weighted", "f1_macro", "accuracy"}, optional
        Score to rank by; by default the one of the study that ran.
    subset : str
        Language code: only test rows in this language are scored.
    cache : str or Path, optional
        Cache of intervals and rank groups; by default the user's.
    data_dir : str or Path, optional
        Folder of the user's data, to show texts and images of rows.

    Raises
    ------
    UserError
        If there are no records, or several boards to choose from.
    """
    folder = Path(results)
    names = report.choose_boards(folder, dataset)
    if len(names) > 1:
        message = (
            f"{results}: has several boards: {', '.join(names)}. Name one as `dataset`."
        )
        raise UserError(message)
    if metric is not None and metric not in METRICS:
        raise UserError(unknown("metric", metric, METRICS))
    kept = Path(cache) if cache else find_cache()
    board = open_ranking(folder, names[0], metric, subset, kept)
    data = Path(data_dir) if data_dir else None
    return Board(with_standing(board, kept), kept, data)


def open_ranking(
    results: Path, name: str, metric: str | None, subset: str, cache: Path | None
) -> report.Ranking:
    """Return a board by the name of its folder, without intervals and groups."""
    announce("reading the records of %s", name)
    chosen = metric or report.choose_metric(results, name)
    return report.load_board(results, name, chosen, subset, cache)


def with_standing(
    board: report.Ranking, cache: Path | None, top: int | None = None
) -> report.Ranking:
    """Return a board with intervals and rank groups, which are kept in the cache."""
    announce("computing intervals and rank groups of %s", board.name)
    if cache is None:
        return report.with_standing(board, top)
    with KNOWN_SOURCES.kept_in(cache):
        return report.with_standing(board, top, cache)


def find_cache() -> Path | None:
    """Return the user's cache folder; None for a user without home."""
    with contextlib.suppress(UserError):
        return default_cache()
    return None
