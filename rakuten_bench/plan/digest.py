"""Hash of plain values, from which keys are derived."""

from __future__ import annotations

import hashlib

import msgspec


def digest(*parts: object) -> str:
    """Return a short hash of plain values.

    >>> digest("a", 1) == digest("a", 1) != digest("a", "1")
    True
    """
    text = msgspec.json.encode(parts, order="deterministic")
    return hashlib.blake2b(text, digest_size=16).hexdigest()
