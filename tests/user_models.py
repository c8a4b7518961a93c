"""Tiny files of the kinds that users provide: untrained models.

Each function writes one below a folder and returns what an option is told of it. A
package that is not installed skips the test that asks.
"""

from __future__ import annotations

import io
import json
import string
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def write_stop_words(folder: Path, **words: Collection[str]) -> str:
    """Write stop words as NLTK's data set has them: a file for each language."""
    place = folder / "corpora" / "stopwords"
    place.mkdir(parents=True)
    for language, listed in words.items():
        (place / language).write_text("\n".join([*listed, ""]))
    return str(folder)


def write_pipeline(folder: Path, language: str, lemmas: Mapping[str, str]) -> str:
    """Save a spaCy pipeline whose lemmas are those of a table."""
    spacy = pytest.importorskip("spacy")
    from spacy.lookups import Lookups

    lookups = Lookups()
    lookups.add_table("lemma_lookup", dict(lemmas))
    nlp = spacy.blank(language)
    nlp.add_pipe("lemmatizer", config={"mode": "lookup"}).initialize(lookups=lookups)
    nlp.to_disk(folder / f"{language}_tiny")
    return str(folder / f"{language}_tiny")


def write_transformer(folder: Path, *words: str) -> str:
    """Save a random BERT with a vocabulary of some words and all letters."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    letters = [*string.ascii_lowercase, *(f"##{one}" for one in string.ascii_lowercase)]
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *letters]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(known))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True})
    )
    config = transformers.BertConfig(
        vocab_size=len(known),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
    )
    torch.manual_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)


def write_translation(folder: Path, *sources: str) -> str:
    """Save a CTranslate2 model into French for each language, as users convert them."""
    ctranslate2 = pytest.importorskip("ctranslate2")
    sentencepiece = pytest.importorskip("sentencepiece")
    pieces = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a red chair", "a blue table for two"] * 20),
        model_writer=pieces,
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=pieces.getvalue())
    words = [processor.id_to_piece(at) for at in range(processor.get_piece_size())]
    for source in sources:
        place = folder / f"{source}-fr"
        place.mkdir(parents=True)
        for side in ("source", "target"):
            (place / f"{side}.spm").write_bytes(pieces.getvalue())
        _random_translator(ctranslate2, words).save(str(place))
    return str(folder)


def _random_translator(ctranslate2: Any, words: list[str], width: int = 16) -> Any:
    rng = np.random.default_rng(0)

    def linear(layer, n_out, n_in=width):
        layer.weight = rng.normal(size=(n_out, n_in)).astype(np.float32)
        layer.bias = np.zeros(n_out, np.float32)

    def norm(layer):
        layer.gamma, layer.beta = np.ones((2, width), np.float32)

    def attend(layer, *widths):
        norm(layer.layer_norm)
        for part, n_out in zip(layer.linear, widths, strict=True):
            linear(part, n_out)

    spec = ctranslate2.specs.TransformerSpec.from_config(1, 2)
    for side in (spec.encoder, spec.decoder):
        embeddings = side.embeddings
        place = embeddings[0] if isinstance(embeddings, list) else embeddings
        place.weight = rng.normal(size=(len(words), width)).astype(np.float32)
        norm(side.layer_norm)
        attend(side.layer[0].self_attention, 3 * width, width)
        norm(side.layer[0].ffn.layer_norm)
        linear(side.layer[0].ffn.linear_0, 2 * width)
        linear(side.layer[0].ffn.linear_1, width, 2 * width)
    attend(spec.decoder.layer[0].attention, width, 2 * width, width)
    linear(spec.decoder.projection, len(words))
    spec.register_source_vocabulary(words)
    spec.register_target_vocabulary(words)
    spec.validate()
    return spec


def write_predictions(
    path: Path, ids: Collection[str], classes: Collection[str]
) -> str:
    """Write random probabilities of some rows, like another program."""
    rng = np.random.default_rng(0)
    np.savez(
        path,
        id=np.array(list(ids), np.str_),
        classes=np.array(list(classes), np.str_),
        probability=rng.dirichlet(np.ones(len(classes)), len(ids)),
    )
    return str(path)
