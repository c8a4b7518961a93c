"""Adding an option touches one file."""

import importlib.util
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rakuten_bench.registry import PLUGINS
from rakuten_bench.scenario import from_words
from rakuten_bench.scenario.catalog import list_levers

TABLE = "name,kind\n" + "".join(
    f"{word} {word}s {i},{word}\n" for word in ("shoe", "pottery") for i in range(10)
)
STUDY = """
dataset: {table: {path: shop.csv, title: name, label: kind}}
scenarios:
  cut: {tokenizer: regex, normalizer: {first_letters: {length: 3}}, model: logreg}
"""
REPOSITORY = Path(__file__).parents[2]


def option_of(page):
    """Return the code block of a page of the documentation that shows a new option."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    block = text.partition("```python\n")[2].partition("```")[0]
    assert "@NORMALIZER.option" in block
    return textwrap.dedent(block)


@pytest.fixture(params=["CONTRIBUTING.md", "docs/options.md"])
def new_stemmer(request, tmp_path):
    """Write the option into a module of its own and import it: nothing else."""
    path = tmp_path / "first_letters.py"
    path.write_text(option_of(request.param), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("first_letters", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["first_letters"] = module
    spec.loader.exec_module(module)
    yield
    del sys.modules["first_letters"]


def test_one_file_with_one_function_is_a_whole_option(
    new_stemmer, call, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("shop.csv").write_text(TABLE)
    Path("shop.yaml").write_text(STUDY)

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

    assert code.split("-")[0] == f"T001{digits['first_letters']}"


PLUGIN = """
from rakuten_bench.data import dataset
from rakuten_bench.data.build import assemble
from rakuten_bench.registry import NORMALIZER

from .cutting import cut


@dataset("alphabet")
def alphabet(place, *, rows: int = 4):
    '''Letters and their places.'''
    columns = {"title": list("abcdefgh")[:rows], "label": (["x", "y"] * 4)[:rows]}
    return assemble("alphabet", columns, subject="alphabet")


@NORMALIZER.option("first_letters", digit="z")
def first_letters(tokens: list[str], *, length: int = 4) -> list[str]:
    '''Cut words to their first letters.'''
    return [cut(token, length) for token in tokens]
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package of somebody else, which brings an option, into a folder."""
    site = tmp_path / "site"
    (site / "letters").mkdir(parents=True)
    (site / "letters" / "__init__.py").write_text("")
    (site / "letters" / "options.py").write_text(PLUGIN)
    (site / "letters" / "cutting.py").write_text(
        "def cut(token, length):\n    return token[:length]\n"
    )
    about = site / "letters-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: letters\nVersion: 1.0\n"
    )
    (about / "entry_points.txt").write_text(f"[{PLUGINS}]\noptions = letters.options\n")
    (tmp_path / "shop.csv").write_text(TABLE)
    (tmp_path / "shop.yaml").write_text(STUDY)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.chdir(tmp_path)
    return site / "letters"


def command(*words):
    """Call the command in a process of its own: what is installed is looked up once."""
    words = (sys.executable, "-m", "rakuten_bench", *words)
    return subprocess.run(words, capture_output=True, text=True, timeout=120)


def test_an_installed_package_provides_an_option(package):
    ran = command("run", "shop.yaml", "--cache", "cache", "--jobs", "1")
    (record,) = Path("results").glob("*/*/record.json")
    code = record.parent.name
    exported = command("export", code, "-o", "model.joblib", "--cache", "cache")
    predicted = command("predict", "model.joblib", "shop.csv", "-o", "said.csv")

    assert ran.returncode == 0, ran.stderr
    assert json.loads(record.read_text())["levers"]["normalizer"] == "first_letters"
    assert exported.returncode == 0, exported.stderr
    assert predicted.returncode == 0, predicted.stderr
    assert Path("said.csv").read_text().count("pottery") >= 10


def test_it_may_bring_a_data_set_too(package):
    done = command("data", "describe", "alphabet")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("alphabet: 4 rows")


def test_its_own_modules_count_in_the_key(package):
    command("run", "shop.yaml", "--cache", "cache", "--jobs", "1")
    same = command("plan", "shop.yaml", "--cache", "cache").stdout

    file = package / "cutting.py"
    file.write_text(file.read_text().replace("token[:length]", "token[-length:]"))
    changed = command("plan", "shop.yaml", "--cache", "cache").stdout

    assert re.search(r"scenarios\s+1 \(0 to run", same), same
    assert re.search(r"scenarios\s+1 \(1 to run", changed), changed


def test_one_that_cannot_be_imported_is_named(package):
    (package / "cutting.py").write_text("import no_such_module\n")

    done = command("levers")

    assert done.returncode == 2
    assert "letters: the entry point 'options' of rakuten_bench.plugins" in done.stderr
    assert "No module named 'no_such_module'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def exported(package):
    """Export a scenario with an option of somebody else's package."""
    command("run", "shop.yaml", "--cache", "cache", "--jobs", "1")
    command("export", "cut", "-o", "model.joblib", "--cache", "cache")
    return package


def test_records_and_cards_name_the_package_of_an_option(exported):
    (record,) = Path("results").glob("*/*/record.json")
    card = json.loads(Path("model.card.json").read_text())

    assert json.loads(record.read_text())["provenance"]["packages"]["letters"] == "1.0"
    assert card["packages"]["letters"] == "1.0"
    assert card["sources"].keys() >= {"letters.options", "letters.cutting"}


def test_a_model_does_not_predict_by_another_source_without_a_word(exported):
    file = exported / "cutting.py"
    file.write_text(file.read_text().replace("token[:length]", "token[-length:]"))

    refused = command("predict", "model.joblib", "shop.csv")
    told = command("predict", "model.joblib", "shop.csv", "--any-version")

    assert refused.returncode == 2
    assert "was exported with different source of letters.cutting." in refused.stderr
    assert told.returncode == 0
    assert "different source of letters.cutting" in told.stderr


def test_a_model_names_the_package_that_is_gone(exported, monkeypatch):
    monkeypatch.delenv("PYTHONPATH")

    done = command("predict", "model.joblib", "shop.csv")

    assert done.returncode == 2
    assert "letters 1.0 (here not installed)" in done.stderr


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import sys; sys.exit(0)", r"it ends the program \(sys\.exit\(0\)\)"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("def f(): return f()\nf()", "RecursionError: maximum recursion depth"),
        ("raise ValueError('no\\nway.')", "ValueError: no way"),
    ],
)
def test_a_package_that_ends_or_fails_at_import_is_refused_once(package, code, cause):
    (package / "options.py").write_text(code)

    done = command("run", "shop.yaml", "--cache", "cache", "--jobs", "1")

    assert done.returncode == 2
    message = "letters: the entry point 'options' of .* can't be imported from"
    assert re.search(f"{message} letters.options: {cause}", done.stderr)
    assert done.stderr.count("entry point") == 1
    assert not Path("results").exists()


def test_an_interrupt_at_import_stays_one(package):
    (package / "options.py").write_text("raise KeyboardInterrupt")

    assert command("plan", "shop.yaml").returncode == 130
