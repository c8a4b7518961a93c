"""
Add an option
=============

An option is one function with a decorator, in one file. This one cuts words to their first letters: a
stemmer that needs no dictionary.
"""

# %%
# The file
# --------
# Arguments without a default are data: here the distinct words of the corpus. Arguments with a default
# are the parameters that a study may set. The first line of the docstring is the description in
# ``rakuten-bench levers``.

from pathlib import Path

_ = Path("my_options.py").write_text(
    '''
from rakuten_bench.registry import NORMALIZER


@NORMALIZER.option("first_letters", digit="z")
def first_letters(tokens: list[str], *, length: int = 4) -> list[str]:
    """Cut words to their first letters."""
    return [token[:length] for token in tokens]
'''
)

# %%
# Use it
# ------
# A scenario file beside it names it under ``plugins``. The option is one like all others: sweep its
# parameter, and see whether it pays.

Path("letters.yaml").write_text(
    """
dataset: openmoji
plugins: [my_options.py]
matrix:
  normalizer: [off, stem_snowball, {first_letters: {length: [3, 4, 6]}}]
  vectorizer: [count, tfidf]
  model: [complement_nb, linear_svc]
"""
)

import rakuten_bench as rb

board = rb.run("letters.yaml", progress=False)
figure = board.effects().plot()

# %%
# Mistakes are found before anything runs:

Path("mistake.yaml").write_text(
    """
plugins: [my_options.py]
matrix: {normalizer: {first_letters: {lenght: 3}}, model: logreg}
"""
)
try:
    rb.load_study("mistake.yaml")
except rb.UserError as error:
    print(error)

# %%
# What next?
# ----------
# The source of the function is part of the keys of its results: after a change, what depends on it is
# computed again. :doc:`/options` says how a package of your own brings options, and what models,
# vectorizers and samplers may do.
