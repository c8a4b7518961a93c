"""Encode a value as a tree and its array buffers."""

from __future__ import annotations

import dataclasses
import io
import mmap
import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench.store.codec import tag

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

_PLAIN = frozenset({str, int, float, bool, type(None), bytes})
_LARGEST_INT = 1 << 63

#: A MessagePack value: a scalar, or a list whose first item is a tag.
Node = str | int | float | bool | bytes | list[object] | tuple[object, ...] | None
Array = NDArray[np.generic]
MappedArray = np.memmap[tuple[int, ...], np.dtype[np.generic]]


@dataclass(frozen=True)
class Encoded:
    """A value as bytes.

    Attributes
    ----------
    parts : list of bytes-like
        The tree, then the bytes of each array or pickle.
    files : list of Path
        Files with arrays of the value, referenced instead of copied.
    is_pickled : bool
        Whether any part is a pickle.
    """

    parts: list[tag.Buffer]
    files: list[Path] = field(default_factory=list)
    is_pickled: bool = False

    @property
    def size(self) -> int:
        """Bytes of the parts."""
        return sum(memoryview(part).nbytes for part in self.parts)


def encode(value: object, folder: Path | None = None) -> Encoded:
    """Encode a value; its arrays are referenced, not copied.

    Parameters
    ----------
    value : object
    folder : Path, optional
        Arrays mapped from files in this folder are not written again.
    """
    try:
        return _encode(value, _Encoder(folder))
    except UnicodeEncodeError:  # lone surrogates: rare, and slow to search for
        return _encode(value, _Encoder(folder, has_surrogates=True))


def _encode(value: object, encoder: _Encoder) -> Encoded:
    tree = msgspec.msgpack.encode(encoder.node(value))
    return Encoded([tree, *encoder.buffers], encoder.files, encoder.is_pickled)


class _Encoder:
    """Builds the tree of one value."""

    def __init__(self, folder: Path | None, *, has_surrogates: bool = False) -> None:
        self._folder = folder.resolve() if folder else None
        self._has_surrogates = has_surrogates
        self.buffers: list[tag.Buffer] = []
        self.files: list[Path] = []
        self.is_pickled = False

    def node(self, value: Any) -> Node:
        """Return the node of a value."""
        kind: type = type(value)
        if kind in _PLAIN:
            return self.scalar(value)
        encoder = _ENCODERS.get(kind) or _find_encoder(kind)
        return encoder(self, value) or self.pickled(value)

    def scalar(self, value: str | float | bytes | None) -> Node:
        """Return a scalar, or a node for one outside MessagePack's types."""
        if not _is_storable(value):
            return [tag.BIG_INT, str(value)]
        if self._has_surrogates and type(value) is str:
            return [tag.SURROGATES, value.encode("utf-8", "surrogatepass")]
        return value

    def sequence(self, value: list[object] | tuple[object, ...]) -> Node:
        """Write a list of scalars unchanged: 100,000 texts need no node each."""
        is_list = type(value) is list
        if _are_plain(value) and not self._has_surrogates:
            return [tag.PLAIN_LIST if is_list else tag.PLAIN_TUPLE, value]
        return [tag.LIST if is_list else tag.TUPLE, *map(self.node, value)]

    def mapping(self, value: dict[object, object]) -> Node:
        """Write keys and values alternately, in the order of the mapping."""
        items = chain.from_iterable(value.items())
        return [tag.DICT, *map(self.node, items)]

    def collection(self, value: set[object] | frozenset[object]) -> Node:
        """Write a set ordered by the `repr` of its items."""
        items = sorted(value, key=repr)
        name = tag.SET if type(value) is set else tag.FROZENSET
        return [name, *map(self.node, items)]

    def array(self, value: Array) -> Node:
        """Keep the bytes of an array as a separate buffer."""
        if value.dtype.hasobject:
            items = value.ravel().tolist()
            if not _are_plain(items):
                return self.pickled(value)
            return [tag.TEXTS, list(value.shape), self.sequence(items)]
        if value.dtype.names is not None or value.dtype.subdtype is not None:
            return self.pickled(value)
        order = "C" if value.flags.c_contiguous or not value.flags.f_contiguous else "F"
        flat = np.ascontiguousarray(value if order == "C" else value.T)
        buffer = flat.reshape(-1).view(np.uint8) if flat.size else b""
        return [
            *(tag.ARRAY, self._keep(buffer), value.dtype.str, list(value.shape), order)
        ]

    def mapped(self, value: MappedArray) -> Node:
        """Point to the file of an array that a step has already written."""
        location = find_mapped_file(value, self._folder)
        if location is None:
            return self.array(np.asarray(value))
        path, offset = location
        if path not in self.files:
            self.files.append(path)
        order = "C" if value.flags.c_contiguous else "F"
        fields = (value.dtype.str, list(value.shape), offset, order)
        return [tag.MAPPED, self.files.index(path), *fields]

    def number(self, value: np.generic) -> Node:
        """Write a NumPy scalar; None for an object."""
        if value.dtype.hasobject:
            return None
        return [tag.SCALAR, value.dtype.str, value.tobytes()]

    def dataclass(self, value: Any) -> Node:
        """Write the attributes in the order of the class's fields."""
        kind = type(value)
        names = [field.name for field in dataclasses.fields(kind)]
        values = [self.node(getattr(value, name)) for name in names]
        return [tag.DATACLASS, f"{kind.__module__}:{kind.__qualname__}", *values]

    def sparse(self, value: csr_matrix) -> Node:
        """Write the three arrays of a compressed matrix."""
        arrays = [self.node(getattr(value, n)) for n in ("data", "indices", "indptr")]
        flags = [value.__dict__.get(name) for name in tag.SPARSE_FLAGS]
        return [tag.SPARSE, type(value).__name__, list(value.shape), *arrays, flags]

    def frame(self, value: pd.DataFrame) -> Node:
        """Write a data frame by column; None if a column's type is not supported."""
        index = _index_node(self, value.index)
        names = list(value.columns)
        columns = [_column_node(self, value.iloc[:, i]) for i in range(len(names))]
        if index is None or None in columns or not _are_plain(names):
            return None
        return [tag.FRAME, index, self.sequence(names), columns]

    def series(self, value: pd.Series) -> Node:
        """Write a series and its index; None if a type is not supported."""
        index, column = _index_node(self, value.index), _column_node(self, value)
        if index is None or column is None or not _are_plain([value.name]):
            return None
        return [tag.SERIES, index, self.node(value.name), column]

    def pickled(self, value: object) -> Node:
        """Pickle an object of another type; its arrays are kept as buffers, too."""
        arrays: list[pickle.PickleBuffer] = []
        stream = io.BytesIO()
        _Pickler(self, stream, arrays).dump(value)
        self.is_pickled = True
        first = self._keep(stream.getbuffer())
        return [tag.PICKLE, first, [self._keep(array.raw()) for array in arrays]]

    def _keep(self, buffer: tag.Buffer) -> int:
        self.buffers.append(buffer)
        return len(self.buffers) - 1


class _Pickler(pickle.Pickler):
    """Pickles an object; the mapped arrays in it become nodes."""

    def __init__(
        self, encoder: _Encoder, stream: io.BytesIO, arrays: list[pickle.PickleBuffer]
    ) -> None:
        super().__init__(stream, protocol=5, buffer_callback=arrays.append)
        self._encoder = encoder

    def persistent_id(self, obj: object) -> Node:
        """Return the node of a mapped array; None for an object to pickle."""
        return self._encoder.mapped(obj) if type(obj) is np.memmap else None


_ENCODERS: Mapping[type, Callable[[_Encoder, Any], Node]] = {
    list: _Encoder.sequence,
    tuple: _Encoder.sequence,
    dict: _Encoder.mapping,
    set: _Encoder.collection,
    frozenset: _Encoder.collection,
    np.ndarray: _Encoder.array,
    np.memmap: _Encoder.mapped,
}
_LIBRARY_ENCODERS: Mapping[tuple[str, str], Callable[[_Encoder, Any], Node]] = {
    ("pandas", "DataFrame"): _Encoder.frame,
    ("pandas", "Series"): _Encoder.series,
    **{("scipy", name): _Encoder.sparse for name in tag.SPARSE_FORMATS},
}


@cache
def _find_encoder(kind: type) -> Callable[[_Encoder, Any], Node]:
    """Return the encoder of a class, without importing the class's library."""
    if issubclass(kind, np.generic):
        return _Encoder.number
    if dataclasses.is_dataclass(kind) and tag.is_ours(kind):
        return _Encoder.dataclass
    return _LIBRARY_ENCODERS.get(
        (kind.__module__.partition(".")[0], kind.__name__), _none
    )


def _none(encoder: _Encoder, value: object) -> None:
    del encoder, value


def _is_storable(value: object) -> bool:
    """Return whether MessagePack has a scalar: its integers have 64 bits."""
    return type(value) is not int or -_LARGEST_INT <= value < _LARGEST_INT


def _are_plain(values: Iterable[object]) -> bool:
    """Return whether all are scalars that MessagePack has."""
    kinds = set(map(type, values))
    return kinds <= _PLAIN and (int not in kinds or all(map(_is_storable, values)))


def find_mapped_file(
    array: MappedArray, folder: Path | None
) -> tuple[Path, int] | None:
    """Return the file in a folder that an array is mapped from, and its offset."""
    mapping = getattr(array, "_mmap", None)
    filename = getattr(array, "filename", None)
    if folder is None or mapping is None or filename is None or not array.size:
        return None
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        return None
    path = Path(filename)
    if folder not in path.resolve().parents:
        return None
    mapping_address = np.frombuffer(mapping, dtype=np.uint8).__array_interface__[
        "data"
    ][0]
    mapping_offset = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
    return path, array.__array_interface__["data"][0] - mapping_address + mapping_offset


def _index_node(encoder: _Encoder, index: pd.Index) -> Node:
    import pandas as pd

    if type(index) is pd.RangeIndex and index.name is None:
        return ["range", index.start, index.stop, index.step]
    column = _column_node(encoder, index)
    is_plain = _are_plain([index.name]) and not isinstance(index, pd.MultiIndex)
    return ["index", encoder.node(index.name), column] if is_plain and column else None


def _column_node(encoder: _Encoder, column: pd.Series) -> Node:
    """Return the dtype and values of a column; None if the dtype is not supported."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.StringDtype):
        is_nan = isinstance(dtype.na_value, float)
        values = [None if pd.isna(text) else text for text in column.tolist()]
        return ["text", dtype.storage, is_nan, encoder.sequence(values)]
    if not isinstance(dtype, np.dtype):
        return None
    node = encoder.node(column.to_numpy())
    is_pickled = isinstance(node, list) and node[0] == tag.PICKLE
    return None if is_pickled else ["numpy", node]
