"""Networks for images, trained from scratch."""

from __future__ import annotations

from math import isqrt
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rakuten_bench.errors import UserError
from rakuten_bench.neural.augmentation import Augmentation, augment
from rakuten_bench.neural.classifier import NeuralClassifier
from rakuten_bench.neural.training import Recipe

Architecture = Literal["average", "dropout", "residual"]


class ImageNetwork(NeuralClassifier):
    """A convolutional network on pixels.

    Parameters
    ----------
    architecture : {"average", "dropout", "residual"}
    augmentation : {"off", "affine", "trivial"}
    recipe, device, random_state, folder, weights :
        As in `NeuralClassifier`.
    """

    def __init__(  # noqa: PLR0913  one argument per hyperparameter
        self,
        architecture: Architecture = "average",
        augmentation: Augmentation = "off",
        *,
        recipe: Recipe | None = None,
        device: str = "auto",
        random_state: int = 0,
        folder: Path | None = None,
        weights: str = "",
    ) -> None:
        self.architecture = architecture
        self.augmentation = augmentation
        self.recipe = recipe or Recipe()
        self.device = device
        self.random_state = random_state
        self.folder = folder
        self.weights = weights

    def build(self, X: NDArray[np.generic], n_classes: int) -> nn.Module:
        """Return an untrained network for rows like X."""
        size, _, n_channels = find_shape(X)
        return _BUILDERS[self.architecture](size, n_channels, n_classes)

    def draw(
        self,
        inputs: NDArray[np.generic],
        rows: NDArray[np.int64],
        training: bool,
        device: torch.device,
    ) -> Tensor:
        """Return centered images as a float tensor (n, n_channels, size, size)."""
        images = to_images(inputs, rows, device)
        if training:
            images = augment(images, self.augmentation)
        return (images - 0.5) / 0.25


def find_shape(X: NDArray[np.generic]) -> tuple[int, int, int]:
    """Return height, width and channels of the images in rows of pixels.

    Unambiguous, since no number is both a square and three times a square.

    Raises
    ------
    UserError
        If the rows are not square images.

    >>> find_shape(np.zeros((2, 48)))
    (4, 4, 3)
    """
    n_pixels = X.shape[1] if X.ndim == 2 else 0
    for n_channels in (1, 3):
        side = isqrt(n_pixels // n_channels)
        if side and side * side * n_channels == n_pixels:
            return side, side, n_channels
    message = (
        f"a network for images needs pixels; a feature of {n_pixels} numbers is not a "
        f"square image. Use feature 'pixels' (dtype uint8) and reducer 'off'."
    )
    raise UserError(message)


def to_images(
    X: NDArray[np.generic], rows: NDArray[np.int64], device: torch.device
) -> Tensor:
    """Return rows of pixels as a float tensor (n, n_channels, height, width) in [0, 1].

    Rows are copied to the device in their own dtype, and stay channels-last there.
    """
    pixels = np.asarray(X[rows]).reshape(len(rows), *find_shape(X))
    images = torch.from_numpy(np.ascontiguousarray(pixels)).to(device)
    images = images.permute(0, 3, 1, 2).float()
    return images / 255 if pixels.dtype == np.uint8 else images


def build_average(size: int, n_channels: int, n_classes: int) -> nn.Module:
    """Return the network of study E: convolutions 16-32-64, average pooling, dense 128."""
    layers: list[nn.Module] = []
    for width in (16, 32, 64):
        layers += [
            nn.Conv2d(n_channels, width, 3, padding=1),
            nn.ReLU(),
            nn.AvgPool2d(2),
        ]
        n_channels = width
    n_flat = 64 * (size // 8) ** 2
    layers += [nn.Flatten(), nn.Linear(n_flat, 128), nn.ReLU(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(128, n_classes))


def build_dropout(size: int, n_channels: int, n_classes: int) -> nn.Module:
    """Return the network of study D: three blocks of convolution, pooling and dropout.

    Followed by a dense layer of 512.
    """
    layers: list[nn.Module] = []
    for width in (32, 64, 128):
        layers += [nn.Conv2d(n_channels, width, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
        n_channels = width
    n_flat = 128 * (size // 8) ** 2
    layers += [nn.Flatten(), nn.Linear(n_flat, 512), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(512, n_classes))


def build_residual(size: int, n_channels: int, n_classes: int) -> nn.Module:
    """Return a small residual network (He et al. 2016): six blocks, 32-64-128 wide."""
    del size  # global average pooling takes any size
    layers: list[nn.Module] = [
        nn.Conv2d(n_channels, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
    ]
    width = 32
    for wider in (32, 64, 128):
        layers += [ResidualBlock(width, wider, 1 if wider == 32 else 2)]
        layers += [ResidualBlock(wider, wider, 1)]
        width = wider
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2)]
    return nn.Sequential(*layers, *pool, nn.Linear(width, n_classes))


class ResidualBlock(nn.Module):
    """Two convolutions with a skip connection."""

    def __init__(self, width: int, wider: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(width, wider, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(wider),
            nn.ReLU(),
            nn.Conv2d(wider, wider, 3, padding=1, bias=False),
            nn.BatchNorm2d(wider),
        )
        self.shortcut = nn.Sequential()
        if stride > 1 or width != wider:
            self.shortcut = nn.Sequential(
                nn.Conv2d(width, wider, 1, stride, bias=False), nn.BatchNorm2d(wider)
            )

    def forward(self, images: Tensor) -> Tensor:
        """Return feature maps of shape (n, wider, height / stride, width / stride)."""
        return nn.functional.relu(self.path(images) + self.shortcut(images))


_BUILDERS = {
    "average": build_average,
    "dropout": build_dropout,
    "residual": build_residual,
}
