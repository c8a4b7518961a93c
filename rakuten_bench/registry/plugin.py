"""Where options and data sets come from: built-in packages and plugins."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from functools import cache

from rakuten_bench.errors import UserError

#: Group of entry points under which other packages name modules with options or data
#: sets: importing one registers them.
PLUGINS = "rakuten_bench.plugins"


@cache
def import_all(package: str) -> None:
    """Import all modules of a built-in package, then plugins: that registers all.

    Errors are not swallowed.
    """
    place = importlib.import_module(package)
    for module in pkgutil.walk_packages(place.__path__, f"{package}."):
        importlib.import_module(module.name)
    import_plugins()


@cache
def import_plugins() -> None:
    """Import the modules that other packages list as entry points of our group.

    Raises
    ------
    UserError
        If one can't be imported: an installed plugin must not be missing silently.
    """
    for entry in importlib.metadata.entry_points(group=PLUGINS):
        try:
            entry.load()
        except (UserError, KeyboardInterrupt):
            raise
        except BaseException as error:  # third-party code: it may even exit
            owner = entry.dist.name if entry.dist else "a package"
            message = (
                f"{owner}: the entry point '{entry.name}' of {PLUGINS} can't be "
                f"imported from {entry.value}: {describe_import_error(error)}. "
                f"Fix it, or run: pip uninstall {owner}"
            )
            raise UserError(message) from error


def describe_import_error(error: BaseException) -> str:
    """Return in one line why an import failed."""
    if isinstance(error, SystemExit):
        return f"it ends the program (sys.exit({error.code!r}))"
    text = " ".join(str(error).split()).removesuffix(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@cache
def find_owner(module: str) -> str:
    """Return the distribution that lists a module's package as an entry point, or ""."""
    package = module.partition(".")[0]
    for entry in importlib.metadata.entry_points(group=PLUGINS):
        if entry.dist and entry.module.partition(".")[0] == package:
            return str(entry.dist.name)
    return ""
