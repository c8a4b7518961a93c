"""What is installed, what is missing, and what this machine offers: `rakuten-bench doctor`.

Nothing is imported that a check can do without, and nothing is written.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rakuten_bench.errors import UserError
from rakuten_bench.interface.version import find_versions
from rakuten_bench.registry.package import installed_version, list_extras
from rakuten_bench.units import render_size

if TYPE_CHECKING:
    import pandas as pd

State = Literal["ok", "missing", "warning", "problem"]
_PROJECT = "rakuten-bench"
_LOW_DISK = 2 * 10**9  # bytes
_LOW_MEMORY = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the installation or the machine.

    Attributes
    ----------
    area, name : str
    state : {"ok", "missing", "warning", "problem"}
        "missing": optional and not installed; "problem": runs will fail.
    detail : str
    """

    area: str
    name: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `doctor` found.

    Attributes
    ----------
    findings : tuple of Finding
    """

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing stands in the way of a run."""
        return all(one.state != "problem" for one in self.findings)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each finding."""
        import pandas as pd

        return pd.DataFrame([asdict(one) for one in self.findings])

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {"passed": self.passed, "findings": [asdict(f) for f in self.findings]}

    def __str__(self) -> str:
        """Return the findings by area, one line each."""
        width = max(len(one.name) for one in self.findings)
        lines: list[str] = []
        for area, found in groupby(self.findings, key=lambda one: one.area):
            lines += [area]
            lines += [f"  {f.state:<7}  {f.name:<{width}}  {f.detail}" for f in found]
        n_problems = sum(one.state == "problem" for one in self.findings)
        last = f"{n_problems} problem(s)." if n_problems else "No problem found."
        return "\n".join([*lines, last])


def doctor(
    results: str | Path = "results", cache: str | Path | None = None
) -> Diagnosis:
    """Examine the installation and the machine.

    Parameters
    ----------
    results : str or Path
        Folder of the records.
    cache : str or Path, optional
        Cache of step results; by default as for `run`.
    """
    checks: dict[str, Callable[[], Iterable[Finding]]] = {
        "versions": _check_versions,
        "core": _check_core,
        "extras": _check_extras,
        "models": _check_models,
        "machine": _check_machine,
        "folders": partial(_check_folders, Path(results), cache),
        "terminal": _check_terminal,
    }
    return Diagnosis(
        tuple(one for area, check in checks.items() for one in _examine(area, check))
    )


def _examine(area: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a check; one that fails is itself a problem."""
    try:
        yield from check()
    except Exception as error:  # a broken installation can raise anything
        yield Finding(area, area, "problem", f"{type(error).__name__}: {error}")


def _check_versions() -> Iterator[Finding]:
    for name, version in find_versions().items():
        state: State = "ok" if version else "missing"
        yield Finding("versions", name, state, version or "not installed")


def _check_core() -> Iterator[Finding]:
    needed = [
        re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        for requirement in importlib.metadata.requires(_PROJECT) or ()
        if "extra ==" not in requirement
    ]
    absent = [name for name in needed if installed_version(name) is None]
    for name in absent:
        yield Finding("core", name, "problem", f"Run: pip install {name}")
    yield Finding("core", "packages", "ok", f"{len(needed) - len(absent)} installed")


def _check_extras() -> Iterator[Finding]:
    for extra, needs in list_extras().items():
        absent = [name for name in needs if not _is_installed(name)]
        if extra == "all":
            continue
        if not absent:
            yield Finding("extras", extra, "ok", ", ".join(needs))
        else:
            advice = f'Run: pip install "{_PROJECT}[{extra}]"'
            told = f"{', '.join(absent)} not installed. {advice}"
            yield Finding("extras", extra, "missing", told)


def _is_installed(name: str) -> bool:
    """Return whether a package is installed, or a build that replaces it."""
    others = {
        "xgboost-cpu": "xgboost",
        "opencv-python-headless": "opencv-python|opencv-contrib-python",
    }
    return installed_version(f"{name}|{others.get(name, name)}") is not None


def _check_models() -> Iterator[Finding]:
    from rakuten_bench.levers.stopwords.nltk import find_lists

    lists = next((place for place in find_lists() if Path(place).exists()), "")
    advice = "not found. Run: python -m nltk.downloader stopwords"
    state: State = "ok" if lists else "missing"
    yield Finding("models", "NLTK stop words", state, lists or advice)
    pipelines = sorted(
        entry.name for entry in importlib.metadata.entry_points(group="spacy_models")
    )
    state = "ok" if pipelines else "missing"
    told = ", ".join(pipelines) or "none installed (lemma_spacy needs one)"
    yield Finding("models", "spaCy pipelines", state, told)


def _check_machine() -> Iterator[Finding]:
    import psutil

    from rakuten_bench.cores import count_cores

    yield Finding("machine", "cores", "ok", str(count_cores()))
    memory = psutil.virtual_memory()
    state: State = "ok" if memory.available >= _LOW_MEMORY else "warning"
    free = f"{render_size(memory.available)} of {render_size(memory.total)} free"
    yield Finding("machine", "memory", state, free)
    yield Finding("machine", "processes", "ok", _name_start())
    yield _check_gpu()


def _name_start() -> str:
    """Return how worker processes can start here."""
    return "fork and spawn" if hasattr(os, "fork") else "spawn only"


def _check_gpu() -> Finding:
    from rakuten_bench.executor.device import find_gpu, find_obstacles

    gpu = find_gpu()
    if not gpu:
        return Finding("machine", "GPU", "missing", "none that CUDA can use")
    if installed_version("torch") is None:
        return Finding("machine", "GPU", "ok", f"{gpu}; torch is not installed")
    (obstacle,) = find_obstacles([("torch",)])
    state: State = "warning" if obstacle else "ok"
    return Finding("machine", "GPU", state, "; ".join(filter(None, (gpu, obstacle))))


def _check_folders(results: Path, cache: str | Path | None) -> Iterator[Finding]:
    from rakuten_bench.store.layout import default_cache, default_cache_size

    yield _check_folder("results", results)
    try:
        folder = Path(cache) if cache else default_cache()
        limit = f"limit {render_size(default_cache_size())}"
    except UserError as error:
        yield Finding("folders", "cache", "problem", str(error))
    else:
        yield _check_folder("cache", folder, limit)
    yield _check_folder("temporary", Path(tempfile.gettempdir()))


def _check_folder(name: str, folder: Path, more: str = "") -> Finding:
    """Return whether a folder can be written, and the space on its disk."""
    folder = folder.absolute()
    present = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(present).free
    facts = [f"{render_size(free)} free", *filter(None, [more])]
    if not folder.exists():
        facts.append("not made yet")
    state: State = "ok" if free >= _LOW_DISK else "warning"
    if not present.is_dir():
        state, facts = "problem", [f"{present} is not a folder"]
    elif not os.access(present, os.W_OK | os.X_OK):
        state, facts = "problem", [f"{present} can't be written"]
    return Finding("folders", name, state, f"{folder} ({', '.join(facts)})")


def _check_terminal() -> Iterator[Finding]:
    encoding = getattr(sys.stdout, "encoding", None) or "none"
    is_complete = False
    with contextlib.suppress(LookupError, UnicodeError):
        is_complete = bool("日é→".encode(encoding))
    state: State = "ok" if is_complete else "warning"
    told = encoding if is_complete else f"{encoding}: characters it lacks are escaped"
    yield Finding("terminal", "encoding", state, told)
