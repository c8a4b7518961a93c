from __future__ import annotations

from rakuten_bench.levers.language import keep_resources
from rakuten_bench.registry import LANGUAGE
from rakuten_bench.types import Languages


@LANGUAGE.option("major", digit="3")
def major(
    languages: Languages, *, major: tuple[str, ...] = ("fr", "en", "de", "nl")
) -> Languages:
    """Learn from the major languages (1 % of Rakuten's rows or more), each with its resources.

    They are named and not counted in the rows at hand, so that a row's treatment does
    not depend on which other rows, of the test even, come with it. `data describe` says
    which languages another data set has.
    """
    return keep_resources(languages, major)
