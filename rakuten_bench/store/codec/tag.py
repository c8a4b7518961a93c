"""What writer and reader of a tree agree on."""

from __future__ import annotations

from typing import Any, TypeAlias

PACKAGE = "rakuten_bench."

#: Bytes, a memoryview or an array: what has a buffer. NumPy's arrays say so in types
#: from Python 3.12 on only.
Buffer: TypeAlias = Any

# Tags: one letter, since a table of scenarios has thousands.
LIST, TUPLE, FROZENSET, SET, DICT = "l", "t", "f", "e", "d"
PLAIN_LIST, PLAIN_TUPLE = "L", "T"  # their items are scalars: kept as they are
ARRAY, MAPPED, SCALAR, TEXTS = "a", "m", "s", "w"
SPARSE, FRAME, SERIES, DATACLASS, PICKLE = "c", "F", "S", "o", "p"
BIG_INT, SURROGATES = "i", "u"

SPARSE_FORMATS = ("csr_matrix", "csr_array", "csc_matrix", "csc_array")

SPARSE_FLAGS = ("_has_sorted_indices", "_has_canonical_format")


def is_ours(kind: type) -> bool:
    """Tell whether a class is a frozen dataclass that a module of ours defines."""
    params = getattr(kind, "__dataclass_params__", None)
    named = "<" not in kind.__qualname__ and "." not in kind.__qualname__
    return bool(
        named and kind.__module__.startswith(PACKAGE) and params and params.frozen
    )
