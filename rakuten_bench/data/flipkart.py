"""1,050 listings of an Indian shop in seven categories, with a photo each."""

from __future__ import annotations

from pathlib import Path

from rakuten_bench.data.build import assemble
from rakuten_bench.data.image import Share
from rakuten_bench.data.reading import read_table
from rakuten_bench.data.spec import DATA_DIR_VARIABLE, DataPaths, dataset
from rakuten_bench.errors import UserError
from rakuten_bench.types import Dataset, Layout

FOLDER_VARIABLE = "RAKUTEN_BENCH_FLIPKART"
FILE = "flipkart_com-ecommerce_sample_1050.csv"
ABOUT = (
    "1,050 English listings of flipkart.com in 7 categories of 150, one photo each "
    "(three of them are named but absent). The label is the first level of the "
    "product's category tree."
)
_COLUMNS = (
    "uniq_id",
    "product_name",
    "description",
    "product_category_tree",
    "image",
)
#: All listings are in English; the table has no language column.
LAYOUT = Layout(
    {
        "id": "uniq_id",
        "title": "product_name",
        "description": "description",
        "label": "product_category_tree",
        "image_path": "image",
    },
    constants={"language": "en"},
)


@dataset("flipkart")
def flipkart(paths: DataPaths, *, max_missing_images: Share = 0.5) -> Dataset:
    """Read the Flipkart sample: 1,050 English listings, 7 categories, photos.

    Parameters
    ----------
    max_missing_images : float
        The share of rows that may lack an image in a run that reads images.

    Raises
    ------
    UserError
        If the file is missing.
    """
    file = find_file(paths)
    reading = read_table(file, _COLUMNS)
    frame = reading.frame
    if missing := [name for name in _COLUMNS if name not in frame]:
        message = f"{file}: column '{missing[0]}' is missing. Is it the sample's file?"
        raise UserError(message)
    columns = {
        "id": frame["uniq_id"],
        "title": frame["product_name"],
        "description": frame["description"],
        "label": frame["product_category_tree"].map(first_level),
        "image_path": frame["image"],
        "language": ["en"] * len(frame),
    }
    images = file.parent / "Images"
    return assemble(
        "flipkart",
        columns,
        subject=str(file),
        image_folder=images,
        cache=paths.store,
        about=ABOUT,
        max_missing_images=max_missing_images,
        remarks=tuple(map(str, reading.remarks)),
        layout=LAYOUT,
    )


def find_file(paths: DataPaths) -> Path:
    """Return where the CSV is.

    Raises
    ------
    UserError
        If it is in none of the user's folders.
    """
    folders = paths.folders(FOLDER_VARIABLE, DATA_DIR_VARIABLE)
    for folder in folders:
        for file in (folder / FILE, folder / "flipkart" / FILE):
            if file.is_file():
                return file
    where = ", ".join(f"'{folder}'" for folder in folders) or "no folder given"
    message = (
        f"data set 'flipkart': {FILE} not found ({where}). Put it and its folder "
        f"Images/ into one folder and name that with --data-dir or {FOLDER_VARIABLE}. "
        f"The data set 'openmoji' needs no download."
    )
    raise UserError(message)


def first_level(tree: str) -> str:
    """Return the first category of a product's tree.

    >>> first_level('["Home Furnishing >> Curtains & Accessories >> Curtains"]')
    'Home Furnishing'
    """
    return tree.strip('[]"').partition(">>")[0].strip()
