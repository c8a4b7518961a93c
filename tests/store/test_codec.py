"""Encoding of values: decoded values equal the originals, and no code runs."""

import dataclasses
import os
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from rakuten_bench.store.codec import DECODING_ERRORS, PickleRefused, decode, encode
from rakuten_bench.types import Blocks, Fold, Folded, Images


def no_files(*words):
    raise AssertionError(words)


def again(value, *, trusts_pickles=False):
    """Return a value after its bytes were written and read."""
    parts = [bytes(memoryview(part).cast("B")) for part in encode(value).parts]
    return decode(parts, no_files, trusts_pickles=trusts_pickles)


def kinds(value):
    """Return the types of a value and of all that it holds, in order."""
    if isinstance(value, dict):
        return [dict, *(kinds(one) for pair in value.items() for one in pair)]
    if isinstance(value, list | tuple):
        return [type(value), *map(kinds, value)]
    return type(value)


class Loud:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
texts = st.text(st.characters(exclude_categories=()))
values = st.recursive(
    plain | texts | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(texts | st.integers(), inner)
        | st.frozensets(texts)
        | st.sets(st.integers())
    ),
)


@given(values)
def test_plain_values_come_back_with_their_types(value):
    found = again(value)

    assert found == value
    assert kinds(found) == kinds(value)
    assert not encode(value).is_pickled


@pytest.mark.parametrize(
    "matrix_format", ["csr_matrix", "csr_array", "csc_matrix", "csc_array"]
)
def test_sparse_matrices_come_back_as_they_were(matrix_format):
    dense = sparse.random_array((50, 20), density=0.2, dtype=np.float32).toarray()
    matrix = getattr(sparse, matrix_format)(dense)

    found = again(matrix)

    assert type(found) is type(matrix)
    assert (found.toarray() == dense).all()
    assert found.indices.dtype == matrix.indices.dtype
    assert found.has_sorted_indices


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": ["x", None], "b": [1, 2], "c": [0.5, np.nan]}),
        pd.DataFrame({"a": pd.Series(["x", "y"], dtype=object)}, index=[7, 3]),
        pd.DataFrame({"when": pd.to_datetime(["2020-01-01"])}, index=["row"]),
        pd.DataFrame(index=range(3)),
        pd.DataFrame({"a": pd.array(["x"], dtype="string[python]")}),
        pd.DataFrame(
            {"a": np.array(["lone surrogate \udcff"], dtype=object)}, dtype=object
        ),
    ],
    ids=["mixed", "objects", "dates", "no columns", "python strings", "surrogates"],
)
def test_tables_come_back_as_they_were(frame):
    pd.testing.assert_frame_equal(again(frame), frame)
    pd.testing.assert_series_equal(
        again(frame.index.to_series()), frame.index.to_series()
    )


def test_dataclasses_of_ours_come_back_with_all_they_hold():
    fold = Fold("0", np.arange(3), np.arange(3, 5))
    train = Blocks((np.eye(3), sparse.csr_matrix(np.eye(3))))
    value = Folded(train, None, np.arange(3), np.arange(3), np.arange(2))

    found = again({"fold": fold, "folded": value})

    assert found["fold"].name == "0"
    assert (found["fold"].train == fold.train).all()
    assert (found["folded"].train.values[1].toarray() == np.eye(3)).all()
    assert found["folded"].test is None


def test_arrays_are_not_copied_and_can_not_be_written_to():
    parts = encode(np.arange(10)).parts

    found = decode(parts, no_files)

    assert np.shares_memory(found, np.frombuffer(parts[1], np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_an_object_of_another_class_is_pickled_and_says_so(tmp_path):
    value = Images((), crop=Loud(tmp_path / "unpickled"))

    assert encode(value).is_pickled
    with pytest.raises(PickleRefused):
        again(value)
    assert not (tmp_path / "unpickled").exists()

    again(value, trusts_pickles=True)
    assert (tmp_path / "unpickled").exists()


@pytest.mark.parametrize(
    "tree",
    [
        ["o", "os:system", "true"],
        ["o", "rakuten_bench.errors:UserError"],
        ["o", "rakuten_bench.executor.local.pool:LocalPool", 1],
        ["o", "rakuten_bench.store.result:os"],
        ["a", 0, "|O", [1], "C"],
        ["a", 5, "<f8", [1], "C"],
        ["a", 0, "<f8", [10**9], "C"],
        ["c", "dok_matrix", [1, 1], None, None, None, [None, None]],
        ["no such tag"],
        [["l"]],
        [],
    ],
    ids=str,
)
def test_invalid_bytes_raise_an_error_and_run_no_code(tree):
    import msgspec

    with pytest.raises(DECODING_ERRORS):
        decode([msgspec.msgpack.encode(tree), b"12345678"], no_files)


def test_a_tree_nested_without_end_is_an_error():
    tree = b"\x92\xa1l" * 100_000 + b"\xc0"

    with pytest.raises(DECODING_ERRORS):
        decode([tree], no_files)


def test_a_class_that_only_looks_like_ours_is_pickled():
    @dataclasses.dataclass(frozen=True)
    class Fake:
        value: int

    Fake.__module__ = "rakuten_bench.types"

    assert not encode(Fold("0", np.arange(1), np.arange(1))).is_pickled
    with pytest.raises((pickle.PicklingError, AttributeError)):
        encode(Fake(1))
