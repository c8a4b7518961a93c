"""Fit times of our models, against scikit-learn's on the same features.

The peer fits plain scikit-learn estimators on the same matrix as ours: TF-IDF in single
precision, as from our vectorizer. Also prints the time in double precision, as from
scikit-learn's vectorizer, and with a looser tolerance. CPU seconds, the best of several
rounds in turns, so that the machine's load does not matter.

    python bench/models.py [--rows 6000] [--rounds 2]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from rakuten_bench.data import load_dataset, parse_dataset
from rakuten_bench.registry import MODEL

PEERS = {
    "logreg": lambda: LogisticRegression(max_iter=1000),
    "linear_svc": lambda: LinearSVC(max_iter=10_000, random_state=0),
    "complement_nb": ComplementNB,
}
MIN_SECONDS = 1.0
MIN_TOTAL_SECONDS = 40.0  # of one model, over all rounds
LOOSER = {"linear_svc": {"tol": 0.01}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    double, y = load(arguments.rows)
    single = [matrix.astype(np.float32) for matrix in double]
    print(f"{arguments.rows} synthetic rows, {double[0].shape[1]} words, F1 on a fifth")
    for name, peer in PEERS.items():
        contenders = {
            "scikit-learn, float32": (peer, single),
            "scikit-learn, float64": (peer, double),
            "ours, float32": (lambda name=name: ours(name), single),
        }
        if name in LOOSER:
            params = LOOSER[name]
            contenders[f"ours, float32, {params}"] = (
                lambda name=name, params=params: ours(name, **params),
                single,
            )
        report(name, contenders, y, arguments.rounds)


def load(n_rows):
    """Return TF-IDF of four fifths and of one fifth of the rows, and their labels."""
    data = load_dataset(parse_dataset({"synthetic": {"rows": n_rows}}))
    texts = (data.frame["title"] + " " + data.frame["description"]).to_numpy()
    rows = np.random.default_rng(123).permutation(n_rows)
    train, test = rows[n_rows // 5 :], rows[: n_rows // 5]
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    matrices = [
        vectorizer.fit_transform(texts[train]),
        vectorizer.transform(texts[test]),
    ]
    return matrices, (data.y[train], data.y[test])


def ours(name, **params):
    option = MODEL.find("text", name)
    return option.make(params=option.convert(params), random_state=0, n_jobs=1)


def report(name, contenders, y, rounds):
    """Time contenders in turns and print the ratio of the first to each."""
    seconds = {label: [] for label in contenders}
    scores = {}
    start = time.process_time()
    n_rounds = 0
    while n_rounds < rounds or time.process_time() - start < MIN_TOTAL_SECONDS:
        n_rounds += 1
        for label, (make, (train, test)) in contenders.items():
            model, spent = fit(make, train, y[0])
            seconds[label].append(spent)
            scores[label] = f1_score(y[1], model.predict(test), average="weighted")
    best = {label: min(times) for label, times in seconds.items()}
    first = next(iter(best.values()))
    for label, value in best.items():
        print(
            f"  {name:14}{label:32}{value:8.3f} s   ratio {first / value:5.2f}"
            f"   weighted F1 {scores[label]:.4f}"
        )


def fit(make, X, y):
    """Return a fitted model and the mean seconds of a fit; fast fits are repeated."""
    n_fits = 0
    start = time.process_time()
    while not n_fits or time.process_time() - start < MIN_SECONDS:
        model = make().fit(X, y)
        n_fits += 1
    return model, (time.process_time() - start) / n_fits


if __name__ == "__main__":
    main()
