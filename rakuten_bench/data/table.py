"""A CSV, JSON Lines or Parquet file described in the scenario file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rakuten_bench.activity import announce
from rakuten_bench.data.build import Cleaning, assemble, refuse_no_inputs
from rakuten_bench.data.given import read_sides
from rakuten_bench.data.image import Share
from rakuten_bench.data.label import LabelRules
from rakuten_bench.data.reading import Reading, Remark, read_table
from rakuten_bench.data.spec import DataPaths, dataset, expand_home
from rakuten_bench.errors import Problems, unknown
from rakuten_bench.types import Dataset, Layout, Params
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd


def find_file_problems(params: Params) -> Iterator[str]:
    """Yield errors in the parameters that name files."""
    path, train, test, side = (
        bool(params.get(name)) for name in ("path", "train", "test", "side")
    )
    if not path and not train and not test:
        yield (
            "table needs the parameter 'path', which is missing; or both 'train' and "
            "'test'."
        )
    elif path == (train or test) or train != test or (train and side):
        yield (
            "table: name one file as `path`, optionally with a column as `side`, or two "
            "files as `train` and `test`."
        )


@dataset("table", check=find_file_problems)
def table(  # noqa: PLR0913  (one argument per column that a user may name)
    paths: DataPaths,
    *,
    path: str = "",
    train: str = "",
    test: str = "",
    label: str,
    title: str = "",
    description: str = "",
    image: str = "",
    image_folder: str = "",
    group: str = "",
    language: str = "",
    id: str = "",
    side: str = "",
    name: str = "",
    missing: list[str] | None = None,
    labels: LabelRules | None = None,
    max_missing_images: Share = 0.5,
) -> Dataset:
    """Read any CSV, JSON Lines or Parquet file with a label and a text or image column.

    Parameters
    ----------
    path : str
        The file, relative to the scenario file.
    train, test : str
        Two files instead of `path`: training rows and test rows.
    label, title, description, image, group, language, id : str
        Names of columns; `label` and a text or image column are required.
    side : str
        Name of a column with 'train', 'test' or 'validation' for each row.
    image_folder : str
        Folder of the files in the image column, relative to the scenario file.
    name : str
        Name of the board; if "", the name of the file, or of both.
    missing : list of str, or None
        Texts that count as missing instead of the default ones ("N/A", "null", "-",
        "no description", ...); none if empty.
    labels : LabelRules or None
        `normalize: true` merges classes that differ only by case, whitespace,
        invisible characters, Unicode form or ".0".
    max_missing_images : float
        The share of rows that may lack an image in a run that reads images.

    Raises
    ------
    UserError
        If the file is missing, empty or unreadable, a column is missing, or rows have
        no label.
    """
    columns = {
        "title": title,
        "description": description,
        "label": label,
        "image_path": image,
        "group": group,
        "language": language,
        "id": id,
        "side": side,
    }
    files = {"": path} if path else {"train": train, "test": test}
    parts = read_parts(
        {part: paths.relative_to / expand_home(file) for part, file in files.items()},
        columns,
    )
    folder = paths.relative_to / expand_home(image_folder)
    named = {field: column for field, column in columns.items() if column}
    named.pop("side", None)
    return _assemble_parts(
        name or "+".join(part.file.stem for part in parts),
        parts,
        image_folder=folder if image else None,
        max_missing_images=max_missing_images,
        cache=paths.store,
        cleaning=Cleaning(missing, labels or LabelRules()),
        sides=join_sides(parts, side),
        layout=Layout(named),
    )


def _assemble_parts(name: str, parts: Sequence[Part], **described: Any) -> Dataset:
    """Build a data set from its files, as `assemble`."""
    joined = join_parts(parts)
    subject = " and ".join(str(part.file) for part in parts)
    loaded = assemble(
        name,
        joined,
        subject=subject,
        about="; ".join(part.about for part in parts),
        remarks=tuple(str(remark) for part in parts for remark in part.remarks),
        **described,
    )
    refuse_no_inputs(loaded.frame, subject, joined)
    return loaded


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a data set: its columns by our names, of n_rows each."""

    side: str
    file: Path
    columns: Mapping[str, pd.Series]
    n_rows: int
    remarks: tuple[Remark, ...]

    @property
    def about(self) -> str:
        """File name and number of rows."""
        row = f"{self.side} row".strip()
        return f"{self.file.name}, {number(self.n_rows, row)}."


def read_parts(files: Mapping[str, Path], columns: Mapping[str, str]) -> list[Part]:
    """Read the files of a data set and check the columns of each.

    Raises
    ------
    Problems
        All errors in the columns of all files.
    """
    used = [column for column in columns.values() if column]
    parts, problems = [], []
    for side, file in files.items():
        announce("reading %s", file.name)
        reading = read_table(file, used)
        problems += find_problems(file, reading, columns, side)
        named = {
            field: reading.frame[column]
            for field, column in columns.items()
            if column in reading.frame.columns
        }
        parts.append(Part(side, file, named, len(reading.frame), reading.remarks))
    if problems:
        raise Problems(problems)
    return parts


def join_parts(parts: Sequence[Part]) -> dict[str, pd.Series]:
    """Return the columns of all files, concatenated.

    Rows without an id are numbered separately in each of two files.
    """
    import pandas as pd

    joined = {
        field: pd.concat([part.columns[field] for part in parts], ignore_index=True)
        for field in parts[0].columns
        if field != "side"
    }
    if len(parts) > 1 and "id" not in joined:
        numbered = [
            f"{part.side}-{row}" for part in parts for row in range(part.n_rows)
        ]
        joined["id"] = pd.Series(numbered)
    return joined


def join_sides(parts: Sequence[Part], column: str) -> tuple[str, ...]:
    """Return the side of each row, from its file or a column; empty if neither."""
    if column:
        [part] = parts
        return read_sides(part.columns["side"].tolist(), str(part.file), column)
    return tuple(part.side for part in parts if part.side for _ in range(part.n_rows))


def find_problems(
    file: Path, reading: Reading, columns: Mapping[str, str], side: str
) -> list[str]:
    """Return errors in a file: its columns, or a test set without labels."""
    try:
        check_columns(file, reading, columns)
    except Problems as problems:
        messages = [str(problem) for problem in problems.problems]
    else:
        messages = []
    label = columns["label"]
    labels = reading.frame[label] if label in reading.frame.columns else None
    if side == "test" and (labels is None or not labels.str.strip().any()):
        messages = [text for text in messages if f"'{label}'" not in text]
        messages.append(
            f"{file}: the test file has no label column '{label}', so nothing can be "
            f"scored. Name the file with labels as `path`, split it, and use "
            f"`rakuten-bench predict` for this one."
        )
    return messages


def check_columns(file: Path, reading: Reading, columns: Mapping[str, str]) -> None:
    """Report all errors in the columns at once.

    Raises
    ------
    Problems
        If the table has no rows, lacks a column, no text or image column is named, the
        label column is also an input, or a column has lists instead of single values.
    """
    frame = reading.frame
    problems = []
    if not len(frame):
        problems.append(f"{file}: the table has no rows.")
    if not any(columns[field] for field in ("title", "description", "image_path")):
        problems.append(
            f"{file}: no text or image column. Name a column as `title`, "
            f"`description` or `image`."
        )
    problems.extend(
        f"{file}: column '{column}' is named as label and as {field}, which leaks the "
        f"label. Name another column as {field}."
        for field, column in columns.items()
        if field not in ("label", "id") and column == columns["label"]
    )
    problems.extend(
        f"{file}: {_unknown_column(column, frame.columns)}"
        for column in columns.values()
        if column and column not in frame.columns
    )
    problems.extend(
        f"{file}: column '{column}' contains lists. Only texts may be lists; {field} "
        f"needs a single value in each row."
        for field, column in columns.items()
        if column in reading.joined and field not in ("title", "description")
    )
    if problems:
        raise Problems(problems)


def _unknown_column(name: str, known: Sequence[str]) -> str:
    """Return an error for a missing column; a file with one column may not be a table."""
    if len(known) > 1:
        return unknown("column", name, known)
    return f"unknown column '{name}'. The file has one column only: is it a table?"
