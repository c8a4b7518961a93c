"""Boards on disk: whose data a folder of records is of, and how it is called.

A board holds the records of one data set, one version of it, one split and one seed.
The first board of a name has the plain folder, `results/shop`; other data of that name
go to `results/shop~1a2b3c4d`, so that no record is ever replaced by one of other data.
`board.json` in the folder says whose it is from the start of the first run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rakuten_bench.records.schema import Record, Row
from rakuten_bench.records.store import (
    Damaged,
    create_file,
    decode_json,
    encode_json,
    has_record,
    iter_rows,
    read_json,
    replace_file,
)
from rakuten_bench.types import Dataset, Split

BOARD_FILE = "board.json"

#: Stand between the parts of a folder's name: data set, split, identity.
_SPLIT_MARK, _IDENTITY_MARK = "@", "~"
#: What some file system refuses in a name, and the marks.
_REFUSED = frozenset('<>:"/\\|?*' + _SPLIT_MARK + _IDENTITY_MARK)
#: Names of devices on Windows, whatever their ending.
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³"}
)
_LONGEST = 100  # bytes of a data set's name, or a split's, in a folder's name
_SHORT = 8  # digits of an identity in a folder's name


class Identity(msgspec.Struct, frozen=True, order=True):
    """What the records of one board have in common.

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
        """Hash of all of it, 32 hexadecimal digits."""
        text = msgspec.json.encode(self)
        return hashlib.blake2b(text, digest_size=16).hexdigest()


class BoardInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What `board.json` says.

    Attributes
    ----------
    name : str
        Of the data set, as the scenario file has it.
    rows_digest, n_test : str, int
        Of all test rows: ids, true labels, folds and classes, as in a record. A record
        of other rows, or of some of them only, is not of this board.
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
    """

    name: str
    rows: tuple[Row | Damaged, ...] = ()

    @classmethod
    def read(cls, results: Path, name: str) -> BoardRows:
        """Read all records of a folder."""
        return cls(name, tuple(iter_rows(results, name)))


def board_name(dataset: Dataset, split: Split) -> str:
    """Return the plain name of the folder for a data set and split."""
    name = folder_name(dataset.name)
    return f"{name}{_SPLIT_MARK}{folder_name(split.name)}" if split.name else name


def folder_name(name: str) -> str:
    """Return a name that every file system takes as that of a folder.

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
    """Choose the folder for the records of some data; nothing is written.

    Parameters
    ----------
    results : Path
    plain : str
        What `board_name` returns.
    identity : Identity

    Returns
    -------
    BoardRows
        Of the plain name where that folder is free or of these data; else of one that
        tells the identity.
    """
    names = (
        plain,
        f"{plain}{_IDENTITY_MARK}{identity.digest[:_SHORT]}",
        f"{plain}{_IDENTITY_MARK}{identity.digest}",
    )
    there = _spelled(results)
    free = [name for name in names if there.get(_alike(name), name) == name]
    boards = {name: BoardRows.read(results, name) for name in free}
    owners = {name: _owners(results / name, boards[name].rows) for name in free}
    ours = [name for name in free if owners[name] == {identity}]
    unused = [name for name in free if not owners[name]]
    chosen = next(iter((*ours, *unused, names[-1])))
    return boards.get(chosen) or BoardRows.read(results, chosen)


def claim_board(results: Path, plain: str, info: BoardInfo, name: str = "") -> str:
    """Say in the folder for some data that it is theirs, and return its name.

    Of several runs that begin at the same time with data of one name, one gets the
    plain name.

    Parameters
    ----------
    name : str
        The folder that `open_board` has chosen for them; "" to choose it now.

    Raises
    ------
    OSError
        If the folder can't be made or written.
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
        if known is None and read_board(folder) is None:  # torn: it tells nothing
            (folder / BOARD_FILE).unlink(missing_ok=True)
        name = ""  # other data have taken it meanwhile


def release_board(folder: Path) -> None:
    """Remove what `claim_board` made where no record came of it."""
    if folder.is_dir() and not any(map(has_record, folder.iterdir())):
        (folder / BOARD_FILE).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # what a killed run left is in it
            folder.rmdir()


def read_board(folder: Path) -> BoardInfo | None:
    """Return what `board.json` says; None where there is none or it can't be read."""
    with contextlib.suppress(OSError, ValueError):
        info = decode_json(read_json(folder / BOARD_FILE), _DECODER)
        return info if -(2**63) <= info.identity.seed < 2**63 else None
    return None


def find_owners(folder: Path) -> set[Identity]:
    """Return whose a board's folder is, by its file and by its records."""
    return _owners(folder, iter_rows(folder.parent, folder.name))


def _owners(folder: Path, rows: Iterable[Row | Damaged]) -> set[Identity]:
    found = {Identity.of(row) for row in rows if not isinstance(row, Damaged)}
    info = read_board(folder)
    return found if info is None else {*found, info.identity}


def _spelled(results: Path) -> dict[str, str]:
    """Return the folders that are there by what they are alike in.

    Where a file system takes "Shop" for "shop", so does a results folder that is
    copied there: two boards never differ by that alone.
    """
    with contextlib.suppress(OSError), os.scandir(results) as entries:
        return {_alike(name): name for name in sorted(e.name for e in entries)}
    return {}


def _alike(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
