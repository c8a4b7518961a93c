"""Files that a user named and that can't be written: one message, no traceback."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rakuten_bench.atomic import write_atomically
from rakuten_bench.errors import writing


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file, and make its folder where it is not there; as `writing`.

    What was there before stays until the new one is whole; what is no file, such as a
    pipe or /dev/stdout, is written to.
    """
    data = content.encode() if isinstance(content, str) else content
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            write_atomically(path.resolve(), data)


def write_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Write files into a folder and return how many; as `writing`.

    Parameters
    ----------
    folder : Path
        Made where it is not there, before the first file is asked for.
    files : iterable of (name, content)
        What goes wrong while they are made is no trouble with the disk.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    n_files = 0
    for name, content in files:
        write_file(folder / name, content)
        n_files += 1
    return n_files
