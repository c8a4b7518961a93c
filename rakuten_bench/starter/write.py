"""Look at data and write a scenario file for them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rakuten_bench.activity import announce
from rakuten_bench.data import DatasetSpec, load_dataset
from rakuten_bench.data.openmoji import LANGUAGES
from rakuten_bench.data.reading import read_table
from rakuten_bench.errors import UserError
from rakuten_bench.identify import explain_wrong_file, identify
from rakuten_bench.starter.choice import choose
from rakuten_bench.starter.column import ROLES, guess_columns
from rakuten_bench.starter.document import render_document
from rakuten_bench.starter.survey import Survey, survey
from rakuten_bench.types import Params

#: Of the embedded data, which need not be drawn to write a file for them.
_EMBEDDED = Survey(
    n_rows=1_898,
    n_classes=9,
    languages=tuple(LANGUAGES)[:2],
    has_language=True,
    has_title=True,
    has_image=True,
)


@dataclass(frozen=True)
class Draft:
    """A scenario file that is not yet written.

    Attributes
    ----------
    dataset : str
        Name of the data set.
    params : mapping of str to Any
        Its parameters: files and columns.
    guessed : tuple of str
        Parameters that were not named by the user.
    survey : Survey
    text : str
        Content of the file.
    """

    dataset: str
    params: Params
    guessed: tuple[str, ...]
    survey: Survey
    text: str


def draft_embedded() -> Draft:
    """Return a scenario file for the embedded data."""
    text = render_document(
        "Text, pictures and both on openmoji", "openmoji", choose(_EMBEDDED)
    )
    return Draft("openmoji", {}, (), _EMBEDDED, text)


def draft(
    source: Path,
    target: Path,
    given: Mapping[str, str],
    image_folder: Path | None = None,
    cache: Path | None = None,
) -> Draft:
    """Look at a table or a folder of images and return a scenario file for it.

    Parameters
    ----------
    source : Path
    target : Path
        The file to be written, which paths in it are relative to.
    given : mapping of str to str
        Role -> column, as named by the user; "" for none.
    image_folder : Path, optional
        Folder of the files that the image column names.
    cache : Path, optional
        Folder for cached values.

    Raises
    ------
    UserError
        If it is neither, can't be read, or the label is not certain.
    """
    if source.is_dir():
        _refuse_columns(source, given, image_folder)
        name, params, note = "image_folder", _check_folder(source, target), ""
    else:
        name = "table"
        params, note = _describe_table(source, target, given, image_folder)
    files = {key: _locate(params[key], target) for key in _FILES if key in params}
    dataset = load_dataset(DatasetSpec(name, {**params, **files}), cache=cache)
    found = survey(dataset, cache)
    found = replace(found, warnings=(*filter(None, [note]), *found.warnings))
    text = render_document(
        f"First scenarios on {source.name}",
        {name: params},
        choose(found),
        found.warnings,
    )
    may_be_given = (*ROLES, *(() if image_folder else ("image_folder",)))
    guessed = tuple(key for key in params if key in may_be_given and key not in given)
    return Draft(name, params, guessed, found, text)


def _refuse_columns(
    source: Path, given: Mapping[str, str], image_folder: Path | None
) -> None:
    if given or image_folder:
        message = (
            f"{source}: a folder has no columns; the folders in it are the classes. Give "
            f"no columns, or the table that names the images, with --images {source}."
        )
        raise UserError(message)


def _check_folder(source: Path, target: Path) -> dict[str, Any]:
    if message := explain_wrong_file(source, "images"):
        raise UserError(message)
    if identify(source) != "images":
        message = (
            f"{source}: has no images. Name a table, or a folder with one folder of images "
            f"for each class."
        )
        raise UserError(message)
    return {"path": _relative(source, target)}


def _describe_table(
    source: Path, target: Path, given: Mapping[str, str], image_folder: Path | None
) -> tuple[dict[str, Any], str]:
    """Return the parameters of the data set `table`, and a note on absent images."""
    announce("reading %s", source.name)
    named = [column for column in given.values() if column]
    frame = read_table(source, named).frame
    columns = guess_columns(source, frame, given, image_folder)
    params: dict[str, Any] = {"path": _relative(source, target), **columns}
    if "image" in columns:
        folder = image_folder or _find_image_folder(source, frame[columns["image"]])
        params["image_folder"] = _relative(folder, target)
        if "image" not in given and not _count_images(folder, frame[columns["image"]]):
            del params["image"], params["image_folder"]
            return params, (
                f"column '{columns['image']}' names images that are not in {folder}: not "
                f"used. Name their folder with --images DIR."
            )
    elif image_folder:
        message = (
            f"{source}: no column names files of {image_folder}. Name the one that does "
            f"with --image."
        )
        raise UserError(message)
    return params, ""


def _find_image_folder(source: Path, names: Any) -> Path:
    """Return the folder beside a table that has its first images; else the table's own."""
    folders = [source.parent, *sorted(p for p in source.parent.iterdir() if p.is_dir())]
    return max(folders, key=lambda folder: _count_images(folder, names))


def _count_images(folder: Path, names: Any) -> int:
    """Return how many of the first images of a column are in a folder."""
    return sum((folder / name).is_file() for name in names.head(_TRIED) if name)


_TRIED = 20  # image names that are looked up in folders


_FILES = ("path", "image_folder")  # parameters that name files


def _locate(path: str, target: Path) -> str:
    """Return a path that is relative to a file; the file's folder may not yet exist."""
    return os.path.normpath(target.parent.absolute() / path)


def _relative(path: Path, target: Path) -> str:
    """Return a path relative to a file, with slashes; absolute on another drive."""
    try:
        return Path(os.path.relpath(path, target.parent)).as_posix()
    except ValueError:
        return path.resolve().as_posix()
