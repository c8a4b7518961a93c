"""Time and memory limits of steps, parsed from values such as "10m", "6GB"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from rakuten_bench.errors import UserError, unknown
from rakuten_bench.types import Params
from rakuten_bench.units import parse_duration, parse_size


@dataclass(frozen=True, slots=True)
class Limit:
    """Limits of one step.

    Attributes
    ----------
    time : float or None
        Seconds of wall clock.
    memory : int or None
        Bytes of its process and its child processes.
    """

    time: float | None = None
    memory: int | None = None

    def __bool__(self) -> bool:
        return self.time is not None or self.memory is not None

    def over(self, wider: Limit) -> Limit:
        """Return this limit, with unset values taken from another."""
        return Limit(
            wider.time if self.time is None else self.time,
            wider.memory if self.memory is None else self.memory,
        )

    @classmethod
    def loosest(cls, limits: Iterable[Self]) -> Limit:
        """Return the least restrictive combination of some limits.

        >>> Limit.loosest([Limit(time=5), Limit(time=60, memory=10)])
        Limit(time=60, memory=None)
        """
        known = list(limits) or [cls()]
        times = [one.time for one in known if one.time is not None]
        sizes = [one.memory for one in known if one.memory is not None]
        return Limit(
            max(times) if len(times) == len(known) else None,
            max(sizes) if len(sizes) == len(known) else None,
        )


@dataclass(frozen=True)
class Limits:
    """The limits of a file; the most specific applies: scenario, then option, then file.

    Attributes
    ----------
    general : Limit
        For every step.
    options : mapping of (lever, option) to Limit
    forced : Limit
        From the command line: overrides the file for every step.
    """

    general: Limit = Limit()
    options: Mapping[tuple[str, str], Limit] = field(default_factory=dict)
    forced: Limit = Limit()

    def of(self, options: Iterable[tuple[str, str]], own: Limit) -> Limit:
        """Return the limit of a step.

        Parameters
        ----------
        options : iterable of (lever, option)
            The options that the step applies.
        own : Limit
            Of the scenario.
        """
        found = own
        for option in options:
            found = found.over(self.options.get(option, Limit()))
        return self.forced.over(found.over(self.general))


def parse_limit(words: Params) -> Limit:
    """Read `{time: 10m, memory: 6GB}`; one of the two may be left out.

    Raises
    ------
    UserError
        For another key or a value that is not a duration or size.
    """
    for name in words:
        if name not in ("time", "memory"):
            raise UserError(unknown("limit", name, ("time", "memory")))
    time, memory = words.get("time"), words.get("memory")
    return Limit(
        None if time is None else parse_duration(time),
        None if memory is None else parse_size(memory),
    )
