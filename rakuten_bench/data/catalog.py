"""What a scenario file can name under `dataset` and `split`."""

from __future__ import annotations

from typing import Any

from rakuten_bench.data.spec import RegisteredFunction, dataset, scheme


def list_entries() -> dict[str, list[dict[str, Any]]]:
    """List data sets and splits with their parameters, as plain values.

    Returns
    -------
    dict
        "dataset" and "split"; each entry has `name`, `doc`, `parameters`, a mapping
        from name to default, and `required`, the names that must be given.
    """
    return {
        "dataset": [_describe(entry) for entry in dataset.entries()],
        "split": [_describe(entry) for entry in scheme.entries()],
    }


def _describe(entry: RegisteredFunction) -> dict[str, Any]:
    parameters = {name: entry.defaults.get(name) for name in entry.types}
    required = [name for name in entry.types if name not in entry.defaults]
    return {
        "name": entry.name,
        "doc": entry.doc,
        "parameters": parameters,
        "required": required,
    }
