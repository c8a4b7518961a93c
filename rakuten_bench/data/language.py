"""Normalize languages to ISO 639-1 codes: FR, fr-FR, fra, French."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from rakuten_bench.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5  # values listed in a message

#: Texts for no language, or an unspecified one.
_UNKNOWN = frozenset(
    [
        "und",
        "mul",
        "mis",
        "zxx",
        "xx",
        "na",
        "n/a",
        "nan",
        "none",
        "null",
        "nil",
        "unknown",
        "undefined",
        "inconnu",
        "inconnue",
        "unbekannt",
        "other",
        "autre",
        "-",
        "--",
        "?",
    ]
)

#: Bibliographic codes of ISO 639-2, and codes that were replaced.
_OTHER_CODES = (
    "alb:sq arm:hy baq:eu bur:my chi:zh cze:cs dut:nl fre:fr geo:ka ger:de gre:el ice:is "
    "mac:mk mao:mi may:ms per:fa rum:ro slo:sk tib:bo wel:cy scr:hr scc:sr mol:ro mo:ro "
    "iw:he in:id ji:yi jw:jv cmn:zh yue:zh arb:ar pes:fa ekk:et lvs:lv zsm:ms swh:sw "
    "azj:az khk:mn uzn:uz ydd:yi fil:tl"
)

#: English, French, German and native names of languages that shops use.
_NAMES = """
ar arabic arabe arabisch العربية
bg bulgarian bulgare bulgarisch български
bs bosnian bosnien bosnisch bosanski
ca catalan catalan katalanisch català
cs czech tchèque tschechisch čeština
cy welsh gallois walisisch cymraeg
da danish danois dänisch dansk
de german allemand deutsch
el greek grec griechisch ελληνικά
en english anglais englisch
es spanish espagnol spanisch español castellano castilian
et estonian estonien estnisch eesti
eu basque basque baskisch euskara
fa persian persan persisch farsi فارسی
fi finnish finnois finnisch suomi
fr french français französisch
ga irish irlandais irisch gaeilge
gl galician galicien galicisch galego
he hebrew hébreu hebräisch עברית
hi hindi हिन्दी
hr croatian croate kroatisch hrvatski
hu hungarian hongrois ungarisch magyar
hy armenian arménien armenisch հայերեն
id indonesian indonésien indonesisch
is icelandic islandais isländisch íslenska
it italian italien italienisch italiano
ja japanese japonais japanisch 日本語
ka georgian géorgien georgisch ქართული
ko korean coréen koreanisch 한국어
la latin lateinisch latina
lb luxembourgish luxembourgeois luxemburgisch lëtzebuergesch
lt lithuanian lituanien litauisch lietuvių
lv latvian letton lettisch latviešu
mk macedonian macédonien mazedonisch македонски
ms malay malais malaiisch
mt maltese maltais maltesisch malti
nb bokmål
nl dutch néerlandais niederländisch nederlands flemish flamand vlaams
nn nynorsk
no norwegian norvégien norwegisch norsk
oc occitan okzitanisch
pl polish polonais polnisch polski
pt portuguese portugais portugiesisch português
ro romanian roumain rumänisch română
ru russian russe russisch русский
sk slovak slovaque slowakisch slovenčina
sl slovenian slovene slovène slowenisch slovenščina
sq albanian albanais albanisch shqip
sr serbian serbe serbisch српски srpski
sv swedish suédois schwedisch svenska
th thai thaï thailändisch ไทย
tr turkish turc türkisch türkçe
uk ukrainian ukrainien ukrainisch українська
vi vietnamese vietnamien vietnamesisch
zh chinese chinois chinesisch mandarin 中文
"""


def normalize_languages(values: pd.Series, subject: str) -> pd.Series:
    """Return the ISO 639-1 codes of languages.

    Parameters
    ----------
    values : Series of str of shape (n_rows,)
        A code of two or three letters, with a region or script or without, or a name;
        "" and words such as "unknown" for an unknown language.
    subject : str
        The file that messages name.

    Returns
    -------
    Series of str of shape (n_rows,)
        "" if the language is unknown.

    Raises
    ------
    UserError
        If values are not languages; lists the most frequent.
    """
    counts = values.value_counts()
    codes = {value: find_code(value) for value in counts.index}
    wrong = [value for value, code in codes.items() if code is None]
    if wrong:
        raise UserError(_explain(wrong, counts, subject))
    return values.map(codes)


def _explain(wrong: Iterable[str], counts: pd.Series, subject: str) -> str:
    wrong = list(wrong)
    n_rows = int(counts[wrong].sum())
    shown = ", ".join(f"'{value}' ({counts[value]:,})" for value in wrong[:_SHOWN])
    more = f" and {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
    return (
        f"{subject}: {n_rows:,} {'row has' if n_rows == 1 else 'rows have'} an unknown "
        f"language: {shown}{more}. Write ISO 639-1 codes such as 'fr', names such as "
        f"'French', or leave it empty if unknown; or name no language column."
    )


def find_code(value: str) -> str | None:
    """Return the ISO 639-1 code of a language; "" for an unknown one, None for no language.

    >>> [find_code(value) for value in ("FR", "fr_CA", "fra", "Français ", "?", "zz")]
    ['fr', 'fr', 'fr', 'fr', '', None]
    """
    plain = _plain(value)
    if not plain or plain in _UNKNOWN:
        return ""
    first = plain.replace("_", "-").partition("-")[0].strip()
    name = plain.partition("(")[0].strip()  # French (France)
    forms = [plain, name, *([first] if len(first) in (2, 3) else [])]
    return _look_up(forms, _named()) or _look_up(forms, _all_codes())


def _look_up(forms: Iterable[str], codes: Mapping[str, str]) -> str | None:
    return next((codes[form] for form in forms if form in codes), None)


def _plain(text: str) -> str:
    """Return a value in lower case and without accents."""
    import unicodedata

    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def _named() -> dict[str, str]:
    """Return the codes of the languages above by all their names."""
    known = dict(pair.split(":") for pair in _OTHER_CODES.split())
    for line in _NAMES.strip().splitlines():
        code, *names = line.split()
        known |= {_plain(name): code for name in (code, *names)}
    return known


@cache
def _all_codes() -> dict[str, str]:
    """Return the two-letter codes, keyed by themselves and by three-letter codes."""
    from nltk.langnames import iso639short

    return {code: code for code in iso639short.values()} | dict(iso639short)
