"""Guess what the columns of a table are: by their names, then by their values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten_bench.data.given import find_side
from rakuten_bench.data.language import find_code
from rakuten_bench.errors import Problems, UserError, unknown
from rakuten_bench.identify import is_image
from rakuten_bench.wording.words import number

if TYPE_CHECKING:
    import pandas as pd

#: Parameters of the data set `table` that name columns, in the order of guessing.
ROLES = (
    *("label", "image", "side", "language", "id", "group", "title", "description"),
)

#: Names in English, French, German, Spanish, Italian, Portuguese and Dutch, without
#: case, accents and punctuation. Earlier ones are preferred.
_NAMES = {
    "label": (
        "label class classe klasse category categorie categoria kategorie target cible "
        "etiquette prdtypecode famille rubrique rayon categoryname productcategory producttype "
        "labels y"
    ),
    "title": (
        "title titre titel titulo titolo name nom nombre nome naam bezeichnung "
        "designation libelle productname nomproduit produit product produkt producto "
        "prodotto intitule heading headline subject objet sujet betreff"
    ),
    "description": (
        "description desc descriptif beschreibung descripcion descrizione descricao "
        "omschrijving text texte texto testo tekst body content contenu inhalt details "
        "detail review avis comment commentaire kommentar message"
    ),
    "image": (
        "image imagepath imagefile imagename filename file fichier photo foto picture "
        "bild img imagen immagine imagem afbeelding"
    ),
    "id": (
        "id rowid uid uuid sku ean gtin asin ref reference identifiant identifier "
        "productid produktid articleid articlenumber artikelnummer code"
    ),
    "language": "language langue lang sprache idioma lingua locale taal",
    "group": "group groupe groupid gruppe grupo gruppo parentid familyid itemgroupid",
    "side": "side split set subset partition fold",
}
_MOST_SAMPLED = 5_000  # rows that are looked at
_NUMBER = re.compile(
    r"[-+]?[\d\s.,'\u2019\u00a0\u202f]+\s*(?:%|€|\$|£|kg|g|cm|mm|EUR)?"
)
_LEAST_SHARE = 0.95  # of the values that look like those of the role
_LEAST_LETTERS = 6.0  # mean length of a text; shorter ones are codes
_LEAST_DISTINCT = 0.2  # share of distinct values in a column of texts
_MOST_CANDIDATES = 8


@dataclass(frozen=True)
class Profile:
    """A column: its name, and a sample of its values that are not empty."""

    name: str
    values: pd.Series
    n_rows: int
    n_distinct: int

    @cached_property
    def plain_name(self) -> str:
        """The name without case, accents and punctuation."""
        letters = unicodedata.normalize("NFKD", self.name.casefold())
        return "".join(letter for letter in letters if letter.isalnum())

    @cached_property
    def is_unique(self) -> bool:
        """Whether each row has a value of its own."""
        return self.n_distinct == self.n_rows

    @cached_property
    def is_text(self) -> bool:
        """Whether the values read like texts: long, mostly different, no numbers."""
        if self.values.empty or self.share(is_image_name) > 1 - _LEAST_SHARE:
            return False
        distinct = self.values.nunique() / len(self.values)
        long_enough = self.length >= _LEAST_LETTERS and distinct >= _LEAST_DISTINCT
        has_words = self.share(lambda value: " " in value.strip()) > 0.5
        return long_enough and has_words and self.share(_is_number) < 0.5

    @cached_property
    def length(self) -> float:
        """Mean length of a value in characters."""
        return float(self.values.str.len().mean()) if len(self.values) else 0.0

    @cached_property
    def may_be_label(self) -> bool:
        """Whether values repeat often enough to be classes."""
        return 2 <= self.n_distinct <= max(2, self.n_rows // 4)

    def share(self, accepts: Callable[[str], object]) -> float:
        """Return the share of values that a function accepts; 0 without values."""
        if self.values.empty:
            return 0.0
        return sum(map(bool, map(accepts, self.values))) / len(self.values)


def is_image_name(value: str) -> bool:
    """Return whether a value is the name of an image file."""
    return is_image(Path(value.strip()))


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value.strip()) is not None


def profile_columns(frame: pd.DataFrame) -> list[Profile]:
    """Return the profile of each column of a table of texts."""
    found = []
    for name in frame.columns:
        values = frame[name].str.strip()
        filled = values[values != ""]
        sample = filled.iloc[:: max(1, len(filled) // _MOST_SAMPLED)]
        found.append(Profile(str(name), sample, len(frame), filled.nunique()))
    return found


def guess_columns(
    file: Path,
    frame: pd.DataFrame,
    given: Mapping[str, str],
    image_folder: Path | None = None,
) -> dict[str, str]:
    """Return the column of each role that was found.

    Parameters
    ----------
    file : Path
        Named in messages.
    frame : DataFrame of shape (n_rows, n_columns)
        Of texts, as `data.reading` returns it.
    given : mapping of str to str
        Role -> column as named by the user; "" for none.
    image_folder : Path, optional
        Folder of the files that an image column names.

    Raises
    ------
    UserError
        If a given column is unknown, or the label is not certain: names candidates.
    """
    profiles = profile_columns(frame)
    _check_given(file, given, [profile.name for profile in profiles])
    roles = {role: column for role, column in given.items() if column}
    for role in ROLES:
        free = [one for one in profiles if one.name not in roles.values()]
        if role in given:
            continue
        if role == "label":
            roles[role] = _guess_label(file, free)
        elif column := _guess(role, free, image_folder):
            roles[role] = column
    _guess_texts(roles, given, profiles)
    return {role: roles[role] for role in ROLES if role in roles}


def _check_given(file: Path, given: Mapping[str, str], names: list[str]) -> None:
    problems = [
        f"{file}: {role}: {unknown('column', column, names)}"
        for role, column in given.items()
        if column and column not in names
    ]
    if problems:
        raise Problems(problems)


def _guess_label(file: Path, profiles: list[Profile]) -> str:
    """Return the only column that has the name of a label and values that repeat.

    Raises
    ------
    UserError
    """
    named = [one for one in _by_name("label", profiles) if one.may_be_label]
    if len(named) == 1:
        return named[0].name
    candidates = named or [one for one in profiles if one.may_be_label]
    message = f"{file}: {_ask_label(candidates, profiles)}"
    raise UserError(message)


def _ask_label(candidates: list[Profile], profiles: list[Profile]) -> str:
    if not candidates:
        names = ", ".join(f"'{one.name}'" for one in profiles[:_MOST_CANDIDATES])
        return (
            f"no column has values that repeat as labels do. Name the label with "
            f"--label. Columns: {names}."
        )
    shown = ", ".join(
        f"'{one.name}' ({number(one.n_distinct, 'value')})"
        for one in candidates[:_MOST_CANDIDATES]
    )
    return f"which column is the label? Name it with --label, such as {shown}."


def _by_name(role: str, profiles: list[Profile]) -> Iterator[Profile]:
    """Yield the columns with a name of a role, those with the most usual one first."""
    for name in _NAMES[role].split():
        yield from (one for one in profiles if one.plain_name == name)


def _guess(role: str, profiles: list[Profile], image_folder: Path | None) -> str:
    """Return a column that has a name of the role, and fitting values; "" for none."""
    accepts: dict[str, Callable[[Profile], object]] = {
        "image": lambda one: _has_images(one, image_folder),
        "side": lambda one: one.share(find_side) == 1,
        "language": lambda one: one.share(find_code) >= _LEAST_SHARE,
        "id": lambda one: one.is_unique,
        "group": lambda one: not one.is_unique and len(one.values),
        "title": lambda one: len(one.values) and not _has_images(one, None),
        "description": lambda one: len(one.values) and not _has_images(one, None),
    }
    found = [one for one in _by_name(role, profiles) if accepts[role](one)]
    if not found and role == "image":
        found = [one for one in profiles if _has_images(one, image_folder)]
    return found[0].name if found else ""


def _has_images(profile: Profile, folder: Path | None) -> bool:
    """Return whether values name image files, or files of a folder."""
    if profile.share(is_image_name) >= _LEAST_SHARE:
        return True
    return folder is not None and profile.share(
        lambda value: (folder / value).is_file()
    ) > (1 - _LEAST_SHARE)


def _guess_texts(
    roles: dict[str, str], given: Mapping[str, str], profiles: list[Profile]
) -> None:
    """Complete title and description by columns whose values read like texts."""
    texts = [one for one in profiles if one.is_text and one.name not in roles.values()]
    texts.sort(key=lambda one: one.length)
    may_be_title = texts and (
        "description" not in roles or texts[0].length < _length(profiles, roles)
    )
    if may_be_title and "title" not in {*roles, *given}:
        roles["title"] = texts.pop(0).name
    if texts and "description" not in {*roles, *given}:
        roles["description"] = texts[-1].name


def _length(profiles: list[Profile], roles: Mapping[str, str]) -> float:
    return max(one.length for one in profiles if one.name == roles["description"])
