from __future__ import annotations

from rakuten_bench.levers.detector import LANGUAGES, check_languages
from rakuten_bench.registry import DETECTOR


@DETECTOR.option("py3langid", digit="1", needs="py3langid")
def py3langid(texts: list[str], *, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    """Detect the language with py3langid."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    # a separate instance: the module's is shared by all callers of set_languages
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    chosen = check_languages("py3langid", languages, identifier.labels)
    identifier.set_languages(chosen)
    return [identifier.classify(text)[0] if text else "" for text in texts]
