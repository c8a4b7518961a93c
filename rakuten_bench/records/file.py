"""Files of a results folder: written through to disk, and read as untrusted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from rakuten_bench.atomic import partial_path, replace
from rakuten_bench.plain import read_plain

#: Limits of a JSON file: ten thousand classes take a tenth. A file beyond them is crafted to
#: exhaust memory or stack.
_MAX_SIZE = 32_000_000
_MAX_VALUES = 250_000

Decoded = TypeVar("Decoded")


def encode_json(value: msgspec.Struct) -> bytes:
    r"""Encode a record or another struct as indented JSON.

    File names that are not valid Unicode (in Python, with lone surrogates) are written
    with backslashes, since JSON can't represent them.
    """
    try:
        text = msgspec.json.encode(value, order=None)
    except UnicodeEncodeError:
        text = msgspec.json.encode(_legible(msgspec.to_builtins(value)), order=None)
    return msgspec.json.format(text, indent=1) + b"\n"


def _legible(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_legible(key): _legible(item) for key, item in value.items()}
    return [*map(_legible, value)] if isinstance(value, list) else value


def read_json(path: Path) -> bytes:
    """Read a JSON file of a results folder, which may be untrusted.

    Raises
    ------
    OSError
        If it is not a regular file, or too large.
    """
    return read_plain(path, _MAX_SIZE)


def decode_json(content: bytes, decoder: msgspec.json.Decoder[Decoded]) -> Decoded:
    """Decode untrusted JSON.

    Raises
    ------
    ValueError
        If it does not match the decoder's type, is nested too deep or has too many
        values.
    """
    n_values = sum(map(content.count, (b",", b"[", b"{")))
    if n_values > _MAX_VALUES:
        message = f"it has {n_values:,} values; the maximum is {_MAX_VALUES:,}"
        raise ValueError(message)
    try:
        return decoder.decode(content)
    except RecursionError:
        message = "it is nested too deeply"
        raise ValueError(message) from None


def replace_file(path: Path, content: bytes) -> None:
    """Write a temporary file, sync it to disk, then rename it."""
    with written(path.parent, {path.name: content}) as partials:
        replace(partials[path.name], path)


def create_file(path: Path, content: bytes) -> bool:
    """Create a file atomically; return False if it already exists."""
    with written(path.parent, {path.name: content}) as partials:
        try:
            os.link(partials[path.name], path)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            return _create_plainly(path, content)
    return True


def _create_plainly(path: Path, content: bytes) -> bool:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


@contextlib.contextmanager
def written(folder: Path, files: Mapping[str, bytes]) -> Iterator[dict[str, Path]]:
    """Write temporary files, synced to disk, and remove those that are not renamed.

    Yields
    ------
    dict of str to Path
        Temporary path of each file, by its name.
    """
    partials: dict[str, Path] = {}
    try:
        for name, content in files.items():
            partials[name] = partial_path(folder / name)
            _write_through(partials[name], content)
        yield partials
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
