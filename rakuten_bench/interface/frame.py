"""A DataFrame as the table of a data set.

The columns that a study uses are written to the cache, once for each content: so a
record leads back to its data as that of a file does, in another session too, and the
same table is read the same way from a frame and from a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rakuten_bench.atomic import write_atomically
from rakuten_bench.data import DatasetSpec
from rakuten_bench.errors import Problems, unknown
from rakuten_bench.store.layout import Layout, keeping

if TYPE_CHECKING:
    import pandas as pd

#: Parameters of the data set `table` that name columns. Those that a frame has under
#: the same name are used without being named.
COLUMNS = (
    *("title", "description", "label", "image", "language", "group", "id", "side"),
)
_DIGITS = 15  # of floats: the most that JSON's writer takes


def choose_columns(frame: pd.DataFrame, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a table, completed by the columns that have our names.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
    params : mapping of str to Any
        Parameters of the data set `table`.

    Raises
    ------
    Problems
        If a named column is missing or duplicated.
    """
    names = [str(name) for name in frame.columns]
    found = {ours: ours for ours in COLUMNS if ours in names}
    used = {**found, **params}
    if "id" not in used and not _is_numbered(frame):
        used["id"] = _index_name(names)
    wanted = {used[ours]: ours for ours in COLUMNS if used.get(ours)}
    problems = [
        f"column '{name}' is there {names.count(name)} times. Rename one."
        for name in wanted
        if names.count(name) > 1
    ]
    problems += [
        f"{ours}: {unknown('column', name, names)}"
        for name, ours in wanted.items()
        if name not in names and name != _index_name(names)
    ]
    if problems:
        raise Problems(problems)
    return used


def write_frame(frame: pd.DataFrame, params: Mapping[str, Any], cache: Path) -> Path:
    """Write the used columns of a frame to the cache as JSON Lines; return the file.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
    params : mapping of str to Any
        As of `choose_columns`.
    cache : Path

    Raises
    ------
    UserError
        If the cache can't be written.
    """
    names = [str(name) for name in frame.columns]
    table = frame.set_axis(names, axis=1)
    index = _index_name(names)
    if params.get("id") == index:
        table = table.rename_axis(index).reset_index()
    used = dict.fromkeys(params[ours] for ours in COLUMNS if params.get(ours))
    text = table[[*used]].to_json(
        orient="records", lines=True, force_ascii=False, double_precision=_DIGITS,
        date_format="iso", default_handler=str,
    )  # fmt: skip
    data = text.encode("utf-8", "surrogatepass")
    folder = Layout(cache).frames
    file = folder / f"{hashlib.blake2b(data, digest_size=16).hexdigest()}.jsonl"
    if not file.exists():
        with keeping(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(file, data)
    return file


def keep_frame(
    frame: pd.DataFrame, params: Mapping[str, Any], cache: Path
) -> DatasetSpec:
    """Write the used columns of a frame to the cache; return its data set.

    Parameters and errors are those of `write_frame`.
    """
    file = write_frame(frame, params, cache)
    return DatasetSpec("table", {**params, "path": str(file.resolve())})


def write_table(frame: pd.DataFrame, file: Path) -> None:
    """Write all columns of a frame to a file, as JSON Lines; its index is left out."""
    names = [str(name) for name in frame.columns]
    file.write_bytes(_encode(frame.set_axis(names, axis=1)))


def _encode(table: pd.DataFrame) -> bytes:
    text: str = table.to_json(
        orient="records",
        lines=True,
        force_ascii=False,
        double_precision=_DIGITS,
        date_format="iso",
        default_handler=str,
    )
    return text.encode("utf-8", "surrogatepass")


def _is_numbered(frame: pd.DataFrame) -> bool:
    """Return whether the index only numbers the rows from 0."""
    import pandas as pd

    return bool(frame.index.equals(pd.RangeIndex(len(frame))))


def _index_name(names: list[str]) -> str:
    """Return a name for the index that no column has."""
    name = "index"
    while name in names:
        name += "_"
    return name
