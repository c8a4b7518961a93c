"""From a scenario to work: steps that the engine runs, or one scikit-learn pipeline.

Both are made of the same options, so that they give the same predictions; the engine
only avoids doing the same part twice.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from rakuten_bench.pipeline import fitting
from rakuten_bench.plan import Step
from rakuten_bench.registry import Option
from rakuten_bench.scenario import find_option, thaw
from rakuten_bench.types import Folded, Languages, Target


def run_step(
    step: Step, slots: Mapping[str, Any], *, n_jobs: int = 1, device: str = "cpu"
) -> Any:
    """Compute the value of a step.

    Parameters
    ----------
    step : Step
    slots : mapping of slot to value
        What the step's inputs name.
    n_jobs : int
        Threads that an option may use.
    device : {"cpu", "cuda"}

    Returns
    -------
    object
        The value of the slot that the step writes; a mapping from slot to value where
        it writes several.
    """
    options = [find_option(step.modality, choice) for choice in step.choices]
    params = [
        {name: thaw(value) for name, value in choice.params} for choice in step.choices
    ]
    given: dict[str, Any] = {
        "random_state": step.seed,
        "n_jobs": n_jobs,
        "device": device,
    }
    if step.kind == "map":
        return run_map(options[0], params[0], slots, given)
    target: Target = slots["target"]
    given["n_classes"] = target.n_classes
    return _LEARNED[step.kind](options, params, slots, given)


def run_map(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    """Apply a stateless option to all rows, or to each side of a fold."""
    apply = importlib.import_module(option.lever.package).apply
    folded = fitting.rows_of(slots)
    if folded is None:
        return apply(option, params, dict(slots), dict(given))
    sides = [
        apply(option, params, _side(slots, rows, name), dict(given))
        for name, rows in (("train", folded.train_rows), ("test", folded.test_rows))
    ]
    return Folded(
        *sides, folded.y, folded.train_rows, folded.test_rows, folded.notes
    )


def _side(slots: Mapping[str, Any], rows: Any, name: str) -> dict[str, Any]:
    return {
        slot: getattr(value, name) if isinstance(value, Folded) else fitting.take(value, rows)
        for slot, value in slots.items()
    }


def _learn(slots: Mapping[str, Any]) -> tuple[Folded, Target]:
    """Return the value that a learned step works on, parted into folds."""
    target: Target = slots["target"]
    languages: Languages | None = slots.get("languages")
    value = next(value for slot, value in slots.items() if slot not in _ASIDE)
    return fitting.divide(value, target, languages), target


_ASIDE = frozenset({"languages", "target"})


def _transform(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Folded:
    folded, _ = _learn(slots)
    return fitting.transform(options[0].make(params=params[0], **given), folded)


def _resample(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Folded:
    folded, _ = _learn(slots)
    return fitting.resample(options[0].make(params=params[0], **given), folded)


def _estimate(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    folded, target = _learn(slots)
    estimator = options[0].make(params=params[0], **given)
    return fitting.estimate(estimator, folded, target.n_classes)


_LEARNED = {
    "transform": _transform,
    "resample": _resample,
    "estimate": _estimate,
}
