"""The embedded data set."""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path

import cv2
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from rakuten_bench.data import build_split, load_dataset, parse_dataset, parse_split
from rakuten_bench.data.openmoji import LANGUAGES, base_emoji, draw_pictures, readable
from rakuten_bench.errors import UserError
from rakuten_bench.types import Dataset


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def dataset(cache: Path) -> Dataset:
    return load_dataset(parse_dataset("openmoji"), cache=cache)


@pytest.fixture(scope="module")
def texts(dataset: Dataset):
    return (dataset.frame["title"] + " " + dataset.frame["description"]).to_numpy()


def test_there_are_about_1900_emoji_in_nine_classes(dataset: Dataset):
    assert 1800 <= len(dataset.frame) <= 2100
    assert len(dataset.classes) == 9
    assert dataset.frame["label"].value_counts().min() > 50


def test_the_description_names_the_emoji_and_their_source(dataset: Dataset):
    assert dataset.kind == "emoji"
    assert "not products" in dataset.about
    assert "OpenMoji" in dataset.about
    assert "CC BY-SA 4.0" in dataset.about


def test_the_languages_are_mixed_as_in_the_challenge(dataset: Dataset):
    shares = dataset.frame["language"].value_counts(normalize=True)

    for language, share in LANGUAGES.items():
        assert shares[language] == pytest.approx(share, abs=0.001)


def test_every_emoji_has_a_name_and_ids_are_unique(dataset: Dataset):
    assert (dataset.frame["title"].str.len() > 0).all()
    assert not dataset.frame["title"].str.contains("[:_]", regex=True).any()
    assert dataset.frame["id"].is_unique


def test_only_english_names_have_a_description(dataset: Dataset):
    described = dataset.frame[dataset.frame["description"] != ""]

    assert set(described["language"]) == {"en"}
    assert len(described) > 50


def test_no_description_gives_the_category_away(dataset: Dataset):
    for label, description in zip(
        dataset.frame["label"], dataset.frame["description"], strict=True
    ):
        assert label.lower() not in description.lower()


def test_every_picture_is_there_and_no_two_in_a_hundred_are_alike(dataset: Dataset):
    pictures = [cv2.imread(path) for path in dataset.frame["image_path"]]

    assert {picture.shape for picture in pictures} == {(256, 256, 3)}
    assert len({picture.tobytes() for picture in pictures}) > 0.98 * len(pictures)
    assert min((picture < 200).mean() for picture in pictures) > 0.001


def test_it_is_the_same_every_time_and_drawn_once(dataset: Dataset, cache: Path):
    drawn = {file: file.stat().st_mtime_ns for file in cache.rglob("*.png")}

    again = load_dataset(parse_dataset("openmoji"), cache=cache)

    assert again.fingerprint == dataset.fingerprint
    assert again.frame.equals(dataset.frame)
    assert {file: file.stat().st_mtime_ns for file in cache.rglob("*.png")} == drawn


def test_the_languages_are_mixed_alike_on_both_sides_of_the_split(
    dataset: Dataset, cache: Path
):
    fold = build_split(dataset, parse_split("holdout"), cache=cache).folds[0]
    french = (dataset.frame["language"] == "fr").to_numpy()

    assert abs(french[fold.train].mean() - french[fold.test].mean()) < 0.06


def test_another_seed_draws_other_languages(dataset: Dataset, cache: Path):
    spec = parse_dataset({"openmoji": {"random_state": 1}})

    assert load_dataset(spec, cache=cache).fingerprint != dataset.fingerprint


def test_variants_by_gender_stay_on_one_side(dataset: Dataset, cache: Path):
    split = build_split(dataset, parse_split("kfold"), cache=cache)
    group = dict(zip(dataset.frame["id"], split.groups, strict=True))

    surfing = {group[code] for code in group if code.startswith("1F3C4")}
    astronauts = {group[f"{who}-200D-1F680"] for who in ("1F9D1", "1F468", "1F469")}
    assert len(surfing) == len(astronauts) == 1
    assert group["1F468"] == group["1F469"] == group["1F9D1"]


@pytest.mark.parametrize(
    ("code", "base"),
    [
        ("1F44B-1F3FD", "1F44B"),
        ("1F3C4-200D-2640-FE0F", "1F3C4"),
        ("1F468-1F3FB-200D-1F33E", "1F9D1-1F33E"),
        ("1F934", "1FAC5"),
        ("1F1EB-1F1F7", "1F1EB-1F1F7"),
        ("2640-FE0F", "2640-FE0F"),
    ],
)
def test_skin_and_gender_are_taken_off(code: str, base: str):
    assert base_emoji(code) == base


def test_names_become_words():
    assert readable(":drapeau_saint-marin:") == "drapeau saint-marin"


def test_a_folder_half_drawn_is_not_taken_for_whole(tmp_path: Path):
    draw_pictures(["1F600"], tmp_path)
    [folder] = tmp_path.iterdir()
    shutil.rmtree(folder)
    (tmp_path / f"{folder.name}.1.part").mkdir()

    drawn, _ = draw_pictures(["1F600"], tmp_path)

    assert (drawn / "1F600.png").is_file()


def swap(folder: Path):
    first, second = folder / "1F600.png", folder / "1F40B.png"
    first.rename(folder / "aside")
    second.rename(first)
    (folder / "aside").rename(second)


def flip_bit(folder: Path):
    path = folder / "1F600.png"
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


@pytest.mark.parametrize(
    "damage",
    [
        swap,
        flip_bit,
        lambda folder: (folder / "1F600.png").unlink(),
        lambda folder: (folder / "one more.png").write_bytes(b""),
        lambda folder: (folder / ".checksums.json").write_bytes(b"{"),
        lambda folder: (folder / ".checksums.json").write_bytes(b'{"\xb1": 1}'),
        lambda folder: (folder / ".checksums.json").unlink(),
    ],
    ids=[
        "swapped",
        "flipped bit",
        "lost",
        "added",
        "torn checksums",
        "no text",
        "no checksums",
    ],
)
def test_pictures_that_are_not_those_drawn_are_drawn_again_and_it_is_said(
    tmp_path: Path, damage
):
    codes = ["1F600", "1F40B"]
    folder, remarks = draw_pictures(codes, tmp_path)
    assert remarks == ()
    whole = {code: (folder / f"{code}.png").read_bytes() for code in codes}
    damage(folder)

    _, remarks = draw_pictures(codes, tmp_path)

    assert {code: (folder / f"{code}.png").read_bytes() for code in codes} == whole
    assert "was rebuilt" in remarks[0]
    assert draw_pictures(codes, tmp_path) == (folder, ())
    assert list(tmp_path.iterdir()) == [folder]


def test_a_copied_cache_is_whole(tmp_path: Path):
    folder, _ = draw_pictures(["1F600"], tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")  # other inodes

    copied, remarks = draw_pictures(["1F600"], tmp_path / "two")

    assert remarks == ()
    assert (copied / "1F600.png").read_bytes() == (folder / "1F600.png").read_bytes()


def test_a_linear_model_learns_it_but_not_wholly(dataset: Dataset, texts, cache: Path):
    [fold] = build_split(dataset, parse_split("holdout"), cache=cache).folds
    y = dataset.y

    def score(model) -> float:
        predicted = model.fit(texts[fold.train], y[fold.train]).predict(
            texts[fold.test]
        )
        return f1_score(y[fold.test], predicted, average="weighted")

    svm = score(make_pipeline(TfidfVectorizer(), LinearSVC()))
    dummy = score(DummyClassifier())

    assert dummy + 0.3 < svm < 0.95


def test_a_cache_that_can_not_be_written_is_one_message(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UserError, match=r"can't be written: .*another folder with --c"):
        draw_pictures([], tmp_path / "file" / "cache")


def test_a_disk_that_is_full_is_one_message_and_leaves_nothing_behind(tmp_path: Path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))  # bytes of any file
    try:
        with pytest.raises(UserError, match=r"can't be written: .*large"):
            draw_pictures(["1F600"], tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert list(tmp_path.iterdir()) == []
