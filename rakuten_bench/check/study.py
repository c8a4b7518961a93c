"""Which scenario file of today is which of a baseline: told by its place.

A baseline calls a file by its name, or where several have that name by as much of its
path as tells them apart ("b/grid.yaml"), and keeps its path from the baseline, so that
both can be committed. A file that is gone from there may be found under another path.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import msgspec

from rakuten_bench import records
from rakuten_bench.check.baseline import ApprovedStudy, Baseline
from rakuten_bench.check.match import Today
from rakuten_bench.records import Attempt, StudyRun

_NOWHERE = "?/"  # in place of the folder of a file that only its name is known of


def identify(today: Today, results: Path, baseline: Baseline, folder: Path) -> Today:
    """Call the scenario files of today as a baseline does.

    Parameters
    ----------
    today : Today
        Its runs have the plain names of their files.
    results : Path
        Folder of all boards.
    baseline : Baseline
    folder : Path
        Of the baseline.

    Returns
    -------
    Today
        With the names of the baseline; new names where it does not know a file. Its
        `unfinished` are the runs there that have not ended.
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
    """Where scenario files are, as absolute paths with "/"; nothing is read there."""

    def __init__(self, results: Path, folder: Path) -> None:
        self._results = Path(os.path.realpath(results))
        self._folder = Path(os.path.realpath(folder))

    def of(self, one: StudyRun | Attempt) -> str:
        """Return the place of the file of a run; a stand-in where it has none."""
        place = one.place if isinstance(one, StudyRun) else one.path
        return _normal(self._results / place) if place else f"{_NOWHERE}{one.study}"

    def from_baseline(self, run: StudyRun) -> str:
        """Return the path of a file from the baseline; "" where nothing is shared."""
        place = self.of(run)
        try:
            shared = os.path.commonpath([place, self._folder])
        except ValueError:  # on another drive, or no place at all
            return ""
        if Path(shared) == Path(self._folder.anchor):
            return ""
        return Path(os.path.relpath(place, self._folder)).as_posix()


def _normal(path: Path) -> str:
    return Path(os.path.normpath(path)).as_posix()


def _name_all(
    files: Mapping[str, str], baseline: Baseline, folder: Path
) -> dict[str, str]:
    """Return the name of each file by its place.

    Parameters
    ----------
    files : mapping of str to str
        Place -> plain name.
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


def _find_moved(
    study: str, places: Collection[str], known: Iterable[str]
) -> str | None:
    """Return the one place where a file that is gone can be by now; None if unclear."""
    tail = [place for place in places if f"/{place}".endswith(f"/{study}")]
    alike = [place for place in places if _plain(place) == _plain(study)]
    namesakes = [one for one in known if _plain(one) == _plain(study)]
    found = alike if len(namesakes) == 1 else tail
    return found[0] if len(found) == 1 else None


def _plain(name: str) -> str:
    return name.rpartition("/")[2]


def _choose_name(
    place: str, plain: str, taken: Collection[str], *, is_alone: bool
) -> str:
    """Return the shortest name that tells a file from all others."""
    names = list(_iter_tails(place))
    if is_alone or place.startswith(_NOWHERE):
        names.insert(0, plain)
    return next((name for name in names if name not in taken), place)


def _iter_tails(place: str) -> Iterator[str]:
    parts: Sequence[str] = PurePosixPath(place).parts
    for count in range(2, len(parts)):
        yield "/".join(parts[-count:])


def _say_unfinished(path: Path, attempt: Attempt) -> str:
    """Say what became of the last run of a file, and what to do."""
    what = "has not ended: it goes on still, or was stopped."
    if attempt.refused:
        end = "" if attempt.refused.endswith((".", "?", "!")) else "."
        what = f"was refused: {attempt.refused}{end}"
    return f"its last run {what} Run it again, or remove {path} if it does not count"
