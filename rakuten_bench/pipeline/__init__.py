"""How the steps of a scenario are computed: by the engine, or as one estimator.

Both run the same options by the same kinds of steps (`pipeline.kind`), so that they
give the same predictions; only the engine shares steps between scenarios.
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
        Returns the value of an `Input`: of a step, or of a root.
    """
    pairs = ((source, fetch(source)) for source in step.inputs)
    return Slots.of(
        (source.slot, value[source.part] if source.part else value)
        for source, value in pairs
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
    """Return a step's work: its options, their parameters and arguments.

    Parameters
    ----------
    step : Step
    slots : Slots
    n_jobs : int
        Number of threads that an option may use.
    device : {"cpu", "cuda"}
    folder : Path, optional
        Where an option may keep checkpoints, which survive a kill.
    base : Path, optional
        Folder that paths in parameters are relative to; the working directory by
        default.
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
    params = tuple(
        choice.resolved(option)
        for choice, option in zip(step.choices, options, strict=True)
    )
    return Work(options, params, slots, given)


def run_step(step: Step, slots: Slots, **settings: Any) -> Any:
    """Compute the value of a step; keyword arguments as in `prepare_work`.

    Returns
    -------
    object
        The value of the slot that the step writes, or a mapping from slot to value if
        it writes several.
    """
    work = prepare_work(step, slots, **settings)
    with explained(work.option):
        return find_kind(step.kind).run(work)
