from __future__ import annotations

from rakuten_bench.levers.detector import LANGUAGES, check_languages
from rakuten_bench.registry import DETECTOR


@DETECTOR.option(
    "lingua", digit="5", needs="lingua-language-detector", extra="detectors"
)
def lingua(texts: list[str], *, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    """Detect the language with lingua."""
    from lingua import Language, LanguageDetectorBuilder

    known = {one.iso_code_639_1.name.lower(): one for one in Language.all()}
    chosen = check_languages("lingua", languages, known)
    detector = LanguageDetectorBuilder.from_languages(
        *[known[code] for code in chosen]
    ).build()

    def detect(text: str) -> str:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else ""

    return [detect(text) for text in texts]
