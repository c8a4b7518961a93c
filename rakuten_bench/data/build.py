"""From columns as found to a `Dataset`: checked, filled, fingerprinted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
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
from rakuten_bench.data.spelling import MISSING, MissingTexts, compose
from rakuten_bench.errors import UserError
from rakuten_bench.types import COLUMNS, Dataset
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10  # rows listed in a message
#: Columns in which a text may stand for a missing value, and what one value is called.
_GAPS = {
    "title": "title",
    "description": "description",
    "image_path": "image",
    "group": "group",
}


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What a scenario file may say about the values of a table.

    Attributes
    ----------
    missing : sequence of str, or None
        Texts that stand for a missing value; `spelling.MISSING` where None.
    labels : LabelRules
    """

    missing: Sequence[str] | None = None
    labels: LabelRules = field(default_factory=LabelRules)


def assemble(  # noqa: PLR0913  (what one data set has and another has not)
    name: str,
    columns: Mapping[str, Any],
    *,
    subject: str,
    image_folder: Path | None = None,
    image_stamps: Sequence[str] | None = None,
    cache: Path | None = None,
    cleaning: Cleaning | None = None,
    **described: Any,
) -> Dataset:
    """Build a data set from columns as they were found.

    Parameters
    ----------
    name : str
    columns : mapping of str to sequence of n_rows
        Some of `COLUMNS`; `label` is required. Missing values become "". Without `id`
        rows are numbered.
    subject : str
        The file that messages speak of.
    image_folder : Path or None
        What a relative `image_path` is relative to. Where the folder does not exist,
        no row has an image.
    image_stamps : sequence of str, or None
        Stand for the content of the images in the fingerprint; found by
        `stamp_images` where None.
    cache : Path or None
        Folder where the hashes of images are kept.
    cleaning : Cleaning or None
        As the user asked; None where the data set has no parameters for it.
    **described
        `kind`, `about`, `remarks`, `label_names`, `layout`, `max_missing_images` of the
        data set.

    Raises
    ------
    UserError
        If rows have no label, an id twice, or a language that is none.
    """
    frame = fill_columns(columns)
    refuse_missing_labels(frame, subject)
    refuse_repeated_ids(frame, subject)
    frame.loc[:, "language"] = normalize_languages(frame["language"], subject)
    named = cleaning.missing if cleaning else None
    missing = tuple(MISSING if named is None else named)
    advice = " 'missing: []' in the data set keeps them." if cleaning else ""
    remarks = (
        *described.pop("remarks", ()),
        *clean_labels(frame, subject, cleaning),
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


def fill_columns(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return all of `COLUMNS` as str, "" where missing, rows numbered from 0.

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
    # never PyArrow's strings: a cache is read by installations without it
    return pd.DataFrame(filled).astype(pd.StringDtype("python", na_value=np.nan))


def _as_text(series: pd.Series) -> pd.Series:
    """Return strings; whole numbers that a gap made floats lose their ".0"."""
    import pandas as pd

    if pd.api.types.is_float_dtype(series):
        kept = series.dropna()
        if (kept == kept.round()).all():
            series = series.astype("Int64")
    return series.astype(object).where(series.notna(), "").astype(str)


def refuse_missing_labels(frame: pd.DataFrame, subject: str) -> None:
    """Refuse rows that have no label, naming them.

    Raises
    ------
    UserError
        Dropping them silently would leave rows that nobody knows were not scored.
    """
    empty = (frame["label"].str.strip() == "").to_numpy().nonzero()[0]
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
    """Give classes one spelling, as far as is safe or asked for; say what is odd.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, 7)
        Its labels are replaced.
    subject, cleaning :
        As `assemble` has them.
    """
    found = frame["label"].tolist()
    labels = unify_numbers(found)
    yield from remark_numbers(found, labels, subject)
    rules = cleaning.labels if cleaning else None
    yield from remark_labels(labels, rules, subject)
    if rules and rules.normalize:
        labels = normalize_labels(labels)
    frame.loc[:, "label"] = labels


def clear_missing(
    frame: pd.DataFrame, subject: str, missing: Sequence[str], advice: str = ""
) -> Iterator[str]:
    """Empty the values that stand for a missing one; say which and how many.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Some of `COLUMNS`; its texts, image paths and groups are replaced.
    subject : str
        The file that messages speak of.
    missing : sequence of str
        Texts that stand for a missing value.
    advice : str
        How to keep them.
    """
    texts = MissingTexts(missing)
    told = []
    for name, word in _GAPS.items():
        if name not in frame:
            continue
        stand_in = _find_missing(frame[name], texts)
        gaps = frame.loc[frame[name].isin(stand_in), name]
        if len(gaps):
            told.append(f"{number(len(gaps), word)} ({_quoted(gaps.unique())})")
            frame.loc[gaps.index, name] = ""
    if told:
        yield f"{subject}: read as missing: {', '.join(told)}.{advice}"


def _find_missing(values: pd.Series, missing: MissingTexts) -> list[str]:
    return [value for value in values.unique() if value and value in missing]


def _quoted(values: Sequence[str], shown: int = 3) -> str:
    more = ", ..." if len(values) > shown else ""
    return ", ".join(f"'{value}'" for value in values[:shown]) + more


def refuse_repeated_ids(frame: pd.DataFrame, subject: str) -> None:
    """Refuse an id that stands for two rows: predictions are joined on it.

    Raises
    ------
    UserError
    """
    repeated = frame.loc[frame["id"].duplicated(), "id"].unique()
    if len(repeated):
        message = (
            f"{subject}: {len(repeated):,} ids stand for more than one row "
            f"({_listed(repeated)}). Ids must be unique."
        )
        raise UserError(message)


def _listed(values: Sequence[Any]) -> str:
    more = ", ..." if len(values) > _SHOWN else ""
    return ", ".join(f"{value}" for value in values[:_SHOWN]) + more


def fingerprint(frame: pd.DataFrame, image_stamps: Sequence[str]) -> str:
    """Hash what the rows say, wherever they lie.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, 7)
    image_stamps : sequence of str, of n_rows
        Stand for the images' content.

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
    """Feed a column; lengths first, so that no two columns read the same."""
    lengths = ",".join([str(len(value)) for value in values])
    digest.update(f"{name}:{lengths};".encode())
    digest.update("".join(values).encode("utf-8", "surrogatepass"))
