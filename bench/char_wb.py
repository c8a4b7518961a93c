"""Time of character n-gram TF-IDF, against scikit-learn on the same tokens.

TF-IDF of 3- to 5-grams inside words ("char_wb"), then with other settings, on the tokens
of synthetic listings; the matrices are compared.

    python bench/char_wb.py [--rows 20000] [--analyzer char_wb]
"""

from __future__ import annotations

import argparse
import importlib
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from rakuten_bench import registry
from rakuten_bench.data import load_dataset, parse_dataset

SETTINGS = (
    {"ngram_range": (3, 5)},
    {"ngram_range": (3, 5), "min_df": 2, "sublinear_tf": True},
    {"ngram_range": (3, 5), "max_features": 80_000},
    {"ngram_range": (2, 4), "max_features": 50_000},
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--analyzer", default="char_wb", choices=["char_wb", "char"])
    arguments = parser.parse_args()
    corpus, texts = build_corpus(arguments.rows)
    print(f"{len(texts)} synthetic listings, {len(corpus.tokens)} tokens")
    for setting in SETTINGS:
        peer = TfidfVectorizer(
            analyzer=arguments.analyzer, lowercase=False, dtype=np.float32, **setting
        )
        ours = registry.VECTORIZER.find("text", "tfidf_char").make(
            params={**setting, "analyzer": arguments.analyzer}
        )
        peer_seconds, expected = timed(peer.fit_transform, texts)
        seconds, matrix = timed(ours.fit_transform, corpus)
        assert matrix.shape == expected.shape
        assert abs(matrix - expected).max() < 1e-5
        params = ", ".join(f"{name} {value}" for name, value in setting.items())
        ratio = peer_seconds / seconds
        print(f"{params}: {peer_seconds:.1f} s / {seconds:.1f} s = {ratio:.1f}")


def build_corpus(rows):
    """Return the listings as a corpus and, for the peer, as space-separated tokens."""
    slots = {"frame": load_dataset(parse_dataset({"synthetic": {"rows": rows}})).frame}
    for lever, name in ((registry.FIELDS, "merged"), (registry.TOKENIZER, "regex")):
        option = lever.find("text", name)
        function = importlib.import_module(lever.package).apply
        slots[lever.writes[0]] = function(option, {}, slots, {})
    corpus = slots["corpus"]
    return corpus, [" ".join(tokens) for tokens in corpus.documents()]


def timed(function, *arguments):
    start = time.process_time()  # single-threaded; independent of the machine's load
    value = function(*arguments)
    return time.process_time() - start, value


if __name__ == "__main__":
    main()
