"""Measure the resident memory of processes and their descendants."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

_LISTS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()
_ANONYMOUS_SHARE = re.compile(rb"^Pss_Anon:\s+(\d+) kB", re.MULTILINE)
_MAPPING = re.compile(
    rb"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)\n"
    rb"(?:[A-Z]\w*: .*\n)*?Pss: +(\d+) kB",
    re.MULTILINE,
)
_BLOCK = 512  # bytes, of `st_blocks`
_CLOCK = 1.0  # seconds: resolution of file times
_MUCH_SHARED = 1 << 26  # bytes of shared memory above which mappings are examined

#: Device and inode, which identify a file.
_File = tuple[int, int]


class Resident(NamedTuple):
    """Resident memory of one process, bytes.

    Attributes
    ----------
    anonymous : int
        Private memory; pages that a fork shares with its parent count in both.
    shared : int
        Shared mappings not backed by a file on disk.
    """

    anonymous: int = 0
    shared: int = 0


class TreeMemory:
    """Repeated measurement of the memory of a process and its descendants.

    Mapped files on disk are not counted on Linux: they belong to the cache, are shared
    by all workers, and are reclaimed when memory is short. Files in memory (in
    ``/dev/shm``, of `memfd_create`, segments of `shmget`) written after construction
    are counted once a measurement has seen a process use them, until they are removed.

    Parameters
    ----------
    pid : int
    find_detached : callable
        Returns the descendants that the tree of processes lacks, because their parent
        has exited.
    """

    def __init__(
        self, pid: int, find_detached: Callable[[], Iterable[int]] = tuple
    ) -> None:
        self._pid = pid
        self._find_detached = find_detached
        self._since = time.time() - _CLOCK
        self._seen: dict[_File, str] = {}

    def measure(self, limit: int = 0) -> int:
        """Return the resident bytes; 0 if the process has exited.

        The exact measurement, which counts shared pages once, is slow: it is used only
        if the sum over processes exceeds the limit, or much memory is shared.
        """
        pids = {*iter_tree(self._pid), *self._find_detached()}
        processes = {pid: resident(pid) for pid in pids}
        files = self._files(processes)
        shared = sum(files.values()) + sum(p.shared for p in processes.values())
        total = shared + sum(process.anonymous for process in processes.values())
        if total <= limit and shared < _MUCH_SHARED:
            return total
        total = sum(files.values())
        is_alone = len(processes) == 1
        for pid, process in processes.items():
            anonymous = process.anonymous
            total += anonymous if is_alone else _share_of_anonymous(pid, process)
            total += self._share_of_mapped(pid, process, files) if process.shared else 0
        return total

    def _files(self, pids: Iterable[int]) -> dict[_File, int]:
        """Return the sizes of files in memory created by the processes."""
        sizes = _sysv_segments(set(pids))
        for pid in pids:
            for path, stat in _iter_open(pid):
                file = stat.st_dev, stat.st_ino
                if file not in sizes and self._is_new(stat):
                    sizes[file] = stat.st_blocks * _BLOCK
                    self._seen[file] = path
        for file in self._seen.keys() - sizes.keys():
            stat_now = _stat(self._seen[file])
            if stat_now and (stat_now.st_dev, stat_now.st_ino) == file:
                sizes[file] = stat_now.st_blocks * _BLOCK
            else:
                del self._seen[file]
        return sizes

    def _is_new(self, stat: os.stat_result) -> bool:
        return max(stat.st_mtime, stat.st_ctime) >= self._since

    def _share_of_mapped(
        self, pid: int, process: Resident, counted: Container[_File]
    ) -> int:
        """Return the process's share of shared mappings, without counted files."""
        try:
            mappings = _MAPPING.findall(_read(f"/proc/{pid}/smaps"))
        except OSError:
            return process.shared
        total = 0
        for major, minor, inode, path, share in mappings:
            device = os.makedev(int(major, 16), int(minor, 16))
            file = device, int(inode)
            if file in counted or device not in _memory_devices():
                continue
            stat = _stat(os.fsdecode(path))
            if stat is None or self._is_new(stat):
                total += int(share) << 10
        return total


def tree_memory(pid: int) -> int:
    """Return the resident bytes of a process and its descendants; 0 if it has exited."""
    return sum(sum(resident(member)) for member in iter_tree(pid))


def iter_tree(pid: int) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield pid
    for child in iter_children(pid):
        yield from iter_tree(child)


def iter_children(pid: int) -> list[int]:
    """Return the children of a process, including zombies.

    Linux lists them; psutil would scan all processes of the machine.
    """
    if _LISTS_CHILDREN:
        children: list[int] = []
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  called often
                children += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
        return children
    with contextlib.suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children()]
    return []


def resident(pid: int) -> Resident:
    """Return the resident memory of a process; zero if it has exited."""
    with contextlib.suppress(OSError):
        status = _read(f"/proc/{pid}/status")
        anonymous = _size(status, b"\nRssAnon:") + _size(status, b"\nHugetlbPages:")
        if anonymous:
            return Resident(anonymous, _size(status, b"\nRssShmem:"))
    with contextlib.suppress(psutil.Error):
        return Resident(_private(psutil.Process(pid)))
    return Resident()


def _private(process: psutil.Process) -> int:
    """Return the memory of a process; on Windows, without the files that it maps."""
    info = process.memory_info()
    return int(getattr(info, "private", info.rss))


def _size(status: bytes, name: bytes) -> int:
    """Return the bytes of a line; a regular expression takes five times as long."""
    start = status.find(name) + len(name)
    if start < len(name):
        return 0
    return int(status[start : status.index(b"kB", start)]) << 10


def has_children(pid: int) -> bool:
    """Return whether the first thread of a process has children, quickly.

    It inherits the children of threads that have ended.
    """
    if not _LISTS_CHILDREN:
        return bool(iter_children(pid))
    with contextlib.suppress(OSError):
        return bool(_read(f"/proc/{pid}/task/{pid}/children"))
    return False


def _share_of_anonymous(pid: int, process: Resident) -> int:
    """Return the proportional set size (PSS) of a process's anonymous memory."""
    with contextlib.suppress(OSError):
        match = _ANONYMOUS_SHARE.search(_read(f"/proc/{pid}/smaps_rollup"))
        if match:
            return int(match[1]) << 10
    return process.anonymous


def _iter_open(pid: int) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files in memory that a process has open, with their paths."""
    folder = f"/proc/{pid}/fd"
    numbers: list[str] = []
    with contextlib.suppress(OSError):
        numbers = os.listdir(folder)  # noqa: PTH208  called often
    for number in numbers:
        link = f"{folder}/{number}"
        stat = _stat(link)
        if stat and stat.st_blocks and stat.st_dev in _memory_devices():
            with contextlib.suppress(OSError):
                yield os.readlink(link), stat  # noqa: PTH115  called often


def _sysv_segments(pids: Container[int]) -> dict[_File, int]:
    """Return the sizes of the segments of `shmget` created by processes."""
    try:
        lines = _read("/proc/sysvipc/shm").splitlines()
    except OSError:
        return {}
    names = lines[0].split()
    segments = [
        dict(zip(names, map(int, line.split()), strict=True)) for line in lines[1:]
    ]
    return {
        (_shared_memory_device(), segment[b"shmid"]): segment[b"rss"]
        for segment in segments
        if segment[b"cpid"] in pids
    }


@cache
def _memory_devices() -> frozenset[int]:
    """Return the devices of file systems in memory."""
    devices = {_shared_memory_device()}
    with contextlib.suppress(OSError):
        for line in _read("/proc/self/mountinfo").splitlines():
            mount, _, source = line.partition(b" - ")
            if source.startswith(b"tmpfs "):
                major, _, minor = mount.split()[2].partition(b":")
                devices.add(os.makedev(int(major), int(minor)))
    return frozenset(devices)


@cache
def _shared_memory_device() -> int:
    """Return the device of anonymous shared memory; -1 if the system has none."""
    if sys.platform != "linux" or not hasattr(os, "memfd_create"):
        return -1
    file = os.memfd_create("rakuten-bench")
    try:
        return os.fstat(file).st_dev
    finally:
        os.close(file)


def _stat(path: str) -> os.stat_result | None:
    with contextlib.suppress(OSError, ValueError):
        return os.stat(path)  # noqa: PTH116  called often
    return None


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123  called often
        return file.read()


def count_kernel_kills() -> int:
    """Return the number of processes killed by the OOM killer; 0 if unknown."""
    with contextlib.suppress(OSError):
        for line in _read("/proc/vmstat").splitlines():
            if line.startswith(b"oom_kill "):
                return int(line.split()[1])
    return 0


class PeakMemory:
    """Peak resident memory of this process since construction.

    Linux can reset the peak of a process. Elsewhere that of the whole process is
    returned if it has risen since, and otherwise the current size.
    """

    def __init__(self) -> None:
        self._before = _peak_of_process()
        self._status = Path("/proc/self/status")
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            self._status = Path()

    def bytes(self) -> int:
        """Return the peak, bytes."""
        if self._status.is_file():
            for line in self._status.read_text(encoding="ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        peak = _peak_of_process()
        is_new = peak > self._before
        return peak if is_new else int(psutil.Process().memory_info().rss)


def _peak_of_process() -> int:
    """Return the peak resident bytes of this process; 0 if unknown."""
    with contextlib.suppress(ImportError):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))
