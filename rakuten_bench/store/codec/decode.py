"""From a tree and the bytes of its arrays to the value."""

from __future__ import annotations

import dataclasses
import importlib
import io
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from rakuten_bench.store.codec import tag

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

#: What decoding bytes that nobody encoded can raise.
DECODING_ERRORS = (
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    ImportError,
    RecursionError,
    OverflowError,
    MemoryError,
    OSError,
    EOFError,
    msgspec.MsgspecError,
    pickle.UnpicklingError,
)

#: Opens the attached file of a number: (number, dtype, shape, offset, order) -> array.
OpenAttached = Callable[
    [int, np.dtype[np.generic], tuple[int, ...], int, Literal["C", "F"]],
    NDArray[np.generic],
]


class PickleRefused(Exception):
    """A value holds a pickle, and the caller trusts none."""


def decode(
    parts: Sequence[tag.Buffer],
    open_attached: OpenAttached,
    *,
    trusts_pickles: bool = False,
) -> Any:
    """Turn bytes back into a value.

    Parameters
    ----------
    parts : sequence of bytes-like
        As `Encoded` has them. Arrays share their memory.
    open_attached : callable
        Maps an array from an attached file.
    trusts_pickles : bool
        Whether nobody but this user can have written the bytes.

    Raises
    ------
    PickleRefused
        If there is a pickle, and `trusts_pickles` is False.
    one of DECODING_ERRORS
        If the bytes were not made by `encode`.
    """
    tree = msgspec.msgpack.decode(parts[0])
    return _Decoder(parts[1:], open_attached, trusts_pickles).value(tree)


class _Unpickler(pickle.Unpickler):
    """Reads what `_Pickler` has written."""

    def __init__(
        self, decoder: _Decoder, stream: io.BytesIO, buffers: list[tag.Buffer]
    ) -> None:
        super().__init__(stream, buffers=buffers)
        self._decoder = decoder

    def persistent_load(self, pid: object) -> Any:
        """Return the array of a node."""
        return self._decoder.value(pid)


class _Decoder:
    """Builds the value of a tree."""

    def __init__(
        self, buffers: Sequence[tag.Buffer], open_attached: OpenAttached, trusts: bool
    ) -> None:
        self._buffers = buffers
        self._open_attached = open_attached
        self._trusts_pickles = trusts

    def value(self, node: object) -> Any:
        """Return the value of a node."""
        if type(node) is not list:
            return node
        name, *words = node
        return _DECODERS[name](self, *words)

    def values(self, nodes: Iterable[object]) -> list[Any]:
        """Return the value of each node."""
        return [self.value(node) for node in nodes]

    def mapping(self, *nodes: object) -> dict[object, object]:
        """Return the mapping of keys and values in turn."""
        items = self.values(nodes)
        return dict(zip(items[::2], items[1::2], strict=True))

    def array(
        self, number: int, dtype: str, shape: list[int], order: Literal["C", "F"]
    ) -> NDArray[np.generic]:
        """Return an array over the bytes where they are; it can't be written to."""
        kind: np.dtype[np.generic] = _dtype(dtype)
        found: NDArray[np.generic] = np.ndarray(
            tuple(shape), kind, self._buffers[number], order=order
        )
        found.flags.writeable = False
        return found

    def mapped(
        self,
        number: int,
        dtype: str,
        shape: list[int],
        offset: int,
        order: Literal["C", "F"],
    ) -> NDArray[np.generic]:
        """Return an array mapped from an attached file."""
        place = (number, _dtype(dtype), tuple(shape), offset, order)
        return self._open_attached(*place)

    def texts(self, shape: list[int], node: object) -> NDArray[np.generic]:
        """Return an array of Python scalars."""
        items = self.value(node)
        found = np.empty(len(items), dtype=object)
        found[:] = items
        return found.reshape(shape)

    def sparse(
        self,
        name: str,
        shape: list[int],
        data: object,
        indices: object,
        indptr: object,
        known: Sequence[object],
    ) -> csr_matrix:
        """Return a compressed matrix over the arrays where they are."""
        from scipy import sparse

        if name not in tag.SPARSE_FORMATS:
            raise ValueError(name)
        found = getattr(sparse, name)(tuple(shape))
        found.data, found.indices, found.indptr = self.values((data, indices, indptr))
        for flag, is_set in zip(tag.SPARSE_FLAGS, known, strict=True):
            if is_set is not None:
                setattr(found, flag, bool(is_set))
        return found

    def frame(
        self, index: list[object], names: object, columns: list[list[object]]
    ) -> pd.DataFrame:
        """Return a table."""
        import pandas as pd

        rows = self._index(index)
        read = {i: self._column(node, rows) for i, node in enumerate(columns)}
        frame = pd.DataFrame(read, index=rows, copy=False)
        if columns:
            frame.columns = pd.Index(self.value(names))
        return frame

    def series(
        self, index: list[object], name: object, column: list[object]
    ) -> pd.Series:
        """Return one column."""
        return self._column(column, self._index(index)).rename(self.value(name))

    def _index(self, node: list[Any]) -> pd.Index:
        import pandas as pd

        kind, *words = node
        if kind == "range":
            return pd.RangeIndex(*words)
        name, column = words
        return pd.Index(self._column(column, None), name=self.value(name))

    def _column(self, node: list[Any], index: pd.Index | None) -> pd.Series:
        import pandas as pd

        kind, *words = node
        if kind == "numpy":
            values = self.value(words[0])
            return pd.Series(values, index, dtype=values.dtype, copy=False)
        storage, is_nan, texts = words
        dtype = pd.StringDtype(storage, na_value=np.nan if is_nan else pd.NA)
        return pd.Series(self.value(texts), index, dtype=dtype)

    def dataclass(self, name: str, *nodes: object) -> object:
        """Return an object of ours with its attributes set; none of its code runs."""
        kind = _find_class(name)
        made: object = object.__new__(kind)
        for one, node in zip(dataclasses.fields(kind), nodes, strict=True):
            object.__setattr__(made, one.name, self.value(node))
        return made

    def pickled(self, first: int, arrays: list[int]) -> object:
        """Unpickle a value, if the caller trusts what it reads."""
        if not self._trusts_pickles:
            raise PickleRefused
        buffers = [self._buffers[number] for number in arrays]
        return _Unpickler(self, io.BytesIO(self._buffers[first]), buffers).load()


_DECODERS: Mapping[str, Callable[..., Any]] = {
    tag.LIST: lambda self, *nodes: self.values(nodes),
    tag.TUPLE: lambda self, *nodes: tuple(self.values(nodes)),
    tag.SET: lambda self, *nodes: set(self.values(nodes)),
    tag.FROZENSET: lambda self, *nodes: frozenset(self.values(nodes)),
    tag.DICT: _Decoder.mapping,
    tag.PLAIN_LIST: lambda self, items: items,
    tag.PLAIN_TUPLE: lambda self, items: tuple(items),
    tag.BIG_INT: lambda self, digits: int(digits),
    tag.SURROGATES: lambda self, data: data.decode("utf-8", "surrogatepass"),
    tag.ARRAY: _Decoder.array,
    tag.MAPPED: _Decoder.mapped,
    tag.SCALAR: lambda self, dtype, data: np.frombuffer(data, _dtype(dtype))[0],
    tag.TEXTS: _Decoder.texts,
    tag.SPARSE: _Decoder.sparse,
    tag.FRAME: _Decoder.frame,
    tag.SERIES: _Decoder.series,
    tag.DATACLASS: _Decoder.dataclass,
    tag.PICKLE: _Decoder.pickled,
}


def _dtype(name: str) -> np.dtype[np.generic]:
    found = np.dtype(name)
    if found.hasobject:
        raise ValueError(name)
    return found


@cache
def _find_class(name: str) -> type:
    """Return a frozen dataclass of this package by its module and name."""
    module, _, qualname = name.partition(":")
    if not module.startswith(tag.PACKAGE):
        raise ValueError(name)
    kind = getattr(importlib.import_module(module), qualname)
    if not (isinstance(kind, type) and tag.is_ours(kind)):
        raise ValueError(name)
    return kind
