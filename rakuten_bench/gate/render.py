"""Render a judgement as a table, Markdown for a job summary, JUnit XML or JSON."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from xml.etree import ElementTree as ET

import msgspec

from rakuten_bench.gate.judge import Judgement, Verdict, exit_code
from rakuten_bench.wording.format import Answer
from rakuten_bench.wording.table import Column, Table
from rakuten_bench.wording.words import clean, number, score_words, signed

_ORDER = ("regressed", "not comparable", "missing", "improved", "ok", "new")
_COLUMNS = (
    Column("status", fixed=True),
    Column("board"),
    Column("code", fixed=True),
    Column("name"),
    Column("before", right=True, fixed=True),
    Column("now", right=True, fixed=True),
    Column("change", right=True, fixed=True),
    Column("p", right=True, fixed=True),
    Column("how"),
)
_RESULTS = {
    0: "nothing got worse",
    1: "something got worse",
    2: "not everything could be measured",
}


def render_judgement(
    judgement: Judgement, format_: str = "table", width: int = 100
) -> str:
    """Return a judgement in a format.

    Raises
    ------
    UserError
        If judgements can't be written in this format.
    """
    return answer_of(judgement).render(format_, width)


def answer_of(judgement: Judgement) -> Answer:
    """Return the answer that renders a judgement."""
    return Answer.of_tables(
        lambda _: [_table(judgement)],
        lambda: _plain(judgement),
        junit=lambda: _junit(judgement),
    )


def _held_to(judgement: Judgement) -> str:
    return " and ".join(judgement.metrics)


def _table(judgement: Judgement) -> Table:
    verdicts = judgement.verdicts
    ordered = sorted(verdicts, key=lambda v: (_ORDER.index(v.status), v.board, v.code))
    counts: Counter[str] = Counter(verdict.status for verdict in verdicts)
    summary = ", ".join(f"{counts[s]:,} {s}" for s in _ORDER if counts[s])
    return Table(
        f"Check of {_held_to(judgement)}: {_RESULTS[exit_code(verdicts)]}",
        _COLUMNS,
        tuple(_cells(v, judgement) for v in ordered if v.status != "new"),
        (f"{number(len(verdicts), 'scenario')}: {summary}.", *judgement.remarks),
    )


def _cells(verdict: Verdict, judgement: Judgement) -> tuple[str, ...]:
    difference = verdict.difference
    return (
        verdict.status,
        verdict.board,
        verdict.code,
        clean(verdict.name, 40),
        "" if verdict.before is None else score_words(verdict.before),
        "" if verdict.now is None else score_words(verdict.now),
        "" if verdict.change is None else signed(verdict.change),
        "" if difference is None else f"{difference.p_value:.3g}",
        f"{verdict.metric}; {_how(verdict)}"
        if verdict.metric and len(judgement.metrics) > 1
        else _how(verdict),
    )


def _how(verdict: Verdict) -> str:
    """Return how a scenario was judged, and its current code if that has changed."""
    now = f"now {verdict.code_now}" if verdict.code_now else ""
    return "; ".join(part for part in (verdict.reason, now) if part)


def _plain(judgement: Judgement) -> dict[str, object]:
    return {
        "metric": _held_to(judgement),
        "exit_code": exit_code(judgement.verdicts),
        "remarks": judgement.remarks,
        "scenarios": [_plain_verdict(verdict) for verdict in judgement.verdicts],
    }


def _plain_verdict(verdict: Verdict) -> dict[str, object]:
    values: dict[str, object] = msgspec.to_builtins(verdict)
    return {**values, "change": verdict.change}


def _junit(judgement: Judgement) -> str:
    """Return JUnit XML: a suite for each board, a case for each scenario.

    A regression is a failure; a scenario that can't be measured is an error; new scenarios
    are left out. Remarks become the output of the suites.
    """
    verdicts = judgement.verdicts
    root = ET.Element("testsuites", name=f"rakuten-bench check {_held_to(judgement)}")
    judged = [verdict for verdict in verdicts if verdict.status != "new"]
    for board, group in groupby(judged, key=lambda verdict: verdict.board):
        cases = list(group)
        counts = Counter(_outcome(case) for case in cases)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=clean(board),
            tests=str(len(cases)),
            failures=str(counts["failure"]),
            errors=str(counts["error"]),
        )
        for case in cases:
            _junit_case(suite, case)
        for remark in judgement.remarks:
            ET.SubElement(suite, "system-out").text = clean(remark)
    ET.indent(root, " ")
    text: str = ET.tostring(root, encoding="unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _junit_case(suite: ET.Element, verdict: Verdict) -> None:
    named = f" ({clean(verdict.name)})" if verdict.name else ""
    classname = f"rakuten-bench.{clean(verdict.board)}"
    case = ET.SubElement(
        suite, "testcase", classname=classname, name=f"{verdict.code}{named}"
    )
    outcome = _outcome(verdict)
    if outcome:
        ET.SubElement(case, outcome, type=verdict.status, message=_message(verdict))


def _outcome(verdict: Verdict) -> str:
    """Return the JUnit element of a verdict; "" for a test that passed."""
    if verdict.status == "regressed":
        return "failure"
    return "error" if verdict.status in ("missing", "not comparable") else ""


def _message(verdict: Verdict) -> str:
    if verdict.before is None or verdict.now is None or verdict.change is None:
        return clean(_how(verdict))
    scores = f"{score_words(verdict.before)} to {score_words(verdict.now)}"
    return clean(f"{scores} ({signed(verdict.change)}; {_how(verdict)})")
