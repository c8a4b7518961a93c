"""Errors that users can cause: one message, exit code 2, no traceback."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path


class UserError(ValueError):
    """A mistake in a file, an option or a value that the user can correct.

    The message starts with the file or subject, gives the value in quotes, and
    describes the mistake and its correction. It is a `ValueError`, which scikit-learn
    and its users expect of invalid input.
    """


class MissingPackage(UserError):
    """The package of an option is not installed."""


class Notice(UserWarning):
    """A step's warning about its result; the runner copies it to the records.

    Sent with `warnings.warn(message, Notice, stacklevel=2)`: "images: 3 missing".
    """


class Problems(UserError):
    """Several mistakes reported together, one line each.

    Parameters
    ----------
    problems : iterable of str
        Complete messages.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[Problems], tuple[tuple[str, ...]]]:
        """Make it picklable: workers send it to the main process."""
        return type(self), (self.problems,)


@contextlib.contextmanager
def writing(path: Path, advice: str = "") -> Iterator[None]:
    """Raise a `UserError` naming the file or folder that can't be written, with advice.

    Raises
    ------
    UserError
        In place of an `OSError` inside.
    """
    try:
        yield
    except OSError as error:
        message = f"{path}: can't be written: {error.strerror or error}"
        raise UserError(f"{message}. {advice}" if advice else message) from error


_SHOWN = 10  # names listed in a message
_LONGEST_NAME = 40  # characters


def unknown(kind: str, value: object, known: Iterable[str]) -> str:
    """Return a message for an unknown name, with the closest known one.

    >>> unknown("model", "logrge", ["logreg", "dummy"])
    "unknown model 'logrge'. Did you mean 'logreg'?"
    >>> unknown("column", "SKU", ["sku", "name"])
    "unknown column 'SKU'. Did you mean 'sku'?"
    >>> unknown("model", "zzz", ["logreg", "dummy"])
    "unknown model 'zzz'. Known: dummy, logreg."
    """
    names = sorted(map(str, known))
    close = find_close(str(value), names)
    hint = (
        f"Did you mean '{_short(close)}'?" if close else f"Known: {list_names(names)}."
    )
    return f"unknown {kind} '{_short(value)}'. {hint}"


def find_close(value: str, names: Iterable[str]) -> str:
    """Return the closest known name, ignoring case; "" if none is close."""
    by_folded = {name.strip().casefold(): name for name in names}
    close = difflib.get_close_matches(value.strip().casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else ""


def list_names(names: Iterable[object]) -> str:
    """Return the first names of a list, and the number of the others.

    >>> list_names(["a", "b"])
    'a, b'
    >>> list_names(range(240))
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 230 more'
    """
    return _and_more([_short(name) for name in names], _SHOWN)


def _short(name: object) -> str:
    """Return a name shortened to one line: it may be a row mistaken for a header."""
    line = " ".join(str(name).split())
    printable = "".join(char if char.isprintable() else "?" for char in line)
    if len(printable) <= _LONGEST_NAME:
        return printable
    return f"{printable[: _LONGEST_NAME - 3]}..."


def listed(names: Iterable[object], shown: int = 3) -> str:
    """Return the first of some names in quotes, and the number of the others.

    >>> listed(["a", "b"]), listed(range(240))
    ("'a', 'b'", "'0', '1', '2' and 237 more")
    """
    return _and_more([f"'{_short(name)}'" for name in names], shown)


def _and_more(words: Sequence[str], shown: int) -> str:
    first = ", ".join(words[:shown])
    more = len(words) - shown
    return f"{first} and {more:,} more" if more > 0 else first
