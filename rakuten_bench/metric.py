"""The scores: their names and titles, wherever they are shown, sorted by or asked for.

How each derives from predictions is in `metrics`, under the same names. All are better
the higher they are. Light: the command line lists them before anything is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

#: What searches maximize, boards rank by and checks compare.
Scoring = Literal["f1_weighted", "f1_macro", "accuracy"]


@dataclass(frozen=True, slots=True)
class Title:
    """What a score is called.

    Attributes
    ----------
    column : str
        Above the cells of a page.
    narrow : str
        The same where columns are few.
    words : str
        Before a single value.
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

#: Scores of clusterings; the first one orders them, and is what checks compare.
CLUSTER_METRICS: Mapping[str, Title] = {
    "ari": Title("ARI", "ARI", "adjusted Rand index"),
    "purity": Title("purity", "purity", "purity"),
}

#: What counts where neither a scenario file nor a user names another.
DEFAULT_METRIC: Scoring = get_args(Scoring)[0]
CLUSTER_METRIC = next(iter(CLUSTER_METRICS))
