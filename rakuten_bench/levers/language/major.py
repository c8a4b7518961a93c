from __future__ import annotations

from rakuten_bench.levers.language import keep_resources
from rakuten_bench.registry import LANGUAGE
from rakuten_bench.types import Languages


@LANGUAGE.option("major", digit="3")
def major(
    languages: Languages, *, major: tuple[str, ...] = ("fr", "en", "de", "nl")
) -> Languages:
    """Train on the major languages (1 % of Rakuten's rows or more), each with its resources.

    They are listed, not counted in the given rows, so that the treatment of a row does
    not depend on other rows, such as those of the test set. `data describe` prints the
    languages of another data set.
    """
    return keep_resources(languages, major)
