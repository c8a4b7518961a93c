"""Normal forms of texts for comparison, and texts that represent missing values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from rakuten_bench.corpus.markup import strip_html

#: Texts that represent a missing value; case, accents and punctuation are ignored.
MISSING = (
    *("N/A", "NA", "#N/A", "null", "none", "nil", "nan", "undefined"),
    *(
        "-",
        "--",
        "---",
        "\u2013",
        "\u2014",
        ".",
        "..",
        "...",
        "…",
        "?",
        "/",
        "_",
        "\\N",
    ),
    *("not available", "not applicable", "not specified", "to be completed"),
    *("no description", "no description available", "description not available"),
    *("aucune description", "aucune description disponible", "pas de description"),
    *("sans description", "description non disponible", "description indisponible"),
    *("non disponible", "non renseigné", "non précisé", "sans objet"),
    *("keine Beschreibung", "keine Beschreibung verfügbar", "keine Angabe"),
    *("keine Angaben", "nicht verfügbar", "nessuna descrizione", "non disponibile"),
    *("sin descripción", "no disponible", "sem descrição", "não disponível"),
    *("geen beschrijving", "niet beschikbaar"),
)

#: Invisible characters, although Unicode counts some as letters or symbols.
_BLANK = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
#: Variation selectors and tags; ranges, because single ones beyond the BMP are slow.
_VARIATION = "\ufe00-\ufe0f\U000e0000-\U000e0fff"
#: Marks of Latin, Greek and Cyrillic letters; those of other scripts spell the word.
_ACCENTS = "\u0300-\u036f"
#: Decorative symbols, treated as punctuation.
_DECORATION = "|~^`\u00b4\u00a8\u00af\u00b8®©™℠"
#: Punctuation that changes the meaning of a text: C# is not C, 50 % not 50.
_KEPT = "%‰"


def compose(text: str) -> str:
    r"""Return a text in Unicode's composed form (NFC): one spelling of each accent.

    >>> compose("cafe\u0301") == "caf\u00e9"
    True
    """
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def reading(text: str) -> str:
    """Return a form that is equal for texts that read the same.

    Case, whitespace, punctuation, accents, markup and invisible characters are ignored,
    but not number separators, signs, units and symbols. A text of only punctuation is
    kept; one of only markup is empty.

    >>> reading("<b>Bébé :</b> lit  60x120 cm.") == reading("BEBE - Lit 60x120cm")
    True
    >>> reading("C++") == reading("C#"), reading("1.5 l") == reading("15 l")
    (False, False)
    >>> reading(":-)"), reading("<br>")
    (':-)', '')
    """
    shown = strip_invisible(strip_html(text))
    return _close_up(_fold(shown).casefold()) or "".join(shown.split())


def strip_invisible(text: str) -> str:
    """Remove invisible characters: zero-width, control and variation characters."""
    if text.isascii() and text.isprintable():
        return text
    return _invisible().sub("", text)


def squeeze(text: str) -> str:
    r"""Return a text composed, without invisible characters and superfluous spaces.

    >>> squeeze(" two\u200b \u00a0words ")
    'two words'
    """
    return " ".join(strip_invisible(compose(text)).split())


class MissingTexts:
    """Set of texts that represent missing values, in any spelling.

    Parameters
    ----------
    texts : iterable of str

    Examples
    --------
    >>> gaps = MissingTexts(MISSING)
    >>> [text in gaps for text in ("n/a ", "Aucune description.", "no", "C")]
    [True, True, False, False]
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._forms = frozenset(reading(text) for text in texts)
        self._longest = max(map(len, self._forms), default=0)
        self._starts = frozenset(form[:2] for form in self._forms)

    def __contains__(self, text: str) -> bool:
        if len(text) > 4 * self._longest:
            return False
        start = text[:2]  # of plain letters the form begins with the same: most differ
        is_plain = len(start) == 2 and start.isascii() and start.isalnum()
        if is_plain and start.lower() not in self._starts:
            return False
        return reading(text) in self._forms


def _close_up(text: str) -> str:
    """Remove whitespace and punctuation, except in numbers and names such as C#."""
    pattern = _patterns()
    text = pattern.decimal.sub("\0", text)
    text = pattern.sign.sub("\1", text)
    text = pattern.sharp.sub("\2", text)
    text = pattern.between.sub(" ", text)
    text = pattern.between_numbers.sub("\3", text)
    return text.replace(" ", "").translate(_PROTECTED)


#: What stands for protected characters meanwhile; texts have lost their controls.
_PROTECTED = str.maketrans({"\0": ".", "\1": "-", "\2": "#", "\3": " "})


class _Patterns(NamedTuple):
    decimal: re.Pattern[str]
    sign: re.Pattern[str]
    sharp: re.Pattern[str]
    between: re.Pattern[str]
    between_numbers: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    """Compile the patterns of `_close_up`; each starts with a rare character, for speed."""
    return _Patterns(
        decimal=re.compile(r"[.,](?<=\d.)(?=\d)"),
        sign=re.compile(r"[-\u2212\u2013](?<!\S.)(?=\d)"),
        sharp=re.compile(r"#(?<=\w.)(?!\w)"),
        between=re.compile(rf"[\s{_marks()}]+"),
        between_numbers=re.compile(r" (?<=\d.)(?=\d)"),
    )


def _fold(text: str) -> str:
    """Remove accents, and replace wide letters, ligatures and spaces with plain ones.

    Superscripts, subscripts and fractions are kept: 10² is not 102.
    """
    if text.isascii():
        return text
    folded = _foldable().sub(lambda run: unicodedata.normalize("NFKD", run[0]), text)
    plain = _ACCENT.sub("", folded)
    return _LIGATURE.sub(lambda letter: _LIGATURES[letter[0]], plain)


_ACCENT = re.compile(f"[{_ACCENTS}]")
_LIGATURES = {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ø": "o", "Ø": "o"}
_LIGATURE = re.compile(f"[{''.join(_LIGATURES)}]")


@cache
def _foldable() -> re.Pattern[str]:
    """Match runs of characters whose plain form has the same meaning."""
    kept = [
        chr(code)
        for code in (*range(0x80, 0x2500), *range(0x3190, 0x33FF))
        if unicodedata.decomposition(chr(code)).startswith(
            ("<super>", "<sub>", "<fraction>")
        )
        and chr(code) not in _DECORATION
    ]
    return re.compile(f"[^{''.join(kept)}]+")


@cache
def _invisible() -> re.Pattern[str]:
    """Match format characters, controls other than whitespace, and blanks."""
    found = [
        re.escape(chr(code))
        for code in (*range(0x3000), *range(0xFE00, 0x10000))
        if unicodedata.category(chr(code)) in {"Cf", "Cc"} and not chr(code).isspace()
    ]
    return re.compile(f"[{''.join(found)}{_BLANK}{_VARIATION}]")


@cache
def _marks() -> str:
    """Return all punctuation, as a character class without its brackets."""
    found = [
        re.escape(chr(code))
        for code in (*range(0x3040), *range(0xFE10, 0xFF70))
        if unicodedata.category(chr(code)).startswith("P") and chr(code) not in _KEPT
    ]
    return "".join(found) + re.escape(_DECORATION)
