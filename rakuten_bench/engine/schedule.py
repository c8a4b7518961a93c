"""The ready queue: which step runs next, and which scenario has finished."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rakuten_bench.executor.fault import Fault
from rakuten_bench.executor.task import Done
from rakuten_bench.plan import Plan, Step

_MOST_LOSSES = 3  # of one result, before a step that reads it fails
_MOST_KILLS = 2  # of one step's process, after which it is run again

Weight = Callable[[Step], float]


@dataclass(frozen=True, slots=True)
class Ended:
    """A scenario without remaining steps."""

    code: str
    fault: Fault | None = None


class Schedule:
    """Remaining steps, ordered by critical path, longest first.

    Paths of similar length count as ties, which are broken by the scenarios' order, so
    that scenarios finish one after the other and not all at the end.

    Parameters
    ----------
    plan : Plan
    codes : sequence of str
        Scenarios to run.
    is_there : callable
        Returns whether the result of a key exists.
    weight : callable
        Returns the estimated seconds of a step.

    Attributes
    ----------
    n_kills : Counter of str
        Number of times a step's process was killed from outside, by key.
    """

    def __init__(
        self,
        plan: Plan,
        codes: Sequence[str],
        is_there: Callable[[str], bool],
        weight: Weight = lambda step: 1.0,
    ) -> None:
        self.plan = plan
        self.seconds: dict[str, float] = {}
        self._is_there = is_there
        self._weight = weight
        self._missing: dict[str, set[str]] = {}
        self._users: dict[str, set[str]] = defaultdict(set)
        self._keys_of: dict[str, set[str]] = {}
        self._codes_of: dict[str, dict[str, None]] = defaultdict(dict)
        self._rank: dict[str, int] = {}
        self._length: dict[str, float] = {}
        self._ready: list[tuple[int, int, str]] = []
        self._ended: list[Ended] = []
        self._losses: Counter[tuple[str, str]] = Counter()
        self.n_kills: Counter[str] = Counter()
        for code in codes:
            self._add_scenario(code)
        self._measure()
        for key, sources in self._missing.items():
            if not sources:
                self._push(key)

    @property
    def n_left(self) -> int:
        """Number of unfinished steps."""
        return len(self._missing)

    def missing(self) -> list[Step]:
        """Return the unfinished steps in topological order."""
        return [self.plan.steps[key] for key in self._missing]

    def forecast(
        self, n_workers: int, spent: Mapping[str, float] | None = None
    ) -> float:
        """Return the estimated seconds of the remaining steps.

        Work is divided among workers, but a chain of steps is sequential.

        Parameters
        ----------
        n_workers : int
        spent : mapping of str to float, optional
            Elapsed seconds of running steps, by key.
        """
        gone = {
            key: min(seconds, self.seconds[key])
            for key, seconds in (spent or {}).items()
            if key in self._missing
        }
        total = sum(self.seconds[key] for key in self._missing) - sum(gone.values())
        ways = (self._length[key] - gone.get(key, 0.0) for key in self._missing)
        return max(total / n_workers, max(ways, default=0.0), 0.0)

    def _add_scenario(self, code: str) -> None:
        keys = self._add_steps(self._outputs(code))
        self._keys_of[code] = keys
        for key in keys:
            self._codes_of[key][code] = None
        if not keys:
            self._end(code, None)

    def _outputs(self, code: str) -> list[str]:
        languages = [self.plan.languages.key] if self.plan.languages else []
        return [*languages, *self.plan.outputs[code]]

    def _add_steps(self, keys: Iterable[str]) -> set[str]:
        """Add steps without a result, and their dependencies; return all of them."""
        added: set[str] = set()

        def visit(key: str) -> None:
            if key in added or not self._is_missing(key):
                return
            added.add(key)
            sources = {one.key for one in self.plan.steps[key].inputs}
            for source in sources:
                visit(source)
            self._add_step(key, sources & added)

        for key in keys:
            visit(key)
        return added

    def _is_missing(self, key: str) -> bool:
        if key in self._missing:
            return True
        return key in self.plan.steps and not self._is_there(key)

    def _add_step(self, key: str, sources: set[str]) -> None:
        if key in self._missing:
            return
        self._missing[key] = set(sources)
        self._rank.setdefault(key, len(self._rank))
        self.seconds[key] = self._weight(self.plan.steps[key])
        for source in sources:
            self._users[source].add(key)

    def _measure(self) -> None:
        """Compute the critical path of each step: its seconds plus its dependents' longest."""
        for key in reversed(self._missing):  # dependents come after their inputs
            users = self._users.get(key, ())
            longest = max((self._length[user] for user in users), default=0.0)
            self._length[key] = self.seconds[key] + longest

    def _push(self, key: str) -> None:
        length = self._length.get(key, 0.0) or self.seconds[key]
        octave = math.frexp(length)[1]  # of powers of two
        heapq.heappush(self._ready, (-octave, self._rank[key], key))

    def take(self, may_run: Callable[[Step], bool] = lambda step: True) -> Step | None:
        """Return the next ready step, or None if none is ready."""
        put_back = []
        found = None
        while self._ready and found is None:
            entry = heapq.heappop(self._ready)
            step = self.plan.steps[entry[2]]
            if self._missing.get(step.key) != set():
                continue  # no longer needed, or waiting again
            if may_run(step):
                found = step
            else:
                put_back.append(entry)
        for entry in put_back:
            heapq.heappush(self._ready, entry)
        return found

    def codes(self, key: str) -> Iterable[str]:
        """Return the scenarios that wait for a step."""
        return self._codes_of.get(key, {}).keys()

    def needed(self) -> set[str]:
        """Return the keys of all results that remaining steps read."""
        found = {key for code in self._keys_of for key in self._outputs(code)}
        for key in self._missing:
            found.update(one.key for one in self.plan.steps[key].inputs)
        return found

    def finish(self, done: Done) -> None:
        """Mark a step as finished."""
        if done.key not in self._missing:
            return
        if done.lost and self._has_patience(done.key, done.lost):
            self._restore(done.key, done.lost)
        elif done.fault and done.fault.is_killed and self._may_retry(done.key):
            self._push(done.key)
        elif done.fault:
            self._fail(done.key, done.fault)
        else:
            self._succeed(done.key)

    def reopen(self, code: str, lost: str) -> None:
        """Reopen a finished scenario, one of whose results was lost."""
        if not self._has_patience(code, lost):
            text = f"its result {lost} was lost {_MOST_LOSSES} times"
            fault = Fault("failed", "LostResult", text, "", "")
            self._end(code, fault)
            return
        self._add_scenario(code)
        self._measure_new()

    def _has_patience(self, user: str, lost: str) -> bool:
        """Count the losses of a result; return whether to try again."""
        self._losses[user, lost] += 1
        return self._losses[user, lost] <= _MOST_LOSSES

    def _may_retry(self, key: str) -> bool:
        """Count the kills of a step's process; return whether to run it again."""
        self.n_kills[key] += 1
        return self.n_kills[key] <= _MOST_KILLS

    def _restore(self, key: str, lost: str) -> None:
        """Recompute an input whose stored result is damaged."""
        added = self._add_steps([lost])
        if lost in added:
            self._missing[key].add(lost)
            self._users[lost].add(key)
        for code in self._codes_of[key]:
            self._keys_of[code] |= added
            for one in added:
                self._codes_of[one][code] = None
        self._measure_new()
        if not self._missing[key]:
            self._push(key)

    def _measure_new(self) -> None:
        for key, sources in self._missing.items():
            if key not in self._length:
                self._length[key] = self.seconds[key]
                if not sources:
                    self._push(key)

    def _succeed(self, key: str) -> None:
        del self._missing[key]
        self._length.pop(key, None)
        for user in self._users.pop(key, ()):
            if user in self._missing:
                self._missing[user].discard(key)
                if not self._missing[user]:
                    self._push(user)
        for code in self._codes_of.pop(key, {}):
            self._keys_of[code].discard(key)
            if not self._keys_of[code]:
                self._end(code, None)

    def _fail(self, key: str, fault: Fault) -> None:
        for code in list(self._codes_of.get(key, {})):
            self._end(code, fault)
        self._missing.pop(key, None)

    def _end(self, code: str, fault: Fault | None) -> None:
        """Remove a scenario, and the steps that only it needs."""
        for key in self._keys_of.pop(code, ()):
            codes = self._codes_of.get(key, {})
            codes.pop(code, None)
            if not codes:
                self._codes_of.pop(key, None)
                self._missing.pop(key, None)
                self._length.pop(key, None)
        self._ended.append(Ended(code, fault))

    def ended(self) -> Iterator[Ended]:
        """Yield scenarios that finished since the last call."""
        while self._ended:
            yield self._ended.pop(0)
