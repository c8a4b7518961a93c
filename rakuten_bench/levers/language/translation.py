"""Translate the texts of a table into French, with any provider, resumably.

A provider is a function of two arguments: distinct texts in one language, and that
language; it returns their translations in order. To add one, write an option as in
`translate.py`.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rakuten_bench.corpus.markup import strip_html
from rakuten_bench.levers.language import keep_resources
from rakuten_bench.types import Languages

if TYPE_CHECKING:
    import pandas as pd

Provider = Callable[[list[str], str], list[str]]
Key = tuple[str, str]

COLUMNS = ("title", "description")

#: Texts between two writes to disk: the most that an interruption may lose.
BATCH = 64

#: Where a text may be split: models take a few hundred tokens at once.
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\s*\n\s*")
_LONGEST = 80  # words


def translate_table(
    languages: Languages, frame: pd.DataFrame, provider: Provider, folder: Path | None
) -> dict[str, Any]:
    """Translate the rows that are not in French, each distinct text once.

    Parameters
    ----------
    languages : Languages of n_rows
        Detected languages; rows in an unknown language stay unchanged.
    frame : DataFrame with title and description
    provider : Provider
    folder : Path or None
        Where translations are saved as they are made; None: nowhere.

    Returns
    -------
    dict
        The slots "languages" (French for all) and "frame".
    """
    codes = [languages.codes[code] for code in languages.row.tolist()]
    plain = {
        column: [
            strip_html(text) if code not in ("fr", "") else text
            for code, text in zip(codes, frame[column], strict=True)
        ]
        for column in COLUMNS
    }
    wanted = dict.fromkeys(
        (code, text)
        for column in COLUMNS
        for code, text in zip(codes, plain[column], strict=True)
        if code not in ("fr", "") and text.strip()
    )
    known = _translate(list(wanted), provider, Kept(folder))
    translated = {
        column: [
            known.get((code, text), text)
            for code, text in zip(codes, plain[column], strict=True)
        ]
        for column in COLUMNS
    }
    return {
        "languages": keep_resources(languages, ("fr",), others_trained=True),
        "frame": frame.assign(**translated),
    }


def _translate(wanted: list[Key], provider: Provider, kept: Kept) -> Mapping[Key, str]:
    """Return the translation of each text; only unsaved ones are requested."""
    known = kept.load()
    missing: defaultdict[str, list[str]] = defaultdict(list)
    for language, text in wanted:
        if (language, text) not in known:
            missing[language].append(text)
    for language, texts in missing.items():
        for batch in _cut_every(BATCH, texts):
            found = _translate_long(batch, language, provider)
            made = {
                (language, text): new for text, new in zip(batch, found, strict=True)
            }
            kept.add(made)
            known |= made
    return known


def _translate_long(texts: list[str], language: str, provider: Provider) -> list[str]:
    """Translate texts of any length, piece by piece."""
    pieces = [list(cut(text)) for text in texts]
    flat = [piece for one in pieces for piece in one]
    found = iter(provider(flat, language))
    return [" ".join([next(found) for _ in one]) for one in pieces]


def cut(text: str) -> Iterator[str]:
    """Yield the sentences of a text, and long ones in parts.

    >>> list(cut("Red dress. Size M"))
    ['Red dress.', 'Size M']
    """
    for sentence in _SENTENCE.split(text):
        for words in _cut_every(_LONGEST, sentence.split()):
            yield " ".join(words)


def _cut_every(length: int, items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), length):
        yield items[start : start + length]


class Kept:
    """Translations on disk, one JSON line each; a truncated line is ignored."""

    def __init__(self, folder: Path | None) -> None:
        self.path = folder / "translations.jsonl" if folder else None

    def load(self) -> dict[Key, str]:
        """Return the saved translations."""
        if self.path is None or not self.path.is_file():
            return {}
        found: dict[Key, str] = {}
        for line in self.path.read_text("utf-8", "replace").split("\n"):
            try:
                language, text, translation = json.loads(line)
            except ValueError:
                continue
            found[language, text] = translation
        return found

    def add(self, made: Mapping[Key, str]) -> None:
        """Append translations durably (fsync)."""
        if self.path is None:
            return
        # begins with a newline: the last line may be truncated
        lines = "".join(f"\n{json.dumps([*key, new])}" for key, new in made.items())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
