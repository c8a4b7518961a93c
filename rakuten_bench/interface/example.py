"""The data set of a record, so that its rows can be shown."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.errors import MissingPackage, Notice, UserError
from rakuten_bench.registry.package import require

if TYPE_CHECKING:
    from rakuten_bench.records import DatasetInfo
    from rakuten_bench.report import Example


def warn(message: str) -> None:
    """Warn the caller of the Python interface."""
    warnings.warn(message, Notice, stacklevel=4)


def find_examples(
    info: DatasetInfo, data_dir: Path | None, warn: Callable[[str], None] = warn
) -> Mapping[str, Example]:
    """Return the rows of a record's data set; empty, with a warning, if unavailable.

    Parameters
    ----------
    info : DatasetInfo
        Of the record; data with another fingerprint are not its data.
    data_dir : Path or None
        Folder of the user's files.
    warn : callable
        Receives the reason why they are not available.
    """
    from rakuten_bench.engine.origin import load_data
    from rakuten_bench.report import read_examples

    try:
        dataset = load_data(info, data_dir=data_dir)
    except UserError as error:
        warn(f"Rows are shown without their text. {error}")
        return {}
    if dataset.fingerprint != info.fingerprint:
        warn(
            f"Rows are shown without their text: the data set '{info.name}' differs "
            f"from that of the record."
        )
        return {}
    return _displayable(read_examples(dataset), warn)


def _displayable(
    examples: Mapping[str, Example], warn: Callable[[str], None]
) -> Mapping[str, Example]:
    """Return examples without their images, with a warning, if Pillow is missing."""
    from rakuten_bench.report import Example

    try:
        if any(example.image_path for example in examples.values()):
            require("showing an image", ("Pillow",))
    except MissingPackage as error:
        warn(f"Rows are shown without their images: {error}")
        return {row: Example(example.text) for row, example in examples.items()}
    return examples
