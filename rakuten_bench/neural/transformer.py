"""Pretrained Hugging Face language models from this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rakuten_bench.errors import UserError
from rakuten_bench.neural.classifier import NeuralClassifier, TrainingRows
from rakuten_bench.neural.device import choose_device
from rakuten_bench.neural.finetune import Headed, build_head, train_in_phases
from rakuten_bench.neural.training import Recipe, Trainer, threads
from rakuten_bench.scratch import open_rows
from rakuten_bench.types import Texts


def load_transformer(model: str) -> tuple[Any, Any]:
    """Load tokenizer and model from a folder or the hub's cache.

    Raises
    ------
    UserError
        If neither has the model; nothing is downloaded.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # otherwise each look-up waits for the network
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
        network = AutoModel.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError) as error:
        message = (
            f"model '{model}': neither a folder with a Hugging Face model nor in the "
            f"hub's cache on this machine ({type(error).__name__}), and nothing is "
            f"downloaded. Run 'hf download {model}' on a machine with network access, "
            f"or give the path of a folder."
        )
        raise UserError(message) from None
    return tokenizer, network


def join_columns(texts: Texts) -> list[str]:
    """Return one text for each row: its blocks, concatenated."""
    return [" ".join(parts).strip() for parts in zip(*texts.columns, strict=True)]


def embed_texts(  # noqa: PLR0913  texts, model, and how to run it
    texts: Texts,
    model: str,
    *,
    length: int = 128,
    batch_size: int = 32,
    device: str = "auto",
    n_jobs: int = 1,
    folder: Path | None = None,
) -> NDArray[np.float32]:
    """Return the mean of a frozen model's last hidden states over each row's tokens.

    Returns
    -------
    float32 array of shape (n_rows, n_features)
        A resumed run computes only the missing rows.
    """
    tokenizer, network = load_transformer(model)
    torch_device = choose_device(device)
    pooled = PooledText(network).to(torch_device).eval()
    rows = join_columns(texts)
    shape = (len(rows), network.config.hidden_size)
    values = open_rows(folder, "values", shape, np.float32)
    done = open_rows(folder, "done", (len(rows),), np.uint8)
    with torch.inference_mode(), threads(n_jobs):
        for start in range(0, len(rows), batch_size):
            part = slice(start, start + batch_size)
            if not done[part].all():
                inputs = tokenize(tokenizer, rows[part], length, torch_device)
                values[part] = pooled(inputs).float().cpu().numpy()
                done[part] = 1
    return values


def tokenize(
    tokenizer: Any, texts: list[str], length: int, device: torch.device
) -> dict[str, Tensor]:
    """Return token ids and the attention mask, int64 of shape (n, n_tokens)."""
    encoded = tokenizer(
        texts, truncation=True, max_length=length, padding=True, return_tensors="pt"
    )
    return {name: encoded[name].to(device) for name in ("input_ids", "attention_mask")}


class PooledText(nn.Module):
    """Mean pooling of a language model's last hidden states over unmasked tokens."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Return vectors of shape (n, n_features)."""
        last: Tensor = self.network(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).to(last.dtype)
        return (last * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)


class FineTunedText(NeuralClassifier):
    """A pretrained language model with a new head, in two phases.

    Parameters
    ----------
    model : str
        A folder, or the name of a model in the hub's cache.
    length : int
        Maximum number of tokens of a text; the rest is truncated.
    hidden, dropout, unfrozen :
        As in `FineTuned`.
    recipe, device, random_state, folder, weights :
        As in `NeuralClassifier`.
    """

    def __init__(  # noqa: PLR0913  one argument per hyperparameter
        self,
        model: str,
        length: int = 128,
        hidden: int = 0,
        dropout: float = 0.1,
        unfrozen: int = 3,
        *,
        recipe: Recipe | None = None,
        device: str = "auto",
        random_state: int = 0,
        folder: Path | None = None,
        weights: str = "",
    ) -> None:
        self.model = model
        self.length = length
        self.hidden = hidden
        self.dropout = dropout
        self.unfrozen = unfrozen
        self.recipe = recipe or Recipe()
        self.device = device
        self.random_state = random_state
        self.folder = folder
        self.weights = weights

    def build(self, X: Texts, n_classes: int) -> nn.Module:
        """Return the pretrained model with an untrained head."""
        self.tokenizer_, network = load_transformer(self.model)
        width = network.config.hidden_size
        head = build_head(width, self.hidden, self.dropout, n_classes)
        return Headed(PooledText(network), head)

    def train(self, network: nn.Module, rows: TrainingRows) -> Trainer:
        """Train the head, then all layers."""
        return train_in_phases(self, network, rows, self.unfrozen)

    def draw(
        self,
        inputs: Texts,
        rows: NDArray[np.int64],
        training: bool,
        device: torch.device,
    ) -> dict[str, Tensor]:
        """Return the tokens of some rows."""
        del training
        texts = join_columns(inputs.take(rows))
        return tokenize(self.tokenizer_, texts, self.length, device)
