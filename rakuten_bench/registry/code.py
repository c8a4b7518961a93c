"""A parameter that names a function or class of the user: "my_models.make_pipeline"."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rakuten_bench.errors import UserError
from rakuten_bench.registry import own
from rakuten_bench.registry.plugin import describe_import_error

_FORMS = "Write 'module.function' or 'file.py:function'"


@dataclass(frozen=True, slots=True)
class Reference:
    """A function, class or object of the user, as written in a parameter.

    Attributes
    ----------
    text : str
        "my_models.make_pipeline", "package.models:Model", "models/mine.py:make".
    module : str
        Dotted name; "" if it names a file.
    file : str
    attribute : str
    """

    text: str
    module: str
    file: str
    attribute: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Split a reference into its module or file, and the name inside.

        Raises
        ------
        UserError
            If it names no module, or nothing inside.
        """
        place, separator, attribute = text.rpartition(":")
        if not separator:
            place, _, attribute = text.rpartition(".")
        names = attribute.split(".")
        if not place or attribute == "py" or not all(map(str.isidentifier, names)):
            message = f"'{text}' names no function or class. {_FORMS}."
            raise UserError(message)
        is_file = place.endswith(".py") or os.sep in place or "/" in place
        return cls(text, "" if is_file else place, place if is_file else "", attribute)

    def find_file(self, base: Path, files: Sequence[Path]) -> Path | None:
        """Return the file or package that it names; None for an installed one.

        Parameters
        ----------
        base : Path
            Folder of the scenario file.
        files : sequence of Path
            The plugins of the study, which can be named as well.
        """
        if self.file:
            return base / os.path.expanduser(self.file)  # noqa: PTH111  (leaves what it can't expand)
        top = self.module.partition(".")[0]
        named = next((file for file in files if file.stem == top), None)
        return named or own.find_beside(base, top)


def resolve(text: str, base: Path, files: Sequence[Path] = ()) -> str:
    """Import what a reference names; return "module:attribute", valid in all workers.

    Parameters
    ----------
    text : str
    base : Path
        Folder of the scenario file, in which modules are searched first.
    files : sequence of Path
        The plugins of the study.

    Raises
    ------
    UserError
        If there is no such module, it can't be imported, or does not define the name.
    """
    reference = Reference.parse(text)
    file = reference.find_file(base, files)
    module = (
        _import_installed(reference, base)
        if file is None
        else _import_own(reference, file)
    )
    if own.get(module, reference.attribute) is None:
        message = (
            f"'{text}': {own.strip_names(own.label(module))} does not define "
            f"'{reference.attribute}'. {_FORMS}."
        )
        raise UserError(message)
    return f"{module}:{reference.attribute}"


def shorten(text: str, base: Path) -> str:
    """Return a reference with a file inside a folder relative to it."""
    place, separator, attribute = text.rpartition(":")
    path = Path(place)
    if not path.is_absolute() or not path.is_relative_to(base):
        return text
    return f"{path.relative_to(base).as_posix()}{separator}{attribute}"


def _import_own(reference: Reference, file: Path) -> str:
    """Import a module of the user; return its full name."""
    module = own.import_file(file).__name__
    inside = reference.module.partition(".")[2]
    if not inside:
        return module
    full = f"{module}.{inside}"
    return _import(full, reference)


def _import_installed(reference: Reference, base: Path) -> str:
    try:
        is_there = importlib.util.find_spec(reference.module) is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        top = reference.module.partition(".")[0]
        message = (
            f"'{reference.text}': there is no file '{top}.py' in {base}, and no "
            f"installed module '{reference.module}'. {_FORMS}, relative to the scenario "
            f"file."
        )
        raise UserError(message)
    return _import(reference.module, reference)


def _import(module: str, reference: Reference) -> str:
    try:
        return importlib.import_module(module).__name__
    except (UserError, KeyboardInterrupt):
        raise
    except BaseException as error:  # the user's code: it may even exit
        cause = own.strip_names(describe_import_error(error))
        message = f"'{reference.text}': can't be imported: {cause}."
        raise UserError(message) from error


def load(resolved: str) -> Any:
    """Return what a resolved reference names.

    Raises
    ------
    UserError
        If this process does not have its module, as in a program that has not loaded
        the scenario file, or the card of a model.
    """
    module, _, attribute = resolved.partition(":")
    try:
        return own.get(module, attribute)
    except ModuleNotFoundError as error:
        message = f"the source of '{own.strip_names(resolved)}' was not loaded: {own.strip_names(str(error))}."
        raise UserError(message) from error
