from __future__ import annotations

from rakuten_bench.levers.detector import LANGUAGES, check_languages
from rakuten_bench.registry import DETECTOR


@DETECTOR.option("langid", digit="2", needs="langid", extra="detectors")
def langid(texts: list[str], *, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    """Detect the language with langid."""
    from langid.langid import LanguageIdentifier, model

    identifier = LanguageIdentifier.from_modelstring(model)
    chosen = check_languages("langid", languages, identifier.nb_classes)
    identifier.set_languages(chosen)
    return [identifier.classify(text)[0] if text else "" for text in texts]
