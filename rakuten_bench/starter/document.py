"""Write a scenario file that explains itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rakuten_bench.scenario.document import dump_inline
from rakuten_bench.scenario.schema import URL
from rakuten_bench.starter.choice import Selection
from rakuten_bench.wording.words import clean

_WIDTH = 48  # columns of a value before its comment
_COMMENTS = {
    "path": "relative to this file",
    "label": "the column to predict",
    "image": "column with the names of image files",
    "image_folder": "folder of these files",
    "id": "names each row in reports and predictions",
    "language": "of each row: selects stop words and stems",
    "group": "rows with the same value stay on one side of the split",
    "side": "train, validation or test",
}


def render_document(
    title: str,
    dataset: Mapping[str, Mapping[str, Any]] | str,
    chosen: Selection,
    warnings: tuple[str, ...] = (),
) -> str:
    """Return a scenario file as text.

    Parameters
    ----------
    title : str
    dataset : str or mapping of str to mapping
        Name of the data set; or its name and parameters.
    chosen : Selection
    warnings : tuple of str
        Written as comments.
    """
    lines = [
        f"# yaml-language-server: $schema={URL}",
        "# Written by `rakuten-bench init`; change it as you like.",
        "# Options of each lever: rakuten-bench levers. What would run: rakuten-bench plan FILE.",
        *(f"# Note: {_one_line(warning)}" for warning in warnings),
        f"title: {dump_inline(title)}",
        *_iter_dataset(dataset),
        *_iter_split(chosen),
        _line("", "metric", "f1_weighted", "or f1_macro, accuracy"),
        *_iter_block("defaults", chosen.defaults, chosen.comments),
        *_iter_block("matrix", chosen.matrix, chosen.comments),
        *_iter_block("scenarios", chosen.scenarios, chosen.comments),
    ]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    """Return a text without line ends and other characters that YAML rejects."""
    words = " ".join(clean(text).split())
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def _iter_dataset(dataset: Mapping[str, Mapping[str, Any]] | str) -> Iterator[str]:
    yield ""
    if isinstance(dataset, str):
        yield f"dataset: {dump_inline(dataset)}"
        return
    yield "dataset:"
    for name, params in dataset.items():
        yield f"  {name}:"
        for key, value in params.items():
            yield _line("    ", key, value, _COMMENTS.get(key, ""))


def _iter_split(chosen: Selection) -> Iterator[str]:
    if chosen.split:
        yield _line("", "split", chosen.split, chosen.comments["split"])


def _iter_block(
    name: str, entries: Mapping[str, Any], comments: Mapping[str, str]
) -> Iterator[str]:
    """Yield a key with its entries, one a line, and their comments."""
    if not entries:
        return
    yield ""
    yield f"{name}:" + (f"  # {comments[name]}" if name in comments else "")
    for key, value in entries.items():
        comment = comments.get(f"{name}.{key}", comments.get(key, ""))
        yield _line("  ", dump_inline(key), value, comment)


def _line(indent: str, key: str, value: Any, comment: str) -> str:
    line = f"{indent}{key}: {dump_inline(value)}"
    return f"{line:<{_WIDTH}}  # {comment}" if comment else line
