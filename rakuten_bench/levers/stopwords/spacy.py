from __future__ import annotations

import importlib.util
from pathlib import Path

from rakuten_bench.registry import STOPWORDS


@STOPWORDS.option("spacy", digit="2", needs="spacy")
def spacy(language: str) -> frozenset[str]:
    """Remove stop words (spaCy: French 507, English 326)."""
    # the one file and not the package: importing spacy.lang.fr takes seconds
    found = importlib.util.find_spec("spacy")
    folder = Path(str(found.origin)).parent if found else Path()
    file = folder / "lang" / language / "stop_words.py"
    if not language or not file.is_file():
        return frozenset()
    spec = importlib.util.spec_from_file_location(f"_stop_words_{language}", file)
    if spec is None or spec.loader is None:  # a .py file always has both
        return frozenset()
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return frozenset(module.STOP_WORDS)
