"""Archives of arrays take no more memory than a genuine file of their size."""

import zipfile

import numpy as np
import pytest

from rakuten_bench.npz import open_npz, read_array, read_head


def write_announcing(path, shape, content):
    """Write an array whose header has another shape than its values."""
    head = {"shape": shape, "fortran_order": False, "descr": "<i4"}
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("id.npy", "w") as member,
    ):
        np.lib.format.write_array_header_1_0(member, head)
        member.write(content)


def test_an_array_is_read_as_it_was_written(tmp_path):
    values = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.savez_compressed(tmp_path / "a.npz", values=values)

    with open_npz(tmp_path / "a.npz", ["values"]) as archive:
        assert read_head(archive, "values") == ((2, 3), np.dtype("<f8"))
        assert (read_array(archive, "values") == values).all()


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    write_announcing(tmp_path / "a.npz", (1 << 26,), bytes(1 << 28))

    with (
        pytest.raises(ValueError, match="bytes unpack to 268,435,"),
        open_npz(tmp_path / "a.npz", ["id"]),
    ):
        pass


def test_an_array_has_the_values_that_it_announces(tmp_path):
    write_announcing(tmp_path / "a.npz", (1 << 50,), bytes(8))

    with (
        open_npz(tmp_path / "a.npz", ["id"]) as archive,
        pytest.raises(
            ValueError, match="'id' lacks some of the 1,125,899,906,842,624 values"
        ),
    ):
        read_array(archive, "id")


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", id=np.array([{}, {}], dtype=object))

    with (
        open_npz(tmp_path / "a.npz", ["id"]) as archive,
        pytest.raises(
            ValueError, match=r"'id' lacks some of the 2 values|allow_pickle"
        ),
    ):
        read_array(archive, "id")
