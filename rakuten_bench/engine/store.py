"""Results of steps on disk, by key: written once, memory-mapped when read back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import joblib
import msgspec

from rakuten_bench.errors import UserError

#: What reading a damaged file can raise, from joblib, pickle and numpy.
_DAMAGED = (OSError, EOFError, ValueError, KeyError, IndexError, AttributeError)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a stored result.

    Attributes
    ----------
    seconds : float
        Wall clock of computing it.
    memory : int
        Peak resident memory while computing it, bytes.
    size : int
        On disk, bytes.
    step : str
        What it is, in words.
    notes : tuple of str
        Warnings and notices while it was computed.
    """

    seconds: float
    memory: int
    step: str
    size: int = 0
    notes: tuple[str, ...] = ()


class LostResult(Exception):
    """A stored result is not there, or damaged and therefore removed."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"result {key} is not in the cache")


class Store:
    """A folder of results, two files each: the value (joblib) and its facts (JSON).

    A value is written to a temporary name and renamed; the facts follow, and a value
    without facts is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """Return where the value of a key is kept."""
        return self.root / key[-2:] / f"{key}.joblib"

    def folder(self, key: str) -> Path:
        """Return where a step keeps unfinished work; it is removed with `discard`."""
        return self.root / key[-2:] / f"{key}.work"

    def facts(self, key: str) -> Facts | None:
        """Return what is known of a result, or None where it is not there."""
        try:
            return msgspec.json.decode(self._facts_path(key).read_bytes(), type=Facts)
        except (OSError, msgspec.MsgspecError):
            return None

    def __contains__(self, key: str) -> bool:
        return self._facts_path(key).exists()

    def load(self, key: str) -> Any:
        """Read a value; its arrays are memory-mapped, read-only.

        Raises
        ------
        LostResult
            If it is not there or cannot be read; a damaged file is removed.
        """
        try:
            return joblib.load(self.path(key), mmap_mode="r")
        except _DAMAGED as error:
            self.discard(key)
            raise LostResult(key) from error

    def save(self, key: str, value: Any, facts: Facts) -> Facts:
        """Write a value and its facts; return them with the size.

        Raises
        ------
        UserError
            If the disk is full or the folder cannot be written.
        """
        path = self.path(key)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            joblib.dump(value, temporary)
            size = temporary.stat().st_size
            facts = msgspec.structs.replace(facts, size=size)
            temporary.replace(path)
            self._write_facts(key, facts)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            message = (
                f"{self.root}: the cache cannot be written ({error.strerror or error}). "
                f"Make space, or name another folder with --cache."
            )
            raise UserError(message) from error
        return facts

    def discard(self, key: str) -> None:
        """Remove a result."""
        self._facts_path(key).unlink(missing_ok=True)
        self.path(key).unlink(missing_ok=True)

    def _facts_path(self, key: str) -> Path:
        return self.path(key).with_suffix(".json")

    def _write_facts(self, key: str, facts: Facts) -> None:
        temporary = self.path(key).with_suffix(f".{os.getpid()}.json.tmp")
        temporary.write_bytes(msgspec.json.encode(facts))
        temporary.replace(self._facts_path(key))
