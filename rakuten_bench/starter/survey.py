"""What a benchmark needs to know about a data set before its first run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rakuten_bench.activity import announce
from rakuten_bench.data import SplitSpec, build_split
from rakuten_bench.data.audit import DETECTED, guess_languages
from rakuten_bench.data.leak import find_leaks
from rakuten_bench.errors import UserError, listed
from rakuten_bench.types import Dataset
from rakuten_bench.wording.words import number, percent

if TYPE_CHECKING:
    import pandas as pd

_FEW_ROWS = 1_500  # below, one split says little: five folds
_TINY = 200  # rows
_RARE = 10  # rows of a class
_MOST_SAMPLED = 2_000  # rows whose language is detected
_CHUNK = 10  # texts that are detected as one
_LEAST_LANGUAGE = 0.1  # share of a language that counts
_MOST_CHARACTERS = 200


@dataclass(frozen=True)
class Survey:
    """Properties of a data set that scenarios are chosen by.

    Attributes
    ----------
    n_rows, n_classes : int
    languages : tuple of str
        ISO 639-1 codes, the most frequent first; () if no text has a known language.
    has_language : bool
        Whether the data set gives the language of its rows.
    has_title, has_description, has_image : bool
    has_sides : bool
        Whether the test rows are predefined.
    warnings : tuple of str
        What may spoil a benchmark.
    """

    n_rows: int
    n_classes: int
    languages: tuple[str, ...] = ()
    has_language: bool = False
    has_title: bool = False
    has_description: bool = False
    has_image: bool = False
    has_sides: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def has_text(self) -> bool:
        """Whether rows have a title or a description."""
        return self.has_title or self.has_description


def survey(dataset: Dataset, cache: Path | None = None) -> Survey:
    """Survey a data set; its images are not opened."""
    frame = dataset.frame
    has = {name: bool((frame[name].str.strip() != "").any()) for name in frame.columns}
    return Survey(
        n_rows=len(frame),
        n_classes=len(dataset.classes),
        languages=find_languages(frame),
        has_language=has["language"],
        has_title=has["title"],
        has_description=has["description"],
        has_image=has["image_path"],
        has_sides=bool(dataset.sides),
        warnings=tuple(dict.fromkeys(_iter_warnings(dataset, cache))),
    )


def choose_split(n_rows: int, has_sides: bool) -> str:
    """Return the split that suits a number of rows; "" for a predefined one."""
    if has_sides:
        return ""
    return "kfold" if n_rows < _FEW_ROWS else "holdout"


def find_languages(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the languages of the rows with a share that counts, main one first.

    Those of the data set, else those that are detected in a sample.
    """
    given = frame.loc[frame["language"] != "", "language"].tolist()
    codes = given or _detect(frame)
    counts = Counter(code for code in codes if code)
    least = _LEAST_LANGUAGE * max(1, counts.total())
    return tuple(code for code, rows in counts.most_common() if rows >= least)


def _detect(frame: pd.DataFrame) -> list[str]:
    """Return the language of each of some rows.

    A text alone is too short to be told among a hundred languages: first the main
    language is detected in texts joined, then, if usual, that of each text.
    """
    texts = (frame["title"] + " " + frame["description"]).str.strip()
    texts = texts[texts != ""]
    sample = texts.iloc[:: max(1, len(texts) // _MOST_SAMPLED)]
    shortened = [text[:_MOST_CHARACTERS] for text in sample.tolist()]
    if not shortened:
        return []
    announce("detecting languages")
    joined = [
        " ".join(shortened[start : start + _CHUNK])
        for start in range(0, len(shortened), _CHUNK)
    ]
    main = Counter(_detect_any(joined)).most_common(1)[0][0]
    return guess_languages(shortened) if main in DETECTED else [main]


def _detect_any(texts: Sequence[str]) -> list[str]:
    classify = _load_detector().classify
    return [classify(text.replace("\0", " "))[0] for text in texts]


@cache
def _load_detector() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def _iter_warnings(dataset: Dataset, cache: Path | None) -> Iterator[str]:
    yield from dataset.remarks
    yield from _warn_of_classes(dataset)
    if dataset.layout is not None:  # else folders are the labels
        for column in ("id", "image_path"):
            yield from (f"{leak}." for leak in find_leaks(dataset, column))
    split = choose_split(len(dataset.frame), bool(dataset.sides)) or "given"
    try:
        spec = SplitSpec(split, by_image=False)
        yield from build_split(dataset, spec, cache=cache).remarks
    except UserError as error:
        yield f"{error} Until then, the file can't be run."


def _warn_of_classes(dataset: Dataset) -> Iterator[str]:
    """Warn of few rows, rare classes, and a label that looks like an id."""
    counts = dataset.frame["label"].value_counts()
    n_rows, n_classes = len(dataset.frame), len(counts)
    if n_rows < _TINY:
        yield (
            f"{number(n_rows, 'row')} only: differences between scenarios will hardly be "
            f"significant."
        )
    if n_classes > n_rows / 4:
        yield (
            f"the label has {number(n_classes, 'value')} in {number(n_rows, 'row')}: is it "
            f"an id or a text? Name another column with --label."
        )
        return
    rare = counts[counts < _RARE]
    if len(rare):
        yield (
            f"{number(len(rare), 'class', 'classes')} with fewer than {_RARE} rows "
            f"({listed(rare.index)}): their scores will be rough. Join or remove them, or "
            f"collect more rows."
        )
    if counts.iloc[0] > 0.8 * n_rows:
        yield (
            f"class '{counts.index[0]}' has {percent(counts.iloc[0] / n_rows)} of the "
            f"rows: compare with the scenario 'majority', and by metric: f1_macro."
        )
