"""Regression gate: compare records with a committed baseline.

Reads records only; imports no machine learning library.
"""

from rakuten_bench.gate.baseline import Baseline, write_baseline
from rakuten_bench.gate.judge import TOLERANCE, Judgement, Verdict, exit_code, judge
from rakuten_bench.gate.match import Today
from rakuten_bench.gate.reading import read_baseline, read_old_baseline
from rakuten_bench.gate.render import render_judgement
from rakuten_bench.gate.study import identify
from rakuten_bench.gate.update import Update, update_baseline

__all__ = [
    "TOLERANCE",
    "Baseline",
    "Judgement",
    "Today",
    "Update",
    "Verdict",
    "exit_code",
    "identify",
    "judge",
    "read_baseline",
    "read_old_baseline",
    "render_judgement",
    "update_baseline",
    "write_baseline",
]
