"""Names and titles of the scores.

`metrics` computes them, under the same names. Higher is better for all of them. Imports
nothing heavy, since the command line lists them in its help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

#: The score that searches maximize, boards rank by and checks compare.
Scoring = Literal["f1_weighted", "f1_macro", "accuracy"]


@dataclass(frozen=True, slots=True)
class Title:
    """The titles of a score.

    Attributes
    ----------
    column : str
        Column header of a page.
    narrow : str
        Column header of a narrow table.
    words : str
        Label of a single value.
    """

    column: str
    narrow: str
    words: str


#: Scores of classifiers.
METRICS: Mapping[str, Title] = {
    "f1_weighted": Title("F1", "F1", "f1_weighted"),
    "f1_macro": Title("macro F1", "macro", "f1_macro"),
    "accuracy": Title("accuracy", "acc.", "accuracy"),
}

#: Scores of clusterings; boards rank by the first, and checks compare it.
CLUSTER_METRICS: Mapping[str, Title] = {
    "ari": Title("ARI", "ARI", "adjusted Rand index"),
    "purity": Title("purity", "purity", "purity"),
}

#: The default score.
DEFAULT_METRIC: Scoring = get_args(Scoring)[0]
CLUSTER_METRIC = next(iter(CLUSTER_METRICS))
