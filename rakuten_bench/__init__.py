"""Benchmark text, image and fused product classifiers over a matrix of scenarios."""

__version__ = "0.1.0"
