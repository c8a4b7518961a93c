"""Limit the numeric threads of every library that has a thread pool."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

#: Environment variables that the libraries read when they are loaded.
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
    """Return the environment variables that set the threads of a new process."""
    return dict.fromkeys(VARIABLES, str(n_threads))


def limit_threads(n_threads: int) -> None:
    """Limit the threads of loaded libraries, and of those imported later."""
    from threadpoolctl import threadpool_limits

    os.environ.update(thread_environment(n_threads))
    threadpool_limits(n_threads)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(n_threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n_threads)
