"""What a choice's result is made of, besides its inputs: the part of a key that is its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rakuten_bench.plan.source import files_digest, source_digests
from rakuten_bench.registry import Option
from rakuten_bench.scenario import Choice

#: The modules that apply learned options: part of what they compute.
FITTING = "rakuten_bench.pipeline.fitting"
FUSING = "rakuten_bench.pipeline.fusing"
CLUSTERING = "rakuten_bench.pipeline.clustering"
SEARCHING = "rakuten_bench.pipeline.searching"


@dataclass(frozen=True)
class Ingredients:
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
        Of the packages that it names.
    """

    lever: str
    option: str
    params: tuple[tuple[str, Any], ...]
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
    if option.kind != "map":
        modules.append(FITTING)
    if option.kind == "fuse":
        modules.append(FUSING)
    if option.kind == "cluster":
        modules.append(CLUSTERING)
    if option.kind == "search":
        modules.append(SEARCHING)
    return tuple(modules)


def find_ingredients(option: Option, choice: Choice) -> Ingredients:
    """Return what a choice's result is made of.

    Raises
    ------
    MissingPackage
        If a package of the option is not installed.
    """
    return Ingredients(
        choice.lever,
        choice.option,
        choice.params,
        modules_of(option),
        files_digest(option.find_files(choice.arguments)),
        option.versions(),
    )


def module_file(module: str) -> str:
    """Return where a module is, from the folder that holds its package.

    >>> module_file("rakuten_bench.plan.made"), module_file("rakuten_bench.plan")
    ('rakuten_bench/plan/made.py', 'rakuten_bench/plan/__init__.py')
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return module
    inside = spec.submodule_search_locations is not None
    depth = module.count(".") + 1 + inside
    return "/".join(Path(spec.origin).parts[-depth:])
