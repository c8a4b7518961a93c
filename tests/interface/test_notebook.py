"""A notebook, as a person writes it: own frame, study, run, board, model."""

from __future__ import annotations

from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

CELLS = [
    """
import pandas as pd
import rakuten_bench as rb

words = ["red shoe", "blue shoe", "tea pot", "big pot", "soft hat", "old hat"]
shop = pd.DataFrame({
    "name": [f"{words[i % 6]} {i % 7}" for i in range(120)],
    "kind": [("shoe", "pot", "hat")[i % 6 // 2] for i in range(120)],
})
study = rb.Study(
    shop, title="name", label="kind", name="shop",
    matrix={"vectorizer": ["count", "tfidf"], "model": ["logreg", "linear_svc"]},
)
study
""",
    "board = rb.run(study, jobs=1)\nboard",
    "board.to_frame()[['rank', 'vectorizer', 'model', 'f1_weighted']]",
    "board.best",
    "board.effects()",
    "first, second = list(board)[:2]\nboard.compare(first, second)",
    "board.best.confusion",
    "board.plot()",
    "board.best.errors()",
    "board.to_html('board.html')",
    """
model = board.best.build().fit(shop.rename(columns={"name": "title"}), shop["kind"])
model.predict(pd.DataFrame({"title": ["a new red shoe"]}))
""",
    "board.best.export('model.joblib')",
    """
model = rb.load_model("model.joblib")
model.predict(pd.DataFrame({"name": ["a new red shoe"]}))
""",
]
SLOW = """
import random
import pandas as pd
import rakuten_bench as rb

draw = random.Random(0)
words = [chr(97 + i) * 3 + chr(97 + j) for i in range(26) for j in range(26)]
shop = pd.DataFrame({
    "name": [" ".join(draw.choices(words, k=60)) for _ in range(4000)],
    "kind": ["a", "b", "c", "d"] * 1000,
})
study = rb.Study(
    shop, title="name", label="kind", name="slow", split={"kfold": {"n_splits": 3}},
    matrix={"vectorizer": ["count", "tfidf"], "model": ["logreg", "random_forest"]},
)
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAKUTEN_BENCH_CACHE", str(folder / "cache"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        book = nbformat.v4.new_notebook()
        book.cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
        client = NotebookClient(
            book, timeout=300, resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
    assert (folder / "board.html").is_file()
    return book.cells


def pages(cell) -> list[str]:
    """Return what a cell shows as HTML."""
    return [
        output["data"]["text/html"]
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]


def test_a_notebook_goes_from_a_frame_to_a_model(cells):
    assert "n_scenarios=4" in pages(cells[0])[0]
    assert "linear_svc" in pages(cells[2])[0]
    assert all(pages(cells[i]) for i in (3, 4, 5, 6, 8))
    assert any("image/png" in output.data for output in cells[7].outputs)
    assert "shoe" in cells[10].outputs[0]["data"]["text/plain"]


def test_a_run_shows_its_progress_below_the_cell_and_its_board(cells):
    progress, board = pages(cells[1])

    assert "shop: 4 scenarios, 4 to run" in progress
    assert "<progress" not in progress  # the bar goes with the run
    assert "24 test rows" in board
    assert not [one for one in cells[1].outputs if one.output_type == "stream"]


def test_a_model_is_exported_loaded_and_predicts(cells):
    assert "shoe" in pages(cells[12])[0]


def test_the_stop_button_ends_a_run_which_goes_on_later(kernel):
    manager, client = kernel
    client.execute_interactive(SLOW, timeout=300)
    kernel_process = psutil.Process(manager.provisioner.pid)

    stopped: list[bool] = []

    def stop(message) -> None:
        shown = message["content"].get("data", {}).get("text/html", "")
        if "<progress" in shown and " shared · " in shown and not stopped:
            stopped.append(True)
            manager.interrupt_kernel()

    reply = client.execute_interactive(
        "rb.run(study, jobs=2)", timeout=300, output_hook=stop
    )

    assert reply["content"]["ename"] == "KeyboardInterrupt"
    workers = kernel_process.children(recursive=True)
    assert not psutil.wait_procs(workers, timeout=30)[1]
    again = client.execute_interactive(
        "board = rb.run(study, jobs=2)\nassert len(board) == 4", timeout=600
    )
    assert again["content"]["status"] == "ok"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    manager, client = start_new_kernel(cwd=str(tmp_path))
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_no_cell_writes_to_standard_error(cells):
    streams = [
        output.text
        for cell in cells
        for output in cell.outputs
        if output.output_type == "stream"
    ]

    assert streams == []
