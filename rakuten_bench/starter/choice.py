"""Choose a dozen scenarios for a data set: by modality, language and number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rakuten_bench.data.audit import DETECTED
from rakuten_bench.starter.survey import Survey, choose_split

_LARGE = 50_000  # rows from which slow options are left out
_MANY_PICTURES = 10_000  # rows from which a kernel SVM takes minutes
_UNSPACED = ("zh", "ja", "th", "lo", "km", "my")  # languages without spaces
_SNOWBALL = (
    *("ar", "ca", "da", "de", "el", "en", "es", "eu", "fi", "fr", "ga", "hi", "hu"),
    *("hy", "id", "it", "lt", "nl", "no", "pt", "ro", "ru", "sr", "sv", "tr", "yi"),
)


@dataclass
class Selection:
    """The parts of a scenario file; each a mapping from keys to values, or empty.

    Attributes
    ----------
    comments : mapping of str to str
        Key of the file, or "KEY.LEVER", or the name of a scenario -> comment.
    """

    split: Any = ""
    defaults: dict[str, Any] = field(default_factory=dict)
    matrix: dict[str, Any] = field(default_factory=dict)
    scenarios: dict[str, Any] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)


def choose(survey: Survey) -> Selection:
    """Return scenarios for a data set."""
    chosen = Selection(split=choose_split(survey.n_rows, survey.has_sides))
    chosen.comments["split"] = {
        "kfold": "few rows: each is a test row once",
        "holdout": "train on 80 % of the rows, score on the rest",
        "": "",
    }[chosen.split]
    if survey.has_text:
        _choose_texts(survey, chosen)
    if survey.has_image:
        _choose_pictures(survey, chosen)
    if survey.has_text and survey.has_image:
        chosen.scenarios["text and pictures"] = {
            "fusion": "product",
            "members": ["text", "pictures"],
        }
        chosen.comments["text and pictures"] = "probabilities multiplied"
    return chosen


def _choose_texts(survey: Survey, chosen: Selection) -> None:
    chosen.defaults |= _choose_language(survey)
    if chosen.defaults:
        chosen.comments["defaults"] = "stop words and stems of each row's own language"
    chosen.matrix = {
        **_choose_words(survey),
        "vectorizer": _choose_vectorizers(survey),
        "model": ["logreg", "linear_svc", "complement_nb"],
    }
    chosen.comments |= {
        "matrix": "every combination is one scenario",
        "matrix.normalizer": "are word stems better than words?",
        "matrix.stopwords": "does removing stop words pay?",
        "matrix.fields": "is the title enough?",
        "matrix.vectorizer": "words, or words and pieces of words?",
        "matrix.model": "",
    }
    chosen.scenarios["majority"] = {"model": "dummy"}
    chosen.comments["majority"] = "always the largest class: the score to beat"
    if survey.has_image:
        vectorizer = _choose_vectorizers(survey)[-1]
        chosen.scenarios["text"] = {
            "vectorizer": vectorizer,
            "model": {"logreg": {"C": 10}},
        }


def _choose_language(survey: Survey) -> dict[str, Any]:
    """Return the defaults that give each row the resources of its language.

    Without them all rows are treated as French.
    """
    languages = survey.languages
    if languages in ((), ("fr",)):
        return {}
    if survey.has_language:
        return {"language": "max"}
    if {*languages} <= {*DETECTED} and len(languages) > 1:
        return {"detector": "py3langid", "language": "max"}
    known = {"py3langid": {"languages": list(languages)}}
    return {"detector": known, "language": "max"}


def _choose_words(survey: Survey) -> dict[str, Any]:
    """Return the lever about words that suits languages and size."""
    main = survey.languages[0] if survey.languages else ""
    if survey.n_rows < _LARGE and (main in _SNOWBALL):
        return {"normalizer": ["off", "stem_snowball"]}
    if survey.has_title and survey.has_description:
        return {"fields": ["merged", "title"]}
    return {"stopwords": ["off", "iso"]} if main not in (*_UNSPACED, "") else {}


def _choose_vectorizers(survey: Survey) -> list[str]:
    if {*survey.languages} & {*_UNSPACED}:
        return ["tfidf", "tfidf_char"]
    return ["tfidf", "tfidf_word_char"]


def _choose_pictures(survey: Survey, chosen: Selection) -> None:
    """Add scenarios of images; a grid of them if there are no texts."""
    classifier: Mapping[str, Any] = {"svc": {"C": 5, "calibrate": "sigmoid"}}
    models = ["random_forest", "knn", "svc"]
    if survey.n_rows > _MANY_PICTURES:
        classifier = {"logreg": {"C": 1}}
        models = ["random_forest", "svc_nystroem"]
    if not survey.has_text:
        chosen.matrix = {
            "feature": ["pixels", "color", "hog", "lbp"],
            "model": models,
        }
        chosen.comments |= {
            "matrix": "every combination is one scenario",
            "matrix.feature": "gray values, colors, edges, or textures?",
            "matrix.model": "",
            "majority": "always the largest class: the score to beat",
        }
        chosen.scenarios["majority"] = {"feature": "pixels", "model": "dummy"}
    chosen.scenarios["pictures"] = {"feature": "hog", "model": classifier}
    chosen.comments["pictures"] = "edges of the image"
