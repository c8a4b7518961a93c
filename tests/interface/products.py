"""A small table of products, and a matrix of scenarios for it."""

from __future__ import annotations

import pandas as pd

WORDS = ("red shoe", "blue shoe", "green pot", "grey pot", "soft hat", "shoe hat")
KINDS = ("shoe", "pot", "hat")
MATRIX = {"vectorizer": ["count", "tfidf"], "model": ["logreg", "linear_svc"]}


def make_frame(n_rows: int = 90) -> pd.DataFrame:
    """Return products whose ids are the index; every ninth has a label of its own."""
    rows = range(n_rows)
    return pd.DataFrame(
        {
            "name": [f"{WORDS[i % 6]} number{i % 11}" for i in rows],
            "kind": [KINDS[(i // 9 if i % 9 == 0 else i % 6 // 2) % 3] for i in rows],
            "unused": "=cmd()",
        },
        index=[f"p{i}" for i in rows],
    )
