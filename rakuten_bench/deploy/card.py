"""Model card: metadata, scores and package versions of an exported model."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import msgspec

from rakuten_bench.errors import UserError
from rakuten_bench.plain import NotPlain, read_plain
from rakuten_bench.plan.source import own_digest

CARD_VERSION = 2
Format = Literal["joblib", "skops"]

#: Of a model file without pickle.
SKOPS_SUFFIX = ".skops"
_ENDING = ".card.json"
_MAX_SIZE = 1 << 25  # bytes: ten thousand classes with long names take a tenth


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Metadata of a model, which can be read without unpickling it.

    Attributes
    ----------
    scores : dict of str to float
        Of the record: on its test rows, for a model fitted on its training rows. The
        first is the main score: weighted F1, or for a clustering the adjusted Rand index.
    rows : {"train", "all"}
        Rows that this model was fitted on; "all" includes the test rows of the scores.
    columns : dict of str to str
        The columns that the model reads: column of `types.COLUMNS` -> its name in the
        training table.
    id_column : str
        Column of the training table with the row ids; "" if none was given.
    image_name : str
        Pattern of image file names if the table has no column for them, as
        `types.Layout.image_name`; else "".
    image_folder : str
        Folder of the training images; "" if the table had absolute paths, or none.
    constants : dict of str to str
        Column of `types.COLUMNS` -> its constant value.
    missing : list of str
        Texts treated as missing values in training and prediction.
    search : list of str
        Descriptions of the parameters chosen by a search in fitting; else empty.
    packages : dict of str to str
        Distribution -> version that it was pickled with.
    files : dict of str to str
        The user's files that the model runs: names of their modules, which depend on
        their source -> their paths.
    sources : dict of str to str
        Module of another package with an option of the scenario -> digest of its source,
        which may change without a new version.
    format : {"joblib", "skops"}
        Of the model file.
    loading_executes_code : bool
        Whether loading the file executes code that it contains: a pickle (joblib) may.
    sha256 : str
        Of the model file; "" for one of an earlier version.
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
    files: dict[str, str] = {}
    sources: dict[str, str] = {}
    format: Format = "joblib"
    loading_executes_code: bool = True
    sha256: str = ""


def card_path(model: Path) -> Path:
    """Return the path of a model's card.

    model.joblib and model.skops may lie side by side, each with its own.

    >>> card_path(Path("model.joblib")).name, card_path(Path("model.skops")).name
    ('model.card.json', 'model.skops.card.json')
    """
    if model.suffix.lower() == SKOPS_SUFFIX:
        return model.with_name(f"{model.name}{_ENDING}")
    return model.with_suffix(_ENDING)


def write_card(model: Path, card: Card) -> None:
    """Write the card beside a model file."""
    text = msgspec.json.format(msgspec.json.encode(card), indent=1)
    card_path(model).write_bytes(text + b"\n")


def read_card(model: Path) -> Card:
    """Read the card of a model file.

    Raises
    ------
    UserError
        If it is missing, damaged, or of another version.
    """
    path = card_path(model)
    try:
        card = msgspec.json.decode(read_plain(path, _MAX_SIZE), type=Card)
    except (NotPlain, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is nested too deeply"
        message = f"{path}: is not a valid model card: {reason}"
        raise UserError(message) from None
    except OSError:
        message = (
            f"{path}: model card not found. Keep it beside the model, or export both "
            f"again: rakuten-bench export CODE -o {model.name}"
        )
        raise UserError(message) from None
    except ValueError as error:
        message = f"{path}: is not a valid model card: {error}"
        raise UserError(message) from None
    if card.card_version > CARD_VERSION:
        message = f"{path}: has version {card.card_version}. Upgrade rakuten-bench."
        raise UserError(message)
    if card.card_version < CARD_VERSION:
        message = (
            f"{path}: was written by an earlier rakuten-bench, without the columns that "
            f"the model reads. Export it again: rakuten-bench export {card.code} -o "
            f"{model.name}"
        )
        raise UserError(message)
    return card


def other_versions(card: Card) -> list[str]:
    """Return the differences between installed and exported versions."""
    differences = []
    for name, exported in sorted(card.packages.items()):
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "not installed"
        if installed != exported:
            differences.append(f"{name} {exported} (here {installed})")
    compared = (_compare_source(*text) for text in sorted(card.sources.items()))
    return differences + [text for text in compared if text]


def _compare_source(module: str, wanted: str) -> str:
    """Return how the source of a module differs; "" if it does not."""
    try:
        digest = own_digest(module)
    except FileNotFoundError:
        return f"module {module} (not found)"
    return "" if digest == wanted else f"different source of {module}"
