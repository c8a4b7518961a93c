"""The words of one language with their forms, and the range of each class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.data.synthesis.morphology import (
    FORMS,
    inflect,
    invent,
    iter_attributes,
)
from rakuten_bench.data.synthesis.profile import GROUPS, LANGUAGES, PROFILES
from rakuten_bench.data.synthesis.word import CLASS, FUNCTION, GENERIC, GROUP

#: Sources of words, in the order of the shares in `text.Mix`.
SOURCES = ("function", "generic", "group", "class", "name", "any_name", "attribute")

#: Invented words of each source; languages with few listings have a third of them.
_INVENTED = {"generic": 700, "group": 500, "class": 450}
_NAMES, _ANY_NAMES = 300, 6000


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language.

    Attributes
    ----------
    surface : object array of shape (n_words * len(FORMS),)
        The forms of all words; those of one word are adjacent.
    start, size : int64 arrays of shape (len(SOURCES), n_classes)
        Range of the words of a source that a class uses, the most frequent first.
    """

    surface: NDArray[np.object_]
    start: NDArray[np.int64]
    size: NDArray[np.int64]


def build_lexicon(language: str, random_state: int) -> Lexicon:
    """Collect the words of one of `LANGUAGES`, real ones before invented ones."""
    ranges: dict[tuple[str, object], tuple[int, int]] = {}
    forms: list[tuple[str, ...]] = []
    for source, owner, words in _iter_words(language, random_state):
        ranges[source, owner] = (len(forms), len(words))
        forms.extend(words)
    shape = (len(SOURCES), len(PROFILES))
    start, size = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for row, source in enumerate(SOURCES):
        for column, profile in enumerate(PROFILES):
            owner = {
                "group": profile.group,
                "class": profile.code,
                "name": profile.code,
            }
            start[row, column], size[row, column] = ranges[source, owner.get(source)]
    surface = np.array([form for word in forms for form in word], dtype=object)
    return Lexicon(surface, start, size)


def _iter_words(
    language: str, random_state: int
) -> Iterator[tuple[str, object, list[tuple[str, ...]]]]:
    """Yield source, owner (a group, a class or None) and the forms of its words."""
    yield "function", None, [_fixed(word) for word in FUNCTION[language].split()]
    yield "attribute", None, [_fixed(word) for word in iter_attributes()]
    names = iter(invent(_ANY_NAMES + _NAMES * len(PROFILES), "", random_state))
    yield "any_name", None, [_named(next(names)) for _ in range(_ANY_NAMES)]
    for profile in PROFILES:
        yield "name", profile.code, [_named(next(names)) for _ in range(_NAMES)]
    invented = iter(_invent_all(language, random_state))
    for source, owner, known in _iter_nouns(language):
        new = [next(invented) for _ in range(_count(source, language))]
        yield source, owner, [inflect(word, language) for word in [*known, *new]]


def _iter_nouns(language: str) -> Iterator[tuple[str, object, list[str]]]:
    yield "generic", None, GENERIC[language].split()
    for group in GROUPS:
        yield "group", group, GROUP[group].get(language, "").split()
    for profile in PROFILES:
        yield "class", profile.code, CLASS[profile.code].get(language, "").split()


def _count(source: str, language: str) -> int:
    return _INVENTED[source] // (1 if language in LANGUAGES[:3] else 3)


def _invent_all(language: str, random_state: int) -> list[str]:
    """Generate all words at once, so that no two classes get the same one."""
    needed = {"generic": 1, "group": len(GROUPS), "class": len(PROFILES)}
    total = sum(times * _count(source, language) for source, times in needed.items())
    return invent(total, language, random_state, stream=1 + LANGUAGES.index(language))


def _fixed(word: str) -> tuple[str, ...]:
    """Return the forms of an invariable word, capitalized at the start of a sentence."""
    return (*[word] * (len(FORMS) - 1), word[:1].upper() + word[1:])


def _named(word: str) -> tuple[str, ...]:
    return (word, word, word, word.upper(), word)
