"""Texts and names on the command line of a terminal that is not UTF-8."""

from __future__ import annotations

import click
import pytest

from rakuten_bench.cli._text import Text


def test_a_text_that_python_could_not_decode_is_read_as_utf_8():
    argument = "café ★".encode().decode("ascii", "surrogateescape")

    assert Text().convert(argument, None, None) == "café ★"


def test_a_text_of_another_encoding_is_refused():
    argument = b"caf\xe9".decode("utf-8", "surrogateescape")

    with pytest.raises(click.BadParameter, match="is not UTF-8"):
        Text().convert(argument, None, None)


def test_a_text_with_line_ends_is_kept():
    assert Text().convert("one\ntwo", None, None) == "one\ntwo"
