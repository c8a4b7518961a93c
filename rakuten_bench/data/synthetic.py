"""A made-up catalogue under the cache folder: true scale without real listings."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from rakuten_bench.data import synthesis
from rakuten_bench.data.rakuten import read_challenge
from rakuten_bench.data.spec import DataPaths, dataset
from rakuten_bench.store.folder import build_once
from rakuten_bench.types import Dataset


@dataset("synthetic", is_made=True)
def synthetic(
    place: DataPaths,
    *,
    rows: Annotated[int, Meta(ge=54)] = 5000,
    images: Annotated[int, Meta(ge=0)] = 0,
    random_state: int = 123,
) -> Dataset:
    """Make up listings in the challenge's layout, with its shares and its faults.

    Parameters
    ----------
    rows : int
        Listings; at least two for each of the 27 classes.
    images : int
        How many of them, from the first on, have a photo.
    random_state : int
        Seed of all that is drawn.
    """
    images = min(images, rows)
    folder = place.store / f"synthetic-{rows}-{images}-{random_state}-{_written_by()}"
    build = partial(
        synthesis.synthesize, rows=rows, images=images, random_state=random_state
    )
    built, remarks = build_once(folder, build)
    found = read_challenge(built, cache=place.store)
    return replace(found, remarks=(*found.remarks, *remarks))


def _written_by() -> str:
    """Hash the generator's own source: other words make another data set."""
    digest = hashlib.sha256()
    for module in sorted(Path(synthesis.__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:8]
