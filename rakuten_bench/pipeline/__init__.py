"""From a scenario to work: steps that the engine runs, or one scikit-learn pipeline.

Both are made of the same options, so that they give the same predictions; the engine
only avoids doing the same part twice.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rakuten_bench.pipeline import clustering, fitting, fusing
from rakuten_bench.pipeline.table import explained, hand_over, put_back
from rakuten_bench.plan import Step
from rakuten_bench.registry import Option
from rakuten_bench.scenario import find_option
from rakuten_bench.types import Blocks, Folded, Languages, Target


def run_step(
    step: Step,
    slots: Mapping[str, Any],
    *,
    n_jobs: int = 1,
    device: str = "cpu",
    folder: Path | None = None,
    base: Path | None = None,
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
    folder : Path, optional
        Where an option may keep unfinished work that outlives a kill.
    base : Path, optional
        Where files named in parameters start from; the working folder by default.

    Returns
    -------
    object
        The value of the slot that the step writes; a mapping from slot to value where
        it writes several.
    """
    given: dict[str, Any] = {
        "random_state": step.seed,
        "n_jobs": n_jobs,
        "device": device,
        "base": base,
    }
    if folder is not None:
        given["folder"] = folder
    options = [find_option(step.modality, choice) for choice in step.choices]
    params = [choice.arguments for choice in step.choices]
    if step.kind == "map":
        return run_map(options[0], params[0], slots, given)
    target: Target = slots["target"]
    given |= {"n_classes": target.n_classes, "classes": target.classes}
    with explained(options[-1]):
        return _LEARNED[step.kind](options, params, slots, given)


def run_map(
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    """Apply a stateless option to all rows, or to each side of a fold."""
    apply = importlib.import_module(option.lever.package).apply
    handed = {slot: hand_over(option, value) for slot, value in slots.items()}
    with explained(option):
        return put_back(option, _map(apply, option, params, handed, given), slots)


def _map(
    apply: Callable[..., Any],
    option: Option,
    params: Mapping[str, Any],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    folded = next((v for v in slots.values() if isinstance(v, Folded)), None)
    if folded is None:
        return apply(option, params, dict(slots), dict(given))
    train = apply(option, params, _side(slots, folded.train_rows, "train"), dict(given))
    if folded.test is None:
        return replace(folded, train=train)
    test = apply(option, params, _side(slots, folded.test_rows, "test"), dict(given))
    return replace(folded, train=train, test=test)


def _side(slots: Mapping[str, Any], rows: Any, name: str) -> dict[str, Any]:
    return {
        slot: getattr(value, name)
        if isinstance(value, Folded)
        else fitting.take(value, rows)
        for slot, value in slots.items()
    }


def learned_input(option: Option, slots: Mapping[str, Any]) -> tuple[Folded, Target]:
    """Return the value that a learned step works on, parted into folds."""
    target: Target = slots["target"]
    languages: Languages | None = slots.get("languages")
    parts = [
        fitting.divide(hand_over(option, value), target, languages)
        for slot, value in slots.items()
        if slot in option.reads or slot.startswith("before")
    ]
    if not option.combines:
        return parts[0], target
    train = Blocks(tuple(part.train for part in parts))
    seen = parts[0].test is not None
    test = Blocks(tuple(part.test for part in parts)) if seen else None
    return replace(parts[0], train=train, test=test), target


def _transform(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Folded:
    folded, _ = learned_input(options[0], slots)
    return fitting.transform(options[0].make(params=params[0], **given), folded)


def _resample(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Folded:
    folded, _ = learned_input(options[0], slots)
    return fitting.resample(options[0].make(params=params[0], **given), folded)


def _estimate(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    folded, target = learned_input(options[0], slots)
    estimator = options[0].make(params=params[0], **given)
    return fitting.estimate(estimator, folded, target.n_classes, target.groups)


def _cluster(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    folded, _ = learned_input(options[0], slots)
    return clustering.cluster(options[0].make(params=params[0], **given), folded)


def _fuse(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    return fusing.fuse(options[0].make(params=params[0], **given), slots)


def _search(
    options: list[Option],
    params: list[dict[str, Any]],
    slots: Mapping[str, Any],
    given: Mapping[str, Any],
) -> Any:
    from rakuten_bench.pipeline.searching import fit_search, inner_folds

    folded, target = learned_input(options[1], slots)
    inner = inner_folds(slots, options[1])
    start = time.perf_counter()
    estimator = fit_search(options, params, folded, inner, given, target.groups)
    seconds = time.perf_counter() - start
    return fitting.predict(estimator, folded, target.n_classes, fit_time=seconds)


_LEARNED = {
    "fuse": _fuse,
    "transform": _transform,
    "resample": _resample,
    "estimate": _estimate,
    "cluster": _cluster,
    "search": _search,
}
