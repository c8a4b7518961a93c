"""Export fitted models with a card, predict with them, and explain predictions."""

from rakuten_bench.deploy.card import Card, read_card
from rakuten_bench.deploy.model import export_model, load_model
from rakuten_bench.deploy.table import predict_table

__all__ = [
    "Card",
    "export_model",
    "load_model",
    "predict_table",
    "read_card",
]
