"""Layout of the cache, and its location."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from rakuten_bench.errors import UserError, writing
from rakuten_bench.units import parse_size

#: Environment variable that overrides the default cache folder.
CACHE_VARIABLE = "RAKUTEN_BENCH_CACHE"
#: Environment variable for the default of `--cache-size`.
SIZE_VARIABLE = "RAKUTEN_BENCH_CACHE_SIZE"
_DEFAULT_SIZE = "50GB"


def default_cache_size() -> int:
    """Return the maximum size of the cache: 50 GB unless the environment sets it."""
    return parse_size(os.environ.get(SIZE_VARIABLE) or _DEFAULT_SIZE)


def default_cache() -> Path:
    """Return the cache folder of `RAKUTEN_BENCH_CACHE`, or the user's cache folder.

    Raises
    ------
    UserError
        If this user has no home folder, as in a container with an arbitrary user id.
    """
    folder = os.environ.get(CACHE_VARIABLE)
    if folder:
        return Path(folder)
    try:
        return user_cache_path("rakuten-bench", appauthor=False)
    except RuntimeError as error:
        message = (
            f"no default cache folder: this user has no home folder. Pass a folder with "
            f"--cache, or set {CACHE_VARIABLE} or HOME."
        )
        raise UserError(message) from error


def keeping(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Turn an `OSError` into a message that names this folder of the cache."""
    return writing(folder, "Choose another folder with --cache.")


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of a cache.

    Attributes
    ----------
    cache : Path
    """

    cache: Path

    @property
    def steps(self) -> Path:
        """Results of steps: the root of the store."""
        return self.cache / "steps"

    @property
    def splits(self) -> Path:
        """Divisions of data sets into training and test rows."""
        return self.cache / "splits"

    @property
    def standings(self) -> Path:
        """Intervals and rank groups of boards."""
        return self.cache / "standings"

    @property
    def costs(self) -> Path:
        """Costs of steps; kept when their results are evicted."""
        return self.cache / "costs.jsonl"

    @property
    def kept(self) -> Path:
        """Fingerprints and groups of duplicates, computed once per data set."""
        return self.cache / "kept"

    @property
    def frames(self) -> Path:
        """Tables of studies that were made from a DataFrame, by their content."""
        return self.cache / "frames"

    @property
    def added(self) -> Path:
        """Estimators that were added to studies from Python, by their content."""
        return self.cache / "added"

    @property
    def trusted(self) -> Path:
        """The user's files that scenario files have run, one small file for each."""
        return self.cache / "trusted"

    @property
    def verified(self) -> Path:
        """Checksums of records that were verified; a folder for each user."""
        return self.cache / "verified"

    def iter_derived(self) -> Iterator[Path]:
        """Yield the folders of small files that are derived from data or records."""
        yield from (self.kept, self.splits, self.standings, self.frames)
        yield from sorted(self.verified.glob("*"))
