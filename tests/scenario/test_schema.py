"""The JSON Schema of scenario files accepts and refuses what loading does."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from rakuten_bench.errors import UserError
from rakuten_bench.registry import LEVERS, NORMALIZER, discover
from rakuten_bench.scenario.document import load_document
from rakuten_bench.scenario.load import KEYS, load_study
from rakuten_bench.scenario.schema import build_schema

REPOSITORY = Path(__file__).parents[2]
FILES = sorted((REPOSITORY / "scenarios").rglob("*.yaml"))

discover()
OPTIONS = [
    (modality, option)
    for modality, levers in LEVERS.items()
    for lever in levers
    for option in lever.options(modality)
]


@pytest.fixture(scope="module")
def validator():
    schema = build_schema()
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def write(folder, text):
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def describe(name):
    return name.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("path", FILES, ids=describe)
def test_every_scenario_file_of_ours_is_valid(validator, path):
    assert not [*validator.iter_errors(load_document(path).plain())]


@pytest.mark.parametrize(
    ("modality", "option"),
    OPTIONS,
    ids=[f"{modality}-{one.lever.name}-{one.name}" for modality, one in OPTIONS],
)
def test_every_option_is_valid_with_its_default_parameters(validator, modality, option):
    params = json.loads(json.dumps(option.defaults))  # tuples as lists
    required = {
        name: "file.csv" for name, one in option.parameters.items() if one.is_required
    }
    levers = {"modality": modality, option.lever.name: {option.name: params | required}}

    assert validator.is_valid({"scenarios": {"a": levers}, "matrix": [levers]})


@pytest.mark.parametrize(
    "text",
    [
        "scenarios: [T0011-0120-0000]",
        "scenarios: {a: T0011-0120-0000, again: a}",
        "scenarios:\n  a: {vectorizer: tfidf, model: {logreg: {C: '1e-3'}}}",
        "scenarios:\n  a: {vectorizer: {tfidf: {sublinear_tf: yes}}, model: logreg}",
        "scenarios:\n  a: {vectorizer: [tfidf], model: {logreg: }}",
        "matrix: {vectorizer: {tfidf: {min_df: [1, 2]}}, model: [logreg, sgd]}",
        "matrix:\n  vectorizer: {tfidf: {ngram_range: [[1, 1], [1, 2]]}}\n  model: logreg",
        "matrix: {model: logreg, exclude: {model: sgd}, include: [{stopwords: iso}]}",
        "matrix: [{model: logreg}, {feature: hog, model: knn, limits: {time: 90}}]",
        "defaults: {image: {feature: hog}, text: {stopwords: iso}}\n"
        "scenarios: {a: {model: logreg}}",
        "limits: {time: 1h 30m, memory: 512 MiB, model: {svc: {time: 2.5}}}\n"
        "scenarios: {a: {model: logreg}}",
        "x-anything: {goes: here}\n.hidden: 1\nscenarios: {a: {model: logreg}}\nsplit:",
        "dataset: {table: {path: a.csv, label: 010, title: 2024}}\n"
        "split: {holdout: {test_size: 0.3}}\nscenarios: {a: {model: logreg}}",
        "scenarios:\n  a: {vectorizer: tfidf, model: logreg}\n  b: {feature: hog, model: knn}"
        "\n  c: {fusion: mean, members: [a, {feature: hog, model: random_forest}]}",
    ],
)
def test_what_loading_accepts_is_valid(validator, text, tmp_path):
    path = write(tmp_path, text)

    assert load_study(path).scenarios
    assert validator.is_valid(load_document(path).plain())


@pytest.mark.parametrize(
    "text",
    [
        "scenarois: {a: {model: logreg}}\nseed: 1",
        "metric: f1\nscenarios: {a: {model: logreg}}",
        "seed: -1\nscenarios: {a: {model: logreg}}",
        "scenarios: {a: {modle: logreg}}",
        "scenarios: {a: {model: logrge}}",
        "scenarios: {a: {model: {logreg: {c: 1}}}}",
        "scenarios: {a: {model: {logreg: {C: much}}}}",
        "scenarios: {a: {model: [logreg, sgd]}}",
        "scenarios: {a: {model: logreg, fusion: mean}}",
        "scenarios: {a: {feature: hog, tokenizer: regex, model: logreg}}",
        "scenarios: {a: {modality: pictures, model: logreg}}",
        "scenarios: {a: {model: logreg, members: [T0011-0120-0000]}}",
        "scenarios: {a: {vectorizer: {}, model: logreg}}",
        "matrix: {model: []}",
        "matrix: {vectorizer: {tfidf: 0}, model: logreg}",
        "matrix: {vectorizer: {tfidf: {min_dff: 1}}, model: logreg}",
        "matrix: {model: logreg, exclude: [{modell: sgd}]}",
        "matrix: {model: logreg, exclude: [{model: [sgd, logreg]}]}",
        "dataset: openemoji\nscenarios: {a: {model: logreg}}",
        "dataset: table\nscenarios: {a: {model: logreg}}",
        "dataset: {table: {path: a.csv}}\nscenarios: {a: {model: logreg}}",
        "dataset: {table: {label: a, colour: b}}\nscenarios: {a: {model: logreg}}",
        "dataset: {table: {label: a}, openmoji: {}}\nscenarios: {a: {model: logreg}}",
        "dataset: {table: {label: a, labels: {normalise: yes}}}\n"
        "scenarios: {a: {model: logreg}}",
        "split: {holdout: {test_size: 1.5}}\nscenarios: {a: {model: logreg}}",
        "split: {kfold: {n_splits: 1}}\nscenarios: {a: {model: logreg}}",
        "limits: {time: 10 minutes}\nscenarios: {a: {model: logreg}}",
        "limits: {memory: 6}\nscenarios: {a: {model: logreg}}",
        "limits: {model: {svx: {time: 1h}}}\nscenarios: {a: {model: logreg}}",
        "defaults: {vectoriser: tfidf}\nscenarios: {a: {model: logreg}}",
        "defaults: {text: {model: logreg}, vectorizer: tfidf}\nscenarios: {a: {}}",
        "defaults: {feature: hogg}\nscenarios: {a: {model: logreg}}",
    ],
)
def test_what_loading_refuses_by_name_or_type_is_not_valid(validator, text, tmp_path):
    path = write(tmp_path, text)

    with pytest.raises(UserError, match=r"study\.yaml:\d+: "):
        load_study(path)
    assert not validator.is_valid(load_document(path).plain())


def test_every_key_has_a_meaning_in_the_schema():
    properties = build_schema()["properties"]

    assert {key: one["description"] for key, one in properties.items()} == KEYS


def test_the_names_of_options_carry_their_meaning():
    names = build_schema()["definitions"]["text.model"]["anyOf"][0]

    meanings = dict(zip(names["enum"], names["enumDescriptions"], strict=True))

    assert meanings["linear_svc"] == next(
        one.doc for _, one in OPTIONS if one.name == "linear_svc"
    )


def test_the_columns_of_a_table_are_explained():
    table = build_schema()["properties"]["dataset"]["anyOf"][0]["anyOf"][1]
    label = table["properties"]["table"]["properties"]["label"]

    assert label["description"].startswith("Names of columns;")


def test_options_of_plugins_are_in_the_schema():
    def backwards(tokens: list[str], *, times: int = 1) -> list[str]:
        """Reverse every word."""
        return [token[:: (-1) ** times] for token in tokens]

    NORMALIZER.option("backwards", digit="y")(backwards)
    try:
        validator = Draft7Validator(build_schema())
    finally:
        NORMALIZER.forget_foreign()

    levers = {"normalizer": {"backwards": {"times": 2}}, "model": "logreg"}
    assert validator.is_valid({"scenarios": {"a": levers}})
