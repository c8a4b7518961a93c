"""Write files named by the user: a failure is one message, no traceback."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rakuten_bench.atomic import write_atomically
from rakuten_bench.errors import writing


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file, creating its folder if needed; errors as in `writing`.

    An existing file is replaced atomically; anything else, such as a pipe or
    /dev/stdout, is written to directly.
    """
    data = content.encode() if isinstance(content, str) else content
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            write_atomically(path.resolve(), data)


def write_page(path: Path, page: str) -> None:
    """Write an HTML page; refuse to replace a file that is none.

    Raises
    ------
    UserError
        If the file is of another kind, or as in `writing`.
    """
    from rakuten_bench.deploy.overwriting import refuse_no_page

    refuse_no_page(path)
    write_file(path, page)


def write_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> int:
    """Write files into a folder and return how many; errors as in `writing`.

    Parameters
    ----------
    folder : Path
        Created if missing, before the first file is requested.
    files : iterable of (name, content)
        Errors raised while producing them are not treated as disk errors.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    n_files = 0
    for name, content in files:
        write_file(folder / name, content)
        n_files += 1
    return n_files
