"""Worker processes that can be stopped one by one: by a limit, by a crash, at the end.

An executor as in `concurrent.futures`, with one more word: the limit of a call. A call
over its limit loses its process and everything that this started; the next call gets
a fresh one.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from typing import IO, Any

from rakuten_bench.executor.fault import SHUTDOWN, BrokenPool, Stopped
from rakuten_bench.executor.local.memory import (
    TreeMemory,
    count_kernel_kills,
    has_children,
    resident,
    tree_memory,
)
from rakuten_bench.executor.local.server_process import ServerProcess
from rakuten_bench.executor.local.worker import STORING, TOLD
from rakuten_bench.executor.preload import Preload
from rakuten_bench.executor.protocol import Call
from rakuten_bench.scenario.limit import Limit
from rakuten_bench.units import render_duration, render_size

#: A worker that still holds more than this after a call is replaced, and one whose
#: children do.
MOST_LEFT_OVER = 1 << 30
_MOST_OF_CHILDREN = 1 << 26

_OUTPUT_READ = 1 << 16  # bytes of what a crashed worker printed
_OUTPUT_KEPT = 4000
_MOST_MISSES = 3  # starts in a row without any worker
_LEAST_PAUSE = 0.02  # seconds between two looks at memory
_LOOKING_SHARE = 0.05  # of one core, at most


@dataclass(eq=False)
class _Job:
    """A call and who waits for it."""

    call: bytes
    limit: Limit
    future: Call[Any]


@dataclass(eq=False)
class _Worker:
    """A worker process as its owner sees it."""

    number: int
    connection: Connection
    output: IO[bytes]
    pid: int = 0
    job: _Job | None = None
    start: float = 0.0
    memory: int = 0
    held: TreeMemory | None = None
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
    def is_talking(self) -> bool:
        return self.job is not None and self.stopped is None and not self.is_gone

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.start

    def take(self, job: _Job) -> None:
        """Start a call."""
        os.ftruncate(self.output.fileno(), 0)
        os.lseek(self.output.fileno(), 0, os.SEEK_SET)  # shared with the worker
        self.job, self.start, self.memory = job, time.monotonic(), 0
        job.future.started = self.start
        self.held = TreeMemory(self.pid)
        self.is_storing = False
        with contextlib.suppress(OSError):  # it just died: its exit tells more
            self.connection.send_bytes(job.call)

    def measure(self, limit: int = 0) -> None:
        """See how much memory its call holds."""
        if self.held:
            self.memory = max(self.memory, self.held.measure(limit))

    def printed(self) -> str:
        """Return the end of what it printed during this call.

        The list of all loaded extension modules that Python adds to a stack is not of
        interest.
        """
        size = os.fstat(self.output.fileno()).st_size
        start = max(0, size - _OUTPUT_READ)
        found = os.pread(self.output.fileno(), _OUTPUT_READ, start)
        text = found.decode(errors="replace").partition("\nExtension modules: ")[0]
        return text[-_OUTPUT_KEPT:].strip()

    def close(self) -> None:
        self.connection.close()
        self.output.close()


class LocalPool(Executor):
    """Runs calls in processes of this machine.

    There is one process more than calls at a time: while a call writes its result, the
    next one computes.

    Parameters
    ----------
    n_workers : int
        Calls at a time.
    n_threads : int
        Numeric threads of each worker.
    preload : Preload
        Modules that are imported once, before the workers are made.

    Attributes
    ----------
    since : float
        When it was made, in seconds since 1970.
    notice : str
        What keeps calls from going on, in words; "" while nothing does.
    """

    def __init__(
        self,
        n_workers: int,
        *,
        n_threads: int = 1,
        preload: Preload = Preload(),  # noqa: B008  immutable
    ) -> None:
        self.n_workers = n_workers
        self.since = time.time()
        self._n_threads = n_threads
        self._preload = preload
        self._queue: deque[_Job] = deque()
        self._workers: dict[int, _Worker] = {}
        self._n_made = 0
        self._look = 0.0
        self._kernel_kills = count_kernel_kills()
        self._closing = False
        self._reason_given = ""
        self._n_misses = 0
        self.notice = ""
        self._bell, self._ring = socket.socketpair()
        self._ring.setblocking(False)
        self._server = self._start_server()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def submit(
        self, fn: Callable[..., Any], /, *args: object, **kwargs: object
    ) -> Future[Any]:
        """Run a call in a worker; what is passed and returned has to pickle."""
        return self.submit_limited(Limit(), fn, *args, **kwargs)

    def submit_limited(
        self, limit: Limit, fn: Callable[..., Any], /, *args: object, **kwargs: object
    ) -> Call[Any]:
        """Run a call; the future of one that passes its limit raises `Stopped`."""
        if self._reason_given:
            raise BrokenPool(self._reason_given)
        if self._closing:
            message = "cannot schedule new futures after shutdown"
            raise RuntimeError(message)
        future: Call[Any] = Call()
        self._queue.append(_Job(pickle.dumps((fn, args, kwargs)), limit, future))
        self._wake()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers and what they started, whether they are at work or not."""
        del cancel_futures  # there is nobody left to run them
        if self._closing:
            return
        self._closing = True
        self._wake()
        if wait:
            self._thread.join()

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more calls."""
        return self._closing

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is ringing already
            self._ring.send(b".")

    # All below runs in the watching thread, but for the first `_start_server`.

    def _start_server(self) -> ServerProcess:
        """Start a fork server and ask it for the workers."""
        server = ServerProcess(self._n_threads, self._preload)
        for _ in range(self.n_workers + 1):
            self._start_worker(server)
        return server

    def _start_worker(self, server: ServerProcess) -> None:
        ours, theirs = Pipe()
        output = tempfile.TemporaryFile()  # noqa: SIM115  closed with the worker
        worker = _Worker(self._n_made, ours, output)
        self._n_made += 1
        self._workers[worker.number] = worker
        server.start_worker(worker.number, [theirs.fileno(), output.fileno()])
        theirs.close()

    def _watch(self) -> None:
        try:
            while not self._closing:
                self._turn()
        finally:
            self._closing = True
            self._close()

    def _turn(self) -> None:
        """Wait for something to happen and see to it."""
        self._hand_out()
        busy = {w.connection: w for w in self._workers.values() if w.is_talking}
        server = self._server
        ready = wait([self._bell, *server.sockets, *busy], self._pause())
        for connection, worker in busy.items():
            if connection in ready:
                self._collect(worker)
        if self._bell in ready:
            self._bell.recv(4096)
        if server.control in ready:
            self._read_news()
        elif server.alarm in ready:
            server.read_alarm()
            self._say_stopped()
        self._check_limits()

    def _hand_out(self) -> None:
        n_free = self.n_workers - sum(w.is_computing for w in self._workers.values())
        for worker in self._workers.values():
            while worker.is_idle and self._queue and n_free:
                job = self._queue.popleft()
                if job.future.set_running_or_notify_cancel():
                    worker.take(job)
                    n_free -= 1

    def _collect(self, worker: _Worker) -> None:
        """Take a worker's answer; where it has died, its exit code comes as news."""
        try:
            answer = worker.connection.recv_bytes()
        except (EOFError, OSError):
            worker.is_gone = True
            return
        if answer == STORING:
            worker.is_storing = True
            self._hand_out()
            return
        if answer.startswith(TOLD):
            if worker.job:
                worker.job.future.report = answer[len(TOLD) :].decode()
            return
        job, worker.job = worker.job, None
        if _holds_much(worker.pid):
            self._replace(worker)
        self._hand_out()  # first the next call, then whoever waits for this one
        if job:
            _settle(job.future, answer)

    def _replace(self, worker: _Worker) -> None:
        """Let an idle worker go and make a fresh one."""
        del self._workers[worker.number]
        worker.close()
        self._start_worker(self._server)

    def _read_news(self) -> None:
        """Read what the fork server says of starts and ends."""
        all_news = self._server.read_news()
        if all_news is None:
            self._reopen()
            return
        for news in all_news:
            if "changed" in news:
                self._give_up(
                    f"the source of {news['changed']} has changed since this program "
                    f"was started. Start it again."
                )
                return
            worker = self._workers.get(news["worker"])
            if worker is None:
                continue
            if "pid" in news:
                worker.pid = news["pid"]
            elif "is_stopped" in news:
                worker.is_suspended = bool(news["is_stopped"])
            else:
                self._bury(worker, news["exit"])
        self._say_stopped()

    def _say_stopped(self) -> None:
        """Say which processes a signal has stopped, a step's or somebody's."""
        pids = [str(one.pid) for one in self._workers.values() if one.is_suspended]
        self.notice = ""
        if self._server.is_stopped:
            self.notice = (
                "the process that starts workers was stopped by a signal (SIGSTOP), "
                "perhaps by a step: it is continued."
            )
        elif pids:
            self.notice = (
                f"worker processes were stopped by a signal (SIGSTOP), and their steps "
                f"wait: {', '.join(pids)}. To continue: kill -CONT {' '.join(pids)}"
            )

    def _bury(self, worker: _Worker, code: int) -> None:
        """Fail the call of a dead worker, and start a replacement."""
        if worker.job and not worker.stopped and worker.connection.poll():
            with contextlib.suppress(EOFError, OSError):  # it answered, then died
                while _is_news(answer := worker.connection.recv_bytes()):
                    pass
                _settle(worker.job.future, answer)
                worker.job = None
        del self._workers[worker.number]
        if worker.job:
            worker.job.future.set_exception(self._reason(worker, code))
        worker.close()
        self._start_worker(self._server)

    def _reason(self, worker: _Worker, code: int) -> Stopped:
        """Say why a worker has ended, and what its call had used."""
        reason = self._cause(worker, code)
        reason.seconds, reason.memory = worker.seconds, worker.memory
        return reason

    def _cause(self, worker: _Worker, code: int) -> Stopped:
        """Say why a worker has ended; the kernel counts whom it ended itself."""
        before, self._kernel_kills = self._kernel_kills, count_kernel_kills()
        if worker.stopped:
            return worker.stopped
        if code == -signal.SIGKILL and self._kernel_kills > before:
            after = render_duration(worker.seconds)
            message = (
                f"its process was ended after {after}: the machine is out of memory"
            )
            return Stopped("oom", "OutOfMemory", message)
        return _crash(worker, code)

    def _reopen(self) -> None:
        """Start again after the fork server has died, and with it all workers."""
        workers, self._workers = self._workers, {}
        self._server.close()
        for worker in workers.values():
            if worker.job:
                reason = self._reason(worker, -signal.SIGKILL)
                worker.job.future.set_exception(reason)
            worker.close()
        started = any(worker.pid for worker in workers.values())
        self._n_misses = 0 if started else self._n_misses + 1
        if self._n_misses == _MOST_MISSES:
            self._give_up("no worker process can be started")
        else:
            self._server = self._start_server()

    def _give_up(self, reason: str) -> None:
        self._reason_given = reason
        self._closing = True

    def _pause(self) -> float | None:
        """Return how long nothing needs to be looked at."""
        pauses = []
        for worker in self._workers.values():
            if worker.job and not worker.stopped:
                if worker.job.limit.time is not None:
                    pauses.append(worker.job.limit.time - worker.seconds)
                if worker.job.limit.memory is not None:
                    pauses.append(max(_LEAST_PAUSE, self._look / _LOOKING_SHARE))
        return max(0.0, min(pauses)) if pauses else None

    def _check_limits(self) -> None:
        start = time.perf_counter()
        for worker in self._workers.values():
            if worker.job and not worker.stopped:
                reason = _passed(worker, worker.job.limit)
                if reason:
                    worker.stopped = reason
                    self._server.end_worker(worker.number)
        self._look = time.perf_counter() - start

    def _close(self) -> None:
        self._server.close()
        left = [worker.job for worker in self._workers.values() if worker.job]
        for worker in self._workers.values():
            worker.close()
        for job in [*left, *self._queue]:
            if self._reason_given:
                job.future.set_exception(BrokenPool(self._reason_given))
            elif not job.future.cancel():
                job.future.set_exception(Stopped("failed", SHUTDOWN, "the run ended"))
        self._bell.close()
        self._ring.close()


def _holds_much(pid: int) -> bool:
    """Tell whether what a worker still holds would count against its next call."""
    own = sum(resident(pid))
    if own > MOST_LEFT_OVER:
        return True
    return has_children(pid) and tree_memory(pid) - own > _MOST_OF_CHILDREN


def _is_news(message: bytes) -> bool:
    """Tell what a worker says on its way from its answer."""
    return message == STORING or message.startswith(TOLD)


def _settle(future: Future[Any], answer: bytes) -> None:
    """Give a future what its worker answered."""
    try:
        succeeded, value = pickle.loads(answer)
    except Exception as error:  # the class of a result may be unknown on this side
        succeeded, value = False, error
    if succeeded:
        future.set_result(value)
    else:
        future.set_exception(value)


def _passed(worker: _Worker, limit: Limit) -> Stopped | None:
    """Return the limit that a worker has passed, in words."""
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
    """Say what ended a worker that was not told to end."""
    after = f"after {render_duration(worker.seconds)}"
    if code < 0:
        name = signal.Signals(-code).name
        message = f"its process was ended by {name} {after}"
        return Stopped("failed", name, message, worker.printed())
    message = f"its process left with exit code {code} {after}"
    return Stopped("failed", "ProcessExit", message, worker.printed())
