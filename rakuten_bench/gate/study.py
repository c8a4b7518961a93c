"""Match current scenario files with those of a baseline, by path.

A baseline identifies a file by its name, or if several have that name, by the shortest
unique tail of its path ("b/grid.yaml"). It stores the path relative to the baseline, so
that both can be committed. A missing file may be matched under another path.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import msgspec

from rakuten_bench import records
from rakuten_bench.gate.baseline import ApprovedStudy, Baseline
from rakuten_bench.gate.match import Today
from rakuten_bench.records import Attempt, StudyRun

_NOWHERE = "?/"  # stands for the folder of a file with unknown path


def identify(today: Today, results: Path, baseline: Baseline, folder: Path) -> Today:
    """Rename the current scenario files to their names in a baseline.

    Parameters
    ----------
    today : Today
        With the plain names of the files.
    results : Path
        Folder of all boards.
    baseline : Baseline
    folder : Path
        Of the baseline.

    Returns
    -------
    Today
        With the names of the baseline, or new names for unknown files, and with
        `unfinished` filled in.
    """
    attempts = [] if today.is_named else list(records.iter_attempts(results))
    places = _Places(results, folder)
    everyone: list[StudyRun | Attempt] = [*today.runs, *(one for _, one in attempts)]
    names = _name_all({places.of(one): one.study for one in everyone}, baseline, folder)
    runs = tuple(
        msgspec.structs.replace(run, study=names[places.of(run)]) for run in today.runs
    )
    unfinished = tuple(
        (names[places.of(attempt)], _say_unfinished(path, attempt))
        for path, attempt in attempts
    )
    paths = {names[places.of(run)]: places.from_baseline(run) for run in today.runs}
    return replace(today, runs=runs, unfinished=unfinished, paths=paths)


class _Places:
    """Absolute paths of scenario files, with "/"; the files are not read."""

    def __init__(self, results: Path, folder: Path) -> None:
        self._results = Path(os.path.realpath(results))
        self._folder = Path(os.path.realpath(folder))

    def of(self, one: StudyRun | Attempt) -> str:
        """Return the path of a run's file; a placeholder if it is unknown."""
        place = one.place if isinstance(one, StudyRun) else one.path
        return _normal(self._results / place) if place else f"{_NOWHERE}{one.study}"

    def from_baseline(self, run: StudyRun) -> str:
        """Return a file's path relative to the baseline; "" without a common folder."""
        place = self.of(run)
        try:
            shared = os.path.commonpath([place, self._folder])
        except ValueError:  # on another drive, or unknown
            return ""
        if Path(shared) == Path(self._folder.anchor):
            return ""
        return Path(os.path.relpath(place, self._folder)).as_posix()


def _normal(path: Path) -> str:
    return Path(os.path.normpath(path)).as_posix()


def _name_all(
    files: Mapping[str, str], baseline: Baseline, folder: Path
) -> dict[str, str]:
    """Return the name of each file by its path.

    Parameters
    ----------
    files : mapping of str to str
        Path -> plain name.
    baseline : Baseline
    folder : Path
        Of the baseline.
    """
    known = {
        known.study: _place_of(baseline.studies.get(known.study), folder)
        for known in baseline.iter_known()
    }
    names = {place: study for study, place in known.items() if place in files}
    for study, place in sorted(known.items()):
        if study not in names.values() and not (place and Path(place).exists()):
            moved = _find_moved(study, files.keys() - names.keys(), known)
            names |= {} if moved is None else {moved: study}
    taken = {*known, *names.values()}
    for place, plain in sorted(files.items()):
        if place not in names:
            alike = [one for one in files.values() if one == plain]
            names[place] = _choose_name(place, plain, taken, is_alone=len(alike) == 1)
            taken.add(names[place])
    return names


def _place_of(study: ApprovedStudy | None, folder: Path) -> str:
    return (
        _normal(Path(os.path.realpath(folder)) / study.path)
        if study and study.path
        else ""
    )


def _find_moved(study: str, paths: Collection[str], known: Iterable[str]) -> str | None:
    """Return the new path of a missing file; None if there is not exactly one."""
    same_tail = [path for path in paths if f"/{path}".endswith(f"/{study}")]
    same_name = [path for path in paths if _plain(path) == _plain(study)]
    namesakes = [name for name in known if _plain(name) == _plain(study)]
    candidates = same_name if len(namesakes) == 1 else same_tail
    return candidates[0] if len(candidates) == 1 else None


def _plain(name: str) -> str:
    return name.rpartition("/")[2]


def _choose_name(
    path: str, plain: str, taken: Collection[str], *, is_alone: bool
) -> str:
    """Return the shortest name that is not taken."""
    names = list(_iter_tails(path))
    if is_alone or path.startswith(_NOWHERE):
        names.insert(0, plain)
    return next((name for name in names if name not in taken), path)


def _iter_tails(path: str) -> Iterator[str]:
    parts: Sequence[str] = PurePosixPath(path).parts
    for count in range(2, len(parts)):
        yield "/".join(parts[-count:])


def _say_unfinished(path: Path, attempt: Attempt) -> str:
    """Return the state of a file's last run, and the remedy."""
    what = "has not finished: it is still running, or was stopped."
    if attempt.refused:
        end = "" if attempt.refused.endswith((".", "?", "!")) else "."
        what = f"was refused: {attempt.refused}{end}"
    return f"its last run {what} Run it again, or remove {path} to ignore that run"
