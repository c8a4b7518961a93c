"""Refuse outputs that would replace an input, a model, or a file of another kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rakuten_bench.deploy.card import card_path
from rakuten_bench.errors import UserError

_PAGE = b"<!doctype html"


def refuse_inputs(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse an output that is an input, or a model that was exported before.

    Links, and names that the disk does not distinguish, count as the same file.

    Parameters
    ----------
    output : Path
    inputs : iterable of Path
        Files that are read; the card of a model is one, too.

    Raises
    ------
    UserError
    """
    if not output.is_file():
        return
    for path in inputs:
        for read in (path, card_path(path)):
            if read.is_file() and output.samefile(read):
                message = f"{output}: is an input of this command. Name another output."
                raise UserError(message)
    if _is_model(output):
        message = f"{output}: is an exported model. Name another output."
        raise UserError(message)


def refuse_other_kind(output: Path) -> None:
    """Refuse to replace a file that is not a model by a model.

    Raises
    ------
    UserError
    """
    if output.is_file() and output.stat().st_size and not _is_model(output):
        message = (
            f"{output}: exists, and has no model card beside it: it may be a file of "
            f"yours. Name another output, or remove it."
        )
        raise UserError(message)


def refuse_no_page(output: Path) -> None:
    """Refuse to replace a file that is not an HTML page by a page.

    Raises
    ------
    UserError
    """
    if not output.is_file():
        return
    with output.open("rb") as file:
        start = file.read(len(_PAGE))
    if start and start.lower() != _PAGE:
        message = (
            f"{output}: exists, and is not an HTML page: it may be a file of yours. Name "
            f"another output, or remove it."
        )
        raise UserError(message)


def _is_model(path: Path) -> bool:
    """Return whether a file is a model with its card, or such a card."""
    return card_path(path).is_file() or path.name.endswith(".card.json")
