"""From a scenario to work: steps that the engine runs, or one scikit-learn pipeline.

Both are made of the same options and run the same kinds of steps (`pipeline.kind`), so
that they give the same predictions; the engine only avoids doing the same part twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rakuten_bench.pipeline.kind import Work, find_kind
from rakuten_bench.pipeline.slot import Slots
from rakuten_bench.pipeline.table import explained
from rakuten_bench.plan import Input, Step
from rakuten_bench.scenario import find_option


def read_slots(step: Step, fetch: Callable[[Input], Any]) -> Slots:
    """Return the values that a step reads.

    Parameters
    ----------
    step : Step
    fetch : callable
        Gives the value of the step or root that an input names.
    """
    pairs = ((one, fetch(one)) for one in step.inputs)
    return Slots.of(
        (one.slot, value[one.part] if one.part else value) for one, value in pairs
    )


def prepare_work(
    step: Step,
    slots: Slots,
    *,
    n_jobs: int = 1,
    device: str = "cpu",
    folder: Path | None = None,
    base: Path | None = None,
) -> Work:
    """Return a step with its options, their parameters and what the harness fills in.

    Parameters
    ----------
    step : Step
    slots : Slots
    n_jobs : int
        Threads that an option may use.
    device : {"cpu", "cuda"}
    folder : Path, optional
        Where an option may keep unfinished work that outlives a kill.
    base : Path, optional
        Where files named in parameters start from; the working folder by default.
    """
    given: dict[str, object] = {
        "random_state": step.seed,
        "n_jobs": n_jobs,
        "device": device,
        "base": base,
    }
    if folder is not None:
        given["folder"] = folder
    if slots.target is not None:
        given |= {
            "n_classes": slots.target.n_classes,
            "classes": slots.target.classes,
        }
    options = tuple(find_option(step.modality, choice) for choice in step.choices)
    params = tuple(choice.arguments for choice in step.choices)
    return Work(options, params, slots, given)


def run_step(step: Step, slots: Slots, **words: Any) -> Any:
    """Compute the value of a step; the keywords are those of `prepare_work`.

    Returns
    -------
    object
        The value of the slot that the step writes; a mapping from slot to value where
        it writes several.
    """
    work = prepare_work(step, slots, **words)
    with explained(work.option):
        return find_kind(step.kind).run(work)
