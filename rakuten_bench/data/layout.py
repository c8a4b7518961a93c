"""File names of images composed from several columns."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def name_fields(pattern: str) -> tuple[str, ...]:
    """Return the columns of a file name pattern.

    >>> name_fields("image_{imageid}_product_{productid}.jpg")
    ('imageid', 'productid')
    """
    return tuple(field for _, field, _, _ in Formatter().parse(pattern) if field)


def name_images(pattern: str, frame: pd.DataFrame) -> pd.Series:
    """Return the file name of each row's image, "" if a part of it is missing.

    Parameters
    ----------
    pattern : str
        Such as "image_{imageid}.jpg".
    frame : DataFrame of shape (n_rows, n_columns)
        Texts.

    Returns
    -------
    Series of str of shape (n_rows,)
    """
    import pandas as pd

    fields = name_fields(pattern)
    rows = zip(*(frame[field] for field in fields), strict=True)
    names = [
        pattern.format(**dict(zip(fields, row, strict=True))) if all(row) else ""
        for row in rows
    ]
    return pd.Series(names, index=frame.index, dtype=object)
