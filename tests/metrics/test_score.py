"""Scores from the confusion matrix, compared with scikit-learn's."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    precision_recall_fscore_support,
)
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

from rakuten_bench import metrics
from rakuten_bench.metric import CLUSTER_METRICS, METRICS, Scoring
from rakuten_bench.records import ClusterScores, Scores

# scikit-learn warns about one label even where all labels are told to it
single_label = pytest.mark.filterwarnings("ignore:A single label was found")


@st.composite
def answers(draw):
    n_classes = draw(st.integers(1, 6))
    code = st.integers(0, n_classes - 1)
    rows = draw(st.lists(st.tuples(code, code), min_size=1, max_size=60))
    y_true, y_pred = np.array(rows, dtype=np.int32).T
    return y_true, y_pred, n_classes


@single_label
@given(answers())
def test_scores_equal_those_of_scikit_learn(case):
    y_true, y_pred, n_classes = case

    ours = metrics.scores(metrics.confusion_matrix(y_true, y_pred, n_classes))

    assert ours["accuracy"] == pytest.approx(accuracy_score(y_true, y_pred), abs=1e-12)
    for average in ("weighted", "macro"):
        theirs = f1_score(y_true, y_pred, average=average, zero_division=0)
        assert ours[f"f1_{average}"] == pytest.approx(theirs, abs=1e-12)


@single_label
@given(answers())
def test_class_table_equals_that_of_scikit_learn(case):
    y_true, y_pred, n_classes = case
    labels = np.arange(n_classes)

    confusion = metrics.confusion_matrix(y_true, y_pred, n_classes)
    table = metrics.class_table(confusion)

    theirs = precision_recall_fscore_support(
        y_true, y_pred, labels=labels, zero_division=0
    )
    np.testing.assert_array_equal(
        confusion, sklearn_confusion_matrix(y_true, y_pred, labels=labels)
    )
    for ours, column in zip(
        (table.precision, table.recall, table.f1, table.support), theirs, strict=True
    ):
        np.testing.assert_allclose(ours, column, atol=1e-12)


def test_a_stack_of_matrices_scores_like_each_of_them():
    stack = np.random.default_rng(0).integers(0, 5, size=(7, 4, 4))

    together = metrics.f1_weighted(stack)

    np.testing.assert_allclose(together, [metrics.f1_weighted(one) for one in stack])


def test_an_empty_matrix_scores_zero_without_a_warning():
    assert metrics.scores(np.zeros((3, 3), dtype=np.int64)) == {
        "f1_weighted": 0.0,
        "f1_macro": 0.0,
        "accuracy": 0.0,
    }


def test_a_code_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        metrics.confusion_matrix(np.array([0, 2]), np.array([0, 1]), 2)


def test_answers_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="y_true has shape"):
        metrics.confusion_matrix(np.array([0, 1]), np.array([0]), 2)


def test_notable_confusions_are_the_large_ones_largest_first():
    confusion = np.array([[80, 20, 0], [15, 70, 15], [0, 14, 86]])

    assert metrics.notable_confusions(confusion) == [
        (0, 1, 20, 0.2),
        (1, 0, 15, 0.15),
        (1, 2, 15, 0.15),
    ]


def test_every_named_score_is_computed_and_recorded():
    named = set(METRICS)

    assert set(metrics.METRICS) == named == set(get_args(Scoring))
    assert named == set(Scores.__struct_fields__) - {"folds"}
    assert set(CLUSTER_METRICS) == set(ClusterScores.__struct_fields__) - {
        *("folds", "n_clusters")
    }
