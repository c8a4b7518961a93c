"""Time of a grid's text processing, against typical scikit-learn code.

The grid: stop words (off, iso) x normalizer (off, stem_nltk) x vectorizer (counts,
TF-IDF, TF-IDF of pairs, TF-IDF with 20,000 words) x three models = 48 scenarios. The
peer builds each scenario's features with a `TfidfVectorizer` or `CountVectorizer` whose
tokenizer drops stop words and stems with NLTK; it is timed on each of the 16 text
settings, and counted once per model. Ours runs the levers as the engine does: each step
once. Both use the same rows and the same split, and their matrices are compared.

    python bench/corpus.py [--rows 10000] [--full 84916]
"""

from __future__ import annotations

import argparse
import importlib
import re
import time
from itertools import product

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from rakuten_bench import registry
from rakuten_bench.data import load_dataset, parse_dataset
from rakuten_bench.types import Languages

N_MODELS = 3
STOPWORDS = ("off", "iso")
NORMALIZERS = ("off", "stem_nltk")
VECTORIZERS = {
    "count": ("count", {}),
    "tfidf": ("tfidf", {}),
    "tfidf pairs": ("tfidf", {"ngram_range": (1, 2), "min_df": 2}),
    "tfidf 20,000": ("tfidf", {"max_features": 20_000, "sublinear_tf": True}),
}
GRID = list(product(STOPWORDS, NORMALIZERS, VECTORIZERS))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000, help="rows for both")
    parser.add_argument("--full", type=int, default=84_916, help="rows for ours only")
    arguments = parser.parse_args()
    frame = load(arguments.rows)
    peer_seconds, expected = run_peer(frame)
    ours, matrices, steps = run_ours(frame)
    compare(expected, matrices)
    total = N_MODELS * sum(peer_seconds.values())
    print(f"{arguments.rows} synthetic rows, {N_MODELS * len(GRID)} scenarios:")
    print(f"  scikit-learn, nothing shared          {total:8.1f} s")
    print(f"  scikit-learn, features shared         {total / N_MODELS:8.1f} s")
    print(f"  ours                                  {ours:8.1f} s")
    print(
        f"  ratio {total / ours:.0f}, {total / N_MODELS / ours:.0f} to shared features"
    )
    if arguments.full:
        ours, _, steps = run_ours(load(arguments.full), keep=False)
        print(f"{arguments.full} rows, ours: {ours:.1f} s")
        for name, seconds in steps.items():
            print(f"  {name:32}{seconds:6.2f} s")


def load(rows):
    return load_dataset(parse_dataset({"synthetic": {"rows": rows}})).frame


def split(n_rows):
    rows = np.random.default_rng(123).permutation(n_rows)
    cut = n_rows * 4 // 5
    return np.sort(rows[:cut]), np.sort(rows[cut:])


def peer_tokenizer(stopwords, normalizer):
    """Return a tokenizer as in tutorials: find words, drop stop words, stem the rest."""
    from nltk.stem.snowball import SnowballStemmer
    from stopwordsiso import stopwords as iso

    word = re.compile(r"(?u)\b\w\w+\b")
    dropped = iso("fr") if stopwords == "iso" else set()
    stemmer = SnowballStemmer("french")

    def tokenize(text):
        tokens = [token for token in word.findall(text) if token not in dropped]
        return tokens if normalizer == "off" else [stemmer.stem(one) for one in tokens]

    return tokenize


def run_peer(frame):
    texts = (frame["title"] + " " + frame["description"]).to_numpy()
    train, test = split(len(frame))
    seconds, matrices = {}, {}
    for stopwords, normalizer, name in GRID:
        option, params = VECTORIZERS[name]
        kind = CountVectorizer if option == "count" else TfidfVectorizer
        vectorizer = kind(
            tokenizer=peer_tokenizer(stopwords, normalizer),
            token_pattern=None,
            **params,
        )
        start = time.perf_counter()
        matrix = vectorizer.fit_transform(texts[train])
        vectorizer.transform(texts[test])
        seconds[stopwords, normalizer, name] = time.perf_counter() - start
        matrices[stopwords, normalizer, name] = matrix
    return seconds, matrices


def apply(lever, name, slots):
    option = lever.find("text", name)
    if not option.is_off:
        function = importlib.import_module(lever.package).apply
        slots = {**slots, lever.writes[0]: function(option, {}, slots, {})}
    return slots


def run_ours(frame, *, keep=True):
    train, test = split(len(frame))
    steps, matrices = {}, {}

    def timed(name, function, *arguments):
        start = time.perf_counter()
        value = function(*arguments)
        steps[name] = time.perf_counter() - start
        return value

    french = Languages(
        ("fr",), np.zeros(len(frame), np.int16), np.ones(len(frame), bool)
    )
    slots = {"frame": frame, "languages": french}
    slots = timed("fields merged", apply, registry.FIELDS, "merged", slots)
    slots = timed("tokenizer regex", apply, registry.TOKENIZER, "regex", slots)
    for stopwords in STOPWORDS:
        name = f"stopwords {stopwords}"
        kept = timed(name, apply, registry.STOPWORDS, stopwords, slots)
        for normalizer in NORMALIZERS:
            name = f"normalizer {stopwords} {normalizer}"
            corpus = timed(name, apply, registry.NORMALIZER, normalizer, kept)["corpus"]
            for setting in VECTORIZERS:
                name = f"{stopwords} {normalizer} {setting}"
                matrix = timed(name, vectorize, setting, corpus, train, test)
                if keep:
                    matrices[stopwords, normalizer, setting] = matrix
    return sum(steps.values()), matrices, steps


def vectorize(setting, corpus, train, test):
    option, params = VECTORIZERS[setting]
    vectorizer = registry.VECTORIZER.find("text", option).make(params=params)
    matrix = vectorizer.fit_transform(corpus.take(train))
    vectorizer.transform(corpus.take(test))
    return matrix


def compare(expected, matrices):
    for scenario, matrix in expected.items():
        difference = abs(matrix - matrices[scenario]).max()
        assert difference < 1e-5, (scenario, difference)


if __name__ == "__main__":
    main()
