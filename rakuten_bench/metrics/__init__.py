"""Confusion matrices, scores, intervals and paired tests.

Every score is derived from the confusion matrix, clustering scores from a contingency
table. Needs numpy and scipy only.
"""

from rakuten_bench.metrics.cluster import (
    adjusted_rand_index,
    count_clusters,
    purity,
)
from rakuten_bench.metrics.confusion import (
    METRICS,
    ClassTable,
    accuracy,
    class_table,
    confusion_matrix,
    f1_macro,
    f1_weighted,
    notable_confusions,
    score,
    scores,
)
from rakuten_bench.metrics.paired import (
    ALPHA,
    Difference,
    Standing,
    holm,
    mcnemar,
    paired_difference,
    paired_differences,
    pareto_front,
    rank,
    rank_groups,
)
from rakuten_bench.metrics.resample import (
    LEVEL,
    N_DRAWS,
    interval,
    resample_rows,
)

__all__ = [
    "ALPHA",
    "LEVEL",
    "METRICS",
    "N_DRAWS",
    "ClassTable",
    "Difference",
    "Standing",
    "accuracy",
    "adjusted_rand_index",
    "class_table",
    "confusion_matrix",
    "count_clusters",
    "f1_macro",
    "f1_weighted",
    "holm",
    "interval",
    "mcnemar",
    "notable_confusions",
    "paired_difference",
    "paired_differences",
    "pareto_front",
    "purity",
    "rank",
    "rank_groups",
    "resample_rows",
    "score",
    "scores",
]
