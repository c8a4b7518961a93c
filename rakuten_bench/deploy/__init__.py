"""Export fitted models with a card, predict with them, and explain predictions."""

from rakuten_bench.deploy.card import Card, read_card
from rakuten_bench.deploy.model import export_model, load_model
from rakuten_bench.deploy.table import label_table, predict_table

__all__ = [
    "Card",
    "export_model",
    "label_table",
    "load_model",
    "predict_table",
    "read_card",
]
