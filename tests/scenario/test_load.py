"""Scenario files and codes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rakuten_bench.errors import Problems, UserError
from rakuten_bench.registry import LEVERS
from rakuten_bench.scenario import from_code, from_words, is_code
from rakuten_bench.scenario.load import load_study

REPOSITORY = Path(__file__).parents[2]


def study_of(folder, text, **overrides):
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path, **overrides)


def problems_of(folder, text):
    with pytest.raises(Problems) as caught:
        study_of(folder, text)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


@settings(deadline=None)  # the first example imports all levers
@given(st.data())
def test_a_code_without_parameters_gives_its_scenario_back(data):
    modality = data.draw(st.sampled_from(["text", "image"]))
    options = [
        data.draw(st.sampled_from(lever.options(modality)))
        for lever in LEVERS[modality]
    ]
    scenario = from_words(
        {option.lever.name: option.name for option in options}, modality=modality
    )

    again = from_code(scenario.code)

    assert again == scenario
    assert again.code == scenario.code


def test_a_code_has_a_digit_for_each_lever_in_groups_of_four():
    scenario = from_words(
        {"tokenizer": "regex", "vectorizer": "tfidf", "model": "logreg"}
    )

    assert scenario.code == "T0010-0110-0000"


def test_zero_stands_for_the_plain_option_of_every_lever():
    scenario = from_code("T0000-0000-0000")

    assert scenario.levers["stopwords"] == "off"
    assert scenario.levers["model"] == "dummy"


def test_parameters_that_equal_the_default_leave_the_code_alone():
    plain = from_words({"model": "logreg"})
    same = from_words({"model": "logreg"}, {"model": {"C": 1.0}})

    assert same == plain


def test_parameters_change_the_end_of_the_code_only():
    plain = from_words({"model": "logreg"})
    strong = from_words({"model": "logreg"}, {"model": {"C": 10.0}})

    assert strong.code.startswith(f"{plain.code}-")
    assert strong.code != from_words({"model": "logreg"}, {"model": {"C": 11.0}}).code


def test_a_code_with_parameters_cannot_be_turned_back_alone():
    code = from_words({"model": "logreg"}, {"model": {"C": 10.0}}).code

    with pytest.raises(UserError, match="is a hash of parameters"):
        from_code(code)


@pytest.mark.parametrize(
    "text", ["", "tfidf_svm", "T12", "X0000-0000-0000", "T0000-0000-000"]
)
def test_other_words_are_no_codes(text):
    assert not is_code(text)


def test_a_matrix_gives_every_combination_once(tmp_path):
    study = study_of(
        tmp_path,
        "matrix: {stopwords: [off, iso], vectorizer: [count, tfidf], model: logreg}",
    )

    assert len({scenario.code for scenario in study.scenarios}) == 4


def test_off_is_a_word_and_not_false(tmp_path):
    study = study_of(tmp_path, "matrix: {stopwords: off, model: logreg}")

    assert study.scenarios[0].levers["stopwords"] == "off"


def test_exclude_removes_matching_combinations(tmp_path):
    study = study_of(
        tmp_path,
        """
matrix:
  vectorizer: [count, tfidf]
  model: [logreg, dummy]
  exclude:
    - {vectorizer: count, model: dummy}
""",
    )

    found = {(s.levers["vectorizer"], s.levers["model"]) for s in study.scenarios}
    assert found == {("count", "logreg"), ("tfidf", "logreg"), ("tfidf", "dummy")}


def test_include_extends_what_it_does_not_contradict_and_else_stands_alone(tmp_path):
    study = study_of(
        tmp_path,
        """
matrix:
  vectorizer: [count, tfidf]
  model: logreg
  include:
    - {vectorizer: tfidf, stopwords: iso}
    - {vectorizer: hashing, model: logreg}
""",
    )

    found = {(s.levers["vectorizer"], s.levers["stopwords"]) for s in study.scenarios}
    assert found == {("count", "off"), ("tfidf", "iso"), ("hashing", "off")}


def test_a_list_of_values_sweeps_a_parameter(tmp_path):
    study = study_of(tmp_path, "matrix: {model: {logreg: {C: [0.1, 1, 10]}}}")

    found = [s.params.get("model", {}).get("C", 1.0) for s in study.scenarios]
    assert found == [0.1, 1.0, 10.0]


def test_a_list_that_is_a_value_is_not_swept(tmp_path):
    study = study_of(
        tmp_path, "matrix: {vectorizer: {tfidf: {ngram_range: [1, 2]}}, model: logreg}"
    )

    assert [s.params["vectorizer"]["ngram_range"] for s in study.scenarios] == [(1, 2)]


def test_scenarios_are_given_by_name_in_words_or_as_codes(tmp_path):
    study = study_of(
        tmp_path,
        """
scenarios:
  best: {vectorizer: tfidf, model: {linear_svc: {C: 0.5}}}
  plain: T0000-0010-0000
""",
    )

    assert [scenario.name for scenario in study.scenarios] == ["best", "plain"]
    assert study.scenarios[1].levers["model"] == "logreg"


def test_defaults_hold_for_matrix_and_scenarios_unless_overridden(tmp_path):
    study = study_of(
        tmp_path,
        """
defaults: {tokenizer: regex, stopwords: iso}
matrix: {model: logreg}
scenarios:
  other: {stopwords: off, model: logreg}
""",
    )

    other, first = study.scenarios
    assert (first.levers["tokenizer"], first.levers["stopwords"]) == ("regex", "iso")
    assert (other.levers["tokenizer"], other.levers["stopwords"]) == ("regex", "off")


def test_the_including_file_overrides_the_included(tmp_path):
    (tmp_path / "list.yaml").write_text("dataset: rakuten\nmatrix: {model: logreg}\n")

    study = study_of(tmp_path, "include: list.yaml\ndataset: openmoji\n")

    assert study.dataset.name == "openmoji"
    assert study.scenarios[0].levers["model"] == "logreg"


def test_the_command_line_overrides_the_file(tmp_path):
    study = study_of(tmp_path, "matrix: {model: logreg}", dataset="flipkart", seed=7)

    assert (study.dataset.name, study.seed) == ("flipkart", 7)


def test_impossible_combinations_are_dropped_and_counted(tmp_path):
    study = study_of(
        tmp_path, "matrix: {reducer: [off, svd], model: [logreg, multinomial_nb]}"
    )

    assert len(study.scenarios) == 3
    assert sum(study.dropped.values()) == 1
    assert "multinomial_nb" in next(iter(study.dropped))


def test_an_impossible_scenario_by_name_is_a_mistake(tmp_path):
    problems = problems_of(
        tmp_path, "scenarios:\n  bad: {reducer: svd, model: multinomial_nb}"
    )

    assert problems[0].startswith("study.yaml:2: is impossible:")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ("[a, a]", "'a' is named twice"),
        ("[a, b, twin]", "'twin' is the same scenario as 'a'"),
        ("[a, T0010-0040-0000]", "'T0010-0040-0000' is the same scenario as 'a'"),
        ("[b, {model: {logreg: {C: 1.0}}}]", "is the same scenario as 'b'"),
    ],
)
def test_a_fusion_of_one_member_twice_is_a_mistake(tmp_path, members, why):
    text = (
        "scenarios:\n"
        "  a: {model: multinomial_nb}\n"
        "  b: {model: logreg}\n"
        "  twin: {model: {multinomial_nb: {alpha: 1.0}}}\n"
        f"  joined: {{fusion: mean, members: {members}}}\n"
    )

    [problem] = problems_of(tmp_path, text)

    assert "study.yaml:5: is impossible: a fusion needs different members:" in problem
    assert problem.endswith(f"{why}.")


def test_every_mistake_is_reported_together_with_its_line(tmp_path):
    problems = problems_of(
        tmp_path,
        """
metrik: f1_macro
seed: many
dataset: openmojo
matrix:
  stopword: iso
  model: [logrge, {linear_svc: {K: 1}}, {logreg: {C: big}}]
""",
    )

    places = sorted(int(problem.split(":")[1]) for problem in problems)
    assert places == [2, 3, 4, 6, 7, 7, 7]
    text = "\n".join(problems)
    assert "unknown lever 'stopword'. Did you mean 'stopwords'?" in text
    assert "Did you mean 'logreg'?" in text
    assert "unknown parameter of linear_svc 'K'" in text
    assert "unknown key 'metrik'. Did you mean 'metric'?" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no scenarios"),
        ("- a list", r"must be a mapping \(key: value\), not a list\.$"),
        ("matrix: [", "is not valid YAML"),
        ("matrix:\n  \0", "study.yaml:2: is not valid YAML: special characters"),
        (
            "matrix: {model: logreg}\nmatrix: {model: dummy}",
            "duplicate key 'matrix'",
        ),
        ("include: study.yaml\nmatrix: {model: logreg}", "includes itself"),
        ("include: absent.yaml", "file not found"),
        ("include: {a: b}", r"\{'a': 'b'\}: file not found"),
        ("matrix: &m {model: *m}", "refers to itself by an alias"),
        ("split: holdout\nlimits: lots", r"^\S+:2: limits must be a mapping"),
        ("matrix: {model: [[svc]]}", r"study.yaml:1: unknown model '\['svc'\]'"),
        (
            "scenarios: {a: {fusion: mean, members: [b, c]}}",
            "'b' is neither a scenario",
        ),
        ("matrix: {model: logreg, vectorizer: {tfidf: 3}}", "must be a mapping"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        study_of(tmp_path, text)


def test_a_folder_is_not_a_scenario_file(tmp_path):
    with pytest.raises(
        UserError, match=r"is a folder, not a scenario file\. Name one of its files\.$"
    ):
        load_study(tmp_path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="file not found"):
        load_study(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    "path",
    sorted((REPOSITORY / "scenarios").rglob("*.yaml")),
    ids=lambda path: path.relative_to(REPOSITORY).as_posix(),
)
def test_every_scenario_file_of_ours_is_correct(path):
    study = load_study(path)

    assert study.scenarios


def test_a_search_maximises_the_metric_of_the_study_unless_it_names_its_own(tmp_path):
    study = study_of(
        tmp_path,
        "metric: f1_macro\n"
        "scenarios:\n"
        "  a: {model: logreg, search: grid}\n"
        "  b: {model: logreg, search: {grid: {scoring: accuracy}}}\n"
        "  c: {fusion: mean, members: [a, b]}\n",
    )

    a, b, c = study.scenarios
    assert a["search"].arguments == {"scoring": "f1_macro"}
    assert b["search"].arguments == {"scoring": "accuracy"}
    assert c.members == (a, b)


def test_another_metric_leaves_codes_without_a_search_alone(tmp_path):
    plain = study_of(tmp_path, "scenarios: {a: {model: logreg}}")
    macro = study_of(tmp_path, "metric: f1_macro\nscenarios: {a: {model: logreg}}")

    assert macro.scenarios == plain.scenarios


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("{c: [1, 2]}", "unknown parameter of logreg 'c'"),
        ("{C: {low: 2, high: 1}}", "needs low < high"),
        ("{C: [1]}", "has only one value"),
        ("{}", "space is empty"),
    ],
)
def test_a_wrong_space_is_reported_before_anything_runs(tmp_path, space, message):
    problems = problems_of(
        tmp_path,
        f"""
matrix:
  model: logreg
  stopwords: [off, iso]
  search:
    - off
    - grid: {{space: {space}}}
""",
    )

    assert len(problems) == 1
    assert problems[0].startswith("study.yaml:7: search 'grid', model 'logreg': ")
    assert message in problems[0]


SEARCH = "search: {grid: {space: {c: [1, 2]}}}"


@pytest.mark.parametrize(
    "text",
    [
        f"\nscenarios:\n  a:\n    model: logreg\n    {SEARCH}",
        f"\nscenarios:\n- modality: text\n  model: logreg\n  {SEARCH}",
        f"\n\ndefaults: {{{SEARCH}}}\nscenarios:\n  a: {{model: logreg}}",
        f"\ndefaults: {{{SEARCH}}}\nmatrix:\n\n  {{model: logreg}}",
        f"\nscenarios:\n  a: {{fusion: mean, members: [{{model: linear_svc}},\n\n"
        f"    {{model: logreg, {SEARCH}}}]}}",
    ],
)
def test_a_wrong_space_is_reported_where_it_stands(tmp_path, text):
    (problem,) = problems_of(tmp_path, text)

    assert problem.startswith("study.yaml:5: search 'grid', model 'logreg': unknown")


def test_wrong_spaces_of_one_search_are_reported_with_the_place_of_both(tmp_path):
    problems = problems_of(
        tmp_path,
        """
matrix:
  model: logreg
  search:
    - grid: {space: {c: [1, 2]}}
    - grid: {space: {d: [1, 2]}}
""",
    )

    assert [problem.partition(" ")[0] for problem in problems] == ["study.yaml:5:"] * 2


def test_all_that_is_wrong_in_one_space_is_reported_together(tmp_path):
    problems = problems_of(
        tmp_path,
        """
matrix:
  model: {logreg: {class_weight: balanced}}
  search: {grid: {space: {c: [1, 2], C: {low: 2, high: 1}, class_weight: [balanced]}}}
""",
    )

    place = "study.yaml:4: search 'grid', model 'logreg': "
    assert all(problem.startswith(place) for problem in problems)
    assert len(problems) == 3
    for words in ("unknown parameter", "needs low < high", "sets this parameter"):
        assert sum(words in problem for problem in problems) == 1


@pytest.mark.parametrize("again", ["{model: logreg}", "a", "{model: {logreg: {C: 1}}}"])
def test_a_second_name_of_one_scenario_is_reported(tmp_path, again):
    study = study_of(tmp_path, f"scenarios: {{a: {{model: logreg}}, b: {again}}}")

    (scenario,) = study.scenarios
    assert scenario.name == "a"
    assert study.remarks == ("'b' is the same scenario as 'a': it runs once, as 'a'.",)


def test_a_name_for_a_combination_of_the_matrix_causes_no_warning(tmp_path):
    study = study_of(
        tmp_path, "scenarios: {a: {model: logreg}}\nmatrix: {model: logreg}"
    )

    assert len(study.scenarios) == 1
    assert study.remarks == ()


def test_a_search_is_left_out_where_a_model_has_nothing_to_choose(tmp_path):
    study = study_of(tmp_path, "matrix: {model: [dummy, logreg], search: [off, grid]}")

    assert len(study.scenarios) == 3
    assert "model 'dummy' has no search space" in next(iter(study.dropped))


def test_a_search_keeps_a_value_that_is_given_though_it_is_the_default(tmp_path):
    text = (
        "defaults: {vectorizer: tfidf, search: grid}\n"
        "scenarios:\n"
        "  free: {model: linear_svc}\n"
        "  given: {model: {linear_svc: {C: 1.0}}}\n"
        "matrix: {model: {linear_svc: {C: [1.0, 2.0]}}}\n"
    )

    free, given, other = study_of(tmp_path, text).scenarios
    again = from_words(given.levers, given.params)

    assert free.params == {}
    assert given.params["search"]["space"] == {"class_weight": (None, "balanced")}
    assert other.params == {"model": {"C": 2.0}}
    assert again.code == given.code


def test_a_default_that_is_given_and_searched_is_a_mistake(tmp_path):
    twice = "{model: {logreg: {C: 1.0}}, search: {grid: {space: {C: [1, 2]}}}}"
    none_left = "{model: {complement_nb: {alpha: 1.0, norm: false}}, search: grid}"

    problems = problems_of(tmp_path, f"scenarios: [{twice}, {none_left}]")

    assert "the scenario sets this parameter of 'logreg'" in problems[0]
    assert "with alpha, norm given has no search space" in problems[1]


NAMES = """
dataset:
  table:
    {path: a.csv, title: 010, label: 1.50, id: 12:30, description: null, language: yes,
     name: 1e3, missing: [010, null, 1.0], labels: {normalize: yes}}
split: {holdout: {test_size: 2e-1}}
scenarios: {one: {model: complement_nb}}
"""


def test_names_of_columns_keep_their_spelling(tmp_path):
    study = study_of(tmp_path, NAMES)

    params = study.dataset.params
    assert {name: params[name] for name in ("title", "label", "id", "description")} == {
        "title": "010",
        "label": "1.50",
        "id": "12:30",
        "description": "null",
    }
    assert (params["language"], params["name"]) == ("yes", "1e3")
    assert params["missing"] == ["010", "null", "1.0"]
    assert params["labels"] == {"normalize": True}
    assert study.split.params == {}  # 2e-1 is the default of a number


def test_texts_of_options_keep_their_spelling(tmp_path):
    text = "scenarios: {a: {model: {external: {path: 010}}}}"

    [scenario] = study_of(tmp_path, text).scenarios

    assert scenario["model"].arguments == {"path": "010"}
