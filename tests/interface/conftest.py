"""A study of a frame, and the board of one run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import rakuten_bench as rb
from interface.products import MATRIX, make_frame


@pytest.fixture(scope="session")
def frame() -> pd.DataFrame:
    return make_frame()


@pytest.fixture(scope="session")
def study(frame: pd.DataFrame) -> rb.Study:
    return rb.Study(frame, title="name", label="kind", name="shop", matrix=MATRIX)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interface")


@pytest.fixture(scope="session")
def board(study: rb.Study, folder: Path) -> rb.Board:
    return rb.run(
        study, results=folder / "results", cache=folder / "cache", progress=False
    )
