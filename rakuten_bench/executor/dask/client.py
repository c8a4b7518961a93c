"""Steps on a Dask cluster; a step's key is its Dask key.

Where all workers see our cache they work in it. Where they do not, each keeps results
in a folder of its own, Dask carries what a step needs from one to the other, and the
predictions come home. A worker that dies costs what it was at, and what only it had.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask.config
from distributed import Client, LocalCluster, Worker
from distributed.comm.core import connect
from distributed.security import Security

from rakuten_bench.errors import UserError
from rakuten_bench.executor.dask import worker
from rakuten_bench.executor.dask.worker import DaskWorkerPlugin, Transfer, WorkerRefused
from rakuten_bench.executor.preload import Preload, find_preload
from rakuten_bench.executor.protocol import Call, Request
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.scenario import iter_options
from rakuten_bench.store.pin import Pin
from rakuten_bench.store.result import LostResult, Store
from rakuten_bench.units import render_duration

_ANSWER = 5  # seconds for the scheduler
_WAIT = 10  # seconds for the first worker
_LOOK = 0.5  # seconds between two looks for it
_LONGEST_ALONE = 300  # seconds without any worker, once there was one
_COUNT = 2.0  # seconds between two counts of the workers
_LONGEST_IDLE = 10.0  # seconds that no worker computes anything, and steps are pending
_MOST_CANCELLED = 5  # times that a step is tried again after Dask has cancelled it
_GONE = ("error", "cancelled")  # of a result that Dask could not make again
_LOOPBACK = "127.0.0.1:0"  # any free port
_ALWAYS = ("numpy", "scipy", "pandas", "scikit-learn")


class StartingDask:
    """A cluster before we connect to it.

    Parameters
    ----------
    request : Request
        Names its scheduler, or none to start a cluster on this machine.

    Raises
    ------
    UserError
        If no scheduler answers at the address.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        if request.address:
            check_scheduler(request.address)

    def wait_for_worker(self) -> Iterator[str]:
        """Wait for the first worker of a running cluster."""
        if self._request.address:
            yield from wait_for_worker(self._request.address)

    def open(self, store: Store, wanted: Collection[str]) -> DaskExecutor:
        """Connect to the cluster, and prepare its workers.

        Raises
        ------
        UserError
            If there is no scheduler or no worker, or workers have other versions.
        """
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"})
        request, cluster = self._request, None
        if not request.address:
            cluster = start_cluster(request.n_workers)
        client = _connect(cluster or request.address)
        executor = DaskExecutor(client, cluster, store, wanted)
        try:
            executor.open(request)
        except BaseException:
            executor.release()
            raise
        return executor


class _Worker(Worker):
    """A worker without a dashboard: `LocalCluster` asks for one with any address."""

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **(words | {"dashboard": False}))


def start_cluster(n_workers: int) -> LocalCluster:
    """Start a cluster that this process alone can reach.

    Its parts talk to each other in memory. Their web servers can't be done without:
    they serve no page, to nobody but this machine.
    """
    nothing: dict[str, Any] = {
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    with dask.config.set(nothing):
        return LocalCluster(
            n_workers=1,
            threads_per_worker=n_workers,
            processes=False,  # steps run in processes of their own anyway
            worker_class=_Worker,
            dashboard_address=_LOOPBACK,
            worker_dashboard_address=_LOOPBACK,
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.ERROR,
        )


def wait_for_worker(address: str) -> Iterator[str]:
    """Wait for the first worker of a cluster; yield what is waited for meanwhile.

    Raises
    ------
    UserError
        If none comes.
    """
    due = time.monotonic() + _WAIT
    while not check_scheduler(address):
        if time.monotonic() > due:
            message = (
                f"--scheduler {address}: it has no worker. Start one: "
                f"dask worker {address}"
            )
            raise UserError(message)
        yield _no_worker(address)
        time.sleep(_LOOK)


def _no_worker(address: str) -> str:
    return (
        f"the Dask cluster at {address} has no worker: waiting for one. "
        f"Start one: dask worker {address}"
    )


def check_scheduler(address: str) -> int:
    """Return how many workers a Dask scheduler has; refuse an address without one.

    A client would try for half a minute, and not tell who answers in its place.

    Parameters
    ----------
    address : str
        As `--scheduler` has it, such as "tcp://host:8786" or "host:8786".

    Raises
    ------
    UserError
    """
    with ThreadPoolExecutor(1) as thread:  # a notebook's own loop runs in ours
        try:
            found = thread.submit(asyncio.run, _ask_who_answers(address)).result()
        except Exception as error:  # of sockets, of names, of other protocols
            reason = str(error) or f"nothing within {_ANSWER} s"
            message = (
                f"--scheduler {address}: no Dask scheduler answers ({reason}). Start one "
                f"(dask scheduler), or give its address as host:port."
            )
            raise UserError(message) from error
    if found["type"] != "Scheduler":
        message = (
            f"--scheduler {address}: this is the address of a Dask "
            f"{str(found['type']).lower()}. Give that of the scheduler, which its "
            f"workers print when they start."
        )
        raise UserError(message)
    return len(found["workers"])


async def _ask_who_answers(address: str) -> dict[str, Any]:
    """Return what a Dask server at an address says of itself."""
    secrets = Security().get_connection_args("client")
    async with asyncio.timeout(_ANSWER):
        comm = await connect(address, timeout=_ANSWER, **secrets)
        try:
            await comm.write({"op": "identity", "reply": True})
            found = await comm.read()
            return {"type": found["type"], "workers": found.get("workers", ())}
        finally:
            comm.abort()


def _connect(address: Any) -> Client:
    try:
        client = Client(address, timeout=_WAIT, set_as_default=False)
    except (OSError, TimeoutError) as error:
        message = f"--scheduler {address}: no Dask scheduler answers ({error})."
        raise UserError(message) from error
    try:
        client.wait_for_workers(1, timeout=_WAIT)
    except TimeoutError as error:
        client.close()
        message = (
            f"--scheduler {address}: it has no worker. Start one: dask worker {address}"
        )
        raise UserError(message) from error
    return client


class DaskExecutor:
    """Hands steps to a Dask cluster.

    Parameters
    ----------
    client : Client
    cluster : LocalCluster or None
        Where it is ours to close.
    store : Store
        Ours: results that are wanted come home to it.
    wanted : collection of str
        Keys of these results.
    """

    def __init__(
        self, client: Client, cluster: Any, store: Store, wanted: Collection[str]
    ) -> None:
        self._client = client
        self._loop: Any = client.loop  # of the thread that receives results
        self._cluster = cluster
        self._store = store
        self._wanted = frozenset(wanted)
        self._run = uuid.uuid4().hex[:12]
        self._results: dict[str, Any] = {}
        # calls that are not done and their futures, by the key of their step
        self._calls: dict[str, tuple[Call[Done], Any]] = {}
        self._busy_at = time.monotonic()  # when the cluster was last seen computing
        self._attempts: Counter[str] = Counter()
        self._cancelled: Counter[str] = Counter()
        self._unfit: dict[str, str] = {}  # why, by the address of a worker
        self._counted = -_COUNT, 1
        self._address = ""
        self._alone_since = 0.0  # since when there is no worker; 0 while there is one
        # its file tells workers that they see our store: it goes however we end
        self._mark = Pin(self._store.root)
        self.shares_store = cluster is not None

    def open(self, request: Request) -> None:
        """Find out where results are kept, and prepare every worker.

        Raises
        ------
        UserError
            If a worker has other versions.
        """
        self._address = request.address
        self.shares_store = self.shares_store or self._is_shared()
        self._register(request, find_preload(request.scenarios))

    @property
    def n_workers(self) -> int:
        """How many steps run at a time; workers come and go."""
        now = time.monotonic()
        if now - self._counted[0] > _COUNT:
            n_threads = sum(self._fit().values())
            self._counted = now, max(1, n_threads)
            self._alone_since = 0.0 if n_threads else self._alone_since or now
            if n_threads:
                self._rescue(now)
        return self._counted[1]

    @property
    def notice(self) -> str:
        """What keeps all steps from running: that no worker is left.

        Raises
        ------
        UserError
            If that has been so for long.
        """
        if not self._alone_since:
            return ""
        address = self._address
        if time.monotonic() - self._alone_since > _LONGEST_ALONE:
            message = (
                f"--scheduler {address}: all its workers have gone, and none has come "
                f"for {render_duration(_LONGEST_ALONE)}. Start one (dask worker "
                f"{address}) and run again to go on."
            )
            raise UserError(message)
        return _no_worker(address)

    def _rescue(self, now: float) -> None:
        """Submit pending steps again if the cluster has been idle for long.

        Dask may leave a task waiting forever: if it is to be computed again, because its
        worker has gone, while an input of it is in error (as of distributed 2026.8,
        `Scheduler._transition_released_waiting`). Each time it takes twice as long.
        """
        pending = self._calls.copy()  # the event loop removes those that are done
        if not pending or any(self._client.processing().values()):
            self._busy_at = now
            return
        n_attempts = max(self._cancelled[key] for key in pending)
        if now - self._busy_at > _LONGEST_IDLE * 2**n_attempts:
            self._busy_at = now
            for key, result in list(self._results.items()):
                if result.status != "finished":
                    self.forget(key)
            promised = [future for _, future in pending.values()]
            self._client.cancel(promised, force=True)

    def _fit(self) -> dict[str, int]:
        """Return the threads of each worker that may take part."""
        threads = self._client.nthreads()
        return {one: n for one, n in threads.items() if one not in self._unfit}

    def _is_shared(self) -> bool:
        """Tell whether all workers work in our store."""
        root, mark = str(self._store.root), str(self._mark.path)
        return all(self._client.run(worker.shares, root, mark).values())

    def _register(self, request: Request, preload: Preload) -> None:
        """Prepare every worker; our own process only keeps what arrives."""
        packages = {
            package
            for option, _ in iter_options(request.scenarios)
            for package in option.needs
        }
        plugin = DaskWorkerPlugin(
            self._run,
            str(self._store.root) if self.shares_store else "",
            request.n_threads,
            preload.names,
            {name: Path(path).read_text("utf-8") for name, path in preload.files},
            worker.identity(sorted({*_ALWAYS, *packages})),
            str(self._mark.path) if self.shares_store else "",
            preload.sources,
        )
        if not self.shares_store:
            worker.keep_transfers(self._store)
        self._client.register_plugin(plugin)
        topic = worker.report_topic(self._run)
        self._client.subscribe_topic(topic, self._receive_report)

    def _receive_report(self, event: tuple[float, tuple[str, float, str]]) -> None:
        """Note what a worker reports on a running step."""
        _, (key, seconds, report) = event
        if key in self._calls:
            call, _ = self._calls[key]
            call.started, call.report = time.monotonic() - seconds, report

    def submit(self, task: Task) -> Call[Done]:
        """Start a task, or queue it."""
        key = self._name(task.step.key)
        if self.shares_store:
            done = self._client.submit(
                worker.run_shared, self._run, task, key=key, **self._where()
            )
            return self._promise(task.step.key, done)
        there = replace(task, working_folder="")
        inputs = [self._result(one.key) for one in task.step.inputs]
        result = self._client.submit(
            worker.run_apart, self._run, there, *inputs, key=key, **self._where()
        )
        self._results[task.step.key] = result
        if task.step.key in self._wanted:
            return self._promise(task.step.key, result)
        said = self._client.submit(worker.report_done, result, key=f"said-{key}")
        return self._promise(task.step.key, said)

    def _where(self) -> dict[str, Any]:
        """Tell Dask which workers to take, where some are known not to take part.

        Others stay allowed: should all of these be gone, a step must not wait for them
        when a new one has come.

        Raises
        ------
        UserError
            If there are workers, and none of them may take part.
        """
        if not self._unfit:
            return {}
        fit = self._fit()
        if not fit and self._client.nthreads():
            reason = next(reversed(self._unfit.values()))
            message = f"no Dask worker is left that can take part: {reason}"
            raise UserError(message)
        return {"workers": list(fit), "allow_other_workers": True} if fit else {}

    def _name(self, key: str) -> str:
        """Return the Dask key of a step: its own, and another for each new attempt."""
        self._attempts[key] += 1
        attempt = self._attempts[key]
        return key if attempt == 1 else f"{key}-{attempt}"

    def _result(self, key: str) -> Any:
        """Return what Dask has of a step; what is at home is sent there first.

        Raises
        ------
        LostResult
            If it is not at home any more.
        """
        known = self._results.get(key)
        if known is None or known.status in _GONE:
            facts = self._store.facts(key)
            if facts is None:
                raise LostResult(key)
            self._results[key] = self._client.submit(
                worker.arrive,
                Transfer(Done(key, facts)),
                key=self._name(key),
                **self._where(),
            )
        return self._results[key]

    def _promise(self, key: str, promised: Any) -> Call[Done]:
        """Return the call whose result one of Dask's futures promises."""
        call: Call[Done] = Call()
        self._calls[key] = call, promised
        call.set_running_or_notify_cancel()
        self._loop.add_callback(self._settle, key, call, promised)
        return call

    async def _settle(self, key: str, call: Call[Done], promised: Any) -> None:
        """Pass the result of one of Dask's futures on to its call.

        On the client's event loop: the thread of `Future.add_done_callback` is shared by
        all clients of a process, and one that was closed at a bad moment blocks it.
        """
        try:
            result = await promised
        # Steps raise nothing: what fails in them is in `done`. A RuntimeError is Dask's own,
        # such as of a result whose input was lost and failed when it was recomputed
        # ("Worker holding Actor was lost", though there is no actor).
        except (CancelledError, RuntimeError):  # no fault of the step: tried again
            done = self._again(key)
        except WorkerRefused as error:  # the worker's fault: tried again elsewhere
            self._unfit[error.address] = error.reason
            done = Done(key, is_busy=True)
        except BaseException as error:  # of the task, or that it killed its workers
            del self._calls[key]
            call.set_exception(error)
            return
        else:
            done = result.done if isinstance(result, Transfer) else result
            if done.fault is not None and done.fault.is_shutdown:
                done = self._again(key)
        del self._calls[key]  # before the step is submitted again
        call.set_result(done)

    def _again(self, key: str) -> Done:
        """Say that a step is to be tried again, or that the run can't go on."""
        if self._client.status != "running":
            return Done(key, halt="the Dask scheduler is gone. Run again to go on.")
        self._cancelled[key] += 1
        if self._cancelled[key] > _MOST_CANCELLED:
            halt = f"Dask has cancelled step {key} {_MOST_CANCELLED} times."
            return Done(key, halt=f"{halt} Run again to go on.")
        return Done(key, is_busy=True)

    def keep(self, keys: Collection[str]) -> None:
        """Let the cluster drop what no step reads any more."""
        for key in set(self._results) - set(keys):
            del self._results[key]

    def forget(self, key: str) -> None:
        """Send a result again when it is asked for: it was lost there."""
        self._results.pop(key, None)

    def ask(self, function: Callable[..., Any], *args: Any) -> Sequence[Any]:
        """Return what a function gives at each Dask worker, in one of its processes."""
        asked = [
            self._client.submit(
                worker.answer,
                self._run,
                function,
                *args,
                workers=[one],
                allow_other_workers=True,  # it may be gone by then
                pure=False,
            )
            for one in self._fit()
        ]
        answers = []
        for one in asked:
            try:
                answers.append(one.result())
            except WorkerRefused as error:
                self._unfit[error.address] = error.reason
        return answers

    def shutdown(self) -> None:
        """End everything of this run that is at work."""
        self.release()

    def release(self) -> None:
        """Be done; the cluster itself goes on, unless it is ours."""
        self._results.clear()
        with suppress(Exception):  # the scheduler may be gone
            self._client.unregister_worker_plugin(worker.plugin_name(self._run))
        worker.close_worker(self._run)
        self._mark.close()
        self._client.close()
        if self._cluster:
            self._cluster.close()
