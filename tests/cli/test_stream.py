"""Output on terminals and files of any encoding, and on none."""

from __future__ import annotations

import io
import json
import logging
import os
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from rakuten_bench.cli._exit import exit_code_of
from rakuten_bench.cli._stream import echo_as, open_streams
from rakuten_bench.interface.printing import echo

COMMAND = [sys.executable, "-m", "rakuten_bench"]
ECHO = "import sys; from rakuten_bench.cli._stream import echo_as, open_streams; "


def run(code: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run code after the streams were opened, as at the start of each command."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-c", f"{ECHO}open_streams(); {code}"],
        env={**kept, "LANG": "", **environment},
        capture_output=True,
    )


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp437", "latin-1:strict"])
def test_characters_that_an_encoding_lacks_are_escaped(encoding):
    code = "print('é ─·… \\u65e5 \\U0001f600 \\udcff')"

    ended = run(code, PYTHONIOENCODING=encoding)

    assert ended.returncode == 0, ended.stderr
    printed = ended.stdout.decode(encoding.partition(":")[0]).rstrip()
    assert printed.startswith("é ")
    assert printed.endswith(r"\u65e5 \U0001f600 \udcff")
    assert "?" not in printed


def test_our_own_signs_are_written_plainly():
    ended = run("print('─·…±')", PYTHONIOENCODING="iso8859-5")

    assert ended.stdout == b"-|...+-\n"


def test_an_encoding_of_ascii_is_kept_to():
    code = "from rakuten_bench.interface.printing import echo; echo('é ─')"

    assert run(code, PYTHONIOENCODING="ascii").stdout == b"\\xe9 -\n"


def test_standard_error_takes_every_character():
    ended = run("print('日─', file=sys.stderr)", PYTHONIOENCODING="cp1252")

    assert ended.stderr == b"\\u65e5-\n"


@pytest.mark.parametrize("form", ["csv", "json", "markdown", "junit"])
def test_output_for_programs_is_always_utf_8(form):
    ended = run(f"echo_as({form!r}, '日本')", PYTHONIOENCODING="cp1252")

    assert ended.stdout.decode() == "日本"


def test_a_file_is_utf_8_in_any_locale():
    ended = run(
        r"print('\u65e5\u672c')", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    )

    assert ended.stdout.decode() == "日本\n"


def test_a_command_prints_json_for_programs_in_any_encoding():
    environment = {**os.environ, "PYTHONIOENCODING": "cp437"}
    words = [*COMMAND, "levers", "--format", "json"]

    ended = subprocess.run(words, env=environment, capture_output=True)

    assert json.loads(ended.stdout.decode())


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes descriptors")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_files_do_not_take_the_place_of_closed_streams(tmp_path: Path, closed: str):
    code = (
        f"{ECHO}open_streams()\n"
        "import click\n"
        "with open('data', 'wb') as file:\n"
        "    click.echo('output'); click.echo('error', err=True)\n"
        "    file.write(b'data')\n"
    )
    (tmp_path / "code.py").write_text(code)
    line = f"exec '{sys.executable}' code.py {closed}"

    ended = subprocess.run(["sh", "-c", line], cwd=tmp_path)

    assert ended.returncode == 0
    assert (tmp_path / "data").read_bytes() == b"data"


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes descriptors")
def test_a_run_without_any_stream_computes_as_ever(tmp_path: Path):
    rows = [f"{'mug' if n % 2 else 'rug'} {n},{'ab'[n % 2]}" for n in range(20)]
    (tmp_path / "shop.csv").write_text("\n".join(["title,kind", *rows]))
    table = "dataset: {table: {path: shop.csv, title: title, label: kind}}"
    (tmp_path / "s.yaml").write_text(f"{table}\nscenarios: {{a: {{model: dummy}}}}\n")
    words = [*COMMAND, "run", "s.yaml", "--jobs", "1", "--cache", "cache"]
    line = f"exec {shlex.join(words)} <&- >&- 2>&-"

    ended = subprocess.run(["sh", "-c", line], cwd=tmp_path)

    [record] = tmp_path.glob("results/*/*/record.json")
    assert ended.returncode == 0
    assert json.loads(record.read_text())["status"] == "ok"


def test_a_stream_that_is_no_file_is_left_as_it_is(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    open_streams()

    echo_as("csv", "日")

    assert stream.getvalue() == "日"


#: A screen that is cleared, a clipboard that is set, a link, a line that is turned around.
ACTIVE = (
    "\x1b[2J\x1b]52;c;cm0gLXJm\x07\x1b]8;;http://x\x1b\\\r\x9b1m\u202egnp.exe\u2069"
)


def is_harmless(text: str) -> bool:
    """Tell whether a terminal would show a text as it is."""
    return all(letter.isprintable() for letter in text.replace("\n", ""))


@pytest.mark.parametrize("err", [False, True])
def test_control_characters_are_printed_as_escapes(capsys, err):
    echo(f"label {ACTIVE}\nnext", err=err)

    printed = "".join(capsys.readouterr())
    assert is_harmless(printed)
    assert r"\x1b[2J" in printed
    assert printed.endswith("\nnext\n")


@pytest.mark.parametrize("form", ["table", "markdown", "junit", "csv"])
def test_a_text_of_any_format_is_printed_as_escapes(capsys, form):
    echo_as(form, ACTIVE)

    assert is_harmless(capsys.readouterr().out)


def test_json_is_the_same_with_control_characters_escaped(capsys):
    echo_as("json", json.dumps({"label": ACTIVE}, ensure_ascii=False))

    printed = capsys.readouterr().out
    assert is_harmless(printed)
    assert json.loads(printed) == {"label": ACTIVE}


def test_rows_of_the_users_own_table_come_out_unchanged(capsysbinary):
    echo_as("csv", f"id\r\n{ACTIVE}\r\n", exact=True)

    assert capsysbinary.readouterr().out.decode() == f"id\r\n{ACTIVE}\r\n"


@pytest.mark.parametrize(
    "words",
    [
        ["run", f"{ACTIVE}.yaml"],
        ["report", "--results", f"{ACTIVE}"],
        ["report", f"--{ACTIVE}"],
        ["show", ACTIVE],
        ["levers", ACTIVE],
        ["report", "--sort", ACTIVE],
        ["data", "describe", ACTIVE],
        ["merge", ACTIVE],
        [ACTIVE],
    ],
    ids=ascii,
)
def test_words_of_the_command_line_are_quoted_as_escapes(call, words):
    code, out, err = call(*words)

    assert code == 2
    assert is_harmless(out + err)


def test_a_traceback_shows_what_it_quotes_as_escapes(capsys):
    def fail() -> None:
        raise ValueError(ACTIVE)

    assert exit_code_of(fail) == 70
    assert is_harmless(capsys.readouterr().err)


def test_warnings_and_logs_of_libraries_reach_no_terminal_unescaped(
    capsys, monkeypatch
):
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    open_streams()

    sys.stderr.write(warnings.formatwarning("bad \x1b[2Jlabel", UserWarning, "a.py", 1))
    logging.lastResort.emit(
        logging.LogRecord("x", 40, "a.py", 1, "no \x9b2Jlabel", (), None)
    )

    told = capsys.readouterr().err
    assert r"bad \x1b[2Jlabel" in told
    assert r"no \x9b2Jlabel" in told


def test_a_file_name_with_a_line_end_forges_no_line(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "rakuten_bench", "plan", "a\nError: all is well.yaml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1
    assert r"a\nError: all is well.yaml" in run.stderr
