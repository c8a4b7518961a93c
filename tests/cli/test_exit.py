"""Exit codes: 1 is a result of a command, and nothing unexpected ends with it or with 0."""

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import click
import pytest

from rakuten_bench.cli._exit import exit_code_of, keep_from_click
from rakuten_bench.errors import UserError

COMMAND = [sys.executable, "-m", "rakuten_bench"]
FULL = Path("/dev/full")


def end_with(error):
    """Return what a command gives that raises an error, as the group calls it."""

    @click.group(invoke_without_command=True)
    def group():
        raise error

    def run():
        with keep_from_click(), group.make_context("group", []) as ctx:
            return group.invoke(ctx)

    return exit_code_of(run)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("shop.csv: no such file."), 2),
        (click.UsageError("no such option"), 2),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (ValueError("a bug"), 70),
        (MemoryError(), 70),
        (RecursionError(), 70),
        (EOFError("compressed file ended"), 70),
        (BrokenPipeError(32, "a worker's pipe"), 70),
        (OSError(5, "input/output error"), 70),
        (SystemExit(0), 70),
        (SystemExit(1), 70),
        (SystemExit("stop"), 70),
        (GeneratorExit(), 70),
    ],
    ids=repr,
)
def test_the_exit_code_depends_on_the_exception(error, code, capsys):
    assert end_with(error) == code
    assert capsys.readouterr().err


def test_a_machine_without_a_temporary_folder_is_one_message(capsys, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(
        tempfile, "_candidate_tempdir_list", lambda: ["/no/such/folder"]
    )

    code = exit_code_of(tempfile.gettempdir)

    assert code == 2
    assert capsys.readouterr().err == (
        "Error: No usable temporary directory found in ['/no/such/folder']. "
        "Name one with TMPDIR.\n"
    )


def test_the_code_that_a_command_gives_is_the_exit_code():
    assert exit_code_of(lambda: 1) == 1
    assert exit_code_of(lambda: None) == 0


def test_a_bug_prints_its_traceback_and_reports_that_nothing_was_measured(capsys):
    end_with(ZeroDivisionError("weights"))

    printed = capsys.readouterr().err
    assert "ZeroDivisionError: weights" in printed
    assert "the command did not finish: this is a bug" in printed


def test_a_program_that_ends_itself_reports_the_cause(capsys):
    end_with(SystemExit(0))

    assert "has called sys.exit(0)" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["levers"], ["--help"], ["levers", "--help"]])
def test_a_closed_output_is_not_a_success(words):
    reader, writer = os.pipe()
    os.close(reader)

    ended = subprocess.run([*COMMAND, *words], stdout=writer, stderr=subprocess.PIPE)

    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", [["levers"], ["--help"], ["levers", "--help"]])
def test_output_that_can_not_be_written_is_one_message(words):
    with FULL.open("wb") as full:
        run = partial(subprocess.run, [*COMMAND, *words], stdout=full)
        ended = run(stderr=subprocess.PIPE)
        silent = run(stderr=full)

    message = b"Error: the output can't be written: No space left on device.\n"
    assert (ended.returncode, ended.stderr) == (2, message)
    assert silent.returncode == 2


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_an_error_keeps_its_code_where_its_message_can_not_be_printed(tmp_path):
    with FULL.open("wb") as full:
        ended = subprocess.run(
            [*COMMAND, "report", "--results", tmp_path / "none"], stderr=full
        )

    assert ended.returncode == 2
