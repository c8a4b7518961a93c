"""The synthetic catalog: the challenge's layout, class shares and faults, reproducible."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from rakuten_bench.data import build_split, load_dataset, parse_dataset, parse_split
from rakuten_bench.data.rakuten import LABEL_NAMES, LABELS, TEXTS
from rakuten_bench.data.synthesis import synthesize
from rakuten_bench.data.synthesis.lexicon import SOURCES, build_lexicon
from rakuten_bench.data.synthesis.morphology import inflect, invent
from rakuten_bench.data.synthesis.picture import (
    LAYOUTS,
    STYLES,
    TEXTURES,
    draw_picture,
    draw_style,
)
from rakuten_bench.data.synthesis.profile import (
    LANGUAGES,
    N_ROWS,
    PROFILES,
    class_counts,
    topic_shares,
)
from rakuten_bench.errors import UserError
from rakuten_bench.types import Dataset

ROWS = 6000


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def dataset(cache: Path) -> Dataset:
    spec = parse_dataset({"synthetic": {"rows": ROWS, "images": 60}})
    return load_dataset(spec, cache=cache)


def test_the_description_names_the_data_as_synthetic(dataset: Dataset):
    assert (dataset.name, dataset.kind) == ("synthetic", "synthetic")
    assert "no real listing" in dataset.about


def test_classes_have_the_challenges_shares(dataset: Dataset):
    counts = dataset.frame["label"].value_counts()

    assert len(dataset.classes) == 27
    for profile in PROFILES:
        wanted = ROWS * profile.rows / N_ROWS
        assert abs(counts[str(profile.code)] - wanted) <= 1


def test_all_rows_give_exactly_the_challenges_counts():
    assert class_counts(N_ROWS) == [profile.rows for profile in PROFILES]
    assert sum(profile.rows for profile in PROFILES) == N_ROWS


@pytest.mark.parametrize("rows", [54, 55, 100, 1234])
def test_any_number_of_rows_gives_each_class_two(rows: int):
    counts = class_counts(rows)

    assert sum(counts) == rows
    assert min(counts) >= 2


def test_descriptions_are_missing_as_often_as_known(dataset: Dataset):
    missing = dataset.frame["description"] == ""
    by_class = missing.groupby(dataset.frame["label"]).mean()

    assert missing.mean() == pytest.approx(0.3509, abs=0.02)
    assert by_class["2403"] == pytest.approx(0.89, abs=0.06)
    assert by_class["2905"] == 0
    assert by_class["1560"] < 0.1


def test_languages_are_mixed_as_known(dataset: Dataset):
    shares = dataset.frame["language"].value_counts(normalize=True)
    french = (dataset.frame["language"] == "fr").groupby(dataset.frame["label"]).mean()

    assert shares["fr"] == pytest.approx(0.77, abs=0.02)
    assert shares["en"] == pytest.approx(0.145, abs=0.02)
    assert set(shares.index) == set(LANGUAGES)
    assert french["1920"] > 0.9 > 0.6 > french["1140"]


def test_lengths_are_those_known(dataset: Dataset):
    title = dataset.frame["title"].str.len()
    described = dataset.frame["description"][
        dataset.frame["description"] != ""
    ].str.len()

    assert title.mean() == pytest.approx(70, abs=8)
    assert title.median() == pytest.approx(64, abs=8)
    assert title.min() >= 5
    assert title.max() <= 250
    assert described.mean() == pytest.approx(808, rel=0.08)
    assert described.median() == pytest.approx(626, rel=0.08)
    assert described.max() <= 12_000


def test_descriptions_have_html_and_texts_are_damaged(dataset: Dataset):
    frame = dataset.frame
    html = frame["description"].str.contains(r"<[a-z/]|&\w+;|&#", regex=True).mean()
    text = frame["title"] + frame["description"]

    assert html == pytest.approx(0.47, abs=0.03)
    for damage in ("¿¿", "Â·", "\xa0", "\x92", "Ã©", "&eacute;"):
        assert text.str.contains(damage, regex=False).any()


def test_some_rows_are_copies_some_of_them_in_another_class(dataset: Dataset):
    frame = dataset.frame
    text = frame["title"] + "\0" + frame["description"]
    described = frame["description"] != ""

    assert text.duplicated().mean() == pytest.approx(0.028, abs=0.008)
    assert frame["label"].groupby(text).nunique().max() > 1
    assert frame["description"][described].value_counts().iloc[0] >= 10
    assert (frame["description"] == frame["title"]).any()


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path):
    for folder in ("a", "b"):
        synthesize(tmp_path / folder, rows=120, images=3, random_state=5)
    synthesize(tmp_path / "c", rows=120, images=3, random_state=6)

    def content(folder: str) -> dict[str, bytes]:
        files = sorted((tmp_path / folder).rglob("*.*"))
        return {file.name: file.read_bytes() for file in files if file.is_file()}

    assert content("a") == content("b")
    assert content("a")[TEXTS] != content("c")[TEXTS]


def test_the_texts_are_those_of_the_first_version(tmp_path: Path):
    """Boards are compared over time: another catalogue would make them void."""
    synthesize(tmp_path, rows=120, images=0, random_state=123)

    dataset = load_dataset(parse_dataset("rakuten"), data_dir=tmp_path)

    assert dataset.fingerprint == FIRST_VERSION


FIRST_VERSION = "b2e11966f22ddfc11add54f9aece0ee9"


def test_the_challenges_loader_reads_it_back(tmp_path: Path):
    synthesize(tmp_path, rows=200, images=5)

    dataset = load_dataset(parse_dataset("rakuten"), data_dir=tmp_path)

    there = [Path(path).is_file() for path in dataset.frame["image_path"]]
    assert there == [True] * 5 + [False] * 195
    assert dataset.kind == "synthetic"
    assert dataset.label_names == LABEL_NAMES
    assert (
        (tmp_path / TEXTS)
        .read_text("utf-8")
        .startswith(",designation,description,productid,imageid\n")
    )
    assert (tmp_path / LABELS).read_text("utf-8").startswith(",prdtypecode\n")


def test_it_is_written_once(dataset: Dataset, cache: Path):
    [folder] = cache.glob("synthetic-*")
    written = (folder / TEXTS).stat().st_mtime_ns

    again = load_dataset(
        parse_dataset({"synthetic": {"rows": ROWS, "images": 60}}), cache=cache
    )

    assert (folder / TEXTS).stat().st_mtime_ns == written
    assert again.fingerprint == dataset.fingerprint


def test_real_listings_are_never_written_over(tmp_path: Path):
    (tmp_path / TEXTS).write_text("real")

    with pytest.raises(UserError, match="has listings that are not synthetic"):
        synthesize(tmp_path, rows=100)

    assert (tmp_path / TEXTS).read_text() == "real"


def test_fewer_rows_than_two_a_class_are_refused(tmp_path: Path):
    with pytest.raises(UserError, match="rows '53': 27 classes need 54 rows"):
        synthesize(tmp_path, rows=53)


def test_photos_are_jpegs_of_the_challenges_size(dataset: Dataset):
    paths = [Path(path) for path in dataset.frame["image_path"][:60]]

    shapes = {cv2.imread(str(path)).shape for path in paths}
    sizes = np.array([path.stat().st_size for path in paths])

    assert shapes == {(500, 500, 3)}
    assert sizes.min() > 3_000
    assert sizes.max() < 200_000


def test_photos_of_one_class_vary_and_classes_differ():
    def mean_color(code: int) -> np.ndarray:
        draws = np.random.default_rng(0).random((6, 24))
        pictures = [draw_picture(STYLES[code], list(row)) for row in draws]
        return np.array([picture.reshape(-1, 3).mean(axis=0) for picture in pictures])

    pool, game = mean_color(2583), mean_color(1281)

    assert pool.std(axis=0).max() > 3
    assert np.linalg.norm(pool.mean(axis=0) - game.mean(axis=0)) > 30


def test_a_photo_may_borrow_from_another_class():
    own = draw_style(10, [0.9, 0.9, 0.9, 0.99, 0.99, 0.99])
    borrowed = draw_style(10, [0.1, 0.9, 0.9, 0.99, 0.99, 0.99])

    assert own == STYLES[10]
    assert borrowed.layout == STYLES[2905].layout
    assert borrowed.texture == STYLES[10].texture


def test_every_class_has_a_look():
    assert set(STYLES) == {profile.code for profile in PROFILES}
    assert {style.layout for style in STYLES.values()} == set(LAYOUTS)
    assert {style.texture for style in STYLES.values()} == set(TEXTURES)


def test_rows_astray_go_mostly_to_the_same_group():
    shares = topic_shares()
    codes = [profile.code for profile in PROFILES]
    board_games, toys = codes.index(1281), codes.index(1280)

    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert shares[board_games].argsort()[-2] == toys


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lexicon_gives_each_class_words_of_its_own(language: str):
    lexicon = build_lexicon(language, 1)
    row = SOURCES.index("class")

    ranges = sorted(zip(lexicon.start[row], lexicon.size[row], strict=True))
    assert (lexicon.size > 0).all()
    for (start, size), (following, _) in itertools.pairwise(ranges):
        assert start + size <= following


def test_invented_words_are_distinct_and_the_same_each_time():
    words = invent(3000, "fr", 1)

    assert len(set(words)) == 3000
    assert invent(3000, "fr", 1) == words != invent(3000, "fr", 2)
    assert all(word[0].isupper() for word in invent(10, "", 1))


@pytest.mark.parametrize(
    ("word", "language", "forms"),
    [
        ("cheval", "fr", ("cheval", "chevaux", "cheval", "cheval", "Cheval")),
        ("eau", "fr", ("eau", "eaux", "l'eau", "d'eau", "Eau")),
        ("box", "en", ("box", "boxes", "box", "box's", "Box")),
        ("party", "en", ("party", "parties", "party", "party's", "Party")),
        ("tasche", "de", ("Tasche", "Taschen", "Tasche", "Tasche", "Tasche")),
        ("spieler", "de", ("Spieler", "Spieler", "Spieler", "Spieler", "Spieler")),
        ("ora", "it", ("ora", "ore", "l'ora", "dell'ora", "Ora")),
        ("color", "es", ("color", "colores", "color", "color", "Color")),
        ("edição", "pt", ("edição", "edições", "edição", "edição", "Edição")),
        ("tafel", "nl", ("tafel", "tafels", "tafel", "tafel", "Tafel")),
    ],
)
def test_words_are_inflected(word: str, language: str, forms: tuple[str, ...]):
    assert inflect(word, language) == forms


@pytest.mark.slow
def test_it_is_about_as_hard_as_the_real_listings(dataset: Dataset):
    [fold] = build_split(dataset, parse_split("holdout")).folds
    text = (dataset.frame["title"] + " " + dataset.frame["description"]).to_numpy()

    def predict(model):
        return model.fit(text[fold.train], y[fold.train]).predict(text[fold.test])

    y = dataset.y
    svm = predict(make_pipeline(TfidfVectorizer(), LinearSVC()))
    dummy = predict(DummyClassifier())

    scores = f1_score(y[fold.test], svm, average=None)
    by_class = dict(zip(dataset.classes, scores, strict=True))
    hard = np.mean([by_class[code] for code in ("10", "1281", "2705", "1280")])
    easy = np.mean([by_class[code] for code in ("2583", "2522", "1160", "1300")])
    weighted = f1_score(y[fold.test], svm, average="weighted")
    assert f1_score(y[fold.test], dummy, average="weighted") < 0.1
    assert 0.6 < weighted < 0.88  # fewer rows than the challenge: a lower score
    assert hard + 0.15 < easy


@pytest.mark.parametrize("name", ["synthetic", "openmoji"])
def test_a_folder_for_synthetic_data_is_reported_as_unused(tmp_path, name):
    found = load_dataset(parse_dataset(name), data_dir=tmp_path, cache=tmp_path)

    assert any(f"--data-dir {tmp_path} is not used" in one for one in found.remarks)
    unasked = load_dataset(parse_dataset(name), cache=tmp_path).remarks
    assert not any("--data-dir" in one for one in unasked)
