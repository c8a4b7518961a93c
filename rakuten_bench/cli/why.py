"""`rakuten-bench why`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rakuten_bench.cli._complete import Code
from rakuten_bench.cli._option import (
    board_option,
    cache_option,
    data_dir_option,
    results_option,
)
from rakuten_bench.interface.printing import echo
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    from rakuten_bench.engine.why import Answer
    from rakuten_bench.records import Record
    from rakuten_bench.scenario.load import StudySpec


@click.command("why", short_help="Explain why a scenario would run again.")
@click.argument("code", type=Code())
@click.argument("file", required=False, type=click.Path(path_type=Path), default=None)
@board_option()
@data_dir_option()
@results_option()
@cache_option()
def command(
    code: str,
    file: Path | None,
    dataset: str | None,
    data_dir: Path | None,
    results: Path,
    cache: Path | None,
) -> None:
    """Show what changed since the record of CODE was written, and what follows.

    CODE is the scenario's code or its name. With FILE, the scenario of that file is
    compared, with its data, split, seed and parameters; without, only what the record
    depends on: data, packages, source.

    \b
    Example:
      rakuten-bench why T2101-0231-0010
      rakuten-bench why tfidf_svm scenarios/grid.yaml
    """
    from rakuten_bench.engine import Settings
    from rakuten_bench.engine.origin import study_of
    from rakuten_bench.engine.why import explain
    from rakuten_bench.records import read_record
    from rakuten_bench.report import find_scenario
    from rakuten_bench.store.layout import default_cache

    settings = Settings(
        results=results, cache=cache or default_cache(), data_dir=data_dir
    )
    record = read_record(find_scenario(results, code, dataset))
    study = (
        study_of(record, settings.cache) if file is None else _pick(file, code, record)
    )
    echo(render_answer(record, explain(record, study, settings)))


def _pick(file: Path, code: str, record: Record) -> StudySpec:
    """Return the study of a file, restricted to the given scenario."""
    from rakuten_bench.errors import UserError, unknown
    from rakuten_bench.scenario.load import load_study

    study = load_study(file)
    by_code = {scenario.code: scenario for scenario in study.scenarios}
    by_name = {scenario.name: scenario for scenario in study.scenarios if scenario.name}
    found = by_code.get(code) or by_name.get(code) or by_code.get(record.code)
    if found is None:
        message = f"{file}: {unknown('scenario', code, {**by_code, **by_name})}"
        raise UserError(message)
    return replace(study, scenarios=(found,))


def render_answer(record: Record, answer: Answer) -> str:
    """Return the answer as text, causes first."""
    name = f" {record.name}" if record.name else ""
    head = f"{answer.code}{name} on {record.board}"
    if answer.is_current:
        return f"{head}: nothing has changed. {_unchanged(answer)}"
    lines = [
        f"{head} would run again: {len(answer.again):,} of "
        f"{number(answer.n_steps, 'step')}, "
        f"{answer.n_cached} of them cached."
    ]
    if answer.code != record.code:
        lines.append(f"compared with the record {record.code}:")
    lines += [
        f"  {reason.subject}: {change}"
        for reason in answer.reasons
        for change in reason.changes
    ]
    if answer.following:
        count = len(answer.following)
        follow = "follows" if count == 1 else "follow"
        lines.append(f"{number(count, 'step')} {follow}:")
        lines += [f"  {step}" for step in answer.following]
    return "\n".join(lines)


def _unchanged(answer: Answer) -> str:
    if answer.status == "ok":
        return "It would not run again."
    return f"Its status is '{answer.status}': --rerun {answer.status} runs it again."
