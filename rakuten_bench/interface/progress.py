"""Progress of a run: a bar in a terminal, lines elsewhere, nothing if quiet."""

from __future__ import annotations

import html
import importlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from rakuten_bench.interface.printing import echo
from rakuten_bench.interface.watching import PATIENCE
from rakuten_bench.metric import CLUSTER_METRIC, CLUSTER_METRICS, DEFAULT_METRIC
from rakuten_bench.wording.words import escape_controls

if TYPE_CHECKING:
    from rakuten_bench.engine import Progress
    from rakuten_bench.records import Record

_SECONDS_BETWEEN_LINES = 30.0
_FIRST_SECONDS = 60.0  # of a run, in which lines come faster
_BRIEF = 0.5  # seconds: shorter preparations have no line of their own
_FRESH = 2.0  # seconds after an event of the run in which preparations are not shown
_LEAST_BAR, _MOST_BAR = 4, 24  # columns
_MOST_WORDS = 76  # columns of the counts of a large run
_MOST_NOTES = 5
_MOST_LINES = 50  # in a notebook
_SECONDS_BETWEEN_DRAWINGS = 0.25  # of a notebook


class Display(Protocol):
    """Shows the progress of a run."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End and restore the terminal."""

    def show(self, progress: Progress) -> None:
        """Show one event."""

    def say(self, text: str) -> None:
        """Show a line."""

    def begin(self, text: str) -> None:
        """Show what is being prepared."""

    def beat(self, text: str) -> None:
        """Show how far that is, where the run itself reports nothing."""


def choose_display(*, quiet: bool) -> Display:
    """Return the display that suits a notebook, or standard error."""
    if quiet:
        return Quiet()
    if _is_notebook():
        return Notebook()
    return Bar() if _is_terminal() else Lines()


def _is_notebook() -> bool:
    """Return whether this process runs the cells of a notebook."""
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")


def _is_terminal() -> bool:
    """Return whether stderr is a terminal that can redraw lines.

    A notebook's stream is not a terminal; but a command started with "!" in a notebook
    gets a terminal whose cursor can't be moved.
    """
    is_dumb = os.environ.get("TERM") == "dumb"
    if is_dumb or "JPY_PARENT_PID" in os.environ:  # set by Jupyter for its kernels
        return False
    ask = getattr(sys.stderr, "isatty", None)
    return ask is not None and bool(ask())


class Quiet:
    """Shows only notices about a stalled run."""

    def __init__(self) -> None:
        self._notice = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, progress: Progress) -> None:
        """Print what all steps are waiting for, once."""
        if progress.notice not in ("", self._notice):
            self._notice = progress.notice
            echo(progress.notice, err=True)

    def say(self, text: str) -> None:
        """Show nothing."""

    def begin(self, text: str) -> None:
        """Show nothing."""

    def beat(self, text: str) -> None:
        """Show nothing."""


class Lines(Quiet):
    """One line for each scenario, and occasionally one for the steps: for logs.

    In the first minute, no silence is longer than some seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()
        self._said = self._heard = 0.0

    def begin(self, text: str) -> None:
        """Print what is being prepared, unless something was printed just now."""
        if time.monotonic() - self._said > _BRIEF:
            self.say(text)

    def beat(self, text: str) -> None:
        """Print it again after a silence."""
        if time.monotonic() - max(self._said, self._heard) > PATIENCE:
            self.say(text)

    def show(self, progress: Progress) -> None:
        """Print a line if there is news, or after a long silence."""
        now = self._heard = time.monotonic()
        is_early = now - self._began < _FIRST_SECONDS
        most = (
            min(PATIENCE, _SECONDS_BETWEEN_LINES)
            if is_early
            else _SECONDS_BETWEEN_LINES
        )
        if progress.notice != self._notice:
            self._notice = progress.notice
            self.say(progress.notice or "Resumed.")
        if progress.record:
            self.say(scenario_line(progress))
        elif now - self._said > most:
            self.say(" · ".join(filter(None, (step_line(progress), progress.doing))))

    def say(self, text: str) -> None:
        """Print a line."""
        self._said = time.monotonic()
        echo(text, err=True)


class Bar(Quiet):
    """A bar with counts and the time left; failures are printed above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        super().__init__()
        console = Console(stderr=True)
        room = console.width - _MOST_WORDS
        self._rich = RichProgress(
            BarColumn(bar_width=max(_LEAST_BAR, min(_MOST_BAR, room))),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
        )
        self._task: Any = self._rich.add_task("starting", total=None)
        self._step: Any = self._rich.add_task("", total=None, visible=False)
        self._heard = 0.0

    def begin(self, text: str) -> None:
        """Show what is being prepared."""
        self.beat(text)

    def beat(self, text: str) -> None:
        """Show what is being done, unless the run has just reported how far it is."""
        if time.monotonic() - self._heard > _FRESH:
            shown = escape_controls(text)[:_MOST_WORDS]
            self._rich.update(self._task, description=shown)

    def __enter__(self) -> Self:
        self._rich.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._rich.stop()

    def show(self, progress: Progress) -> None:
        """Update the bar; print failures, and what the run is waiting for."""
        record = progress.record
        self._heard = time.monotonic()
        if progress.notice != self._notice:
            self._notice = progress.notice
            self.say(progress.notice or "Resumed.")
        if record and record.status != "ok":
            self.say(scenario_line(progress))
        done = progress.n_computed
        total = max(done + progress.n_left, 1)
        self._rich.update(
            self._task, completed=done, total=total, description=step_line(progress)
        )
        doing = escape_controls(progress.doing)[:_MOST_WORDS]
        self._rich.update(self._step, description=doing, visible=bool(doing))

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._rich.console.print(escape_controls(text), markup=False, highlight=False)


class Notebook(Quiet):
    """A bar below the cell, and failures below it."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Any = importlib.import_module("IPython.display")
        self._handle: Any = None
        self._lines: list[str] = []
        self._bar = ""
        self._drawn = 0.0
        self._heard = 0.0

    def begin(self, text: str) -> None:
        """Show what is being prepared."""
        self.beat(text)

    def beat(self, text: str) -> None:
        """Show what is being done, unless the run has just reported how far it is."""
        if time.monotonic() - self._heard > _FRESH:
            self._bar = f"<progress></progress> {_escape(text)}"
            self._draw_soon()

    def __enter__(self) -> Self:
        self._handle = self._shown.display(self._shown.HTML(""), display_id=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar = ""
        self._draw()

    def show(self, progress: Progress) -> None:
        """Update the bar; print failures, and what the run is waiting for."""
        record = progress.record
        if progress.notice != self._notice:
            self._notice = progress.notice
            self._lines.append(progress.notice or "Resumed.")
        if record and record.status != "ok":
            self._lines.append(scenario_line(progress))
        self._heard = time.monotonic()
        total = max(progress.n_computed + progress.n_left, 1)
        words = " · ".join(filter(None, (step_line(progress), progress.doing)))
        self._bar = (
            f'<progress value="{progress.n_computed}" max="{total}"></progress> '
            f"{_escape(words)}"
        )
        self._draw_soon()

    def _draw_soon(self) -> None:
        if time.monotonic() - self._drawn > _SECONDS_BETWEEN_DRAWINGS:
            self._draw()

    def say(self, text: str) -> None:
        """Print a line below the bar."""
        self._lines.append(text)
        self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        text = _escape("\n".join(self._lines[-_MOST_LINES:]))
        style = "white-space: pre-wrap"
        page = f'<div>{self._bar}<pre style="{style}">{text}</pre></div>'
        self._handle.update(self._shown.HTML(page))


def _escape(text: str) -> str:
    return html.escape("\n".join(map(escape_controls, text.split("\n"))))


def scenario_line(progress: Progress) -> str:
    """Return a line on the result of a scenario."""
    record = progress.record
    if record is None:
        return ""
    name = f" {record.name}" if record.name else ""
    return (
        f"[{progress.n_done}/{progress.n_todo}] {record.code}{name}: {_result(record)} "
        f"({record.own_time:.1f} s own, {record.saved_time:.1f} s saved)"
    )


def _result(record: Record) -> str:
    """Return the score of a scenario, or why it has none."""
    if record.scores:
        return f"{DEFAULT_METRIC} {getattr(record.scores, DEFAULT_METRIC):.4f}"
    if record.clustering:
        title = CLUSTER_METRICS[CLUSTER_METRIC]
        return f"{title.words} {getattr(record.clustering, CLUSTER_METRIC):.4f}"
    return f"{record.status}: {_cause(record)}"


def _cause(record: Record) -> str:
    """Return the first line of a scenario's error; the record has the rest."""
    return record.error.message.strip().partition("\n")[0] if record.error else ""


def step_line(progress: Progress) -> str:
    """Return the counts and the time left.

    Such as "scenarios 3/48 · steps 20/150 · 12 shared · 1 failed · 40 s left".
    """
    from rakuten_bench.units import render_duration

    total = progress.n_computed + progress.n_left
    words = [
        f"scenarios {progress.n_done}/{progress.n_todo}",
        f"steps {progress.n_computed}/{total}",
        f"{progress.n_shared} shared",
        f"{progress.n_failed} failed",
        f"{render_duration(progress.seconds_left)} left",
    ]
    return " · ".join(words)


def iter_note_lines(notes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the notes of records, those of most scenarios first.

    Parameters
    ----------
    notes : mapping of str to sequence of str
        The codes of the scenarios of each note.
    """
    from rakuten_bench.wording.words import clean, number

    order = sorted(notes, key=lambda note: -len(notes[note]))
    for note in order[:_MOST_NOTES]:
        yield f"note: {clean(note)} ({number(len(notes[note]), 'scenario')})"
    if left := order[_MOST_NOTES:]:
        yield f"... {number(len(left), 'more note')}: rakuten-bench show {notes[left[0]][0]}"
