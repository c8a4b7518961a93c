"""The plan: merged steps, their keys, and what changes a key."""

import ast
import importlib
import importlib.metadata
import os
import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from rakuten_bench.errors import MissingPackage
from rakuten_bench.plan import source
from rakuten_bench.plan.build import build_plan, derive_seed
from rakuten_bench.plan.key_parts import find_key_parts, versions_of
from rakuten_bench.registry import LANGUAGE, MODEL, NORMALIZER, iter_levers
from rakuten_bench.registry.package import installed_version
from rakuten_bench.scenario import Choice, find_option, from_words
from user_models import write_stop_words

WORDS = {"tokenizer": "regex", "vectorizer": "tfidf", "model": "logreg"}


def plan_of(*scenarios, **changes):
    arguments = {"dataset": "d", "split": "s", "folds": ["0"], "seed": 1} | changes
    return build_plan(scenarios, **arguments)


def key_of(scenario, **changes):
    return plan_of(scenario, **changes).outputs[scenario.code]


def test_scenarios_that_start_alike_share_their_first_steps():
    first = from_words(WORDS)
    second = from_words(WORDS | {"model": "linear_svc"})

    plan = plan_of(first, second)

    assert [s.lever for s in plan.steps.values()].count("vectorizer") == 1
    assert [s.lever for s in plan.steps.values()].count("model") == 2
    assert plan.n_shared == len(plan_of(first).steps) - 1


def test_steps_come_after_their_inputs():
    plan = plan_of(*(from_words(WORDS | {"stopwords": w}) for w in ("off", "iso")))

    seen = {plan.frame, *plan.targets}
    for key, step in plan.steps.items():
        assert {one.key for one in step.inputs} <= seen
        seen.add(key)


def test_folds_share_stateless_steps():
    plan = plan_of(from_words(WORDS), folds=["0", "1", "2"])

    levers = [step.lever for step in plan.steps.values()]
    assert levers.count("tokenizer") == 1
    assert levers.count("vectorizer") == levers.count("model") == 3


def test_a_lever_that_is_off_adds_no_step():
    plan = plan_of(from_words(WORDS))

    assert "stopwords" not in {step.lever for step in plan.steps.values()}


@pytest.mark.parametrize(
    "changes", [{"dataset": "other"}, {"split": "other"}, {"folds": ["1"]}]
)
def test_another_table_split_or_fold_gives_another_key(changes):
    scenario = from_words(WORDS)

    assert key_of(scenario, **changes) != key_of(scenario)


def test_a_parameter_gives_another_key():
    scenario = from_words(WORDS)
    other = from_words(WORDS, {"model": {"C": 2.0}})

    assert key_of(other) != key_of(scenario)


def test_the_seed_is_in_the_key_of_random_options_only():
    nb = from_words(WORDS | {"model": "complement_nb"})
    svm = from_words(WORDS | {"model": "linear_svc"})

    assert key_of(nb, seed=2) == key_of(nb)
    assert key_of(svm, seed=2) != key_of(svm)


def test_the_seed_is_in_the_key_of_inner_folds():
    words = WORDS | {"model": "complement_nb"}
    searched = from_words(words | {"search": "grid"})
    members = (from_words(words), from_words(words | {"vectorizer": "count"}))
    fused = from_words({"fusion": "weighted"}, None, "fusion", members=members)

    assert key_of(searched, seed=2) != key_of(searched)
    assert key_of(fused, seed=2) != key_of(fused)


def test_seeds_differ_by_run_lever_and_option():
    seeds = {
        derive_seed(1, "model", "sgd"),
        derive_seed(2, "model", "sgd"),
        derive_seed(1, "model", "mlp"),
        derive_seed(1, "sampler", "sgd"),
    }

    assert len(seeds) == 4


def test_a_name_is_not_part_of_the_key():
    assert key_of(from_words(WORDS, name="a")) == key_of(from_words(WORDS, name="b"))


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that others may import; return a function that writes it."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text, name="written_option"):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        sys.modules.pop(name, None)
        return name

    return write


def import_anew():
    """Return `source` with empty caches, as in a new process."""
    spec = importlib.util.spec_from_file_location("source_anew", source.__file__)
    anew = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(anew)
    return anew


NESTED = """
async def work(x):
    async with x:
        async for one in x:
            import a
    while x:
        break
    else:
        import b
    try:
        import c
    except* ValueError:
        import d
    else:
        import e
    finally:
        import f
    match x:
        case 1 if (lambda: x)():
            import g

class Work:
    for x in [y for y in ()]:
        with x:
            if x: import h
            elif y: import i
"""


def test_imports_in_any_block_are_hashed(module):
    assert import_anew().foreign_imports(module(NESTED)) == tuple("abcdefghi")


def test_all_imports_of_the_package_are_hashed():
    names = source.source_digests("rakuten_bench.cli.run")
    files = [importlib.util.find_spec(name).origin for name in names]
    trees = [ast.parse(Path(file).read_text("utf8")) for file in files]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {one.name for n in nodes if isinstance(n, ast.Import) for one in n.names}
    imported |= {n.module for n in nodes if isinstance(n, ast.ImportFrom)}
    left_out = {"rakuten_bench", *sys.stdlib_module_names}
    foreign = {name for name in imported if name.partition(".")[0] not in left_out}

    assert len(files) > 100
    assert set(source.foreign_imports("rakuten_bench.cli.run")) == foreign


def test_a_comment_or_docstring_does_not_change_the_digest(module):
    name = module("def work(x):\n    return x + 1\n")
    before = import_anew().source_digest(name)

    module('"""What."""\n\ndef work(x):\n    """Add."""\n    return x + 1  # one\n')

    assert import_anew().source_digest(name) == before


def test_a_change_of_code_changes_the_digest(module):
    name = module("def work(x):\n    return x + 1\n")
    before = import_anew().source_digest(name)

    module("def work(x):\n    return x + 2\n")

    assert import_anew().source_digest(name) != before


def test_the_digest_covers_our_modules_that_are_imported_inside_functions(module):
    name = module("def work():\n    from rakuten_bench.corpus import Corpus\n")

    assert "rakuten_bench.corpus.encoded" in import_anew().source_digests(name)


def test_a_module_of_another_package_is_hashed_with_the_modules_beside_it(module):
    module("def work(x):\n    return x + 1\n", "written_helper")
    name = module("import json, numpy\nfrom written_helper import work\n")
    before = import_anew().source_digest(name)

    assert set(import_anew().source_digests(name)) == {name, "written_helper"}
    module("def work(x):\n    return x + 2\n", "written_helper")
    assert import_anew().source_digest(name) != before


def test_the_code_that_scores_and_selects_candidates_is_in_the_key_of_a_search():
    choice = from_words(WORDS | {"search": "grid"})["search"]

    sources = find_key_parts(find_option("text", choice), choice).sources

    assert "rakuten_bench.pipeline.kind.search" in sources
    assert "rakuten_bench.metrics.confusion" in sources


def test_a_missing_package_is_refused_with_the_command_that_installs_it():
    NORMALIZER.option("absent", digit="z", needs="no-such-package")(
        lambda tokens: tokens
    )
    with pytest.raises(MissingPackage, match="pip install no-such-package"):
        plan_of(from_words(WORDS | {"normalizer": "absent"}))


def test_a_search_plans_the_features_of_its_inner_folds_once():
    words = WORDS | {"search": "grid"}

    plan = plan_of(from_words(words), from_words(words | {"model": "linear_svc"}))

    vectorizers = [str(s.fold) for s in plan.steps.values() if s.lever == "vectorizer"]
    assert vectorizers == ["0", "0.0of3", "0.1of3", "0.2of3"]


def fill(folder):
    (folder / "en-fr").mkdir(parents=True)
    (folder / "en-fr" / "model.bin").write_bytes(b"weights")
    (folder / "de-fr").mkdir()
    return folder


def test_the_digest_of_a_folder_covers_its_files_and_where_they_are(tmp_path):
    folder = fill(tmp_path / "models")
    before = source.file_digest(str(folder))
    assert before == source.file_digest(str(folder)) != ""

    (folder / "en-fr" / "model.bin").rename(folder / "de-fr" / "model.bin")
    moved = source.file_digest(str(folder))
    (folder / "de-fr" / "model.bin").write_bytes(b"other weights")
    rewritten = source.file_digest(str(folder))
    (folder / "de-fr" / "broken").symlink_to("nowhere")

    assert len({before, moved, rewritten}) == 3
    assert source.file_digest(str(folder)) == rewritten


def test_a_file_changed_at_the_same_size_and_time_has_another_digest(tmp_path):
    file = tmp_path / "probabilities.npz"
    file.write_bytes(b"one")
    before, facts = source.file_digest(str(file)), file.stat()

    file.write_bytes(b"two")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert source.file_digest(str(file)) != before


def test_a_file_that_was_only_copied_has_the_same_digest(tmp_path):
    file, copy = tmp_path / "a" / "p.npz", tmp_path / "b" / "p.npz"
    for one in (file, copy):
        one.parent.mkdir()
        one.write_bytes(b"one")
        os.utime(one, (len(str(one)), 1))

    assert source.file_digest(str(file)) == source.file_digest(str(copy))


def test_a_large_file_is_hashed_by_samples_and_times(tmp_path):
    file = tmp_path / "weights.bin"
    size = 2**30
    with file.open("wb") as opened:
        opened.truncate(size)  # takes no room on the disk
    before = source.file_digest(str(file))

    with file.open("r+b") as opened:
        opened.seek(size - 7)
        opened.write(b"changed")

    assert source.file_digest(str(file)) != before


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "file/below"])
def test_a_name_that_no_file_can_have_has_no_digest(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")

    assert source.file_digest(name) == ""


@pytest.mark.parametrize(
    ("lever", "name", "packages"),
    [
        ("tokenizer", "regex", {"numpy"}),
        ("feature", "pixels", {"numpy", "Pillow", "opencv-python-headless"}),
        *(
            (lever, name, {"numpy", "scipy", "scikit-learn"})
            for lever, name in (
                ("vectorizer", "tfidf"),
                ("reducer", "off"),
                ("sampler", "off"),
                ("model", "external"),
                ("model", "kmeans"),
                ("search", "grid"),
                ("fusion", "mean"),
            )
        ),
    ],
)
def test_numeric_libraries_are_in_the_key_of_every_kind(lever, name, packages):
    (found,) = {
        option
        for one in iter_levers()
        for modality in ("text", "image", "fusion")
        for option in one.options(modality)
        if (one.name, option.name) == (lever, name)
    }

    assert packages <= versions_of(found).keys()


@pytest.mark.parametrize("library", ["numpy", "scipy", "scikit-learn"])
def test_another_version_of_a_numeric_library_runs_a_model_again(monkeypatch, library):
    scenario = from_words(WORDS)
    before = key_of(scenario)
    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: "99.0" if name == library else real(name),
    )
    installed_version.cache_clear()

    try:
        assert key_of(scenario) != before
    finally:
        installed_version.cache_clear()


def test_a_folder_that_the_environment_names_is_part_of_the_key(tmp_path, monkeypatch):
    option = LANGUAGE.find("text", "translate")
    named = fill(tmp_path / "named")
    monkeypatch.setenv(option.files.variable, str(fill(tmp_path / "usual")))

    assert option.find_files({}) == (str(tmp_path / "usual"),)
    assert option.find_files({"models": str(named)}) == (str(named),)
    monkeypatch.delenv(option.files.variable)
    assert option.find_files({}) == ()
    assert LANGUAGE.find("text", "off").find_files({}) == ()


def test_data_that_an_option_finds_by_itself_are_part_of_the_key(tmp_path, monkeypatch):
    scenario = from_words(WORDS | {"stopwords": "nltk"})
    keys = set()
    for name, words in (("one", ["le"]), ("other", ["le", "la"])):
        folder = write_stop_words(tmp_path / name, french=words)
        monkeypatch.setenv("NLTK_DATA", folder)
        keys.add(key_of(scenario))

    assert len(keys) == 2


def lemmas_key(**params):
    words = WORDS | {"normalizer": "lemma_spacy"}
    steps = plan_of(from_words(words, {"normalizer": params})).steps.values()
    (step,) = (step for step in steps if step.lever == "normalizer")
    return step.key


def test_a_pipeline_is_hashed_by_its_files_or_the_version_of_its_package(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    pipelines = ("en_none", "fr_tiny")
    keys = [lemmas_key(pipelines=pipelines)]

    folder = tmp_path / "fr_tiny"
    folder.mkdir()
    (folder / "meta.json").write_text("{}")
    keys.append(lemmas_key(pipelines=pipelines))
    (folder / "meta.json").write_text("{'lemmas': 'better'}")
    keys.append(lemmas_key(pipelines=pipelines))
    for version in ("1.0", "2.0"):
        package = tmp_path / f"fr_tiny-{version}.dist-info"
        package.mkdir()
        (package / "METADATA").write_text(f"Name: fr_tiny\nVersion: {version}\n")
        importlib.invalidate_caches()
        keys.append(lemmas_key(pipelines=pipelines))
        shutil.rmtree(package)

    assert len(set(keys)) == 5


def test_the_pipeline_of_the_default_is_part_of_the_key_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = lemmas_key()

    (tmp_path / "fr_core_news_sm").mkdir()

    assert lemmas_key() != before


@pytest.mark.parametrize("option", ["logreg", "kmeans"])
def test_the_source_of_plans_and_scenarios_is_in_no_key(option):
    model = MODEL.find("text", option)

    sources = find_key_parts(model, Choice.of(model)).sources

    assert f"rakuten_bench.pipeline.kind.{model.kind}" in sources
    others = ("pipeline", "plan", "scenario", "units")
    assert not {f"rakuten_bench.{name}" for name in others} & {*sources}
