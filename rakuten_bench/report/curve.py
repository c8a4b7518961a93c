"""Learning curves from a record's details: epochs of a network, trials of a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

_NOT_A_CURVE = ("epoch", "seconds", "learning_rate")


@dataclass(frozen=True, slots=True)
class Curve:
    """Lines with a common x axis.

    Attributes
    ----------
    title, x_label, y_label : str
    lines : dict of str to list of (x, y)
    points : list of (x, y)
        Points that are not connected.
    """

    title: str
    x_label: str
    y_label: str
    lines: dict[str, list[tuple[float, float]]]
    points: list[tuple[float, float]]


def learning_curves(details: Mapping[str, Any]) -> list[Curve]:
    """Return the curves in a record's details, fold by fold."""
    folds: Sequence[Mapping[str, Any]] = details.get("folds", [details])
    curves: list[Curve] = []
    for number, fold in enumerate(folds):
        suffix = f", fold {number}" if len(folds) > 1 else ""
        curves += _epochs(fold.get("epochs", []), suffix)
        curves += _candidates(fold, suffix)
    return curves


def _epochs(epochs: Sequence[Mapping[str, Any]], suffix: str) -> Iterator[Curve]:
    """Yield a curve of the losses and one of the other metrics."""
    names = list(dict.fromkeys(name for epoch in epochs for name in epoch))
    measures = [name for name in names if name not in _NOT_A_CURVE]
    losses = [name for name in measures if "loss" in name]
    others = [name for name in measures if "loss" not in name]
    for y_label, chosen in (("loss", losses), ("score", others)):
        if chosen:
            lines = {name.replace("_", " "): _line(epochs, name) for name in chosen}
            yield Curve(f"Epochs: {y_label}{suffix}", "epoch", y_label, lines, [])


def _line(epochs: Sequence[Mapping[str, Any]], name: str) -> list[tuple[float, float]]:
    return [
        (float(epoch.get("epoch", place)), float(epoch[name]))
        for place, epoch in enumerate(epochs, 1)
        if epoch.get(name) is not None
    ]


def _candidates(details: Mapping[str, Any], suffix: str) -> Iterator[Curve]:
    """Yield the scores of a search's candidates and the best so far."""
    scored = [
        (float(place), float(candidate["score"]))
        for place, candidate in enumerate(details.get("candidates", []), 1)
        if candidate.get("score") is not None
    ]
    if scored:
        best = accumulate((score for _, score in scored), max)
        line = [(place, top) for (place, _), top in zip(scored, best, strict=True)]
        label = str(details.get("scoring", "score"))
        title = f"Search: inner {label} of each candidate{suffix}"
        yield Curve(title, "candidate", label, {"best so far": line}, scored)
