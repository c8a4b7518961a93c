"""A predefined test set: given by a file, a column, or a list of ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rakuten_bench.data.reading import read_table
from rakuten_bench.data.reading.source import check_path
from rakuten_bench.errors import UserError
from rakuten_bench.plain import iter_lines
from rakuten_bench.types import Dataset, Fold, Rows

_LONGEST_ID = 10_000  # characters
_SHOWN = 5  # values listed in a message

#: Accepted names of each side.
_SYNONYMS = {
    "train": ("train", "training", "learn"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "holdout"),
}
_SIDES = {name: side for side, names in _SYNONYMS.items() for name in names}


def read_sides(values: Sequence[str], subject: str, column: str) -> tuple[str, ...]:
    """Return the side of each row, from a column.

    Parameters
    ----------
    values : sequence of str, of n_rows
        "train", "test" and "validation", or synonyms of them.
    subject, column : str
        File and column that messages name.

    Raises
    ------
    UserError
        If a value is not a side.
    """
    sides = {value: find_side(value) for value in set(values)}
    wrong = sorted(value for value, side in sides.items() if not side)
    if wrong:
        n_rows = sum(not sides[value] for value in values)
        message = (
            f"{subject}: column '{column}': {n_rows:,} of {len(values):,} rows have an "
            f"invalid side: {_listed(wrong)}. Use 'train', 'test' or 'validation'."
        )
        raise UserError(message)
    return tuple(sides[value] for value in values)


def find_side(value: str) -> str:
    """Return "train", "validation" or "test" for a name of a side; "" for other values.

    >>> find_side("Val"), find_side("red")
    ('validation', '')
    """
    return _SIDES.get(value.strip().casefold(), "")


def find_given(dataset: Dataset, ids: Path | None) -> tuple[str, ...]:
    """Return the side of each row, from a list of test ids or the data set itself.

    Raises
    ------
    UserError
        If neither exists, or ids are not among the rows.
    """
    if ids is None:
        if not dataset.sides:
            message = (
                f"data set '{dataset.name}': no test rows are defined. Define them with "
                f"`split: {{given: {{ids: FILE}}}}`, or give the data set `table` the "
                f"files `train` and `test` or a column `side`."
            )
            raise UserError(message)
        return dataset.sides
    if dataset.sides:
        message = (
            f"data set '{dataset.name}': its test rows are defined twice, by the data set "
            f"and by {ids}. Remove one."
        )
        raise UserError(message)
    wanted = read_ids(ids)
    known = set(dataset.frame["id"])
    unknown = [row for row in wanted if row not in known]
    if unknown:
        # a file without any known id may be the wrong one: its lines are not quoted
        is_other = len(unknown) == len(wanted)
        quoted = "" if is_other else f": {_listed(unknown)}"
        message = (
            f"{ids}: {len(unknown):,} of {len(wanted):,} ids are not in the data set "
            f"'{dataset.name}'{quoted}. Give the ids of its rows, such as "
            f"{_listed(dataset.frame['id'].head(_SHOWN).tolist())}; without an id column "
            f"they are numbered from 0."
        )
        raise UserError(message)
    return tuple("test" if row in wanted else "train" for row in dataset.frame["id"])


def read_ids(file: Path) -> dict[str, None]:
    """Return the ids of a file: its lines, or its column `id`, each once.

    Raises
    ------
    UserError
        If the file is absent or empty.
    """
    if file.suffix.lower() in {".txt", ""}:
        check_path(file)
        ids = _read_lines(file)
    else:
        frame = read_table(file).frame
        column = "id" if "id" in frame.columns else frame.columns[0]
        ids = frame[column].astype(str).tolist()
    if not ids:
        message = f"{file}: no ids. Write the id of each test row on a line."
        raise UserError(message)
    return dict.fromkeys(ids)


def _read_lines(file: Path) -> list[str]:
    try:
        lines = iter_lines(file, _LONGEST_ID, "replace")
        return [line.strip() for line in lines if line.strip()]
    except OSError as error:
        message = f"{file}: can't be read: {error.strerror or error}."
        raise UserError(message) from None


def divide_as_given(
    dataset: Dataset, groups: Rows, sides: Sequence[str]
) -> tuple[Fold, tuple[str, ...]]:
    """Return the fold of predefined test rows, and remarks on their duplicates.

    Training and validation rows in a group with a test row are excluded: a duplicate
    would leak the label. So are training rows in a group with a validation row. Every
    test row is scored.

    Parameters
    ----------
    dataset : Dataset
    groups : int64 array of shape (n_rows,)
    sides : sequence of str, of n_rows

    Raises
    ------
    UserError
        If a side is empty, or a class is in no training row.
    """
    side = np.array(sides)
    test = np.flatnonzero(side == "test")
    validation = np.flatnonzero(side == "validation")
    train = np.flatnonzero(side == "train")
    _refuse_empty(dataset, {"test": test, "train": train})
    validation = _without(validation, groups, test)
    kept = _without(train, groups, np.concatenate([test, validation]))
    _refuse_unlearned(dataset, train, kept, test)
    left_out = len(side) - len(test) - len(kept) - len(validation)
    remarks = []
    if left_out:
        remarks.append(
            f"given test rows: {left_out:,} other {'row' if left_out == 1 else 'rows'} "
            f"with the text, the image or the group of a test or validation row "
            f"{'is' if left_out == 1 else 'are'} not trained on"
        )
    return Fold("0", kept, test, validation), tuple(remarks)


def _without(rows: Rows, groups: Rows, others: Rows) -> Rows:
    return rows[~np.isin(groups[rows], groups[others])]


def _refuse_empty(dataset: Dataset, rows: dict[str, Rows]) -> None:
    for name, positions in rows.items():
        if not len(positions):
            message = (
                f"data set '{dataset.name}': none of its {len(dataset.frame):,} rows is "
                f"a {name} row. Both sides need rows."
            )
            raise UserError(message)


def _refuse_unlearned(dataset: Dataset, train: Rows, kept: Rows, test: Rows) -> None:
    """Reject test rows of classes without (remaining) training rows."""
    y = dataset.y
    absent = np.setdiff1d(y[test], y[kept])
    if len(absent):
        names = [
            f"{dataset.classes[code]} ({(y[test] == code).sum():,})" for code in absent
        ]
        why = (
            "no training row has it"
            if len(np.setdiff1d(absent, y[train]))
            else "all its training rows are duplicates of test rows"
        )
        message = (
            f"data set '{dataset.name}': test rows have labels without training rows "
            f"({why}): {_listed(names)}. Remove those rows, or add training rows with "
            f"that label."
        )
        raise UserError(message)


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - _SHOWN:,} more" if len(values) > _SHOWN else ""
    return ", ".join(f"'{value}'" for value in values[:_SHOWN]) + more
