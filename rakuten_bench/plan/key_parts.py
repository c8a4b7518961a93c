"""The parts of a step's key that come from its options, not from its inputs."""

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
        digests: dict[str, str] = {}
        for module in self.modules:
            digests |= source_digests(module)
        return digests


def modules_of(option: Option) -> tuple[str, ...]:
    """Return the modules whose source is part of an option's key."""
    modules = [option.module, option.lever.package]
    if option.learns:
        modules.append(f"{_KINDS}.{option.kind}")
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
        modules_of(option),
        files_digest(option.find_files(choice.arguments, base)),
        versions_of(option),
    )


def versions_of(option: Option) -> dict[str, str]:
    """Return the versions of the packages that affect an option's results.

    These are the packages that it declares and the numeric libraries that its modules
    import. A learned option always depends on NumPy, SciPy and scikit-learn.

    Raises
    ------
    MissingPackage
        If a package that it declares is not installed.
    """
    declared = option.versions()
    imported = {
        name.partition(".")[0]
        for module in modules_of(option)
        for name in foreign_imports(module)
    }
    if option.learns:
        imported |= _LEARNING
    numeric = {
        distribution: version
        for top in sorted(imported & _NUMERIC.keys())
        for distribution, version in _installed(top).items()
    }
    return {**declared, **{k: v for k, v in numeric.items() if k not in declared}}


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
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return module
    inside = spec.submodule_search_locations is not None
    depth = module.count(".") + 1 + inside
    return "/".join(Path(spec.origin).parts[-depth:])
