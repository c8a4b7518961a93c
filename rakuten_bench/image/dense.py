"""Dense SIFT: descriptors on a regular grid, from filtered orientation maps.

Each of eight maps contains the gradients of one direction. A box filter pools a map at
all pixels at once, so that a descriptor is 4 x 4 look-ups in each map (the flat window
of VLFeat's `vl_dsift`, Vedaldi & Fulkerson 2010): about ten times as fast as computing
the descriptors patch by patch.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from rakuten_bench.image.read import Pixels

N_DIMS = 128
_N_DIRECTIONS = 8
#: Mean gradient, in grey levels per pixel, below which a patch counts as flat.
_FLAT = 0.5
#: Gaussian weights of the four bins along a patch's side.
_WINDOW = np.exp(-0.5 * (np.array([-1.5, -0.5, 0.5, 1.5]) / 2) ** 2).astype(np.float32)

Floats = NDArray[np.float32]


def describe_densely(
    image: Pixels, step: int, widths: tuple[int, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Compute the descriptors of upright square patches centered on a grid.

    Parameters
    ----------
    image : uint8 array of shape (height, width)
    step : int
        Pixels between centers.
    widths : tuple of int
        Side lengths of the patches in pixels.

    Returns
    -------
    descriptors : uint8 array of shape (n_patches, 128)
        Flat patches are left out.
    places : uint8 array of shape (n_patches, 2)
        x and y of the centers, scaled to 0-255.
    """
    height, width = image.shape
    xs, ys = (np.arange(step / 2, side, step) for side in (width, height))
    maps = _map_directions(image)
    per_width = [_describe_width(maps, xs, ys, width / 4) for width in widths]
    grid = np.stack(np.meshgrid(xs / width, ys / height), axis=-1).reshape(-1, 2)
    places = np.tile((grid * 256).astype(np.uint8), (len(widths), 1))
    descriptors = np.concatenate(per_width)
    has_gradient = descriptors.any(axis=1)
    return descriptors[has_gradient], places[has_gradient]


def _map_directions(image: Pixels) -> Floats:
    """Return gradient magnitudes, split between the two nearest of eight directions.

    Returns
    -------
    float32 array of shape (height, width, 8)
    """
    import cv2

    smooth = cv2.GaussianBlur(image, (0, 0), 0.8).astype(np.float32)
    right = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    size, angle = cv2.cartToPolar(right, down)
    angle *= np.float32(_N_DIRECTIONS / (2 * np.pi))
    lower = np.floor(angle)
    upper_share = (angle - lower) * size
    first = lower.astype(np.intp) % _N_DIRECTIONS
    maps = np.zeros((*image.shape, _N_DIRECTIONS), dtype=np.float32)
    at = np.arange(0, maps.size, _N_DIRECTIONS).reshape(image.shape)
    flat = maps.reshape(-1)
    flat[at + first] = size - upper_share
    flat[at + (first + 1) % _N_DIRECTIONS] = upper_share
    return maps


def _describe_width(
    maps: Floats, xs: NDArray[np.float64], ys: NDArray[np.float64], bin_width: float
) -> NDArray[np.uint8]:
    """Return the descriptors of patches of one width, in row-major order of the grid."""
    pooled = _pool(maps, max(1, round(bin_width)))
    offsets = (np.arange(4) - 1.5) * bin_width
    height, width = maps.shape[:2]
    down = np.clip(np.rint(ys[:, None] + offsets), 0, height - 1).astype(np.intp)
    right = np.clip(np.rint(xs[:, None] + offsets), 0, width - 1).astype(np.intp)
    bins = pooled[down[:, None, :, None], right[None, :, None, :]]
    bins *= _WINDOW[:, None, None] * _WINDOW[:, None]
    return _normalize(bins.reshape(-1, N_DIMS))


def _pool(maps: Floats, width: int) -> Floats:
    """Average around each pixel with triangular weights: two box filters in sequence."""
    import cv2

    box = cv2.blur(maps, (width, width), borderType=cv2.BORDER_REFLECT)
    return cast("Floats", cv2.blur(box, (width, width), borderType=cv2.BORDER_REFLECT))


def _normalize(bins: Floats) -> NDArray[np.uint8]:
    """Normalize, clip at 0.2, normalize again (Lowe 2004, 6.1), and scale by 512."""
    is_flat = bins.sum(axis=1) < _FLAT * 16 * float(_WINDOW.mean()) ** 2
    bins /= np.maximum(np.linalg.norm(bins, axis=1, keepdims=True), np.float32(1e-9))
    np.minimum(bins, np.float32(0.2), out=bins)
    bins /= np.maximum(np.linalg.norm(bins, axis=1, keepdims=True), np.float32(1e-9))
    packed = np.minimum(bins * 512, 255).astype(np.uint8)
    packed[is_flat] = 0
    return packed
