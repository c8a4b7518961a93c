"""Generate titles and descriptions word by word, for many listings at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.data.synthesis.lexicon import Lexicon
from rakuten_bench.data.synthesis.morphology import FORMS
from rakuten_bench.division.chance import uniform
from rakuten_bench.types import Rows

#: Kinds of listings within a class; each has some words of its own.
N_SUBJECTS = 8

_FORM_SHARES = np.cumsum([0.50, 0.24, 0.08, 0.09, 0.09])
_CAPITAL = FORMS.index("capital")


@dataclass(frozen=True, slots=True)
class Mix:
    """Parameters of a kind of text.

    Attributes
    ----------
    shares : tuple of float
        Probability of each of `lexicon.SOURCES`; sum to 1.
    on_subject : float
        Probability that a word of the class is specific to the listing's subject.
    median, sigma : float
        Parameters of the number of words, which is log-normal.
    least, most : int
        Range of the number of words.
    stop, comma : float
        Probability that a word is followed by a full stop or a comma.
    """

    shares: tuple[float, ...]
    on_subject: float
    median: float
    sigma: float
    least: int
    most: int
    stop: float = 0.0
    comma: float = 0.0

    def lengths(self, n_rows: int, random_state: int, stream: int) -> Rows:
        """Draw the number of words of each text."""
        normal = _normal(n_rows, random_state, stream)
        words = np.rint(self.median * np.exp(self.sigma * normal))
        return np.clip(words, self.least, self.most).astype(np.int64)


TITLE = Mix((0.22, 0.19, 0.16, 0.20, 0.06, 0.09, 0.08), 0.6, 10.0, 0.44, 4, 54)
DESCRIPTION = Mix(
    (0.36, 0.30, 0.16, 0.06, 0.02, 0.06, 0.04), 0.6, 94, 0.714, 1, 2000, 0.07, 0.07
)


def _normal(n: int, random_state: int, stream: int) -> NDArray[np.float64]:
    """Draw from the normal distribution (Box and Muller 1958)."""
    radius = np.sqrt(-2 * np.log1p(-uniform(n, random_state, stream)))
    angle = 2 * np.pi * uniform(n, random_state, stream + 1)
    return np.asarray(radius * np.cos(angle), dtype=np.float64)


def write_texts(
    lexicon: Lexicon,
    topic: Rows,
    subject: Rows,
    mix: Mix,
    *,
    random_state: int,
    stream: int,
) -> list[str]:
    """Write one text for each listing.

    Parameters
    ----------
    lexicon : Lexicon
    topic : int64 array of shape (n_rows,)
        Index of the class whose words a listing uses.
    subject : int64 array of shape (n_rows,)
        Index of the subject within the class, below `N_SUBJECTS`.
    mix : Mix
    random_state, stream : int
        Seed of the draw; streams up to `stream` + 9 are used.
    """
    n_words = mix.lengths(len(topic), random_state, stream)
    ends = np.cumsum(n_words)
    marks = _punctuate(int(ends[-1]), mix, random_state, stream + 2)
    index = _draw_words(
        lexicon,
        np.repeat(topic, n_words),
        np.repeat(subject, n_words),
        mix,
        random_state=random_state,
        stream=stream + 3,
    )
    starts = np.concatenate([[0], ends[:-1]])
    capital = np.zeros(len(index), dtype=bool)
    capital[starts] = True
    capital[1:] |= marks[:-1] == 2
    index[capital] = index[capital] // len(FORMS) * len(FORMS) + _CAPITAL
    words = (
        lexicon.surface[index] + _MARKS[marks] if mix.stop else lexicon.surface[index]
    )
    return [" ".join(words[a:b]) for a, b in zip(starts, ends, strict=True)]


_MARKS = np.array(["", ",", "."], dtype=object)


def _punctuate(n: int, mix: Mix, random_state: int, stream: int) -> Rows:
    """Draw the punctuation after each word: 0 none, 1 comma, 2 full stop."""
    drawn = uniform(n, random_state, stream)
    return np.where(drawn < mix.stop, 2, drawn < mix.stop + mix.comma).astype(np.int64)


def _draw_words(
    lexicon: Lexicon,
    topic: Rows,
    subject: Rows,
    mix: Mix,
    *,
    random_state: int,
    stream: int,
) -> Rows:
    """Draw words by source, rank and form; return indices into `surface`.

    Ranks follow Zipf's law: the k-th word of a source is drawn about 1/k as often as
    the first.
    """
    n = len(topic)
    source = np.searchsorted(
        np.cumsum(mix.shares)[:-1], uniform(n, random_state, stream), side="right"
    )
    size = lexicon.size[source, topic]
    rank = np.floor((size + 1.0) ** uniform(n, random_state, stream + 1)) - 1
    rank = np.minimum(rank.astype(np.int64), size - 1)
    drawn = uniform(n, random_state, stream + 2)
    is_on_subject = (source == 3) & (drawn < mix.on_subject)
    subject_rank = np.minimum(rank // N_SUBJECTS * N_SUBJECTS + subject, size - 1)
    rank = np.where(is_on_subject, subject_rank, rank)
    form = np.searchsorted(
        _FORM_SHARES[:-1], uniform(n, random_state, stream + 3), side="right"
    )
    word = lexicon.start[source, topic] + rank
    return np.asarray(word * len(FORMS) + form, dtype=np.int64)
