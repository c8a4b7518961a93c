"""Measured costs of steps, kept in the cache: seconds, memory, disk.

They order the queue and predict the time of a run, and are kept when results are evicted.
"""

from __future__ import annotations

import contextlib
import os
import statistics
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from rakuten_bench.atomic import write_atomically
from rakuten_bench.pipeline.kind import find_kind
from rakuten_bench.plain import read_plain
from rakuten_bench.plan import Step
from rakuten_bench.plan.digest import digest
from rakuten_bench.scenario import find_option
from rakuten_bench.store.entry import Facts
from rakuten_bench.types import Effort

_REMEMBERED = 5  # observations of one kind of step
_MOST_LINES = 50_000  # of the file, before old ones are dropped
_MAX_SIZE = 1 << 26  # bytes: five times those lines
_BASE_MEMORY = 150_000_000  # bytes of a worker that has done nothing yet


class Observation(msgspec.Struct, frozen=True, array_like=True):
    """The cost of one step.

    Attributes
    ----------
    n_rows : int
        Of the data set.
    params : str
        Digest of the parameters.
    n_threads, device, gpu, notes
        As in `Facts`: for the record if the result was evicted.
    is_finished : bool
        Whether it finished; otherwise it was stopped, and takes longer.
    """

    key: str
    lever: str
    option: str
    params: str
    n_rows: int
    seconds: float
    memory: int
    size: int
    n_threads: int = 1
    device: str = "cpu"
    gpu: str = ""
    notes: tuple[str, ...] = ()
    is_finished: bool = True


#: What is observed of a step under the name that it has in `Facts`.
_REMEMBERED_FACTS = frozenset(Observation.__struct_fields__) & {
    *Facts.__struct_fields__
}


@dataclass(frozen=True, slots=True)
class Cost:
    """The estimated cost of a step.

    Attributes
    ----------
    seconds : float
    memory, size : int
        Bytes in memory while it runs, and of its result on disk.
    is_known : bool
        Whether its option has run before. Otherwise this is a guess, even if based on
        other options of the lever, which may be 50 times slower or faster.
    """

    seconds: float
    memory: int = 0
    size: int = 0
    is_known: bool = True


def effort_of(step: Step) -> Effort | None:
    """Return the declared effort of the option that does a step's main work."""
    return find_option(step.modality, step.choices[-1]).effort


class Costs:
    """Costs of earlier steps, and estimates from them.

    Parameters
    ----------
    path : Path
        A file of lines, appended to by any number of runs.
    n_rows : int
        Of the data set of the steps to estimate.
    effort_of : callable
        Returns the declared effort of a step's option.
    """

    def __init__(
        self,
        path: Path,
        n_rows: int,
        effort_of: Callable[[Step], Effort | None] = effort_of,
    ) -> None:
        self.path = path
        self.n_rows = n_rows
        self.effort_of = effort_of
        self._by_key: dict[str, Observation] = {}
        self._by_kind: dict[Hashable, deque[Observation]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED)
        )
        for one in _read(path):
            self._remember(one)

    def _remember(self, one: Observation) -> None:
        self._by_key[one.key] = one
        if not one.is_finished:
            return
        for kind in _kinds(one.lever, one.option, one.params):
            self._by_kind[kind].append(one)

    def of(self, step: Step) -> Cost:
        """Return the estimated cost of a step, from itself or else the most similar ones."""
        same = self._by_key.get(step.key)
        if same is not None:
            return Cost(same.seconds, same.memory, same.size, same.is_finished)
        effort = self.effort_of(step)
        *narrow, lever = _kinds(step.lever, _option(step), _params(step))
        for kind in narrow:
            if kind in self._by_kind:
                return self._scale(self._by_kind[kind], effort.power if effort else 1.0)
        if effort is None and lever in self._by_kind:
            return replace(self._scale(self._by_kind[lever], 1.0), is_known=False)
        least = find_kind(step.kind).seconds
        guess = effort.of(self.n_rows) if effort else least
        return Cost(max(guess, least), is_known=False)

    def facts(self, step: Step) -> Facts | None:
        """Return the facts of a step whose result may be evicted; None if unknown."""
        one = self._by_key.get(step.key)
        if one is None or not one.is_finished:
            return None
        return Facts(
            step=str(step), **{name: getattr(one, name) for name in _REMEMBERED_FACTS}
        )

    def _scale(self, like: Sequence[Observation], power: float) -> Cost:
        """Return the median of observations, scaled to our number of rows."""
        ratios = [self.n_rows / max(one.n_rows, 1) for one in like]
        pairs = list(zip(like, ratios, strict=True))
        memory = statistics.median(
            _BASE_MEMORY + max(one.memory - _BASE_MEMORY, 0) * ratio
            for one, ratio in pairs
        )
        return Cost(
            statistics.median(one.seconds * ratio**power for one, ratio in pairs),
            int(memory),
            int(statistics.median(one.size * ratio for one, ratio in pairs)),
        )

    def add(self, step: Step, facts: Facts) -> None:
        """Save the cost of a step, for this run and later ones."""
        self._keep(self._observe(step, facts))

    def add_missing(self, step: Step, facts: Facts) -> None:
        """Remember what a step has cost a run elsewhere, unless that is known here."""
        if self.facts(step) is None:
            self.add(step, facts)

    def add_stopped(self, step: Step, seconds: float) -> None:
        """Save that a step takes longer than its time limit."""
        if self.facts(step) is None:
            thought = self.of(step)
            facts = Facts(
                seconds=max(seconds, thought.seconds),
                memory=thought.memory,
                size=thought.size,
                step=str(step),
            )
            self._keep(self._observe(step, facts, is_finished=False))

    def _observe(
        self, step: Step, facts: Facts, *, is_finished: bool = True
    ) -> Observation:
        known = {name: getattr(facts, name) for name in _REMEMBERED_FACTS}
        known |= {"lever": step.lever, "seconds": round(facts.seconds, 6)}
        return Observation(
            key=step.key,
            option=_option(step),
            params=_params(step),
            n_rows=self.n_rows,
            is_finished=is_finished,
            **known,
        )

    def _keep(self, one: Observation) -> None:
        self._remember(one)
        _append(self.path, one)


def _option(step: Step) -> str:
    return "+".join(choice.option for choice in step.choices)


def _params(step: Step) -> str:
    return digest([choice.params for choice in step.choices])[:8]


def _kinds(lever: str, option: str, params: str) -> Iterator[Hashable]:
    """Yield the similarity keys of a step, most specific first."""
    yield lever, option, params
    yield lever, option
    yield (lever,)


def _append(path: Path, one: Observation) -> None:
    """Append a line; short ones are written atomically, even by concurrent runs.

    If this user can't write, only forecasts get worse.
    """
    line = msgspec.json.encode(one) + b"\n"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, line)
        finally:
            os.close(file)


def _read(path: Path) -> list[Observation]:
    """Return all observations, oldest first; truncated lines are skipped."""
    try:
        lines = read_plain(path, _MAX_SIZE).splitlines()
    except OSError:
        return []
    found = list(_decode(lines))
    if len(lines) > _MOST_LINES:
        kept = {one.key: one for one in found}.values()
        _rewrite(path, list(kept)[-_MOST_LINES // 2 :])
    return found


def _decode(lines: Iterable[bytes]) -> Iterator[Observation]:
    decode = msgspec.json.Decoder(Observation).decode
    for line in lines:
        try:
            yield decode(line)
        except (ValueError, RecursionError):  # damaged: also of bytes that are no text
            continue


def _rewrite(path: Path, kept: Iterable[Observation]) -> None:
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in kept)
    with contextlib.suppress(OSError):
        write_atomically(path, lines)
