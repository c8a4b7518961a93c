from __future__ import annotations

from pathlib import Path
from typing import Any

from rakuten_bench.errors import UserError
from rakuten_bench.registry import NORMALIZER, Files
from rakuten_bench.types import Params


def _lacks(params: Params) -> str:
    from spacy.util import is_package

    for name in params["pipelines"]:
        if not (Path(name).is_dir() or is_package(name)):
            return f"spaCy's trained pipeline '{name}' is not installed"
    return ""


@NORMALIZER.option(
    "lemma_spacy", digit="4", needs="spacy", files=Files("pipelines"), lacks=_lacks
)
def lemma_spacy(
    tokens: list[str],
    *,
    pipelines: tuple[str, ...] = ("fr_core_news_sm",),
    language: str,
) -> list[str]:
    """Lemmatization with trained spaCy pipelines, each word without context.

    A pipeline is named as spaCy names it, its language first ("fr_core_news_sm"), or by
    a folder of such a name. Words of a language without a pipeline stay unchanged.

    Raises
    ------
    UserError
        If a pipeline is not installed.
    """
    names = [name for name in pipelines if Path(name).name.split("_")[0] == language]
    if not names:
        return tokens
    pipeline = _load(names[0])
    documents = pipeline.pipe(_words(pipeline, tokens), batch_size=1000)
    return [_lemma(document) for document in documents]


def _words(pipeline: Any, tokens: list[str]) -> Any:
    """Yield each token as a document of one word, not tokenized by spaCy."""
    from spacy.tokens import Doc

    return (Doc(pipeline.vocab, words=[token]) for token in tokens)


def _lemma(document: Any) -> str:
    lemma = document[0].lemma_ or document[0].text
    return lemma.lower() if document[0].text.islower() else lemma


def _load(name: str) -> Any:
    import spacy

    try:
        return spacy.load(name, exclude=["ner", "parser", "senter"])
    except OSError:
        message = (
            f"spaCy's trained pipeline '{name}' is not installed. Run: python -m spacy "
            f"download {name} (or choose 'lemma_simplemma', which needs no data)."
        )
        raise UserError(message) from None
