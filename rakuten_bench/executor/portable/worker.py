"""Main function of a worker process that was started as a new interpreter."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from rakuten_bench.executor.mark import end_marked
from rakuten_bench.executor.preload import find_changed, import_all
from rakuten_bench.executor.worker import CHANGED, READY, serve


def main(connection: Connection, settings: Mapping[str, Any]) -> None:
    """Import modules, report that the worker is ready, and serve calls."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # left to the owner
    _keep_private(connection.fileno())
    _end_with_owner(settings["mark"])
    faulthandler.enable()
    import_all(settings["names"], settings["files"])
    changed = find_changed(settings["sources"], settings["since"])
    if changed:
        connection.send_bytes(CHANGED + changed.encode())
        return
    connection.send_bytes(READY + str(os.getpid()).encode())
    serve(connection, settings["n_threads"])
    os._exit(0)  # no threads or exit hooks of imported modules delay it


def _keep_private(handle: int) -> None:
    """Keep processes that a step starts from inheriting the connection."""
    if hasattr(os, "set_handle_inheritable"):  # Windows
        os.set_handle_inheritable(handle, False)
    else:
        os.set_inheritable(handle, False)


def _end_with_owner(mark: str) -> None:
    """Exit when standard input is closed, which is empty for the steps."""
    owner = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    threading.Thread(target=partial(_watch, owner, mark), daemon=True).start()


def _watch(owner: int, mark: str) -> None:
    """Wait until the owner is gone; kill all its workers and their descendants."""
    try:
        os.read(owner, 1)
    finally:
        end_marked(mark)
        os._exit(1)
