"""Any CSV, JSON Lines or Parquet file, described in the scenario file itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rakuten_bench.data.build import assemble
from rakuten_bench.data.image import Share
from rakuten_bench.data.reading import Reading, read_table
from rakuten_bench.data.spec import Place, dataset
from rakuten_bench.errors import Problems, unknown
from rakuten_bench.types import Dataset, Layout


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
    """Read any CSV, JSON Lines or Parquet file with a label and a text or image column.

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
    folder = place.relative_to / Path(image_folder).expanduser()
    reading = read_table(file, [theirs for theirs in columns.values() if theirs])
    frame = reading.frame
    check_columns(file, reading, columns)
    named = {ours: frame[theirs] for ours, theirs in columns.items() if theirs}
    return assemble(
        name or file.stem,
        named,
        subject=str(file),
        image_folder=folder if image else None,
        max_missing_images=max_missing_images,
        cache=place.store,
        about=f"{file.name}, {len(frame):,} rows.",
        remarks=tuple(map(str, reading.remarks)),
        layout=Layout({ours: theirs for ours, theirs in columns.items() if theirs}),
    )


def check_columns(file: Path, reading: Reading, columns: Mapping[str, str]) -> None:
    """Say everything that is wrong with the columns at once.

    Raises
    ------
    Problems
        If the table has no rows, lacks a column, no text or image column is named, or
        lists are given where one value is needed.
    """
    frame = reading.frame
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
    problems.extend(
        f"{file}: column '{theirs}' holds lists. Only texts may be lists; as {ours} "
        f"give one value for each row."
        for ours, theirs in columns.items()
        if theirs in reading.joined and ours not in ("title", "description")
    )
    if problems:
        raise Problems(problems)
