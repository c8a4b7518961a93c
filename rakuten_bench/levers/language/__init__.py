"""Which languages are trained on, and which language's resources each row uses."""

from __future__ import annotations

from typing import Any

import numpy as np

from rakuten_bench.registry import Option
from rakuten_bench.types import Languages, Params, Values

#: Tag of options that give all rows the same resources: predictions need no language.
ONE_LANGUAGE = "one_language"


def apply(
    option: Option,
    params: Params,
    slots: Values,
    given: Params,
) -> Any:
    """Apply an option to the languages that the detector found."""
    data = [slots[slot] for slot in option.reads]
    return option.make(*data, params=params, **given)


def keep_resources(
    languages: Languages, kept: tuple[str, ...], *, others_trained: bool = False
) -> Languages:
    """Assign the resources of each kept language to its rows, French ones to all others.

    Parameters
    ----------
    languages : Languages
    kept : tuple of str
        ISO 639-1 codes.
    others_trained : bool
        Whether rows in other languages are trained on too.
    """
    codes = ("fr", *(code for code in kept if code != "fr"))
    place = [codes.index(code) if code in kept else 0 for code in languages.codes]
    is_kept = np.array([code in kept for code in languages.codes], np.bool_)
    trained = is_kept[languages.row] | others_trained
    return Languages(codes, np.array(place, np.int16)[languages.row], trained)
