"""How much memory processes hold."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Container, Iterable, Iterator
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
_CLOCK = 1.0  # seconds: times of files are coarse
_MUCH = 1 << 26  # bytes in shared memory from which they are told apart

#: Device and inode: which file it is, whatever its name.
_File = tuple[int, int]


class Resident(NamedTuple):
    """Bytes that one process holds.

    Attributes
    ----------
    anonymous : int
        Private memory; pages that a fork shares with its parent count in both.
    shared : int
        Shared mappings that no file on a disk stands behind.
    """

    anonymous: int = 0
    shared: int = 0


class TreeMemory:
    """What a process and everything that it starts hold, measured again and again.

    Files on a disk that are only mapped do not count where the system tells (Linux):
    they are the cache's, shared by all workers, and given back when memory is short.
    Files in memory (those in ``/dev/shm`` and of `memfd_create`, segments of `shmget`)
    that are written from now on count from when one of the processes was seen to use
    them until they are removed.

    Parameters
    ----------
    pid : int
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._since = time.time() - _CLOCK
        self._seen: dict[_File, str] = {}

    def measure(self, limit: int = 0) -> int:
        """Return the bytes held; 0 if the process is gone.

        To count once what processes share takes time: it is done where the plain sum
        is above the limit.
        """
        found = {pid: resident(pid) for pid in iter_tree(self._pid)}
        files = self._files(found)
        shared = sum(files.values()) + sum(one.shared for one in found.values())
        total = shared + sum(one.anonymous for one in found.values())
        if total <= limit and shared < _MUCH:
            return total
        total = sum(files.values())
        for pid, one in found.items():
            total += _share_of_anonymous(pid, one) if len(found) > 1 else one.anonymous
            total += self._share_of_mapped(pid, one, files) if one.shared else 0
        return total

    def _files(self, pids: Iterable[int]) -> dict[_File, int]:
        """Return the sizes of files in memory that the processes have made."""
        found = _sysv_segments(set(pids))
        for pid in pids:
            for path, stat in _iter_open(pid):
                file = stat.st_dev, stat.st_ino
                if file not in found and self._is_new(stat):
                    found[file] = stat.st_blocks * _BLOCK
                    self._seen[file] = path
        for file in self._seen.keys() - found.keys():
            stat_now = _stat(self._seen[file])
            if stat_now and (stat_now.st_dev, stat_now.st_ino) == file:
                found[file] = stat_now.st_blocks * _BLOCK
            else:
                del self._seen[file]
        return found

    def _is_new(self, stat: os.stat_result) -> bool:
        return max(stat.st_mtime, stat.st_ctime) >= self._since

    def _share_of_mapped(
        self, pid: int, one: Resident, counted: Container[_File]
    ) -> int:
        """Return the process's share of mapped memory but for files counted already."""
        try:
            mappings = _MAPPING.findall(_read(f"/proc/{pid}/smaps"))
        except OSError:
            return one.shared
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
    """Return the bytes that a process and all that it started hold; 0 if it is gone."""
    return sum(sum(resident(one)) for one in iter_tree(pid))


def iter_tree(pid: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield pid
    for child in iter_children(pid):
        yield from iter_tree(child)


def iter_children(pid: int) -> list[int]:
    """Return the processes that one has started and not yet buried.

    Linux lists them; psutil would look at every process of the machine.
    """
    if _LISTS_CHILDREN:
        found: list[int] = []
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  called often
                found += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
        return found
    with contextlib.suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children()]
    return []


def resident(pid: int) -> Resident:
    """Return what one process holds; nothing if it is gone."""
    with contextlib.suppress(OSError):
        status = _read(f"/proc/{pid}/status")
        own = _size(status, b"\nRssAnon:") + _size(status, b"\nHugetlbPages:")
        if own:
            return Resident(own, _size(status, b"\nRssShmem:"))
    with contextlib.suppress(psutil.Error):
        return Resident(int(psutil.Process(pid).memory_info().rss))
    return Resident()


def _size(status: bytes, name: bytes) -> int:
    """Return the bytes of one line; a regular expression takes five times as long."""
    start = status.find(name) + len(name)
    if start < len(name):
        return 0
    return int(status[start : status.index(b"kB", start)]) << 10


def has_children(pid: int) -> bool:
    """Tell whether a process has children, as quickly as can be.

    Those of threads that have ended are its first thread's.
    """
    if not _LISTS_CHILDREN:
        return bool(iter_children(pid))
    with contextlib.suppress(OSError):
        return bool(_read(f"/proc/{pid}/task/{pid}/children"))
    return False


def _share_of_anonymous(pid: int, one: Resident) -> int:
    """Return the private memory of a process; of pages that forks share, its share."""
    with contextlib.suppress(OSError):
        found = _ANONYMOUS_SHARE.search(_read(f"/proc/{pid}/smaps_rollup"))
        if found:
            return int(found[1]) << 10
    return one.anonymous


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
    """Return the sizes of the segments of `shmget` that processes have made."""
    try:
        lines = _read("/proc/sysvipc/shm").splitlines()
    except OSError:
        return {}
    names = lines[0].split()
    segments = [
        dict(zip(names, map(int, line.split()), strict=True)) for line in lines[1:]
    ]
    return {
        (_shared_memory_device(), one[b"shmid"]): one[b"rss"]
        for one in segments
        if one[b"cpid"] in pids
    }


@cache
def _memory_devices() -> frozenset[int]:
    """Return the devices whose files lie in memory."""
    found = {_shared_memory_device()}
    with contextlib.suppress(OSError):
        for line in _read("/proc/self/mountinfo").splitlines():
            mount, _, source = line.partition(b" - ")
            if source.startswith(b"tmpfs "):
                major, _, minor = mount.split()[2].partition(b":")
                found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)


@cache
def _shared_memory_device() -> int:
    """Return the device of shared memory without a name; -1 where there is none."""
    if sys.platform != "linux":
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
    """Return how many processes the kernel has ended for want of memory; 0 if unknown."""
    with contextlib.suppress(OSError):
        for line in _read("/proc/vmstat").splitlines():
            if line.startswith(b"oom_kill "):
                return int(line.split()[1])
    return 0


class PeakMemory:
    """Highest resident memory of this process since the object was made.

    Linux can reset the high-water mark of a process; elsewhere the current size stands
    in for it.
    """

    def __init__(self) -> None:
        self._status = Path("/proc/self/status")
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            self._status = Path()

    def bytes(self) -> int:
        """Return the peak."""
        if self._status.is_file():
            for line in self._status.read_text(encoding="ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return int(psutil.Process().memory_info().rss)
