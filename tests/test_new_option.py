"""Adding an option touches one file."""

import importlib.util
import json
import textwrap
from pathlib import Path

import pytest

from rakuten_bench.scenario import from_words
from rakuten_bench.scenario.catalog import list_levers

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"


def option_of_contributing():
    """Return the code block of CONTRIBUTING that shows a new option."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    block = text.partition("```python\n")[2].partition("```")[0]
    assert "@NORMALIZER.option" in block
    return textwrap.dedent(block)


@pytest.fixture
def new_stemmer(tmp_path):
    """Write the option into a module of its own and import it: nothing else."""
    path = tmp_path / "first_letters.py"
    path.write_text(option_of_contributing(), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("first_letters", path)
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["first_letters"] = module
    spec.loader.exec_module(module)
    yield
    del sys.modules["first_letters"]


def test_one_file_with_one_function_is_a_whole_option(
    new_stemmer, call, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{word} {word}s {i},{word}" for word in ("shoe", "pottery") for i in range(10)
    ]
    Path("shop.csv").write_text("\n".join(["name,kind", *rows]))
    Path("shop.yaml").write_text(
        "dataset: {table: {path: shop.csv, title: name, label: kind}}\n"
        "scenarios:\n"
        "  cut: {tokenizer: regex, normalizer: {first_letters: {length: 3}}, model: logreg}\n"
    )

    code, printed, _ = call("run", "shop.yaml", "--cache", "cache", "--quiet")

    assert code == 0, printed
    (record,) = (
        json.loads(p.read_text()) for p in Path("results").glob("*/*/record.json")
    )
    assert record["status"] == "ok"
    assert record["levers"]["normalizer"] == "first_letters"
    assert record["params"]["normalizer"] == {"length": 3}


def test_a_new_option_is_in_the_catalog_and_has_a_code(new_stemmer):
    (lever,) = list_levers("normalizer")
    digits = {option["option"]: option["digit"] for option in lever["options"]}

    code = from_words({"normalizer": "first_letters"}).code

    assert code.split("-")[0] == f"T000{digits['first_letters']}"
