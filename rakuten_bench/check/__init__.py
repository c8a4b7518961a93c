"""Did anything get worse: records against a committed baseline.

Reads records only; imports no machine learning library.
"""

from rakuten_bench.check.baseline import (
    Baseline,
    read_baseline,
    update_baseline,
    write_baseline,
)
from rakuten_bench.check.judge import TOLERANCE, Verdict, exit_code, judge
from rakuten_bench.check.render import FORMATS, render_verdicts

__all__ = [
    "FORMATS",
    "TOLERANCE",
    "Baseline",
    "Verdict",
    "exit_code",
    "judge",
    "read_baseline",
    "render_verdicts",
    "update_baseline",
    "write_baseline",
]
