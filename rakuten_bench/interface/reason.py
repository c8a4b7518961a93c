"""Why a scenario would run again: what changed since its record was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench import report
from rakuten_bench.engine import Settings
from rakuten_bench.engine.origin import study_of
from rakuten_bench.engine.why import Answer
from rakuten_bench.engine.why import explain as find_changes
from rakuten_bench.errors import UserError, unknown
from rakuten_bench.interface.printing import printable
from rakuten_bench.records import Record, read_record
from rakuten_bench.scenario.load import StudySpec, load_study
from rakuten_bench.store.layout import default_cache
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd


class ScenarioChanges:
    """What changed since a record was written. Made by `why`.

    Attributes
    ----------
    is_current : bool
        Whether nothing has changed: the scenario would not run again.
    """

    def __init__(self, record: Record, answer: Answer) -> None:
        self._record = record
        self._answer = answer
        self.is_current = answer.is_current

    def to_frame(self) -> pd.DataFrame:
        """Return the changes, of shape (n_changes, 2): `subject` and `change`."""
        import pandas as pd

        rows = [
            (reason.subject, change)
            for reason in self._answer.reasons
            for change in reason.changes
        ]
        return pd.DataFrame(rows, columns=["subject", "change"])

    def __repr__(self) -> str:
        return printable(_render_answer(self._record, self._answer))

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


def why(
    scenario: str,
    file: str | Path | None = None,
    *,
    results: str | Path = "results",
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    cache: str | Path | None = None,
) -> ScenarioChanges:
    """Return what changed since the record of a scenario was written.

    Parameters
    ----------
    scenario : str
        Code or name.
    file : str or Path, optional
        Scenario file whose scenario is compared, with its data, split, seed and
        parameters; else only what the record depends on: data, packages, source.
    results : str or Path
        Folder of the records.
    dataset : str, optional
        Name of the board or data set, if several have the scenario.
    data_dir, cache : str or Path, optional
        Folder of the user's data, and cache.

    Raises
    ------
    UserError
        If the scenario is unknown, or not in the file.
    """
    settings = Settings(
        results=Path(results),
        cache=Path(cache) if cache else default_cache(),
        data_dir=Path(data_dir) if data_dir else None,
    )
    record = read_record(report.find_scenario(settings.results, scenario, dataset))
    study = (
        study_of(record, settings.cache)
        if file is None
        else _pick(Path(file), scenario, record)
    )
    return ScenarioChanges(record, find_changes(record, study, settings))


def _pick(file: Path, code: str, record: Record) -> StudySpec:
    """Return the study of a file, restricted to the given scenario."""
    study = load_study(file)
    by_code = {scenario.code: scenario for scenario in study.scenarios}
    by_name = {scenario.name: scenario for scenario in study.scenarios if scenario.name}
    found = by_code.get(code) or by_name.get(code) or by_code.get(record.code)
    if found is None:
        message = f"{file}: {unknown('scenario', code, {**by_code, **by_name})}"
        raise UserError(message)
    return replace(study, scenarios=(found,))


def _render_answer(record: Record, answer: Answer) -> str:
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
