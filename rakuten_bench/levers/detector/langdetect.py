from __future__ import annotations

from pathlib import Path

from rakuten_bench.levers.detector import LANGUAGES, check_languages
from rakuten_bench.registry import DETECTOR


@DETECTOR.option("langdetect", digit="3", needs="langdetect", extra="detectors")
def langdetect(
    texts: list[str], *, languages: tuple[str, ...] = LANGUAGES, random_state: int
) -> list[str]:
    """Detect the language with langdetect (randomized and slow)."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
    from langdetect.lang_detect_exception import LangDetectException

    profiles = {path.name: path for path in Path(PROFILES_DIRECTORY).iterdir()}
    chosen = check_languages("langdetect", languages, profiles)
    factory = DetectorFactory()
    factory.set_seed(random_state)  # each text begins with this seed
    factory.load_json_profile([profiles[code].read_text("utf-8") for code in chosen])

    def detect(text: str) -> str:
        detector = factory.create()
        detector.append(text)
        try:
            return detector.detect().partition("-")[0]
        except LangDetectException:  # no letter in it
            return ""

    return [detect(text) for text in texts]
