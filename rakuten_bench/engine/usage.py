"""What a run used, beside what was predicted."""

from __future__ import annotations

from dataclasses import dataclass

from rakuten_bench.engine.cost import Cost
from rakuten_bench.store.entry import Facts


@dataclass
class Usage:
    """Predicted and measured use of all steps that a run computed.

    Attributes
    ----------
    seconds_predicted, seconds : float
        Sum over the steps.
    memory_predicted, memory : int
        Maximum over the steps, bytes.
    size_predicted, size : int
        Bytes written to the cache.
    n_guessed : int
        Steps whose option had no history.
    wall : float
        Seconds from start to end.
    """

    seconds_predicted: float = 0.0
    seconds: float = 0.0
    memory_predicted: int = 0
    memory: int = 0
    size_predicted: int = 0
    size: int = 0
    n_guessed: int = 0
    wall: float = 0.0

    def add(self, predicted: Cost, measured: Facts) -> None:
        """Add a computed step."""
        self.n_guessed += not predicted.is_known
        self.seconds_predicted += predicted.seconds
        self.seconds += measured.seconds
        self.memory_predicted = max(self.memory_predicted, predicted.memory)
        self.memory = max(self.memory, measured.memory)
        self.size_predicted += predicted.size
        self.size += measured.size
