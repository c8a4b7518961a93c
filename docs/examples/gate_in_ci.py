"""
A gate on scores in CI
======================

Scores are approved once and committed. From then on, a change that makes a score worse fails the
build, as a failing test would.
"""

# %%
# Approve
# -------
# Run the scenarios that matter, and write their scores and predictions to a baseline.

import rakuten_bench as rb


def study_of(**tfidf):
    return rb.Study(
        "openmoji",
        name="ci",
        scenarios={
            "words": {"vectorizer": {"tfidf": tfidf}, "model": "linear_svc"},
            "letters": {"vectorizer": "tfidf_char", "model": "complement_nb"},
        },
    )


study = study_of()
rb.run(study, progress=False)
rb.approve(study, baseline="baseline.json", rows=True)

# %%
# Check
# -----
# Nothing has changed: the gate is open.

checked = rb.check(study, baseline="baseline.json")
print(checked.passed)
checked.to_frame()[["name", "status", "before", "now"]]

# %%
# A change for the worse
# ----------------------
# Somebody drops all words that occur in fewer than 20 names. The scenario keeps its name, so it is
# compared with what was approved under this name.

changed = study_of(min_df=20)
rb.run(changed, progress=False)
checked = rb.check(changed, baseline="baseline.json")
print(checked.passed)
checked.to_frame()[["name", "status", "before", "now"]]

# %%
# The test is paired, on the same rows, and corrected for the number of scenarios: by chance alone, at
# most one check in twenty fails. See :doc:`/gate`.
#
# In GitHub Actions
# -----------------
#
# .. code-block:: yaml
#
#    steps:
#      - uses: actions/checkout@v4
#      - uses: actions/setup-python@v5
#        with: {python-version: "3.11"}
#      - run: pip install rakuten-bench
#      - run: rakuten-bench run scenarios/gate/ci.yaml --cache .cache --quiet
#      - run: rakuten-bench check scenarios/gate/ci.yaml --cache .cache --write check.md
#      - if: always()
#        run: cat check.md >> "$GITHUB_STEP_SUMMARY"
#
# ``rakuten-bench check`` ends with 0 if nothing got worse, with 1 if a score did, and with 2 if a
# scenario cannot be measured. To accept the new scores: ``rakuten-bench check FILE --update --rows``.
