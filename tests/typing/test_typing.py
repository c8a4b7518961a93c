"""The types of the Python interface, as pyright sees them; `make check` asks mypy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).with_name("example.py")
MISTAKES = """
import rakuten_bench as rb

study = rb.load_study("scenarios/grid.yaml")
rb.run(study, job=2)
rb.run(study).bset
"""


def check(file: Path, folder: Path) -> tuple[int, str]:
    """Check a file from elsewhere: the settings of this project don't count."""
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, str(file)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_people_write_is_typed(tmp_path: Path):
    code, said = check(EXAMPLE, tmp_path)

    assert code == 0, said


def test_a_misspelt_option_and_attribute_are_found(tmp_path: Path):
    file = tmp_path / "mistakes.py"
    file.write_text(MISTAKES)

    code, said = check(file, tmp_path)

    assert code == 1
    assert '"job"' in said
    assert '"bset"' in said
