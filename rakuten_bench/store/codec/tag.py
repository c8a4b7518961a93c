"""Tags and types shared by the encoder and the decoder."""

from __future__ import annotations

from typing import Any, TypeAlias

PACKAGE = "rakuten_bench."

#: Bytes, a memoryview or an array: an object with a buffer. NumPy's arrays are typed as
#: `collections.abc.Buffer` from Python 3.12 only.
Buffer: TypeAlias = Any

# One letter each, since a tree can have thousands of nodes.
LIST, TUPLE, FROZENSET, SET, DICT = "l", "t", "f", "e", "d"
PLAIN_LIST, PLAIN_TUPLE = "L", "T"  # of scalars only, written unchanged
ARRAY, MAPPED, SCALAR, TEXTS = "a", "m", "s", "w"
SPARSE, FRAME, SERIES, DATACLASS, PICKLE = "c", "F", "S", "o", "p"
BIG_INT, SURROGATES = "i", "u"

SPARSE_FORMATS = ("csr_matrix", "csr_array", "csc_matrix", "csc_array")

SPARSE_FLAGS = ("_has_sorted_indices", "_has_canonical_format")


def is_ours(kind: type) -> bool:
    """Return whether a class is a frozen dataclass defined in this package."""
    params = getattr(kind, "__dataclass_params__", None)
    is_top_level = "<" not in kind.__qualname__ and "." not in kind.__qualname__
    return bool(
        is_top_level
        and kind.__module__.startswith(PACKAGE)
        and params
        and params.frozen
    )
