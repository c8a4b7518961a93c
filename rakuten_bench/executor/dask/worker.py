"""Worker side of the Dask executor: a store, a process pool, and transfers of results.

Steps never run in the Dask worker itself but in its process pool, so that limits and
crashes behave as on one machine. Without a shared disk a result is passed as a
`Transfer`: a reference on the same worker, which includes the files when Dask pickles it
for another one.
"""

from __future__ import annotations

import math
import os
import pickle
import platform
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from rakuten_bench.atomic import write_atomically
from rakuten_bench.errors import UserError
from rakuten_bench.executor.backend import find_default_pool
from rakuten_bench.executor.pool import WorkerPool
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.protocol import Call
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.executor.work import work
from rakuten_bench.plan.source import package_digest
from rakuten_bench.store.entry import attached_path
from rakuten_bench.store.evict import evict
from rakuten_bench.store.layout import CACHE_VARIABLE, Layout, default_cache_size
from rakuten_bench.store.pin import exclusive
from rakuten_bench.store.result import LostResult, Store

_REPORT_INTERVAL = 1.0  # seconds between two reports on a running step
_IDLE = 60.0  # seconds after which an unused pool is shut down

#: Maximum size of a transfer reported to Dask: large enough that steps are scheduled
#: where their inputs are, too small to count files on disk as used memory.
_MAX_REPORTED_SIZE = 1 << 24


class DaskWorker:
    """The store and the process pool of one run at one Dask worker.

    Parameters
    ----------
    store : Store
    n_workers, n_threads : int
    preload : Preload
    """

    def __init__(
        self, store: Store, n_workers: int, n_threads: int, preload: Preload
    ) -> None:
        self.store = store
        self._n_workers = n_workers
        self._n_threads = n_threads
        self._preload = preload
        self._pool: WorkerPool | None = None
        self._n_running = 0
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def run(self, task: Task, report: Callable[[Call[Done]], None]) -> Done:
        """Run a task in the pool; report on its call while it runs."""
        pool = self._enter()
        try:
            call: Call[Done] = pool.submit_limited(task.limit, work, task)
            while wait([call], _REPORT_INTERVAL).not_done:
                report(call)
            return Done.of(call, task.step)
        finally:
            self._leave()

    def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function in the pool; return its result."""
        pool = self._enter()
        try:
            return pool.submit(function, *args).result()
        finally:
            self._leave()

    def _enter(self) -> WorkerPool:
        with self._lock:
            self._n_running += 1
            if self._timer:
                self._timer.cancel()
            if self._pool is None or self._pool.is_closed:
                self._pool = find_default_pool()(
                    self._n_workers, n_threads=self._n_threads, preload=self._preload
                )
            return self._pool

    def _leave(self) -> None:
        """Shut down the pool some time after the last task: the run may have died."""
        with self._lock:
            self._n_running -= 1
            if not self._n_running:
                self._timer = threading.Timer(_IDLE, self._close_if_idle)
                self._timer.daemon = True
                self._timer.start()

    def _close_if_idle(self) -> None:
        with self._lock:
            if not self._n_running and self._pool:
                self._pool.shutdown()

    def close(self) -> None:
        """Shut down the pool, idle or running."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            if self._pool:
                self._pool.shutdown()


class WorkerRefused(Exception):
    """A worker can't take part in the run; others may.

    Attributes
    ----------
    address : str
        Address of the worker.
    reason : str
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason


#: State of each run at this worker, by the name of the run.
_workers: dict[str, DaskWorker] = {}

#: Why this worker has refused a run, by the name of the run: Dask only logs the error.
_refusals: dict[str, str] = {}

#: The store for received transfers; empty in a process that only forwards them.
_store: list[Store] = []


def open_worker(run: str, dask_worker: DaskWorker) -> None:
    """Set up this worker for the tasks of a run."""
    _workers[run] = dask_worker


def close_worker(run: str) -> None:
    """Shut down a run's pool at this worker."""
    dask_worker = _workers.pop(run, None)
    if dask_worker:
        dask_worker.close()


def keep_transfers(store: Store) -> None:
    """Write the transfers that this process receives to a store."""
    _store[:] = [store]


@dataclass(frozen=True)
class Transfer:
    """A result that Dask can send to another worker.

    Attributes
    ----------
    done : Done
    files : tuple of bytes
        Contents of its files; empty if the result is in the store of this process.
    """

    done: Done
    files: tuple[Any, ...] = ()

    def __reduce_ex__(self, protocol: Any) -> Any:
        files = self.files or _read_files(self.done)
        if protocol >= 5:  # out-of-band buffers: Dask sends them without a copy
            return _unpack, (self.done, *(pickle.PickleBuffer(file) for file in files))
        return _unpack, (self.done, *files)

    def __sizeof__(self) -> int:
        size = self.done.facts.size if self.done.facts else 0
        return min(size, _MAX_REPORTED_SIZE) + 1000


def _read_files(done: Done) -> tuple[bytes, ...]:
    """Read a result's files; return () if the step has no result."""
    if done.facts is None or not _store:
        return ()
    path = _store[0].path(done.key)
    try:
        files = [path.read_bytes()]
        while attached_path(path, len(files) - 1).exists():
            files.append(attached_path(path, len(files) - 1).read_bytes())
    except OSError as error:
        raise LostResult(done.key) from error
    return tuple(files)


def _unpack(done: Done, *files: Any) -> Transfer:
    """Write a received result to the store, if this process has one."""
    if not _store:  # the Dask scheduler only forwards it
        return Transfer(done, tuple(bytes(file) for file in files))
    store = _store[0]
    if files and done.key not in store:
        path = store.path(done.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        for number, file in enumerate(files[1:]):
            write_atomically(attached_path(path, number), file)
        write_atomically(path, files[0])
    return Transfer(done)


def run_shared(run: str, task: Task) -> Done:
    """Run a task in the store shared by all workers."""
    return _worker(run).run(task, partial(_send_report, run, task.step.key))


def run_apart(run: str, task: Task, *inputs: Transfer) -> Transfer:
    """Run a task in the store of this worker, which has received its inputs."""
    del inputs  # unpickling them has written them to the store
    dask_worker = _worker(run)
    task = replace(task, root=dask_worker.store.root)
    return Transfer(dask_worker.run(task, partial(_send_report, run, task.step.key)))


def report_topic(run: str) -> str:
    """Return the topic of the events that report on running steps."""
    return f"rakuten-bench-report-{run}"


def _send_report(run: str, key: str, call: Call[Done]) -> None:
    """Send the run time of a step and its latest log line."""
    if call.started < math.inf:
        seconds = time.monotonic() - call.started
        get_worker().log_event(report_topic(run), [key, seconds, call.report])


def answer(run: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in this worker's pool; return its result."""
    return _worker(run).ask(function, *args)


def _worker(run: str) -> DaskWorker:
    dask_worker = _workers.get(run)
    if dask_worker is None:
        address = str(get_worker().address)
        unknown = f"the Dask worker at {address} was not set up for the run."
        raise WorkerRefused(address, _refusals.get(run, unknown))
    return dask_worker


def receive(transfer: Transfer) -> Transfer:
    """Receive a result from the client; unpickling it has written it to the store."""
    return transfer


def report_done(transfer: Transfer) -> Done:
    """Return the outcome of a step, without its result."""
    return transfer.done


def identity(packages: Sequence[str]) -> dict[str, str]:
    """Return the versions that must match on all machines for reproducible results."""
    versions = {"python": platform.python_version(), "rakuten-bench": package_digest()}
    for name in packages:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "(none)"
    return versions


def plugin_name(run: str) -> str:
    """Return the name under which a run's plugin is registered."""
    return f"rakuten-bench-{run}"


@dataclass
class DaskWorkerPlugin(WorkerPlugin):
    """Sets up every worker of a cluster, also those that join later.

    Attributes
    ----------
    run : str
    root : str
        Folder of the shared store; "" if each worker has its own.
    n_threads : int
    names : tuple of str
        Modules to import up front.
    sources : mapping of str to (str, dict of str to bytes)
        Modules outside of this package that define options: `preload.read_files`.
    identity : mapping of str to str
        Versions that the worker must have.
    mark : str
        File of the shared store that the worker must be able to see; "" if no store is
        shared.
    digests : mapping of str to str
        Module -> digest of its source, which is part of the steps' keys.
    """

    run: str
    root: str
    n_threads: int
    names: tuple[str, ...]
    sources: Mapping[str, tuple[str, Mapping[str, bytes]]]
    identity: Mapping[str, str]
    mark: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name under which the plugin is registered."""
        return plugin_name(self.run)

    def setup(self, worker: Any) -> None:
        """Set up a worker for the run.

        Raises
        ------
        UserError
            If the worker has other versions or other source, or can't see the shared
            store.
        """
        try:
            self._open(worker)
        except Exception as error:  # Dask does not report it if the worker joins later
            _refusals[self.run] = str(error)
            raise

    def _open(self, worker: Any) -> None:
        self._check_versions(str(worker.address))
        self._check_store(str(worker.address))
        folder = Path(worker.local_directory)
        cache = Path(
            os.environ.get(CACHE_VARIABLE) or folder / "rakuten-bench"
        ).resolve()
        files = self._write_sources(folder / self.run)
        store = Store(Path(self.root) if self.root else Layout(cache).steps)
        if not self.root:
            keep_transfers(store)
        preload = Preload(self.names, files, self.digests)
        n_workers = int(worker.state.nthreads)
        open_worker(self.run, DaskWorker(store, n_workers, self.n_threads, preload))

    def teardown(self, worker: Any) -> None:
        """Close the worker's pool, and evict from its own store."""
        del worker
        _refusals.pop(self.run, None)
        dask_worker = _workers.get(self.run)
        close_worker(self.run)
        if dask_worker and not self.root:  # no other process limits its size
            with exclusive(dask_worker.store.root):
                evict(dask_worker.store, default_cache_size(), needed=())

    def _check_versions(self, address: str) -> None:
        installed = identity([n for n in self.identity if n not in _NO_PACKAGES])
        for name, required in self.identity.items():
            if installed[name] != required:
                message = (
                    f"the Dask worker at {address} has {name} {installed[name]}, this "
                    f"machine has {required}. Install the same version on all machines: "
                    f"results would differ."
                )
                raise UserError(message)

    def _check_store(self, address: str) -> None:
        if self.mark and not Path(self.mark).exists():
            message = (
                f"the Dask worker at {address} does not see {self.root}, which all other "
                f"workers share. Mount it there, or restart the run with this worker "
                f"present: results are then transferred."
            )
            raise UserError(message)

    def _write_sources(self, folder: Path) -> tuple[tuple[str, str], ...]:
        for name, (_, contents) in self.sources.items():
            for file, content in contents.items():
                path = folder / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return tuple(
            (name, str(folder / name / file))
            for name, (file, _) in self.sources.items()
        )


_NO_PACKAGES = ("python", "rakuten-bench")


def shares(root: str, mark: str) -> bool:
    """Return whether this worker can use the store of the run.

    False if the worker has its own cache configured, or can't see the store.

    Parameters
    ----------
    root : str
        Folder of the store.
    mark : str
        A file that the run has just created in it.
    """
    cache = os.environ.get(CACHE_VARIABLE)
    if cache and Path(cache).resolve() != Path(root).parent.resolve():
        return False
    return Path(mark).exists()
