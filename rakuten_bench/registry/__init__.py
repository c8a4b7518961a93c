"""The levers in order, and the decorator that registers their options.

A lever is a folder `rakuten_bench/levers/<lever>/`. An option is one function or class
in one file of that folder, under the lever's decorator:

    @NORMALIZER.option("stem_snowball", digit="1", needs="PyStemmer")
    def stem_snowball(tokens: list[str], language: str) -> list[str]:
        '''Snowball stemming (PyStemmer).'''

Arguments without a default are data, arguments named in `GIVEN` are filled in by the
harness, and all others are the option's parameters: their names, types and defaults
are read from the signature. The first line of the docstring is what the user reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rakuten_bench.registry.files import Files
from rakuten_bench.registry.lever import Lever, discover
from rakuten_bench.registry.option import DIGITS, GIVEN, Option, StepKind
from rakuten_bench.registry.parameter import Parameter, read_parameters
from rakuten_bench.registry.plugin import PLUGINS, find_owner, import_all
from rakuten_bench.registry.registered import (
    AnyRegistered,
    Decorated,
    Registered,
    Registry,
    name_packages,
)
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
    "AnyRegistered",
    "Choices",
    "Decorated",
    "Dimension",
    "Effort",
    "Files",
    "Integer",
    "Lever",
    "Option",
    "Parameter",
    "Real",
    "Registered",
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
    "how images are cropped",
    reads=("frame",),
    columns=("image_path",),
    writes=("images",),
    modalities=("image",),
    columns_by=lambda _: ("image_path",),
)
FEATURE = Lever(
    "feature",
    "which features are extracted from an image",
    reads=("images",),
    writes=("features",),
    modalities=("image",),
)
FUSION = Lever(
    "fusion",
    "how the predictions of several scenarios are combined",
    reads=("members",),
    writes=("prediction",),
    kind="fuse",
    modalities=("fusion",),
)
LANGUAGE = Lever(
    "language",
    "which languages are trained on, and which language's resources each row uses",
    reads=("languages",),
    writes=("languages",),
)
STOPWORDS = Lever(
    "stopwords",
    "which stop words are removed",
    reads=("corpus", "languages"),
    writes=("corpus",),
)
TOKENIZER = Lever(
    "tokenizer",
    "how texts are split into tokens",
    reads=("texts", "languages"),
    writes=("corpus",),
    default="regex",  # what scikit-learn's vectorizers do
)
NORMALIZER = Lever(
    "normalizer",
    "stemming or lemmatization of tokens",
    reads=("corpus", "languages"),
    writes=("corpus",),
)
SAMPLER = Lever(
    "sampler",
    "how the training rows are resampled to balance the classes",
    reads=("features",),
    writes=("features",),
    kind="resample",
    modalities=("text", "image"),
)
VECTORIZER = Lever(
    "vectorizer",
    "how tokens are turned into feature vectors",
    reads=("corpus",),
    writes=("features",),
    kind="transform",
)
MODEL = Lever(
    "model",
    "the classifier",
    reads=("features",),
    writes=("prediction",),
    kind="estimate",
    modalities=("text", "image"),
)
SEARCH = Lever(
    "search",
    "how the model's hyperparameters are chosen, on training rows only",
    reads=("features",),
    writes=("prediction",),
    kind="search",
    modalities=("text", "image"),
)
DETECTOR = Lever(
    "detector",
    "how the language of each row is detected",
    reads=("frame",),
    writes=("languages",),
    columns_by=lambda _: ("title", "description"),
)
FIELDS = Lever(
    "fields",
    "which text columns are used",
    reads=("frame",),
    writes=("texts",),
)
CLEANER = Lever(
    "cleaner",
    "how texts are cleaned before tokenization",
    reads=("texts",),
    writes=("texts",),
)
REDUCER = Lever(
    "reducer",
    "feature selection or dimensionality reduction",
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
