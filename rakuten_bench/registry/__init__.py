"""The table of contents: the levers in order, and the decorator for their options.

A lever is a folder `rakuten_bench/levers/<lever>/`. An option is one function or class
in one file of that folder, under the lever's decorator:

    @NORMALIZER.option("stem_snowball", digit="1", needs="PyStemmer")
    def stem_snowball(tokens: list[str], language: str) -> list[str]:
        '''Cut words to their stem (Snowball, by PyStemmer).'''

Arguments without a default are data, arguments named in `GIVEN` are filled in by the
harness, and all others are the option's parameters: their names, types and defaults
are read from the signature. The first line of the docstring is what the user reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rakuten_bench.registry.entry import (
    AnyEntry,
    Decorated,
    Entry,
    Registry,
    name_packages,
)
from rakuten_bench.registry.files import Files
from rakuten_bench.registry.lever import Lever, discover
from rakuten_bench.registry.option import DIGITS, GIVEN, Option, StepKind
from rakuten_bench.registry.parameter import Parameter, read_parameters
from rakuten_bench.registry.plugin import PLUGINS, find_owner, import_all
from rakuten_bench.registry.rules import Rules
from rakuten_bench.types import Choices, Dimension, Effort, Integer, Modality, Real

__all__ = [
    "CLEANER",
    "CROP",
    "DETECTOR",
    "DIGITS",
    "FEATURE",
    "FIELDS",
    "FLOW",
    "FUSION",
    "GIVEN",
    "LANGUAGE",
    "LETTERS",
    "LEVERS",
    "MODEL",
    "NORMALIZER",
    "PLUGINS",
    "REDUCER",
    "SAMPLER",
    "SEARCH",
    "STOPWORDS",
    "TOKENIZER",
    "VECTORIZER",
    "AnyEntry",
    "Choices",
    "Decorated",
    "Dimension",
    "Effort",
    "Entry",
    "Files",
    "Integer",
    "Lever",
    "Option",
    "Parameter",
    "Real",
    "Registry",
    "Rules",
    "StepKind",
    "discover",
    "find_owner",
    "import_all",
    "iter_levers",
    "name_packages",
    "read_parameters",
]

CROP = Lever(
    "crop",
    "which part of an image is looked at",
    reads=("frame",),
    columns=("image_path",),
    writes=("images",),
    modalities=("image",),
    columns_by=lambda _: ("image_path",),
)
FEATURE = Lever(
    "feature",
    "how an image becomes numbers",
    reads=("images",),
    writes=("features",),
    modalities=("image",),
)
FUSION = Lever(
    "fusion",
    "how the predictions of several scenarios are joined",
    reads=("members",),
    writes=("prediction",),
    kind="fuse",
    modalities=("fusion",),
)
LANGUAGE = Lever(
    "language",
    "which rows are learned from, and whose words a row's resources come from",
    reads=("languages",),
    writes=("languages",),
)
STOPWORDS = Lever(
    "stopwords",
    "which words are left out",
    reads=("corpus", "languages"),
    writes=("corpus",),
)
TOKENIZER = Lever(
    "tokenizer",
    "how a text is cut into tokens",
    reads=("texts", "languages"),
    writes=("corpus",),
)
NORMALIZER = Lever(
    "normalizer",
    "what a token is reduced to: its stem or its lemma",
    reads=("corpus", "languages"),
    writes=("corpus",),
)
SAMPLER = Lever(
    "sampler",
    "how the training rows are balanced",
    reads=("features",),
    writes=("features",),
    kind="resample",
    modalities=("text", "image"),
)
VECTORIZER = Lever(
    "vectorizer",
    "how tokens become numbers",
    reads=("corpus",),
    writes=("features",),
    kind="transform",
)
MODEL = Lever(
    "model",
    "what learns the classes",
    reads=("features",),
    writes=("prediction",),
    kind="estimate",
    modalities=("text", "image"),
)
SEARCH = Lever(
    "search",
    "how the model's parameters are chosen, inside the training rows",
    reads=("features",),
    writes=("prediction",),
    kind="search",
    modalities=("text", "image"),
)
DETECTOR = Lever(
    "detector",
    "how the language of a row is found",
    reads=("frame",),
    writes=("languages",),
    columns_by=lambda _: ("title", "description"),
)
FIELDS = Lever(
    "fields",
    "which columns the text comes from",
    reads=("frame",),
    writes=("texts",),
)
CLEANER = Lever(
    "cleaner",
    "what is removed from a text before it is cut",
    reads=("texts",),
    writes=("texts",),
)
REDUCER = Lever(
    "reducer",
    "how the vectors are made smaller",
    reads=("features",),
    writes=("features",),
    kind="transform",
    modalities=("text", "image"),
)

#: The levers of a modality in the order of the code's digits.
LEVERS: Mapping[Modality, tuple[Lever, ...]] = {
    "text": (
        LANGUAGE,
        STOPWORDS,
        TOKENIZER,
        NORMALIZER,
        SAMPLER,
        VECTORIZER,
        MODEL,
        SEARCH,
        DETECTOR,
        FIELDS,
        CLEANER,
        REDUCER,
    ),
    "image": (CROP, FEATURE, REDUCER, SAMPLER, MODEL, SEARCH),
    "fusion": (FUSION,),
}

#: The same levers in the order in which their steps run.
FLOW: Mapping[Modality, tuple[Lever, ...]] = {
    "text": (
        DETECTOR,
        LANGUAGE,
        FIELDS,
        CLEANER,
        TOKENIZER,
        STOPWORDS,
        NORMALIZER,
        VECTORIZER,
        REDUCER,
        SAMPLER,
        SEARCH,
        MODEL,
    ),
    "image": (CROP, FEATURE, REDUCER, SAMPLER, SEARCH, MODEL),
    "fusion": (FUSION,),
}

#: First letter of a code.
LETTERS: Mapping[str, Modality] = {"T": "text", "I": "image", "F": "fusion"}


def iter_levers() -> Iterator[Lever]:
    """Yield every lever once, in the order of the codes."""
    seen: set[str] = set()
    for levers in LEVERS.values():
        for lever in levers:
            if lever.name not in seen:
                seen.add(lever.name)
                yield lever
