"""What a choice's result is made of, besides its inputs: the part of a key that is its own."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rakuten_bench.plan.source import files_digest, foreign_imports, source_digests
from rakuten_bench.registry import Option
from rakuten_bench.registry.package import installed_version
from rakuten_bench.registry.value import plain_json
from rakuten_bench.scenario import Choice

#: The modules that apply learned options: part of what they compute.
_KINDS = "rakuten_bench.pipeline.kind"

#: What shapes numbers and pictures: name that is imported -> distributions that have it.
_SHAPING = {
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
    """What decides the result of an option, given its inputs.

    Attributes
    ----------
    lever, option : str
    params : tuple of (name, value)
        Those that differ from the defaults.
    modules : tuple of str
        Modules whose source counts, with those of ours that they import.
    file : str
        Digest of the files that the option reads; "" where it reads none.
    versions : mapping of str to str
        Of the packages that it names, and of those that shape its numbers.
    """

    lever: str
    option: str
    params: tuple[tuple[str, object], ...]
    modules: tuple[str, ...]
    file: str
    versions: Mapping[str, str]

    @property
    def sources(self) -> dict[str, str]:
        """Return the digest of every module that counts."""
        found: dict[str, str] = {}
        for module in self.modules:
            found |= source_digests(module)
        return found


def modules_of(option: Option) -> tuple[str, ...]:
    """Return the modules whose source counts, with those of ours that they import."""
    modules = [option.module, option.lever.package]
    if option.learns:
        modules.append(f"{_KINDS}.{option.kind}")
    return tuple(modules)


def find_key_parts(
    option: Option, choice: Choice, base: Path | None = None
) -> KeyParts:
    """Return what a choice's result is made of; its files are named from a folder.

    Raises
    ------
    MissingPackage
        If a package of the option is not installed.
    """
    return KeyParts(
        choice.lever,
        choice.option,
        plain_json(choice.params),
        modules_of(option),
        files_digest(option.find_files(choice.arguments, base)),
        versions_of(option),
    )


def versions_of(option: Option) -> dict[str, str]:
    """Return the versions of packages that decide what an option computes.

    Besides those that it names they are the libraries of numbers and pictures that its
    modules import; what learns is always in the hands of all three of numbers.

    Raises
    ------
    MissingPackage
        If a package that it names is not installed.
    """
    named = option.versions()
    imported = {
        name.partition(".")[0]
        for module in modules_of(option)
        for name in foreign_imports(module)
    }
    if option.learns:
        imported |= _LEARNING
    shaping = {
        distribution: version
        for top in sorted(imported & _SHAPING.keys())
        for distribution, version in _installed(top).items()
    }
    return {**named, **{k: v for k, v in shaping.items() if k not in named}}


def _installed(top: str) -> dict[str, str]:
    """Return distribution and version of what is imported under a name."""
    for distribution in _SHAPING[top]:
        version = installed_version(distribution)
        if version:
            return {distribution: version}
    return {}


def numpy_version() -> str:
    """Return the version of NumPy, by whose random numbers rows are divided."""
    return "".join(_installed("numpy").values())


def module_file(module: str) -> str:
    """Return where a module is, from the folder that holds its package.

    >>> module_file("rakuten_bench.plan.key_parts"), module_file("rakuten_bench.plan")
    ('rakuten_bench/plan/key_parts.py', 'rakuten_bench/plan/__init__.py')
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return module
    inside = spec.submodule_search_locations is not None
    depth = module.count(".") + 1 + inside
    return "/".join(Path(spec.origin).parts[-depth:])
