"""Dividing rows into parts: each class spread evenly, rows of one group together.

Every division of rows is made here: the split, the folds of searches and fusions, those
of a calibration, and the rows that a network stops by.
"""

from __future__ import annotations

from rakuten_bench.division.stratified import count_groups, divide

__all__ = ["count_groups", "divide"]
