"""Write a synthetic catalogue in the challenge's file layout."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rakuten_bench.activity import announce
from rakuten_bench.atomic import replacing
from rakuten_bench.data.rakuten import LABELS, SYNTHETIC_MARK, TEXTS
from rakuten_bench.data.synthesis import damage, text
from rakuten_bench.data.synthesis.lexicon import build_lexicon
from rakuten_bench.data.synthesis.picture import draw_photos
from rakuten_bench.data.synthesis.profile import (
    LANGUAGES,
    PROFILES,
    class_counts,
    topic_shares,
)
from rakuten_bench.division.chance import random_bits, shuffled_rank, uniform
from rakuten_bench.errors import UserError
from rakuten_bench.types import Rows

_CHUNK = 4096  # listings written at a time: bounds the memory, not the result


@dataclass(frozen=True, slots=True)
class Listings:
    """A synthetic catalogue.

    Attributes
    ----------
    label, topic, language : int64 arrays of shape (n_rows,)
        Indices of the class, of the class whose words the listing uses, and of the
        language in `profile.LANGUAGES`.
    titles, descriptions : lists of str, of n_rows
    product, image : int64 arrays of shape (n_rows,)
        Unique numbers.
    """

    label: Rows
    topic: Rows
    language: Rows
    titles: list[str]
    descriptions: list[str]
    product: Rows
    image: Rows


def synthesize(folder: Path, *, rows: int, images: int, random_state: int) -> None:
    """Write a synthetic catalogue that the data set `rakuten` reads.

    Parameters
    ----------
    folder : Path
        Created if missing.
    rows : int
        Number of listings.
    images : int
        Number of listings with a photo, counted from the first.
    random_state : int
        The same seed gives the same files.

    Raises
    ------
    UserError
        If the folder has real listings, or there are fewer than two rows per class.
    """
    if rows < 2 * len(PROFILES):
        message = (
            f"rows '{rows}': {len(PROFILES)} classes need {2 * len(PROFILES)} rows."
        )
        raise UserError(message)
    if (folder / TEXTS).exists() and not (folder / SYNTHETIC_MARK).exists():
        message = (
            f"{folder}: has listings that are not synthetic. Choose another folder."
        )
        raise UserError(message)
    folder.mkdir(parents=True, exist_ok=True)
    announce("writing %s synthetic listings", f"{rows:,}")
    listings = draw_listings(rows, random_state)
    write_tables(folder, listings)
    photos = folder / "images" / "image_train"
    shutil.rmtree(photos, ignore_errors=True)
    if images:
        names = [
            f"image_{image}_product_{product}.jpg"
            for image, product in zip(
                listings.image[:images].tolist(),
                listings.product[:images].tolist(),
                strict=True,
            )
        ]
        draw_photos(photos, names, listings.label, random_state)


def draw_listings(rows: int, random_state: int) -> Listings:
    """Generate all listings of a catalogue."""
    label = np.repeat(np.arange(len(PROFILES)), class_counts(rows))
    label = label[np.argsort(shuffled_rank(rows, random_state))]
    mixes = np.array([profile.languages for profile in PROFILES])
    language = draw_by_share(mixes[label], uniform(rows, random_state, 1))
    topic = draw_by_share(topic_shares()[label], uniform(rows, random_state, 2))
    titles, descriptions = write_all(topic, language, random_state)
    damage.damage_titles(titles, random_state)
    damage.damage_descriptions(descriptions, random_state)
    missing = np.array([profile.missing for profile in PROFILES])
    damage.drop_descriptions(descriptions, missing[label], random_state)
    damage.repeat_listings(titles, descriptions, label, random_state)
    return Listings(
        label,
        topic,
        language,
        [title[:250].rstrip() for title in titles],
        [description[:12_000] for description in descriptions],
        product=10_000_000 + 7 * shuffled_rank(rows, random_state + 1),
        image=500_000_000 + 11 * shuffled_rank(rows, random_state + 2),
    )


def draw_by_share(shares: np.ndarray, drawn: np.ndarray) -> Rows:
    """Draw a column for each row with the probabilities `shares`.

    Parameters
    ----------
    shares : float64 array of shape (n_rows, n_columns)
    drawn : float64 array of shape (n_rows,)
        Uniform between 0 and 1.
    """
    bounds = np.cumsum(shares, axis=1)[:, :-1]
    return np.asarray((drawn[:, None] >= bounds).sum(axis=1), dtype=np.int64)


def write_all(
    topic: Rows, language: Rows, random_state: int
) -> tuple[list[str], list[str]]:
    """Generate title and description of every listing, language by language."""
    titles, descriptions = [""] * len(topic), [""] * len(topic)
    subject = random_bits(len(topic), random_state, 3) % np.uint64(text.N_SUBJECTS)
    subject_of: Rows = subject.astype(np.int64)
    for code, name in enumerate(LANGUAGES):
        lexicon = build_lexicon(name, random_state)
        rows = np.flatnonzero(language == code)
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            for kind, (mix, texts) in enumerate(
                ((text.TITLE, titles), (text.DESCRIPTION, descriptions)), start=1
            ):
                generated = text.write_texts(
                    lexicon,
                    topic[part],
                    subject_of[part],
                    mix,
                    random_state=random_state,
                    stream=(100 * kind + code) * 1_000_000 + start,
                )
                for row, content in zip(part.tolist(), generated, strict=True):
                    texts[row] = content
    return titles, descriptions


def write_tables(folder: Path, listings: Listings) -> None:
    """Write texts, labels and the file that marks them as synthetic."""
    n_rows = len(listings.titles)
    codes = [PROFILES[index].code for index in listings.label]
    languages = [LANGUAGES[index] for index in listings.language]
    _write_csv(
        folder / SYNTHETIC_MARK,
        ("id", "language"),
        zip(range(n_rows), languages, strict=True),
    )
    _write_csv(
        folder / TEXTS,
        ("", "designation", "description", "productid", "imageid"),
        zip(
            range(n_rows),
            listings.titles,
            listings.descriptions,
            listings.product.tolist(),
            listings.image.tolist(),
            strict=True,
        ),
    )
    _write_csv(
        folder / LABELS, ("", "prdtypecode"), zip(range(n_rows), codes, strict=True)
    )


def _write_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    with (
        replacing(path) as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
