"""What crosses a border: frozen, row-aligned, documented with shapes and dtypes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

Rows = NDArray[np.int64]
Kind = Literal["real", "emoji", "synthetic"]
Modality = Literal["text", "image", "fusion"]

COLUMNS = ("id", "title", "description", "label", "image_path", "language", "group")

#: What steps may read of a table: never the label, nor the group, which may follow it.
INPUT_COLUMNS = ("id", "title", "description", "image_path", "language")

#: What an option that reads the table gets; the others of `INPUT_COLUMNS` only where it
#: names them: identifiers and paths often spell the label.
TEXT_COLUMNS = ("title", "description", "language")


_MOST_DIGITS = 4300  # that Python reads as a number


def sort_labels(labels: Iterable[object]) -> tuple[str, ...]:
    """Return each label once, by number where all are numbers, else by spelling.

    >>> sort_labels(["100", "20", "100"]), sort_labels(["b", "a", "10"])
    (('20', '100'), ('10', 'a', 'b'))
    """
    known = {str(label) for label in labels}
    if all(label.isdecimal() and len(label) <= _MOST_DIGITS for label in known):
        return tuple(sorted(known, key=lambda label: (int(label), label)))
    return tuple(sorted(known))


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a data set are called in the table that a user has.

    Attributes
    ----------
    columns : mapping of str to str
        Column of `COLUMNS` -> column of the table.
    image_name : str
        How a row's image file is called where the table has no column for that:
        "image_{imageid}.jpg" holds the column `imageid`.
    constants : mapping of str to str
        Column of `COLUMNS` -> value that it has in all rows.
    """

    columns: Mapping[str, str]
    image_name: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table to classify.

    Attributes
    ----------
    name : str
        Names the folder of its records.
    frame : DataFrame of shape (n_rows, 7)
        The columns of `COLUMNS`, all of dtype str and never missing: "" stands for a
        missing text, for no image, for a language that is not given and for a row
        that is its own group. `id` is unique. `image_path` is absolute. `language` is
        an ISO 639-1 code.
    fingerprint : str
        Hash of the content; the same rows in the same order give the same one.
    kind : {"real", "emoji", "synthetic"}
        Boards on anything but real products say so in their title.
    about : str
        What it is, where it comes from, under which licence.
    remarks : tuple of str
        Sentences on what was odd about its files or rows, and what was done about it.
    label_names : mapping of str to str
        A readable name for a label, where the label is only a code.
    layout : Layout or None
        What its columns are called in the user's table; None where there is no such
        table, or its columns are called as ours.
    image_folder : Path or None
        Where the images are looked for; None where the rows have no image column, or
        full paths.
    max_missing_images : float
        The share of rows that may lack an image in a run that reads images.
    sides : tuple of {"train", "test", "validation"}, of n_rows
        Where the data say which rows are to be scored; else empty.
    missing : tuple of str
        Texts that stood for a missing value in its table.
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

    @property
    def classes(self) -> tuple[str, ...]:
        """Every label once, by number where all are numbers, else by spelling.

        The one order of classes in the whole program.
        """
        return sort_labels(self.frame["label"].unique())

    @property
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
        Short, safe in a file name, tells scheme and sizes; "" for the default
        (80/20, seed 123).
    folds : tuple of Fold
        One, except for "kfold"; together the test rows are each row at most once.
    groups : int64 array of shape (n_rows,)
        Rows of one group are never on both sides.
    fingerprint : str
        Hash of the folds' row positions.
    remarks : tuple of str
        What is odd about it, and which rows were kept together.
    """

    scheme: str
    name: str
    folds: tuple[Fold, ...]
    groups: Rows
    fingerprint: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What a learning step may know of the answers in one fold.

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
        Whether a row may be learned from. Every row is predicted all the same.
    """

    codes: tuple[str, ...]
    row: NDArray[np.int16]
    trained: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def unknown(cls, n_rows: int) -> Self:
        """Return rows of one unknown language: for what does not depend on it."""
        return cls(("",), np.zeros(n_rows, np.int16), np.ones(n_rows, np.bool_))

    def take(self, rows: Rows) -> Self:
        """Return the same of some rows only."""
        return type(self)(self.codes, self.row[rows], self.trained[rows])


@dataclass(frozen=True, slots=True)
class Texts:
    """The text blocks of each row, before tokens.

    Attributes
    ----------
    blocks : tuple of str
        Names, such as ("text",) or ("title", "description").
    weights : tuple of float
        How much each block's vectors count.
    columns : tuple of lists of str, each of n_rows
        One list for each block.
    extra : float64 array of shape (n_rows, n_extra)
        Numbers that go to the model beside the words (a missing description, lengths).
    """

    blocks: tuple[str, ...]
    weights: tuple[float, ...]
    columns: tuple[list[str], ...]
    extra: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.extra)

    def take(self, rows: Rows) -> Self:
        """Return the same of some rows only."""
        columns = tuple([column[row] for row in rows] for column in self.columns)
        return type(self)(self.blocks, self.weights, columns, self.extra[rows])


@dataclass(frozen=True, slots=True)
class Images:
    """Where the image of each row is and how it is to be read; nothing is decoded yet.

    Attributes
    ----------
    paths : tuple of str, of length n_rows
        "" where a row has no image.
    crop : callable or None
        Takes an image, a uint8 array of shape (height, width, 3), and returns the part
        of it that is looked at. It pickles.
    on_error : {"blank", "fail"}
        Whether an image that can't be read is a white one or ends the run.
    """

    paths: tuple[str, ...]
    crop: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None
    on_error: Literal["blank", "fail"] = "blank"

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: Rows) -> Self:
        """Return the same of some rows only."""
        paths = tuple(self.paths[row] for row in rows)
        return type(self)(paths, self.crop, self.on_error)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Several features of the same rows, side by side, before they are joined.

    Attributes
    ----------
    values : tuple of arrays or CSR matrices, each of n_rows
    """

    values: tuple[Any, ...]

    def __len__(self) -> int:
        return int(self.values[0].shape[0])

    def take(self, rows: Rows) -> Self:
        """Return the same of some rows only."""
        return type(self)(tuple(value[rows] for value in self.values))


@dataclass(frozen=True, slots=True)
class Folded:
    """A step's result once something was learned: training rows apart from test rows.

    Attributes
    ----------
    train, test : row-aligned values
        A Corpus, a CSR matrix or an array; the same kind on both sides.
    y : int32 array of shape (n_train,)
        The labels of `train`.
    train_rows : int64 array of shape (n_train,)
        Where the rows of `train` come from; -1 for a row made by a sampler.
    test_rows : int64 array of shape (n_test,)
    """

    train: Any
    test: Any
    y: NDArray[np.int32]
    train_rows: Rows
    test_rows: Rows


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model said about the test rows of one fold.

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
    """What a plan needs of an option that brings its predictions along.

    Attributes
    ----------
    ids : tuple of str
        Of the rows that it has to predict.
    learned : tuple of str
        Classes of the rows that it would learn from; empty where that is not known yet.
    classes : tuple of str
        Of the data set.
    """

    ids: tuple[str, ...]
    learned: tuple[str, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effort:
    """What an option takes that can take long, told before it has ever run.

    Attributes
    ----------
    seconds : float
        Of one core, to fit and to predict with 10,000 rows of short texts, or of
        images, in 27 classes; orders of magnitude, measured with default parameters.
    power : float
        Of the number of rows that the seconds grow with.
    instead : str
        What to choose where that is too long.
    """

    seconds: float
    power: float = 1.0
    instead: str = ""

    def of(self, n_rows: int) -> float:
        """Return the seconds for a number of rows."""
        return float(self.seconds * (n_rows / 10_000) ** self.power)


@dataclass(frozen=True, slots=True)
class Real:
    """A range of numbers to search, evenly or by magnitude."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class Integer:
    """A range of whole numbers to search, both ends included."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """A list of values to search."""

    values: tuple[Any, ...]


Dimension = Real | Integer | Choices
Space = Mapping[str, Dimension]
