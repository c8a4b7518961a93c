"""Outputs never replace an input, a model, or a file of another kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rakuten_bench.deploy.overwriting import (
    refuse_inputs,
    refuse_no_page,
    refuse_other_kind,
)
from rakuten_bench.errors import UserError


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    path.write_text("title\nred shoe\n")
    return path


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_input_is_recognized_through_links(table: Path, link):
    output = table.with_name("out.csv")
    link(table, output)

    with pytest.raises(UserError, match=r"out.csv: is an input"):
        refuse_inputs(output, [table])


def test_an_input_is_recognized_by_another_path(table: Path):
    output = table.parent / "." / ".." / table.parent.name / table.name

    with pytest.raises(UserError, match="is an input"):
        refuse_inputs(output, [table])


@pytest.mark.parametrize("name", ["model.joblib", "model.card.json"])
def test_a_model_and_its_card_are_not_replaced(tmp_path: Path, table: Path, name: str):
    for file in ("model.joblib", "model.card.json"):
        (tmp_path / file).write_text("{}")

    with pytest.raises(UserError, match="is an exported model"):
        refuse_inputs(tmp_path / name, [table])
    with pytest.raises(UserError, match="is an input"):
        refuse_inputs(tmp_path / name, [tmp_path / "model.joblib"])


def test_an_earlier_output_is_replaced(tmp_path: Path, table: Path):
    output = tmp_path / "out.csv"
    output.write_text("label\n")

    refuse_inputs(output, [table, tmp_path / "model.joblib"])


def test_a_model_replaces_only_a_model(tmp_path: Path, table: Path):
    (tmp_path / "model.skops").write_text("old")
    (tmp_path / "model.skops.card.json").write_text("{}")

    refuse_other_kind(tmp_path / "model.skops")
    refuse_other_kind(tmp_path / "new.skops")

    with pytest.raises(UserError, match=r"shop.csv: exists, and has no model card"):
        refuse_other_kind(table)


def test_a_page_replaces_only_a_page(tmp_path: Path, table: Path):
    page = tmp_path / "board.html"
    page.write_text("<!DOCTYPE html><title>old</title>")

    refuse_no_page(page)
    refuse_no_page(tmp_path / "new.html")

    with pytest.raises(UserError, match=r"shop.csv: exists, and is not an HTML page"):
        refuse_no_page(table)
