"""Boards on disk: folder names, and the data that each folder belongs to.

A board has the records of one data set, one version of it, one split and one seed. The
first board of a name has the plain folder, `results/shop`; other data of the same name
use `results/shop~1a2b3c4d`, so that a record is never overwritten by one of other data.
`board.json` identifies the data of a folder from the start of the first run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rakuten_bench.records.file import (
    create_file,
    decode_json,
    encode_json,
    read_json,
    replace_file,
)
from rakuten_bench.records.schema import Record, Row
from rakuten_bench.records.store import Damaged, has_record, iter_rows
from rakuten_bench.types import Dataset, Split

BOARD_FILE = "board.json"

#: Separators of the parts of a folder's name: data set, split, identity.
_SPLIT_MARK, _IDENTITY_MARK = "@", "~"
#: Characters not allowed on some file system, and the separators.
_REFUSED = frozenset('<>:"/\\|?*' + _SPLIT_MARK + _IDENTITY_MARK)
#: Device names on Windows, with any extension.
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³"}
)
_LONGEST = 100  # bytes of a data set's name, or a split's, in a folder's name
_SHORT = 8  # digits of an identity in a folder's name


class Identity(msgspec.Struct, frozen=True, order=True):
    """Data, split and seed that the records of a board share.

    Attributes
    ----------
    data, split : str
        Fingerprints.
    seed : int
    """

    data: str
    split: str
    seed: int

    @classmethod
    def of(cls, record: Record | Row) -> Identity:
        """Return the identity of a record's board."""
        return cls(record.dataset.fingerprint, record.split.fingerprint, record.seed)

    @property
    def digest(self) -> str:
        """Hash of all fields, 32 hexadecimal digits."""
        text = msgspec.json.encode(self)
        return hashlib.blake2b(text, digest_size=16).hexdigest()


class BoardInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Contents of `board.json`.

    Attributes
    ----------
    name : str
        Name of the data set in the scenario file.
    rows_digest, n_test : str, int
        Digest and number of all test rows (ids, true labels, folds, classes), as in a
        record. A record of other rows, or of a subset, does not belong to this board.
    """

    name: str
    identity: Identity
    rows_digest: str = ""
    n_test: int = 0


_DECODER = msgspec.json.Decoder(BoardInfo)


@dataclass(frozen=True)
class BoardRows:
    """The records in a board's folder, read once.

    Attributes
    ----------
    name : str
        Of the folder.
    rows : tuple of Row or Damaged
        In the order of their codes.
    verified : collection of str
        Codes of the records that were verified against their files since.
    """

    name: str
    rows: tuple[Row | Damaged, ...] = ()
    verified: Collection[str] = ()

    @classmethod
    def read(cls, results: Path, name: str) -> BoardRows:
        """Read all records of a folder."""
        return cls(name, tuple(iter_rows(results, name)))


def board_name(dataset: Dataset, split: Split) -> str:
    """Return the plain name of the folder for a data set and split."""
    name = folder_name(dataset.name)
    return f"{name}{_SPLIT_MARK}{folder_name(split.name)}" if split.name else name


def folder_name(name: str) -> str:
    """Return a name that is a valid folder name on every file system.

    >>> folder_name("shop"), folder_name("a/b:c"), folder_name("aux"), folder_name("..")
    ('shop', 'a_b_c', 'aux_', '_')
    """
    text = "".join(map(_allowed, unicodedata.normalize("NFC", name))).strip()
    text = text.rstrip(". ")
    text = text if text.strip(".") else "_"
    if text.partition(".")[0].rstrip().upper() in _DEVICES:
        stem, dot, rest = text.partition(".")
        text = f"{stem.rstrip()}_{dot}{rest}"
    if len(text.encode()) <= _LONGEST:
        return text
    short = text.encode()[: _LONGEST - _SHORT - 1].decode(errors="ignore")
    digest = hashlib.blake2b(text.encode(), digest_size=_SHORT // 2)
    return f"{short.rstrip('. ')}-{digest.hexdigest()}"


def _allowed(letter: str) -> str:
    is_control = unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")
    return "_" if is_control or letter in _REFUSED else letter


def dataset_of(board: str) -> str:
    """Return the part of a folder's name that names the data set.

    >>> dataset_of("shop@kfold-5~1a2b3c4d"), dataset_of("shop")
    ('shop', 'shop')
    """
    return plain_name(board).partition(_SPLIT_MARK)[0]


def plain_name(board: str) -> str:
    """Return a folder's name without the identity.

    >>> plain_name("shop@kfold-5~1a2b3c4d"), plain_name("shop")
    ('shop@kfold-5', 'shop')
    """
    return board.partition(_IDENTITY_MARK)[0]


def find_board(results: Path, plain: str, identity: Identity) -> str:
    """Return the name of the folder that `open_board` chooses."""
    return open_board(results, plain, identity).name


def open_board(results: Path, plain: str, identity: Identity) -> BoardRows:
    """Choose the folder for the records of some data, without writing.

    Parameters
    ----------
    results : Path
    plain : str
        Result of `board_name`.
    identity : Identity

    Returns
    -------
    BoardRows
        With the plain name if that folder is free or belongs to these data; else with
        the identity in its name.
    """
    names = (
        plain,
        f"{plain}{_IDENTITY_MARK}{identity.digest[:_SHORT]}",
        f"{plain}{_IDENTITY_MARK}{identity.digest}",
    )
    existing = _existing_names(results)
    candidates = [
        name for name in names if existing.get(_normalize(name), name) == name
    ]
    boards = {name: BoardRows.read(results, name) for name in candidates}
    owners = {name: _owners(results / name, boards[name].rows) for name in candidates}
    matching = [name for name in candidates if owners[name] == {identity}]
    unused = [name for name in candidates if not owners[name]]
    selected = next(iter((*matching, *unused, names[-1])))
    return boards.get(selected) or BoardRows.read(results, selected)


def claim_board(results: Path, plain: str, info: BoardInfo, name: str = "") -> str:
    """Claim a folder for some data, and return its name.

    If several runs with different data of one name start at the same time, only one gets
    the plain name.

    Parameters
    ----------
    name : str
        The folder chosen by `open_board`; "" to choose it now.

    Raises
    ------
    OSError
        If the folder can't be created or written.
    """
    content = encode_json(info)
    while True:
        name = name or find_board(results, plain, info.identity)
        folder = results / name
        folder.mkdir(parents=True, exist_ok=True)
        known = read_board(folder)
        if known is not None and known.identity == info.identity:
            if known != info and info.rows_digest:
                replace_file(folder / BOARD_FILE, content)
            return name
        if create_file(folder / BOARD_FILE, content):
            return name
        if known is None and read_board(folder) is None:  # torn: unusable
            (folder / BOARD_FILE).unlink(missing_ok=True)
        name = ""  # meanwhile claimed for other data


def release_board(folder: Path) -> None:
    """Remove a claimed folder that has no record."""
    if folder.is_dir() and not any(map(has_record, folder.iterdir())):
        (folder / BOARD_FILE).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty: files of a killed run
            folder.rmdir()


def read_board(folder: Path) -> BoardInfo | None:
    """Return the contents of `board.json`; None if missing or unreadable."""
    with contextlib.suppress(OSError, ValueError):
        info = decode_json(read_json(folder / BOARD_FILE), _DECODER)
        return info if -(2**63) <= info.identity.seed < 2**63 else None
    return None


def find_owners(folder: Path) -> set[Identity]:
    """Return the identities of a board's folder, from `board.json` and its records."""
    return _owners(folder, iter_rows(folder.parent, folder.name))


def _owners(folder: Path, rows: Iterable[Row | Damaged]) -> set[Identity]:
    identities = {Identity.of(row) for row in rows if not isinstance(row, Damaged)}
    info = read_board(folder)
    return identities if info is None else {*identities, info.identity}


def _existing_names(results: Path) -> dict[str, str]:
    """Return the existing folders by normalized name.

    Two boards never differ by case only, so that results can be copied to a file system
    that ignores it.
    """
    with contextlib.suppress(OSError), os.scandir(results) as entries:
        return {_normalize(name): name for name in sorted(e.name for e in entries)}
    return {}


def _normalize(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
