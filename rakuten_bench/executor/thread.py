"""Numeric threads: as many as a worker was promised, in every library that has its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

#: What the libraries read when they are loaded.
VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "RAYON_NUM_THREADS",
)


def thread_environment(n_threads: int) -> Mapping[str, str]:
    """Return the variables that give a new process its number of threads."""
    return dict.fromkeys(VARIABLES, str(n_threads))


def limit_threads(n_threads: int) -> None:
    """Limit the libraries that are loaded, and those that will be."""
    from threadpoolctl import threadpool_limits

    os.environ.update(thread_environment(n_threads))
    threadpool_limits(n_threads)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(n_threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n_threads)
