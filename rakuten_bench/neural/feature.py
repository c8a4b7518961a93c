"""Feature vectors from frozen image networks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rakuten_bench.image.describe import describe_batches
from rakuten_bench.image.read import Pixels
from rakuten_bench.neural.backbone import Backbone, load_backbone
from rakuten_bench.neural.device import choose_device
from rakuten_bench.neural.training import threads
from rakuten_bench.types import Images

_BATCH = {"cpu": 8, "cuda": 128}


def embed_images(  # noqa: PLR0913  images, network, and how to run it
    images: Images,
    name: str,
    weights: str = "",
    *,
    size: int = 224,
    device: str = "auto",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Return the features of a pretrained network for each image.

    On the CPU each of `n_jobs` threads runs the network single-threaded on its own
    small batch, so that the features don't depend on `n_jobs`.

    Parameters
    ----------
    name, weights : str
        As in `load_backbone`.
    size : int
        Side of the network's square input in pixels.
    device : {"auto", "cpu", "cuda"}
    images, n_jobs, folder :
        As in `describe_images`.

    Returns
    -------
    float32 array of shape (n_rows, n_features)
    """
    backbone = load_backbone(name, weights)
    torch_device = choose_device(device)
    backbone.network.to(torch_device, memory_format=torch.channels_last)
    with threads(1):
        return describe_batches(
            images,
            partial(_embed_batch, backbone, torch_device),
            size=size,
            batch_size=_BATCH[torch_device.type],
            n_jobs=n_jobs,
            folder=folder,
        )


def _embed_batch(
    backbone: Backbone, device: torch.device, batch: Pixels
) -> NDArray[np.float32]:
    """Return the features of a batch, of shape (n_images, n_features)."""
    with torch.inference_mode(), torch.autocast("cuda", enabled=device.type == "cuda"):
        pixels = torch.from_numpy(batch).to(device).permute(0, 3, 1, 2)
        outputs = backbone.network(backbone.prepare(pixels.float() / 255))
    vectors: NDArray[np.float32] = outputs.float().cpu().numpy()
    return vectors
