"""Scripts that define options: workers import them, but must not run them."""

from __future__ import annotations

import sys

from rakuten_bench.errors import UserError

#: Names of the script in the process that it started, and in workers; as those of
#: `multiprocessing`.
MAIN, WORKERS_MAIN = "__main__", "__mp_main__"
#: An attribute of a script while a worker imports it. Processes of `multiprocessing`
#: give their main module the same name, and may run a study.
IMPORTED = "__rakuten_bench_worker__"


def refuse_script_of_worker() -> None:
    """Refuse to go on if a worker process is importing the script that started it.

    Raises
    ------
    UserError
        Ends the import; what the script has defined so far stays.
    """
    if hasattr(sys.modules[MAIN], IMPORTED):
        message = (
            "a worker process imports this script for the options that it defines. Put "
            'what runs a study below: if __name__ == "__main__":'
        )
        raise UserError(message)
