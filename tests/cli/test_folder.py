"""Files in the working folder that are named like modules are not imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = [str(Path(sys.executable).with_name("rakuten-bench"))]
MODULE = [sys.executable, "-m", "rakuten_bench"]
NAMES = [
    "random",
    "csv",
    "yaml",
    "numpy",
    "json",
    "string",
    "socket",
    "pandas",
    "click",
]
STUDY = """
dataset: {table: {path: shop.csv, title: title, label: kind}}
scenarios: {naive: {tokenizer: regex, vectorizer: tfidf, model: multinomial_nb}}
"""


@pytest.mark.parametrize("command", [SCRIPT, MODULE], ids=["script", "module"])
def test_files_named_like_modules_do_no_harm(tmp_path: Path, command: list[str]):
    rows = [f"{'mug' if n % 2 else 'rug'} {n},{'ab'[n % 2]}" for n in range(20)]
    (tmp_path / "shop.csv").write_text("\n".join(["title,kind", *rows]))
    (tmp_path / "s.yaml").write_text(STUDY)
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('our {name}')")

    ended = subprocess.run(
        [*command, "run", "s.yaml", "--jobs", "1", "--cache", "cache"],
        cwd=tmp_path,
        env={name: v for name, v in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr
    assert "naive" in ended.stdout


def test_a_module_of_the_working_folder_still_imports(tmp_path: Path):
    (tmp_path / "helper.py").write_text("answer = 42")
    code = "import runpy, sys; sys.path.insert(0, '')\n"
    code += "sys.argv[1:] = ['--version']\n"
    code += "try: runpy.run_module('rakuten_bench', run_name='__main__')\n"
    code += "except SystemExit: pass\n"
    code += "import helper; print(helper.answer)"

    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )

    assert ended.stdout.endswith("42\n"), ended.stderr
