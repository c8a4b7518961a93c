"""What the process is doing, as log messages: shown while nothing else is printed.

Whoever wants to know listens to the logger `rakuten_bench.activity` (level INFO). A long
loop logs its count after a colon: "hashing images: 300 of 84,916".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

LOG = logging.getLogger(__name__)

_INTERVAL = 0.5  # seconds between two counts

T = TypeVar("T")


def announce(text: str, *values: object) -> None:
    """Log what begins now, formatted as by `logging`."""
    LOG.info(text, *values)


def counted(items: Iterable[T], total: int, text: str) -> Iterator[T]:
    """Yield items; log how many there were, several times a second at most.

    >>> list(counted("ab", 2, "reading letters"))
    ['a', 'b']
    """
    logged = time.monotonic()
    for count, item in enumerate(items):
        if (now := time.monotonic()) - logged > _INTERVAL:
            logged = now
            LOG.info("%s: %s of %s", text, f"{count:,}", f"{total:,}")
        yield item
