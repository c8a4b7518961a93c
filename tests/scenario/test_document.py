"""Scenario files as people write them: names, numbers, aliases, and what is refused."""

import pytest

from rakuten_bench.errors import UserError
from rakuten_bench.scenario import from_words
from rakuten_bench.scenario.document import load_document
from rakuten_bench.scenario.load import load_study


def study_of(folder, text):
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path)


def load(folder, text):
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return load_document(path)


@pytest.mark.parametrize(
    "name",
    ["010", "1.50", "12:30", "2024-01-01", "null", "on", "yes", "~", "0x1F", "1e3"],
)
def test_a_name_stays_as_it_was_written(tmp_path, name):
    study = study_of(
        tmp_path,
        f"scenarios:\n  {name}: {{model: dummy}}\n  other: {{model: logreg}}\n"
        f"  both: {{fusion: mean, members: [{name}, other]}}\n",
    )

    assert [one.name for one in study.scenarios] == [name, "other", "both"]
    assert study.scenarios[2].members[0].name == name


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("010", 10),
        ("1_000", 1000),
        ("0x10", 16),
        ("0o17", 15),
        ("-3", -3),
        ("1e-3", 0.001),
        ("1.5E+2", 150.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("off", "off"),
        ("true", True),
        ("'7'", "7"),
        ("~", None),
    ],
)
def test_values_are_read_as_yaml_1_2_has_them(tmp_path, written, value):
    found = load(tmp_path, f"key: {written}\n").plain()["key"]

    assert found == value
    assert type(found) is type(value)


def test_own_keys_win_over_merged_ones_wherever_they_stand(tmp_path):
    study = study_of(
        tmp_path,
        "x-base: &base {tokenizer: regex, vectorizer: tfidf}\n"
        ".more: &more {vectorizer: hashing, normalizer: stem_snowball}\n"
        "scenarios:\n"
        "  before: {<<: *base, vectorizer: count, model: logreg}\n"
        "  after:\n"
        "    vectorizer: count\n"
        "    model: ridge\n"
        "    <<: *base\n"
        "  several: {<<: [*base, *more], model: logreg}\n"
        "  twice:\n"
        "    <<: *base\n"
        "    <<: *more\n"
        "    model: ridge\n",
    )

    vectorizers = [one.levers["vectorizer"] for one in study.scenarios]
    assert vectorizers == ["count", "count", "tfidf", "tfidf"]
    assert study.scenarios[3].levers["normalizer"] == "stem_snowball"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", r":2: duplicate key 'a'"),
        ("a:\na: 2\n", r":2: duplicate key 'a'"),
        ("? [a, b]\n: 1\n", r":1: a key must be a name, not a list"),
        ("a: &a [1]\nb: {<<: *a}\n", r":1: '<<' needs a mapping|'<<' needs a mapping"),
        ("a: &a {b: *a}\n", r":1: refers to itself by an alias"),
        ("a: &a {<<: *a}\n", r":1: refers to itself by an alias"),
        ('"\\ud800": 1\n', r":1: '\\ud800' has an unpaired surrogate"),
        ('a: "x\\udfff"\n', r":1: 'x\\udfff' has an unpaired surrogate"),
        ("a: !!python/object/apply:os.system [x]\n", r":1: tag '.*' is not supported"),
        ("a: " + "9" * 5000 + "\n", r":1: '9{20}' can't be read"),
        ("[" * 3000 + "]" * 3000 + "\n", "is nested too deeply"),
    ],
)
def test_a_document_that_can_not_be_meant_is_refused_with_its_line(
    tmp_path, text, message
):
    with pytest.raises(UserError, match=message):
        load(tmp_path, text)


def bomb(first, link, depth=9):
    lines = [f"a0: &a0 {first}"]
    for level in range(1, depth):
        before = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} {link.format(before)}")
    return "\n".join(lines) + "\n"


def test_aliases_that_expand_to_millions_of_values_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"aliases \(\*\) expand to [\d,]+ values"):
        load(tmp_path, bomb("[x, x, x]", "[{}]"))


def test_merge_keys_can_not_grow_a_mapping_beyond_its_keys(tmp_path):
    found = load(tmp_path, bomb("{x: 1}", "{{<<: [{}]}}", depth=30))

    assert found.plain()["a29"] == {"x": 1}


@pytest.mark.parametrize(
    "key", ["defaults", "limits", "title", "split", "x-nothing", "metric", "seed"]
)
def test_a_key_with_nothing_behind_it_counts_as_left_out(tmp_path, key):
    study = study_of(tmp_path, f"{key}:\nscenarios:\n  a: {{model: dummy}}\n")

    assert [one.name for one in study.scenarios] == ["a"]


def test_a_matrix_with_empty_exclude_and_no_scenarios_is_whole(tmp_path):
    study = study_of(
        tmp_path,
        "scenarios:\n#  a: {model: dummy}\nmatrix:\n  model: logreg\n  exclude:\n",
    )

    assert len(study.scenarios) == 1


@pytest.mark.parametrize(
    "name", [r'"a\x1b[31m"', r'"a\nb"', r'"\u202egnp"', '" a"', f'"{"n" * 201}"']
)
def test_a_name_that_no_terminal_can_show_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="a name has at most 200 characters"):
        study_of(tmp_path, f"scenarios:\n  {name}: {{model: dummy}}\n")


@pytest.mark.parametrize(
    ("scenario", "params"),
    [
        ("{model: {sgd: {alpha: 1e-3}}}", {"alpha": 0.001}),
        ("{model: {sgd: {alpha: '1e-3'}}}", {"alpha": 0.001}),
        ("{model: {sgd: {alpha: [1e-3]}}}", {"alpha": 0.001}),
        ("{model: {sgd: {max_iter: 1e4}}}", {"max_iter": 10_000}),
        ("{model: {multinomial_nb: {fit_prior: no}}}", {"fit_prior": False}),
        ("{model: {multinomial_nb: {fit_prior: off}}}", {"fit_prior": False}),
        ("{model: {logreg: {C: .inf}}}", {"C": float("inf")}),
    ],
)
def test_a_value_is_read_by_the_type_that_its_parameter_declares(
    tmp_path, scenario, params
):
    [found] = study_of(tmp_path, f"scenarios: [{scenario}]\n").scenarios

    assert found["model"].arguments == params


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        (
            "{model: {dummy: {strategy: best}}}",
            "'best' is invalid: expected 'prior' or 'stratified' or 'uniform'",
        ),
        (
            "{vectorizer: {tfidf: {ngram_range: 1}}, model: logreg}",
            "1 is invalid: expected a list of 2, each a whole number",
        ),
        ("{model: {sgd: {alpha: much}}}", "'much' is invalid: expected a number"),
        ("{model: {sgd: {alpha: true}}}", "True is invalid: expected a number"),
        ("{model: {logreg: {C: .nan}}}", "nan is invalid: NaN is not allowed"),
        ("{stopwords: no, model: logreg}", "stopwords 'no'. Did you mean 'off'?"),
        ("{stopwords: , model: logreg}", "stopwords ''. Did you mean 'off'?"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(
    tmp_path, scenario, message
):
    with pytest.raises(UserError, match=message):
        study_of(tmp_path, f"scenarios: [{scenario}]\n")


def test_infinities_have_codes_of_their_own_and_come_back_from_a_record():
    words = {"vectorizer": "tfidf", "model": "logreg"}
    one = from_words(words, {"model": {"C": float("inf")}})
    other = from_words(words, {"model": {"C": float("-inf")}})

    assert one.code != other.code
    assert from_words(words, {"model": {"C": "inf"}}) == one


def test_a_seed_in_quotes_is_a_number_and_true_is_none(tmp_path):
    scenarios = "scenarios: [{model: dummy}]\n"

    assert study_of(tmp_path, f"seed: '7'\n{scenarios}").seed == 7
    with pytest.raises(UserError, match="seed 'True' must be a whole number"):
        study_of(tmp_path, f"seed: true\n{scenarios}")
