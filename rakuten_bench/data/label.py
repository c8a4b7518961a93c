"""Classes that are one class in two spellings: said, and joined where asked."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from rakuten_bench.data.spelling import MISSING, MissingTexts, squeeze

_WHOLE = re.compile(r"[+-]?\d+(\.0*)?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
_SHOWN = 3  # classes named in a remark


class LabelRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a scenario file may say of the labels of a data set.

    Attributes
    ----------
    normalize : bool
        Whether labels that differ only by case, white space, invisible characters,
        Unicode form or ".0" become one class, in their most frequent spelling.
    """

    normalize: bool = False


def unify_numbers(labels: Sequence[str]) -> list[str]:
    """Write whole numbers without ".0" where all labels are numbers.

    Where some are no whole numbers, only those lose it that also stand without it.

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
    """Return the classes of several spellings, each with its rows by spelling.

    Case, white space, invisible characters, the Unicode form and ".0" make a spelling.
    """
    rows = Counter(labels)
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for label, count in rows.items():
        forms[_form(label)][label] = count
    return [spellings for spellings in forms.values() if len(spellings) > 1]


def normalize_labels(labels: Sequence[str]) -> list[str]:
    """Give each class its most frequent spelling, without invisible characters.

    >>> normalize_labels(["Shoes", "shoes ", "Shoes "])
    ['Shoes', 'Shoes', 'Shoes']
    """
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for label, count in Counter(labels).items():
        rows[_form(label)][squeeze(label)] += count
    chosen = {
        form: min(spellings, key=lambda one: (-spellings[one], one))
        for form, spellings in rows.items()
    }
    return [chosen[_form(label)] for label in labels]


def _form(label: str) -> str:
    """Return what the spellings of one class share."""
    clean = squeeze(label).casefold()
    return clean.partition(".")[0] if _WHOLE.fullmatch(clean) else clean


def remark_labels(
    labels: Sequence[str], rules: LabelRules | None, subject: str
) -> Iterator[str]:
    """Say which classes have several spellings, and what becomes of them.

    Parameters
    ----------
    labels : sequence of str, of n_rows
        As they were found, but for numbers.
    rules : LabelRules or None
        None where the data set has no parameter for them.
    subject : str
        The file that messages speak of.
    """
    missing = MissingTexts(MISSING)
    gaps = {label: rows for label, rows in Counter(labels).items() if label in missing}
    if gaps:
        shown = ", ".join(f"'{label}' ({rows:,} rows)" for label, rows in gaps.items())
        yield f"{subject}: taken as a class, though it reads like no label: {shown}."
    variants = find_variants(labels)
    if not variants:
        return
    spellings = sum(map(len, variants))
    more = ", ..." if len(variants) > _SHOWN else ""
    shown = ", ".join(_show_spellings(one) for one in variants[:_SHOWN]) + more
    differ = (
        "differ only by case, white space, invisible characters, Unicode form or '.0'"
    )
    if rules and rules.normalize:
        yield (
            f"{subject}: {spellings:,} labels that {differ} became {len(variants):,}: "
            f"{shown}."
        )
    else:
        advice = " Join them with 'labels: {normalize: true}' in the data set."
        yield (
            f"{subject}: {spellings:,} labels {differ} and are separate classes: "
            f"{shown}.{advice if rules else ''}"
        )


def remark_numbers(
    before: Sequence[str], after: Sequence[str], subject: str
) -> Iterator[str]:
    """Say that labels were written both with and without ".0"."""
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


def _show_spellings(rows: Mapping[str, int]) -> str:
    ordered = sorted(rows, key=lambda label: (-rows[label], label))
    return " / ".join(f"'{_visible(label)}' ({rows[label]:,})" for label in ordered)


def _visible(label: str) -> str:
    r"""Write what can't be seen, and marks that stand alone, as their codes.

    >>> _visible("cafe\u0301\u200b")
    'cafe\\u0301\\u200b'
    """
    return "".join(
        character
        if character == " " or unicodedata.category(character)[0] not in "MCZ"
        else character.encode("unicode_escape").decode()
        for character in label
    )
