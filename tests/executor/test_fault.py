"""Faults: why a step has no result."""

import pytest

from rakuten_bench.executor.fault import SHUTDOWN, Fault, Stopped
from rakuten_bench.plan import Step
from rakuten_bench.scenario import Choice

STEP = Step("k1", "estimate", "text", (Choice("model", "x", "1", ()),), (), (), "", 0)
PROPERTIES = ("is_killed", "is_timeout", "is_bus_error", "is_shutdown")


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        ("failed", "SIGKILL", {"is_killed"}),
        ("oom", "OutOfMemory", set()),
        ("timeout", "TimeLimit", {"is_timeout"}),
        ("failed", "SIGBUS", {"is_bus_error"}),
        ("failed", "SIGSEGV", set()),
        ("failed", SHUTDOWN, {"is_shutdown"}),
    ],
)
def test_a_fault_contains_its_cause(status, kind, expected):
    fault = Fault.of(Stopped(status, kind, "so it was"), STEP)

    assert {name for name in PROPERTIES if getattr(fault, name)} == expected
