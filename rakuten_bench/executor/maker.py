"""Compute the value of a step from inputs in the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rakuten_bench.pipeline import read_slots, run_step
from rakuten_bench.plan import Step
from rakuten_bench.store.result import Recompute, Store


@dataclass(frozen=True)
class Maker:
    """Computes steps from inputs in the store.

    Attributes
    ----------
    device : {"cpu", "cuda"}
        Device of the requested step. Its recomputed inputs run on the CPU, as the first
        time: results from the GPU are always stored.
    base : Path or None
        Folder that relative file names in parameters refer to.
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
            If an input is missing or damaged.
        """
        slots = read_slots(step, lambda input_step: self.fetch(input_step.key))
        return run_step(
            step,
            slots,
            n_jobs=self.n_threads,
            device=self.device,
            folder=self.store.folder(step.key),
            base=self.base,
        )

    def fetch(self, key: str) -> Any:
        """Return the value of a key; compute it if only its step is stored."""
        value = self.store.load(key)
        if isinstance(value, Recompute):
            return replace(self, device="cpu").compute(value.step)
        return value
