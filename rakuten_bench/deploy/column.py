"""Select the columns of a user's table that a model reads, and its row ids."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rakuten_bench.data.build import clear_missing
from rakuten_bench.data.image import locate_images
from rakuten_bench.data.image_hint import find_hint
from rakuten_bench.data.language import normalize_languages
from rakuten_bench.data.layout import name_fields, name_images
from rakuten_bench.data.reading import Reading
from rakuten_bench.data.spelling import compose
from rakuten_bench.deploy.card import Card
from rakuten_bench.errors import Notice, Problems, UserError, unknown
from rakuten_bench.image.read import find_file

if TYPE_CHECKING:
    import pandas as pd

    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer

    Model: TypeAlias = ScenarioClassifier | ScenarioClusterer

#: Names of the columns in messages, and the option that sets each.
_NOUNS = {
    "id": ("row id", "--id"),
    "title": ("title", "--title"),
    "description": ("description", "--description"),
    "language": ("language", "--language"),
    "image_path": ("image file", "--image"),
}
#: Names of an index column: of an unnamed column when read, and as pandas writes it to
#: Parquet.
_INDEXES = ("Unnamed: 0", "__index_level_0__")


def used_columns(
    model: Model, card: Card, named: Mapping[str, str], table: Path
) -> dict[str, tuple[str, ...]]:
    """Return the columns that a model reads: our column -> the table's columns.

    Parameters
    ----------
    model : ScenarioClassifier or ScenarioClusterer
    card : Card
    named : mapping of str to str
        Our column -> column of the table, if given by the user.
    table : Path

    Raises
    ------
    Problems
        If a given column is not read by the model.
    """
    read = [name for name in model.columns_ if name not in card.constants]
    problems = [
        f"{table}: {_NOUNS[field][1]} {column}: the model does not read a "
        f"{_NOUNS[field][0]}. It reads: {_listed(read)}."
        for field, column in named.items()
        if field not in read and field != "id"
    ]
    if problems:
        raise Problems(problems)
    return {field: _source_columns(field, card, named) for field in read}


def _listed(read: list[str]) -> str:
    return ", ".join(_NOUNS[field][0] for field in read)


def _source_columns(
    field: str, card: Card, named: Mapping[str, str]
) -> tuple[str, ...]:
    if field == "image_path" and card.image_name and field not in named:
        return name_fields(card.image_name)
    return (named.get(field) or card.columns.get(field, field),)


def find_id_column(frame: pd.DataFrame, card: Card, named: str, table: Path) -> str:
    """Return the column with the row ids; "" if there is none.

    The column given by the user, else that of the training table, else `id`, else the
    table's index: an unnamed first column.

    Raises
    ------
    UserError
        If the given column is missing.
    """
    if named:
        if named not in frame:
            message = f"{table}: {unknown('column', named, frame.columns)}"
            raise UserError(message)
        return named
    index = [name for name in _INDEXES if name in frame]
    index = [name for name in index if name != _INDEXES[0] or frame.columns[0] == name]
    known = [name for name in (card.id_column, "id") if name and name in frame]
    return next(iter([*known, *index]), "")


def take_rows(
    reading: Reading,
    used: Mapping[str, tuple[str, ...]],
    card: Card,
    table: Path,
    image_folder: Path | None,
) -> pd.DataFrame:
    """Return the columns that a model reads, renamed to ours.

    Raises
    ------
    Problems
        If a column is missing, or has lists instead of single values.
    UserError
        If the table has no rows, or none of its images exists.
    """
    import pandas as pd

    frame = reading.frame
    problems = [*_missing(frame, used, table), *_lists(reading, used, table)]
    if problems:
        raise Problems(problems)
    if frame.empty:
        message = f"{table}: the table has no rows."
        raise UserError(message)
    taken = {field: frame[sources[0]] for field, sources in used.items()}
    if used.get("image_path") == name_fields(card.image_name):
        taken["image_path"] = name_images(card.image_name, frame)
    rows = pd.DataFrame(card.constants | taken, index=frame.index)
    _clean_values(rows, card, table)
    if "image_path" in used:
        names = rows["image_path"].tolist()
        rows["image_path"] = find_images(names, card, table, image_folder)
    if "language" in used:
        rows["language"] = normalize_languages(rows["language"], str(table))
    return rows


def _clean_values(rows: pd.DataFrame, card: Card, table: Path) -> None:
    """Normalize texts and clear missing-value markers, as in training."""
    for name in {"title", "description"}.intersection(rows):
        rows[name] = rows[name].map(compose)
    for remark in clear_missing(rows, str(table), card.missing):
        warnings.warn(remark, Notice, stacklevel=2)


def _missing(
    frame: pd.DataFrame, used: Mapping[str, tuple[str, ...]], table: Path
) -> Iterator[str]:
    for field, sources in used.items():
        noun, option = _NOUNS[field]
        for column in sources:
            if column not in frame:
                yield (
                    f"{table}: {unknown('column', column, frame.columns)} The model "
                    f"reads it as {noun}; choose another column with {option}."
                )


def _lists(
    reading: Reading, used: Mapping[str, tuple[str, ...]], table: Path
) -> Iterator[str]:
    for field, sources in used.items():
        for column in reading.joined.intersection(sources):
            if field not in ("title", "description"):
                yield (
                    f"{table}: column '{column}' has lists. The {_NOUNS[field][0]} must "
                    f"be a single value for each row."
                )


def find_images(
    names: list[str], card: Card, table: Path, folder: Path | None
) -> list[str]:
    """Return the paths of the images of a table; "" for a row without one.

    Relative names refer to the folder given by the user, else to that of the training
    images, else to that of the table.

    Raises
    ------
    UserError
        If the folder is missing, or none of the images exists.
    """
    if all(os.path.isabs(name) for name in names if name):  # noqa: PTH117  (speed)
        folder = None
    else:
        folder = _image_folder(card, table, folder)
    paths = locate_images(names, folder)
    named = [path for path in paths if path]
    if named and all(map(find_file, named)):
        hint = find_hint([name for name in names if name], folder or Path())
        message = (
            f"{table}: none of its {len(named):,} images was found, such as "
            f"'{named[0]}'.{hint and ' '}{hint} Correct the table, or pass the folder of "
            f"its images with --image-folder."
        )
        raise UserError(message)
    return paths


def _image_folder(card: Card, table: Path, named: Path | None) -> Path:
    folder = named or (Path(card.image_folder) if card.image_folder else table.parent)
    if folder.is_dir():
        return folder
    if named:
        message = f"{named}: image folder not found. Check --image-folder."
    else:
        message = (
            f"{table}: the folder of the training images, '{folder}', was not found. "
            f"Pass the folder of the table's images with --image-folder."
        )
    raise UserError(message)
