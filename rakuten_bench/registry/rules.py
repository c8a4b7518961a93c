"""With which other options an option can't be combined."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

TagsBy = Callable[[Mapping[str, Any]], Collection[str]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a scenario impossible: tags that one option has and another refuses.

    Attributes
    ----------
    tags : tuple of str
        What others may refuse or want: svd is tagged "signed", pixels "pixels". What
        learns from labels (chi2) is tagged "labels": options of kind `cluster` refuse
        it, and every resampling and search, without saying so.
    refuses : tuple of str
        Tags that no other option of the scenario may have: multinomial_nb refuses
        "signed".
    wants : tuple of str
        Tags that what it reads must have: a network for images wants "pixels", and is
        impossible after another feature, or a reducer, that is not tagged so.
    tags_by : callable or None
        Gives the tags that depend on parameters, from a mapping with all of them.
    """

    tags: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    tags_by: TagsBy | None = None

    def find_tags(self, params: Mapping[str, Any]) -> frozenset[str]:
        """Return the tags with such parameters, all of which are given."""
        return frozenset((*self.tags, *(self.tags_by(params) if self.tags_by else ())))
