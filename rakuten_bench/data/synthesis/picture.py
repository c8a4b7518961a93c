"""Draw synthetic product photos whose color, layout and texture depend on the class.

Every class has a layout, a texture and a hue. Similar classes share some of them, a
photo may borrow some from another class, and hue, size, angle and background vary,
so that no single feature is enough.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.activity import counted
from rakuten_bench.cores import count_cores
from rakuten_bench.data.synthesis.damage import draw_sources
from rakuten_bench.data.synthesis.profile import PROFILES
from rakuten_bench.division.chance import random_bits, uniform
from rakuten_bench.types import Rows

Picture = NDArray[np.uint8]  # (SIDE, SIDE, 3), blue, green, red
Mask = NDArray[np.uint8]  # (SIDE, SIDE), 255 inside
Tone = NDArray[np.float32]  # (SIDE, SIDE), from 0 to 1
Draws = Sequence[float]  # each from 0 to 1

#: Side in pixels, as of the challenge's photos.
SIDE = 500

_BORROWED = 0.3  # share of photos with another class's layout; same for texture and hue
_COPIED = 0.106  # share of photos copied from another listing, about 9,000 of 84,916
_STREAM = 50_000_000  # disjoint from the random streams of texts


@dataclass(frozen=True, slots=True)
class Style:
    """How the photos of a class look.

    Attributes
    ----------
    layout : str
        One of `LAYOUTS`.
    texture : str
        One of `TEXTURES`.
    hue : int
        0 to 179, as in OpenCV.
    """

    layout: str
    texture: str
    hue: int


STYLES = {
    10: Style("cover", "lines", 15),
    40: Style("box", "noise", 120),
    50: Style("figure", "plain", 0),
    60: Style("box", "plain", 110),
    1140: Style("figure", "dots", 5),
    1160: Style("scatter", "checks", 25),
    1180: Style("figure", "noise", 60),
    1280: Style("scatter", "plain", 170),
    1281: Style("box", "checks", 30),
    1300: Style("scatter", "stripes", 95),
    1301: Style("pair", "stripes", 160),
    1302: Style("bar", "plain", 75),
    1320: Style("pair", "dots", 150),
    1560: Style("bar", "noise", 12),
    1920: Style("full", "stripes", 140),
    1940: Style("figure", "lines", 20),
    2060: Style("full", "dots", 28),
    2220: Style("pair", "noise", 18),
    2280: Style("cover", "checks", 100),
    2403: Style("pile", "lines", 130),
    2462: Style("pile", "noise", 115),
    2522: Style("scatter", "lines", 105),
    2582: Style("bar", "stripes", 50),
    2583: Style("full", "plain", 98),
    2585: Style("bar", "lines", 40),
    2705: Style("cover", "plain", 10),
    2905: Style("cover", "noise", 125),
}


def draw_photos(
    folder: Path, names: Sequence[str], label: Rows, random_state: int
) -> None:
    """Draw a photo for each of the first listings.

    Parameters
    ----------
    folder : Path
        Created if missing.
    names : sequence of str
        File names.
    label : int64 array of shape (n_rows,)
        Index of the class; the first `len(names)` are used.
    random_state : int
    """
    folder.mkdir(parents=True, exist_ok=True)
    label = label[: len(names)]
    kind = uniform(len(names), random_state, 941)
    source = np.where(
        kind < _COPIED, draw_sources(label, random_state), np.arange(len(names))
    )

    def draw_one(row: int) -> None:
        quality = (
            70 if kind[row] < _COPIED / 2 else 88
        )  # half of the copies are re-encoded
        content = draw_jpeg(int(source[row]), label, random_state, quality)
        (folder / names[row]).write_bytes(content)

    # OpenCV releases the GIL
    with ThreadPoolExecutor(count_cores()) as pool:
        drawn = pool.map(draw_one, range(len(names)))
        deque(counted(drawn, len(names), "drawing photos"), 0)


def draw_jpeg(row: int, label: Rows, random_state: int, quality: int) -> bytes:
    """Draw the photo of a row and encode it.

    Raises
    ------
    OSError
        If OpenCV cannot encode it.
    """
    import cv2

    draws = uniform(30, random_state, _STREAM + row).tolist()
    style = draw_style(PROFILES[int(label[row])].code, draws[24:])
    picture = draw_picture(style, draws)
    is_encoded, content = cv2.imencode(
        ".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not is_encoded:
        message = f"photo of row {row}: OpenCV could not encode it"
        raise OSError(message)
    return bytes(content.tobytes())


def draw_style(code: int, draws: Draws) -> Style:
    """Return the style of a class, possibly with traits of other classes.

    Parameters
    ----------
    code : int
        The class.
    draws : sequence of 6 floats
    """
    style = STYLES[code]
    others = [STYLES[PROFILES[int(draw * len(PROFILES))].code] for draw in draws[3:]]
    layout, texture, hue = (
        other if draw < _BORROWED else style
        for draw, other in zip(draws[:3], others, strict=True)
    )
    return Style(layout.layout, texture.texture, hue.hue)


def draw_picture(style: Style, draws: Draws) -> Picture:
    """Draw one photo.

    Parameters
    ----------
    style : Style
    draws : sequence of at least 24 floats
        Values of all other random properties.
    """
    import cv2

    hue = style.hue + 36 * (draws[2] - 0.5)
    ink = _color(hue, 0.35 + 0.6 * draws[3], 0.35 + 0.6 * draws[4])
    accent = _color(hue + 60 * draws[5], 0.5, 0.25 + 0.7 * draws[6])
    tone = np.asarray(255 * TEXTURES[style.texture](draws[7], draws[8]), dtype=np.uint8)
    surface = cv2.applyColorMap(tone, _ramp(accent, ink))
    picture = np.empty((SIDE, SIDE, 3), dtype=np.uint8)
    picture[:] = _background(draws)
    cv2.copyTo(surface, LAYOUTS[style.layout](draws[9:24]), picture)
    strength = (1 + 9 * draws[13]) / 128
    grain = _grain(draws[14], draws[15])
    noisy = cv2.addWeighted(picture, 1, grain, strength, -128 * strength)
    return np.asarray(noisy, dtype=np.uint8)


def _color(hue: float, saturation: float, value: float) -> NDArray[np.uint8]:
    """Return blue, green and red."""
    import cv2

    pixel = [hue % 180, 255 * saturation, 255 * value]
    bgr = cv2.cvtColor(np.array([[pixel]], dtype=np.uint8), cv2.COLOR_HSV2BGR)
    return np.asarray(bgr[0, 0], dtype=np.uint8)


def _ramp(first: NDArray[np.uint8], last: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 256 colours from one to another, as a colour map of OpenCV's."""
    return np.linspace(first, last, 256).astype(np.uint8)[:, None]


def _background(draws: Draws) -> NDArray[np.uint8]:
    """Return white for most photos, else a pale colour."""
    if draws[16] < 0.9:
        return np.full(3, 255, dtype=np.uint8)
    return _color(180 * draws[17], 0.3 * draws[18], 0.6 + 0.4 * draws[19])


@cache
def _tile() -> NDArray[np.uint8]:
    """Return noise of shape (2 * SIDE, 2 * SIDE), around 128."""
    drawn = random_bits(4 * SIDE * SIDE, 0) >> np.uint64(56)
    return drawn.astype(np.uint8).reshape(2 * SIDE, 2 * SIDE)


def _grain(dx: float, dy: float) -> Picture:
    """Cut a grey picture out of the noise."""
    import cv2

    x, y = int(dx * SIDE), int(dy * SIDE)
    cut = np.ascontiguousarray(_tile()[y : y + SIDE, x : x + SIDE])
    return np.asarray(cv2.cvtColor(cut, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


@cache
def _grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return x and y of each pixel."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    return x, y


def _plain(a: float, b: float) -> Tone:
    x, y = _grid()
    light = 0.75 + 0.25 * (a * x + b * y) / (2 * SIDE)  # from one side
    return np.asarray(light, dtype=np.float32)


def _stripes(a: float, b: float) -> Tone:
    x, y = _grid()
    turned = x * math.cos(math.pi * a) + y * math.sin(math.pi * a)
    return (turned % (24 + 40 * b) < 12 + 20 * b).astype(np.float32)


def _lines(a: float, b: float) -> Tone:
    """Imitate print: thin horizontal lines."""
    _, y = _grid()
    return (y % (12 + 14 * a) > 3 + 3 * b).astype(np.float32)


def _dots(a: float, b: float) -> Tone:
    x, y = _grid()
    step = 26 + 40 * a
    far = (x % step - step / 2) ** 2 + (y % step - step / 2) ** 2
    return (far > (step * (0.2 + 0.15 * b)) ** 2).astype(np.float32)


def _checks(a: float, b: float) -> Tone:
    x, y = _grid()
    return ((x // (20 + 40 * a) + y // (20 + 40 * b)) % 2).astype(np.float32)


def _noise(a: float, b: float) -> Tone:
    """Imitate a picture on a box: smooth random patches."""
    import cv2

    n = 8 + int(14 * a)
    small = _tile()[int(90 * b) :, int(90 * a) :][:n, :n]
    large = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large / np.float32(255), dtype=np.float32)


TEXTURES: dict[str, Callable[[float, float], Tone]] = {
    "plain": _plain,
    "stripes": _stripes,
    "lines": _lines,
    "dots": _dots,
    "checks": _checks,
    "noise": _noise,
}


def _quads(boxes: Sequence[tuple[float, float, float, float, float]]) -> Mask:
    """Draw rectangles given by centre, width, height (shares of a side), degrees."""
    import cv2

    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    for x, y, width, height, angle in boxes:
        box = ((x * SIDE, y * SIDE), (width * SIDE, height * SIDE), angle)
        cv2.fillPoly(mask, [cv2.boxPoints(box).astype(np.int32)], 255, cv2.LINE_AA)
    return mask


def _cover(d: Draws) -> Mask:
    return _quads([(0.5, 0.5, 0.45 + 0.2 * d[0], 0.7 + 0.2 * d[1], 8 * d[2] - 4)])


def _box(d: Draws) -> Mask:
    return _quads([(0.5, 0.5, 0.55 + 0.3 * d[0], 0.45 + 0.3 * d[1], 30 * d[2] - 15)])


def _bar(d: Draws) -> Mask:
    """Draw a long object on two legs."""
    top, width = 0.4 + 0.2 * d[0], 0.75 + 0.2 * d[1]
    leg = 0.2 + 0.2 * d[2]
    board = (0.5, top, width, 0.12 + 0.15 * d[3], 0.0)
    legs = [(0.5 + s * width * 0.4, top + leg / 2, 0.05, leg, 0.0) for s in (-1, 1)]
    return _quads([board, *legs])


def _pile(d: Draws) -> Mask:
    boxes = [
        (0.5 + 0.1 * (d[i] - 0.5), 0.22 + 0.14 * i, 0.6 + 0.2 * d[i + 5], 0.11, 0.0)
        for i in range(5)
    ]
    return _quads(boxes)


def _pair(d: Draws) -> Mask:
    return _ellipses(
        [(0.3, 0.5, 0.17, 0.3 + 0.1 * d[0]), (0.7, 0.5, 0.17, 0.3 + 0.1 * d[1])]
    )


def _figure(d: Draws) -> Mask:
    """Draw a body and a head."""
    head = (0.5, 0.22, 0.1 + 0.06 * d[0], 0.1 + 0.06 * d[1])
    body = (0.5, 0.62, 0.14 + 0.16 * d[2], 0.3)
    return _ellipses([head, body])


def _scatter(d: Draws) -> Mask:
    spots = [
        (0.18 + 0.64 * (i % 3) / 2, 0.18 + 0.64 * (i // 3) / 2, 0.06 + 0.09 * d[i], 0.1)
        for i in range(9)
        if d[i] > 0.15
    ]
    return _ellipses(spots)


def _full(d: Draws) -> Mask:
    return _quads([(0.5, 0.5, 0.85 + 0.3 * d[0], 0.85 + 0.3 * d[1], 6 * d[2] - 3)])


def _ellipses(spots: Sequence[tuple[float, float, float, float]]) -> Mask:
    """Draw ellipses given by centre and radii (shares of a side)."""
    import cv2

    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    for x, y, rx, ry in spots:
        centre, radii = (int(x * SIDE), int(y * SIDE)), (int(rx * SIDE), int(ry * SIDE))
        cv2.ellipse(mask, centre, radii, 0, 0, 360, 255, -1, cv2.LINE_AA)
    return mask


LAYOUTS: dict[str, Callable[[Draws], Mask]] = {
    "cover": _cover,
    "box": _box,
    "bar": _bar,
    "pile": _pile,
    "pair": _pair,
    "figure": _figure,
    "scatter": _scatter,
    "full": _full,
}
