"""Untrusted files are read up to a size limit, and never block."""

import os
from pathlib import Path

import pytest

from rakuten_bench.plain import NotPlain, iter_lines, read_plain


def test_lines_are_those_of_any_system_without_the_byte_order_mark(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_bytes("\ufeffa\nb\r\nc\u2028d".encode())

    assert list(iter_lines(path)) == ["a\n", "b\r\n", "c\u2028d"]


def test_a_line_that_does_not_end_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "ids.txt"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(NotPlain, match="a line of more than 100 characters"):
        next(iter_lines(path, 100))


def test_a_larger_file_than_such_a_file_is_not_read(tmp_path):
    path = tmp_path / "card.json"
    path.write_bytes(b"12345")

    with pytest.raises(NotPlain, match="has 5 bytes, over the limit of 4"):
        read_plain(path, 4)


def test_a_pipe_and_a_device_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(NotPlain, match="is a named pipe"):
        next(iter_lines(tmp_path / "pipe"))
    with pytest.raises(NotPlain, match="is a device"):
        read_plain(Path("/dev/zero"), 100)
