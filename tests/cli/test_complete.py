"""Completion by the shell: commands, options, codes, boards and levers."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def complete(tmp_path):
    """Return a function that completes the last of some words, as bash would."""

    def complete_words(*words, before=""):
        code = before + "from rakuten_bench.cli import main; main()"
        env = {
            **os.environ,
            "_RAKUTEN_BENCH_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("rakuten-bench", *words)),
            "COMP_CWORD": str(len(words)),
        }
        done = subprocess.run(
            [sys.executable, "-c", "import sys; sys.argv[0] = 'rakuten-bench'; " + code],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return [
            line.partition(",")[2] for line in done.stdout.splitlines() if "," in line
        ]

    return complete_words


@pytest.fixture
def _records(shop):
    for code in ("T0010-0120-0000", "T0011-0120-0000", "I0000-00"):
        shop.add(code)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ru"], ["run"]),
        (["run", "--mem"], ["--memory-limit"]),
        (["levers", "tok"], ["tokenizer"]),
        (["report", "--format", "mark"], ["markdown"]),
    ],
)
def test_commands_options_choices_and_levers_are_completed(complete, words, found):
    assert complete(*words) == found


@pytest.mark.usefixtures("_records")
@pytest.mark.parametrize("command", ["show", "why", "export", "compare"])
def test_codes_of_the_results_are_completed(complete, command):
    assert complete(command, "T001") == ["T0010-0120-0000", "T0011-0120-0000"]


@pytest.mark.usefixtures("_records")
def test_the_results_folder_of_the_line_is_read(complete):
    assert complete("show", "--results", "elsewhere", "T") == []
    assert complete("report", "--results", "results", "--dataset", "s") == ["shop"]


def test_completion_imports_nothing_heavy(complete):
    watch = (
        "import atexit; heavy = {'numpy', 'pandas', 'sklearn', 'yaml', 'joblib'}; "
        "atexit.register(lambda: print(*('heavy,' + name for name in heavy"
        " & set(sys.modules)), sep='\\n')); "
    )

    assert complete("show", "T", before=watch) == []
    assert complete("levers", "model", before=watch) == ["model"]
