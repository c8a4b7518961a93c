"""A catalogue that is made up: the challenge's layout, shares and faults, no real word.

For tests at true scale and for benchmarks, where the real listings may not be used.
"""

from __future__ import annotations

from pathlib import Path


def synthesize(
    folder: Path, *, rows: int, images: int = 0, random_state: int = 123
) -> None:
    """Write a made-up catalogue; see `write.synthesize`."""
    from rakuten_bench.data.synthesis import write

    write.synthesize(folder, rows=rows, images=images, random_state=random_state)
