"""What scikit-learn requires of every estimator, checked by scikit-learn itself.

Its checks pass numbers. As one column, they are read as texts. For checks that need
several columns, a subclass writes each row of numbers as a text.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from rakuten_bench import build
from rakuten_bench.pipeline.estimator import TextClassifier

ONE_COLUMN = "indexes columns of its one-dimensional input"
NO_NAMES = "passes an array of several columns, which have no names"
EXPECTED = {
    "check_dont_overwrite_parameters": ONE_COLUMN,
    "check_f_contiguous_array_estimator": ONE_COLUMN,
    "check_methods_sample_order_invariance": ONE_COLUMN,
    "check_methods_subset_invariance": ONE_COLUMN,
    "check_fit2d_1sample": ONE_COLUMN,
    "check_fit2d_1feature": ONE_COLUMN,
    "check_fit2d_predict1d": ONE_COLUMN,
    "check_dict_unchanged": ONE_COLUMN,
    "check_n_features_in": "counts the columns of its one-dimensional input",
    "check_n_features_in_after_fitting": "counts columns of one-dimensional input",
    "check_classifiers_train": "transposes one-dimensional input: it stays the same",
    "check_estimator_sparse_array": "makes a one-dimensional sparse matrix",
    "check_clustering": NO_NAMES,
    "check_sample_weights_shape": NO_NAMES,
    "check_sample_weights_not_overwritten": NO_NAMES,
    "check_sample_weight_equivalence_on_dense_data": NO_NAMES,
    "check_classifiers_one_label_sample_weights": NO_NAMES,
    "check_sample_weights_pandas_series": "names columns by numbers",
    "check_classifier_data_not_an_array": "names columns by numbers",
    "check_fit1d": "texts are one-dimensional",
    "check_complex_data": "complex numbers are refused in other words",
    "check_estimators_empty_data_messages": "no columns: refused in other words",
    "check_supervised_y_2d": "a column of labels is accepted without a warning",
}
TEXTS = (
    build(tokenizer="split", model="linear_svc"),
    build(tokenizer="split", model={"kmeans": {"n_clusters": 3}}),
)


class NumberClassifier(TextClassifier):
    """Classifies rows of numbers, each written as a text of one word per column."""

    def fit(self, X, y, sample_weight=None):
        """Fit on the rows' texts."""
        X = validate_data(self, X)
        super().fit(spell(X), y, sample_weight)
        self.n_features_in_ = X.shape[1]
        return self

    def features(self, X):
        """Return the features of the rows' texts."""
        check_is_fitted(self, "columns_")
        return super().features(spell(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = BaseEstimator.__sklearn_tags__(self).input_tags
        return tags


def spell(X: np.ndarray) -> list[str]:
    return [
        " ".join(f"{column}:{value:.1f}" for column, value in enumerate(row))
        for row in X
    ]


NUMBERS = (
    NumberClassifier(tokenizer="split", vectorizer="tfidf", model="logreg"),
    NumberClassifier(tokenizer="split", vectorizer="tfidf", model="linear_svc"),
)
EXPECTED_ON_NUMBERS = {
    "check_supervised_y_2d": EXPECTED["check_supervised_y_2d"],
    "check_sample_weight_equivalence_on_dense_data": "IDF ignores weights",
}


@parametrize_with_checks(
    TEXTS, expected_failed_checks=lambda _: EXPECTED, xfail_strict=True
)
def test_an_estimator_of_texts_passes_the_checks(estimator, check):
    check(estimator)


@parametrize_with_checks(
    NUMBERS, expected_failed_checks=lambda _: EXPECTED_ON_NUMBERS, xfail_strict=True
)
def test_an_estimator_passes_the_checks_on_rows_of_numbers(estimator, check):
    check(estimator)
