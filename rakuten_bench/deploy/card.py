"""The card beside an exported model: what it is, what it scored, what it was made with."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import msgspec

from rakuten_bench.errors import UserError
from rakuten_bench.plain import NotPlain, read_plain
from rakuten_bench.plan.source import own_digest

CARD_VERSION = 2
_MAX_SIZE = 1 << 25  # bytes: ten thousand classes with long names take a tenth


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of a model before it is loaded.

    Attributes
    ----------
    scores : dict of str to float
        Of the record: on its test rows, when learned from its training rows. The first
        is its main score: weighted F1, or for a clustering the adjusted Rand index.
    rows : {"train", "all"}
        What this model learned from; "all" includes the rows that the scores are of.
    columns : dict of str to str
        Exactly the columns that the model reads: column of `types.COLUMNS` -> what it
        was called in the table that the model was learned from.
    id_column : str
        Column of that table that held the row ids; "" where none was named.
    image_name : str
        How an image file is called where the table has no column for that, as
        `types.Layout.image_name`; else "".
    image_folder : str
        Where the images of that table were; "" where the table had full paths, or none.
    constants : dict of str to str
        Column of `types.COLUMNS` -> value that it has in every row.
    missing : list of str
        Texts that stood for a missing value in that table, and do in others.
    search : list of str
        What a search chose when this model was fitted, in words; else empty.
    packages : dict of str to str
        Distribution -> version that it was pickled with.
    sources : dict of str to str
        Module of another package that its options come from -> digest of its source,
        which may change while the version stays.
    """

    card_version: int = CARD_VERSION
    code: str
    name: str
    levers: dict[str, str]
    params: dict[str, dict[str, Any]]
    dataset: str
    dataset_fingerprint: str
    split_fingerprint: str
    rows: Literal["train", "all"]
    n_rows: int
    classes: list[str]
    label_names: dict[str, str]
    columns: dict[str, str]
    id_column: str = ""
    image_name: str = ""
    image_folder: str = ""
    constants: dict[str, str] = {}
    missing: list[str] = []
    scores: dict[str, float]
    search: list[str] = []
    packages: dict[str, str]
    python: str
    created: str
    sources: dict[str, str] = {}


def card_path(model: Path) -> Path:
    """Return where the card of a model file is."""
    return model.with_suffix(".card.json")


def write_card(model: Path, card: Card) -> None:
    """Write the card beside a model file."""
    text = msgspec.json.format(msgspec.json.encode(card), indent=1)
    card_path(model).write_bytes(text + b"\n")


def read_card(model: Path) -> Card:
    """Read the card of a model file.

    Raises
    ------
    UserError
        If it is absent, damaged, or of a later or an earlier version.
    """
    path = card_path(model)
    try:
        card = msgspec.json.decode(read_plain(path, _MAX_SIZE), type=Card)
    except (NotPlain, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is nested too deep"
        message = f"{path}: is not the card of a model: {reason}"
        raise UserError(message) from None
    except OSError:
        message = (
            f"{path}: the card of the model is not there. Keep it beside the model, or "
            f"make both again: rakuten-bench export CODE -o {model.name}"
        )
        raise UserError(message) from None
    except ValueError as error:
        message = f"{path}: is not the card of a model: {error}"
        raise UserError(message) from None
    if card.card_version > CARD_VERSION:
        message = f"{path}: has version {card.card_version}. Upgrade rakuten-bench."
        raise UserError(message)
    if card.card_version < CARD_VERSION:
        message = (
            f"{path}: is of an earlier rakuten-bench and does not tell which columns the "
            f"model reads. Export it again: rakuten-bench export {card.code} -o "
            f"{model.name}"
        )
        raise UserError(message)
    return card


def other_versions(card: Card) -> list[str]:
    """Return what differs here from the versions that a model was made with."""
    differences = []
    for name, wanted in sorted(card.packages.items()):
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "not installed"
        if found != wanted:
            differences.append(f"{name} {wanted} (here {found})")
    compared = (_compare_source(*one) for one in sorted(card.sources.items()))
    return differences + [one for one in compared if one]


def _compare_source(module: str, wanted: str) -> str:
    """Say what differs in the source of a module; "" where nothing does."""
    try:
        found = own_digest(module)
    except FileNotFoundError:
        return f"the module {module} (here not found)"
    return "" if found == wanted else f"another source of {module}"
