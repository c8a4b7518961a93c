"""Generate a synthetic catalogue: the challenge's layout, class shares and flaws.

For tests of realistic size and for benchmarks, where real listings must not be used.
"""

from __future__ import annotations

from pathlib import Path


def synthesize(
    folder: Path, *, rows: int, images: int = 0, random_state: int = 123
) -> None:
    """Write a synthetic catalogue; see `write.synthesize`."""
    from rakuten_bench.data.synthesis import write

    write.synthesize(folder, rows=rows, images=images, random_state=random_state)
