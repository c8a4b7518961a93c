"""The value of a step, from inputs that are in the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rakuten_bench.pipeline import read_slots, run_step
from rakuten_bench.plan import Step
from rakuten_bench.store.result import Recompute, Store


@dataclass(frozen=True)
class Maker:
    """Computes steps from inputs that are in the store.

    Attributes
    ----------
    device : {"cpu", "cuda"}
        Of the step that is asked for. What it reads and was not worth keeping is
        computed on the CPU, as it was before: from the GPU everything is kept.
    base : Path or None
        Where files named in parameters start from.
    """

    store: Store
    n_threads: int = 1
    device: str = "cpu"
    base: Path | None = None

    def compute(self, step: Step) -> Any:
        """Return the value of a step.

        Raises
        ------
        LostResult
            If an input is not there, or damaged.
        """
        slots = read_slots(step, lambda one: self.fetch(one.key))
        return run_step(
            step,
            slots,
            n_jobs=self.n_threads,
            device=self.device,
            folder=self.store.folder(step.key),
            base=self.base,
        )

    def fetch(self, key: str) -> Any:
        """Return a stored value; one that was not worth keeping is computed."""
        value = self.store.load(key)
        if isinstance(value, Recompute):
            return replace(self, device="cpu").compute(value.step)
        return value
