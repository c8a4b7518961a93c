"""Images of every format are read to arrays, or flagged with the reason."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from rakuten_bench.errors import UserError
from rakuten_bench.image.header import Oddity, read_header
from rakuten_bench.image.read import (
    check_readable,
    fit_within,
    make_square,
    read_image,
)


@pytest.fixture
def picture() -> Image.Image:
    """Left half red, right half blue, 64 x 32."""
    image = Image.new("RGB", (64, 32), (200, 20, 30))
    image.paste((10, 30, 220), (32, 0, 64, 32))
    return image


def save(image: Image.Image, path: Path, **options: object) -> str:
    image.save(path, **options)
    return str(path)


def is_red(pixel: np.ndarray) -> bool:
    return bool(abs(pixel.astype(int) - (200, 20, 30)).max() < 25)


def is_blue(pixel: np.ndarray) -> bool:
    return bool(abs(pixel.astype(int) - (10, 30, 220)).max() < 25)


COMMON = ["jpg", "png", "webp", "bmp", "tiff", "avif", "jp2", "j2k", "ppm", "qoi"]


@pytest.mark.parametrize("name", [f"a.{suffix}" for suffix in COMMON])
def test_common_formats_are_read_as_rgb(tmp_path, picture, name):
    image, oddity = read_image(save(picture, tmp_path / name))

    assert image.shape == (32, 64, 3)
    assert is_red(image[16, 8])
    assert is_blue(image[16, 56])
    assert oddity == Oddity(0)


def test_grey_is_read_as_one_plane(tmp_path, picture):
    image, _ = read_image(save(picture, tmp_path / "a.jpg"), color=False)

    expected = np.asarray(picture.convert("L"))
    assert image.shape == (32, 64)
    assert abs(image.astype(int) - expected).mean() < 4


@pytest.mark.parametrize(
    ("size", "side"), [(0, 800), (500, 800), (400, 400), (199, 200), (60, 100)]
)
def test_a_jpeg_is_decoded_no_larger_than_needed(tmp_path, size, side):
    path = save(Image.new("RGB", (800, 900), "green"), tmp_path / "a.jpg")

    image, _ = read_image(path, size=size)

    assert min(image.shape[:2]) == side


def test_a_crop_that_leaves_too_little_is_decoded_larger(tmp_path):
    path = save(Image.new("RGB", (800, 800), "green"), tmp_path / "a.jpg")

    image, _ = read_image(path, size=90, crop=lambda image: image[::2, ::2][:60, :60])

    # at 1/8 the crop leaves 50 pixels, at 1/4 and above the 60 that it ever leaves
    assert image.shape == (60, 60, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [0, 16])
def test_exif_orientation_is_applied(tmp_path, picture, orientation, size):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(picture, tmp_path / "a.jpg", exif=exif.tobytes(), quality=95)

    image, oddity = read_image(path, size=size)

    left_edge, right_edge = image[:, 0].mean(axis=0), image[:, -1].mean(axis=0)
    if orientation in {1, 4}:
        assert is_red(left_edge)
    elif orientation in {2, 3}:
        assert is_red(right_edge)
    else:
        assert image.shape[0] == 2 * image.shape[1]
        edge = image[0] if orientation in {5, 6} else image[-1]
        assert is_red(edge.mean(axis=0))
    assert (Oddity.ROTATED in oddity) == (orientation > 1)


@pytest.mark.parametrize("size", [0, 8])
def test_cmyk_is_turned_to_rgb(tmp_path, picture, size):
    path = save(picture.convert("CMYK"), tmp_path / "a.jpg", quality=95)

    image, oddity = read_image(path, size=size)

    assert oddity == Oddity.CMYK
    assert is_red(image[image.shape[0] // 2, 2])
    assert is_blue(image[image.shape[0] // 2, -3])


def test_a_palette_is_applied(tmp_path, picture):
    path = save(
        picture.convert("P", palette=Image.Palette.ADAPTIVE), tmp_path / "a.png"
    )

    image, oddity = read_image(path)

    assert oddity == Oddity.PALETTE
    assert is_red(image[0, 0])


def test_transparent_pixels_become_white(tmp_path, picture):
    picture.putalpha(Image.new("L", (64, 32), 0))
    path = save(picture, tmp_path / "a.png")

    image, oddity = read_image(path)

    assert oddity == Oddity.TRANSPARENT
    assert (image == 255).all()


def test_16_bits_are_scaled_to_8(tmp_path):
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    cv2.imwrite(str(tmp_path / "a.png"), ramp)

    image, oddity = read_image(str(tmp_path / "a.png"), color=False)

    assert Oddity.DEEP in oddity
    assert abs(image.ravel().astype(int) - np.arange(256)).max() <= 1


def test_the_first_frame_of_an_animation_is_read(tmp_path, picture):
    other = Image.new("RGB", picture.size, "lime")
    path = save(picture, tmp_path / "a.gif", save_all=True, append_images=[other])

    image, oddity = read_image(path)

    assert Oddity.ANIMATED in oddity
    assert is_red(image[16, 8])


def test_a_wrong_suffix_does_not_matter(tmp_path, picture):
    picture.save(tmp_path / "a.jpg", format="PNG")

    image, oddity = read_image(str(tmp_path / "a.jpg"))

    assert oddity == Oddity.MISNAMED
    assert is_red(image[0, 0])


def test_one_pixel_is_an_image(tmp_path):
    image, oddity = read_image(
        save(Image.new("RGB", (1, 1), "red"), tmp_path / "a.png")
    )

    assert image.tolist() == [[[255, 0, 0]]]
    assert oddity == Oddity.TINY


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.gif", "a.webp"])
def test_a_truncated_file_is_reported(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    path = Path(save(Image.fromarray(noise), tmp_path / name))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    image, oddity = read_image(str(path))

    assert image is None
    assert oddity & (Oddity.TRUNCATED | Oddity.UNREADABLE)


def test_a_truncated_jpeg_with_an_intact_thumbnail_is_reported(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    path = Path(save(Image.fromarray(noise), tmp_path / "a.jpg"))
    whole = path.read_bytes()
    thumbnail = b"\xff\xe2" + struct.pack(">H", 2 + len(whole)) + whole
    path.write_bytes(whole[:2] + thumbnail + whole[2 : len(whole) // 2])

    image, oddity = read_image(str(path))

    assert image is None
    assert oddity == Oddity.TRUNCATED


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Oddity.EMPTY),
        (b"\xff\xd8\xff", Oddity.UNREADABLE),
        (b"<html>not found</html>", Oddity.UNREADABLE),
        (b"\x89PNG\r\n\x1a\n", Oddity.UNREADABLE),
        (
            b"\xff\xd8\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            Oddity.UNREADABLE,
        ),
    ],
)
def test_a_file_that_is_not_an_image_is_reported(tmp_path, content, reason):
    (tmp_path / "a.jpg").write_bytes(content)

    image, oddity = read_image(str(tmp_path / "a.jpg"))

    assert image is None
    assert reason in oddity


@pytest.mark.parametrize("name", ["a.ico", "a.avif", "a.jp2", "a.webp", "a.qoi"])
def test_a_file_cut_in_half_is_not_read(tmp_path, picture, name):
    path = Path(save(picture, tmp_path / name))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    image, oddity = read_image(str(path))

    assert image is None
    assert oddity & (Oddity.TRUNCATED | Oddity.UNREADABLE)


@pytest.mark.parametrize("name", ["a.eps", "a.tga", "a.pcx", "a.pdf"])
def test_formats_that_run_a_program_or_accept_any_bytes_are_not_read(
    tmp_path, picture, name
):
    image, oddity = read_image(save(picture, tmp_path / name))

    assert image is None
    assert oddity == Oddity.UNREADABLE


def test_an_orientation_in_a_png_is_applied_and_reported(tmp_path, picture):
    exif = Image.Exif()
    exif[0x112] = 6

    image, oddity = read_image(save(picture, tmp_path / "a.png", exif=exif))

    assert image.shape == (64, 32, 3)
    assert oddity == Oddity.ROTATED


@pytest.mark.parametrize("color", [True, False])
def test_lab_colors_are_read_in_color_and_in_grey(tmp_path, picture, color):
    path = save(picture.convert("LAB"), tmp_path / "a.tiff")

    image, _ = read_image(path, color=color)

    assert image.shape[:2] == (32, 64)


def test_missing_files_and_rows_without_a_file_are_distinguished(tmp_path):
    assert read_image("") == (None, Oddity.NOT_GIVEN)
    assert read_image(str(tmp_path / "no.jpg")) == (None, Oddity.MISSING)
    assert read_image(str(tmp_path)) == (None, Oddity.UNREADABLE)
    assert read_image("a\0b") == (None, Oddity.UNREADABLE)
    assert read_image("x" * 3000) == (None, Oddity.MISSING)
    (tmp_path / "a.jpg").touch()
    assert read_image(str(tmp_path / "a.jpg" / "b.jpg")) == (None, Oddity.MISSING)


def test_a_pipe_among_the_images_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    code = (
        "import sys; from rakuten_bench.image.read import read_image\n"
        "print(read_image(sys.argv[1])[1].name)"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "pipe.jpg")]

    done = subprocess.run(words, capture_output=True, text=True, timeout=60)

    assert done.stdout == "UNREADABLE\n", done.stderr


@pytest.mark.slow
def test_90_megapixels_are_read_reduced(tmp_path):
    path = save(Image.new("RGB", (12_000, 7_500), "orange"), tmp_path / "a.jpg")

    image, oddity = read_image(path, size=64)

    assert image.shape == (938, 1500, 3)
    assert oddity == Oddity.HUGE


def test_an_oversized_image_is_refused_without_decoding(tmp_path):
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(200)
    (tmp_path / "a.png").write_bytes(png)

    image, oddity = read_image(str(tmp_path / "a.png"))

    assert image is None
    assert Oddity.TOO_LARGE in oddity


def test_refusing_names_the_file_and_the_reason(tmp_path):
    check_readable("a.jpg", Oddity.CMYK)

    with pytest.raises(UserError, match=r"a\.jpg: the image can't be read \(missing\)"):
        check_readable("a.jpg", Oddity.MISSING)


def test_a_header_never_raises_for_any_bytes():
    rng = np.random.default_rng(0)
    for start in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF8"):
        for length in range(0, 400, 7):
            data = start + rng.bytes(length)
            assert read_header(data, "a.jpg").kind in {"jpeg", "png", "gif", ""}


def test_resizing_keeps_the_documented_properties():
    image = np.zeros((100, 50, 3), dtype=np.uint8)

    assert make_square(image, 20).shape == (20, 20, 3)
    assert fit_within(image, 40).shape == (40, 20, 3)
    assert fit_within(image, 100) is image
