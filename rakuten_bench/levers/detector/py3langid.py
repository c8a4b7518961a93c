from __future__ import annotations

from rakuten_bench.registry import DETECTOR


@DETECTOR.option("py3langid", digit="1", needs="py3langid")
def py3langid(
    texts: list[str],
    *,
    languages: tuple[str, ...] = ("fr", "en", "de", "nl", "it", "es", "pt"),
) -> list[str]:
    """Detect the language with py3langid, among a few languages only."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    # one of our own: the module's is shared by whoever calls set_languages
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(languages) or None)
    return [identifier.classify(text)[0] if text else "" for text in texts]
