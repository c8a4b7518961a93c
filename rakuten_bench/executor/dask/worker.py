"""A Dask worker's part: it has a store and a pool of its own, and carries results.

Steps never run in the Dask worker itself but in processes that it owns, so that limits
and crashes are the same as on one machine. Without a shared disk a result travels as a
`Transfer`: small while it stays, and with its files when Dask sends it elsewhere.
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
from rakuten_bench.executor.local.pool import LocalPool
from rakuten_bench.executor.local.work import work
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.protocol import Call, outcome
from rakuten_bench.executor.task import Done, Task
from rakuten_bench.plan.source import package_digest
from rakuten_bench.store.entry import attached_path
from rakuten_bench.store.evict import evict
from rakuten_bench.store.layout import CACHE_VARIABLE, Layout, default_cache_size
from rakuten_bench.store.pin import exclusive
from rakuten_bench.store.result import LostResult, Store

_REPORT_INTERVAL = 1.0  # seconds between two reports on a running step
_IDLE = 60.0  # seconds after which processes that nobody uses are ended

#: What Dask takes a transfer to weigh, at most: enough to work where the data are, too
#: little to think that memory is full of what is on the disk.
_MOST_WEIGHT = 1 << 24


class DaskWorker:
    """The store and the processes that one run has at one Dask worker.

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
        self._pool: LocalPool | None = None
        self._n_running = 0
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def run(self, task: Task, report: Callable[[Call[Done]], None]) -> Done:
        """Run a task in one of the processes; report on its call while it runs."""
        pool = self._enter()
        try:
            call: Call[Done] = pool.submit_limited(task.limit, work, task)
            while wait([call], _REPORT_INTERVAL).not_done:
                report(call)
            return outcome(call, task.step)
        finally:
            self._leave()

    def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return what a function gives in one of the processes."""
        pool = self._enter()
        try:
            return pool.submit(function, *args).result()
        finally:
            self._leave()

    def _enter(self) -> LocalPool:
        with self._lock:
            self._n_running += 1
            if self._timer:
                self._timer.cancel()
            if self._pool is None or self._pool.is_closed:
                self._pool = LocalPool(
                    self._n_workers, n_threads=self._n_threads, preload=self._preload
                )
            return self._pool

    def _leave(self) -> None:
        """End the processes some time after the last task: the run may have died."""
        with self._lock:
            self._n_running -= 1
            if not self._n_running:
                self._timer = threading.Timer(_IDLE, self._rest)
                self._timer.daemon = True
                self._timer.start()

    def _rest(self) -> None:
        with self._lock:
            if not self._n_running and self._pool:
                self._pool.shutdown()

    def close(self) -> None:
        """End the processes, whether they are at work or not."""
        with self._lock:
            if self._timer:
                self._timer.cancel()
            if self._pool:
                self._pool.shutdown()


class WorkerRefused(Exception):
    """A worker takes no part in the run; another one may.

    Attributes
    ----------
    address : str
        Of the worker.
    reason : str
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason


#: What the runs have at this worker, by their name.
_workers: dict[str, DaskWorker] = {}

#: Why this worker takes no part in a run, by the name of the run: Dask only logs that.
_refusals: dict[str, str] = {}

#: Where this process keeps what arrives; None where it only passes transfers on.
_home: list[Store] = []


def open_worker(run: str, dask_worker: DaskWorker) -> None:
    """Prepare this worker for the tasks of a run."""
    _workers[run] = dask_worker


def close_worker(run: str) -> None:
    """End what a run has at this worker."""
    dask_worker = _workers.pop(run, None)
    if dask_worker:
        dask_worker.close()


def keep_transfers(store: Store) -> None:
    """Let transfers that arrive in this process be put into a store."""
    _home[:] = [store]


@dataclass(frozen=True)
class Transfer:
    """A result on its way: what is known of it, and its files where it is not at home.

    Attributes
    ----------
    done : Done
    files : tuple of bytes
        Empty while the result is in the store of this process.
    """

    done: Done
    files: tuple[Any, ...] = ()

    def __reduce_ex__(self, protocol: Any) -> Any:
        files = self.files or _read_files(self.done)
        if protocol >= 5:  # Dask then sends them without another copy
            return _unpack, (self.done, *(pickle.PickleBuffer(file) for file in files))
        return _unpack, (self.done, *files)

    def __sizeof__(self) -> int:
        size = self.done.facts.size if self.done.facts else 0
        return min(size, _MOST_WEIGHT) + 1000


def _read_files(done: Done) -> tuple[bytes, ...]:
    """Read a result's files; none where there is no result."""
    if done.facts is None or not _home:
        return ()
    path = _home[0].path(done.key)
    try:
        files = [path.read_bytes()]
        while attached_path(path, len(files) - 1).exists():
            files.append(attached_path(path, len(files) - 1).read_bytes())
    except OSError as error:
        raise LostResult(done.key) from error
    return tuple(files)


def _unpack(done: Done, *files: Any) -> Transfer:
    """Put a result that has arrived into the store, if this process has one."""
    if not _home:  # the Dask scheduler only passes it on
        return Transfer(done, tuple(bytes(file) for file in files))
    store = _home[0]
    if files and done.key not in store:
        path = store.path(done.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        for number, file in enumerate(files[1:]):
            write_atomically(attached_path(path, number), file)
        write_atomically(path, files[0])
    return Transfer(done)


def run_shared(run: str, task: Task) -> Done:
    """Run a task whose store all workers share."""
    return _worker(run).run(task, partial(_send_report, run, task.step.key))


def run_apart(run: str, task: Task, *inputs: Transfer) -> Transfer:
    """Run a task in the store of this worker, where its inputs have arrived."""
    del inputs  # they are in the store since Dask brought them
    dask_worker = _worker(run)
    task = replace(task, root=dask_worker.store.root)
    return Transfer(dask_worker.run(task, partial(_send_report, run, task.step.key)))


def report_topic(run: str) -> str:
    """Return the topic of the events that report on running steps."""
    return f"rakuten-bench-report-{run}"


def _send_report(run: str, key: str, call: Call[Done]) -> None:
    """Send for how long a step has been running, and the latest line that it logged."""
    if call.started < math.inf:
        seconds = time.monotonic() - call.started
        get_worker().log_event(report_topic(run), [key, seconds, call.report])


def answer(run: str, function: Callable[..., Any], *args: Any) -> Any:
    """Return what a function gives in one of this worker's processes."""
    return _worker(run).ask(function, *args)


def _worker(run: str) -> DaskWorker:
    dask_worker = _workers.get(run)
    if dask_worker is None:
        address = str(get_worker().address)
        unknown = f"the Dask worker at {address} knows nothing of the run."
        raise WorkerRefused(address, _refusals.get(run, unknown))
    return dask_worker


def arrive(transfer: Transfer) -> Transfer:
    """Take what comes from the home of the run."""
    return transfer


def report_done(transfer: Transfer) -> Done:
    """Return what became of a step, without its result."""
    return transfer.done


def identity(packages: Sequence[str]) -> dict[str, str]:
    """Return what must be the same everywhere for results to be the same."""
    found = {"python": platform.python_version(), "rakuten-bench": package_digest()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "(none)"
    return found


def plugin_name(run: str) -> str:
    """Return the name of a run's plugin at the scheduler."""
    return f"rakuten-bench-{run}"


@dataclass
class DaskWorkerPlugin(WorkerPlugin):
    """Prepares every worker of a cluster, also those that join later.

    Attributes
    ----------
    run : str
    root : str
        Folder of the store where it is shared; "" where each worker has its own.
    n_threads : int
    names : tuple of str
        Modules to import beforehand.
    sources : mapping of str to str
        Text of modules outside of this package that define options.
    identity : mapping of str to str
        What the worker has to have.
    mark : str
        A file of the shared store that the worker has to see; "" where none is shared,
        or the cluster is our own.
    digests : mapping of str to str
        Module -> digest of the source that results are named by.
    """

    run: str
    root: str
    n_threads: int
    names: tuple[str, ...]
    sources: Mapping[str, str]
    identity: Mapping[str, str]
    mark: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Names it at the scheduler."""
        return plugin_name(self.run)

    def setup(self, worker: Any) -> None:
        """Prepare a worker for the run.

        Raises
        ------
        UserError
            If other versions or other source are installed there, or it does not see
            the store that all share.
        """
        try:
            self._open(worker)
        except Exception as error:  # of one that joins later Dask does not tell us
            _refusals[self.run] = str(error)
            raise

    def _open(self, worker: Any) -> None:
        self._compare(str(worker.address))
        self._look(str(worker.address))
        named = os.environ.get(CACHE_VARIABLE)
        own = Path(named or Path(worker.local_directory) / "rakuten-bench").resolve()
        files = self._write_sources(Path(worker.local_directory) / self.run)
        store = Store(Path(self.root) if self.root else Layout(own).steps)
        if not self.root:
            keep_transfers(store)
        preload = Preload(self.names, files, self.digests)
        n_workers = int(worker.state.nthreads)
        open_worker(self.run, DaskWorker(store, n_workers, self.n_threads, preload))

    def teardown(self, worker: Any) -> None:
        """Close it."""
        del worker
        _refusals.pop(self.run, None)
        dask_worker = _workers.get(self.run)
        close_worker(self.run)
        if dask_worker and not self.root:  # nobody else looks after it
            with exclusive(dask_worker.store.root):
                evict(dask_worker.store, default_cache_size(), needed=())

    def _compare(self, address: str) -> None:
        theirs = identity([n for n in self.identity if n not in _NO_PACKAGES])
        for name, wanted in self.identity.items():
            if theirs[name] != wanted:
                message = (
                    f"the Dask worker at {address} has {name} {theirs[name]}, this "
                    f"machine {wanted}. Install the same everywhere: results would differ."
                )
                raise UserError(message)

    def _look(self, address: str) -> None:
        if self.mark and not Path(self.mark).exists():
            message = (
                f"the Dask worker at {address} does not see {self.root}, which all "
                f"others work in. Mount it there, or start the run again with it."
            )
            raise UserError(message)

    def _write_sources(self, folder: Path) -> tuple[tuple[str, str], ...]:
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for name, text in self.sources.items():
            path = folder / f"{name}.py"
            path.write_text(text, encoding="utf-8")
            files.append((name, str(path)))
        return tuple(files)


_NO_PACKAGES = ("python", "rakuten-bench")


def shares(root: str, mark: str) -> bool:
    """Tell whether this worker works in the store of the run.

    Not so where the worker was given a cache of its own, or does not see ours.

    Parameters
    ----------
    root : str
        Folder of the store.
    mark : str
        A file that the run has just put there.
    """
    own = os.environ.get(CACHE_VARIABLE)
    if own and Path(own).resolve() != Path(root).parent.resolve():
        return False
    return Path(mark).exists()
