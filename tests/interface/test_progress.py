"""Progress of a run: a bar in a terminal, plain lines in a log and in a notebook."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from dataclasses import replace

import pytest

from command_line import enter, odd_words, wait_for
from rakuten_bench.engine import Progress
from rakuten_bench.interface.progress import (
    Bar,
    Lines,
    Quiet,
    choose_display,
    iter_note_lines,
)

STUDY = """
dataset: {table: {path: shop.csv, title: name, label: kind, language: language}}
defaults: {tokenizer: regex}
scenarios:
  fine: {model: {odd: {how: pause, amount: 0.3}}}
  wrong: {model: {odd: {how: fail, amount: 3}}}
"""
NOTED = """
dataset: {table: {path: shop.csv, title: name, label: kind, language: language}}
defaults: {cleaner: {noted: {remark: half of it is missing}}}
scenarios:
  one: {model: odd}
  two: {model: dummy}
"""
LINE = re.compile(
    r"^\[[12]/2\] T\S+ (fine: f1_weighted 0\.\d{4}|wrong: failed: model odd.*no way with 3)"
    r" \(\d+\.\d s own, \d+\.\d s saved\)$",
    re.MULTILINE,
)


@pytest.fixture
def shop(odd, monkeypatch):
    (odd / "grid.yaml").write_text(STUDY)
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLUMNS", raising=False)
    return odd


def words(*more):
    return odd_words("run", "grid.yaml", *more)


def run_in_terminal(n_columns=100):
    """Run with a terminal of its own; return all that was written to it."""
    ours, theirs = pty.openpty()
    size = struct.pack("HHHH", 30, n_columns, 0, 0)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    run = subprocess.Popen(words(), stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    found = b""
    while chunk := read(ours):
        found += chunk
    assert run.wait(timeout=60) == 1
    os.close(ours)
    return found.decode()


def read(file):
    try:
        return os.read(file, 65536)
    except OSError:  # Linux says so where nobody has the other end any more
        return b""


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_in_a_terminal_one_bar_moves_and_failures_stay_above_it(shop):
    written = run_in_terminal()

    said = plain(written)
    assert "\u2501" in said or "\u2578" in said or "-----" in said
    assert re.search(r"scenarios \d/2 \u00b7 steps \d+/\d+ \u00b7 \d+ shared", said)
    assert "scenarios 2/2" in said
    assert said.count("wrong: failed") == 1
    assert "fine: f1_weighted" not in said


def test_in_a_terminal_a_long_step_shows_its_progress(shop):
    (shop / "grid.yaml").write_text(
        STUDY.replace("pause, amount: 0.3", "tell, amount: 3")
    )

    said = plain(run_in_terminal())

    assert "model odd: half of 3 s" in said


def test_in_a_log_a_long_step_shows_its_progress(shop):
    (shop / "grid.yaml").write_text(
        STUDY.replace("pause, amount: 0.3", "tell, amount: 3")
    )
    # a private constant, so that the test does not wait for half a minute
    before = """
from rakuten_bench.interface import progress as _progress
_progress._SECONDS_BETWEEN_LINES = 0.0
"""

    run = subprocess.run(
        odd_words("run", "grid.yaml", before=before),
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert re.search(r" left \u00b7 model odd: half of 3 s$", run.stderr, re.MULTILINE)


# Private constants of intervals, so that the tests don't wait for half a minute.
AT_ONCE = """
from rakuten_bench.interface import progress as _progress
from rakuten_bench.engine import progress, session
progress.REPORT_INTERVAL = session.REPORT_INTERVAL = progress.SILENT_SECONDS = 0.2
_progress._SECONDS_BETWEEN_LINES = 0.2
"""


@pytest.fixture
def gated(shop):
    """Let fitting wait for a gate; return a function that runs until something is said."""
    text = STUDY.replace("amount: 0.3", f"log: {shop}/log, gate: {shop}/gate")
    (shop / "grid.yaml").write_text(text)
    own = "  own: {model: {odd: {how: pause, amount: 3}}}\n"
    (shop / "more.yaml").write_text(text + own)

    def run_until(*patterns, study="grid.yaml", results="two"):
        said = shop / "said"
        run = odd_words(
            "run", study, "--jobs", "1", "--results", results, before=AT_ONCE
        )
        with said.open("w") as file, subprocess.Popen(run, stderr=file) as process:
            found = wait_for(
                lambda: all(
                    re.search(p, said.read_text(), re.MULTILINE) for p in patterns
                ),
                60,
            )
            (shop / "gate").touch()
            process.wait(timeout=60)
        return found or said.read_text()

    return run_until


@pytest.fixture
def other_run(gated, shop):
    """Start a run that fits until the gate is opened."""
    run = odd_words("run", "grid.yaml", "--jobs", "1", "--results", "one")
    with subprocess.Popen(run, stderr=subprocess.DEVNULL) as other:
        assert wait_for((shop / "log").exists)
        yield
        other.wait(timeout=60)


def test_a_long_step_without_progress_is_named_with_its_time(gated):
    assert gated(r" left \u00b7 model odd: \d.* so far$") is True


def test_waiting_for_another_run_is_reported(gated, other_run):
    assert gated(r"model odd: another run computes it$") is True


def test_a_run_that_waits_for_another_reports_its_own_steps_meanwhile(gated, other_run):
    both = (r"model odd: another run computes it$", r"model odd: \d.* so far$")

    assert gated(*both, study="more.yaml") is True


def test_a_terminal_is_left_as_it_was(shop):
    written = run_in_terminal()

    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") >= 1
    last = written.rpartition("\u00b7")[2]
    assert "\x1b[2K" in last  # the bar is wiped
    assert "Traceback" not in written


def test_the_time_left_is_seen_in_a_terminal_of_80_columns(shop):
    said = plain(run_in_terminal(80))

    assert re.search(r"\d+ failed \u00b7 [\d.]+ \w+ left", said)


def test_in_a_log_there_is_one_line_for_each_scenario_and_nothing_else_moves(shop):
    run = subprocess.run(words(), capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert len(LINE.findall(run.stderr)) == 2
    assert "\x1b" not in run.stderr
    assert "\r" not in run.stderr
    assert "shop: 2 scenarios, 2 to run, " in run.stderr


def test_warnings_of_records_are_printed_once_under_the_board(shop, call):
    (shop / "grid.yaml").write_text(NOTED)

    code, board, said = call("run", "grid.yaml")
    quiet = call("run", "grid.yaml", "--rerun", "all", "--quiet")[2]

    assert code == 0
    assert said.splitlines()[-1] == "note: half of it is missing (2 scenarios)"
    assert "note: " not in board + quiet


def test_of_many_notes_the_most_frequent_are_printed():
    notes = {f"remark {n}": [f"T{n}-{i}" for i in range(n)] for n in range(1, 9)}

    *told, rest = iter_note_lines(notes)

    assert told[0] == "note: remark 8 (8 scenarios)"
    assert len(told) == 5
    assert rest == "... 3 more notes: rakuten-bench show T3-0"


class Cell:
    """What a notebook has for a stream: it is written to, and no more is known."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text
        return len(text)

    def flush(self):
        pass


class KernelCell(Cell):
    """As ipykernel's: asked whether it is a terminal it says no."""

    encoding = "utf-8"

    def isatty(self):
        return False

    def fileno(self):
        raise OSError("a notebook has no file")


@pytest.mark.parametrize("kind", [Cell, KernelCell])
def test_in_a_notebook_lines_come_as_in_a_log(shop, monkeypatch, kind):
    cell, board = kind(), kind()
    monkeypatch.setattr(sys, "stderr", cell)
    monkeypatch.setattr(sys, "stdout", board)

    enter("run", "grid.yaml", "--jobs", "1")

    assert len(LINE.findall(cell.text)) == 2
    assert "\x1b" not in cell.text
    assert "fine" in board.text


class Terminal(Cell):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("variables", "quiet", "kind"),
    [
        ({}, False, Bar),
        ({}, True, Quiet),
        ({"JPY_PARENT_PID": "7"}, False, Lines),  # "!rakuten-bench run" in a notebook
        ({"TERM": "dumb"}, False, Lines),
    ],
)
def test_a_bar_is_only_where_a_cursor_moves(monkeypatch, variables, quiet, kind):
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Terminal())

    assert type(choose_display(quiet=quiet)) is kind


def test_a_quiet_run_reports_once_why_it_waits(capsys):
    stuck = Progress(None, 0, 1, 0, 0, 1, 0, 0.0, notice="no worker: start one.")

    with Quiet() as display:
        for progress in (stuck, stuck, replace(stuck, notice="")):
            display.show(progress)

    assert capsys.readouterr() == ("", "no worker: start one.\n")
