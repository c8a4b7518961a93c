"""Run steps on a Dask cluster; a step's key is its Dask key.

If all workers can access the cache of the run, they share it. Otherwise each stores
results in its own folder, Dask transfers the inputs of a step between workers, and the
predictions are sent back. A dead worker's running steps, and the results that only it
had, are computed again.
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
from typing import Any

import dask.config
from distributed import Client, LocalCluster, Worker
from distributed.comm.core import connect
from distributed.security import Security

from rakuten_bench.errors import UserError
from rakuten_bench.executor.dask import worker
from rakuten_bench.executor.dask.worker import DaskWorkerPlugin, Transfer, WorkerRefused
from rakuten_bench.executor.preload import Preload, find_preload, read_files
from rakuten_bench.executor.protocol import Call, Request
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.scenario import iter_options
from rakuten_bench.store.pin import Pin
from rakuten_bench.store.result import LostResult, Store
from rakuten_bench.units import render_duration

_ANSWER_TIMEOUT = 5  # seconds for the scheduler
_JOIN_TIMEOUT = 10  # seconds for the first worker
_POLL_INTERVAL = 0.5  # seconds between two checks for the first worker
_NO_WORKER_TIMEOUT = 300  # seconds without any worker, after the first has joined
_COUNT_INTERVAL = 2.0  # seconds between two counts of the workers
_IDLE_TIMEOUT = 10.0  # seconds that the cluster is idle although steps are pending
_MAX_CANCELLED = 5  # retries of a step that Dask has cancelled
_LOST = ("error", "cancelled")  # status of a result that Dask could not recompute
_LOOPBACK = "127.0.0.1:0"  # any free port
_ALWAYS = ("numpy", "scipy", "pandas", "scikit-learn")


class StartingDask:
    """A cluster to connect to, or to start.

    Parameters
    ----------
    request : Request
        With the scheduler's address, or "" to start a cluster on this machine.

    Raises
    ------
    UserError
        If no Dask scheduler answers at the address.
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
        """Connect to the cluster, and set up its workers.

        Raises
        ------
        UserError
            If no scheduler answers, the cluster has no worker, or the workers have other
            versions.
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
    """A worker without a dashboard, which `LocalCluster` enables for any address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **(kwargs | {"dashboard": False}))


def start_cluster(n_workers: int) -> LocalCluster:
    """Start a cluster that only this process can reach.

    Scheduler and worker communicate in memory. Their web servers can't be disabled:
    they listen on the loopback interface and serve no pages.
    """
    no_routes: dict[str, Any] = {
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    with dask.config.set(no_routes):
        return LocalCluster(
            n_workers=1,
            threads_per_worker=n_workers,
            processes=False,  # the pool runs steps in separate processes anyway
            worker_class=_Worker,
            dashboard_address=_LOOPBACK,
            worker_dashboard_address=_LOOPBACK,
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.ERROR,
        )


def wait_for_worker(address: str) -> Iterator[str]:
    """Wait for the first worker of a cluster; yield a notice for each poll.

    Raises
    ------
    UserError
        If no worker joins in time.
    """
    due = time.monotonic() + _JOIN_TIMEOUT
    while not check_scheduler(address):
        if time.monotonic() > due:
            message = (
                f"--scheduler {address}: the cluster has no worker. Start one: "
                f"dask worker {address}"
            )
            raise UserError(message)
        yield _no_worker(address)
        time.sleep(_POLL_INTERVAL)


def _no_worker(address: str) -> str:
    return (
        f"the Dask cluster at {address} has no worker: waiting for one. "
        f"Start one: dask worker {address}"
    )


def check_scheduler(address: str) -> int:
    """Return the number of workers of a Dask scheduler.

    A client would retry for half a minute, and not report another server at the address.

    Parameters
    ----------
    address : str
        The value of `--scheduler`, such as "tcp://host:8786" or "host:8786".

    Raises
    ------
    UserError
        If no Dask scheduler answers at the address.
    """
    with ThreadPoolExecutor(1) as thread:  # this thread may run a notebook's event loop
        try:
            server = thread.submit(asyncio.run, _identify_server(address)).result()
        except Exception as error:  # of sockets, name resolution, other protocols
            reason = str(error) or f"timeout of {_ANSWER_TIMEOUT} s"
            message = (
                f"--scheduler {address}: no Dask scheduler answers ({reason}). Start one "
                f"(dask scheduler), or pass its address as host:port."
            )
            raise UserError(message) from error
    if server["type"] != "Scheduler":
        message = (
            f"--scheduler {address}: this is the address of a Dask "
            f"{str(server['type']).lower()}. Pass that of the scheduler, which its "
            f"workers print when they start."
        )
        raise UserError(message)
    return len(server["workers"])


async def _identify_server(address: str) -> dict[str, Any]:
    """Return type and workers of the Dask server at an address."""
    secrets = Security().get_connection_args("client")
    async with asyncio.timeout(_ANSWER_TIMEOUT):
        comm = await connect(address, timeout=_ANSWER_TIMEOUT, **secrets)
        try:
            await comm.write({"op": "identity", "reply": True})
            identity = await comm.read()
            return {"type": identity["type"], "workers": identity.get("workers", ())}
        finally:
            comm.abort()


def _connect(address: Any) -> Client:
    try:
        client = Client(address, timeout=_JOIN_TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError) as error:
        message = f"--scheduler {address}: no Dask scheduler answers ({error})."
        raise UserError(message) from error
    try:
        client.wait_for_workers(1, timeout=_JOIN_TIMEOUT)
    except TimeoutError as error:
        client.close()
        message = (
            f"--scheduler {address}: the cluster has no worker. Start one: "
            f"dask worker {address}"
        )
        raise UserError(message) from error
    return client


class DaskExecutor:
    """Runs steps on a Dask cluster.

    Parameters
    ----------
    client : Client
    cluster : LocalCluster or None
        The cluster to close with the executor.
    store : Store
        The store of this process, which wanted results are sent to.
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
        self._busy_at = time.monotonic()  # last time that the cluster was not idle
        self._attempts: Counter[str] = Counter()
        self._cancelled: Counter[str] = Counter()
        self._refused: dict[str, str] = {}  # reason, by the address of a worker
        self._counted = -_COUNT_INTERVAL, 1  # time of the count, number of threads
        self._address = ""
        self._alone_since = 0.0  # time when the last worker left; 0 if there is one
        # workers check for its file to detect a shared store; the next run removes it
        # even if this process is killed
        self._mark = Pin(self._store.root)
        self.shares_store = cluster is not None

    def open(self, request: Request) -> None:
        """Detect whether the store is shared, and set up every worker.

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
        """How many steps run at a time; changes as workers join and leave."""
        now = time.monotonic()
        if now - self._counted[0] > _COUNT_INTERVAL:
            n_threads = sum(self._fit().values())
            self._counted = now, max(1, n_threads)
            self._alone_since = 0.0 if n_threads else self._alone_since or now
            if n_threads:
                self._rescue(now)
        return self._counted[1]

    @property
    def notice(self) -> str:
        """Message that no worker is left; "" if there is one.

        Raises
        ------
        UserError
            If no worker has joined for a long time.
        """
        if not self._alone_since:
            return ""
        address = self._address
        if time.monotonic() - self._alone_since > _NO_WORKER_TIMEOUT:
            message = (
                f"--scheduler {address}: all workers have left, and none has joined "
                f"for {render_duration(_NO_WORKER_TIMEOUT)}. Start one (dask worker "
                f"{address}) and run again to continue."
            )
            raise UserError(message)
        return _no_worker(address)

    def _rescue(self, now: float) -> None:
        """Submit pending steps again if the cluster has been idle for long.

        Dask may leave a task waiting forever: when it must be recomputed, because its
        worker has left, while an input is in error (as of distributed 2026.8,
        `Scheduler._transition_released_waiting`). The timeout doubles at each attempt.
        """
        pending = self._calls.copy()  # the event loop removes those that are done
        if not pending or any(self._client.processing().values()):
            self._busy_at = now
            return
        n_attempts = max(self._cancelled[key] for key in pending)
        if now - self._busy_at > _IDLE_TIMEOUT * 2**n_attempts:
            self._busy_at = now
            for key, result in list(self._results.items()):
                if result.status != "finished":
                    self.forget(key)
            promised = [future for _, future in pending.values()]
            self._client.cancel(promised, force=True)

    def _fit(self) -> dict[str, int]:
        """Return the threads of each worker that has not refused the run."""
        threads = self._client.nthreads()
        return {w: n for w, n in threads.items() if w not in self._refused}

    def _is_shared(self) -> bool:
        """Return whether all workers can use the store of this process."""
        root, mark = str(self._store.root), str(self._mark.path)
        return all(self._client.run(worker.shares, root, mark).values())

    def _register(self, request: Request, preload: Preload) -> None:
        """Set up every worker; this process only stores the transfers that it receives."""
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
            read_files(preload),
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
        """Update a call from a worker's report on its running step."""
        _, (key, seconds, report) = event
        if key in self._calls:
            call, _ = self._calls[key]
            call.started, call.report = time.monotonic() - seconds, report

    def submit(self, task: Task) -> Call[Done]:
        """Submit a task; it is queued until a worker is free."""
        key = self._name(task.step.key)
        if self.shares_store:
            done = self._client.submit(
                worker.run_shared, self._run, task, key=key, **self._where()
            )
            return self._promise(task.step.key, done)
        remote_task = replace(task, working_folder="")
        inputs = [self._result(step.key) for step in task.step.inputs]
        result = self._client.submit(
            worker.run_apart, self._run, remote_task, *inputs, key=key, **self._where()
        )
        self._results[task.step.key] = result
        if task.step.key in self._wanted:
            return self._promise(task.step.key, result)
        done = self._client.submit(worker.report_done, result, key=f"done-{key}")
        return self._promise(task.step.key, done)

    def _where(self) -> dict[str, Any]:
        """Return the preferred workers as arguments of `submit`, if any has refused.

        Other workers stay allowed: if all preferred ones leave, a step must be able to
        run on a new one.

        Raises
        ------
        UserError
            If all workers have refused the run.
        """
        if not self._refused:
            return {}
        fit = self._fit()
        if not fit and self._client.nthreads():
            reason = next(reversed(self._refused.values()))
            message = f"no Dask worker can take part in the run: {reason}"
            raise UserError(message)
        return {"workers": list(fit), "allow_other_workers": True} if fit else {}

    def _name(self, key: str) -> str:
        """Return the Dask key of a step: its key, with a suffix for each new attempt."""
        self._attempts[key] += 1
        attempt = self._attempts[key]
        return key if attempt == 1 else f"{key}-{attempt}"

    def _result(self, key: str) -> Any:
        """Return the Dask future of a result; send the result from our store if needed.

        Raises
        ------
        LostResult
            If it is not in our store either.
        """
        known = self._results.get(key)
        if known is None or known.status in _LOST:
            facts = self._store.facts(key)
            if facts is None:
                raise LostResult(key)
            self._results[key] = self._client.submit(
                worker.receive,
                Transfer(Done(key, facts)),
                key=self._name(key),
                **self._where(),
            )
        return self._results[key]

    def _promise(self, key: str, promised: Any) -> Call[Done]:
        """Return a call that is settled with the result of a Dask future."""
        call: Call[Done] = Call()
        self._calls[key] = call, promised
        call.set_running_or_notify_cancel()
        self._loop.add_callback(self._settle, key, call, promised)
        return call

    async def _settle(self, key: str, call: Call[Done], promised: Any) -> None:
        """Set the result of a call from its Dask future.

        Runs on the client's event loop: the thread of `Future.add_done_callback` is
        shared by all clients of a process, and a client closed meanwhile can block it.
        """
        try:
            result = await promised
        # Steps never raise: their failures are in `done`. A RuntimeError is Dask's, such as
        # for a result whose input was lost and failed when it was recomputed ("Worker
        # holding Actor was lost", although no actor is used).
        except (CancelledError, RuntimeError):  # not the step's fault: retried
            done = self._retry(key)
        except WorkerRefused as error:  # the worker's fault: retried on another
            self._refused[error.address] = error.reason
            done = Done(key, is_busy=True)
        except BaseException as error:  # of the task, or KilledWorker
            del self._calls[key]
            call.set_exception(error)
            return
        else:
            done = result.done if isinstance(result, Transfer) else result
            if done.fault is not None and done.fault.is_shutdown:
                done = self._retry(key)
        del self._calls[key]  # before the step can be submitted again
        call.set_result(done)

    def _retry(self, key: str) -> Done:
        """Return that a step must be submitted again, or that the run must stop."""
        if self._client.status != "running":
            halt = "the Dask scheduler has stopped. Run again to continue."
            return Done(key, halt=halt)
        self._cancelled[key] += 1
        if self._cancelled[key] > _MAX_CANCELLED:
            halt = f"Dask has cancelled step {key} {_MAX_CANCELLED} times."
            return Done(key, halt=f"{halt} Run again to continue.")
        return Done(key, is_busy=True)

    def keep(self, keys: Collection[str]) -> None:
        """Release the results that no step reads any more."""
        for key in set(self._results) - set(keys):
            del self._results[key]

    def forget(self, key: str) -> None:
        """Drop the future of a lost result, so that it is sent again when needed."""
        self._results.pop(key, None)

    def ask(self, function: Callable[..., Any], *args: Any) -> Sequence[Any]:
        """Call a function in a process of each Dask worker; return the results."""
        futures = [
            self._client.submit(
                worker.answer,
                self._run,
                function,
                *args,
                workers=[address],
                allow_other_workers=True,  # that worker may leave meanwhile
                pure=False,
            )
            for address in self._fit()
        ]
        answers = []
        for future in futures:
            try:
                answers.append(future.result())
            except WorkerRefused as error:
                self._refused[error.address] = error.reason
        return answers

    def shutdown(self) -> None:
        """Cancel the run's steps and disconnect."""
        self.release()

    def release(self) -> None:
        """Disconnect; close the cluster if this executor started it."""
        self._results.clear()
        with suppress(Exception):  # the scheduler may have stopped
            self._client.unregister_worker_plugin(worker.plugin_name(self._run))
        worker.close_worker(self._run)
        self._mark.close()
        self._client.close()
        if self._cluster:
            self._cluster.close()
