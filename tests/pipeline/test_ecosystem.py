"""Tools around scikit-learn take a scenario as they take any classifier."""

import joblib
import numpy as np
import pandas as pd
import pytest
import skore
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.model_selection import cross_val_score

from rakuten_bench import build

WORDS = ("shoe", "pot", "hat")
TEXTS = [f"{WORDS[row % 3]} {WORDS[row % 3]} number{row % 5}" for row in range(30)]
LABELS = [WORDS[row % 3] for row in range(30)]
LINEAR = {"vectorizer": "tfidf", "model": "linear_svc"}
BAYES = {"vectorizer": "tfidf", "model": "complement_nb"}


@pytest.mark.parametrize("convert", [list, np.array, pd.Series])
def test_a_column_of_texts_is_divided_by_scikit_learn(convert):
    texts = convert(TEXTS)
    stack = StackingClassifier([("a", build(**LINEAR)), ("b", build(**BAYES))], cv=3)
    calibrated = CalibratedClassifierCV(build(**LINEAR), cv=3)

    for model in (build(**BAYES), stack, calibrated):
        assert cross_val_score(model, texts, LABELS, cv=2).tolist() == [1.0, 1.0]


@pytest.mark.filterwarnings("ignore")  # of skore's own dependencies
def test_skore_evaluates_and_compares_scenarios():
    table = pd.DataFrame({"title": TEXTS})
    models = {"linear": build(**LINEAR), "bayes": build(**BAYES)}

    one = skore.evaluate(build(**BAYES), table, LABELS, splitter=0.3)
    folds = skore.evaluate(
        build(**LINEAR), np.array(TEXTS), np.array(LABELS), splitter=3
    )
    both = skore.evaluate(models, table, LABELS, splitter=0.3)

    assert one.metrics.accuracy() == 1.0
    assert {"log_loss", "roc_auc_hat"} <= {*one.metrics.summarize().frame().index}
    assert folds.metrics.summarize().frame().loc["accuracy"].iloc[0] == 1.0
    assert [*both.reports_] == ["linear", "bayes"]


def test_joblib_stores_a_fitted_scenario(tmp_path):
    model = build(**BAYES).fit(TEXTS, LABELS)

    joblib.dump(model, tmp_path / "model.joblib")

    again = joblib.load(tmp_path / "model.joblib")
    assert np.array_equal(again.predict_proba(TEXTS), model.predict_proba(TEXTS))
    assert again.get_params() == model.get_params()
