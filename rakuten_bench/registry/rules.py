"""Which options can't be combined."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from rakuten_bench.types import Params

TagsBy = Callable[[Params], Collection[str]]


@dataclass(frozen=True, slots=True)
class Rules:
    """Which scenarios are impossible: one option has a tag that another refuses.

    Attributes
    ----------
    tags : tuple of str
        What others may refuse or want: svd is tagged "signed", pixels "pixels". Options
        that learn from labels (chi2) are tagged "labels": options of kind `cluster`
        refuse these, and every resampling and search, implicitly.
    refuses : tuple of str
        Tags that no other option of the scenario may have: multinomial_nb refuses
        "signed".
    wants : tuple of str
        Tags that its input must have: a network for images wants "pixels", and can't
        follow another feature, or a reducer, without this tag.
    tags_by : callable or None
        Returns the tags that depend on parameters, from a mapping of all of them.
    """

    tags: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    tags_by: TagsBy | None = None

    def find_tags(self, params: Params) -> frozenset[str]:
        """Return the tags for these parameters, all of which are given."""
        return frozenset((*self.tags, *(self.tags_by(params) if self.tags_by else ())))
