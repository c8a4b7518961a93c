"""Where steps run: each folder of this package is one executor.

A folder offers a `BACKEND` (`protocol.Backend`) and imports nothing heavy before that
is used; its name is what `--executor` takes.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from rakuten_bench.errors import UserError, unknown

if TYPE_CHECKING:
    from rakuten_bench.executor.protocol import Backend

#: The executor of whoever names none, and no scheduler.
DEFAULT = "local"


def list_executors() -> tuple[str, ...]:
    """Return the names of all executors."""
    modules = pkgutil.iter_modules(__path__)
    return tuple(sorted(one.name for one in modules if one.ispkg))


def find_backend(name: str) -> Backend:
    """Return an executor by its name.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    if name not in list_executors():
        raise UserError(unknown("executor", name, list_executors()))
    backend: Backend = importlib.import_module(f"{__name__}.{name}").BACKEND
    return backend


def choose_executor(address: str) -> str:
    """Return the executor where none is named: one that can use the scheduler, if any."""
    if not address:
        return DEFAULT
    return next(name for name in list_executors() if find_backend(name).takes_address)
