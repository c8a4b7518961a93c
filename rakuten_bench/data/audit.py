"""Audit of a data set: counts, missing values, lengths, languages, duplicates, images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs

from rakuten_bench.activity import counted
from rakuten_bench.data.grouping import (
    image_content,
    read_texts,
    readings,
    whole_text,
)
from rakuten_bench.data.image import find_unreadable
from rakuten_bench.data.image_hint import shorten
from rakuten_bench.data.spec import SplitSpec
from rakuten_bench.data.split import build_split
from rakuten_bench.errors import UserError
from rakuten_bench.image.header import Oddity
from rakuten_bench.image.read import find_file
from rakuten_bench.types import Dataset, Fold, Rows, Split

if TYPE_CHECKING:
    import pandas as pd

#: Languages to detect if the data set has no language column.
DETECTED = ("fr", "en", "de", "it", "es", "nl", "pt")
#: A longer text does not improve the detection, only slows it down.
_DETECTED_CHARACTERS = 300
_SHOWN = 10  # files listed by name

Section = dict[str, Any]


def audit(
    dataset: Dataset,
    spec: SplitSpec | None = None,
    *,
    cache: Path | None = None,
    images: bool = True,
) -> Section:
    """Audit a data set before trusting a score on it.

    Parameters
    ----------
    dataset : Dataset
    spec : SplitSpec or None
        How to split it; 80/20 if None.
    cache : Path or None
        Folder of cached splits and file hashes.
    images : bool
        Whether to open every image, which takes about a minute for 85,000.

    Returns
    -------
    dict
        Plain values only: `name`, `kind`, `about`, `remarks`, `fingerprint`, `rows`, `classes`,
        `missing`, `lengths`, `languages`, `duplicates`, `split`, `images`. A split
        that is not possible is `{"error": message}`.
    """
    frame = dataset.frame
    repeated = find_repeated(frame, cache=cache, images=images)
    spec = spec or SplitSpec()
    if not images:
        spec = structs.replace(spec, by_image=False)
    return {
        "name": dataset.name,
        "kind": dataset.kind,
        "about": dataset.about,
        "remarks": list(dataset.remarks),
        "fingerprint": dataset.fingerprint,
        "rows": len(frame),
        "classes": count_classes(dataset),
        "missing": count_missing(frame),
        "lengths": {name: measure_texts(frame[name]) for name in _TEXTS},
        "languages": count_languages(frame),
        "duplicates": {
            name: count_duplicates(values, frame["label"])
            for name, values in repeated.items()
        },
        "split": _audit_split(dataset, spec, repeated, cache),
        "images": check_images(frame["image_path"], opened=images),
    }


def _audit_split(
    dataset: Dataset,
    spec: SplitSpec,
    repeated: dict[str, pd.Series],
    cache: Path | None,
) -> Section:
    """Describe a split, or return why it is not possible."""
    try:
        return describe_split(build_split(dataset, spec, cache=cache), repeated)
    except UserError as error:
        return {"error": str(error)}


_TEXTS = ("title", "description")


def count_classes(dataset: Dataset) -> list[Section]:
    """Count the rows of each class, in the order of the classes."""
    counts = np.bincount(dataset.y, minlength=len(dataset.classes)).tolist()
    return [
        {
            "label": label,
            "name": dataset.label_names.get(label, ""),
            "rows": rows,
            "share": rows / len(dataset.frame),
        }
        for label, rows in zip(dataset.classes, counts, strict=True)
    ]


def count_missing(frame: pd.DataFrame) -> Section:
    """Count rows without a title, a description, any text, an image; by class too."""
    empty = {name: frame[name].str.strip() == "" for name in (*_TEXTS, "image_path")}
    empty["text"] = empty["title"] & empty["description"]
    return {
        name.removesuffix("_path"): {
            "rows": int(rows.sum()),
            "share": float(rows.mean()),
            "by_class": rows.groupby(frame["label"]).mean().to_dict(),
        }
        for name, rows in empty.items()
    }


def measure_texts(texts: pd.Series) -> Section:
    """Measure the lengths of texts, in characters and in words."""
    present = texts[texts.str.strip() != ""]
    return {
        "characters": _five_numbers(present.str.len()),
        "words": _five_numbers(present.str.split().str.len()),
        "html": int(present.str.contains(r"<[a-zA-Z/][^>]*>|&#?\w+;").sum()),
    }


def _five_numbers(values: pd.Series) -> Section | None:
    if values.empty:
        return None
    return {
        "min": int(values.min()),
        "median": float(values.median()),
        "mean": float(values.mean()),
        "p95": float(values.quantile(0.95)),
        "max": int(values.max()),
    }


def count_languages(frame: pd.DataFrame) -> Section:
    """Count rows by language: that of the data set, else as detected by py3langid."""
    given = bool((frame["language"] != "").any())
    codes = frame["language"] if given else guess_languages(whole_text(frame))
    counts = Counter(codes)
    return {
        "source": "given" if given else "py3langid",
        "rows": {code: rows for code, rows in counts.most_common() if code},
        "unknown": counts[""],
    }


def guess_languages(texts: Sequence[str]) -> list[str]:
    """Detect the language of each text among `DETECTED`; "" if it has no letter."""
    classify = _load_detector().classify
    beginnings = (text[:_DETECTED_CHARACTERS].replace("\0", " ") for text in texts)
    return [
        classify(text)[0] if any(map(str.isalpha, text)) else ""
        for text in counted(beginnings, len(texts), "detecting languages")
    ]


@cache
def _load_detector() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector = LanguageIdentifier.from_model_file(MODEL_FILE)
    detector.set_languages(list(DETECTED))
    return detector


def find_repeated(
    frame: pd.DataFrame, *, cache: Path | None = None, images: bool = True
) -> dict[str, pd.Series]:
    """Return, for each kind of duplicate, a value for each row, or "".

    Texts that read the same are duplicates, and images that look the same, or, if they
    are not opened, whose files are identical.
    """
    return {
        "title": readings(frame["title"]),
        "description": readings(frame["description"]),
        "text": read_texts(frame),
        "image": image_content(frame, cache=cache, decoded=images),
    }


def count_duplicates(values: pd.Series, label: pd.Series) -> Section:
    """Count rows that repeat a value of an earlier row.

    Returns
    -------
    dict
        `rows` and `share` of rows that repeat; `largest`: rows of the most frequent
        value; `across_classes`: values that occur in more than one class.
    """
    present = values[values != ""]
    rows = int(present.duplicated().sum())
    per_value = present.value_counts()
    classes = label[present.index].groupby(present.to_numpy()).nunique()
    return {
        "rows": rows,
        "share": rows / len(values),
        "largest": int(per_value.max()) if rows else 0,
        "across_classes": int((classes > 1).sum()),
    }


def describe_split(split: Split, repeated: dict[str, pd.Series]) -> Section:
    """Describe the split and which test rows were seen in training."""
    sizes = np.bincount(split.groups)
    return {
        "scheme": split.scheme,
        "name": split.name,
        "fingerprint": split.fingerprint,
        "groups": len(sizes),
        "rows_in_groups": int(sizes[sizes > 1].sum()),
        "largest_group": int(sizes.max()),
        "remarks": list(split.remarks),
        "folds": [_describe_fold(fold, repeated) for fold in split.folds],
    }


def _describe_fold(fold: Fold, repeated: dict[str, pd.Series]) -> Section:
    return {
        "name": fold.name,
        "train": len(fold.train),
        "validation": len(fold.validation),
        "test": len(fold.test),
        "test_rows_seen_in_training": {
            name: count_seen(values, fold.train, fold.test)
            for name, values in repeated.items()
        },
    }


def count_seen(values: pd.Series, train: Rows, test: Rows) -> int:
    """Count test rows whose value also occurs in a training row."""
    known = set(values.iloc[train]) - {""}
    return int(values.iloc[test].isin(known).sum())


def check_images(paths: pd.Series, *, opened: bool = True) -> Section:
    """Count missing files, and those that a run can't read.

    Returns
    -------
    dict
        `rows` that name a file; `absent` and `unreadable` files with the first names;
        `unreadable` is None if the images are not `opened`.
    """
    named = [path for path in paths if path]
    state = {path: find_file(path) for path in named}
    absent = [path for path, oddity in state.items() if oddity == Oddity.MISSING]
    section = {"rows": len(named), "absent": _listed(absent), "unreadable": None}
    if opened:
        existing = [path for path, oddity in state.items() if oddity != Oddity.MISSING]
        section["unreadable"] = _listed(list(find_unreadable(existing)))
    return section


def _listed(paths: Sequence[str]) -> Section:
    first = [shorten(Path(path).name) for path in paths[:_SHOWN]]
    return {"files": len(paths), "first": first}
