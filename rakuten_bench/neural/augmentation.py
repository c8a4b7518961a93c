"""Random image augmentation during training, in whole batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Augmentation = Literal["off", "affine", "trivial"]
_GREY = (0.299, 0.587, 0.114)


def augment(images: Tensor, how: Augmentation) -> Tensor:
    """Augment images at random, using torch's global random state.

    Parameters
    ----------
    images : float tensor of shape (n, n_channels, height, width)
        In [0, 1].
    how : {"off", "affine", "trivial"}
        "affine" flips, shifts, zooms and rotates as the studies did; "trivial" flips,
        then applies one of fourteen transformations to each image, at a random
        strength (TrivialAugment, Müller & Hutter 2021).
    """
    if how == "off":
        return images
    images = flip(images)
    if how == "affine":
        return _move_all(images)
    return _change_each(images)


def flip(images: Tensor) -> Tensor:
    """Flip each image horizontally with probability 1/2."""
    chosen = torch.rand(len(images), device=images.device) < 0.5
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Apply an affine map to each image; pixels from outside are white.

    Parameters
    ----------
    matrices : tensor of shape (n, 2, 3)
        In coordinates from -1 to 1.
    """
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return 1 - functional.grid_sample(1 - images, grid, align_corners=False)


def _move_all(images: Tensor) -> Tensor:
    """Shift up to 10 %, zoom up to 15 %, rotate up to 10 degrees."""
    shift_x, shift_y, zoom, turn = _uniform(4, len(images), images)
    angle = turn * (10 * torch.pi / 180)
    scale = 1 + 0.15 * zoom
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [cos, -sin, 0.2 * shift_x, sin, cos, 0.2 * shift_y]
    return warp(images, torch.stack(rows, dim=1).view(-1, 2, 3))


def _change_each(images: Tensor) -> Tensor:
    chosen = torch.randint(len(CHANGES), (len(images),), device=images.device)
    changed = images.clone()
    for number, change in enumerate(CHANGES):
        rows = (chosen == number).nonzero().squeeze(1)
        if len(rows):
            strength = _uniform(1, len(rows), images)[0].view(-1, 1, 1, 1)
            changed[rows] = change(images[rows], strength).clamp(0, 1)
    return changed


def _uniform(count: int, length: int, like: Tensor) -> Tensor:
    return torch.rand(count, length, device=like.device, dtype=like.dtype) * 2 - 1


def _as_matrices(entry: int, strength: Tensor) -> Tensor:
    """Return the identity with one of its six entries changed."""
    flat = torch.zeros(len(strength), 6, device=strength.device, dtype=strength.dtype)
    flat[:, [0, 4]] = 1
    flat[:, entry] += strength.view(-1)
    return flat.view(-1, 2, 3)


def _rotate(images: Tensor, strength: Tensor) -> Tensor:
    angle = strength.view(-1) * (135 * torch.pi / 180)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    return warp(
        images, torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
    )


def _grey(images: Tensor) -> Tensor:
    if images.shape[1] == 1:
        return images
    weights = torch.tensor(_GREY, device=images.device, dtype=images.dtype)
    return (images * weights.view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def _blend(images: Tensor, other: Tensor, strength: Tensor) -> Tensor:
    """Interpolate between another image and this one, or extrapolate beyond it."""
    return other + (images - other) * (1 + 0.99 * strength)


def _blur(images: Tensor) -> Tensor:
    weights = torch.ones(3, 3, device=images.device, dtype=images.dtype)
    weights[1, 1] = 5
    kernel = (weights / 13).expand(images.shape[1], 1, 3, 3)
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    return functional.conv2d(padded, kernel, groups=images.shape[1])


def _contrast(images: Tensor, strength: Tensor) -> Tensor:
    mean = _grey(images).mean(dim=(1, 2, 3), keepdim=True)
    return _blend(images, mean, strength)


def _posterize(images: Tensor, strength: Tensor) -> Tensor:
    levels = 2 ** (8 - (strength.abs() * 6).round())
    return (images * (levels - 1)).round() / (levels - 1)


def _autocontrast(images: Tensor, strength: Tensor) -> Tensor:
    del strength  # not used
    low, high = images.amin(dim=(2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    return torch.where(high > low, (images - low) / (high - low + 1e-6), images)


def _equalize(images: Tensor, strength: Tensor) -> Tensor:
    """Equalize the histogram of each channel."""
    del strength  # not used
    flat = images.flatten(2)
    ordered, _ = flat.sort(dim=2)
    ranks = torch.searchsorted(ordered.contiguous(), flat.contiguous(), right=True)
    return (ranks.to(images.dtype) / flat.shape[2]).view_as(images)


#: The changes that "trivial" chooses from: from images and strengths, from -1 to 1 and
#: of shape (n_images, 1, 1, 1), to changed images.
CHANGES: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    lambda images, strength: images,
    lambda images, strength: warp(images, _as_matrices(1, strength)),  # shear
    lambda images, strength: warp(images, _as_matrices(3, strength)),
    lambda images, strength: warp(images, _as_matrices(2, 0.6 * strength)),  # shift
    lambda images, strength: warp(images, _as_matrices(5, 0.6 * strength)),
    _rotate,
    lambda images, strength: images * (1 + 0.99 * strength),  # brightness
    lambda images, strength: _blend(images, _grey(images), strength),  # saturation
    lambda images, strength: _blend(images, _blur(images), strength),  # sharpness
    lambda images, strength: torch.where(images > strength.abs(), 1 - images, images),
    _contrast,
    _posterize,
    _autocontrast,
    _equalize,
)
