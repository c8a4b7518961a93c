"""An image file to an array: at reduced size where the codec can, whatever the file.

The usual 8-bit JPEG or PNG is decoded by OpenCV. All else goes to Pillow: CMYK,
palettes, transparency (on white), 16 bits, animations (the first frame), what only
looks like an image, and every file that is cut short.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.errors import UserError
from rakuten_bench.image.header import (
    PILLOW_FORMATS,
    Header,
    Oddity,
    judge_size,
    read_header,
)

if TYPE_CHECKING:
    from PIL import Image

Pixels = NDArray[np.uint8]
Crop = Callable[[Pixels], Pixels]

#: Larger files than this are not decoded unless the codec can do it reduced: 600 MB.
MAX_PIXELS = 200_000_000
#: Also a name that no file can have, such as a long URL, and a file taken for a folder.
_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
#: Huge images are decoded one at a time, so that threads don't multiply their memory.
_one_huge = threading.Lock()


def read_image(
    path: str, *, size: int = 0, color: bool = True, crop: Crop | None = None
) -> tuple[Pixels | None, Oddity]:
    """Decode one image, upright, its orientation and transparency applied.

    Parameters
    ----------
    path : str
        "" for no image.
    size : int
        The pixels that the shorter side must keep at least, after the crop; 0 for all.
        JPEGs are decoded at 1/2, 1/4 or 1/8 where that is enough.
    color : bool
        RGB, or else grey.
    crop : callable, optional
        Applied to what was decoded.

    Returns
    -------
    image : uint8 array of shape (height, width, 3) or (height, width), or None
        None where it can't be read; never raises for a bad file.
    oddity : Oddity
        What is unusual about it, or why it can't be read.
    """
    data, oddity = _load(path)
    if data is None:
        return None, oddity
    header = read_header(data, path)
    if header.oddity.is_failure:
        return None, header.oddity
    reduction = _choose_reduction(header, size)
    while True:
        image, oddity = _decode(data, header, reduction, color=color)
        if image is None or crop is None:
            return image, oddity
        image = np.ascontiguousarray(crop(image))
        if reduction == 1 or min(image.shape[:2]) >= size:
            return image, oddity
        reduction //= 2  # the crop left too little: decode it again, larger


def make_square(image: Pixels, size: int) -> Pixels:
    """Resize to a square, each pixel the mean of what it covers."""
    import cv2

    square = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return cast("Pixels", square)


def fit_within(image: Pixels, size: int) -> Pixels:
    """Make an image smaller, in proportion, if its longer side has more pixels."""
    import cv2

    height, width = image.shape[:2]
    scale = size / max(height, width)
    if scale >= 1:
        return image
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cast("Pixels", cv2.resize(image, target, interpolation=cv2.INTER_AREA))


def check_readable(path: str, oddity: Oddity) -> None:
    """Refuse an image that can't be read, for `on_error: fail`.

    Raises
    ------
    UserError
        With the reason.
    """
    if oddity.is_failure:
        message = (
            f"{path or 'a row without an image'}: the image can't be read "
            f"({oddity_words(oddity)}). "
            f"Replace it, or take a white one with 'on_error: blank'."
        )
        raise UserError(message)


def oddity_words(oddity: Oddity) -> str:
    """Write what is odd about an image, as messages and notes do.

    >>> oddity_words(Oddity.TOO_LARGE | Oddity.CMYK)
    'too large, cmyk'
    """
    return str(oddity.name).lower().replace("|", ", ").replace("_", " ")


def find_file(path: str) -> Oddity:
    """Return why a path leads to no file, without opening it; nothing where it does."""
    if not path:
        return Oddity.NOT_GIVEN
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  (called for every image)
    except OSError as error:
        absent = error.errno in _NO_SUCH_FILE
        return Oddity.MISSING if absent else Oddity.UNREADABLE
    except ValueError:  # a name with a NUL
        return Oddity.UNREADABLE
    return Oddity(0) if is_file else Oddity.UNREADABLE  # a folder, an endless pipe


def _load(path: str) -> tuple[bytes | None, Oddity]:
    oddity = find_file(path)
    if oddity:
        return None, oddity
    try:
        return Path(path).read_bytes(), oddity
    except FileNotFoundError:  # removed meanwhile
        return None, Oddity.MISSING
    except OSError:  # no right to read
        return None, Oddity.UNREADABLE


def _choose_reduction(header: Header, size: int) -> int:
    side = min(header.width, header.height)
    if header.kind != "jpeg" or not size:
        return 1
    return next((by for by in (8, 4, 2) if side // by >= size), 1)


def _decode(
    data: bytes, header: Header, reduction: int, *, color: bool
) -> tuple[Pixels | None, Oddity]:
    if header.oddity & Oddity.HUGE:
        with _one_huge:
            return _decode_any(data, header, reduction, color=color)
    return _decode_any(data, header, reduction, color=color)


def _decode_any(
    data: bytes, header: Header, reduction: int, *, color: bool
) -> tuple[Pixels | None, Oddity]:
    if header.width * header.height > MAX_PIXELS * reduction**2:
        return None, header.oddity | Oddity.TOO_LARGE
    image = _decode_plain(data, reduction, color=color) if header.is_plain else None
    if image is not None:
        return image, header.oddity
    return _decode_odd(data, header, reduction, color=color)


def _decode_plain(data: bytes, reduction: int, *, color: bool) -> Pixels | None:
    import cv2

    flags = {
        (1, True): cv2.IMREAD_COLOR,
        (2, True): cv2.IMREAD_REDUCED_COLOR_2,
        (4, True): cv2.IMREAD_REDUCED_COLOR_4,
        (8, True): cv2.IMREAD_REDUCED_COLOR_8,
        (1, False): cv2.IMREAD_GRAYSCALE,
        (2, False): cv2.IMREAD_REDUCED_GRAYSCALE_2,
        (4, False): cv2.IMREAD_REDUCED_GRAYSCALE_4,
        (8, False): cv2.IMREAD_REDUCED_GRAYSCALE_8,
    }
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags[reduction, color])
    if image is not None and color:
        cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)
    return cast("Pixels | None", image)


def _decode_odd(
    data: bytes, header: Header, reduction: int, *, color: bool
) -> tuple[Pixels | None, Oddity]:
    """Decode by Pillow, which raises where a file is cut short."""
    import io

    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=PILLOW_FORMATS) as image:
            return _draw(image, header, reduction, color=color)
    except Image.DecompressionBombError:
        return None, header.oddity | Oddity.TOO_LARGE
    except Exception as error:  # codecs raise whatever they like
        return None, header.oddity | _judge_failure(data, error)


def _judge_failure(data: bytes, error: Exception) -> Oddity:
    text = str(error).lower()
    is_cut = any(word in text for word in ("truncated", "broken", "unexpected end"))
    is_cut = is_cut or isinstance(error, EOFError)
    return Oddity.TRUNCATED if is_cut and len(data) > 4 else Oddity.UNREADABLE


def _draw(
    image: Image.Image, header: Header, reduction: int, *, color: bool
) -> tuple[Pixels | None, Oddity]:
    from PIL import ImageOps

    oddity = header.oddity | judge_size(*image.size) | _judge_mode(image)
    if image.size[0] * image.size[1] > MAX_PIXELS * reduction**2:
        return None, oddity | Oddity.TOO_LARGE
    if reduction > 1:
        width, height = image.size
        image.draft(None, (width // reduction, height // reduction))
    oddity |= Oddity.ROTATED if _is_turned(image) else Oddity(0)
    image = ImageOps.exif_transpose(image)
    drawn = _flatten(image)
    if color or drawn.mode == "LAB":  # Pillow has no direct way from it to grey
        drawn = drawn.convert("RGB")
    return np.asarray(drawn if color else drawn.convert("L")).copy(), oddity


def _judge_mode(image: Image.Image) -> Oddity:
    modes = {
        "P": Oddity.PALETTE,
        "CMYK": Oddity.CMYK,
        "L": Oddity.GREY,
        "1": Oddity.GREY,
        "LA": Oddity.GREY | Oddity.TRANSPARENT,
        "RGBA": Oddity.TRANSPARENT,
        "PA": Oddity.PALETTE | Oddity.TRANSPARENT,
    }
    found = modes.get(image.mode, Oddity(0))
    found |= Oddity.DEEP if image.mode[:1] in {"I", "F"} else Oddity(0)
    found |= Oddity.TRANSPARENT if "transparency" in image.info else Oddity(0)
    return found | (Oddity.ANIMATED if _count_frames(image) > 1 else Oddity(0))


def _count_frames(image: Any) -> int:
    return int(getattr(image, "n_frames", 1))


def _is_turned(image: Image.Image) -> bool:
    from PIL.ExifTags import Base

    return int(image.getexif().get(Base.Orientation, 1) or 1) > 1


def _flatten(image: Image.Image) -> Image.Image:
    """Return the image in 8 bits, what is transparent on white."""
    from PIL import Image

    if image.mode[:1] in {"I", "F"}:
        return Image.fromarray(_to_8_bits(np.asarray(image)))
    if not image.has_transparency_data:
        return image
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image.convert("RGBA"))
    return ground


def _to_8_bits(values: NDArray[np.number]) -> Pixels:
    """Scale 16-bit greys by their range, and other wide numbers by their maximum."""
    top = 65535.0 if values.dtype.kind in "ui" else float(values.max(initial=0.0))
    top = max(top, float(values.max(initial=0.0)), 1e-9)
    return np.clip(values * (255.0 / top), 0, 255).round().astype(np.uint8)
