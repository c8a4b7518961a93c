"""Executors, which run the steps: one per folder of this package.

A folder defines a `BACKEND` (`protocol.Backend`) and imports heavy packages only when
that is started; its name is the value of `--executor`.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from typing import TYPE_CHECKING

from rakuten_bench.errors import UserError, unknown

if TYPE_CHECKING:
    from rakuten_bench.executor.protocol import Backend

#: The executor used without `--executor` and `--scheduler`. Forks are used on Linux only:
#: those of macOS crash where its libraries have started threads.
DEFAULT = "local" if sys.platform == "linux" and hasattr(os, "fork") else "portable"


def list_executors() -> tuple[str, ...]:
    """Return the names of all executors."""
    modules = pkgutil.iter_modules(__path__)
    return tuple(sorted(module.name for module in modules if module.ispkg))


def find_backend(name: str) -> Backend:
    """Return an executor by its name.

    Raises
    ------
    UserError
        If no executor has this name.
    """
    if name not in list_executors():
        raise UserError(unknown("executor", name, list_executors()))
    backend: Backend = importlib.import_module(f"{__name__}.{name}").BACKEND
    return backend


def choose_executor(address: str) -> str:
    """Return the executor used without `--executor`: by address, one that takes it."""
    if not address:
        return DEFAULT
    return next(name for name in list_executors() if find_backend(name).takes_address)
