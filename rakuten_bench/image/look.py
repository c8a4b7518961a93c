"""Which images look the same, whatever file they are kept in.

A look is a small version of the decoded image: brightness at 24 x 24, color at
8 x 8. A copy in another format, at another JPEG quality or size has nearly the same;
the little that lossy formats change depends on how fine the image is, so that this is
what a difference is measured by.
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
#: Bytes of a look: brightness, color, and pixels of the image's shorter side in each
#: cell, in eighths.
LENGTH = _LUMA + _CHROMA + 1
_EIGHTHS = 8
#: Decoded with at least so many pixels for each cell, so that all formats agree.
_OVERSAMPLING = 4

#: An image whose brightness and color differ less (standard deviation) shows nothing.
FLAT = 1.5
#: By how much the looks of copies may differ, in levels of 256: root mean square; ...
_DIFFERENCE = 1.5
#: ... more for what is grainy all over, and at edges where a cell has few pixels, ...
_GRAIN, _EDGE = 0.5, 0.6
#: Grain is in all of an image, also in its calmest cells: this percentile.
_CALM = 10
#: ... but by no more than this share of what there is to see; ...
_RELATIVE = 0.5
#: ... in no cell by so many times as much, and more at edges: a detail would differ.
_PEAK, _PEAK_EDGE = 6.0, 0.1
_CHUNK = 512

Float = NDArray[np.float32]


def read_look(path: str) -> bytes:
    """Return the look of an image file, b"" where it can't be read."""
    import cv2

    image, _ = read_image(path, size=_OVERSAMPLING * SIDE)
    if image is None:
        return b""
    fineness = min(255, min(image.shape[:2]) * _EIGHTHS // SIDE)
    small = cv2.cvtColor(make_square(image, SIDE), cv2.COLOR_RGB2YCrCb)
    chroma = make_square(np.ascontiguousarray(small[..., 1:]), _COLOR_SIDE)
    return small[..., 0].tobytes() + chroma.tobytes() + bytes([max(1, fineness)])


def match_looks(looks: Pixels) -> NDArray[np.int64]:
    """Give images that look the same one number.

    Parameters
    ----------
    looks : uint8 array of shape (n_images, LENGTH)
        By `read_look`.

    Returns
    -------
    int64 array of shape (n_images,)
        From 0; -1 for a flat image, which shows nothing to compare.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    unique, inverse = np.unique(looks, axis=0, return_inverse=True)
    first, second = _find_pairs(unique)
    edges = coo_array(
        (np.ones(len(first), np.int8), (first, second)), (len(unique), len(unique))
    )
    _, found = connected_components(edges, directed=False)
    found = np.where(_contrast(unique) < FLAT, -1, found).astype(np.int64)
    return cast("NDArray[np.int64]", found[inverse.reshape(-1)])


def _planes(looks: Pixels) -> Iterator[Float]:
    """Yield brightness and two colors, each of shape (n_images, side, side)."""
    values = looks[:, :-1].astype(np.float32)
    yield values[:, :_LUMA].reshape(-1, SIDE, SIDE)
    color = values[:, _LUMA:].reshape(-1, _COLOR_SIDE, _COLOR_SIDE, 2)
    yield color[..., 0]
    yield color[..., 1]


def _contrast(looks: Pixels) -> Float:
    """Return how much there is to see, in levels, of shape (n_images,)."""
    spread = [plane.std(axis=(1, 2)) for plane in _planes(looks)]
    return cast("Float", np.max(spread, axis=0))


def _local_contrast(plane: Float) -> Float:
    """Return the standard deviation over the 3 x 3 cells around each cell."""
    from scipy.ndimage import uniform_filter

    mean, square = (uniform_filter(one, (0, 3, 3)) for one in (plane, plane**2))
    return cast("Float", np.sqrt(np.maximum(square - mean**2, 0)))


def _allow(plane: Float, coarseness: Float, contrast: Float) -> tuple[Float, Float]:
    """Return by how much a copy of an image may differ: on the whole, in each cell.

    Parameters
    ----------
    plane : float32 array of shape (n_images, side, side)
    coarseness : float32 array of shape (n_images,)
        Cells to a pixel of the image.
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
    """Return the positions of images that look the same, two by two.

    Means over a 4 x 4 grid are searched first: they differ less than the whole.
    """
    from scipy.spatial import KDTree

    allowed = _allow_brightness(looks)
    coarse = _coarse(looks)
    tree = KDTree(coarse)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for start in range(0, len(looks), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(looks)))
        near = tree.query_ball_point(coarse[rows], SIDE * allowed[rows], workers=-1)
        first = np.repeat(rows, [len(one) for one in near])
        second = np.array([other for one in near for other in one], dtype=np.int64)
        later = second > first
        first, second = first[later], second[later]
        same = _is_same(looks, first, second)
        found.append((first[same], second[same]))
    firsts, seconds = zip(*found, strict=True)
    return np.concatenate(firsts), np.concatenate(seconds)


def _coarse(looks: Pixels) -> Float:
    """Project brightness on a 4 x 4 grid; distances only get smaller."""
    block = SIDE // 4
    luma = next(_planes(looks)).reshape(-1, 4, block, 4, block)
    return luma.mean(axis=(2, 4)).reshape(len(looks), -1) * np.float32(block)


def _allow_brightness(looks: Pixels) -> Float:
    """Return by how much the brightness of copies may differ, of shape (n_images,)."""
    allowed = np.empty(len(looks), dtype=np.float32)
    for start in range(0, len(looks), _CHUNK):
        part = looks[start : start + _CHUNK]
        plane = next(_planes(part))
        allowed[start : start + _CHUNK] = _allow(
            plane, _coarseness(part), _contrast(part)
        )[0]
    return allowed


def _is_same(
    looks: Pixels, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Compare images two by two, in brightness and in color, of shape (n_pairs,)."""
    same = np.ones(len(first), dtype=np.bool_)
    for start in range(0, len(first), _CHUNK):
        here = slice(start, start + _CHUNK)
        one, other = looks[first[here]], looks[second[here]]
        coarseness = np.maximum(_coarseness(one), _coarseness(other))
        contrast = np.minimum(_contrast(one), _contrast(other))
        for a, b in zip(_planes(one), _planes(other), strict=True):
            whole, cell = _allow(np.minimum(a, b), coarseness, contrast)
            difference = np.abs(a - b)
            same[here] &= np.sqrt((difference**2).mean(axis=(1, 2))) <= whole
            same[here] &= (difference <= cell).all(axis=(1, 2))
    return same
