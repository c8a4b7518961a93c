"""What a run of a study would do: steps, what is shared and cached, and the cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from rakuten_bench.engine import Prepared
from rakuten_bench.engine.forecast import Forecast
from rakuten_bench.interface.printing import printable
from rakuten_bench.wording.words import clean, number

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.plan import Plan
    from rakuten_bench.scenario import Scenario


class StudyPlan:
    """A plan of a study and its forecast; nothing was run. Made by `Study.plan`.

    Attributes
    ----------
    board : str
        Name of the board that a run would add to.
    seconds, wall_seconds : float
        Forecast of the work, and of the time from start to end.
    memory, disk : int
        Forecast of the bytes that the steps need, and write to the cache.
    n_guessed : int
        Steps without history here, whose cost is a guess.
    """

    def __init__(self, prepared: Prepared, forecast: Forecast) -> None:
        self._prepared = prepared
        self._forecast = forecast
        self.board = prepared.board
        self.seconds, self.wall_seconds = forecast.seconds, forecast.wall
        self.memory, self.disk = forecast.memory, forecast.size
        self.n_guessed = forecast.n_unknown

    @property
    def n_scenarios(self) -> int:
        """Number of scenarios."""
        return len(self._prepared.plan.scenarios)

    @property
    def n_to_run(self) -> int:
        """Number of scenarios without a current record."""
        return len(self._prepared.todo)

    @property
    def n_steps(self) -> int:
        """Number of steps, each counted once."""
        return len(self._prepared.plan.steps)

    @property
    def n_shared(self) -> int:
        """Number of step computations that sharing between scenarios saves."""
        return self._prepared.plan.n_shared

    @cached_property
    def n_cached(self) -> int:
        """Number of steps whose results are in the cache."""
        return self._cached.total()

    @cached_property
    def _cached(self) -> Counter[str]:
        steps, store = self._prepared.plan.steps, self._prepared.store
        return Counter(step.lever for key, step in steps.items() if key in store)

    def to_frame(self) -> pd.DataFrame:
        """Return the steps by lever.

        Returns
        -------
        DataFrame of shape (n_levers, 4)
            Indexed by lever; numbers of `steps`, of those `cached` and `to_compute`, and
            their forecast `seconds`.
        """
        import pandas as pd

        steps = self._prepared.plan.steps.values()
        total = Counter(step.lever for step in steps)
        rows = {
            lever: {
                "steps": count,
                "cached": self._cached[lever],
                "to_compute": self._forecast.missing[lever],
                "seconds": self._forecast.by_lever.get(lever, 0.0),
            }
            for lever, count in total.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("lever")

    def scenarios(self) -> pd.DataFrame:
        """Return the scenarios, and whether a run would compute them.

        Returns
        -------
        DataFrame of shape (n_scenarios, 3)
            Indexed by code; `name`, `to_run`, and `levers` that are not the plain ones.
        """
        import pandas as pd

        todo = set(self._prepared.todo)
        rows = [
            {
                "code": code,
                "name": scenario.name,
                "to_run": code in todo,
                "levers": _list_levers(scenario),
            }
            for code, scenario in self._prepared.plan.scenarios.items()
        ]
        columns = ["code", "name", "to_run", "levers"]
        return pd.DataFrame(rows, columns=columns).set_index("code")

    def iter_scenario_lines(self) -> Iterator[str]:
        """Yield a line for each scenario."""
        todo = set(self._prepared.todo)
        for code, scenario in self._prepared.plan.scenarios.items():
            mark = "to run" if code in todo else "done"
            yield f"{code}  {mark:<6}  {scenario.name or _list_levers(scenario)}"

    def __repr__(self) -> str:
        return printable(_render_plan(self._prepared, self._forecast, self._cached))

    def _repr_html_(self) -> str:
        from html import escape

        lines = _head_lines(self._prepared, self._forecast, self.n_cached)
        page: str = self.to_frame().to_html(float_format="{:.1f}".format, notebook=True)
        return f"<pre>{escape(chr(10).join(lines))}</pre>{page}"


def _list_levers(scenario: Scenario) -> str:
    return ", ".join(f"{choice.lever} {choice}" for choice in scenario.iter_changed())


def _render_plan(prepared: Prepared, forecast: Forecast, cached: Counter[str]) -> str:
    """Return the plan in numbers, with the steps by lever."""
    plan = prepared.plan
    lines = [
        *_head_lines(prepared, forecast, cached.total()),
        *prepared.study.remarks,
        *prepared.remarks,
        *map(clean, prepared.dataset.remarks),
        "",
        _lever_table(plan, forecast, cached),
        *_slow_lines(forecast),
        *_lacking_lines(forecast),
    ]
    return "\n".join(lines)


def _head_lines(prepared: Prepared, forecast: Forecast, n_cached: int) -> list[str]:
    plan = prepared.plan
    dropped = sum(prepared.study.dropped.values())
    return [
        f"board      {prepared.board} ({number(len(prepared.dataset.frame), 'row')}, "
        f"{prepared.split.scheme}, {number(len(prepared.split.folds), 'fold')})",
        f"scenarios  {len(plan.scenarios):,} ({len(prepared.todo):,} to run, "
        f"{number(dropped, 'impossible combination')} skipped)",
        f"steps      {len(plan.steps):,} ({plan.asked:,} without sharing, "
        f"{n_cached:,} cached)",
        f"forecast   {_forecast_line(forecast)}",
    ]


def _lever_table(plan: Plan, forecast: Forecast, cached: Counter[str]) -> str:
    """Return the number of steps of each lever and their forecast, with a total."""
    from tabulate import tabulate

    from rakuten_bench.units import render_duration

    total = Counter(step.lever for step in plan.steps.values())
    counts = (total, cached, forecast.missing)
    rows = [
        (
            lever,
            *(one[lever] for one in counts),
            render_duration(forecast.by_lever[lever]),
        )
        for lever in total
    ]
    whole = (one.total() for one in counts)
    table: str = tabulate(
        [*rows, ("total", *whole, render_duration(forecast.seconds))],
        headers=["lever", "steps", "cached", "to compute", "forecast"],
        colalign=("left", "right", "right", "right", "right"),
    )
    return table


def _lacking_lines(forecast: Forecast) -> list[str]:
    """Return the options that can't run on this machine, and why."""
    lines = [f"{one.lever} {one}: {words}." for one, words in forecast.lacking.items()]
    return ["", "Can't run on this machine:", *lines] if lines else []


def _slow_lines(forecast: Forecast) -> list[str]:
    """Return slow options, how their time grows, and faster alternatives."""
    from rakuten_bench.units import render_duration

    lines = []
    for choice, (seconds, effort) in sorted(
        forecast.slow.items(), key=lambda item: -item[1][0]
    ):
        growth = f", growing with rows^{effort.power:g}" if effort.power > 1 else ""
        lines.append(
            f"{choice.lever} {choice}: about {render_duration(seconds)} per step{growth}"
            + (f". Scales better: {effort.instead}." if effort.instead else ".")
        )
    return ["", "Slow:", *lines] if lines else []


def _forecast_line(forecast: Forecast) -> str:
    """Return the forecast of a run, and how much of it is a guess."""
    from rakuten_bench.units import render_duration, render_size

    if not forecast.missing:
        return "nothing to compute"
    line = (
        f"{render_duration(forecast.wall)} ({render_duration(forecast.seconds)} of "
        f"work), {render_size(forecast.memory)} of memory, "
        f"{render_size(forecast.size)} of disk"
    )
    if not forecast.n_unknown:
        return line
    are = "is" if forecast.n_unknown == 1 else "are"
    return f"{line}; {number(forecast.n_unknown, 'step')} without history {are} guessed"
