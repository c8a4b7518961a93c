"""Fine-tuning of pretrained image networks: first the new head, then all layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rakuten_bench.neural.augmentation import Augmentation, augment
from rakuten_bench.neural.backbone import Backbone, load_backbone
from rakuten_bench.neural.classifier import NeuralClassifier, TrainingRows
from rakuten_bench.neural.image import to_images
from rakuten_bench.neural.training import Recipe, Trainer
from rakuten_bench.types import Rows


class FineTuned(NeuralClassifier):
    """A pretrained network with a new head, in two phases.

    Parameters
    ----------
    model, weights_from : str
        `name` and `weights` of `load_backbone`.
    hidden : int
        Width of the head's inner layer; 0 for none.
    dropout : float
    unfrozen : int
        Epochs that train all weights, after those that train only the head, at a tenth
        of the learning rate; 0 keeps the backbone frozen.
    augmentation : {"off", "affine", "trivial"}
    recipe, device, random_state, folder, weights :
        As in `NeuralClassifier`; the recipe's epochs are those of the head.
    """

    def __init__(  # noqa: PLR0913  one argument per hyperparameter
        self,
        model: str = "efficientnet_lite0",
        weights_from: str = "",
        hidden: int = 512,
        dropout: float = 0.3,
        unfrozen: int = 3,
        augmentation: Augmentation = "affine",
        *,
        recipe: Recipe | None = None,
        device: str = "auto",
        random_state: int = 0,
        folder: Path | None = None,
        weights: str = "",
    ) -> None:
        self.model = model
        self.weights_from = weights_from
        self.hidden = hidden
        self.dropout = dropout
        self.unfrozen = unfrozen
        self.augmentation = augmentation
        self.recipe = recipe or Recipe()
        self.device = device
        self.random_state = random_state
        self.folder = folder
        self.weights = weights

    def build(self, X: NDArray[np.generic], n_classes: int) -> nn.Module:
        """Return the pretrained network with an untrained head."""
        backbone = load_backbone(self.model, self.weights_from)
        self.scaling_ = Backbone(nn.Identity(), backbone.mean, backbone.std)
        n_features = backbone.n_features
        head = build_head(n_features, self.hidden, self.dropout, n_classes)
        return Headed(backbone.network, head)

    def train(self, network: nn.Module, rows: TrainingRows) -> Trainer:
        """Train the head, then all layers."""
        return train_in_phases(self, network, rows, self.unfrozen)

    def draw(
        self,
        inputs: NDArray[np.generic],
        rows: Rows,
        training: bool,
        device: torch.device,
    ) -> Tensor:
        """Return color images as the pretrained network expects them."""
        images = to_images(inputs, rows, device)
        if images.shape[1] == 1:
            images = images.expand(-1, 3, -1, -1)
        if training:
            images = augment(images, self.augmentation)
        return self.scaling_.prepare(images)


class Headed(nn.Module):
    """A backbone with a head; a frozen backbone keeps its batch statistics."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head
        self.is_frozen = False

    def freeze(self, frozen: bool) -> None:
        """Freeze or unfreeze the backbone."""
        self.is_frozen = frozen
        for parameter in self.backbone.parameters():
            parameter.requires_grad = not frozen

    def train(self, mode: bool = True) -> Headed:
        """Set the mode; a frozen backbone stays in evaluation mode."""
        super().train(mode)
        if self.is_frozen:
            self.backbone.eval()
        return self

    def forward(self, inputs: Any) -> Tensor:
        """Return logits of shape (n, n_classes)."""
        logits: Tensor = self.head(self.backbone(inputs))
        return logits


def build_head(
    n_features: int, hidden: int, dropout: float, n_classes: int
) -> nn.Module:
    """Return a dense head with batch normalization and dropout, as in study B."""
    layers: list[nn.Module] = [nn.BatchNorm1d(n_features), nn.Dropout(dropout)]
    width = n_features
    if hidden:
        layers += [nn.Linear(n_features, hidden), nn.ReLU()]
        layers += [nn.BatchNorm1d(hidden), nn.Dropout(dropout)]
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, n_classes))


def train_in_phases(
    classifier: NeuralClassifier,
    network: nn.Module,
    rows: TrainingRows,
    unfrozen: int,
) -> Trainer:
    """Train a `Headed` network frozen, then unfrozen at a tenth of the learning rate."""
    recipe, folder = classifier.recipe, classifier.folder
    network.freeze(True)
    trainer = classifier.run_phase(
        network, rows, recipe, folder / "frozen" if folder else None
    )
    if not unfrozen:
        return trainer
    history = trainer.state.history
    network.freeze(False)
    second = replace(recipe, epochs=unfrozen, learning_rate=recipe.learning_rate / 10)
    trainer = classifier.run_phase(
        network, rows, second, folder / "unfrozen" if folder else None
    )
    trainer.state.history = [*history, *trainer.state.history]
    return trainer
