"""Print the remarks of steps that run in the command's process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rakuten_bench.interface.printing import echo


@contextmanager
def telling() -> Iterator[None]:
    """Print the remarks of steps at the end, each once."""
    from rakuten_bench.pipeline.fitting import noted
    from rakuten_bench.wording.words import clean

    with noted() as notes:
        yield
    for note in notes:
        echo(f"note: {clean(note)}", err=True)
