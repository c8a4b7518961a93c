"""A folder with one folder of images for each class."""

import cv2
import numpy as np
import pytest

from rakuten_bench.data import load_dataset, parse_dataset
from rakuten_bench.errors import UserError


def write_images(folder, names):
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (8, 8, 3), np.uint8)
        cv2.imwrite(str(file), pixels)


def load(folder):
    spec = parse_dataset({"image_folder": {"path": "photos"}})
    return load_dataset(spec, base_dir=folder, cache=folder / "cache")


def test_the_folders_are_the_classes(tmp_path):
    names = ["cat/1.png", "cat/more/2.jpg", "dog/1.png", "loose.png", ".old/1.png"]
    write_images(tmp_path / "photos", names)
    (tmp_path / "photos" / "cat" / "notes.txt").write_text("not an image")

    found = load(tmp_path)

    assert found.frame["label"].tolist() == ["cat", "cat", "dog"]
    assert found.frame["id"].tolist() == ["cat/1.png", "cat/more/2.jpg", "dog/1.png"]
    assert (found.name, found.sides) == ("photos", ())
    assert found.remarks == (
        f"{tmp_path}/photos: 1 image in no folder of a class: not used.",
    )


def test_folders_named_as_sides_define_the_test_rows(tmp_path):
    names = [f"{s}/{c}/{n}.png" for s in ("train", "test") for c in "ab" for n in "12"]
    write_images(tmp_path / "photos", names)

    found = load(tmp_path)

    assert set(found.frame["label"]) == {"a", "b"}
    assert sorted(found.sides) == ["test"] * 4 + ["train"] * 4


@pytest.mark.parametrize(
    ("names", "message"),
    [([], "no such folder"), (["loose.png"], "has no folders with images")],
)
def test_a_folder_without_classes_is_refused(tmp_path, names, message):
    write_images(tmp_path / "photos", names)

    with pytest.raises(UserError, match=message):
        load(tmp_path)
