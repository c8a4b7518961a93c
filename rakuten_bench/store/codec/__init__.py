"""Values as a tree of plain data beside their arrays, readable without unpickling.

Numbers, strings, containers, arrays, sparse matrices, data frames and the frozen
dataclasses of this package are written as MessagePack; array buffers are kept apart, so
that they can be memory-mapped. Decoding them runs no code named by the data. Other
objects, such as those of a user's option, are pickled and marked: a pickle is loaded
only from files that no other user could have written.

A node of the tree is a plain scalar or a list whose first item is one of the tags below.
"""

from rakuten_bench.store.codec.decode import (
    DECODING_ERRORS,
    PickleRefused,
    decode,
)
from rakuten_bench.store.codec.encode import Encoded, encode

__all__ = ["DECODING_ERRORS", "Encoded", "PickleRefused", "decode", "encode"]
