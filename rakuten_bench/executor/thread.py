"""Limit the numeric threads of every library that has a thread pool."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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


@contextmanager
def limited_threads(n_threads: int) -> Iterator[None]:
    """Limit the threads of libraries inside a block; restore the limits after it.

    A library that is imported inside the block keeps its limit.
    """
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in VARIABLES}
    cv2, torch = sys.modules.get("cv2"), sys.modules.get("torch")
    n_cv2 = cv2.getNumThreads() if cv2 else 0
    n_torch = torch.get_num_threads() if torch else 0
    with threadpool_limits(n_threads):
        limit_threads(n_threads)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            if cv2:
                cv2.setNumThreads(n_cv2)
            if torch:
                torch.set_num_threads(n_torch)
