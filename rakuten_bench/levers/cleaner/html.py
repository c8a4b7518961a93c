from __future__ import annotations

from rakuten_bench.corpus.markup import strip_html
from rakuten_bench.registry import CLEANER


@CLEANER.option("html", digit="1")
def html(texts: list[str]) -> list[str]:
    """Replace HTML tags with spaces and entities with their characters."""
    return [strip_html(text) for text in texts]
