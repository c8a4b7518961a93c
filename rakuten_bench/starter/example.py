"""The scenario files that come with the package."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from rakuten_bench.errors import UserError, unknown, writing
from rakuten_bench.scenario.load import load_study

#: In a wheel; in a checkout they are beside the package.
_FOLDERS = (
    Path(__file__).with_name("scenarios"),
    Path(__file__).parents[2] / "scenarios",
)


@dataclass(frozen=True, slots=True)
class Example:
    """A scenario file that comes with the package.

    Attributes
    ----------
    name : str
        Its path among the others, without ".yaml".
    path : Path
    purpose : str
        The first sentence of the comment that it begins with.
    dataset : str
    n_scenarios : int
    """

    name: str
    path: Path
    purpose: str
    dataset: str
    n_scenarios: int


def iter_examples() -> Iterator[Example]:
    """Yield the examples, those of no folder first."""
    for name, path in find_examples().items():
        study = load_study(path)
        purpose = _read_purpose(path) or study.title
        yield Example(name, path, purpose, study.dataset.name, len(study.scenarios))


def _read_purpose(path: Path) -> str:
    """Return the first sentence of the comment that a file begins with."""
    lines = path.read_text("utf-8").splitlines()
    comment = takewhile(lambda line: line.startswith("#"), lines)
    text = " ".join(line.lstrip("# ") for line in comment)
    return re.split(r"(?<=[.?:])\s", text, maxsplit=1)[0].rstrip(".:")


def find_examples() -> dict[str, Path]:
    """Return the path of each example by its name."""
    folder = next((one for one in _FOLDERS if one.is_dir()), _FOLDERS[0])
    files = sorted(folder.rglob("*.yaml"), key=lambda file: (len(file.parts), file))
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def copy_example(name: str, target: Path | None = None) -> Path:
    """Copy an example and return the path of the copy.

    Parameters
    ----------
    name : str
        Its name, or the last part of it.
    target : Path, optional
        File or folder to copy to; by default the working folder.

    Raises
    ------
    UserError
        If it is unknown, or the target exists.
    """
    source = _find(name)
    target = Path() if target is None else target
    if target.is_dir():
        target = target / source.name
    if target.exists():
        message = f"{target}: exists. Name another file, or remove it."
        raise UserError(message)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return target


def _find(name: str) -> Path:
    known = find_examples()
    plain = name.removesuffix(".yaml").removeprefix("scenarios/")
    found = [
        path for one, path in known.items() if plain in (one, one.rpartition("/")[2])
    ]
    if plain in known:
        return known[plain]
    if len(found) != 1:
        raise UserError(unknown("example", name, known))
    return found[0]
