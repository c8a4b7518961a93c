"""A folder with one folder of images for each class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rakuten_bench.data.build import assemble
from rakuten_bench.data.given import find_side
from rakuten_bench.data.image import Share
from rakuten_bench.data.spec import DataPaths, dataset, expand_home
from rakuten_bench.errors import UserError
from rakuten_bench.identify import is_image
from rakuten_bench.types import Dataset
from rakuten_bench.wording.words import number


@dataset("image_folder")
def image_folder(
    paths: DataPaths, *, path: str, name: str = "", max_missing_images: Share = 0.5
) -> Dataset:
    """Read a folder with one folder of images for each class.

    Folders named train, validation and test may stand between both: they define the test
    rows.

    Parameters
    ----------
    path : str
        The folder, relative to the scenario file.
    name : str
        Name of the board; if "", the name of the folder.
    max_missing_images : float
        The share of images that may be unreadable.

    Raises
    ------
    UserError
        If there is no such folder, or it has no folders with images.
    """
    folder = paths.relative_to / expand_home(path)
    if not folder.is_dir():
        message = f"{folder}: no such folder. Name one with a folder for each class."
        raise UserError(message)
    files = list(_iter_images(folder))
    if not files:
        message = (
            f"{folder}: has no folders with images. Make one for each class, named as the "
            f"class."
        )
        raise UserError(message)
    sides = _find_sides(files)
    depth = 1 if sides else 0
    ids = [file.as_posix() for file in files]
    return assemble(
        name or folder.resolve().name,
        {"id": ids, "label": [file.parts[depth] for file in files], "image_path": ids},
        subject=str(folder),
        image_folder=folder,
        cache=paths.store,
        about=f"{folder.name}, {number(len(files), 'image')}.",
        remarks=tuple(_iter_remarks(folder)),
        max_missing_images=max_missing_images,
        sides=sides,
    )


def _iter_images(folder: Path) -> Iterator[Path]:
    """Yield the images below the folders of a folder, relative to it, sorted."""
    for path in sorted(folder.glob("*/**/*")):
        relative = path.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in relative.parts)
        if is_image(path) and not is_hidden and path.is_file():
            yield relative


def _find_sides(files: list[Path]) -> tuple[str, ...]:
    """Return the side of each image, if the first folders are all named as sides."""
    sides = [find_side(file.parts[0]) for file in files]
    are_nested = all(len(file.parts) > 2 for file in files)
    return tuple(sides) if are_nested and all(sides) else ()


def _iter_remarks(folder: Path) -> Iterator[str]:
    n_loose = sum(is_image(path) for path in folder.iterdir() if path.is_file())
    if n_loose:
        yield (
            f"{folder}: {number(n_loose, 'image')} in no folder of a class: not used."
        )
