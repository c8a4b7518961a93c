from __future__ import annotations

import re
from html import unescape

from rakuten_bench.registry import CLEANER

_SCRIPT = re.compile(
    r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


@CLEANER.option("html", digit="1")
def html(texts: list[str]) -> list[str]:
    """Replace tags by spaces and entities by their characters."""
    return [strip_html(text) for text in texts]


def strip_html(text: str) -> str:
    """Return a text without HTML.

    Entities are resolved first: descriptions hold tags that were escaped.

    >>> strip_html(
    ...     "Lit&nbsp;b&eacute;b&eacute;<br/>60x120 &lt;b&gt;neuf&lt;/b&gt;"
    ... ).split()
    ['Lit', 'bébé', '60x120', 'neuf']
    """
    if "&" in text:
        text = unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", _SCRIPT.sub(" ", text))
    return text
