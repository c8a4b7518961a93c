"""The data sets and splits that a scenario file can name."""

from __future__ import annotations

from collections.abc import Iterable

from rakuten_bench.data.spec import DATASETS, SPLITS
from rakuten_bench.registry import Registered


def list_entries() -> dict[str, list[dict[str, object]]]:
    """List data sets and splits with their parameters, as plain values.

    Returns
    -------
    dict
        "dataset" and "split"; each entry has `name`, `doc`, `parameters`, a mapping
        from name to default, and `required`, the names that must be given.
    """
    return {
        "dataset": _describe_all(DATASETS),
        "split": _describe_all(SPLITS),
    }


def _describe_all(entries: Iterable[Registered]) -> list[dict[str, object]]:
    return [_describe(entry) for entry in sorted(entries, key=lambda entry: entry.name)]


def _describe(entry: Registered) -> dict[str, object]:
    parameters = entry.parameters.values()
    return {
        "name": entry.name,
        "doc": entry.doc,
        "parameters": {parameter.name: parameter.default for parameter in parameters},
        "required": [
            parameter.name for parameter in parameters if parameter.is_required
        ],
    }
