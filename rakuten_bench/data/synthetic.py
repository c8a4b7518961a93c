"""A synthetic catalogue of realistic size, generated in the cache folder."""

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
from rakuten_bench.registry.package import IMAGES, require
from rakuten_bench.store.folder import build_once
from rakuten_bench.types import Dataset


@dataset("synthetic", is_made=True)
def synthetic(
    paths: DataPaths,
    *,
    rows: Annotated[int, Meta(ge=54)] = 5000,
    images: Annotated[int, Meta(ge=0)] = 0,
    random_state: int = 123,
) -> Dataset:
    """Synthetic listings in the challenge's layout, with its class shares and flaws.

    Parameters
    ----------
    rows : int
        Listings; at least two for each of the 27 classes.
    images : int
        How many of them, from the first on, have a photo.
    random_state : int
        Seed of all random draws.
    """
    images = min(images, rows)
    if images:
        require("data set 'synthetic' with images", IMAGES)
    folder = paths.store / f"synthetic-{rows}-{images}-{random_state}-{_code_digest()}"
    build = partial(
        synthesis.synthesize, rows=rows, images=images, random_state=random_state
    )
    built, remarks = build_once(folder, build)
    loaded = read_challenge(built, cache=paths.store)
    return replace(loaded, remarks=(*loaded.remarks, *remarks))


def _code_digest() -> str:
    """Hash the source code of the generator, which determines the data set."""
    digest = hashlib.sha256()
    for module in sorted(Path(synthesis.__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:8]
