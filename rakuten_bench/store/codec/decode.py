"""Decode a tree and its array buffers into the value."""

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

#: Exceptions that decoding arbitrary bytes can raise.
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
    """A value contains a pickle, and the caller does not trust pickles."""


def decode(
    parts: Sequence[tag.Buffer],
    open_attached: OpenAttached,
    *,
    trusts_pickles: bool = False,
) -> Any:
    """Decode bytes into a value.

    Parameters
    ----------
    parts : sequence of bytes-like
        The parts of `Encoded`. Arrays share their memory.
    open_attached : callable
        Maps an array from an attached file.
    trusts_pickles : bool
        Whether only this user can have written the bytes.

    Raises
    ------
    PickleRefused
        If the value contains a pickle, and `trusts_pickles` is False.
    one of DECODING_ERRORS
        If the bytes are not the output of `encode`.
    """
    tree = msgspec.msgpack.decode(parts[0])
    return _Decoder(parts[1:], open_attached, trusts_pickles).value(tree)


class _Unpickler(pickle.Unpickler):
    """Reads the output of `_Pickler`."""

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
        name, *fields = node
        return _DECODERS[name](self, *fields)

    def values(self, nodes: Iterable[object]) -> list[Any]:
        """Return the value of each node."""
        return [self.value(node) for node in nodes]

    def mapping(self, *nodes: object) -> dict[object, object]:
        """Return the mapping of keys and values in turn."""
        values = self.values(nodes)
        return dict(zip(values[::2], values[1::2], strict=True))

    def array(
        self, number: int, dtype: str, shape: list[int], order: Literal["C", "F"]
    ) -> NDArray[np.generic]:
        """Return a read-only view of a buffer as an array."""
        kind: np.dtype[np.generic] = _dtype(dtype)
        array: NDArray[np.generic] = np.ndarray(
            tuple(shape), kind, self._buffers[number], order=order
        )
        array.flags.writeable = False
        return array

    def mapped(
        self,
        number: int,
        dtype: str,
        shape: list[int],
        offset: int,
        order: Literal["C", "F"],
    ) -> NDArray[np.generic]:
        """Return an array mapped from an attached file."""
        arguments = (number, _dtype(dtype), tuple(shape), offset, order)
        return self._open_attached(*arguments)

    def texts(self, shape: list[int], node: object) -> NDArray[np.generic]:
        """Return an array of Python scalars."""
        items = self.value(node)
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array.reshape(shape)

    def sparse(
        self,
        name: str,
        shape: list[int],
        data: object,
        indices: object,
        indptr: object,
        flags: Sequence[object],
    ) -> csr_matrix:
        """Return a compressed matrix that shares the memory of its arrays."""
        from scipy import sparse

        if name not in tag.SPARSE_FORMATS:
            raise ValueError(name)
        matrix = getattr(sparse, name)(tuple(shape))
        matrix.data, matrix.indices, matrix.indptr = self.values(
            (data, indices, indptr)
        )
        for flag, is_set in zip(tag.SPARSE_FLAGS, flags, strict=True):
            if is_set is not None:
                setattr(matrix, flag, bool(is_set))
        return matrix

    def frame(
        self, index: list[object], names: object, columns: list[list[object]]
    ) -> pd.DataFrame:
        """Return a data frame."""
        import pandas as pd

        rows = self._index(index)
        series = {i: self._column(node, rows) for i, node in enumerate(columns)}
        frame = pd.DataFrame(series, index=rows, copy=False)
        if columns:
            frame.columns = pd.Index(self.value(names))
        return frame

    def series(
        self, index: list[object], name: object, column: list[object]
    ) -> pd.Series:
        """Return a series."""
        return self._column(column, self._index(index)).rename(self.value(name))

    def _index(self, node: list[Any]) -> pd.Index:
        import pandas as pd

        kind, *fields = node
        if kind == "range":
            return pd.RangeIndex(*fields)
        name, column = fields
        return pd.Index(self._column(column, None), name=self.value(name))

    def _column(self, node: list[Any], index: pd.Index | None) -> pd.Series:
        import pandas as pd

        kind, *fields = node
        if kind == "numpy":
            values = self.value(fields[0])
            return pd.Series(values, index, dtype=values.dtype, copy=False)
        storage, is_nan, texts = fields
        dtype = pd.StringDtype(storage, na_value=np.nan if is_nan else pd.NA)
        return pd.Series(self.value(texts), index, dtype=dtype)

    def dataclass(self, name: str, *nodes: object) -> object:
        """Return an instance with its attributes set, without running its code."""
        kind = _find_class(name)
        instance: object = object.__new__(kind)
        for field, node in zip(dataclasses.fields(kind), nodes, strict=True):
            object.__setattr__(instance, field.name, self.value(node))
        return instance

    def pickled(self, first: int, arrays: list[int]) -> object:
        """Unpickle a value, if the caller trusts pickles."""
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
    dtype = np.dtype(name)
    if dtype.hasobject:
        raise ValueError(name)
    return dtype


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
