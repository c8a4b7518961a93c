"""Any CSV or Parquet file, described in the scenario file itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.data.build import assemble, read_csv
from rakuten_bench.data.image import Share
from rakuten_bench.data.spec import Place, dataset
from rakuten_bench.errors import Problems, UserError, unknown
from rakuten_bench.types import Dataset

if TYPE_CHECKING:
    import pandas as pd


@dataset("table")
def table(  # noqa: PLR0913  (one argument per column that a user may name)
    place: Place,
    *,
    path: str,
    label: str,
    title: str = "",
    description: str = "",
    image: str = "",
    image_folder: str = "",
    group: str = "",
    language: str = "",
    id: str = "",
    name: str = "",
    max_missing_images: Share = 0.5,
) -> Dataset:
    """Read any CSV or Parquet file with a label and a text or an image column.

    Parameters
    ----------
    path : str
        The file, relative to the scenario file.
    label, title, description, image, group, language, id : str
        Names of columns; `path`, `label` and a text or image column are required.
    image_folder : str
        Where the files named in the image column are, relative to the scenario file.
    name : str
        Names the board; the file's own name where "".
    max_missing_images : float
        The share of rows that may lack an image in a run that reads images.

    Raises
    ------
    UserError
        If the file is absent, empty or unreadable, a column is missing, or rows have
        no label.
    """
    file = place.relative_to / Path(path).expanduser()
    columns = {
        "title": title,
        "description": description,
        "label": label,
        "image_path": image,
        "group": group,
        "language": language,
        "id": id,
    }
    frame, note = read_table(file)
    check_columns(file, frame, columns)
    folder = place.relative_to / Path(image_folder).expanduser()
    named = {ours: frame[theirs] for ours, theirs in columns.items() if theirs}
    return assemble(
        name or file.stem,
        named,
        subject=str(file),
        image_folder=folder if image else None,
        max_missing_images=max_missing_images,
        cache=place.store,
        about=f"{file.name}, {len(frame):,} rows.{note}",
    )


def read_table(file: Path) -> tuple[pd.DataFrame, str]:
    """Read a file by its ending; return it with a note on its encoding.

    Raises
    ------
    UserError
        If it is absent, empty, or no table.
    """
    if not file.is_file():
        message = f"{file}: no such file. Check its path."
        raise UserError(message)
    if file.suffix.lower() in {".parquet", ".pq"}:
        return _read_parquet(file), ""
    return read_csv(file, separator=guess_separator(file))


def guess_separator(file: Path) -> str:
    """Return what cuts the header: a comma, a semicolon (Excel in Europe) or a tab."""
    with file.open("rb") as lines:
        header = lines.readline()
    return max(",;\t", key=lambda mark: header.count(mark.encode()))


def _read_parquet(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(file)
    except ImportError:
        message = (
            f"{file}: reading Parquet needs the package 'pyarrow'. "
            f'Run: pip install "rakuten-bench[parquet]"'
        )
        raise UserError(message) from None
    except (OSError, ValueError) as error:
        message = f"{file}: not readable as Parquet: {error}"
        raise UserError(message) from None


def check_columns(file: Path, frame: pd.DataFrame, columns: Mapping[str, str]) -> None:
    """Say everything that is wrong with the columns at once.

    Raises
    ------
    Problems
        If the table has no rows, lacks a column, or no text or image column is named.
    """
    problems = []
    if not len(frame):
        problems.append(f"{file}: the table has no rows.")
    if not any(columns[ours] for ours in ("title", "description", "image_path")):
        problems.append(
            f"{file}: nothing to classify by. Name a column as `title`, "
            f"`description` or `image`."
        )
    problems.extend(
        f"{file}: {unknown('column', theirs, frame.columns)}"
        for theirs in columns.values()
        if theirs and theirs not in frame.columns
    )
    if problems:
        raise Problems(problems)
