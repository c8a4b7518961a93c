"""Types shared by several rooms: frozen, row-aligned, with documented dtypes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from scipy.sparse import csr_matrix

Rows = NDArray[np.int64]
#: Labels of rows, as a user has them or as codes.
Labels = NDArray[np.generic]
#: Labels of rows as indices into the classes.
Codes = NDArray[np.integer]
#: Features of rows, of shape (n_rows, n_features).
Matrix: TypeAlias = "csr_matrix | NDArray[np.floating]"
#: Parameters and other arguments of an option, by name.
Params = Mapping[str, Any]
#: The values that a step reads, by the names of `registry.SLOTS`.
Values = Mapping[str, Any]
Kind = Literal["real", "emoji", "synthetic"]
Modality = Literal["text", "image", "fusion"]

COLUMNS = ("id", "title", "description", "label", "image_path", "language", "group")

#: Columns that steps may read: never the label, nor the group, which may leak it.
INPUT_COLUMNS = ("id", "title", "description", "image_path", "language")

#: Columns that an option gets by default; the others of `INPUT_COLUMNS` only if it
#: names them: identifiers and paths often contain the label.
TEXT_COLUMNS = ("title", "description", "language")


_MOST_DIGITS = 4300  # that Python converts to a number


def sort_labels(labels: Iterable[object]) -> tuple[str, ...]:
    """Return distinct labels, sorted as numbers if all are numbers, else as texts.

    >>> sort_labels(["100", "20", "100"]), sort_labels(["b", "a", "10"])
    (('20', '100'), ('10', 'a', 'b'))
    """
    known = {str(label) for label in labels}
    if all(label.isdecimal() and len(label) <= _MOST_DIGITS for label in known):
        return tuple(sorted(known, key=lambda label: (int(label), label)))
    return tuple(sorted(known))


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of a data set's columns in the user's table.

    Attributes
    ----------
    columns : mapping of str to str
        Column of `COLUMNS` -> column of the table.
    image_name : str
        Template of a row's image file name, if the table has no column for it:
        "image_{imageid}.jpg" contains the column `imageid`.
    constants : mapping of str to str
        Column of `COLUMNS` -> constant value of all rows.
    """

    columns: Mapping[str, str]
    image_name: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """A table to classify.

    Attributes
    ----------
    name : str
        Name of the folder of its records.
    frame : DataFrame of shape (n_rows, 7)
        The columns of `COLUMNS`, all of dtype str and never missing: "" stands for a
        missing text, no image, an unknown language and a row that is a group by
        itself. `id` is unique. `image_path` is absolute. `language` is
        an ISO 639-1 code.
    fingerprint : str
        Hash of the content; the same rows in the same order give the same one.
    kind : {"real", "emoji", "synthetic"}
        Shown in the title of boards if the data are not real products.
    about : str
        Description, source and license.
    remarks : tuple of str
        Sentences on anomalies in its files or rows, and how they were handled.
    label_names : mapping of str to str
        A readable name of a label that is only a code.
    layout : Layout or None
        Names of its columns in the user's table; None if there is no such
        table, or its columns have our names.
    image_folder : Path or None
        Folder of the images; None if the rows have no image column, or
        full paths.
    max_missing_images : float
        The share of rows that may lack an image in a run that reads images.
    sides : tuple of {"train", "test", "validation"}, of n_rows
        If the data define the split; else empty.
    missing : tuple of str
        Texts that represent missing values in its table.
    """

    name: str
    frame: pd.DataFrame
    fingerprint: str
    kind: Kind = "real"
    about: str = ""
    remarks: tuple[str, ...] = ()
    label_names: Mapping[str, str] = field(default_factory=dict)
    layout: Layout | None = None
    image_folder: Path | None = None
    max_missing_images: float = 0.5
    sides: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Distinct labels, sorted as numbers if all are numbers, else as texts.

        The only order of classes in the program.
        """
        return sort_labels(self.frame["label"].unique())

    @cached_property
    def y(self) -> NDArray[np.int32]:
        """Return the labels as indices into `classes`, of shape (n_rows,)."""
        seen, labels = self.frame["label"].factorize()
        index = {label: code for code, label in enumerate(sort_labels(labels))}
        codes: NDArray[np.int32] = np.array([index[label] for label in labels], "i4")[
            seen
        ]
        return codes


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of the rows.

    Attributes
    ----------
    name : str
        "0", "1", ... for the folds of a split; "0.2" for fold 2 inside fold 0's
        training rows.
    train, test, validation : int64 arrays
        Row positions, ascending, disjoint. `validation` may be empty.
    """

    name: str
    train: Rows
    test: Rows
    validation: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Split:
    """How the rows of a data set are divided, the same for every scenario.

    Attributes
    ----------
    scheme : {"holdout", "train_val_test", "kfold", "given"}
    name : str
        Short, safe in a file name, with scheme and sizes; "" for the default
        (80/20, seed 123).
    folds : tuple of Fold
        One, except for "kfold"; together the test rows are each row at most once.
    groups : int64 array of shape (n_rows,)
        Rows of a group are always on the same side.
    fingerprint : str
        Hash of the folds' row positions.
    remarks : tuple of str
        Anomalies of the split, and which rows were kept together.
    """

    scheme: str
    name: str
    folds: tuple[Fold, ...]
    groups: Rows
    fingerprint: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """The labels that a learning step may read in one fold.

    Attributes
    ----------
    y : int32 array of shape (n_rows,)
        Label of every row as an index into the data set's classes.
    classes : tuple of str
        Names of all classes of the data set, in the order of their indices.
    fold : Fold
    groups : int64 array of shape (n_rows,)
    """

    y: NDArray[np.int32]
    classes: tuple[str, ...]
    fold: Fold
    groups: Rows

    @property
    def n_classes(self) -> int:
        """Number of classes of the data set."""
        return len(self.classes)


@dataclass(frozen=True, slots=True)
class Languages:
    """The language of each row.

    Attributes
    ----------
    codes : tuple of str
        ISO 639-1 codes; "" stands for unknown.
    row : int16 array of shape (n_rows,)
        Index into `codes`: whose stop words, stemmer and lemmas a row gets.
    trained : bool array of shape (n_rows,)
        Whether a row may be trained on. All rows are predicted.
    """

    codes: tuple[str, ...]
    row: NDArray[np.int16]
    trained: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def unknown(cls, n_rows: int) -> Self:
        """Return languages for rows if the language is unknown or irrelevant."""
        return cls(("",), np.zeros(n_rows, np.int16), np.ones(n_rows, np.bool_))

    def take(self, rows: Rows) -> Self:
        """Return the selected rows."""
        return type(self)(self.codes, self.row[rows], self.trained[rows])


@dataclass(frozen=True, slots=True)
class Texts:
    """The text blocks of each row, before tokens.

    Attributes
    ----------
    blocks : tuple of str
        Names, such as ("text",) or ("title", "description").
    weights : tuple of float
        Weight of each block's vectors.
    columns : tuple of lists of str, each of n_rows
        One list for each block.
    extra : float64 array of shape (n_rows, n_extra)
        Numeric features beside the words (a missing description, lengths).
    """

    blocks: tuple[str, ...]
    weights: tuple[float, ...]
    columns: tuple[list[str], ...]
    extra: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.extra)

    def take(self, rows: Rows) -> Self:
        """Return the selected rows."""
        columns = tuple([column[row] for row in rows] for column in self.columns)
        return type(self)(self.blocks, self.weights, columns, self.extra[rows])


@dataclass(frozen=True, slots=True)
class Images:
    """Path of each row's image and how to read it; nothing is decoded yet.

    Attributes
    ----------
    paths : tuple of str, of length n_rows
        "" if a row has no image.
    crop : callable or None
        Takes an image, a uint8 array of shape (height, width, 3), and returns the
        cropped image. It is picklable.
    on_error : {"blank", "fail"}
        Whether an unreadable image is replaced with a white one or ends the run.
    """

    paths: tuple[str, ...]
    crop: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None
    on_error: Literal["blank", "fail"] = "blank"

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: Rows) -> Self:
        """Return the selected rows."""
        paths = tuple(self.paths[row] for row in rows)
        return type(self)(paths, self.crop, self.on_error)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Several features of the same rows, before they are concatenated.

    Attributes
    ----------
    values : tuple of arrays or CSR matrices, each of n_rows
    """

    values: tuple[Any, ...]

    def __len__(self) -> int:
        return int(self.values[0].shape[0])

    def take(self, rows: Rows) -> Self:
        """Return the selected rows."""
        return type(self)(tuple(value[rows] for value in self.values))


@dataclass(frozen=True, slots=True)
class Folded:
    """The result of a fitted step: training and test rows separately.

    Attributes
    ----------
    train, test : row-aligned values
        A Corpus, a CSR matrix or an array; the same kind on both sides.
    y : int32 array of shape (n_train,)
        The labels of `train`.
    train_rows : int64 array of shape (n_train,)
        Row positions of `train`; -1 for a row synthesized by a sampler.
    test_rows : int64 array of shape (n_test,)
    """

    train: Any
    test: Any
    y: NDArray[np.int32]
    train_rows: Rows
    test_rows: Rows


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's predictions for the test rows of one fold.

    Attributes
    ----------
    rows : int64 array of shape (n_test,)
    predicted : int32 array of shape (n_test,)
        Indices into the data set's classes.
    probability : float32 array of shape (n_test, n_classes) or None
        Columns in the order of the data set's classes.
    fit_time, predict_time : float
        Seconds.
    details : mapping
        Plain values for the record: best parameters, candidates, loss per epoch.
    """

    rows: Rows
    predicted: NDArray[np.int32]
    probability: NDArray[np.float32] | None
    fit_time: float
    predict_time: float
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a plan requires of an option with external predictions.

    Attributes
    ----------
    ids : tuple of str
        Of the rows that need a prediction.
    learned : tuple of str
        Classes of the training rows; empty if not known yet.
    classes : tuple of str
        Of the data set.
    """

    ids: tuple[str, ...]
    learned: tuple[str, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effort:
    """The cost of a slow option, for warnings before it has ever run.

    Attributes
    ----------
    seconds : float
        On one core, to fit and predict with 10,000 rows of short texts, or of
        images, in 27 classes; orders of magnitude, measured with default parameters.
    power : float
        Exponent of the number of rows in the cost.
    instead : str
        What to choose if that is too slow.
    """

    seconds: float
    power: float = 1.0
    instead: str = ""

    def of(self, n_rows: int) -> float:
        """Return the seconds for a number of rows."""
        return float(self.seconds * (n_rows / 10_000) ** self.power)


@dataclass(frozen=True, slots=True)
class Real:
    """A range of numbers to search, uniformly or log-uniformly."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class Integer:
    """A range of integers to search, both ends included."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """A list of values to search."""

    values: tuple[Any, ...]


class Transformer(Protocol):
    """A scikit-learn transformer."""

    def fit_transform(self, X: Any, y: Any) -> Any:
        """Learn from rows and return their new values."""

    def transform(self, X: Any) -> Any:
        """Return the new values of other rows."""


class Resampler(Protocol):
    """An imbalanced-learn sampler, which balances training rows."""

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Labels]:
        """Return the resampled rows and their labels."""


class Classifier(Protocol):
    """A scikit-learn classifier."""

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from rows and their labels."""

    def predict(self, X: Any) -> Labels:
        """Return the label of each row."""


class Rule(Classifier, Protocol):
    """A fusion rule: combines the probabilities of several models."""

    def predict_proba(self, X: Any) -> NDArray[np.floating]:
        """Return the probability of each class."""


class Clusterer(Protocol):
    """A scikit-learn clusterer."""

    def fit(self, X: Any) -> Self:
        """Learn from rows."""

    def predict(self, X: Any) -> Labels:
        """Return the number of the cluster of each row."""


Dimension = Real | Integer | Choices
Space = Mapping[str, Dimension]
