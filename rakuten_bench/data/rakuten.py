"""The Rakuten France challenge: 84,916 listings in 27 classes, downloaded by users."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.data.build import assemble
from rakuten_bench.data.image import Share
from rakuten_bench.data.layout import name_images
from rakuten_bench.data.reading import Remark, read_table
from rakuten_bench.data.spec import DATA_DIR_VARIABLE, DataPaths, dataset
from rakuten_bench.errors import UserError, list_names
from rakuten_bench.types import Dataset, Kind, Layout

if TYPE_CHECKING:
    import pandas as pd

TEXTS = "X_train_update.csv"
LABELS = "Y_train_CVw08PX.csv"
#: File that marks synthetic data in the challenge's layout, so that no board on it is
#: mistaken for the real data; row id and language of each row.
SYNTHETIC_MARK = "synthetic_languages.csv"

ABOUT = (
    "Rakuten France multimodal product classification: 84,916 listings, 27 classes, "
    "French first, one photo each. Used under the challenge's terms, by the user's own "
    "copy. The class names are our reading of the codes, not Rakuten's."
)
SYNTHETIC_ABOUT = (
    "Made up by rakuten-bench in the layout and with the shares of the Rakuten France "
    "challenge; no real listing is in it. For tests and benchmarks only."
)

IMAGE_NAME = "image_{imageid}_product_{productid}.jpg"
LAYOUT = Layout(
    {"title": "designation", "description": "description", "language": "language"},
    image_name=IMAGE_NAME,
)

#: Our reading of the codes; there are no official names.
LABEL_NAMES = {
    "10": "used books",
    "40": "video games, imports",
    "50": "gaming accessories",
    "60": "consoles",
    "1140": "figurines",
    "1160": "trading cards",
    "1180": "role-play and war-game figures",
    "1280": "toys",
    "1281": "board games",
    "1300": "scale models, drones",
    "1301": "baby socks and small articles",
    "1302": "outdoor and sport",
    "1320": "nursery",
    "1560": "furniture, household",
    "1920": "home textiles",
    "1940": "food",
    "2060": "decoration, lighting",
    "2220": "pets",
    "2280": "magazines, newspapers",
    "2403": "book and comic lots, series",
    "2462": "used games and consoles",
    "2522": "stationery",
    "2582": "garden furniture",
    "2583": "pool and spa",
    "2585": "garden and DIY tools",
    "2705": "new books",
    "2905": "downloadable games",
}


@dataset("rakuten")
def rakuten(place: DataPaths, *, max_missing_images: Share = 0.5) -> Dataset:
    """Rakuten France challenge, from its files: 84,916 listings, 27 classes, photos.

    Parameters
    ----------
    max_missing_images : float
        The share of rows that may lack an image in a run that reads images.

    Raises
    ------
    UserError
        If the files are missing, or texts and labels do not match.
    """
    return read_challenge(
        find_folder(place), cache=place.store, max_missing_images=max_missing_images
    )


def find_folder(place: DataPaths) -> Path:
    """Return the folder with the challenge's tables.

    Raises
    ------
    UserError
        If it is not found; says what to download and where to put it.
    """
    folders = place.folders(DATA_DIR_VARIABLE)
    for folder in folders:
        for found in (folder, folder / "rakuten"):
            if (found / TEXTS).is_file() and (found / LABELS).is_file():
                return found
    where = ", ".join(f"'{folder}'" for folder in folders) or "no folder given"
    message = (
        f"data set 'rakuten': {TEXTS} and {LABELS} not found ({where}). Download "
        f"them and the images from the challenge 'Rakuten France Multimodal Product "
        f"Data Classification' on challengedata.ens.fr, put both tables and the "
        f"unpacked images/ into one folder, and name it with --data-dir or "
        f"{DATA_DIR_VARIABLE}. The data set 'openmoji' needs no download."
    )
    raise UserError(message)


def read_challenge(
    folder: Path, *, cache: Path | None = None, max_missing_images: float = 0.5
) -> Dataset:
    """Read a folder in the challenge's layout, real or synthetic.

    Parameters
    ----------
    folder : Path
    cache : Path or None
        Folder where the hashes of images are kept.
    max_missing_images : float
        The share of rows that may lack an image; synthetic data may lack all but one.

    Raises
    ------
    UserError
        If texts and labels do not match.
    """
    frame, remarks = join_labels(folder)
    mark = folder / SYNTHETIC_MARK
    kind: Kind = "synthetic" if mark.is_file() else "real"
    columns = {
        "id": frame.index,
        "title": frame["designation"],
        "description": frame["description"],
        "label": frame["prdtypecode"],
        "image_path": image_names(frame),
    }
    if kind == "synthetic":
        languages = read_table(mark).frame.set_index("id")["language"]
        columns["language"] = frame.index.map(languages)
    return assemble(
        "synthetic" if kind == "synthetic" else "rakuten",
        columns,
        subject=str(folder / TEXTS),
        image_folder=find_images(folder),
        cache=cache,
        kind=kind,
        max_missing_images=1.0 if kind == "synthetic" else max_missing_images,
        about=SYNTHETIC_ABOUT if kind == "synthetic" else ABOUT,
        remarks=tuple(map(str, remarks)),
        layout=LAYOUT,
        label_names=LABEL_NAMES,
    )


def join_labels(folder: Path) -> tuple[pd.DataFrame, list[Remark]]:
    """Read both tables and join texts and labels by row id.

    Raises
    ------
    UserError
        If a column is missing, a row id is duplicated, or there are labels for rows
        without a text.
    """
    remarks: list[Remark] = []
    texts = _read(folder / TEXTS, remarks, "designation", "description", *_IMAGE_KEYS)
    labels = _read(folder / LABELS, remarks, "prdtypecode")
    stray = labels.index.difference(texts.index)
    if len(stray):
        message = (
            f"{folder / LABELS}: {len(stray):,} of {len(labels):,} labels are for rows "
            f"missing in {TEXTS} (first: {stray[0]}). Are both files from the "
            f"same download?"
        )
        raise UserError(message)
    # pandas writes "10.0" if a column had a missing value
    labels["prdtypecode"] = labels["prdtypecode"].str.replace(r"\.0$", "", regex=True)
    return texts.join(labels), remarks


_IMAGE_KEYS = ("productid", "imageid")


def _read(file: Path, remarks: list[Remark], *columns: str) -> pd.DataFrame:
    """Read columns of a table whose first, unnamed column is the row id."""
    reading = read_table(file, columns)
    frame = reading.frame
    remarks.extend(reading.remarks)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        message = (
            f"{file}: column '{missing[0]}' is missing. Is it the challenge's file? "
            f"It has: {list_names(frame.columns)}."
        )
        raise UserError(message)
    index = frame.columns[0]
    if index in columns:
        message = (
            f"{file}: its first column is '{index}', not the row ids by which texts and "
            f"labels are joined. Download it again, or write it with the ids (pandas: "
            f"to_csv without index=False)."
        )
        raise UserError(message)
    refuse_repeated(file, frame[index])
    return frame.set_index(index)[[*columns]]


def refuse_repeated(file: Path, ids: pd.Series) -> None:
    """Reject duplicate row ids: texts and labels are joined on them.

    Raises
    ------
    UserError
    """
    repeated = ids[ids.duplicated()].unique()
    if len(repeated):
        message = (
            f"{file}: {len(repeated):,} duplicate row ids "
            f"({list_names(repeated)}). Is it two tables concatenated?"
        )
        raise UserError(message)


def image_names(frame: pd.DataFrame) -> pd.Series:
    """Return the file name of each row's photo."""
    return name_images(IMAGE_NAME, frame)


def find_images(folder: Path) -> Path:
    """Return the folder of the training photos, for any way of unpacking the archive.

    If there is none, return the folder where they should be.
    """
    found = (images for images in _image_folders(folder) if images.is_dir())
    return next(found, folder / "images" / "image_train")


def _image_folders(folder: Path) -> Iterator[Path]:
    """Yield where photos may be, most nested first: outer folders have no photos."""
    for images in ("images/images", "images", "."):
        for train in ("image_train/image_train", "image_train"):
            yield folder / images / train
