"""Estimators of the user that are added to a study: as files in the cache."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rakuten_bench.atomic import write_atomically
from rakuten_bench.errors import UserError
from rakuten_bench.registry import MODEL, own
from rakuten_bench.scenario import Choice, Scenario
from rakuten_bench.scenario.load import read_scenario
from rakuten_bench.store.layout import Layout, keeping

_ATTRIBUTE = "estimator"


def build_unit(name: str, estimator: Any) -> own.Unit:
    """Return a module that defines an estimator of the user.

    Raises
    ------
    UserError
        If it is no estimator, or can't be sent to workers.
    """
    from sklearn.base import clone

    from rakuten_bench.estimator.added import write_module
    from rakuten_bench.estimator.own import make_estimator

    if not name.strip():
        message = f"add: {name!r:.60} is not a name for a scenario."
        raise UserError(message)
    try:
        made = make_estimator(estimator)
        is_object = hasattr(estimator, "fit") and not isinstance(estimator, type)
        text = write_module(clone(made) if is_object else estimator)
    except UserError as error:
        message = f"add '{name}': {error}"
        raise UserError(message) from error
    return own.add_text(_choose_stem(name), text)


def _choose_stem(name: str) -> str:
    """Return a module's name for a scenario's; different ones for different names."""
    stem = re.sub(r"\W", "_", name)
    if stem == name and stem.isidentifier():
        return stem
    return f"_{stem}_{hashlib.blake2b(name.encode(), digest_size=3).hexdigest()}"


def build_scenario(
    name: str, unit: own.Unit, params: Mapping[str, Any], levers: Mapping[str, Any]
) -> Scenario:
    """Return the scenario of an estimator that was added.

    Parameters
    ----------
    name : str
    unit : Unit
        Of `build_unit`.
    params : mapping
        Parameters of the model `estimator`.
    levers : mapping
        The modality, and the options of the other levers.

    Raises
    ------
    UserError
        If a parameter or a lever is invalid.
    """
    if "model" in levers:
        message = f"add '{name}': the model is the estimator. Remove 'model'."
        raise UserError(message)
    scenario = read_scenario({**levers, "model": "dummy"})
    option = MODEL.find(scenario.modality, "estimator")
    path = f"{unit.path.stem}.{_ATTRIBUTE}"
    choice = Choice.of(option, {**params, "path": path})
    model = choice.with_code(f"{unit.name}:{_ATTRIBUTE}")
    choices = tuple(model if one.lever == "model" else one for one in scenario.choices)
    return replace(scenario, choices=choices, name=name)


def write_unit(unit: own.Unit, cache: Path) -> Path:
    """Write a module to the cache, once for each content; return its file.

    Raises
    ------
    UserError
        If the cache can't be written.
    """
    file = (Layout(cache).added / unit.name / unit.path.name).resolve()
    if not file.exists():
        with keeping(file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, unit.files[""][1])
    return file
