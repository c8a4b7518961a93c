"""A scenario as a scikit-learn estimator: of levers, a code, a record or a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.scenario import Scenario, is_code
from rakuten_bench.scenario.load import DEFAULT_SEED, StudySpec, load_study

if TYPE_CHECKING:
    from rakuten_bench.pipeline.estimator import ScenarioClassifier
    from rakuten_bench.pipeline.lever import LeverValue


class HasScenarios(Protocol):
    """A study, or one scenario of a board."""

    @property
    def spec(self) -> StudySpec:
        """Its scenarios, with their seed and folder."""


def build(
    scenario: str | Path | Scenario | HasScenarios | None = None,
    *,
    name: str = "",
    random_state: int | Literal["default"] = "default",
    n_jobs: int | None = 1,
    base: Path | str | None = None,
    **levers: LeverValue | Any,
) -> ScenarioClassifier | Any:
    """Return a scenario as an unfitted scikit-learn classifier.

    Parameters
    ----------
    scenario : str, Path, ScenarioResult, Study or Scenario, optional
        A code without parameters; a scenario of a board, its `record.json` or the folder
        of that file; or a study, or its scenario file. If not given, `levers` say all.
    name : str
        Of the scenario, or its code, in a study or a scenario file with several.
    random_state : int or "default"
        Seed; by default that of the record or of the study, else 123.
    n_jobs : int or None
        Number of threads that an option may use.
    base : Path or str, optional
        Folder that paths in parameters are relative to; by default that of the scenario
        file, else the working directory.
    **levers
        Options of levers, which replace those of `scenario`: a name, or a mapping from
        it to parameters, such as `model={"logreg": {"C": 10}}`; for a fusion also its
        `members`, and `modality` if the levers do not determine it.

    Returns
    -------
    ScenarioClassifier
        Or a `ScenarioClusterer`, if the model clusters.

    Raises
    ------
    UserError
        If something is invalid or not found, or the combination is impossible.

    Examples
    --------
    >>> model = build(vectorizer="tfidf", model={"logreg": {"C": 10}})
    >>> model
    TextClassifier(vectorizer='tfidf', model={'logreg': {'C': 10}})
    >>> model.set_params(model__C=3).get_params()["model__C"]
    3
    """
    from rakuten_bench.pipeline import estimator

    spec = _find_spec(scenario)
    if spec is None and name:
        message = f"name: '{name}' is looked up in a study or a scenario file only."
        raise UserError(message)
    chosen: Any = scenario if spec is None else _choose(spec, name)
    seed = DEFAULT_SEED if spec is None else spec.seed
    if spec is not None and base is None:
        base = spec.folder
    return estimator.build(
        chosen,
        random_state=seed if random_state == "default" else random_state,
        n_jobs=n_jobs,
        base=base,
        plugins=() if spec is None else spec.plugins.paths,
        **levers,
    )


def _find_spec(given: object) -> StudySpec | None:
    """Return the study that a scenario belongs to; None for a code and for levers."""
    if hasattr(given, "spec"):
        spec: StudySpec = given.spec
        return spec
    if not isinstance(given, str | Path):
        return None
    path = Path(given)
    if _is_record(path):
        return _read_spec(path)
    if path.is_dir():
        message = f"{path}: has no record.json. Name a record or a scenario file."
        raise UserError(message)
    is_file = path.suffix or path.is_file()
    return load_study(path) if is_file and not is_code(str(given)) else None


def _is_record(path: Path) -> bool:
    """Return whether a path is a record, or the folder of one."""
    from rakuten_bench.records.store import RECORD_FILE

    return path.name == RECORD_FILE or (path / RECORD_FILE).is_file()


def _read_spec(path: Path) -> StudySpec:
    from rakuten_bench.engine.origin import study_of
    from rakuten_bench.records import read_record
    from rakuten_bench.store.layout import default_cache

    folder = path if path.is_dir() else path.parent
    return study_of(read_record(folder), default_cache())


def _choose(spec: StudySpec, name: str) -> Scenario:
    """Return the scenario with a name or code; the only one if none is given.

    Raises
    ------
    UserError
    """
    named = {label: one for one in spec.scenarios for label in _labels(spec, one)}
    if name in named:
        return named[name]
    if name:
        message = f"{spec.path}: {unknown('scenario', name, named)}"
        raise UserError(message)
    if len(spec.scenarios) > 1:
        message = (
            f"{spec.path}: has {len(spec.scenarios):,} scenarios. Choose one: "
            f"name='{next(iter(named))}'."
        )
        raise UserError(message)
    return spec.scenarios[0]


def _labels(spec: StudySpec, scenario: Scenario) -> Iterable[str]:
    return filter(
        None, (*spec.names.get(scenario.code, ()), scenario.name, scenario.code)
    )
