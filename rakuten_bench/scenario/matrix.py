"""Expand a matrix of levers to scenarios, with `include` and `exclude`.

Both work as in a GitHub Actions matrix: an `exclude` entry removes every combination
that it matches; an `include` entry is added to each combination that it does not
contradict; if there is none, it becomes a new combination.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from rakuten_bench.scenario import Choice

Combination = Mapping[str, Choice]


def expand(
    matrix: Mapping[str, Sequence[Choice]],
    include: Iterable[Combination] = (),
    exclude: Iterable[Combination] = (),
) -> list[dict[str, Choice]]:
    """Return every combination of a matrix.

    Parameters
    ----------
    matrix : mapping of lever to choices
    include, exclude : iterables of (partial) combinations

    Returns
    -------
    list of dict
        From lever to choice, in the order of the matrix, the last lever fastest.
    """
    products = itertools.product(*matrix.values()) if matrix else ()
    combinations = [dict(zip(matrix, choices, strict=True)) for choices in products]
    unwanted = list(exclude)
    combinations = [
        one for one in combinations if not any(fits(entry, one) for entry in unwanted)
    ]
    originals = [dict(one) for one in combinations]
    alone: list[dict[str, Choice]] = []
    for entry in include:
        hosts = [
            host
            for host, original in zip(combinations, originals, strict=True)
            if _contradicts_nothing(entry, original)
        ]
        for host in hosts:
            host.update(entry)
        if not hosts:
            alone.append(dict(entry))
    return combinations + alone


def fits(entry: Combination, combination: Combination) -> bool:
    """Return whether every lever that an entry names has that option.

    An entry without parameters matches the option with any parameters.
    """
    return all(
        lever in combination and _same(choice, combination[lever])
        for lever, choice in entry.items()
    )


def _same(wanted: Choice, found: Choice) -> bool:
    return wanted.option == found.option and (
        not wanted.params or wanted.params == found.params
    )


def _contradicts_nothing(entry: Combination, original: Combination) -> bool:
    return all(
        lever not in original or original[lever] == choice
        for lever, choice in entry.items()
    )
