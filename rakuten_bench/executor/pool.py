"""Process pool with a time and memory limit for each call.

An executor as in `concurrent.futures`, plus limits: a call that exceeds its limit is
killed, with its process and the process's descendants. A crash fails only its own call.
A fresh worker replaces a lost one. How workers are started and killed is left to a
`WorkerServer`.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import sys
import threading
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Container
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import IO, Any

from rakuten_bench.executor.fault import SHUTDOWN, BrokenPool, Stopped, name_exit
from rakuten_bench.executor.memory import (
    TreeMemory,
    count_kernel_kills,
    has_children,
    resident,
    tree_memory,
)
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.protocol import Call
from rakuten_bench.executor.server import WorkerServer
from rakuten_bench.executor.worker import LOGGED, STORING
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.units import render_duration, render_size

#: A worker is replaced if it, or its children, use more memory than this after a call.
MAX_RETAINED = 1 << 30
_MAX_RETAINED_BY_CHILDREN = 1 << 26

_OUTPUT_READ = 1 << 16  # bytes read from the end of a crashed worker's output
_OUTPUT_KEPT = 4000
_MAX_FAILED_STARTS = 3  # in a row
_KILLED = -9  # exit code after SIGKILL, a name that Windows lacks
_MIN_MEMORY_INTERVAL = 0.02  # seconds between two measurements
_MEASURING_SHARE = 0.05  # of one core, at most
_MEASURED_AFTER = 2.0  # seconds of a call


@dataclass(eq=False)
class _Job:
    """A pickled call, its limit and its future."""

    call: bytes
    limit: Limit
    future: Call[Any]


@dataclass(eq=False)
class _Worker:
    """The owner's state of a worker process."""

    number: int
    connection: Connection
    output: IO[bytes]
    pid: int = 0
    job: _Job | None = None
    start: float = 0.0
    memory: int = 0
    tree: TreeMemory | None = None
    is_storing: bool = False
    is_gone: bool = False
    is_suspended: bool = False
    stopped: Stopped | None = None

    @property
    def is_idle(self) -> bool:
        return bool(self.pid) and self.job is None and self.stopped is None

    @property
    def is_computing(self) -> bool:
        return self.job is not None and not self.is_storing

    @property
    def is_running(self) -> bool:
        return self.job is not None and self.stopped is None and not self.is_gone

    @property
    def is_unmeasured(self) -> bool:
        """Whether its memory limit can't be enforced: it would use some by now."""
        has_limit = self.job is not None and self.job.limit.memory is not None
        return has_limit and not self.memory and self.seconds > _MEASURED_AFTER

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.start

    def take(self, job: _Job, server: WorkerServer) -> None:
        """Send a call to the worker."""
        os.ftruncate(self.output.fileno(), 0)
        os.lseek(self.output.fileno(), 0, os.SEEK_SET)  # shared with the worker
        self.job, self.start, self.memory = job, time.monotonic(), 0
        job.future.started = self.start
        self.tree = TreeMemory(self.pid, partial(server.find_detached, self.number))
        self.is_storing = False
        with contextlib.suppress(OSError):  # just died: its exit event has the cause
            self.connection.send_bytes(job.call)

    def measure(self, limit: int = 0) -> None:
        """Update the peak memory of the running call."""
        if self.tree:
            self.memory = max(self.memory, self.tree.measure(limit))

    def printed(self) -> str:
        """Return the end of the worker's output during this call.

        The list of loaded extension modules that Python appends to a stack is removed.
        """
        size = os.fstat(self.output.fileno()).st_size
        start = max(0, size - _OUTPUT_READ)
        self.output.seek(start)
        output = self.output.read(_OUTPUT_READ)
        text = output.decode(errors="replace").partition("\nExtension modules: ")[0]
        return text[-_OUTPUT_KEPT:].strip()

    def close(self) -> None:
        self.connection.close()
        self.output.close()


class WorkerPool(Executor):
    """Runs calls in processes on this machine.

    The pool has one process more than parallel calls: while one call writes its result,
    the next one computes.

    Parameters
    ----------
    n_workers : int
        Calls run in parallel.
    n_threads : int
        Numeric threads of each worker.
    preload : Preload
        Modules that are imported before the first call.

    Attributes
    ----------
    since : float
        Time of construction, seconds since 1970.
    notice : str
        Message on a condition that blocks calls; "" if there is none.
    max_workers : int
        The system allows no more.
    """

    max_workers = sys.maxsize

    def __init__(
        self,
        n_workers: int,
        *,
        n_threads: int = 1,
        preload: Preload = Preload(),  # noqa: B008  immutable
    ) -> None:
        self.n_workers = min(n_workers, self.max_workers)
        self.since = time.time()
        self._n_threads = n_threads
        self._preload = preload
        self._queue: deque[_Job] = deque()
        self._workers: dict[int, _Worker] = {}
        self._n_made = 0
        self._check_time = 0.0
        self._kernel_kills = count_kernel_kills()
        self._closing = False
        self._closing_reason = ""
        self._n_failed_starts = 0
        self.notice = ""
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_sender.setblocking(False)
        self._server = self._start_server()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def submit(
        self, fn: Callable[..., Any], /, *args: object, **kwargs: object
    ) -> Future[Any]:
        """Run a call in a worker; arguments and result must be picklable."""
        return self.submit_limited(Limit(), fn, *args, **kwargs)

    def submit_limited(
        self, limit: Limit, fn: Callable[..., Any], /, *args: object, **kwargs: object
    ) -> Call[Any]:
        """Run a call; its future raises `Stopped` if it exceeds its limit."""
        if self._closing_reason:
            raise BrokenPool(self._closing_reason)
        if self._closing:
            message = "cannot schedule new futures after shutdown"
            raise RuntimeError(message)
        future: Call[Any] = Call()
        self._queue.append(_Job(pickle.dumps((fn, args, kwargs)), limit, future))
        self._wake()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Kill all workers and their descendants, idle or running."""
        del cancel_futures  # always: no worker is left to run them
        if self._closing:
            return
        self._closing = True
        self._wake()
        if wait:
            self._thread.join()

    @property
    def is_closed(self) -> bool:
        """Whether the pool accepts no more calls."""
        return self._closing

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # already signaled
            self._wake_sender.send(b".")

    # All methods below run in the watching thread, except the first `_start_server`.

    @abstractmethod
    def _open_server(self, n_threads: int, preload: Preload) -> WorkerServer:
        """Return a new server."""

    def _start_server(self) -> WorkerServer:
        """Start a server and its workers."""
        server = self._open_server(self._n_threads, self._preload)
        for _ in range(self.n_workers + 1):
            self._start_worker(server)
        return server

    def _start_worker(self, server: WorkerServer) -> None:
        number = self._n_made
        self._n_made += 1
        self._workers[number] = _Worker(number, *server.start_worker(number))

    def _watch(self) -> None:
        try:
            while not self._closing:
                self._wait_and_handle()
        finally:
            self._closing = True
            self._close()

    def _wait_and_handle(self) -> None:
        """Wait for the next event and handle it."""
        self._dispatch()
        busy = {w.connection: w for w in self._workers.values() if w.is_running}
        server = self._server
        ready = wait(
            [self._wake_receiver, *server.sockets, *busy], self._time_to_check()
        )
        for connection, worker in busy.items():
            if connection in ready:
                self._collect(worker)
        if self._wake_receiver in ready:
            self._wake_receiver.recv(4096)
        if server.poll_interval or any(socket in ready for socket in server.sockets):
            self._handle_events(ready)
        self._check_limits()

    def _dispatch(self) -> None:
        n_free = self.n_workers - sum(w.is_computing for w in self._workers.values())
        for worker in self._workers.values():
            while worker.is_idle and self._queue and n_free:
                job = self._queue.popleft()
                if job.future.set_running_or_notify_cancel():
                    worker.take(job, self._server)
                    n_free -= 1

    def _collect(self, worker: _Worker) -> None:
        """Receive a worker's message; the server reports the exit of a dead one."""
        try:
            answer = worker.connection.recv_bytes()
        except (EOFError, OSError):
            worker.is_gone = True
            return
        if answer == STORING:
            worker.is_storing = True
            self._dispatch()
            return
        if answer.startswith(LOGGED):
            if worker.job:
                worker.job.future.report = answer[len(LOGGED) :].decode()
            return
        job, worker.job = worker.job, None
        if _holds_much(worker.pid):
            self._replace(worker)
        self._dispatch()  # before the callbacks of this call delay the next one
        if job:
            _settle(job.future, answer)

    def _replace(self, worker: _Worker) -> None:
        """Replace an idle worker with a fresh one."""
        del self._workers[worker.number]
        worker.close()
        self._start_worker(self._server)

    def _handle_events(self, ready: Container[Any]) -> None:
        """Handle the server's events: starts, stops and exits of workers."""
        events = self._server.read_events(ready)
        if events is None:
            self._reopen()
            return
        for event in events:
            if "changed" in event:
                self._give_up(
                    f"the source of {event['changed']} was edited after this program "
                    f"started. Restart it."
                )
                return
            worker = self._workers.get(event["worker"])
            if worker is None:
                continue
            if "pid" in event:
                worker.pid = event["pid"]
            elif "is_stopped" in event:
                worker.is_suspended = bool(event["is_stopped"])
            else:
                self._remove_dead(worker, event["exit"])
        self._update_notice()

    def _update_notice(self) -> None:
        """Set the notice on stopped processes, and on limits that can't be enforced."""
        pids = [str(w.pid) for w in self._workers.values() if w.is_suspended]
        self.notice = ""
        if self._server.is_stopped:
            self.notice = (
                "the process that starts workers was stopped by a signal (SIGSTOP), "
                "perhaps sent by a step: it is being continued."
            )
        elif pids:
            self.notice = (
                f"worker processes are stopped by a signal (SIGSTOP), and their steps "
                f"wait: {', '.join(pids)}. To continue: kill -CONT {' '.join(pids)}"
            )
        elif any(worker.is_unmeasured for worker in self._workers.values()):
            self.notice = (
                "this system does not tell the memory of worker processes: memory limits "
                "are not enforced."
            )

    def _remove_dead(self, worker: _Worker, code: int) -> None:
        """Fail the call of a dead worker, and start a replacement."""
        if worker.job and not worker.stopped and worker.connection.poll():
            with contextlib.suppress(EOFError, OSError):  # answered, then died
                while _is_progress(answer := worker.connection.recv_bytes()):
                    pass
                _settle(worker.job.future, answer)
                worker.job = None
        del self._workers[worker.number]
        if worker.job:
            worker.job.future.set_exception(self._reason(worker, code))
        worker.close()
        if self._may_start(worker.pid):
            self._start_worker(self._server)

    def _may_start(self, pid: int) -> bool:
        """Return whether to start other workers; give up after failures in a row.

        Parameters
        ----------
        pid : int
            Process id of the worker that has ended; 0 if it was not ready for calls.
        """
        self._n_failed_starts = 0 if pid else self._n_failed_starts + 1
        if self._n_failed_starts < _MAX_FAILED_STARTS:
            return True
        self._give_up("no worker process could be started")
        return False

    def _reason(self, worker: _Worker, code: int) -> Stopped:
        """Return why a worker has died, with the costs of its call."""
        reason = self._cause(worker, code)
        reason.seconds, reason.memory = worker.seconds, worker.memory
        return reason

    def _cause(self, worker: _Worker, code: int) -> Stopped:
        """Return why a worker has died; the kernel counts its out-of-memory kills."""
        before, self._kernel_kills = self._kernel_kills, count_kernel_kills()
        if worker.stopped:
            return worker.stopped
        if code == _KILLED and self._kernel_kills > before:
            after = render_duration(worker.seconds)
            message = f"process killed after {after}: the machine is out of memory"
            return Stopped("oom", "OutOfMemory", message)
        return _crash(worker, code)

    def _reopen(self) -> None:
        """Restart the server after it has died, and with it all workers."""
        workers, self._workers = self._workers, {}
        self._server.close()
        for worker in workers.values():
            if worker.job:
                reason = self._reason(worker, _KILLED)
                worker.job.future.set_exception(reason)
            worker.close()
        if self._may_start(max(worker.pid for worker in workers.values())):
            self._server = self._start_server()

    def _give_up(self, reason: str) -> None:
        self._closing_reason = reason
        self._closing = True

    def _time_to_check(self) -> float | None:
        """Return the seconds until the next check; None to wait for an event."""
        interval = self._server.poll_interval
        pauses = [] if interval is None else [interval]
        for worker in self._workers.values():
            if worker.job and not worker.stopped:
                if worker.job.limit.time is not None:
                    pauses.append(worker.job.limit.time - worker.seconds)
                if worker.job.limit.memory is not None:
                    pause = self._check_time / _MEASURING_SHARE
                    pauses.append(max(_MIN_MEMORY_INTERVAL, pause))
        return max(0.0, min(pauses)) if pauses else None

    def _check_limits(self) -> None:
        start = time.perf_counter()
        for worker in self._workers.values():
            if worker.job and not worker.stopped:
                reason = _exceeded(worker, worker.job.limit)
                if reason:
                    worker.stopped = reason
                    self._server.end_worker(worker.number)
        self._check_time = time.perf_counter() - start

    def _close(self) -> None:
        self._server.close()
        running = [worker.job for worker in self._workers.values() if worker.job]
        for worker in self._workers.values():
            worker.close()
        for job in [*running, *self._queue]:
            if self._closing_reason:
                job.future.set_exception(BrokenPool(self._closing_reason))
            elif not job.future.cancel():
                job.future.set_exception(Stopped("failed", SHUTDOWN, "the run ended"))
        self._wake_receiver.close()
        self._wake_sender.close()


def _holds_much(pid: int) -> bool:
    """Return whether a worker retains memory that would count against its next call."""
    memory = sum(resident(pid))
    if memory > MAX_RETAINED:
        return True
    return has_children(pid) and tree_memory(pid) - memory > _MAX_RETAINED_BY_CHILDREN


def _is_progress(message: bytes) -> bool:
    """Return whether a worker's message reports progress, and is not its answer."""
    return message == STORING or message.startswith(LOGGED)


def _settle(future: Future[Any], answer: bytes) -> None:
    """Set a future's result or exception from a worker's answer."""
    try:
        succeeded, value = pickle.loads(answer)
    except Exception as error:  # the class of a result may be unknown in this process
        succeeded, value = False, error
    if succeeded:
        future.set_result(value)
    else:
        future.set_exception(value)


def _exceeded(worker: _Worker, limit: Limit) -> Stopped | None:
    """Return the error for a worker that exceeds its limit; None if it does not."""
    if limit.memory is not None:
        worker.measure(limit.memory)
        if worker.memory > limit.memory:
            message = (
                f"stopped at {render_size(worker.memory)} after "
                f"{render_duration(worker.seconds)}: over its memory limit of "
                f"{render_size(limit.memory)}"
            )
            return Stopped("oom", "MemoryLimit", message)
    if limit.time is not None and worker.seconds >= limit.time:
        worker.measure()
        message = (
            f"stopped after {render_duration(worker.seconds)}, with "
            f"{render_size(worker.memory)} in use: over its time limit of "
            f"{render_duration(limit.time)}"
        )
        return Stopped("timeout", "TimeLimit", message)
    return None


def _crash(worker: _Worker, code: int) -> Stopped:
    """Return the error for a worker that exited unexpectedly."""
    name, text = name_exit(code)
    message = f"process {text} after {render_duration(worker.seconds)}"
    return Stopped("failed", name, message, worker.printed())
