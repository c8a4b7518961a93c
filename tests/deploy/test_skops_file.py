"""Model files without pickle: what they hold, and that loading one executes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from rakuten_bench.deploy import load_model
from rakuten_bench.deploy.card import Card, card_path, write_card
from rakuten_bench.deploy.skops_file import dump_skops, is_skops, read_skops
from rakuten_bench.errors import MissingPackage, UserError
from rakuten_bench.pipeline.estimator import build
from rakuten_bench.scenario import from_words

pytest.importorskip("skops", reason="needs the extra skops")

WORDS = ("shoe", "pot", "hat")
KINDS = WORDS * 12


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    titles = [f"{kind} number{i % 5}" for i, kind in enumerate(KINDS)]
    return pd.DataFrame({"title": titles})


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> Any:
    words = {"tokenizer": "regex", "vectorizer": "tfidf", "model": "logreg"}
    return build(from_words(words), random_state=3).fit(frame, KINDS)


@pytest.fixture
def file(model: Any, tmp_path: Path) -> Path:
    """Return a model file with its card."""
    path = tmp_path / "model.skops"
    path.write_bytes(dump_skops(model, path))
    describe(path, model)
    return path


def describe(path: Path, model: Any) -> None:
    """Write a card that fits the file, as an attacker would."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card = Card(
        code=model.scenario.code, name="", levers={}, params={}, dataset="",
        dataset_fingerprint="", split_fingerprint="", rows="all", n_rows=36, classes=[],
        label_names={}, columns={}, scores={}, packages={}, python="", created="",
        format="skops", loading_executes_code=False, sha256=digest,
    )  # fmt: skip
    write_card(path, card)


def change_schema(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the description of the objects in a model file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    change(schema)
    members["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("logreg", {}),
        ("complement_nb", {}),
        ("sgd", {"loss": "modified_huber"}),
        ("knn", {}),
        ("linear_svc", {"calibrate": "sigmoid"}),
        ("linear_svc", {"calibrate": "isotonic"}),
        ("svc_nystroem", {"n_components": 9}),
        ("kmeans", {"n_clusters": 3}),
    ],
)
def test_a_stored_model_predicts_the_same_bytes(
    frame: pd.DataFrame, tmp_path: Path, model: str, params: dict[str, Any]
):
    words = {"tokenizer": "regex", "vectorizer": "tfidf", "model": model}
    scenario = from_words(words, {"model": params})
    fitted = build(scenario, random_state=3).fit(frame, KINDS)
    path = tmp_path / "model.skops"
    path.write_bytes(dump_skops(fitted, path))

    loaded = read_skops(path)

    for name in ("predict", "predict_proba", "decision_function", "features"):
        if hasattr(fitted, name):
            before, after = (getattr(one, name)(frame) for one in (fitted, loaded))
            assert joblib.hash(before) == joblib.hash(after), name


def test_a_fusion_is_stored_with_its_members(frame: pd.DataFrame, tmp_path: Path):
    members = tuple(
        from_words({"vectorizer": vectorizer, "model": "logreg"})
        for vectorizer in ("count", "tfidf")
    )
    fused = from_words({"fusion": "stacking"}, modality="fusion", members=members)
    fitted = build(fused, random_state=3).fit(frame, KINDS)
    path = tmp_path / "model.skops"
    path.write_bytes(dump_skops(fitted, path))

    loaded = read_skops(path)

    assert np.array_equal(loaded.predict_proba(frame), fitted.predict_proba(frame))


@pytest.mark.parametrize(
    ("model", "type_"),
    [
        ("random_forest", "sklearn.tree._tree.Tree"),
        ("svc", "sklearn.svm._classes.SVC"),
        ("xgboost", "xgboost.core.Booster"),
    ],
)
def test_a_model_whose_native_code_trusts_its_file_is_refused(
    frame: pd.DataFrame, tmp_path: Path, model: str, type_: str
):
    words = {"vectorizer": "tfidf", "model": model}
    fitted = build(from_words(words), random_state=3).fit(frame, KINDS)

    with pytest.raises(UserError, match=rf"can't be stored without pickle.*{type_}"):
        dump_skops(fitted, tmp_path / "model.skops")


def test_an_option_that_reads_named_files_is_refused_before_it_is_fitted(
    tmp_path: Path,
):
    from rakuten_bench.deploy.skops_file import refuse_scenario

    scenario = from_words({"normalizer": "lemma_spacy"})

    with pytest.raises(
        UserError, match=r"'lemma_spacy' reads or runs .*'pipelines' names"
    ):
        refuse_scenario(scenario, tmp_path / "model.skops")


def test_a_parameter_with_free_text_is_refused_as_it_may_name_code(tmp_path: Path):
    from rakuten_bench.deploy.skops_file import refuse_scenario

    scenario = from_words({"model": "cnn"}, {"model": {"weights": "mine.pt"}})

    with pytest.raises(UserError, match=r"'cnn' reads or runs .*'weights' names"):
        refuse_scenario(scenario, tmp_path / "model.skops")


def test_without_skops_the_message_says_how_to_install_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "skops.io", None)

    with pytest.raises(MissingPackage, match=r'pip install "rakuten-bench\[skops\]"'):
        load_model(file)


def test_a_file_is_recognized_by_its_content(file: Path, frame: pd.DataFrame):
    other = file.with_name("other.joblib")
    other.write_bytes(file.read_bytes())
    card_path(file).rename(card_path(other))

    loaded, _ = load_model(other)

    assert is_skops(other)
    assert loaded.predict(frame[:3]).tolist() == list(KINDS[:3])


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("name", ["model.skops", "model.joblib"])
def test_a_pickle_is_not_loaded_if_its_name_or_card_says_skops(
    model: Any, tmp_path: Path, name: str
):
    mark, path = tmp_path / "executed", tmp_path / name
    joblib.dump(Bomb(mark), path)
    describe(path, model)

    with pytest.raises(UserError, match="It was not loaded"):
        load_model(path)

    assert not mark.exists()


def plant_function(schema: dict[str, Any]) -> None:
    schema["content"]["attributes"]["content"]["columns_"] = {
        "__class__": "system", "__module__": "os", "__loader__": "FunctionNode",
    }  # fmt: skip


def plant_method(schema: dict[str, Any]) -> None:
    schema["content"]["attributes"]["content"]["columns_"] = {
        "__class__": "methodcaller", "__module__": "operator",
        "__loader__": "OperatorFuncNode",
        "attrs": {"__class__": "str", "__module__": "builtins",
                  "__loader__": "JsonNode", "content": '["system"]'},
    }  # fmt: skip


def plant_constructor(schema: dict[str, Any]) -> None:
    schema["content"]["attributes"]["content"]["columns_"] = {
        "__class__": "Popen", "__module__": "subprocess",
        "__loader__": "ConstructorFromReduceNode",
        "content": {"__class__": "str", "__module__": "builtins",
                    "__loader__": "JsonNode", "content": '["true"]'},
    }  # fmt: skip


def plant_file(schema: dict[str, Any]) -> None:
    node = schema["content"]["attributes"]["content"]["class_index_"]
    node["__class__"] = "memmap"


def plant_old_protocol(schema: dict[str, Any]) -> None:
    schema["protocol"] = 0


def plant_scenario(schema: dict[str, Any]) -> None:
    levers = schema["content"]["scenario"]["content"]["levers"]["content"]
    levers["normalizer"] |= {"content": '"lemma_spacy"', "__id__": 0}


def plant_attribute(schema: dict[str, Any]) -> None:
    attributes = schema["content"]["attributes"]
    attributes["content"]["predict"] = attributes["content"].pop("columns_")


def plant_estimator(schema: dict[str, Any]) -> None:
    schema["content"]["fitted"]["content"] = []


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (plant_function, r"type 'os\.system'"),
        (plant_method, r"type 'operator\.methodcaller'"),
        (plant_constructor, r"type 'subprocess\.Popen'"),
        (plant_file, r"type 'numpy\.memmap'"),
        (plant_old_protocol, "another version of skops"),
        (plant_scenario, r"'lemma_spacy' reads or runs"),
        (plant_attribute, "attribute 'predict' is not one"),
        (plant_estimator, "shorter|length"),
    ],
)
def test_a_planted_file_is_refused_by_name_and_executes_nothing(
    file: Path, model: Any, plant: Callable[[dict[str, Any]], None], message: str
):
    change_schema(file, plant)
    describe(file, model)

    with pytest.raises(
        UserError, match=rf"is not a model file.*{message}.*Nothing in it was executed"
    ):
        load_model(file)


def write_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (1 << 28))


def write_nested_json(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b"[" * (1 << 20))


def write_header_bomb(path: Path) -> None:
    """Replace an array by one whose header promises a million million values."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in members if name.endswith(".npy"))
    members[name] = header.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def truncate(path: Path) -> None:
    os.truncate(path, 1000)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (write_bomb, "bytes unpack to 268,435,456"),
        (write_nested_json, "recursion|nested"),
        (write_header_bomb, r"lacks some of the 1,000,000,000,000 values"),
        (truncate, "not a zip file"),
    ],
)
def test_a_damaged_file_is_one_message(
    file: Path, model: Any, damage: Callable[[Path], None], message: str
):
    damage(file)
    describe(file, model)

    with pytest.raises(UserError, match=rf"(?i)is not a model file.*({message})"):
        load_model(file)


def test_a_file_that_does_not_fit_its_card_is_refused_before_it_is_loaded(file: Path):
    os.truncate(file, 1000)

    with pytest.raises(UserError, match="changed or damaged since its card"):
        load_model(file)


def test_a_sparse_matrix_with_indices_outside_is_refused(
    frame: pd.DataFrame, tmp_path: Path
):
    words = {"vectorizer": "tfidf", "model": "knn"}
    fitted = build(from_words(words), random_state=3).fit(frame, KINDS)
    fitted.model_._fit_X.indices[0] = 10**6  # the training rows that it keeps

    with pytest.raises(UserError, match="can't be stored"):
        dump_skops(fitted, tmp_path / "model.skops")
