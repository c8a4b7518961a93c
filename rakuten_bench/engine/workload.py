"""The steps that a run has left to compute, and what they are expected to cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rakuten_bench.engine.cost import Costs
from rakuten_bench.engine.prepare import Prepared
from rakuten_bench.engine.schedule import Schedule
from rakuten_bench.store.layout import Layout


@dataclass(frozen=True)
class Workload:
    """What is left to do of a prepared study.

    Attributes
    ----------
    prepared : Prepared
    schedule : Schedule
        Of all steps without a result.
    costs : Costs
        Of earlier steps.
    """

    prepared: Prepared
    schedule: Schedule
    costs: Costs

    @classmethod
    def of(
        cls, prepared: Prepared, is_stored: Callable[[str], bool] | None = None
    ) -> Workload:
        """Find the steps that are left.

        Parameters
        ----------
        prepared : Prepared
        is_stored : callable, optional
            Tells of a key whether its result is stored; by default, in our cache.
        """
        store = prepared.store
        path = Layout(store.root.parent).costs
        costs = Costs(path, len(prepared.dataset.frame))
        schedule = Schedule(
            prepared.plan,
            prepared.todo,
            is_stored or store.__contains__,
            lambda step: costs.of(step).seconds,
        )
        return cls(prepared, schedule, costs)
