"""Find the data set of a record, so that a report can show its rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.cli._stream import echo
from rakuten_bench.errors import UserError

if TYPE_CHECKING:
    from rakuten_bench.records import DatasetInfo
    from rakuten_bench.report import Example


def find_examples(info: DatasetInfo, data_dir: Path | None) -> Mapping[str, Example]:
    """Return the rows of a record's data set, empty if it is not available.

    Parameters
    ----------
    info : DatasetInfo
        Of the record; data with another fingerprint are not its data.
    data_dir : Path or None
        Folder of the user's files.
    """
    from rakuten_bench.engine.origin import load_data
    from rakuten_bench.report import read_examples

    try:
        dataset = load_data(info, data_dir=data_dir)
    except UserError as error:
        echo(f"Rows are shown without their text. {error}", err=True)
        return {}
    if dataset.fingerprint != info.fingerprint:
        message = (
            f"Rows are shown without their text: the data set '{info.name}' differs "
            f"from that of the record."
        )
        echo(message, err=True)
        return {}
    return read_examples(dataset)
