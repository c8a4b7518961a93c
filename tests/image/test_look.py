"""Near-duplicate images."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from rakuten_bench.image.look import match_looks, read_look


def photo(seed: int, size: int = 200) -> np.ndarray:
    """Return a picture of colored shapes, blurred as photos are."""
    rng = np.random.default_rng(seed)
    image = np.full((size, size, 3), 230, np.uint8)
    for _ in range(8):
        color = tuple(int(value) for value in rng.integers(0, 256, 3))
        center = tuple(int(value) for value in rng.integers(0, size, 2))
        cv2.circle(image, center, int(rng.integers(size // 12, size // 4)), color, -1)
    return cv2.GaussianBlur(image, (0, 0), 1)


def look(path: Path, image: np.ndarray, quality: int = 95) -> bytes:
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return read_look(str(path))


def match(*looks: bytes) -> list[int]:
    rows = [np.frombuffer(one, np.uint8) for one in looks]
    return match_looks(np.stack(rows)).tolist()


@pytest.mark.parametrize("quality", [90, 70, 50])
@pytest.mark.parametrize("seed", range(4))
def test_a_photo_at_another_quality_or_as_png_looks_the_same(
    tmp_path: Path, seed: int, quality: int
):
    original = look(tmp_path / "a.jpg", photo(seed))

    png = look(tmp_path / "a.png", photo(seed))
    worse = look(tmp_path / "b.jpg", photo(seed), quality)

    assert match(original, png, worse) == [0, 0, 0]


def test_a_photo_at_half_its_size_looks_the_same(tmp_path: Path):
    half = cv2.resize(photo(1, 400), (200, 200), interpolation=cv2.INTER_AREA)

    found = match(
        look(tmp_path / "a.jpg", photo(1, 400)), look(tmp_path / "b.png", half)
    )

    assert found == [0, 0]


def test_different_photos_look_different(tmp_path: Path):
    looks = [look(tmp_path / "a.jpg", photo(seed)) for seed in range(30)]

    assert sorted(match(*looks)) == list(range(30))


def test_images_that_differ_in_color_only_look_different(tmp_path: Path):
    red = photo(2)

    found = match(
        look(tmp_path / "a.png", red), look(tmp_path / "b.png", red[..., ::-1])
    )

    assert len(set(found)) == 2


def test_a_small_detail_makes_a_difference(tmp_path: Path):
    marked = photo(3)
    marked[20:32, 20:32] = 0

    found = match(look(tmp_path / "a.png", photo(3)), look(tmp_path / "b.png", marked))

    assert len(set(found)) == 2


def test_a_flat_image_is_not_compared(tmp_path: Path):
    white = np.full((90, 90, 3), 255, np.uint8)

    assert match(look(tmp_path / "a.png", white), look(tmp_path / "b.jpg", white)) == [
        -1,
        -1,
    ]


def test_a_file_that_is_not_an_image_has_no_look(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(b"no image")

    assert read_look(str(tmp_path / "a.jpg")) == b""
    assert read_look(str(tmp_path / "absent.jpg")) == b""
