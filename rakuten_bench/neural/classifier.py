"""The scikit-learn interface of all networks."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from torch import nn

from rakuten_bench.neural.device import choose_device
from rakuten_bench.neural.training import (
    Recipe,
    Trainer,
    predict_logits,
    seeded,
    threads,
)
from rakuten_bench.types import Labels, Rows


@dataclass(frozen=True)
class TrainingRows:
    """Rows to train on.

    Attributes
    ----------
    inputs : object
        Return value of `NeuralClassifier.encode`.
    codes : int64 array of shape (n_rows,)
        Classes, from 0 to n_classes - 1.
    groups : array of shape (n_rows,) or None
        Rows of a group are never split between training and validation.
    """

    inputs: Any
    codes: NDArray[np.int64]
    groups: Rows | None = None


class NeuralClassifier(ClassifierMixin, BaseEstimator):
    """A network with `fit` and `predict`; subclasses define its architecture.

    Parameters
    ----------
    recipe : Recipe
    device : {"auto", "cpu", "cuda"}
    random_state : int
    folder : Path or None
        Where checkpoints are kept during training.
    weights : str
        Folder that the weights are written to; "" for none.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    network_ : Module
    details_ : dict
        Device, number of weights, and the losses and seconds of each epoch.
    """

    recipe: Recipe
    device: str
    random_state: int
    folder: Path | None
    weights: str

    def prepare(self, X: Any) -> None:
        """Learn from the training rows how to encode the network's input."""

    def build(self, X: Any, n_classes: int) -> nn.Module:
        """Return an untrained network for rows like X."""
        raise NotImplementedError

    def encode(self, X: Any) -> Any:
        """Return the rows as `draw` reads them."""
        return X

    def draw(
        self, inputs: Any, rows: NDArray[np.int64], training: bool, device: torch.device
    ) -> Any:
        """Return the network's input for some rows, augmented in training."""
        raise NotImplementedError

    def fit(self, X: Any, y: Labels, groups: Rows | None = None) -> Self:
        """Train on rows X and labels y of shape (n_rows,).

        Rows of a group, such as duplicates, are never split between training and
        validation.
        """
        self.classes_, codes = np.unique(y, return_inverse=True)
        with seeded(self.random_state):
            self.prepare(X)
            network = self.build(X, len(self.classes_))
        trainer = self.train(network, TrainingRows(self.encode(X), codes, groups))
        self.network_ = network.cpu()
        self.details_ = trainer.describe()
        if self.weights:
            self.details_["weights"] = str(self._write())
        return self

    def train(self, network: nn.Module, rows: TrainingRows) -> Trainer:
        """Train the network; subclasses may use several phases."""
        return self.run_phase(network, rows, self.recipe, self.folder)

    def run_phase(
        self,
        network: nn.Module,
        rows: TrainingRows,
        recipe: Recipe,
        folder: Path | None,
    ) -> Trainer:
        """Train the weights that are not frozen."""
        trainer = Trainer(
            network,
            partial(self.draw, rows.inputs),
            rows.codes,
            recipe,
            device=choose_device(self.device),
            random_state=self.random_state,
            folder=folder,
            groups=rows.groups,
        )
        trainer.fit()
        return trainer

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Return probabilities, float32 of shape (n_rows, n_classes)."""
        if len(X) == 0:
            return np.empty((0, len(self.classes_)), dtype=np.float32)
        device = choose_device(self.device)
        network = self.network_.to(device)
        draw = partial(self.draw, self.encode(X))
        rows = np.arange(len(X))
        with threads(self.recipe.threads):
            logits = predict_logits(network, draw, rows, self.recipe.batch_size, device)
        network.cpu()
        probabilities: NDArray[np.float32] = logits.softmax(dim=1).numpy()
        return probabilities

    def predict(self, X: Any) -> Labels:
        """Return the most probable class of each row, of shape (n_rows,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _write(self) -> Path:
        """Write the weights to a file named by their hash."""
        buffer = io.BytesIO()
        torch.save(self.network_.state_dict(), buffer)
        parts = [v.numpy().tobytes() for v in self.network_.state_dict().values()]
        digest = hashlib.blake2b(b"".join(parts), digest_size=8).hexdigest()
        path = Path(self.weights) / f"{type(self).__name__}-{digest}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(buffer.getvalue())
        return path
