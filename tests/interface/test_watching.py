"""What a command shows while it prints nothing else."""

import logging
import os
import re
import subprocess
import sys
import threading
import time

import pytest

from command_line import wait_for
from rakuten_bench.activity import LOG, announce, counted
from rakuten_bench.data.image import quiet_codecs
from rakuten_bench.interface import watching as module
from rakuten_bench.interface.progress import Lines, Quiet
from rakuten_bench.interface.watching import Waiting, watching


@pytest.fixture
def impatient(monkeypatch):
    """Shorten the private intervals, so that no test waits for seconds."""
    for name in ("PATIENCE", "_BEAT", "_LEAST"):
        monkeypatch.setattr(module, name, 0.02)
    monkeypatch.setattr("rakuten_bench.interface.progress.PATIENCE", 0.02)


def test_a_log_shows_each_activity_as_it_begins_and_its_counts(capsys):
    with watching(Lines()):
        announce("reading %s", "shop.csv")
        assert "reading shop.csv\n" in capsys.readouterr().err


class Recorder:
    """Keeps what it is told."""

    def __init__(self):
        self.begun = []
        self.beats = []

    def begin(self, text):
        self.begun.append(text)

    def beat(self, text):
        self.beats.append(text)


def test_an_activity_that_lasts_is_repeated_with_its_duration(impatient):
    recorder = Recorder()

    with watching(recorder):
        announce("reading shop.csv")
        assert wait_for(lambda: recorder.beats)

    assert recorder.begun == ["reading shop.csv"]
    assert re.fullmatch(r"reading shop.csv \(\d.* so far\)", recorder.beats[0])


def test_a_count_continues_the_activity_before_it(monkeypatch):
    monkeypatch.setattr("rakuten_bench.activity._INTERVAL", -1.0)
    recorder = Recorder()

    with watching(recorder):
        list(counted("abc", 3, "hashing images"))

    assert recorder.begun == ["hashing images: 0 of 3"]
    assert recorder.beats[:2] == ["hashing images: 1 of 3", "hashing images: 2 of 3"]


def test_only_the_inner_of_two_watchers_is_told(impatient):
    outer, inner = Recorder(), Recorder()

    with watching(outer), watching(inner):
        announce("reading shop.csv")

    assert (outer.begun, inner.begun) == ([], ["reading shop.csv"])


def test_a_quick_command_prints_no_activity(capsys):
    with watching(Waiting()):
        announce("reading shop.csv")

    assert capsys.readouterr().err == ""


def test_a_quiet_run_prints_no_activity(impatient, capsys):
    with watching(Quiet()):
        announce("reading shop.csv")
        time.sleep(0.2)

    assert capsys.readouterr().err == ""


def test_nothing_of_it_is_left_behind():
    level, n_threads = LOG.level, threading.active_count()

    with pytest.raises(ZeroDivisionError), watching(Waiting()):
        1 / 0  # noqa: B018

    assert (LOG.level, LOG.handlers, threading.active_count()) == (level, [], n_threads)


def test_an_activity_is_shown_while_the_codecs_are_silenced():
    code = """
import os
from rakuten_bench.data.image import quiet_codecs
from rakuten_bench.interface.printing import echo
with quiet_codecs():
    os.write(2, b"libpng: noise\\n")
    echo("hashing images", err=True)
echo("done", err=True)
"""

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert ended.stderr == "hashing images\ndone\n"


def test_silencing_needs_no_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)

    with quiet_codecs():
        os.write(2, b"noise\n")


def test_a_run_says_at_once_what_it_does_and_quiet_silences_it(tmp_path):
    rows = "\n".join(f"red {w} {n},{w}" for w in ("shoe", "pot") for n in range(10))
    (tmp_path / "shop.csv").write_text(f"name,kind\n{rows}\n")
    (tmp_path / "shop.yaml").write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
        "scenarios: {a: {model: dummy}}\n"
    )
    command = [sys.executable, "-m", "rakuten_bench", "run", "shop.yaml"]
    environ = {**os.environ, "RAKUTEN_BENCH_CACHE": str(tmp_path / "cache")}

    loud, quiet = (
        subprocess.run(
            [*command, *more], cwd=tmp_path, env=environ, capture_output=True, text=True
        )
        for more in (["--results", "one"], ["--results", "two", "--quiet"])
    )

    assert loud.stderr.startswith("reading shop.yaml\n")
    assert quiet.stderr == ""


def test_the_log_of_the_application_gets_no_activity_and_is_as_before(caplog):
    with watching(Recorder()), watching(Recorder()):
        announce("reading shop.csv")

    assert caplog.text == ""
    assert (LOG.level, LOG.propagate) == (logging.NOTSET, True)
