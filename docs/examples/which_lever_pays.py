"""
Which lever pays?
=================

The best scenario is one number. The effect of a lever is more useful: what an option gains on
average, everything else equal, and how sure that is.
"""

# %%
# A matrix
# --------
# Every combination of these options runs, 24 in all. Steps that scenarios share are computed once.

import rakuten_bench as rb

study = rb.Study(
    "openmoji",
    matrix={
        "stopwords": ["off", "iso"],
        "normalizer": ["off", "stem_snowball"],
        "vectorizer": ["count", "tfidf", "tfidf_char"],
        "model": ["complement_nb", "linear_svc"],
    },
)
board = rb.run(study, progress=False)
board.to_frame()[["rank", "group", "f1_weighted", "low", "high"]].head()

# %%
# Effects
# -------
# Each row compares an option with the others of its lever: the mean difference of the score, its
# 95 % interval, and the number of pairs of scenarios that differ in this lever only.

effects = board.effects()
effects

# %%

figure = effects.plot()

# %%
# An interval that contains 0 says that these data cannot tell. ``wins`` is the share of contexts in
# which no other option is better, ``in_best`` what the best scenario would lose with this option.
#
# Interactions
# ------------
# An effect may depend on another lever. These do, here:

effects.interactions()

# %%
# Score and cost
# --------------
# A line connects the Pareto-optimal scenarios: no cheaper one scores as well.

figure = board.plot()

# %%
# :doc:`/numbers` says how effects and intervals are estimated. On the command line:
#
# .. code-block:: bash
#
#    rakuten-bench run scenarios/grid.yaml
#    rakuten-bench report --effects
