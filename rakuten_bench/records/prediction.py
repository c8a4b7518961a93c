"""Predictions of a scenario for all test rows, and their file format."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.npz import open_npz, read_array

#: The members of predictions.npz, in order.
MEMBERS = (
    *("id", "true", "predicted", "fold", "language", "classes", "probability"),
    "is_clustering",
)

_OPTIONAL = ("probability", "is_clustering")

#: Kind of the values, and number of dimensions.
_LAYOUT = {
    "id": ("U", 1),
    "true": ("i", 1),
    "predicted": ("i", 1),
    "fold": ("i", 1),
    "language": ("U", 1),
    "classes": ("U", 1),
    "probability": ("f", 2),
    "is_clustering": ("b", 1),
}

_MAX_CLASSES = 2000  # classes or clusters allowed for very few rows

#: Members that are the same for all scenarios of a board.
_COMMON = frozenset({"id", "true", "fold", "language", "classes"})


@dataclass(frozen=True)
class Predictions:
    """Predictions of a scenario for all test rows, in the same order for all scenarios.

    Attributes
    ----------
    ids : str array of shape (n_rows,)
        Row ids of the data set.
    true, predicted : int32 arrays of shape (n_rows,)
        Indices into `classes`.
    fold : int16 array of shape (n_rows,)
        The fold that tests the row; 0 for a single split.
    language : str array of shape (n_rows,)
        ISO 639-1 code, "" where unknown.
    classes : tuple of str
    probability : float32 array of shape (n_rows, n_classes) or None
        Columns in the order of `classes`.
    is_clustering : bool
        Whether `predicted` contains cluster numbers, which are unrelated to `classes`
        and between folds.

    Raises
    ------
    ValueError
        If the lengths differ.
    """

    ids: NDArray[np.str_]
    true: NDArray[np.int32]
    predicted: NDArray[np.int32]
    fold: NDArray[np.int16]
    language: NDArray[np.str_]
    classes: tuple[str, ...]
    probability: NDArray[np.float32] | None = None
    is_clustering: bool = False
    _stamps: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    _encoded: dict[str, bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        columns = (self.true, self.predicted, self.fold, self.language)
        lengths = {len(column) for column in columns} | {len(self.ids)}
        shape = (len(self.ids), len(self.classes))
        if len(lengths) > 1:
            message = f"columns of predictions have different lengths: {lengths}"
            raise ValueError(message)
        if self.probability is not None and self.probability.shape != shape:
            message = f"probability has shape {self.probability.shape}, not {shape}"
            raise ValueError(message)

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.generic] | slice) -> Self:
        """Return the predictions of a subset of rows: an index, a mask or a slice."""
        probability = self.probability
        return type(self)(
            ids=self.ids[rows],
            true=self.true[rows],
            predicted=self.predicted[rows],
            fold=self.fold[rows],
            language=self.language[rows],
            classes=self.classes,
            probability=None if probability is None else probability[rows],
            is_clustering=self.is_clustering,
        )

    @cached_property
    def rows_digest(self) -> str:
        """Hash of the test rows: ids, true labels, folds and classes."""
        classes = np.array(self.classes)
        columns = {"id": self.ids, "true": self.true, "fold": self.fold}
        return self._digest({**columns, "classes": classes})

    @cached_property
    def digest(self) -> str:
        """Hash of all arrays, independent of the file's encoding."""
        return self._digest(self._arrays())

    def _digest(self, arrays: Mapping[str, NDArray[Any]]) -> str:
        """Hash arrays by shape, kind and content."""
        digest = hashlib.blake2b(digest_size=16)
        for name, array in arrays.items():
            encoded = self._encoded.get(name) or _encode(array)
            if name in _COMMON:
                self._encoded[name] = encoded
            digest.update(encoded)
        return digest.hexdigest()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """Return the columns by their names in the file."""
        columns = {
            "id": self.ids,
            "true": self.true,
            "predicted": self.predicted,
            "fold": self.fold,
            "language": self.language,
            "classes": np.array(self.classes, dtype=np.str_),
            "probability": self.probability,
            "is_clustering": np.array(True) if self.is_clustering else None,
        }
        return {name: value for name, value in columns.items() if value is not None}

    def to_bytes(self) -> bytes:
        """Return the content of predictions.npz.

        Strings and codes deflate to a fifth of their size in a millisecond; probabilities
        hardly compress and would take 50 times as long, so they are stored uncompressed.
        """
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, array in self._arrays().items():
                stored = name == "probability"
                archive.writestr(
                    zipfile.ZipInfo(f"{name}.npy"),  # dated 1980: same bytes each time
                    _npy(array),
                    zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED,
                    None if stored else 1,
                )
        return buffer.getvalue()

    @classmethod
    def load(cls, path: Path, like: Self | None = None) -> Self:
        """Read predictions.npz.

        Parameters
        ----------
        path : Path
        like : Predictions, optional
            Predictions of another scenario, whose common columns are reused. This reads a
            board of a thousand scenarios in a third of the time.

        Raises
        ------
        OSError, ValueError, KeyError, zipfile.BadZipFile
            If the file is missing or damaged.
        """
        with open_npz(path, MEMBERS) as archive:
            stamps = {
                info.filename.removesuffix(".npy"): (info.CRC, info.file_size)
                for info in archive.infolist()
            }
            same = like.common_columns(stamps) if like else {}
            columns = {
                name: same[name] if name in same else _read_column(archive, name)
                for name in MEMBERS
                if name in stamps
            }
        _check_columns(columns)
        classes = tuple(columns.pop("classes").tolist())
        ids = columns.pop("id")
        clustering = bool(columns.pop("is_clustering", False))
        known = like._encoded if like else {}
        encoded = {name: known[name] for name in same if name in known}
        return cls(
            ids=ids,
            classes=classes,
            is_clustering=clustering,
            _stamps=stamps,
            _encoded=encoded,
            **columns,
        )

    def common_columns(
        self, stamps: Mapping[str, tuple[int, int]]
    ) -> dict[str, NDArray[Any]]:
        """Return the columns whose checksum and size match those of another file."""
        return {
            name: array
            for name, array in self._arrays().items()
            if name in _COMMON and stamps.get(name) == self._stamps.get(name, ())
        }


def _read_column(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Read an array, and check its type and dimensions.

    Raises
    ------
    KeyError, ValueError, zipfile.BadZipFile
    """
    array = read_array(archive, name)
    kind, n_dims = _LAYOUT[name]
    if array.dtype.kind != kind or array.ndim != n_dims:
        message = (
            f"'{name}' is an array of {array.ndim} dimensions and type {array.dtype}"
        )
        raise ValueError(message)
    return array


def _check_columns(columns: Mapping[str, NDArray[Any]]) -> None:
    """Refuse a file with missing columns, or with too many classes for its rows.

    Tables of counts by class or cluster could otherwise exhaust the memory.

    Raises
    ------
    ValueError
    """
    missing = [
        name for name in MEMBERS if name not in columns and name not in _OPTIONAL
    ]
    if missing:
        message = f"missing members: {', '.join(missing)}"
        raise ValueError(message)
    n_rows = len(columns["id"])
    limit = _MAX_CLASSES + 10 * n_rows
    predicted = columns["predicted"]
    if len(columns["classes"]) > limit or predicted.max(initial=0) > limit:
        message = f"too many classes or clusters for {n_rows:,} rows"
        raise ValueError(message)


def load_predicted(path: Path) -> NDArray[np.int32]:
    """Read only the predicted codes of predictions.npz; errors as in `load`.

    A board may read a thousand files: `np.load` would take twice as long.
    """
    with open_npz(path, MEMBERS) as archive:
        return _read_column(archive, "predicted")


def _npy(array: NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _encode(array: NDArray[np.generic]) -> bytes:
    """Return shape, kind and content of an array, without the width of strings."""
    head = f"{array.shape}{array.dtype.kind};".encode()
    if array.dtype.kind == "U":
        text = "\x00".join(array.tolist())
        return head + text.encode("utf-8", "surrogatepass")
    return head + np.ascontiguousarray(array).tobytes()
