"""The core alone: what works without the extras, and what names the extra it needs."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from rakuten_bench.plan.source import foreign_imports
from rakuten_bench.registry import LEVERS
from rakuten_bench.registry.package import find_extra, list_extras

REPOSITORY = Path(__file__).parents[1]
#: Makes packages absent in a process and in all that it starts.
SITE = """
import importlib.abc, importlib.metadata, re, sys
MODULES, PACKAGES = {modules!r}, {packages!r}

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

def from_name(name, known=importlib.metadata.Distribution.from_name):
    if re.sub("[-_.]+", "-", name).lower() in PACKAGES:
        raise importlib.metadata.PackageNotFoundError(name)
    return known(name)

sys.meta_path.insert(0, Absent())
importlib.metadata.Distribution.from_name = from_name
"""
#: Imports of a module that an option shares with others, which declare them: a crop gets
#: an image that a feature has read, and only stacking can use XGBoost.
UNUSED = {("crop", "cv2"), ("crop", "PIL"), ("fusion", "xgboost")}
STUDY = """
dataset: {table: {path: shop.csv, title: name, label: kind}}
defaults: {tokenizer: regex}
scenarios:
  words: {vectorizer: tfidf, model: linear_svc}
  stems: {normalizer: stem_snowball, model: complement_nb}
"""
REFUSED = r"""[\w '\[\]-]+ needs the package '[\w-]+', which is not installed\. Run: pip install "rakuten-bench\[\w+\]\""""


def normalize(name):
    return re.sub("[-_.]+", "-", name).lower()


def modules_of_extras():
    """Return the packages of all extras by the modules that they bring."""
    names = {name for needs in list_extras().values() for name in needs}
    return {
        module: packages
        for module, found in packages_distributions().items()
        if (packages := names & set(map(normalize, found)))
    }


def iter_options():
    for modality, levers in LEVERS.items():
        for lever in levers:
            yield from lever.options(modality)


@pytest.fixture
def core(tmp_path, monkeypatch):
    """Return a function that runs Python in a folder, with the core alone installed."""
    rows = [f"{word} {i},{word},{i}.jpg" for word in ("shoe", "pot") for i in range(30)]
    (tmp_path / "shop.csv").write_text("\n".join(["name,kind,photo", *rows]), "utf-8")
    (tmp_path / "shop.yaml").write_text(STUDY, "utf-8")
    (tmp_path / "0.jpg").write_bytes(b"no image")
    absent = modules_of_extras()
    packages = {name for found in absent.values() for name in found}
    site = SITE.format(modules=set(absent), packages=packages)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(site, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))

    def run_python(*words):
        return subprocess.run(
            [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True
        )

    return run_python


def test_the_metadata_name_the_extras_of_the_project():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))

    assert set(list_extras()) == set(project["project"]["optional-dependencies"]), (
        "install the project again: pip install --no-deps -e ."
    )
    assert find_extra("Pillow") == "images"
    assert find_extra("numpy") == ""


def test_all_installs_every_extra_but_the_networks():
    extras = list_extras()
    others = {name for needs in extras.values() for name in needs} - {*extras["all"]}
    networks = {*extras["cnn"], *extras["pretrained"], *extras["transformers"]}

    assert others == networks | {*extras["translate"]}


def test_the_lock_of_the_demo_holds_the_extras_of_images_spacy_boosting_and_plots():
    lock = (REPOSITORY / "requirements.lock").read_text("utf-8")
    locked = set(map(normalize, re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)))

    for extra in ("images", "spacy", "boosting", "plots"):
        assert {*list_extras()[extra]} <= locked
        assert f"--extra {extra}" in lock


def test_every_option_declares_the_packages_of_extras_that_its_source_imports():
    absent = modules_of_extras()
    undeclared = []

    for option in iter_options():
        chain, modules, needs = option, set(), set()
        while chain:
            modules |= {name.split(".")[0] for name in foreign_imports(chain.module)}
            needs |= {normalize(one) for need in chain.needs for one in need.split("|")}
            chain = chain.prepare
        undeclared += [
            (option.lever.name, option.name, module)
            for module in modules & set(absent)
            if not absent[module] & needs
        ]

    assert [one for one in undeclared if one[::2] not in UNUSED] == []


@pytest.mark.slow
def test_the_core_alone_runs_a_study_of_texts_to_its_board_page_and_gate(core):
    for words in (
        "run shop.yaml --jobs 1 --quiet",
        "report --html board.html",
        "check shop.yaml --update --rows",
        "check shop.yaml",
        "levers",
    ):
        done = core("-m", "rakuten_bench", *words.split())
        assert done.returncode == 0, (words, done.stderr)

    refused = core("-m", "rakuten_bench", "report", "--plots", "plots")

    assert refused.returncode == 2
    assert 'Run: pip install "rakuten-bench[plots]"' in refused.stderr


def test_each_option_that_needs_an_extra_names_it_in_one_line(core):
    code = (
        "from rakuten_bench.errors import MissingPackage\n"
        "from rakuten_bench.registry import LEVERS\n"
        "for modality, levers in LEVERS.items():\n"
        "    for lever in levers:\n"
        "        for option in lever.options(modality):\n"
        "            try: option.versions()\n"
        "            except MissingPackage as error: print(error)\n"
    )

    lines = core("-c", code).stdout.splitlines()

    assert len(lines) > 20
    assert [line for line in lines if not re.fullmatch(REFUSED, line)] == []


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        ("data describe openmoji", "images"),
        ("data describe --scenario-file photos.yaml", "images"),
        ("run photos.yaml", "images"),
        ("run trees.yaml", "boosting"),
    ],
)
def test_what_needs_an_extra_is_refused_in_one_line(core, tmp_path, words, extra):
    table = STUDY.replace("label: kind", "label: kind, image: photo, image_folder: .")
    (tmp_path / "photos.yaml").write_text(table + "  pictures: {feature: hog}")
    (tmp_path / "trees.yaml").write_text(STUDY + "  trees: {model: xgboost}")

    done = core("-m", "rakuten_bench", *words.split())

    assert done.returncode == 2
    said = re.sub(r"^reading \S+\n", "", done.stderr).strip()
    assert re.fullmatch(f"(Error: )?{REFUSED}", said), done.stderr
    assert f"[{extra}]" in done.stderr


@pytest.mark.slow
def test_a_model_of_images_is_refused_where_what_reads_them_is_missing(core, tmp_path):
    from PIL import Image

    for row in range(30):
        for color in ("red", "blue"):
            Image.new("RGB", (9, 9), color).save(tmp_path / f"{color}{row}.png")
    rows = [f"{i},{c},{c}{i}.png" for i in range(30) for c in ("red", "blue")]
    (tmp_path / "shop.csv").write_text("\n".join(["name,kind,photo", *rows]))
    table = "table: {path: shop.csv, title: name, label: kind, image: photo}"
    study = f"dataset: {{{table}}}\nscenarios: {{a: {{feature: pixels, model: ridge}}}}"
    (tmp_path / "shop.yaml").write_text(study)
    complete = {name: v for name, v in os.environ.items() if name != "PYTHONPATH"}
    for words in ("run shop.yaml --jobs 1", "export a -o model.joblib"):
        command = [sys.executable, "-m", "rakuten_bench", *words.split()]
        subprocess.run(command, cwd=tmp_path, env=complete, check=True)

    words = "predict model.joblib shop.csv --any-version"
    refused = core("-m", "rakuten_bench", *words.split())

    assert refused.returncode == 2
    assert re.search(f"^(Error: )?{REFUSED}$", refused.stderr, re.MULTILINE)
