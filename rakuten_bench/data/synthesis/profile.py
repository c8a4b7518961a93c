"""Profiles of the challenge's classes: rows, languages, difficulty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LANGUAGES = ("fr", "en", "de", "nl", "it", "es", "pt")

#: Shares of the other languages among rows not in French, English or German.
_OTHERS = (0.35, 0.27, 0.23, 0.15)

#: Rows of the challenge's training set.
N_ROWS = 84_916


@dataclass(frozen=True, slots=True)
class Profile:
    """One class.

    Attributes
    ----------
    code : int
        The challenge's product type code.
    rows : int
        Number of rows of 84,916.
    group : str
        Classes of one group share words and a picture's layout.
    missing : float
        Share of the rows that have no description.
    spoken : tuple of three floats
        Shares of French, English and German.
    astray : float
        Share of the rows whose text is generated as for another class, so that no model
        can classify them; tuned so that a linear SVM reproduces the known scores per
        class.
    towards : tuple of (int, float)
        Class that such a row resembles, and its weight relative to the rest of the
        group.
    """

    code: int
    rows: int
    group: str
    missing: float
    spoken: tuple[float, float, float]
    astray: float
    towards: tuple[tuple[int, float], ...] = ()

    @property
    def languages(self) -> NDArray[np.float64]:
        """Share of each of `LANGUAGES`."""
        rest = max(0.0, 1 - sum(self.spoken))
        return np.array([*self.spoken, *(rest * share for share in _OTHERS)])


#: Share of missing descriptions for classes where it is unknown; gives 35.09 % over all
#: rows.
_REST = 0.2456

PROFILES = (
    Profile(10, 3116, "book", 0.65, (0.50, 0.35, 0.07), 0.41, ((2705, 2.0),)),
    Profile(40, 2508, "game", 0.62, (0.45, 0.40, 0.05), 0.31),
    Profile(50, 1681, "game", _REST, (0.73, 0.18, 0.03), 0.14),
    Profile(60, 832, "game", _REST, (0.84, 0.12, 0.01), 0.00),
    Profile(1140, 2671, "toy", 0.60, (0.37, 0.40, 0.12), 0.12),
    Profile(1160, 3953, "other", 0.70, (0.39, 0.34, 0.10), 0.00),
    Profile(1180, 764, "toy", 0.64, (0.45, 0.38, 0.08), 0.24),
    Profile(1280, 4870, "toy", _REST, (0.72, 0.21, 0.04), 0.34, ((1281, 1.0),)),
    Profile(1281, 2070, "toy", _REST, (0.71, 0.24, 0.02), 0.21, ((1280, 4.0),)),
    Profile(1300, 5045, "toy", _REST, (0.71, 0.20, 0.03), 0.00),
    Profile(1301, 807, "other", _REST, (0.93, 0.04, 0.02), 0.00),
    Profile(1302, 2491, "other", _REST, (0.89, 0.07, 0.02), 0.20),
    Profile(1320, 3241, "home", _REST, (0.79, 0.10, 0.06), 0.11),
    Profile(1560, 5073, "home", 0.04, (0.92, 0.07, 0.0), 0.19),
    Profile(1920, 4303, "home", 0.04, (0.96, 0.03, 0.0), 0.02),
    Profile(1940, 803, "other", _REST, (0.82, 0.05, 0.03), 0.00),
    Profile(2060, 4993, "home", _REST, (0.93, 0.06, 0.0), 0.15),
    Profile(2220, 824, "other", _REST, (0.90, 0.08, 0.01), 0.08),
    Profile(2280, 4760, "book", 0.77, (0.70, 0.14, 0.07), 0.15),
    Profile(2403, 4774, "book", 0.89, (0.66, 0.16, 0.04), 0.12, ((10, 2.0),)),
    Profile(2462, 1421, "game", 0.81, (0.51, 0.32, 0.05), 0.00),
    Profile(2522, 4989, "other", _REST, (0.85, 0.07, 0.04), 0.02),
    Profile(2582, 2589, "home", 0.04, (0.77, 0.22, 0.01), 0.32),
    Profile(2583, 10209, "other", _REST, (0.96, 0.02, 0.0), 0.00),
    Profile(2585, 2496, "home", _REST, (0.93, 0.03, 0.02), 0.13),
    Profile(2705, 2761, "book", _REST, (0.92, 0.03, 0.02), 0.26, ((10, 3.0),)),
    Profile(2905, 872, "game", 0.0, (0.85, 0.15, 0.0), 0.00),
)

GROUPS = tuple(dict.fromkeys(profile.group for profile in PROFILES))

#: Share of these rows that resemble any class, not one of the same group.
_ANYWHERE = 0.15


def topic_shares(profiles: Iterable[Profile] = PROFILES) -> NDArray[np.float64]:
    """Return the share of each class's rows (row) generated as for a class (column).

    Returns
    -------
    float64 array of shape (n_classes, n_classes)
        Rows sum to 1.
    """
    profiles = tuple(profiles)
    codes = [profile.code for profile in profiles]
    rows = np.array([profile.rows for profile in profiles], dtype=np.float64)
    shares = np.zeros((len(profiles), len(profiles)))
    for index, profile in enumerate(profiles):
        near = np.array([profile.group == other.group for other in profiles]) * rows
        near[index] = 0
        near /= max(near.sum(), 1)
        for code, weight in profile.towards:
            near[codes.index(code)] += weight
        far = rows.copy()
        far[index] = 0
        stray = (1 - _ANYWHERE) * near / near.sum() + _ANYWHERE * far / far.sum()
        shares[index] = profile.astray * stray
        shares[index, index] = 1 - profile.astray
    return shares


def class_counts(n_rows: int, profiles: Iterable[Profile] = PROFILES) -> list[int]:
    """Distribute rows over classes as in the challenge, at least two each.

    >>> sum(class_counts(500)), min(class_counts(500))
    (500, 5)
    """
    shares = np.array([profile.rows for profile in profiles]) / N_ROWS
    least = np.full(len(shares), min(2, n_rows // len(shares)))
    exact = np.maximum(shares * n_rows, least)
    counts = np.floor(exact).astype(np.int64)
    while counts.sum() != n_rows:
        step = 1 if counts.sum() < n_rows else -1
        distance = np.where(counts + step < least, -np.inf, step * (exact - counts))
        counts[np.argmax(distance)] += step
    return [int(count) for count in counts]
