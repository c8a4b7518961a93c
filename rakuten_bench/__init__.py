"""Benchmark text, image and fused product classifiers over a matrix of scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rakuten_bench.pipeline.estimator import build as build

__version__ = "0.1.0"
__all__ = ["__version__", "build"]


def __getattr__(name: str) -> Any:
    """Import `build` on first access: it imports scikit-learn."""
    if name == "build":
        from rakuten_bench.pipeline.estimator import build

        return build
    message = f"module 'rakuten_bench' has no attribute '{name}'"
    raise AttributeError(message)
