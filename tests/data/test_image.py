"""Images that are not found: refused with a reason, or counted."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from command_line import enter
from rakuten_bench.data import load_dataset, parse_dataset
from rakuten_bench.data.audit import audit
from rakuten_bench.data.image import check_images, locate_images
from rakuten_bench.errors import UserError
from rakuten_bench.image.read import read_image

N_ROWS = 12


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of twelve photos, no two alike."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for row in range(N_ROWS):
        pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"p{row}.jpg")
    return folder


def check(
    photos: Path,
    names: list[str],
    folder: str = "photos",
    cache: Path | None = None,
    **words: object,
):
    """Look for the images of a table with these names in its column."""
    frame = pd.DataFrame({"name": [f"w{row}" for row in range(len(names))]})
    frame["kind"] = ["a", "b"] * (len(names) // 2)
    frame["photo"] = names
    frame.to_csv(photos.parent / "shop.csv", index=False)
    columns = {"title": "name", "label": "kind", "image": "photo"}
    table = {"path": "shop.csv", "image_folder": folder, **columns, **words}
    spec = parse_dataset({"table": table})
    dataset = load_dataset(spec, base_dir=photos.parent, cache=cache)
    return check_images(dataset, cache=cache)


def names(pattern: str) -> list[str]:
    return [pattern.format(row) for row in range(N_ROWS)]


def test_a_file_damaged_after_an_earlier_check_is_found(photos: Path, tmp_path: Path):
    cache = tmp_path / "cache"
    assert check(photos, names("p{}.jpg"), cache=cache) == ""

    (photos / "p3.jpg").write_text("no image")

    message = "1 of 12 files that were opened can't be read, such as 'p3.jpg'"
    for _ in range(2):
        assert message in check(photos, names("p{}.jpg"), cache=cache)


def test_images_that_are_all_there_need_no_word(photos: Path):
    assert check(photos, names("p{}.jpg")) == ""


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("https://cdn.example.com/p{}.jpg?w=9", "The column has URLs"),
        ("HTTP://cdn.example.com/p{}.jpg", "The column has URLs"),
        ("data:image/png;base64,AAA{}", "The column has URLs"),
        ("['p{}.jpg', 'q.jpg']", "Cells have several names"),
        ("p{}.jpg;q.jpg", "Cells have several names"),
        ("p{}.png", r"another extension: 'p0\.png' is probably 'p0\.jpg'"),
        ("p{}", r"another extension: 'p0' is probably 'p0\.jpg'"),
        ("P{}.JPG", r"upper and lower case: 'P0\.JPG' is probably 'p0\.jpg'"),
        (" p{}.jpg ", r"whitespace or quotes around them: ' p0\.jpg '"),
        ("photos/p{}.jpg", r"another folder: 'photos/p0\.jpg' is probably 'p0\.jpg'"),
        ("/home/me/p{}.jpg", r"another folder: '/home/me/p0\.jpg' is probably"),
        (r"C:\shop\p{}.jpg", r"another folder: 'C:/shop/p0\.jpg' is probably"),
    ],
)
def test_names_that_lead_to_no_file_are_refused_with_a_hint(photos, pattern, hint):
    message = (
        rf"(?s)'shop': 12 of 12 rows have no image: .*{hint}.* remove the scenarios"
    )

    with pytest.raises(UserError, match=message):
        check(photos, names(pattern))


def test_names_in_another_unicode_form_are_refused_with_a_hint(photos):
    for row in range(N_ROWS):
        name = unicodedata.normalize("NFD", f"é{row}.jpg")
        (photos / f"p{row}.jpg").rename(photos / name)

    with pytest.raises(UserError, match="in another Unicode form"):
        check(photos, names("é{}.jpg"))


def test_a_misspelt_folder_is_refused_and_the_right_one_suggested(photos):
    message = r"12 of 12 rows have no image: folder '.*/photo' not found.*'photos'\?"

    with pytest.raises(UserError, match=message):
        check(photos, names("p{}.jpg"), folder="photo")


def test_a_file_in_place_of_the_folder_is_refused(photos):
    with pytest.raises(UserError, match=r"p1\.jpg' is not a folder"):
        check(photos, names("p{}.jpg"), folder="photos/p1.jpg")


def test_an_empty_folder_is_refused(photos):
    for file in photos.iterdir():
        file.unlink()

    with pytest.raises(UserError, match="The folder is empty"):
        check(photos, names("p{}.jpg"))


def test_a_column_without_names_is_refused(photos):
    with pytest.raises(UserError, match="the image column is not named"):
        check(photos, [""] * N_ROWS)


def test_files_that_are_no_images_are_refused(photos):
    for file in photos.iterdir():
        file.write_text(f"<html>{file.name} not found</html>")

    message = r"12 of 12 files that were opened can't be read, such as 'p0\.jpg' \(unr"
    with pytest.raises(UserError, match=message):
        check(photos, names("p{}.jpg"))


def test_up_to_half_of_the_images_may_be_missing_and_are_counted(photos):
    for row in range(6):
        (photos / f"p{row}.jpg").unlink()

    remark = check(photos, names("p{}.jpg"))

    assert remark.startswith("data set 'shop': 6 of 12 rows have no image: no file 'p0")


def test_more_missing_images_are_refused_unless_allowed(photos):
    for row in range(7):
        (photos / f"p{row}.jpg").unlink()

    with pytest.raises(UserError, match=r"At most 50 %.*max_missing_images: 0\.59"):
        check(photos, names("p{}.jpg"))
    assert check(photos, names("p{}.jpg"), max_missing_images=0.59)


def test_a_table_without_any_image_is_refused_for_any_limit(photos):
    with pytest.raises(UserError, match="12 of 12 rows"):
        check(photos, names("q{}.jpg"), max_missing_images=1)


def test_long_names_are_shortened(photos):
    with pytest.raises(UserError) as caught:
        check(photos, names("x" * 3000 + "{}"))

    assert len(str(caught.value)) < 1000


def test_backslashes_lead_into_folders_on_every_system(photos):
    located = locate_images([r"photos\p1.jpg"], photos.parent)

    assert located == [str(photos / "p1.jpg")]


def test_a_file_whose_name_has_a_backslash_is_found(photos):
    (photos / r"a\b.jpg").touch()

    assert locate_images([r"a\b.jpg"], photos) == [f"{photos}/a\\b.jpg"]


def test_describing_calls_those_files_unreadable_that_a_run_cannot_read(photos):
    picture = Image.effect_noise((40, 30), 90).convert("RGB")
    picture.save(photos / "p0.jpg", format="AVIF")
    picture.save(photos / "p1.jpg", format="JPEG2000")
    picture.save(photos / "p2.jpg", format="ICO")
    picture.convert("LAB").save(photos / "p3.jpg", format="TIFF")
    (photos / "p4.jpg").write_bytes((photos / "p4.jpg").read_bytes()[:200])
    (photos / "p5.jpg").write_text("no image")
    (photos / "p6.jpg").write_bytes(b"")
    (photos / "p7.jpg").unlink()
    (photos / "p7.jpg").mkdir()
    (photos / "p8.jpg").unlink()
    check(photos, names("p{}.jpg"))
    table = {"path": "shop.csv", "image_folder": "photos", "label": "kind"}
    spec = parse_dataset({"table": {**table, "title": "name", "image": "photo"}})
    dataset = load_dataset(spec, base_dir=photos.parent)

    found = audit(dataset)["images"]

    paths = dataset.frame["image_path"]
    unread = [Path(path).name for path in paths if read_image(path)[0] is None]
    assert unread == ["p4.jpg", "p5.jpg", "p6.jpg", "p7.jpg", "p8.jpg"]
    assert found["unreadable"]["first"] == unread[:4]
    assert found["absent"]["first"] == unread[4:]


def test_a_run_is_refused_where_scenarios_read_images_and_only_there(
    photos, monkeypatch, capfd
):
    monkeypatch.chdir(photos.parent)
    with pytest.raises(UserError):
        check(photos, names("P{}.jpeg"))
    head = (
        "dataset:\n  table: {path: shop.csv, title: name, label: kind, image: photo, "
        "image_folder: photos}\nscenarios:\n"
    )
    Path("image.yaml").write_text(f"{head}  a: {{feature: pixels, model: dummy}}\n")
    Path("text.yaml").write_text(f"{head}  a: {{model: dummy}}\n")
    both = "{fusion: mean, members: [{feature: pixels, model: dummy}, {model: dummy}]}"
    Path("both.yaml").write_text(f"{head}  a: {both}\n")

    assert [enter("plan", f"{name}.yaml") for name in ("image", "both", "text")] == [
        2,
        2,
        0,
    ]
    assert capfd.readouterr().err.count("12 of 12 rows have no image") == 2
