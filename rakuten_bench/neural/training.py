"""The training loop of all networks.

Early stopping and the plateau schedule use a validation part of the training rows. On a
GPU training runs in mixed precision with channels last. A checkpoint is written after
every epoch. A killed run resumes with the next epoch and ends with the same weights as
an uninterrupted one, since the random numbers of an epoch are seeded by its number.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rakuten_bench.division.holding import hold_out
from rakuten_bench.neural.device import name_device

_log = logging.getLogger(__name__)
Rows = NDArray[np.int64]
#: Takes row numbers, whether they are for training (then random augmentation applies)
#: and a device; returns the network's input.
Draw = Callable[[Rows, bool, torch.device], Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes
    ----------
    epochs : int
        Maximum number of epochs.
    batch_size : int
    learning_rate, weight_decay : float
        Of AdamW.
    validation : float
        Share of the training rows that is held out for early stopping; 0 for none.
    patience : int
        Epochs without a better validation loss after which training stops; after half
        as many the learning rate is halved.
    balanced : bool
        Whether rare classes get larger weights.
    threads : int
        CPU threads. Independent of the number of jobs, since floating-point sums
        depend on it: a scenario gives the same predictions alone and in a grid.
    """

    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    validation: float = 0.1
    patience: int = 6
    balanced: bool = False
    threads: int = 1


@dataclass
class State:
    """The progress of training, stored in a checkpoint beside the weights."""

    epoch: int = 0
    best_loss: float = float("inf")
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


class Trainer:
    """Train a network on rows of a data set.

    Parameters
    ----------
    network : Module
        Returns logits of shape (n_batch, n_classes).
    draw : callable
    y : int64 array of shape (n_rows,)
        From 0 to n_classes - 1.
    recipe : Recipe
    device : torch.device
    random_state : int
    folder : Path or None
        Where the checkpoint is kept.

    Attributes
    ----------
    state : State
    """

    def __init__(  # noqa: PLR0913  network, data, recipe, and how to run it
        self,
        network: nn.Module,
        draw: Draw,
        y: NDArray[np.int64],
        recipe: Recipe,
        *,
        device: torch.device,
        random_state: int = 0,
        folder: Path | None = None,
        groups: Rows | None = None,
    ) -> None:
        self.groups = groups
        self.network = network.to(device, memory_format=torch.channels_last)
        self.draw, self.y, self.recipe = draw, y, recipe
        self.device, self.random_state = device, random_state
        self.checkpoint = folder / "checkpoint.pt" if folder else None
        self.state = State()
        self.optimizer = torch.optim.AdamW(
            [p for p in network.parameters() if p.requires_grad],
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
        )
        self.schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=0.5, patience=max(1, recipe.patience // 2) - 1
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
        self.loss = nn.CrossEntropyLoss(weight=self._class_weights())
        self.best: dict[str, Any] = {}

    def fit(self) -> State:
        """Train all epochs, or until the validation loss stops improving."""
        with threads(self.recipe.threads):
            self._fit()
        return self.state

    def _fit(self) -> None:
        train, validation = hold_out(
            self.y, self.recipe.validation, self.random_state, self.groups
        )
        self._resume()
        while self.state.epoch < self.recipe.epochs and not self._is_stale():
            start = time.perf_counter()
            loss = self._train_epoch(train)
            if len(validation):
                scores = self._validate(validation)
            else:
                scores = (loss, float("nan"))
            self._end_epoch(loss, scores, time.perf_counter() - start)
            self._save()
        if self.best:
            self.network.load_state_dict(self.best)
        self.network.eval()

    def describe(self) -> dict[str, Any]:
        """Return plain values for the record."""
        weights = sum(parameter.numel() for parameter in self.network.parameters())
        return {
            "device": name_device(self.device),
            "n_weights": weights,
            "best_epoch": self.state.best_epoch,
            "epochs": self.state.history,
        }

    def _train_epoch(self, rows: Rows) -> float:
        """Return the mean loss over the rows."""
        self.network.train()
        seed = [self.random_state, self.state.epoch]
        order = np.random.default_rng(seed).permutation(rows)
        total = 0.0
        with seeded(int(np.random.default_rng(seed).integers(2**31))):
            for batch in iter_batches(order, self.recipe.batch_size):
                total += self._step(batch) * len(batch)
        return total / len(rows)

    def _step(self, rows: Rows) -> float:
        with self._precision():
            logits = self.network(self.draw(rows, True, self.device))
            loss = self.loss(logits, torch.as_tensor(self.y[rows], device=self.device))
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return float(loss.detach())

    def _validate(self, rows: Rows) -> tuple[float, float]:
        """Return loss and accuracy on held-out rows."""
        logits = predict_logits(
            self.network, self.draw, rows, self.recipe.batch_size, self.device
        )
        y = torch.as_tensor(self.y[rows])
        weight = None if self.loss.weight is None else self.loss.weight.cpu()
        loss = float(nn.functional.cross_entropy(logits, y, weight=weight))
        return loss, float((logits.argmax(dim=1) == y).float().mean())

    def _end_epoch(
        self, loss: float, scores: tuple[float, float], seconds: float
    ) -> None:
        state = self.state
        state.epoch += 1
        line = {
            "loss": round(loss, 5),
            "validation_loss": round(scores[0], 5),
            "validation_accuracy": round(scores[1], 5),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "seconds": round(seconds, 3),
        }
        if np.isnan(scores[1]):
            del line["validation_loss"], line["validation_accuracy"]
        state.history.append(line)
        _log.info("epoch %d of %d: %s", state.epoch, self.recipe.epochs, line)
        self.schedule.step(scores[0])
        if scores[0] < state.best_loss:
            state.best_loss, state.best_epoch = scores[0], state.epoch
            self.best = {
                name: value.detach().clone()
                for name, value in self.network.state_dict().items()
            }

    def _is_stale(self) -> bool:
        n_stale = self.state.epoch - self.state.best_epoch
        return self.recipe.validation > 0 and n_stale >= self.recipe.patience

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, enabled=self.device.type == "cuda")

    def _class_weights(self) -> torch.Tensor | None:
        if not self.recipe.balanced:
            return None
        counts = np.maximum(np.bincount(self.y), 1)
        weights = len(self.y) / (len(counts) * counts)
        return torch.as_tensor(weights, dtype=torch.float32, device=self.device)

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.checkpoint.with_suffix(".tmp")
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        torch.save({"state": asdict(self.state), "best": self.best, **parts}, temporary)
        temporary.replace(self.checkpoint)

    def _resume(self) -> None:
        if self.checkpoint is None or not self.checkpoint.exists():
            return
        saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.state, self.best = State(**saved["state"]), saved["best"]
        for name, part in self._parts().items():
            part.load_state_dict(saved[name])

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "scaler": self.scaler,
        }


def predict_logits(
    network: nn.Module, draw: Draw, rows: Rows, batch_size: int, device: torch.device
) -> torch.Tensor:
    """Return the logits of some rows, float32 on the CPU."""
    network.eval()
    with torch.inference_mode(), torch.autocast("cuda", enabled=device.type == "cuda"):
        batches = [
            network(draw(batch, False, device)).float().cpu()
            for batch in iter_batches(rows, 2 * batch_size)
        ]
    return torch.cat(batches)


def iter_batches(rows: Rows, size: int) -> Iterator[Rows]:
    """Yield batches of rows; a single remaining row joins the batch before it.

    Batch normalization needs a variance, which a batch of one row does not have.
    """
    for start in range(0, len(rows), size):
        if start + size == len(rows) - 1 and size > 1:
            yield rows[start:]
            return
        yield rows[start : start + size]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Set the number of CPU threads of torch within the context."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch within the context, and restore its random state afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
