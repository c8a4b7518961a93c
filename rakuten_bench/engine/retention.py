"""The results that a run needs: pinned while it runs, the rest evicted by age."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rakuten_bench.plan import Plan
from rakuten_bench.store.evict import evict
from rakuten_bench.store.pin import EVERYTHING, Pin, exclusive, read_pins
from rakuten_bench.store.result import Store

_EVICT_SHARE = 0.05  # of the cache's size is written between two evictions


@dataclass
class Retention:
    """Keeps the results of a plan in the cache, and the cache within its size.

    Attributes
    ----------
    store : Store
    plan : Plan
    max_bytes : int
        Size of the cache.
    pin : Pin
        Of this run.
    """

    store: Store
    plan: Plan
    max_bytes: int
    pin: Pin
    _written: int = field(default=0, init=False)

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Keep other runs from evicting what the plan needs."""
        try:
            with exclusive(self.store.root):
                self.pin.write([*self.plan.steps, *self.plan.roots])
            yield
        finally:
            self.pin.close()

    def add(self, n_bytes: int) -> None:
        """Count bytes that were written."""
        self._written += n_bytes

    @property
    def is_due(self) -> bool:
        """Whether enough was written since the last eviction."""
        return self._written > self.max_bytes * _EVICT_SHARE

    def touch(self, keys: Iterable[str]) -> None:
        """Note which results were used: the others are evicted first."""
        self.store.touch([*keys, self.plan.frame])

    def evict(self, needed: Collection[str]) -> None:
        """Bring the cache to its size.

        Parameters
        ----------
        needed : collection of str
            Keys that steps of this run still read.
        """
        self._written = 0
        with exclusive(self.store.root):
            others = read_pins(self.store.root, but=self.pin)
            if EVERYTHING not in others:
                keep = {*needed, *self.plan.roots, *others}
                evict(self.store, self.max_bytes, keep)
