"""Format, size and oddities of an image file from its header; decodes no pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from pathlib import PurePath


class Oddity(IntFlag):
    """What is unusual about an image, one bit each; the first six can't be read."""

    NOT_GIVEN = 1 << 0
    MISSING = 1 << 1
    EMPTY = 1 << 2
    TRUNCATED = 1 << 3
    UNREADABLE = 1 << 4
    TOO_LARGE = 1 << 5
    MISNAMED = 1 << 6
    CMYK = 1 << 7
    GREY = 1 << 8
    PALETTE = 1 << 9
    TRANSPARENT = 1 << 10
    DEEP = 1 << 11
    ANIMATED = 1 << 12
    ROTATED = 1 << 13
    HUGE = 1 << 14
    TINY = 1 << 15

    @property
    def is_failure(self) -> bool:
        """Whether the image can't be read."""
        return bool(self & FAILURES)


USUAL = Oddity(0)
FAILURES = (
    Oddity.NOT_GIVEN
    | Oddity.MISSING
    | Oddity.EMPTY
    | Oddity.TRUNCATED
    | Oddity.UNREADABLE
    | Oddity.TOO_LARGE
)
#: Images of at least this many pixels count as huge, and are decoded one at a time.
HUGE_PIXELS = 32_000_000
#: Images with a shorter side of fewer pixels count as tiny.
TINY_SIDE = 8

_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),  # a codestream without its box
    (b"\x00\x00\x01\x00", "ico"),
    (b"qoif", "qoi"),
    *((b"P%d%c" % (kind, end), "ppm") for kind in range(1, 7) for end in b" \t\r\n#"),
)
#: Formats whose signature is not at the start of the file: offset, bytes, kind.
_LATER_MAGIC = (
    (8, b"WEBP", "webp"),
    (4, b"ftypavif", "avif"),
    (4, b"ftypavis", "avif"),
    (4, b"ftypmif1", "avif"),  # or HEIC, which Pillow does not decode
)
#: Pillow's names of the formats that are decoded. Others are excluded: one of them
#: runs an external program, some accept any bytes as an image.
PILLOW_FORMATS = (
    "JPEG",
    "PNG",
    "GIF",
    "WEBP",
    "BMP",
    "TIFF",
    "AVIF",
    "JPEG2000",
    "ICO",
    "PPM",
    "QOI",
)
_SUFFIXES = {
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "jpe": "jpeg",
    "jfif": "jpeg",
    "mpo": "jpeg",
    "tif": "tiff",
    "apng": "png",
    "dib": "bmp",
    "jp2": "jpeg2000",
    "j2k": "jpeg2000",
    "j2c": "jpeg2000",
    "jpc": "jpeg2000",
    "jpf": "jpeg2000",
    "jpx": "jpeg2000",
    "avifs": "avif",
    "pbm": "ppm",
    "pgm": "ppm",
    "pnm": "ppm",
}
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_PARTS = {1: Oddity.GREY, 4: Oddity.CMYK}
_PNG_COLORS = {
    0: Oddity.GREY,
    3: Oddity.PALETTE,
    4: Oddity.GREY | Oddity.TRANSPARENT,
    6: Oddity.TRANSPARENT,
}


@dataclass(frozen=True, slots=True)
class Header:
    """Properties of an image file, from its header.

    Attributes
    ----------
    kind : str
        "jpeg", "png", "gif", "webp", "bmp", "tiff", "avif", "jpeg2000", "ico", "ppm",
        "qoi", or "" for any other format.
    width, height : int
        Pixels as stored, before any rotation; 0 if they were not read.
    oddity : Oddity
    is_plain : bool
        A complete 8-bit grey or RGB JPEG or PNG, which OpenCV decodes correctly. All
        other files are decoded by Pillow.
    """

    kind: str
    width: int = 0
    height: int = 0
    oddity: Oddity = USUAL
    is_plain: bool = False


def read_header(data: bytes, path: str = "") -> Header:
    """Read the header of an image file.

    Parameters
    ----------
    data : bytes
        The whole file.
    path : str
        Only its suffix is used, to detect a misnamed file.
    """
    if not data:
        return Header("", oddity=Oddity.EMPTY)
    kind = _find_kind(data)
    if not kind:
        return Header("", oddity=Oddity.UNREADABLE)
    suffix = PurePath(path).suffix.lower().removeprefix(".")
    misnamed = bool(suffix) and _SUFFIXES.get(suffix, suffix) != kind
    readers = {"jpeg": _read_jpeg, "png": _read_png}
    header = readers[kind](data) if kind in readers else Header(kind)
    oddity = header.oddity | (Oddity.MISNAMED if misnamed else Oddity(0))
    oddity |= judge_size(header.width, header.height)
    return Header(kind, header.width, header.height, oddity, header.is_plain)


def judge_size(width: int, height: int) -> Oddity:
    """Return `HUGE`, `TINY` or neither for a size in pixels; 0 means unknown."""
    if width * height >= HUGE_PIXELS:
        return Oddity.HUGE
    return Oddity.TINY if 0 < min(width, height) < TINY_SIDE else Oddity(0)


def count_oddities(oddities: Iterable[int]) -> dict[str, int]:
    """Count the images with each oddity, by its name in lower case.

    >>> count_oddities([Oddity.MISSING, 0, Oddity.CMYK | Oddity.MISNAMED])
    {'missing': 1, 'misnamed': 1, 'cmyk': 1}
    """
    unusual = [Oddity(oddity) for oddity in oddities if oddity]
    counts = {
        str(kind.name).lower(): sum(kind in each for each in unusual) for kind in Oddity
    }
    return {name: count for name, count in counts.items() if count}


def _find_kind(data: bytes) -> str:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    for start, magic, kind in _LATER_MAGIC:
        if data.startswith(magic, start):
            return kind
    return ""


def _read_jpeg(data: bytes) -> Header:
    """Read the segments up to the first scan (ITU-T T.81, annex B)."""
    width = height = parts = depth = end = 0
    turn = 1
    for marker, start, end in _iter_segments(data):
        if marker in _FRAMES:
            depth, parts = data[start + 2], data[start + 7]
            height, width = _number(data, start + 3), _number(data, start + 5)
        elif marker == 0xE1 and data[start + 2 : start + 6] == b"Exif":
            turn = _read_orientation(data[start + 2 : end])
    oddity = _JPEG_PARTS.get(parts, Oddity(0))
    oddity |= Oddity.ROTATED if turn > 1 else Oddity(0)
    is_complete = data.rfind(b"\xff\xd9", end) > 0
    is_plain = is_complete and depth == 8 and parts in {1, 3} and width * height > 0
    return Header("jpeg", width, height, oddity, is_plain)


def _iter_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment before the first scan."""
    at = 2
    while at + 10 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        marker = data[at + 1]
        if marker == 0xFF or marker in _WITHOUT_LENGTH:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + _number(data, at + 2)
        yield marker, at + 2, end
        at = end


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _read_orientation(segment: bytes) -> int:
    from PIL.ExifTags import Base
    from PIL.Image import Exif

    exif = Exif()
    try:
        exif.load(segment)
    except Exception:  # a damaged EXIF block does not affect the image
        return 1
    return int(exif.get(Base.Orientation, 1) or 1)


def _read_png(data: bytes) -> Header:
    """Read the IHDR chunk, and check for the final IEND chunk (PNG, 11.2.1)."""
    if len(data) < 33:
        return Header("png")
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    depth, color = data[24], data[25]
    oddity = _PNG_COLORS.get(color, Oddity(0))
    oddity |= Oddity.DEEP if depth == 16 else Oddity(0)
    is_complete = data.find(b"IEND", len(data) - 64) > 0
    # transparency, animation, orientation
    is_special = any(chunk in data for chunk in (b"tRNS", b"acTL", b"eXIf"))
    is_plain = is_complete and depth == 8 and color in {0, 2} and not is_special
    return Header("png", width, height, oddity, is_plain)
