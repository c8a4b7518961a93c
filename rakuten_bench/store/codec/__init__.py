"""Values as a tree of plain data beside their arrays, readable without unpickling.

Numbers, texts, containers, arrays, CSR matrices, tables and the frozen dataclasses of this
package are written as MessagePack; the bytes of arrays stay apart, so that they can be
mapped. Reading them back runs no code that the bytes name. Anything else, such as an
object of a user's own option, is pickled, and the result says so: a pickle is only to be
loaded from files that nobody else could have written.

A node of the tree is a plain scalar or a list whose first item is one of the tags below.
"""

from rakuten_bench.store.codec.decode import (
    DECODING_ERRORS,
    PickleRefused,
    decode,
)
from rakuten_bench.store.codec.encode import Encoded, encode

__all__ = ["DECODING_ERRORS", "Encoded", "PickleRefused", "decode", "encode"]
