"""Dividing values into the rows of a fold: the message if only one class remains."""

from __future__ import annotations

import numpy as np
import pytest

from rakuten_bench.errors import UserError
from rakuten_bench.pipeline.fitting import divide
from rakuten_bench.types import Fold, Languages, Target


def target(y: list[int], n_train: int) -> Target:
    rows = np.arange(len(y))
    fold = Fold("0.1of3", rows[:n_train], rows[n_train:])
    return Target(np.array(y, dtype=np.int32), ("a", "b"), fold, rows)


@pytest.mark.parametrize("languages", [None, Languages.unknown(4)])
def test_a_single_class_is_not_blamed_on_a_language_lever_that_is_off(
    languages: Languages | None,
):
    with pytest.raises(
        UserError, match="3 training rows of 1 class; at least two"
    ) as caught:
        divide(np.zeros(4), target([0, 0, 0, 1], 3), languages)

    assert "language" not in str(caught.value)


def test_rows_excluded_by_the_language_lever_are_reported():
    trained = np.array([True, False, False, True])
    languages = Languages(("fr",), np.zeros(4, np.int16), trained)

    with pytest.raises(UserError, match="keeps 1 training row of 1 class;"):
        divide(np.zeros(4), target([0, 1, 1, 1], 3), languages)
