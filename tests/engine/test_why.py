"""`rakuten-bench why`: changes since a record, and the number of steps they affect."""

import json
import subprocess

import pytest

from command_line import ODD_OPTIONS, call, enter, odd_words

STUDY = """
dataset: {table: {path: shop.csv, title: name, label: kind, language: language}}
defaults: {tokenizer: regex, cleaner: noted}
scenarios:
  plain: {model: dummy}
  odd: {vectorizer: tfidf, model: {odd: {amount: 1}}}
"""


@pytest.fixture
def shop(odd, capsys):
    """Run a little study; return the folder."""
    (odd / "grid.yaml").write_text(STUDY)
    enter("run", "grid.yaml", "--quiet")
    capsys.readouterr()
    return odd


@pytest.fixture
def why(capsys):
    def ask(*words):
        code, told, error = call(capsys, "why", *words)
        return code, told + error

    return ask


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def edit_record(folder, name, change):
    for path in folder.glob("results/shop/*/record.json"):
        record = json.loads(path.read_text())
        if record["name"] == name:
            change(record)
            path.write_text(json.dumps(record))


def test_nothing_has_changed(shop, why):
    code, said = why("odd")

    assert code == 0
    assert said.endswith("nothing has changed. It would not run again.\n")


def test_a_parameter_is_named_with_both_values(shop, why):
    edit(shop / "grid.yaml", "amount: 1", "amount: 2")

    _, said = why("odd", "grid.yaml")

    assert "would run again: 1 of 7 steps" in said
    assert "model odd: parameter amount: 1.0 -> 2.0" in said
    assert "follow" not in said


def test_a_changed_option_is_named_and_later_steps_are_counted(shop, why):
    edit(shop / "grid.yaml", "{tokenizer: regex,", "{tokenizer: split,")

    _, said = why("odd", "grid.yaml")

    assert "would run again: 3 of 7 steps" in said
    assert "tokenizer: option regex -> split" in said
    assert (
        "2 steps follow:\n  vectorizer tfidf [fold 0]\n  model odd(amount=1.0)" in said
    )


def test_changed_data_are_named_and_all_that_reads_them_follows(shop, why):
    with (shop / "shop.csv").open("a") as file:
        file.write("\nred hat 99,hat,fr\n")

    _, said = why("odd")

    assert "data: 30 rows" in said
    assert "-> 31 rows" in said
    assert "7 of 7 steps" in said


def test_a_changed_split_and_seed_are_named(shop, why):
    edit(
        shop / "grid.yaml",
        "defaults:",
        "split: {kfold: {n_splits: 3}}\nseed: 9\ndefaults:",
    )

    _, said = why("plain", "grid.yaml")

    assert "split: holdout" in said
    assert "seed: 123 -> 9" in said


def test_a_changed_source_file_is_named_with_its_steps(shop):
    file = shop / "odd_options.py"
    text = ODD_OPTIONS.read_text()
    file.write_text(text.replace('text + " x" * padding', 'text + " y" * padding'))
    words = odd_words("why", "odd", options=file)

    said = subprocess.run(words, cwd=shop, capture_output=True, text=True, check=True)

    assert "would run again: 4 of 7 steps" in said.stdout
    assert "cleaner noted: source of odd_options.py" in said.stdout
    assert "model odd(amount=1.0) [fold 0]: source of odd_options.py" in said.stdout
    assert "2 steps follow" in said.stdout


def test_a_comment_changes_nothing(shop):
    file = shop / "odd_options.py"
    text = ODD_OPTIONS.read_text()
    file.write_text(text + "# a remark\n")
    words = odd_words("why", "odd", options=file)

    said = subprocess.run(words, cwd=shop, capture_output=True, text=True, check=True)

    assert "nothing has changed" in said.stdout


def test_a_changed_package_is_named_with_both_versions(shop, why):
    def as_of_an_older_version(record):
        record["provenance"]["packages"]["scikit-learn"] = "0.9"
        record["key"] = record["steps"][-1]["key"] = "of another version"

    edit_record(shop, "plain", as_of_an_older_version)

    _, said = why("plain")

    assert "would run again: 1 of 7 steps, 1 of them cached" in said
    assert "model dummy [fold 0]: package scikit-learn 0.9 -> " in said


def test_a_failure_explains_how_to_run_it_again(shop, why):
    edit(shop / "grid.yaml", "odd: {vec", "broken: {vec")
    edit(shop / "grid.yaml", "amount: 1", "how: fail")
    enter("run", "grid.yaml", "--quiet")

    _, said = why("broken")

    assert "nothing has changed" in said
    assert "Its status is 'failed': --rerun failed runs it again." in said


def test_only_failed_steps_and_later_ones_run_again(shop, why):
    edit(shop / "grid.yaml", "odd: {vec", "broken: {vec")
    edit(shop / "grid.yaml", "amount: 1", "how: fail")
    enter("run", "grid.yaml", "--quiet")
    edit(shop / "grid.yaml", "how: fail", "how: sleep")

    _, said = why("broken", "grid.yaml")

    assert "would run again: 1 of 7 steps, 0 of them cached" in said
    assert "model odd: parameter how: fail -> sleep" in said


def test_a_failed_step_runs_again_if_only_later_steps_have_changed(shop, why):
    edit(shop / "grid.yaml", "cleaner: noted", "cleaner: {noted: {seconds: -1}}")
    edit(shop / "grid.yaml", "plain:", "broken:")
    enter("run", "grid.yaml", "--quiet")
    edit(shop / "grid.yaml", "model: dummy", "model: linear_svc")

    _, said = why("broken", "grid.yaml")

    assert "cleaner noted(seconds=-1.0): failed" in said
    assert "model: option dummy -> linear_svc" in said


def test_a_removed_option_is_named(shop, why):
    def with_an_option_of_old(record):
        record["levers"]["stopwords"] = "list_of_old"

    edit_record(shop, "plain", with_an_option_of_old)

    code, said = why("plain")

    assert code == 2
    assert "unknown stopwords 'list_of_old'" in said


def test_a_scenario_without_a_record_does_not_crash(shop, why):
    code, said = why("T0000-0000-0000")

    assert code == 2
    assert "unknown scenario 'T0000-0000-0000'" in said


def test_a_scenario_that_the_file_does_not_have_is_named(shop, why):
    (shop / "other.yaml").write_text(
        STUDY.replace("odd: {vec", "other: {fields: title, vec")
    )

    code, said = why("odd", "other.yaml")

    assert code == 2
    assert "other.yaml: unknown scenario 'odd'" in said


def test_changed_files_in_a_folder_that_an_option_reads_are_named(shop, why):
    folder = shop / "here"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    (shop / "grid.yaml").write_text(
        STUDY.partition("scenarios:")[0]
        + "scenarios: {far: {model: {reading: {models: here}}}}"
    )
    enter("run", "grid.yaml", "--quiet")
    assert "nothing has changed" in why("far")[1]

    (folder / "model.bin").write_bytes(b"better weights")

    _, said = why("far")
    assert "would run again: 1 of 7 steps" in said
    assert "model reading(models=here) [fold 0]: the files that it reads" in said
