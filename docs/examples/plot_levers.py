"""
Which lever pays?
=================

A study tries every combination.
"""

import rakuten_bench as rb

study = rb.Study(
    "openmoji",
    matrix={
        "normalizer": ["off", "stem_snowball"],
        "vectorizer": ["count", "tfidf"],
        "model": ["complement_nb", "linear_svc"],
    },
)
board = rb.run(study, progress=False)
board
