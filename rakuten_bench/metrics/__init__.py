"""Predictions to confusion matrix to scores; every score derives from the matrix.

Needs numpy and scipy only.
"""

from rakuten_bench.metrics.confusion import (
    METRICS,
    ClassTable,
    accuracy,
    class_table,
    confusion_matrix,
    f1_macro,
    f1_weighted,
    notable_confusions,
    scores,
)

__all__ = [
    "METRICS",
    "ClassTable",
    "accuracy",
    "class_table",
    "confusion_matrix",
    "f1_macro",
    "f1_weighted",
    "notable_confusions",
    "scores",
]
