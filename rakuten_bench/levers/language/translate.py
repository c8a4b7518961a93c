from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rakuten_bench.errors import Notice, UserError, list_names
from rakuten_bench.levers.language.translation import translate_table
from rakuten_bench.registry import LANGUAGE, Files
from rakuten_bench.types import Languages, Params

if TYPE_CHECKING:
    import pandas as pd

#: Environment variable that names the folder of models.
FOLDER_VARIABLE = "RAKUTEN_BENCH_TRANSLATION"


def _lacks(params: Params) -> str:
    models = params["models"] or os.environ.get(FOLDER_VARIABLE, "")
    if models and any(Path(models).glob("*-fr/model.bin")):
        return ""
    return f"models: no folder such as en-fr with a model.bin in '{models}'"


@LANGUAGE.option(
    "translate",
    digit="5",
    needs=("ctranslate2", "sentencepiece"),
    extra="translate",
    reads=("languages", "frame"),
    writes=("languages", "frame"),
    files=Files("models", FOLDER_VARIABLE),
    lacks=_lacks,
    columns_by=lambda _: ("title", "description"),
)
def translate(
    languages: Languages,
    frame: pd.DataFrame,
    *,
    models: str = "",
    beam_size: int = 2,
    n_jobs: int,
    device: str,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Translate other languages to French first (with your own CTranslate2 models).

    The folder `models` (or environment variable RAKUTEN_BENCH_TRANSLATION) contains a
    folder for each language, "en-fr", with a CTranslate2 model and source.spm and
    target.spm, as written by `ct2-transformers-converter --model Helsinki-NLP/opus-mt-en-fr
    --output_dir en-fr --copy_files source.spm target.spm`, or with Argos'
    sentencepiece.model. Texts in a language without a model stay as they are.

    Raises
    ------
    UserError
        If no language has a model.
    """
    place = _find_models(models or os.environ.get(FOLDER_VARIABLE, ""), languages)
    loaded: dict[str, _Model] = {}

    def provide(texts: list[str], source: str) -> list[str]:
        if source not in place:
            return texts
        if source not in loaded:
            loaded[source] = _Model(place[source], device, n_jobs)
        return loaded[source].translate(texts, beam_size)

    return translate_table(languages, frame, provide, folder)


def _find_models(models: str, languages: Languages) -> dict[str, Path]:
    """Return the folder of the model of each language that has one."""
    foreign = [code for code in languages.codes if code not in ("fr", "")]
    place = {code: Path(models) / f"{code}-fr" for code in foreign} if models else {}
    found = {code: at for code, at in place.items() if (at / "model.bin").is_file()}
    if foreign and not found:
        message = (
            f"language 'translate': no model found in '{models}' for "
            f"{list_names(foreign)}. Name the folder that contains {foreign[0]}-fr/model.bin "
            f"with the parameter models or {FOLDER_VARIABLE}; nothing is downloaded."
        )
        raise UserError(message)
    without = [code for code in foreign if code not in found]
    if without:
        message = (
            f"translate: no model for {list_names(without)}: texts stay untranslated"
        )
        warnings.warn(message, Notice, stacklevel=2)
    return found


class _Model:
    """A translation model with its subword tokenizers."""

    def __init__(self, folder: Path, device: str, n_jobs: int) -> None:
        import ctranslate2
        import sentencepiece

        self.translator = ctranslate2.Translator(
            str(folder), device=device, intra_threads=n_jobs
        )
        single = folder / "sentencepiece.model"
        sides = [folder / "source.spm", folder / "target.spm"]
        files = [single, single] if single.is_file() else sides
        self.source, self.target = (
            sentencepiece.SentencePieceProcessor(model_file=str(file)) for file in files
        )
        config = json.loads((folder / "config.json").read_text("utf-8"))
        # Marian models expect an end-of-sentence token, which some conversions add themselves
        self.end = (
            [] if files[0] is single or config.get("add_source_eos") else ["</s>"]
        )

    def translate(self, texts: list[str], beam_size: int) -> list[str]:
        """Translate short texts."""
        pieces = [
            [*self.source.encode(text, out_type=str), *self.end] for text in texts
        ]
        found = self.translator.translate_batch(
            pieces, beam_size=beam_size, max_batch_size=32
        )
        return [self.target.decode(one.hypotheses[0]) for one in found]
