"""Stateless steps, which process each row by itself."""

from __future__ import annotations

import importlib
from dataclasses import replace

from rakuten_bench.pipeline.fitting import take
from rakuten_bench.pipeline.kind import Preparing, Work
from rakuten_bench.pipeline.table import explained, hand_over, put_back
from rakuten_bench.types import Folded, Rows, Values


class Map(Preparing):
    """Applies a stateless option to all rows, or to each side of a fold."""

    seconds = 0.5
    learns = False

    def fit(self, work: Work) -> tuple[None, object]:
        """Return the value for the rows, or for both sides of a fold."""
        option = work.option
        handed = {slot: hand_over(option, value) for slot, value in _read(work).items()}
        with explained(option):
            return None, put_back(option, _apply(work, handed), work.slots.values)

    def apply(self, work: Work, learned: object) -> object:
        """Return the value for other rows."""
        del learned
        return self.run(work)


def _read(work: Work) -> dict[str, object]:
    """Return the values that the option gets, by argument name."""
    before = {f"before{n}": value for n, value in enumerate(work.slots.before)}
    return before or dict(work.slots.values)


def _apply(work: Work, slots: Values) -> object:
    apply = importlib.import_module(work.option.lever.package).apply
    option = work.option, work.params[0]
    folded = next((v for v in slots.values() if isinstance(v, Folded)), None)
    if folded is None:
        return apply(*option, dict(slots), dict(work.given))
    train = apply(*option, _side(slots, folded.train_rows, "train"), dict(work.given))
    if folded.test is None:
        return replace(folded, train=train)
    test = apply(*option, _side(slots, folded.test_rows, "test"), dict(work.given))
    return replace(folded, train=train, test=test)


def _side(slots: Values, rows: Rows, name: str) -> dict[str, object]:
    return {
        slot: getattr(value, name) if isinstance(value, Folded) else take(value, rows)
        for slot, value in slots.items()
    }


KIND = Map()
