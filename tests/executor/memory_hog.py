"""Methods of memory allocation; the workers of a test import this file."""

import ctypes
import mmap
import os
import subprocess
import sys
import time
from multiprocessing import shared_memory
from pathlib import Path

CHUNK = b"x" * (1 << 20)
FOLDER = Path("/dev/shm")


def take(way, megabytes, path):
    """Take memory in one way and keep it; write the number of who has it to a file."""
    WAYS[way](megabytes, path)
    while True:
        time.sleep(1)


def _own(megabytes, path):
    path.write_text(str(os.getpid()))
    kept = [bytearray(CHUNK) for _ in range(megabytes)]
    time.sleep(600)
    return kept


def _in_thread(megabytes, path):
    import threading

    threading.Thread(target=_own, args=(megabytes, path)).start()


def _shared_map(megabytes, path):
    path.write_text(str(os.getpid()))
    _fill(mmap.mmap(-1, megabytes << 20), megabytes)


def _copied_map(megabytes, path):
    file = path.with_suffix(".map")
    file.touch()
    os.truncate(file, megabytes << 20)
    path.write_text(str(os.getpid()))
    with file.open("r+b") as opened:
        _fill(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY), megabytes)


def _fill(memory, megabytes):
    for _ in range(megabytes):
        memory.write(CHUNK)
    time.sleep(600)


def _memory_file(megabytes, path):
    path.write_text(str(os.getpid()))
    file = os.memfd_create("hog")
    for _ in range(megabytes):
        os.write(file, CHUNK)


def _closed_file(megabytes, path):
    file = FOLDER / f"hog-{os.getpid()}"
    path.write_text(str(file))
    with file.open("wb") as opened:
        for _ in range(megabytes):
            opened.write(CHUNK)
            time.sleep(0.001)


def _many_files(megabytes, path):
    folder = FOLDER / f"hog-{os.getpid()}"
    folder.mkdir()
    path.write_text(str(folder))
    for number in range(megabytes // 50):
        with (folder / str(number)).open("wb") as opened:
            for _ in range(50):
                opened.write(CHUNK)
                time.sleep(0.002)


def _shared_memory(megabytes, path):
    path.write_text(str(os.getpid()))
    block = shared_memory.SharedMemory(create=True, size=megabytes << 20)
    block.unlink()  # nobody would, once this process is killed
    for start in range(0, megabytes << 20, 1 << 20):
        block.buf[start : start + (1 << 20)] = CHUNK
    time.sleep(600)


def _segment(megabytes, path):
    path.write_text(str(os.getpid()))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    number = libc.shmget(0, ctypes.c_size_t(megabytes << 20), 0o1600)
    place = libc.shmat(number, None, 0)
    libc.shmctl(number, 0, None)  # removed when nobody has it any more
    ctypes.memset(place, 1, megabytes << 20)


def _child(megabytes, path):
    subprocess.Popen([*_alone(megabytes, path)])


def _two_children(megabytes, path):
    for number in range(2):
        subprocess.Popen([*_alone(megabytes // 2, path.with_suffix(f".{number}"))])
    path.write_text(str(os.getpid()))


def _grandchild(megabytes, path):
    code = f"import subprocess; subprocess.Popen({_alone(megabytes, path)!r})"
    subprocess.run([sys.executable, "-c", code], check=True)


def _daemon(megabytes, path):
    code = (
        "import os, subprocess\n"
        f"subprocess.Popen({_alone(megabytes, path)!r}, start_new_session=True)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={})


def _forked_daemon(megabytes, path):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            _own(megabytes, path)
        os._exit(0)
    os.wait()


def _alone(megabytes, path):
    code = (
        "import os, pathlib, time\n"
        f"pathlib.Path({str(path)!r}).write_text(str(os.getpid()))\n"
        f"kept = [bytearray({CHUNK[:1]!r} * {1 << 20}) for _ in range({megabytes})]\n"
        "time.sleep(600)"
    )
    return [sys.executable, "-c", code]


WAYS = {
    "private memory": _own,
    "memory of a thread": _in_thread,
    "a shared map": _shared_map,
    "a copied map of a file": _copied_map,
    "a file in memory": _memory_file,
    "a closed file in /dev/shm": _closed_file,
    "many files in /dev/shm": _many_files,
    "a block of multiprocessing": _shared_memory,
    "a segment of shmget": _segment,
    "a child": _child,
    "two children": _two_children,
    "a child of a child": _grandchild,
    "a daemon": _daemon,
    "a forked daemon": _forked_daemon,
}
