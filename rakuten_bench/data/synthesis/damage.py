"""Flaws of real listings: HTML, entities, mojibake, duplicates, missing values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.division.chance import random_bits, shuffled_rank, uniform
from rakuten_bench.types import Rows

_ENTITIES = str.maketrans(
    {
        "é": "&eacute;",
        "è": "&egrave;",
        "ê": "&ecirc;",
        "à": "&agrave;",
        "ü": "&uuml;",
        "ö": "&ouml;",
        "ç": "&ccedil;",
        "'": "&#39;",
    }
)
_TWO_MARKS = str.maketrans(dict.fromkeys("éèêàâôûçüöäñãí", "¿¿"))


def _mojibake(text: str) -> str:
    """Decode UTF-8 as Latin-1, a frequent import error."""
    return text.encode().decode("latin-1")


_BROKEN: tuple[Callable[[str], str], ...] = (
    lambda text: text.translate(_TWO_MARKS),
    lambda text: text.replace(" ", "\xa0", 6),
    lambda text: text.replace("'", "\x92").replace("œ", "\x9c") + " \x85",
    lambda text: text.replace(" ", " Â· ", 3),
    _mojibake,
)
_MARKUP: tuple[Callable[[str], str], ...] = (
    lambda text: text.replace(". ", ".<br />"),
    lambda text: "<p>" + text.replace(". ", ".</p><p>") + "</p>",
    lambda text: "<ul><li>" + text.replace(". ", "</li> <li>") + "</li></ul>",
    lambda text: "<b>" + text.replace(". ", ".</b> <br> ", 1),
    lambda text: text.replace(". ", ".&nbsp;").translate(_ENTITIES),
    lambda text: text.translate(_ENTITIES).replace(". ", ".<br>"),
    lambda text: text.replace(", ", " &amp; "),
)
_TITLE_MARKUP: tuple[Callable[[str], str], ...] = (
    lambda text: text.replace(" ", " &amp; ", 1),
    lambda text: f"&quot;{text}&quot;",
    lambda text: f"<b>{text}</b>",
)


def damage_titles(texts: list[str], random_state: int) -> None:
    """Add entities to 1.2 % of the titles and corrupt 1.5 %, in place."""
    _apply(texts, _TITLE_MARKUP, 0.012, random_state, 901)
    _apply(texts, _BROKEN, 0.015, random_state, 903)


def damage_descriptions(texts: list[str], random_state: int) -> None:
    """Add HTML or entities to 72 % of the descriptions and corrupt 2 %, in place."""
    _apply(texts, _MARKUP, 0.725, random_state, 911)
    _apply(texts, _BROKEN, 0.02, random_state, 913)


def _apply(
    texts: list[str],
    changes: Sequence[Callable[[str], str]],
    share: float,
    random_state: int,
    stream: int,
) -> None:
    """Apply one of several changes to a share of the texts."""
    choice = random_bits(len(texts), random_state, stream) % np.uint64(len(changes))
    is_changed = uniform(len(texts), random_state, stream + 1) < share
    for row in np.flatnonzero(is_changed).tolist():
        texts[row] = changes[int(choice[row])](texts[row])


def drop_descriptions(
    texts: list[str], share: NDArray[np.float64], random_state: int
) -> None:
    """Clear each description with the given probability, in place."""
    for row in np.flatnonzero(uniform(len(texts), random_state, 921) < share).tolist():
        texts[row] = ""


def repeat_listings(
    titles: list[str], descriptions: list[str], label: Rows, random_state: int
) -> None:
    """Replace some listings by copies of others, in place.

    Of 84,916 rows 2.8 % repeat a whole text, 43 of them in another class; 0.3 % repeat
    a title only and about 6 % a description only, one of them 252 times; 1 % of the
    descriptions are the title.
    """
    n = len(titles)
    source = draw_sources(label, random_state)
    kind = uniform(n, random_state, 932)
    for row in np.flatnonzero(kind < 0.031).tolist():
        titles[row] = titles[source[row]]
        if kind[row] < 0.028:
            descriptions[row] = descriptions[source[row]]
    filled = np.array([text != "" for text in descriptions])
    free = filled & filled[source] & (kind > 0.05)
    for row in np.flatnonzero(free & (kind < 0.14)).tolist():
        descriptions[row] = descriptions[source[row]]
    for row in np.flatnonzero(filled & (kind > 0.99)).tolist():
        descriptions[row] = titles[row]
    same = np.flatnonzero(free & (kind > 0.2) & (label == np.bincount(label).argmax()))
    for row in same[: max(2, round(252 * n / 84_916))].tolist():
        descriptions[row] = descriptions[same[0]]
    _repeat_across(titles, descriptions, label, random_state)


def _repeat_across(
    titles: list[str], descriptions: list[str], label: Rows, random_state: int
) -> None:
    """Copy whole listings into the next row if it belongs to another class."""
    wanted = round(43 * len(titles) / 84_916)
    order = np.argsort(shuffled_rank(len(label), random_state))
    rows = order[(order > 0) & (label[order] != label[order - 1])][:wanted]
    for row in rows.tolist():
        titles[row], descriptions[row] = titles[row - 1], descriptions[row - 1]


def draw_sources(label: Rows, random_state: int) -> Rows:
    """Draw for each row another row of the same class to copy from.

    Returns
    -------
    int64 array of shape (n_rows,)
        The row itself if its class has no other.
    """
    order = np.lexsort((random_bits(len(label), random_state, 931), label))
    source = np.empty(len(label), dtype=np.int64)
    following = np.roll(order, -1)
    same = label[following] == label[order]
    source[order] = np.where(same, following, order)
    return source
