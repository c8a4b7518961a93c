"""Seconds per epoch of the image networks, on the CPU and on a GPU if available.

    python bench/cnn.py                                     # 128 synthetic images
    python bench/cnn.py --images 20000 --cpu-images 1000    # on a machine with a GPU

The images are random pixels, since the content does not affect the time. The faster of
two epochs is reported, since the first one also selects algorithms. The time on the CPU
is proportional to the number of images: it can be measured on fewer (`--cpu-images`) and
is extrapolated to all.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch  # noqa: TID253  a script, not a module that others import

from rakuten_bench.neural.device import choose_device, name_device
from rakuten_bench.neural.image import ImageNetwork
from rakuten_bench.neural.training import Recipe
from rakuten_bench.wording.words import number

N_CLASSES = 27
ARCHITECTURES = ("average", "dropout", "residual")
Data = tuple[np.ndarray, np.ndarray]


def draw_pixels(n_images: int, size: int) -> Data:
    """Return random color images, uint8 of shape (n_images, size * size * 3), and classes."""
    rng = np.random.default_rng(0)
    shape = (n_images, size * size * 3)
    return rng.integers(0, 256, shape, dtype=np.uint8), np.arange(n_images) % N_CLASSES


def time_epoch(
    architecture: str, data: Data, device: str, batch_size: int, threads: int
) -> float:
    """Return the seconds of the faster of two epochs, each with augmentation."""
    recipe = Recipe(epochs=2, batch_size=batch_size, validation=0, threads=threads)
    model = ImageNetwork(architecture, "affine", recipe=recipe, device=device)
    epochs = model.fit(*data).details_["epochs"]
    return min(epoch["seconds"] for epoch in epochs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--cpu-images", type=int, help="default: all")
    parser.add_argument("--size", type=int, default=128, help="pixels on a side")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")
    arguments = parser.parse_args()
    n_images = arguments.images
    n_cpu = min(n_images, arguments.cpu_images or n_images)
    X, y = draw_pixels(n_images, arguments.size)
    has_gpu = torch.cuda.is_available()
    gpu = name_device(choose_device("cuda")) if has_gpu else "not available"
    print(f"{n_images:,} images of {arguments.size} px, seconds per epoch")
    sample = "all images" if n_cpu == n_images else f"extrapolated from {n_cpu:,}"
    print(f"CPU: {number(arguments.threads, 'thread')}, {sample}; GPU: {gpu}")
    for architecture in ARCHITECTURES:
        subset = X[:n_cpu], y[:n_cpu]
        settings = arguments.batch_size, arguments.threads
        cpu = time_epoch(architecture, subset, "cpu", *settings) * n_images / n_cpu
        line = f"  {architecture:10} CPU {cpu:8.1f} s ({n_images / cpu:,.0f} images/s)"
        if has_gpu:
            seconds = time_epoch(architecture, (X, y), "cuda", *settings)
            line += f"   GPU {seconds:6.2f} s ({n_images / seconds:,.0f} images/s)"
            line += f"   {cpu / seconds:.0f} x"
        print(line, flush=True)


if __name__ == "__main__":
    main()
