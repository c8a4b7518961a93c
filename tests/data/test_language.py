"""Languages as people write them become ISO 639-1 codes, or are refused."""

from __future__ import annotations

import pytest

from rakuten_bench.data.build import assemble
from rakuten_bench.data.language import find_code
from rakuten_bench.errors import UserError
from rakuten_bench.types import Dataset


def shop(*languages: str) -> Dataset:
    n_rows = len(languages)
    columns = {
        "title": [f"thing {row}" for row in range(n_rows)],
        "label": ["a"] * n_rows,
        "language": list(languages),
    }
    return assemble("shop", columns, subject="shop.csv")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *((written, "fr") for written in ("fr", "FR", " fr ", "fr-FR", "fr_CA", "fra")),
        *((written, "fr") for written in ("fre", "French", "Français", "FRANCAIS")),
        *((written, "en") for written in ("en_US", "eng", "English", "Anglais")),
        *((written, "de") for written in ("DE-at", "ger", "deu", "Deutsch")),
        *((written, "zh") for written in ("zh-Hans", "zh_TW", "cmn", "中文")),
        *(("nb", "nb"), ("no", "no"), ("iw", "he"), ("haw-US", None), ("yor", "yo")),
        *((written, "") for written in ("", "  ", "und", "Unknown", "N/A", "-")),
        *((written, None) for written in ("zz", "toto", "fr|en", "0", "3.5", "f")),
    ],
)
def test_a_language_is_known_by_its_codes_and_names(written: str, code: str | None):
    assert find_code(written) == code


def test_a_column_of_languages_becomes_codes():
    written = ("FR", "fr-FR", "French", "fra", "", "en_US")

    assert shop(*written).frame["language"].tolist() == ["fr"] * 4 + ["", "en"]


def test_data_that_write_a_language_otherwise_are_the_same_data():
    assert shop("FR", "English").fingerprint == shop("fra", "en").fingerprint


def test_invalid_languages_are_refused_in_one_message():
    wrong = [f"q{letter}z" for letter in "abcdefg"]

    with pytest.raises(
        UserError,
        match=r"^shop\.csv: 8 rows have an unknown language: 'qaz' \(2\).*'qez' "
        r"\(1\) and 2 more\. Write ISO 639-1 codes such as 'fr'",
    ):
        shop("fr", "qaz", *wrong)
