"""Contents of data set rows, shown beside predictions if available."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rakuten_bench.types import Dataset


@dataclass(frozen=True, slots=True)
class Example:
    """Text and image of one row.

    Attributes
    ----------
    text : str
        Title, then description.
    image_path : str
        "" without an image.
    """

    text: str
    image_path: str = ""


def read_examples(dataset: Dataset) -> Mapping[str, Example]:
    """Return the examples of a data set by row id."""
    columns = ("id", "title", "description", "image_path")
    lists = (dataset.frame[column].tolist() for column in columns)
    return {
        row: Example(" - ".join(text for text in (title, description) if text), path)
        for row, title, description, path in zip(*lists, strict=True)
    }
