"""Inflect words, and generate pseudowords that resemble each language."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rakuten_bench.division.chance import random_bits

#: The forms that `inflect` returns, in order.
FORMS = ("plain", "plural", "the", "of", "capital")

_VOWELS = "aeiouyàâéèêëîïôùûœæ"

_ONSETS = {
    "fr": "b bl br c ch cl cr d dr f fl fr g gl gr j l m n p pl pr qu r s t tr v vr",
    "en": "b bl br c ch cl d dr f fl g gr h j k l m n p pl r s sh sk sl sp st t th tr w",
    "de": "b br d dr f fl g gl gr h k kl kn kr l m n p pf r s sch schl schw st t w z zw",
    "nl": "b bl br d dr f g gr h k kl kn l m n p r s sch sl sp st t v w z",
    "it": "b br c ch d f fr g gl gn l m n p pr qu r s sc sp st t tr v z",
    "es": "b br c ch d f fl g gr h j l ll m n p pl qu r s t tr v z",
    "pt": "b br c ch d f g gr j l lh m n nh p pr qu r s t tr v x z",
}
_NUCLEI = {
    "fr": "a e i o u é è ou oi ai au eu an en on in",
    "en": "a e i o u ea oo ai ee ow ou er",
    "de": "a e i o u ä ö ü ei au ie eu",
    "nl": "a e i o u aa ee oo ui ij oe eu",
    "it": "a e i o u ia io",
    "es": "a e i o u ie ue ia",
    "pt": "a e i o u ã ei ou ia",
}
_ENDINGS = {
    "fr": "age ette eur eau ière tion oir ment elle on ier ure esse ique ance ade",
    "en": "er ing ness ment le y ock ent ard ish and ight ow",
    "de": "ung keit chen er el en lich haft schaft heit ling tum",
    "nl": "ing je heid aar en er lijk schap sel tje",
    "it": "ino etta zione ore ello ata aggio iere ura ezza",
    "es": "ción illo dor ero ada ista eza ura ito aje",
    "pt": "ção inho dor eira ada ista eza ura ito agem",
}
#: Names of brands, models and people, independent of the language.
_NAME_ENDINGS = "a o i us ex on an el ia ix ar ov is in ax um en os"


def invent(n: int, language: str, random_state: int, stream: int = 0) -> list[str]:
    """Generate distinct pseudowords that resemble a language.

    Parameters
    ----------
    n : int
    language : str
        One of the seven; "" for capitalized names.
    random_state, stream : int
        Seed of the draw.
    """
    distinct: dict[str, None] = {}
    while len(distinct) < n:
        bits = random_bits(2 * n, random_state, stream + len(distinct) * 1_000_003)
        for value in bits.tolist():
            distinct[_compose(value, language)] = None
    words = list(distinct)[:n]
    return words if language else [word.capitalize() for word in words]


def _compose(bits: int, language: str) -> str:
    """Compose one word from 64 random bits."""
    onsets, nuclei, endings = _PARTS[language]
    word = ""
    bits, length = divmod(bits, len(_SYLLABLES))
    for _ in range(_SYLLABLES[length]):
        bits, onset = divmod(bits, len(onsets))
        bits, nucleus = divmod(bits, len(nuclei))
        word += onsets[onset] + nuclei[nucleus]
    bits, onset = divmod(bits, len(onsets))
    return word + onsets[onset] + endings[bits % len(endings)]


#: Number of syllables before the last, drawn uniformly from this list.
_SYLLABLES = (0, 0, 0, 1, 1, 1, 2)

_PARTS = {
    language: (
        _ONSETS[language].split(),
        _NUCLEI[language].split(),
        _ENDINGS[language].split(),
    )
    for language in _ONSETS
}
_PARTS[""] = (_PARTS["it"][0] + ["k", "x", "w"], _PARTS["es"][1], _NAME_ENDINGS.split())


def inflect(word: str, language: str) -> tuple[str, str, str, str, str]:
    """Return the forms of a noun: plain, plural, with "the", with "of", capital.

    >>> inflect("étagère", "fr")
    ('étagère', 'étagères', "l'étagère", "d'étagère", 'Étagère')
    >>> inflect("toy", "en")
    ('toy', 'toys', 'toy', "toy's", 'Toy')
    """
    if language == "de":
        word = word.capitalize()
    plural = _PLURALS[language](word)
    the, of = _ELISIONS.get(language, ("", ""))
    if word[0].lower() not in _VOWELS:
        the = of = ""
    of_it = f"{word}'s" if language == "en" else of + word
    return word, plural, the + word, of_it, word.capitalize()


_ELISIONS = {"fr": ("l'", "d'"), "it": ("l'", "dell'")}


def _french_plural(word: str) -> str:
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word + ("x" if word.endswith(("eau", "eu")) else "s")


def _english_plural(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return word[:-1] + "ies"
    return word + "s"


def _german_plural(word: str) -> str:
    if word.endswith(("er", "el", "en", "chen")):
        return word
    return word + ("n" if word.endswith("e") else "en")


def _italian_plural(word: str) -> str:
    change = {"o": "i", "a": "e", "e": "i"}
    return word[:-1] + change[word[-1]] if word[-1] in change else word


def _portuguese_plural(word: str) -> str:
    if word.endswith("ção"):
        return word[:-3] + "ções"
    return word + ("s" if word[-1] in _VOWELS else "es")


_PLURALS: dict[str, Callable[[str], str]] = {
    "fr": _french_plural,
    "en": _english_plural,
    "de": _german_plural,
    "nl": lambda word: word + ("s" if word.endswith(("er", "je", "el")) else "en"),
    "it": _italian_plural,
    "es": lambda word: word + ("s" if word[-1] in _VOWELS else "es"),
    "pt": _portuguese_plural,
}


def iter_attributes() -> Iterator[str]:
    """Yield sizes, quantities and years as written in titles."""
    for first in (10, 15, 20, 30, 40, 45, 50, 60, 70, 80, 90, 100, 120, 140, 160, 200):
        yield f"{first}cm"
        yield from (f"{first}x{second}cm" for second in (20, 30, 40, 50, 60, 80, 100))
        yield from (f"{first} x {second} cm" for second in (15, 35, 55, 75, 120))
        yield from (f"{first}{unit}" for unit in ("ml", "g", "W", "V", "mm", "pcs"))
    yield from (f"{litres / 4:g}L" for litres in range(1, 30))
    yield from (
        f"1/{scale}" for scale in (8, 10, 12, 18, 24, 32, 35, 43, 48, 72, 87, 100)
    )
    yield from (str(year) for year in range(1890, 2020))
    yield from (f"n°{number}" for number in range(1, 400))
    yield from (f"{number}" for number in range(1, 60))
    yield from ("XS", "S", "M", "L", "XL", "XXL", "-", "+", "/", "2 en 1", "A4", "A5")
