from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path

from rakuten_bench.registry import NORMALIZER


@NORMALIZER.option(
    "lemma_lookup", digit="2", needs="spacy-lookups-data", extra="lemmas"
)
def lemma_lookup(tokens: list[str], language: str) -> list[str]:
    """Lemmatization with spaCy's lookup tables."""
    table = _load_table(language)
    return [_find(table, token) for token in tokens]


def _load_table(language: str) -> dict[str, str]:
    """Return the table of a language, empty if there is none."""
    found = importlib.util.find_spec("spacy_lookups_data")
    folder = Path(str(found.origin)).parent / "data" if found else Path()
    file = folder / f"{language}_lemma_lookup.json.gz"
    if not file.is_file():
        return {}
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        table: dict[str, str | list[str]] = json.load(stream)
    return {
        word: one if isinstance(one, str) else one[0] for word, one in table.items()
    }


def _find(table: dict[str, str], token: str) -> str:
    """Look a word up; a lowercase one also capitalized, as German nouns are."""
    if not token.islower():
        return table.get(token, token)
    return table.get(token, table.get(token.capitalize(), token)).lower()
