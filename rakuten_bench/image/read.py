"""Decode any image file to an array, at reduced size if the codec supports it.

OpenCV decodes ordinary 8-bit JPEG and PNG files. Pillow decodes all others: CMYK,
palettes, transparency (on white), 16 bits, animations (the first frame), truncated
files, and files that only look like images.
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

#: Larger images are decoded only at reduced size: this many pixels take 600 MB.
MAX_PIXELS = 200_000_000
#: Includes names that no file can have, such as a long URL, and a file used as a folder.
_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
#: Huge images are decoded one at a time, so that threads don't multiply their memory.
_one_huge = threading.Lock()


def read_image(
    path: str, *, size: int = 0, color: bool = True, crop: Crop | None = None
) -> tuple[Pixels | None, Oddity]:
    """Decode one image; orientation and transparency are applied.

    Parameters
    ----------
    path : str
        "" for no image.
    size : int
        Minimum pixels of the shorter side after the crop; 0 for full size. JPEGs are
        decoded at 1/2, 1/4 or 1/8 if that is enough.
    color : bool
        RGB if true, else grey.
    crop : callable, optional
        Applied to the decoded image.

    Returns
    -------
    image : uint8 array of shape (height, width, 3) or (height, width), or None
        None if the file can't be read; a bad file never raises.
    oddity : Oddity
        Unusual properties of the file, or why it can't be read.
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
        reduction //= 2  # the crop is too small: decode again at twice the size


def make_square(image: Pixels, size: int) -> Pixels:
    """Resize to a square by area averaging."""
    import cv2

    square = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    return cast("Pixels", square)


def fit_within(image: Pixels, size: int) -> Pixels:
    """Scale an image down so that its longer side has at most `size` pixels."""
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
            f"Replace it, or use 'on_error: blank' for a white image."
        )
        raise UserError(message)


def oddity_words(oddity: Oddity) -> str:
    """Return an image's oddities as text for messages and notes.

    >>> oddity_words(Oddity.TOO_LARGE | Oddity.CMYK)
    'too large, cmyk'
    """
    return str(oddity.name).lower().replace("|", ", ").replace("_", " ")


def find_file(path: str) -> Oddity:
    """Return why a path is not a file, without opening it; no oddity if it is one."""
    if not path:
        return Oddity.NOT_GIVEN
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  (called for every image)
    except OSError as error:
        absent = error.errno in _NO_SUCH_FILE
        return Oddity.MISSING if absent else Oddity.UNREADABLE
    except ValueError:  # a name with a NUL
        return Oddity.UNREADABLE
    return Oddity(0) if is_file else Oddity.UNREADABLE  # a folder, a pipe


def _load(path: str) -> tuple[bytes | None, Oddity]:
    oddity = find_file(path)
    if oddity:
        return None, oddity
    try:
        return Path(path).read_bytes(), oddity
    except FileNotFoundError:  # deleted in the meantime
        return None, Oddity.MISSING
    except OSError:  # no permission
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
    """Decode with Pillow, which raises for a truncated file."""
    import io

    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=PILLOW_FORMATS) as image:
            return _draw(image, header, reduction, color=color)
    except Image.DecompressionBombError:
        return None, header.oddity | Oddity.TOO_LARGE
    except Exception as error:  # codecs raise exceptions of any type
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
    if color or drawn.mode == "LAB":  # Pillow can't convert LAB to grey directly
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
    oddity = modes.get(image.mode, Oddity(0))
    oddity |= Oddity.DEEP if image.mode[:1] in {"I", "F"} else Oddity(0)
    oddity |= Oddity.TRANSPARENT if "transparency" in image.info else Oddity(0)
    return oddity | (Oddity.ANIMATED if _count_frames(image) > 1 else Oddity(0))


def _count_frames(image: Any) -> int:
    return int(getattr(image, "n_frames", 1))


def _is_turned(image: Image.Image) -> bool:
    from PIL.ExifTags import Base

    return int(image.getexif().get(Base.Orientation, 1) or 1) > 1


def _flatten(image: Image.Image) -> Image.Image:
    """Return the image in 8 bits, composited on white if transparent."""
    from PIL import Image

    if image.mode[:1] in {"I", "F"}:
        return Image.fromarray(_to_8_bits(np.asarray(image)))
    if not image.has_transparency_data:
        return image
    background = Image.new("RGBA", image.size, "white")
    background.alpha_composite(image.convert("RGBA"))
    return background


def _to_8_bits(values: NDArray[np.number]) -> Pixels:
    """Scale 16-bit integers by their range, other values by their maximum."""
    top = 65535.0 if values.dtype.kind in "ui" else float(values.max(initial=0.0))
    top = max(top, float(values.max(initial=0.0)), 1e-9)
    return np.clip(values * (255.0 / top), 0, 255).round().astype(np.uint8)
