"""What a user can cause: printed as one message, exit code 2, no traceback."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path


class UserError(Exception):
    """A mistake in a file, an option or a value, and what to do about it.

    The message starts with the file or subject, gives the value in quotes, says what
    is wrong and what to do.
    """


class MissingPackage(UserError):
    """An option was asked for whose package is not installed."""


class Notice(UserWarning):
    """What a step wants said about its result; the runner copies it to the records.

    Sent with `warnings.warn(message, Notice, stacklevel=2)`: "images: 3 missing".
    """


class Problems(UserError):
    """Several mistakes found in one go, one line each.

    Parameters
    ----------
    problems : iterable of str
        Complete messages.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[Problems], tuple[tuple[str, ...]]]:
        """Let it be pickled: workers send it home."""
        return type(self), (self.problems,)


@contextlib.contextmanager
def writing(path: Path, advice: str = "") -> Iterator[None]:
    """Say of which file or folder it was that it can't be written, and what to do.

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


def unknown(kind: str, value: object, known: Iterable[str]) -> str:
    """Say that a name is not known and which one was probably meant.

    >>> unknown("model", "logrge", ["logreg", "dummy"])
    "unknown model 'logrge'. Did you mean 'logreg'?"
    >>> unknown("model", "zzz", ["logreg", "dummy"])
    "unknown model 'zzz'. Known: dummy, logreg."
    """
    names = sorted(map(str, known))
    close = difflib.get_close_matches(str(value), names, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(names)}."
    return f"unknown {kind} '{value}'. {hint}"
