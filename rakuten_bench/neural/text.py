"""A convolutional network for texts (Kim 2014), on words or characters."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rakuten_bench.corpus import Corpus
from rakuten_bench.errors import UserError
from rakuten_bench.neural.classifier import NeuralClassifier
from rakuten_bench.neural.training import Recipe

Unit = Literal["word", "char"]
#: 0 is padding, 1 is a unit that is not in the training rows.
_UNKNOWN, _FIRST = 1, 2


class TextNetwork(NeuralClassifier):
    """Embeddings, convolutions of several widths, max pooling over the text.

    Kim, Convolutional neural networks for sentence classification, 2014.

    Parameters
    ----------
    unit : {"word", "char"}
    length : int
        Number of units that are read from a text, its blocks concatenated.
    n_units : int
        Number of units that have an embedding: the most frequent of the training rows.
    n_dims : int
        Length of an embedding.
    widths : tuple of int
        Widths of the filters in units.
    n_filters : int
        Number of filters of each width.
    dropout : float
    recipe, device, random_state, folder, weights :
        As in `NeuralClassifier`.

    Attributes
    ----------
    units_ : dict of str to int
        Number of each unit that has an embedding.
    """

    def __init__(  # noqa: PLR0913  one argument per hyperparameter
        self,
        unit: Unit = "word",
        length: int = 128,
        n_units: int = 30_000,
        n_dims: int = 128,
        widths: tuple[int, ...] = (3, 4, 5),
        n_filters: int = 100,
        dropout: float = 0.5,
        *,
        recipe: Recipe | None = None,
        device: str = "auto",
        random_state: int = 0,
        folder: Path | None = None,
        weights: str = "",
    ) -> None:
        self.unit = unit
        self.length = length
        self.n_units = n_units
        self.n_dims = n_dims
        self.widths = widths
        self.n_filters = n_filters
        self.dropout = dropout
        self.recipe = recipe or Recipe()
        self.device = device
        self.random_state = random_state
        self.folder = folder
        self.weights = weights

    def prepare(self, X: Corpus) -> None:
        """Assign numbers to the units of the training rows, the most frequent first."""
        if self.length < max(self.widths):
            message = (
                f"model 'cnn': length '{self.length}' is less than the widest filter "
                f"'{max(self.widths)}'. Increase it."
            )
            raise UserError(message)
        words = X.vocabulary.words()
        counts = np.bincount(X.tokens, minlength=len(words))
        totals: dict[str, int] = {}
        for word, count in zip(words, counts.tolist(), strict=True):
            for unit in self._split(word) if count else ():
                totals[unit] = totals.get(unit, 0) + count
        ranked = sorted(totals, key=lambda unit: (-totals[unit], unit))
        kept = ranked[: self.n_units]
        self.units_ = {unit: number for number, unit in enumerate(kept, start=_FIRST)}

    def build(self, X: Corpus, n_classes: int) -> nn.Module:
        """Return an untrained network for rows like X."""
        return KimNetwork(
            len(self.units_) + _FIRST,
            self.n_dims,
            self.widths,
            self.n_filters,
            self.dropout,
            n_classes,
        )

    def draw(
        self,
        inputs: NDArray[np.int32],
        rows: NDArray[np.int64],
        training: bool,
        device: torch.device,
    ) -> Tensor:
        """Return numbers of units, int64 of shape (n, length)."""
        del training
        return torch.from_numpy(inputs[rows].astype(np.int64)).to(device)

    def encode(self, X: Corpus) -> NDArray[np.int32]:
        """Return the numbers of the first units of each row, int32 (n_rows, length)."""
        words = X.vocabulary.words()
        blocks = list(X.iter_blocks())
        known = self.units_
        used = np.unique(X.tokens)
        table = {
            token: [known.get(unit, _UNKNOWN) for unit in self._split(words[token])]
            for token in used.tolist()
        }
        encoded = np.zeros((len(X), self.length), dtype=np.int32)
        for row in range(len(X)):
            numbers: list[int] = []
            for tokens, offsets in blocks:
                for token in tokens[offsets[row] : offsets[row + 1]].tolist():
                    numbers += table[token]
                    if len(numbers) >= self.length:
                        break
            kept = numbers[: self.length]
            encoded[row, : len(kept)] = kept
        return encoded

    def _split(self, word: str) -> list[str]:
        return [word] if self.unit == "word" else [*word, " "]


class KimNetwork(nn.Module):
    """Embedding, one convolution per width, max pooling over time, dropout, dense."""

    def __init__(
        self,
        n_units: int,
        n_dims: int,
        widths: tuple[int, ...],
        n_filters: int,
        dropout: float,
        n_classes: int,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_units, n_dims, padding_idx=0)
        self.filters = nn.ModuleList(
            nn.Conv1d(n_dims, n_filters, width) for width in widths
        )
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(n_filters * len(widths), n_classes)

    def forward(self, units: Tensor) -> Tensor:
        """Return logits of shape (n, n_classes) from int64 of shape (n, length)."""
        embedded = self.embedding(units).transpose(1, 2)
        pooled = [filters(embedded).relu().amax(dim=2) for filters in self.filters]
        logits: Tensor = self.dense(self.dropout(torch.cat(pooled, dim=1)))
        return logits
