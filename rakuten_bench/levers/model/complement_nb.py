from __future__ import annotations

from typing import Any

from rakuten_bench.registry import MODEL


@MODEL.option("complement_nb", digit="5", needs="scikit-learn", refuses=("signed",))
def complement_nb(alpha: float = 1.0, norm: bool = False) -> Any:
    """Complement naive Bayes."""
    from sklearn.naive_bayes import ComplementNB

    return ComplementNB(alpha=alpha, norm=norm)
