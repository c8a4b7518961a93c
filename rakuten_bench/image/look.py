"""Near-duplicate images, by a perceptual fingerprint: the look of an image.

A look is a thumbnail of the decoded image: brightness at 24 x 24, color at 8 x 8.
Copies in another format, at another JPEG quality or size have nearly the same look.
Lossy compression changes detailed images more than smooth ones, so that the tolerance
depends on the detail of the image.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.read import Pixels, make_square, read_image

SIDE = 24
_COLOR_SIDE = 8
_LUMA = SIDE * SIDE
_CHROMA = 2 * _COLOR_SIDE * _COLOR_SIDE
#: Bytes of a look: brightness, color, and the image's pixels per cell along its
#: shorter side, in eighths.
LENGTH = _LUMA + _CHROMA + 1
_EIGHTHS = 8
#: Minimum pixels per cell when decoding, so that all formats agree.
_OVERSAMPLING = 4

#: Standard deviation of brightness and color below which an image counts as flat.
FLAT = 1.5
#: Tolerance between the looks of copies: root mean square, in levels of 256; ...
_DIFFERENCE = 1.5
#: ... more for grainy images, and at edges if a cell has few pixels, ...
_GRAIN, _EDGE = 0.5, 0.6
#: Grain is present in the smoothest cells, too: it is measured at this percentile.
_CALM = 10
#: ... but at most this share of the image's contrast; ...
_RELATIVE = 0.5
#: ... for a single cell this multiple, and more at edges; above it, a detail differs.
_PEAK, _PEAK_EDGE = 6.0, 0.1
_CHUNK = 512

Float = NDArray[np.float32]


def read_look(path: str) -> bytes:
    """Return the look of an image file, or b"" if it can't be read."""
    import cv2

    image, _ = read_image(path, size=_OVERSAMPLING * SIDE)
    if image is None:
        return b""
    fineness = min(255, min(image.shape[:2]) * _EIGHTHS // SIDE)
    small = cv2.cvtColor(make_square(image, SIDE), cv2.COLOR_RGB2YCrCb)
    chroma = make_square(np.ascontiguousarray(small[..., 1:]), _COLOR_SIDE)
    return small[..., 0].tobytes() + chroma.tobytes() + bytes([max(1, fineness)])


def match_looks(looks: Pixels) -> NDArray[np.int64]:
    """Assign the same number to images that look the same.

    Parameters
    ----------
    looks : uint8 array of shape (n_images, LENGTH)
        By `read_look`.

    Returns
    -------
    int64 array of shape (n_images,)
        From 0; -1 for a flat image, which has no content to compare.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    unique, inverse = np.unique(looks, axis=0, return_inverse=True)
    first, second = _find_pairs(unique)
    edges = coo_array(
        (np.ones(len(first), np.int8), (first, second)), (len(unique), len(unique))
    )
    _, numbers = connected_components(edges, directed=False)
    numbers = np.where(_contrast(unique) < FLAT, -1, numbers).astype(np.int64)
    return cast("NDArray[np.int64]", numbers[inverse.reshape(-1)])


def _planes(looks: Pixels) -> Iterator[Float]:
    """Yield luma and the two chroma planes, each of shape (n_images, side, side)."""
    values = looks[:, :-1].astype(np.float32)
    yield values[:, :_LUMA].reshape(-1, SIDE, SIDE)
    color = values[:, _LUMA:].reshape(-1, _COLOR_SIDE, _COLOR_SIDE, 2)
    yield color[..., 0]
    yield color[..., 1]


def _contrast(looks: Pixels) -> Float:
    """Return the contrast of each image in levels, of shape (n_images,)."""
    spread = [plane.std(axis=(1, 2)) for plane in _planes(looks)]
    return cast("Float", np.max(spread, axis=0))


def _local_contrast(plane: Float) -> Float:
    """Return the standard deviation over the 3 x 3 cells around each cell."""
    from scipy.ndimage import uniform_filter

    mean = uniform_filter(plane, (0, 3, 3))
    square = uniform_filter(plane**2, (0, 3, 3))
    return cast("Float", np.sqrt(np.maximum(square - mean**2, 0)))


def _find_tolerance(
    plane: Float, coarseness: Float, contrast: Float
) -> tuple[Float, Float]:
    """Return the tolerances for a copy of an image: for the whole, for each cell.

    Parameters
    ----------
    plane : float32 array of shape (n_images, side, side)
    coarseness : float32 array of shape (n_images,)
        Cells per pixel of the image.
    contrast : float32 array of shape (n_images,)

    Returns
    -------
    float32 arrays of shape (n_images,) and (n_images, side, side)
    """
    local = _local_contrast(plane)
    base = _DIFFERENCE + _GRAIN * np.percentile(local, _CALM, axis=(1, 2))
    edge = np.sqrt((local**2).mean(axis=(1, 2)))
    whole = np.minimum(base + _EDGE * coarseness * edge, _RELATIVE * contrast)
    share = np.minimum(_PEAK_EDGE + coarseness, 1.0)
    cells = _PEAK * base[:, None, None] + share[:, None, None] * local
    return whole.astype(np.float32), cells.astype(np.float32)


def _coarseness(looks: Pixels) -> Float:
    pixels = looks[:, -1].astype(np.float32) / np.float32(_EIGHTHS)
    return cast("Float", pixels**-2)


def _find_pairs(looks: Pixels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of pairs of images that look the same.

    Means over a 4 x 4 grid are searched first: their distance is a lower bound.
    """
    from scipy.spatial import KDTree

    tolerance = _find_brightness_tolerance(looks)
    coarse = _coarse(looks)
    tree = KDTree(coarse)
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for start in range(0, len(looks), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(looks)))
        near = tree.query_ball_point(coarse[rows], SIDE * tolerance[rows], workers=-1)
        first = np.repeat(rows, [len(others) for others in near])
        second = np.array([row for others in near for row in others], dtype=np.int64)
        later = second > first
        first, second = first[later], second[later]
        same = _is_same(looks, first, second)
        pairs.append((first[same], second[same]))
    firsts, seconds = zip(*pairs, strict=True)
    return np.concatenate(firsts), np.concatenate(seconds)


def _coarse(looks: Pixels) -> Float:
    """Project brightness on a 4 x 4 grid, which never increases a distance."""
    block = SIDE // 4
    luma = next(_planes(looks)).reshape(-1, 4, block, 4, block)
    return luma.mean(axis=(2, 4)).reshape(len(looks), -1) * np.float32(block)


def _find_brightness_tolerance(looks: Pixels) -> Float:
    """Return the tolerance of each image's brightness, of shape (n_images,)."""
    tolerance = np.empty(len(looks), dtype=np.float32)
    for start in range(0, len(looks), _CHUNK):
        part = looks[start : start + _CHUNK]
        plane = next(_planes(part))
        tolerance[start : start + _CHUNK] = _find_tolerance(
            plane, _coarseness(part), _contrast(part)
        )[0]
    return tolerance


def _is_same(
    looks: Pixels, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether the images of each pair look the same, of shape (n_pairs,)."""
    same = np.ones(len(first), dtype=np.bool_)
    for start in range(0, len(first), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        left, right = looks[first[chunk]], looks[second[chunk]]
        coarseness = np.maximum(_coarseness(left), _coarseness(right))
        contrast = np.minimum(_contrast(left), _contrast(right))
        for a, b in zip(_planes(left), _planes(right), strict=True):
            whole, cell = _find_tolerance(np.minimum(a, b), coarseness, contrast)
            difference = np.abs(a - b)
            same[chunk] &= np.sqrt((difference**2).mean(axis=(1, 2))) <= whole
            same[chunk] &= (difference <= cell).all(axis=(1, 2))
    return same
