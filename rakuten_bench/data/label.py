"""Different spellings of one class: reported, and merged on request."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from rakuten_bench.data.spelling import MISSING, MissingTexts, reading, squeeze
from rakuten_bench.wording.words import number

_WHOLE = re.compile(r"[+-]?\d+(\.0*)?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_ANY_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?(e[+-]?\d{1,2})?")
_SHOWN = 3  # classes named in a remark

#: Cyrillic and Greek letters that look like Latin ones.
_LATIN = str.maketrans(
    "\u0410\u0412\u0415\u0417\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"
    "\u0405\u0406\u0408\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5"
    "\u03a7\u03bf\u03bd",
    "ABE3KMHOPCTYXSIJaeopcyxsijABEZHIKMNOPTYXov",
)


class LabelRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a scenario file for the labels of a data set.

    Attributes
    ----------
    normalize : bool
        Whether to merge labels that differ only by case, whitespace, invisible characters,
        Unicode form or ".0" into one class, with the most frequent spelling.
    """

    normalize: bool = False


def unify_numbers(labels: Sequence[str]) -> list[str]:
    """Remove ".0" from whole numbers if all labels are numbers.

    If some are not whole, only numbers that also occur without it lose it.

    >>> unify_numbers(["10", "10.0", "20.0"]), unify_numbers(["1.0", "1.5"])
    (['10', '10', '20'], ['1.0', '1.5'])
    >>> unify_numbers(["10.0", "ten"])
    ['10.0', 'ten']
    """
    known = set(labels)
    if not all(_NUMBER.fullmatch(label) for label in known):
        return list(labels)
    short = {
        label: label.partition(".")[0] for label in known if _WHOLE.fullmatch(label)
    }
    if len(short) < len(known):
        short = {label: whole for label, whole in short.items() if whole in known}
    return [short.get(label, label) for label in labels]


def find_variants(labels: Sequence[str]) -> list[Counter[str]]:
    """Return the classes with several spellings, each with its rows by spelling.

    Spellings differ by case, whitespace, invisible characters, Unicode form and ".0".
    """
    rows = Counter(labels)
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for label, count in rows.items():
        forms[_form(label)][label] = count
    return [spellings for spellings in forms.values() if len(spellings) > 1]


def normalize_labels(labels: Sequence[str]) -> list[str]:
    """Replace labels with the most frequent spelling, without invisible characters.

    >>> normalize_labels(["Shoes", "shoes ", "Shoes "])
    ['Shoes', 'Shoes', 'Shoes']
    """
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for label, count in Counter(labels).items():
        rows[_form(label)][squeeze(label)] += count
    chosen = {
        form: min(spellings, key=lambda label: (-spellings[label], label))
        for form, spellings in rows.items()
    }
    return [chosen[_form(label)] for label in labels]


def _form(label: str) -> str:
    """Return the normalized form shared by all spellings of a class."""
    clean = squeeze(label).casefold()
    return clean.partition(".")[0] if _WHOLE.fullmatch(clean) else clean


def find_lookalikes(labels: Sequence[str]) -> list[Counter[str]]:
    """Return distinct classes that look alike.

    Accents, punctuation, markup, look-alike letters of other alphabets, and
    number formats are ignored.

    >>> find_lookalikes(["caf\u00e9", "Cafe", "C", "C++", "01", "1"])
    [Counter({'caf\u00e9': 1, 'Cafe': 1}), Counter({'01': 1, '1': 1})]
    >>> find_lookalikes(["9223372036854775808", "9223372036854775809"])
    []
    """
    rows = Counter(labels)
    alike: dict[str | Decimal, Counter[str]] = defaultdict(Counter)
    for label, count in rows.items():
        alike[_sound(label)][label] = count
    return [group for group in alike.values() if len({*map(_form, group)}) > 1]


def _sound(label: str) -> str | Decimal:
    """Return a number exactly (product codes have 19 digits), or how a text reads."""
    plain = squeeze(label).casefold()
    if _ANY_NUMBER.fullmatch(plain):
        return Decimal(plain.replace(",", ""))
    return reading(label.translate(_LATIN))


def remark_labels(
    labels: Sequence[str], rules: LabelRules | None, subject: str
) -> Iterator[str]:
    """Report classes with several spellings, and how they are handled.

    Parameters
    ----------
    labels : sequence of str, of n_rows
        As read, except numbers.
    rules : LabelRules or None
        None if the data set has no parameter for them.
    subject : str
        The file that messages name.
    """
    missing = MissingTexts(MISSING)
    gaps = {label: rows for label, rows in Counter(labels).items() if label in missing}
    if gaps:
        shown = ", ".join(
            f"'{label}' ({number(rows, 'row')})" for label, rows in gaps.items()
        )
        yield f"{subject}: used as a class although it looks like a missing label: {shown}."
    yield from _remark_variants(labels, rules, subject)
    alike = find_lookalikes(labels)
    if alike:
        yield (
            f"{subject}: {sum(map(len, alike)):,} labels differ from others only by "
            f"accents, punctuation, markup, look-alike letters or number format, and are "
            f"separate classes: {_show_groups(alike)}. Correct them if they are the same."
        )


def _remark_variants(
    labels: Sequence[str], rules: LabelRules | None, subject: str
) -> Iterator[str]:
    variants = find_variants(labels)
    if not variants:
        return
    spellings = sum(map(len, variants))
    shown = _show_groups(variants)
    differ = (
        "differ only by case, whitespace, invisible characters, Unicode form or '.0'"
    )
    if rules and rules.normalize:
        yield (
            f"{subject}: {spellings:,} labels that {differ} became {len(variants):,}: "
            f"{shown}."
        )
    else:
        advice = " Merge them with 'labels: {normalize: true}' in the data set."
        yield (
            f"{subject}: {spellings:,} labels {differ} and are separate classes: "
            f"{shown}.{advice if rules else ''}"
        )


def remark_numbers(
    before: Sequence[str], after: Sequence[str], subject: str
) -> Iterator[str]:
    """Report that labels were written both with and without ".0"."""
    changed = sum(old != new for old, new in zip(before, after, strict=True))
    if not 0 < changed < len(before):
        return
    old, new = next(
        pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]
    )
    yield (
        f"{subject}: the labels of {changed:,} of {len(before):,} rows are written "
        f"with decimals: '{old}' is read as class '{new}'."
    )


def _show_groups(groups: Sequence[Mapping[str, int]]) -> str:
    more = ", ..." if len(groups) > _SHOWN else ""
    return ", ".join(map(_show_spellings, groups[:_SHOWN])) + more


def _show_spellings(rows: Mapping[str, int]) -> str:
    ordered = sorted(rows, key=lambda label: (-rows[label], label))
    return " / ".join(f"'{_visible(label)}' ({rows[label]:,})" for label in ordered)


def _visible(label: str) -> str:
    r"""Escape invisible characters and look-alikes of Latin letters.

    >>> _visible("cafe\u0301\u200b"), _visible("b\u043eok")
    ('cafe\\u0301\\u200b', 'b\\u043eok')
    """
    is_latin = any(character.isascii() and character.isalpha() for character in label)
    return "".join(
        character.encode("unicode_escape").decode()
        if (character != " " and unicodedata.category(character)[0] in "MCZ")
        or (is_latin and ord(character) in _LATIN)
        else character
        for character in label
    )
