"""Text without markup."""

from __future__ import annotations

import re
from html import unescape

_SCRIPT = re.compile(
    r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def strip_html(text: str) -> str:
    """Replace tags by spaces and entities by their characters.

    Entities come first: listings hold tags that were escaped.

    >>> strip_html("Lit&nbsp;b&eacute;b&eacute;<br/>60 &lt;b&gt;neuf&lt;/b&gt;").split()
    ['Lit', 'bébé', '60', 'neuf']
    """
    if "&" in text:
        text = unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", _SCRIPT.sub(" ", text))
    return text
