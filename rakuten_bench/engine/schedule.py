"""The ready queue: which step may run next, and which scenario has ended."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass

from rakuten_bench.engine.store import Store
from rakuten_bench.engine.work import Done, Fault
from rakuten_bench.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class Ended:
    """A scenario none of whose steps is left to run."""

    code: str
    fault: Fault | None


class Schedule:
    """Steps that are left, in the order of the scenarios that need them.

    Parameters
    ----------
    plan : Plan
    codes : sequence of str
        Scenarios to run.
    store : Store
        Steps whose result is there are not run.
    """

    def __init__(self, plan: Plan, codes: Sequence[str], store: Store) -> None:
        self.plan = plan
        self.store = store
        self.computed: set[str] = set()
        self._missing: dict[str, set[str]] = {}
        self._users: dict[str, set[str]] = defaultdict(set)
        self._waiting_codes: dict[str, set[str]] = {}
        self._codes_of: dict[str, list[str]] = defaultdict(list)
        self._rank: dict[str, int] = {}
        self._ready: list[tuple[int, str]] = []
        self._ended: list[Ended] = []
        for code in codes:
            self._add_scenario(code)

    @property
    def n_left(self) -> int:
        """How many steps have not ended."""
        return len(self._missing)

    def _add_scenario(self, code: str) -> None:
        keys = self._add_steps(self._outputs(code))
        self._waiting_codes[code] = keys
        for key in keys:
            self._codes_of[key].append(code)
        if not keys:
            self._end(code, None)

    def _outputs(self, code: str) -> list[str]:
        languages = [self.plan.languages.key] if self.plan.languages else []
        return [*languages, *self.plan.outputs[code]]

    def _add_steps(self, keys: Iterable[str]) -> set[str]:
        """Add steps without a result, and those they need; return them all."""
        added: set[str] = set()

        def visit(key: str) -> None:
            if key in added or key not in self.plan.steps or self._is_there(key):
                return
            added.add(key)
            sources = {one.key for one in self.plan.steps[key].inputs}
            for source in sources:
                visit(source)
            self._add_step(key, sources & added)

        for key in keys:
            visit(key)
        return added

    def _is_there(self, key: str) -> bool:
        return key not in self._missing and key in self.store

    def _add_step(self, key: str, sources: set[str]) -> None:
        if key in self._missing:
            return
        self._missing[key] = set(sources)
        self._rank.setdefault(key, len(self._rank))
        for source in sources:
            self._users[source].add(key)
        if not sources:
            heapq.heappush(self._ready, (self._rank[key], key))

    def take(self) -> Step | None:
        """Return the next step that may run, or None while none may."""
        while self._ready:
            _, key = heapq.heappop(self._ready)
            if key in self._missing and not self._missing[key]:
                return self.plan.steps[key]
        return None

    def finish(self, done: Done) -> None:
        """Take note of a step's end."""
        if done.lost in self.plan.steps:
            self._restore(done.key, done.lost)
        elif done.fault:
            self._fail(done.key, done.fault)
        else:
            self.computed.add(done.key)
            self._succeed(done.key)

    def _restore(self, key: str, lost: str) -> None:
        """Compute an input again whose stored result turned out damaged."""
        added = self._add_steps([lost])
        self._missing[key].add(lost)
        self._users[lost].add(key)
        for code in self._codes_of[key]:
            self._waiting_codes[code] |= added
            for one in added:
                self._codes_of[one].append(code)

    def _succeed(self, key: str) -> None:
        del self._missing[key]
        for user in self._users.pop(key, ()):
            if user in self._missing:
                self._missing[user].discard(key)
                if not self._missing[user]:
                    heapq.heappush(self._ready, (self._rank[user], user))
        for code in self._codes_of.pop(key, ()):
            if code in self._waiting_codes:
                self._waiting_codes[code].discard(key)
                if not self._waiting_codes[code]:
                    self._end(code, None)

    def _fail(self, key: str, fault: Fault) -> None:
        for code in self._codes_of.pop(key, ()):
            if code in self._waiting_codes:
                self._end(code, fault)
        self._missing.pop(key, None)
        self._forget_unneeded()

    def _forget_unneeded(self) -> None:
        """Drop steps that only scenarios needed that have ended."""
        needed = set().union(*self._waiting_codes.values())
        self._missing = {k: v for k, v in self._missing.items() if k in needed}

    def _end(self, code: str, fault: Fault | None) -> None:
        self._waiting_codes.pop(code, None)
        self._ended.append(Ended(code, fault))

    def ended(self) -> Iterator[Ended]:
        """Yield scenarios that ended since the last call."""
        while self._ended:
            yield self._ended.pop(0)


def execute(
    schedule: Schedule,
    executor: Executor,
    work: Callable[[Step], Done],
    *,
    n_workers: int = 1,
) -> Iterator[Ended]:
    """Run all steps of a schedule and yield each scenario as soon as it has ended."""
    running: dict[Future[Done], str] = {}
    while True:
        yield from schedule.ended()
        while len(running) < n_workers and (step := schedule.take()):
            running[executor.submit(work, step)] = step.key
        if not running:
            yield from schedule.ended()
            return
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            del running[future]
            schedule.finish(future.result())
