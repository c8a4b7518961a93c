"""Weights of rows reach the model, or are refused."""

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV

from rakuten_bench import build
from rakuten_bench.errors import UserError

TEXTS = ["red shoe", "blue shoe", "red pot", "tea pot", "shoe pot"]
LABELS = ["shoe", "shoe", "pot", "pot", "pot"]
WEIGHTS = [1, 3, 2, 1, 4]


def repeat(values):
    return [value for value, n in zip(values, WEIGHTS, strict=True) for _ in range(n)]


@pytest.mark.parametrize("model", ["logreg", "multinomial_nb", "ridge"])
def test_a_weight_counts_as_repeated_rows(model):
    weighted = build(model=model).fit(TEXTS, LABELS, WEIGHTS)
    repeated = build(model=model).fit(repeat(TEXTS), repeat(LABELS))
    plain = build(model=model).fit(TEXTS, LABELS)

    found = weighted.class_scores(TEXTS)
    np.testing.assert_allclose(found, repeated.class_scores(TEXTS), rtol=1e-3)
    assert not np.allclose(found, plain.class_scores(TEXTS), rtol=1e-2)


def test_weights_belong_to_rows_that_a_sampler_drops():
    weights = np.array([1.0, 3, 2, 1, 4])

    model = build(model="multinomial_nb", sampler="random_under")
    model.fit(TEXTS, LABELS, weights)

    counts = np.exp(model.model_.class_log_prior_) * model.model_.class_count_.sum()
    assert model.model_.class_count_[0] in {3.0, 5.0, 6.0}  # two of the three pots
    np.testing.assert_allclose(counts, model.model_.class_count_)


@pytest.mark.parametrize(
    ("levers", "message"),
    [
        ({"model": "knn"}, "sample_weight: model 'knn' takes no weights"),
        ({"model": "logreg", "search": "grid"}, "search 'grid' takes no weights"),
        (
            {"model": {"linear_svc": {"calibrate": "sigmoid"}}},
            "model 'linear_svc' takes no weights",
        ),
        ({"model": "logreg", "sampler": "smote"}, "the sampler synthesizes rows"),
        (
            {"fusion": "mean", "members": [{"model": "logreg"}, "T0010-0140-0000"]},
            "fusion 'mean' takes no weights",
        ),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::rakuten_bench.errors.Notice")
def test_weights_that_nothing_would_use_are_refused(levers, message):
    with pytest.raises(UserError, match=message):
        build(**levers).fit(TEXTS, LABELS, sample_weight=WEIGHTS)


@pytest.mark.parametrize("weights", [[1, 2], [[1]] * 5, ["x"] * 5, [np.nan] * 5])
def test_invalid_weights_are_refused(weights):
    with pytest.raises(ValueError, match=r"weight|Weight|could not convert"):
        build(model="logreg").fit(TEXTS, LABELS, sample_weight=weights)


def test_weights_are_routed_through_a_search():
    with sklearn.config_context(enable_metadata_routing=True):
        model = build(model="multinomial_nb").set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=False)
        search = GridSearchCV(model, {"model__alpha": [1.0]}, cv=2)

        search.fit(TEXTS[:4], LABELS[:4], sample_weight=WEIGHTS[:4])

    assert search.best_estimator_.model_.class_count_.tolist() == [3.0, 4.0]
