"""Build a `Dataset` from raw columns: checked, completed, fingerprinted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rakuten_bench.data.grouping import stamp_images
from rakuten_bench.data.image import locate_images
from rakuten_bench.data.label import (
    LabelRules,
    normalize_labels,
    remark_labels,
    remark_numbers,
    unify_numbers,
)
from rakuten_bench.data.language import normalize_languages
from rakuten_bench.data.mojibake import remark_mojibake
from rakuten_bench.data.spelling import MISSING, MissingTexts, compose, squeeze
from rakuten_bench.errors import UserError
from rakuten_bench.types import COLUMNS, Dataset
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10  # rows listed in a message
#: Larger floats, and infinity, do not represent a unique integer.
_EXACT = 2.0**53
#: Columns in which a text may represent a missing value, and the noun for a value.
_NOUNS = {
    "title": "title",
    "description": "description",
    "image_path": "image",
    "group": "group",
}


@dataclass(frozen=True, slots=True)
class Cleaning:
    """Options of a scenario file for cleaning the values of a table.

    Attributes
    ----------
    missing : sequence of str, or None
        Texts that represent a missing value; `spelling.MISSING` if None.
    labels : LabelRules
    """

    missing: Sequence[str] | None = None
    labels: LabelRules = field(default_factory=LabelRules)


def assemble(  # noqa: PLR0913  (optional properties of data sets)
    name: str,
    columns: Mapping[str, Sequence[object]],
    *,
    subject: str,
    image_folder: Path | None = None,
    image_stamps: Sequence[str] | None = None,
    cache: Path | None = None,
    cleaning: Cleaning | None = None,
    **described: Any,
) -> Dataset:
    """Build a data set from raw columns.

    Parameters
    ----------
    name : str
    columns : mapping of str to sequence of n_rows
        Some of `COLUMNS`; `label` is required. Missing values become "". Without `id`
        rows are numbered.
    subject : str
        The file that messages name.
    image_folder : Path or None
        What a relative `image_path` is relative to. If the folder does not exist, no
        row has an image.
    image_stamps : sequence of str, or None
        Represent the content of the images in the fingerprint; computed by
        `stamp_images` if None.
    cache : Path or None
        Folder of cached image hashes.
    cleaning : Cleaning or None
        As set by the user; None if the data set has no parameters for it.
    **described
        `kind`, `about`, `remarks`, `label_names`, `layout`, `max_missing_images` of the
        data set.

    Raises
    ------
    UserError
        If rows have no label, a duplicate id, or an unknown language.
    """
    frame = fill_columns(columns)
    _check_rows(frame, subject)
    frame.loc[:, "language"] = normalize_languages(frame["language"], subject)
    named = cleaning.missing if cleaning else None
    missing = tuple(MISSING if named is None else named)
    advice = " 'missing: []' in the data set keeps them." if cleaning else ""
    remarks = (
        *described.pop("remarks", ()),
        *remark_mojibake(frame, subject),
        *clean_labels(frame, subject, cleaning),
        *remark_empty_rows(frame, subject, columns),
        *clear_missing(frame, subject, missing, advice),
    )
    frame.loc[:, "image_path"] = locate_images(
        frame["image_path"].tolist(), image_folder
    )
    if image_stamps is None:
        image_stamps = stamp_images(frame, cache=cache)
    return Dataset(
        name,
        frame,
        fingerprint(frame, image_stamps),
        image_folder=image_folder,
        remarks=remarks,
        missing=missing,
        **described,
    )


def _check_rows(frame: pd.DataFrame, subject: str) -> None:
    """Reject rows that lack a label, lack an id or repeat one."""
    refuse_missing_labels(frame, subject)
    refuse_missing_ids(frame, subject)
    refuse_repeated_ids(frame, subject)


def fill_columns(columns: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """Return all of `COLUMNS` as str, "" if missing, rows numbered from 0.

    Returns
    -------
    DataFrame of shape (n_rows, 7)
    """
    import pandas as pd

    n_rows = len(columns["label"])
    filled = {
        name: _as_text(pd.Series(columns[name]).reset_index(drop=True))
        if name in columns
        else pd.Series([""] * n_rows)
        for name in COLUMNS
    }
    if "id" not in columns:
        filled["id"] = pd.Series(range(n_rows)).astype(str)
    for name in ("title", "description"):
        filled[name] = filled[name].map(compose)
    # not PyArrow's strings: installations without PyArrow read the same cache
    return pd.DataFrame(filled).astype(pd.StringDtype("python", na_value=np.nan))


def _as_text(series: pd.Series) -> pd.Series:
    """Return strings; integers stored as floats lose their ".0"."""
    import pandas as pd

    if pd.api.types.is_float_dtype(series):
        present = series.dropna()
        if (present == present.round()).all() and (present.abs() < _EXACT).all():
            series = series.astype("Int64")
    return series.astype(object).where(series.notna(), "").astype(str)


def refuse_missing_labels(frame: pd.DataFrame, subject: str) -> None:
    """Reject rows without a label, listing them.

    Raises
    ------
    UserError
        Dropping them silently would hide that they are not scored.
    """
    labels = frame["label"]
    blank = [label for label in labels.unique() if not squeeze(label)]
    empty = labels.isin(blank).to_numpy().nonzero()[0]
    if len(empty):
        message = (
            f"{subject}: {len(empty):,} of {len(frame):,} rows have no label "
            f"(rows {_listed(empty)}, counted from 0 without the header). "
            f"Give them one or remove them."
        )
        raise UserError(message)


def clean_labels(
    frame: pd.DataFrame, subject: str, cleaning: Cleaning | None = None
) -> Iterator[str]:
    """Unify the spelling of classes, as far as safe or requested; report anomalies.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, 7)
        Its labels are replaced.
    subject, cleaning :
        As in `assemble`.
    """
    original = frame["label"].tolist()
    labels = unify_numbers(original)
    yield from remark_numbers(original, labels, subject)
    rules = cleaning.labels if cleaning else None
    yield from remark_labels(labels, rules, subject)
    if rules and rules.normalize:
        labels = normalize_labels(labels)
    frame.loc[:, "label"] = labels


def clear_missing(
    frame: pd.DataFrame, subject: str, missing: Sequence[str], advice: str = ""
) -> Iterator[str]:
    """Clear values that represent a missing one; report which and how many.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Some of `COLUMNS`; its texts, image paths and groups are replaced.
    subject : str
        The file that messages name.
    missing : sequence of str
        Texts that represent a missing value.
    advice : str
        How to keep them.
    """
    texts = MissingTexts(missing)
    clauses = []
    for name, noun in _NOUNS.items():
        if name not in frame:
            continue
        markers = _find_missing(frame[name], texts)
        values = frame.loc[frame[name].isin(markers), name]
        if len(values):
            clauses.append(f"{number(len(values), noun)} ({_quoted(values.unique())})")
            frame.loc[values.index, name] = ""
    if clauses:
        yield f"{subject}: read as missing: {', '.join(clauses)}.{advice}"


def remark_empty_rows(
    frame: pd.DataFrame, subject: str, named: Collection[str]
) -> Iterator[str]:
    """Report empty columns, and how many rows have nothing to classify.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, 7)
    subject : str
        The file that messages name.
    named : collection of str
        The columns that the table has.
    """
    filled = _find_inputs(frame, named)
    for name in filled:
        if not filled[name].any():
            yield f"{subject}: no row has a {_NOUNS[name]}: the column is empty."
    empty = (~filled.any(axis="columns")).to_numpy().nonzero()[0]
    if len(empty):
        nouns = " or ".join(map(_NOUNS.__getitem__, filled))
        yield (
            f"{subject}: {len(empty):,} of {len(frame):,} rows have no {nouns} "
            f"(rows {_listed(empty)}, counted from 0 without the header): they have no "
            f"features."
        )


def refuse_no_inputs(frame: pd.DataFrame, subject: str, named: Collection[str]) -> None:
    """Reject a table in which no row has anything to classify.

    Parameters
    ----------
    frame, subject, named :
        As in `remark_empty_rows`.

    Raises
    ------
    UserError
    """
    filled = _find_inputs(frame, named)
    if not filled.to_numpy().any():
        nouns = " or ".join(map(_NOUNS.__getitem__, filled))
        message = (
            f"{subject}: no {nouns or 'text or image'} in any of its {len(frame):,} "
            f"rows: nothing to classify. Choose a column that has values."
        )
        raise UserError(message)


def _find_inputs(frame: pd.DataFrame, named: Collection[str]) -> pd.DataFrame:
    """Return which texts and images the rows have, of the columns of the table."""
    inputs = [name for name in ("title", "description", "image_path") if name in named]
    return frame[inputs].apply(lambda column: column.str.strip() != "")


def _find_missing(values: pd.Series, missing: MissingTexts) -> list[str]:
    return [value for value in values.unique() if value and value in missing]


def _quoted(values: Sequence[str], shown: int = 3) -> str:
    more = ", ..." if len(values) > shown else ""
    return ", ".join(f"'{value}'" for value in values[:shown]) + more


def refuse_missing_ids(frame: pd.DataFrame, subject: str) -> None:
    """Reject rows without an id if others have one.

    Raises
    ------
    UserError
    """
    empty = (frame["id"].str.strip() == "").to_numpy().nonzero()[0]
    if len(empty):
        message = (
            f"{subject}: {len(empty):,} of {len(frame):,} rows have no id "
            f"(rows {_listed(empty)}, counted from 0 without the header). Give them one, "
            f"or name no id column: then rows are numbered."
        )
        raise UserError(message)


def refuse_repeated_ids(frame: pd.DataFrame, subject: str) -> None:
    """Reject duplicate ids: predictions are joined on them.

    Raises
    ------
    UserError
    """
    repeated = frame.loc[frame["id"].duplicated(), "id"].unique()
    if len(repeated):
        message = (
            f"{subject}: {number(len(repeated), 'duplicate id')} "
            f"({_listed(repeated)}). Ids must be unique."
        )
        raise UserError(message)


def _listed(values: Sequence[object]) -> str:
    more = ", ..." if len(values) > _SHOWN else ""
    return ", ".join(f"{value}" for value in values[:_SHOWN]) + more


def fingerprint(frame: pd.DataFrame, image_stamps: Sequence[str]) -> str:
    """Hash the content of the rows, independent of their location.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, 7)
    image_stamps : sequence of str, of n_rows
        Represent the images' content.

    Returns
    -------
    str
        32 hexadecimal digits. Image paths count by file name only, so that a moved
        folder keeps the fingerprint.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in COLUMNS:
        values = frame[name].tolist()
        if name == "image_path":
            values = [os.path.basename(path) for path in values]  # noqa: PTH119  (speed)
        _update(digest, name, values)
    _update(digest, "image_stamps", image_stamps)
    return digest.hexdigest()


def _update(digest: hashlib.blake2b, name: str, values: Sequence[str]) -> None:
    """Feed a column to the hash; lengths first, which makes it unambiguous."""
    lengths = ",".join([str(len(value)) for value in values])
    digest.update(f"{name}:{lengths};".encode())
    digest.update("".join(values).encode("utf-8", "surrogatepass"))
