"""
Images, and their fusion with text
==================================

The embedded data set has a name and a picture for each of 1,898 emoji. Do the pictures tell more
than the names, and does it pay to use both?
"""

# %%
# Three modalities on one board
# -----------------------------
# A scenario with image levers reads the pictures. A fusion combines the probabilities of its
# members, which are scenarios of the same study; ``calibrate`` gives margin models such as
# ``linear_svc`` probabilities.

import rakuten_bench as rb

study = rb.Study(
    "openmoji",
    scenarios={
        "words": {
            "vectorizer": "tfidf_word_char",
            "model": {"linear_svc": {"calibrate": "sigmoid"}},
        },
        "colors": {"feature": "color", "model": "random_forest"},
        "shapes": {
            "feature": "hog",
            "model": {"svc": {"C": 5, "calibrate": "sigmoid"}},
        },
        "pictures": {"fusion": "mean", "members": ["colors", "shapes"]},
        "all": {"fusion": "mean", "members": ["words", "colors", "shapes"]},
    },
)
board = rb.run(study, progress=False)
board

# %%
# Is the fusion better?
# ---------------------
# A paired test on the same rows. Positive differences are in favor of the second scenario.

board.compare("words", "all")

# %%
# Where do the pictures help? F1 of each class, text only (``a``) and fused (``b``):

board.compare("words", "all").classes

# %%
# The rows that only the fusion gets right:

changes = board.compare("words", "all").changes
changes[changes["kind"] == "better"].head(8)

# %%
# Confusions
# ----------

figure = board["all"].plot()

# %%
# :doc:`/fusion` has the other rules (``weighted`` and ``stacking`` learn from rows held out from the
# members) and models trained elsewhere.
