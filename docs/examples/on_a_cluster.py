"""
On a cluster
============

A study that takes hours on one machine takes minutes on many. Dask distributes the steps; predictions
are the same, bit for bit.
"""

# %%
# Workers on this machine
# -----------------------
# ``executor="dask"`` starts a cluster of Dask here, which is enough to try it.

import rakuten_bench as rb

study = rb.Study(
    "openmoji",
    matrix={
        "vectorizer": ["count", "tfidf"],
        "model": ["complement_nb", "linear_svc"],
    },
)
board = rb.run(
    study,
    executor="dask",
    jobs=2,
    results="cluster",
    cache="cluster-cache",
    progress=False,
)
board

# %%
# The same on local processes, for comparison:

local = rb.run(study, results="local", progress=False)
pairs = [(local[one.code].predictions, one.predictions) for one in board]
all(one.equals(other) for one, other in pairs)

# %%
# Workers on other machines
# -------------------------
# Install the same versions everywhere, with ``pip install "rakuten-bench[dask]"``, and start a
# scheduler and workers:
#
# .. code-block:: bash
#
#    dask scheduler                                      # on one machine, here named host
#    dask worker tcp://host:8786 --nthreads 8            # on each worker machine
#    rakuten-bench run scenarios/grid.yaml --scheduler tcp://host:8786
#
# From Python it is ``rb.run(study, scheduler="tcp://host:8786")``. A cache folder that all machines see is
# used by all; without one, Dask transfers what a step needs. A worker that dies costs only the steps that
# it was running. :doc:`/distributed` has the details.
