"""Start: write a scenario file for data, or copy one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rakuten_bench.data import DATASETS
from rakuten_bench.engine.prepare import check_packages
from rakuten_bench.errors import MissingPackage, Problems, UserError
from rakuten_bench.interface.writing import write_file
from rakuten_bench.scenario.load import StudySpec, load_study
from rakuten_bench.starter.example import Example, copy_example, iter_examples
from rakuten_bench.starter.write import Draft, draft, draft_embedded
from rakuten_bench.store.layout import default_cache
from rakuten_bench.wording.words import clean, number

__all__ = ["Example", "Written", "copy_example", "describe", "init", "iter_examples"]

_EMBEDDED_FILE = "openmoji.yaml"


@dataclass(frozen=True)
class Written:
    """A scenario file that `init` has written.

    Attributes
    ----------
    path : Path
    draft : Draft
        What was found in the data.
    n_scenarios : int
    missing : tuple of str
        Packages that it needs and that are not installed, with the pip command.
    """

    path: Path
    draft: Draft
    n_scenarios: int
    missing: tuple[str, ...] = ()

    @property
    def guessed(self) -> dict[str, str]:
        """Parameters of the data set that were guessed: role -> column."""
        return {key: str(self.draft.params[key]) for key in self.draft.guessed}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may spoil a benchmark of these data."""
        return self.draft.survey.warnings


def init(
    source: str | Path | None = None,
    path: str | Path | None = None,
    *,
    images: str | Path | None = None,
    force: bool = False,
    cache: str | Path | None = None,
    **columns: str | None,
) -> Written:
    """Look at a table or a folder of images, and write a scenario file for it.

    Parameters
    ----------
    source : str or Path, optional
        A table; or a folder with one folder of images for each class. By default the
        embedded data.
    path : str or Path, optional
        The file to write; by default named as the source, in the working folder.
    images : str or Path, optional
        Folder of the files that the image column of a table names.
    force : bool
        Replace an existing file.
    cache : str or Path, optional
        Folder for cached values; by default the user's.
    **columns
        `label`, `title`, `description`, `image`, `id`, `language`, `group` and `side`:
        names of columns, "" for none; by default guessed.

    Raises
    ------
    UserError
        If the source is neither, a column is unknown, the label is not certain, or the
        file exists.

    Examples
    --------
    >>> import rakuten_bench as rb
    >>> rb.init("shop.csv", label="category").path  # doctest: +SKIP
    PosixPath('shop.yaml')
    """
    target = Path(path) if path else _choose_target(source)
    if source is not None and target.exists() and target.samefile(source):
        message = f"{target}: is the table itself. Name another file with -o."
        raise UserError(message)
    if target.exists() and not force:
        message = f"{target}: exists. Name another file with -o, or replace it: --force"
        raise UserError(message)
    if source is None:
        found = draft_embedded()
    else:
        given = {role: name for role, name in columns.items() if name is not None}
        folder = Path(images) if images else None
        kept = Path(cache) if cache else default_cache()
        found = draft(Path(source), target, given, folder, kept)
    write_file(target, found.text)
    study = load_study(target)
    return Written(target, found, len(study.scenarios), _find_missing(study))


def _find_missing(study: StudySpec) -> tuple[str, ...]:
    """Return which packages a study needs that are not installed, with the pip command."""
    found: list[str] = []
    for check in (
        DATASETS.find(study.dataset.name).versions,
        partial(check_packages, study.scenarios),
    ):
        try:
            check()
        except MissingPackage as error:
            found.append(str(error))
        except Problems as error:
            found += error.problems
    return tuple(found)


def _choose_target(source: str | Path | None) -> Path:
    if source is None:
        return Path(_EMBEDDED_FILE)
    name = Path(source).resolve().name
    stem = name.partition(".")[0] if not Path(source).is_dir() else name
    return Path(f"{stem or 'scenarios'}.yaml")


def describe(written: Written) -> Iterator[str]:
    """Yield lines on what was found and guessed, and on what to do next."""
    found = written.draft
    about = [
        number(found.survey.n_rows, "row"),
        number(found.survey.n_classes, "class", "classes"),
    ]
    if found.survey.languages:
        about.append(f"languages: {', '.join(found.survey.languages)}")
    yield f"{found.params.get('path', found.dataset)}: {', '.join(about)}"
    for key, value in found.params.items():
        if key != "path":
            origin = "guessed" if key in found.guessed else "given"
            yield f"  {key:<13}{clean(str(value))}  ({origin})"
    if found.guessed:
        yield (
            "To change a guess, edit the file, or name the column: --title COLUMN, '' for "
            "none."
        )
    notes = (*written.warnings, *written.missing)
    yield from (f"note: {clean(note)}" for note in notes)
    yield f"{written.path}: {number(written.n_scenarios, 'scenario')}. Next:"
    yield f"  rakuten-bench run {shlex.quote(str(written.path))}"
