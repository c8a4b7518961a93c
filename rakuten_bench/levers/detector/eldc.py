from __future__ import annotations

from rakuten_bench.levers.detector import LANGUAGES, check_languages
from rakuten_bench.registry import DETECTOR


@DETECTOR.option("eldc", digit="6", needs="eldc", extra="detectors")
def eldc(texts: list[str], *, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    """Detect the language with eldc (half a million texts per second)."""
    import eldc as library

    library.init()
    detector = library.instance()  # its own settings: the module's are shared
    detector.set_languages(check_languages("eldc", languages, library.LANGUAGES))
    found = [detector.detect(text) for text in texts]
    return ["" if code == "und" else code for code in found]
