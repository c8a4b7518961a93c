"""Benchmark text, image and fused product classifiers over a matrix of scenarios."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rakuten_bench.errors import UserError as UserError
    from rakuten_bench.interface.board import Board as Board
    from rakuten_bench.interface.board import load_board as load_board
    from rakuten_bench.interface.building import build as build
    from rakuten_bench.interface.comparison import compare as compare
    from rakuten_bench.interface.description import (
        DataDescription as DataDescription,
    )
    from rakuten_bench.interface.description import describe as describe
    from rakuten_bench.interface.doctor import Diagnosis as Diagnosis
    from rakuten_bench.interface.doctor import doctor as doctor
    from rakuten_bench.interface.explaining import explain as explain
    from rakuten_bench.interface.gate import CheckResult as CheckResult
    from rakuten_bench.interface.gate import approve as approve
    from rakuten_bench.interface.gate import check as check
    from rakuten_bench.interface.model import Model as Model
    from rakuten_bench.interface.model import export as export
    from rakuten_bench.interface.model import load_model as load_model
    from rakuten_bench.interface.planning import StudyPlan as StudyPlan
    from rakuten_bench.interface.reason import why as why
    from rakuten_bench.interface.result import ScenarioResult as ScenarioResult
    from rakuten_bench.interface.running import run as run
    from rakuten_bench.interface.start import Written as Written
    from rakuten_bench.interface.start import init as init
    from rakuten_bench.interface.study import Study as Study
    from rakuten_bench.interface.study import load_study as load_study

__version__ = "0.1.0"  # the only place: pyproject.toml reads it here

#: The module of each public name, imported at first use: most need scikit-learn.
_MODULES = {
    "Board": "interface.board",
    "CheckResult": "interface.gate",
    "DataDescription": "interface.description",
    "Diagnosis": "interface.doctor",
    "Model": "interface.model",
    "ScenarioResult": "interface.result",
    "Study": "interface.study",
    "StudyPlan": "interface.planning",
    "UserError": "errors",
    "Written": "interface.start",
    "approve": "interface.gate",
    "build": "interface.building",
    "check": "interface.gate",
    "compare": "interface.comparison",
    "describe": "interface.description",
    "doctor": "interface.doctor",
    "explain": "interface.explaining",
    "export": "interface.model",
    "init": "interface.start",
    "load_board": "interface.board",
    "load_model": "interface.model",
    "load_study": "interface.study",
    "run": "interface.running",
    "why": "interface.reason",
}
__all__ = [
    "__version__", *_MODULES
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name at first use."""
    if name not in _MODULES:
        message = f"module 'rakuten_bench' has no attribute '{name}'"
        raise AttributeError(message)
    value = getattr(import_module(f"rakuten_bench.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
