"""The parts of a step's key that come from its options, not from its inputs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rakuten_bench.plan.source import (
    files_digest,
    foreign_imports,
    is_installed,
    source_digests,
)
from rakuten_bench.registry import Option, own
from rakuten_bench.registry.package import installed_version
from rakuten_bench.registry.value import plain_json
from rakuten_bench.scenario import Choice

#: Modules that apply learned options: their source affects the results.
_KINDS = "rakuten_bench.pipeline.kind"

#: Numeric and image libraries, whose versions affect results: top-level module ->
#: distributions that provide it.
_NUMERIC = {
    "PIL": ("Pillow",),
    "cv2": ("opencv-python-headless", "opencv-python", "opencv-contrib-python"),
    "imblearn": ("imbalanced-learn",),
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "sklearn": ("scikit-learn",),
    "torch": ("torch",),
}
_LEARNING = frozenset({"numpy", "scipy", "sklearn"})


@dataclass(frozen=True)
class KeyParts:
    """Everything that determines the result of an option, given its inputs.

    Attributes
    ----------
    lever, option : str
    params : tuple of (name, value)
        Parameters that differ from the defaults.
    modules : tuple of str
        Modules whose source is hashed, with the modules of this package that they
        import.
    file : str
        Digest of the files that the option reads; "" if none.
    versions : mapping of str to str
        Versions of the packages that it declares, and of the numeric libraries that it
        uses.
    """

    lever: str
    option: str
    params: tuple[tuple[str, object], ...]
    modules: tuple[str, ...]
    file: str
    versions: Mapping[str, str]

    @property
    def sources(self) -> dict[str, str]:
        """Return the digest of every hashed module, imported ones included."""
        return labeled_digests(self.modules)


def labeled_digests(modules: Iterable[str]) -> dict[str, str]:
    """Return the digest of each of some modules, imported ones included.

    By their names; files of the user by their file names, as `registry.own.label`.
    """
    return {
        own.label(name): digest
        for module in modules
        for name, digest in source_digests(module).items()
    }


def modules_of(option: Option, choice: Choice | None = None) -> tuple[str, ...]:
    """Return the modules whose source is part of an option's key."""
    modules = [option.module, option.lever.package]
    if option.learns:
        modules.append(f"{_KINDS}.{option.kind}")
    code = choice.code.partition(":")[0] if choice else ""
    if code and not is_installed(code):
        modules.append(code)
    return tuple(modules)


def find_key_parts(
    option: Option, choice: Choice, base: Path | None = None
) -> KeyParts:
    """Return the key parts of a choice; paths are resolved against a folder.

    Raises
    ------
    MissingPackage
        If a package of the option is not installed.
    """
    return KeyParts(
        choice.lever,
        choice.option,
        plain_json(choice.params),
        modules_of(option, choice),
        files_digest(option.find_files(choice.arguments, base))
        + option.find_state(choice.resolved(option)),
        versions_of(option, choice),
    )


def versions_of(option: Option, choice: Choice | None = None) -> dict[str, str]:
    """Return the versions of the packages that affect an option's results.

    These are the packages that it declares and the numeric libraries that its modules
    import; all packages that a file of the user imports. A learned option always depends
    on NumPy, SciPy and scikit-learn.

    Raises
    ------
    MissingPackage
        If a package that it declares is not installed.
    """
    declared = option.versions()
    imported = {
        name.partition(".")[0]
        for module in modules_of(option, choice)
        for name in foreign_imports(module)
    }
    declared = {**declared, **_find_imported(modules_of(option, choice))}
    if choice and choice.code:
        declared |= _find_versions({re.split("[.:]", choice.code)[0]})
    if option.learns:
        imported |= _LEARNING
    numeric = {
        distribution: version
        for top in sorted(imported & _NUMERIC.keys())
        for distribution, version in _installed(top).items()
    }
    return {**declared, **{k: v for k, v in numeric.items() if k not in declared}}


def _find_imported(modules: Iterable[str]) -> dict[str, str]:
    """Return the versions of the packages that the user's files among modules import."""
    tops = {
        name.partition(".")[0]
        for module in modules
        if own.is_own(module)
        for name in foreign_imports(module)
    }
    return _find_versions(tops)


def _find_versions(tops: Collection[str]) -> dict[str, str]:
    """Return the versions of the packages that provide some top-level modules."""
    names = {name for top in tops for name in _distributions().get(top, ())}
    return {name: importlib.metadata.version(name) for name in sorted(names)}


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Return the distributions that provide each top-level module."""
    return importlib.metadata.packages_distributions()


def _installed(top: str) -> dict[str, str]:
    """Return the distribution that provides a module, and its version."""
    for distribution in _NUMERIC[top]:
        version = installed_version(distribution)
        if version:
            return {distribution: version}
    return {}


def numpy_version() -> str:
    """Return the version of NumPy, whose random numbers determine inner folds."""
    return "".join(_installed("numpy").values())


def module_file(module: str) -> str:
    """Return the path of a module, relative to the parent of its top-level package.

    >>> module_file("rakuten_bench.plan.key_parts"), module_file("rakuten_bench.plan")
    ('rakuten_bench/plan/key_parts.py', 'rakuten_bench/plan/__init__.py')
    """
    if module.endswith(".py"):  # a file of the user
        return module
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return module
    inside = spec.submodule_search_locations is not None
    depth = module.count(".") + 1 + inside
    return "/".join(Path(spec.origin).parts[-depth:])
