"""From board to use: export, predict, explain."""

import json
import os
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info, threadpool_limits

from command_line import enter
from rakuten_bench.deploy import Card
from rakuten_bench.deploy.card import read_card
from rakuten_bench.deploy.explain import Explanation, explain_row, text_row
from rakuten_bench.deploy.page import render_explanation
from rakuten_bench.deploy.table import predict_table
from rakuten_bench.errors import UserError
from rakuten_bench.records import read_predictions

WORDS = ("shoe", "pot", "hat")
EMPTY_CARD = Card(
    code="", name="", levers={}, params={}, dataset="", dataset_fingerprint="",
    split_fingerprint="", rows="all", n_rows=12, classes=[], label_names={}, columns={},
    scores={}, packages={}, python="", created="",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Run a little shop with a model of each kind; return its folder."""
    folder = tmp_path_factory.mktemp("shop")
    generator = np.random.default_rng(0)
    rows = ["id,name,photo,kind"]
    for i in range(90):
        kind = WORDS[i % 3]
        other = WORDS[generator.integers(3)]
        rows.append(f"p{i},{kind} {other} colour{i % 7} {i},p{i}.png,{kind}")
        pixels = generator.integers(40 * (i % 3), 170 + 40 * (i % 3), (24, 24, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"p{i}.png")
    (folder / "shop.csv").write_text("\n".join(rows))
    (folder / "shop.yaml").write_text(
        """
dataset: {table: {path: shop.csv, title: name, image: photo, label: kind, id: id}}
defaults: {tokenizer: regex, vectorizer: tfidf}
scenarios:
  svm: {model: linear_svc}
  bayes: {model: complement_nb}
  chi2: {reducer: {chi2: {k: 10}}, model: logreg}
  lsa: {reducer: {svd: {n_components: 8}}, model: {linear_svc: {calibrate: sigmoid}}}
  searched: {model: logreg, search: {random: {n_iter: 3}}}
  sampled: {model: logreg, sampler: {smote: {k_neighbors: 60}}}
  seen: {feature: color, model: logreg}
  stacked: {fusion: {stacking: {cv: 3}}, members: [lsa, seen]}
"""
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert enter("run", "shop.yaml", "--cache", "cache", "--quiet") == 0
    return folder


@pytest.fixture
def call(call, shop, monkeypatch):
    monkeypatch.chdir(shop)
    return call


def record_folder(shop, name):
    for path in shop.glob("results/shop/*/record.json"):
        if json.loads(path.read_text())["name"] == name:
            return path.parent
    raise AssertionError(name)


@pytest.mark.parametrize(
    "name", ["svm", "bayes", "chi2", "searched", "sampled", "seen", "stacked"]
)
def test_an_exported_model_predicts_the_record_in_a_fresh_process(
    shop, call, name, tmp_path
):
    model = tmp_path / "model.joblib"
    code, _, error = call("export", name, "-o", model, "--cache", "cache")
    assert code == 0, error

    command = [sys.executable, "-m", "rakuten_bench", "predict", model, "shop.csv"]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    (tmp_path / "out.csv").write_text(done.stdout)
    labelled = pd.read_csv(tmp_path / "out.csv", dtype=str).set_index("id")["label"]
    record = read_predictions(record_folder(shop, name))
    wanted = [record.classes[code] for code in record.predicted]
    assert labelled[record.ids].tolist() == wanted


@pytest.mark.parametrize(
    "words",
    [["export", "chi2", "-o", "m.joblib"], ["explain", "chi2", "--text", "hat"]],
)
def test_a_fit_has_the_threads_that_the_record_says(shop, call, words, monkeypatch):
    fit, seen = LogisticRegression.fit, []

    def watch(model, X, y):
        seen.extend(library["num_threads"] for library in threadpool_info())
        return fit(model, X, y)

    monkeypatch.setattr(LogisticRegression, "fit", watch)
    with threadpool_limits(2):
        code, _, error = call(*words, "--cache", "cache")

    assert code == 0, error
    record = json.loads((record_folder(shop, "chi2") / "record.json").read_text())
    assert set(seen) == {record["n_threads"]} == {1}


@pytest.mark.parametrize(
    "words",
    [["export", "sampled", "-o", "m.joblib"], ["explain", "sampled", "--text", "hat"]],
)
def test_warnings_of_a_fit_are_printed_once_as_a_note(shop, call, words):
    code, _, error = call(*words, "--cache", "cache")

    assert code == 0, error
    (line,) = error.splitlines()
    assert line.startswith("note: smote: k_neighbors lowered")


def test_predict_gives_probability_and_two_more_guesses(shop, call, tmp_path):
    model = tmp_path / "model.joblib"
    call("export", "bayes", "-o", model, "--rows", "all", "--cache", "cache")

    call("predict", model, "shop.csv", "-o", tmp_path / "out.csv")

    found = pd.read_csv(tmp_path / "out.csv")
    assert found.columns.tolist() == [
        "id", "name", "photo", "kind", "label", "probability", "second", "second_probability", "third",
        "third_probability",
    ]  # fmt: skip
    total = (
        found["probability"] + found["second_probability"] + found["third_probability"]
    )
    assert np.allclose(total, 1, atol=1e-5)
    assert (found["probability"] >= found["second_probability"]).all()
    assert (found[["label", "second", "third"]].nunique(axis=1) == 3).all()


def test_predict_reports_missing_images_once(shop, call, tmp_path):
    model = tmp_path / "model.joblib"
    call("export", "seen", "-o", model, "--cache", "cache")
    (tmp_path / "new.csv").write_text("photo\np1.png\nabsent.png\ngone.png\n")

    code, _, error = call("predict", model, tmp_path / "new.csv")

    assert code == 0
    assert error == "note: images: 2 missing\n"


def test_a_model_without_probabilities_still_gives_guesses(shop, call, tmp_path):
    model = tmp_path / "model.joblib"
    call("export", "svm", "-o", model, "--cache", "cache")

    call("predict", model, "shop.csv", "-o", tmp_path / "out.csv")

    assert pd.read_csv(tmp_path / "out.csv").columns.tolist() == [
        "id", "name", "photo", "kind", "label", "second", "third",
    ]  # fmt: skip


def test_the_card_describes_the_model(shop, call, tmp_path):
    call(
        "export",
        "svm",
        "-o",
        tmp_path / "model.joblib",
        "--rows",
        "all",
        "--cache",
        "cache",
    )

    card = json.loads((tmp_path / "model.card.json").read_text())

    record = json.loads((record_folder(shop, "svm") / "record.json").read_text())
    assert card["rows"] == "all"
    assert card["n_rows"] == 90
    assert card["scores"]["f1_weighted"] == record["scores"]["f1_weighted"]
    assert card["dataset_fingerprint"] == record["dataset"]["fingerprint"]
    assert "scikit-learn" in card["packages"]


def test_the_card_contains_the_parameters_that_a_search_chose(shop, call, tmp_path):
    call("export", "searched", "-o", tmp_path / "model.joblib", "--cache", "cache")

    (line,) = json.loads((tmp_path / "model.card.json").read_text())["search"]

    record = json.loads((record_folder(shop, "searched") / "record.json").read_text())
    assert line.startswith(f"best C={record['details']['best_params']['C']:g}")
    assert "3 candidates" in line


def test_a_model_is_an_ordinary_joblib_file(shop, call, tmp_path):
    call("export", "svm", "-o", tmp_path / "model.joblib", "--cache", "cache")

    model = joblib.load(tmp_path / "model.joblib")

    assert model.predict(pd.DataFrame({"title": ["hat hat hat"]})).tolist() == ["hat"]


def test_a_model_of_other_versions_is_refused_by_default(shop, call, tmp_path):
    model = tmp_path / "model.joblib"
    call("export", "svm", "-o", model, "--cache", "cache")
    card = tmp_path / "model.card.json"
    card.write_text(
        card.read_text().replace('"scikit-learn": "', '"scikit-learn": "0.')
    )

    refused, _, why = call("predict", model, "shop.csv")
    allowed, out, warned = call("predict", model, "shop.csv", "--any-version")

    assert refused == 2
    assert "scikit-learn 0." in why
    assert allowed == 0
    assert "scikit-learn 0." in warned
    assert out.startswith("id,name,photo,kind,label")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "absent.joblib", "shop.csv"], "model not found"),
        (["export", "svmm"], "svmm"),
        (["explain", "svm"], "either --row ID or --text"),
        (["explain", "svm", "--row", "nobody", "--cache", "cache"], "no row of shop"),
        (
            ["explain", "svm", "--text", "hat", "--label", "cat", "--cache", "cache"],
            "class 'cat'",
        ),
        (["show", ""], "unknown scenario ''"),
    ],
)
def test_impossible_requests_are_refused_in_one_message(call, words, message):
    code, _, error = call(*words)

    assert code == 2
    assert message in error
    assert "Traceback" not in error


def test_changed_data_are_refused(shop, call, tmp_path):
    path = shop / "shop.csv"
    before = path.read_text()
    path.write_text(before.replace("colour1", "color1"))
    try:
        code, _, error = call(
            "export", "svm", "-o", tmp_path / "m.joblib", "--cache", "cache"
        )
    finally:
        path.write_text(before)

    assert code == 2
    assert "changed since the record was written" in error


@pytest.mark.parametrize("name", ["svm", "chi2"])
def test_words_of_a_linear_model_sum_to_its_decision(shop, name, monkeypatch):
    from rakuten_bench.deploy.model import fit_source
    from rakuten_bench.deploy.source import load_source
    from rakuten_bench.records import read_record

    monkeypatch.chdir(shop)
    source = load_source(read_record(record_folder(shop, name)), cache=shop / "cache")
    model = fit_source(source, "train", 123)
    row = source.dataset.frame.iloc[[4]]

    found = explain_row(model, row, label="pot")

    place = model.classes_.tolist().index("pot")
    assert found.method == "linear"
    assert found.score == pytest.approx(
        model.decision_function(row)[0, place], abs=1e-9
    )
    assert sum(value for _, value in found.parts) + found.rest == pytest.approx(
        found.score
    )
    assert next(value for word, value in found.parts if word.endswith("pot")) > 0


def test_explain_prints_words_and_writes_a_page(shop, call, tmp_path):
    page = tmp_path / "why.html"

    code, out, _ = call(
        "explain", "svm", "--text", "hat <script>alert(1)</script>", "--html", page,
        "--cache", "cache",
    )  # fmt: skip

    assert code == 0
    assert "exact contributions" in out
    html = page.read_text()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_other_text_models_are_explained_by_lime(shop, call):
    pytest.importorskip("lime", reason="needs the extra explain")

    code, out, error = call(
        "explain", "bayes", "--text", "hat hat colour1", "--cache", "cache"
    )

    assert code == 0, error
    assert "LIME" in out
    assert "hat" in out


def test_without_lime_the_message_explains_how_to_install_it(shop, call, monkeypatch):
    monkeypatch.setitem(sys.modules, "lime.lime_text", None)

    code, _, error = call("explain", "bayes", "--text", "hat", "--cache", "cache")

    assert code == 2
    assert 'pip install "rakuten-bench[explain]"' in error
    assert "Traceback" not in error


def test_a_fusion_is_explained_with_its_picture_and_the_text_that_it_reads(tmp_path):
    pytest.importorskip("lime", reason="needs the extra explain")
    from rakuten_bench.pipeline.estimator import build
    from rakuten_bench.scenario import from_words

    generator = np.random.default_rng(0)
    rows = []
    for number in range(30):
        kind = WORDS[number % 3]
        path = tmp_path / f"{number}.png"
        shade = 60 + 80 * (number % 3) + int(generator.integers(20))
        Image.new("RGB", (32, 32), (shade, shade, shade)).save(path)
        rows.append(
            (f"{kind} {WORDS[generator.integers(3)]}", "blurb", str(path), kind)
        )
    frame = pd.DataFrame(rows, columns=["title", "description", "image_path", "label"])
    text = from_words(
        {"tokenizer": "regex", "fields": "title", "model": "complement_nb"}
    )
    image = from_words({"feature": "color", "model": "logreg"}, modality="image")
    fused = from_words({"fusion": "mean"}, modality="fusion", members=(text, image))
    model = build(fused, random_state=0).fit(frame, frame["label"])
    row = frame.iloc[[1]]

    found = explain_row(model, row, label="pot")

    place = model.classes_.tolist().index("pot")
    assert found.method == "lime"
    assert found.score == pytest.approx(model.predict_proba(row)[0, place])
    assert model.predict_proba(row.assign(image_path=""))[0, place] != found.score
    parts = dict(found.parts)
    assert parts["pot"] > 0.02
    assert abs(parts["blurb"]) < 0.005  # only the title is read


def test_an_image_is_explained_by_a_map_of_its_fields(tmp_path):
    from rakuten_bench.deploy.page import render_explanation_page
    from rakuten_bench.pipeline.estimator import build
    from rakuten_bench.scenario import from_words

    rows = []
    for number in range(20):
        pixels = np.full((70, 70, 3), 120, dtype=np.uint8)
        corner = slice(0, 20) if number % 2 else slice(50, 70)
        pixels[corner, corner] = 255 - number
        path = tmp_path / f"{number}.png"
        Image.fromarray(pixels).save(path)
        rows.append((str(path), "ends" if number % 2 else "starts"))
    frame = pd.DataFrame(rows, columns=["image_path", "label"])
    scenario = from_words({"feature": "pixels", "model": "logreg"}, modality="image")
    model = build(scenario, random_state=0).fit(frame, frame["label"])

    found = explain_row(model, frame.iloc[[1]], label="ends")

    assert found.grid.shape == (7, 7)
    assert np.unravel_index(found.grid.argmax(), (7, 7)) in {
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    }
    lines = render_explanation(found, "head").splitlines()
    assert len(lines[3].split()) == 7
    assert not any("(other)" in line for line in lines)
    page = render_explanation_page(found, "head")
    assert page.count("<i style=") == 49
    assert "background-image:url(data:image/jpeg;base64," in page


@pytest.fixture(scope="module")
def seeing(tmp_path_factory):
    """Fit a model of texts, one of images and one of both."""
    from rakuten_bench.pipeline.estimator import build
    from rakuten_bench.scenario import from_words

    folder = tmp_path_factory.mktemp("seen")
    shades = dict(zip(WORDS, (40, 120, 200), strict=True))
    for word, shade in shades.items():
        Image.new("RGB", (8, 8), (shade,) * 3).save(folder / f"{word}.png")
    kinds = WORDS * 5
    paths = [str(folder / f"{kind}.png") for kind in kinds]
    frame = pd.DataFrame({"title": kinds, "image_path": paths})
    text = from_words({"model": "complement_nb"})
    image = from_words({"feature": "color", "model": "logreg"}, modality="image")
    both = from_words({"fusion": "mean"}, modality="fusion", members=(text, image))
    scenarios = {"text": text, "image": image, "both": both}
    return {
        name: build(one, random_state=0).fit(frame, kinds)
        for name, one in scenarios.items()
    }


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        (
            "text",
            "image_path\nhat.png\n",
            r"unknown column 'title'.*reads it as title.*--title",
        ),
        ("image", "title\nhat\n", r"unknown column 'image_path'.*--image"),
        ("both", "title\nhat\n", r"unknown column 'image_path'.*--image"),
        ("both", "image_path\nhat.png\n", r"unknown column 'title'.*--title"),
        ("text", "title\n", "has no rows"),
    ],
)
def test_a_table_without_the_columns_of_the_model_is_refused(
    seeing, tmp_path, name, table, message
):
    (tmp_path / "new.csv").write_text(table)

    with pytest.raises(UserError, match=message):
        predict_table(seeing[name], EMPTY_CARD, tmp_path / "new.csv")


def test_a_text_is_not_explained_to_a_model_of_images(seeing):
    with pytest.raises(UserError, match=r"reads images only.*--row ID"):
        text_row(seeing["image"], "hat")


def test_runs_of_characters_show_where_a_word_ends():
    parts = (("text: at ", 0.2), ("text: hat", 0.1), ("text: \x1b[31m", 0.1))

    lines = render_explanation(Explanation("hat", "linear", parts, 0.0, 0.4), "a\x1bb")

    assert "text: at␣ " in lines
    assert "text: hat " in lines
    assert "\x1b" not in lines


def test_a_label_that_a_spreadsheet_would_run_is_neutralized_on_demand(tmp_path):
    from rakuten_bench import build

    frame = pd.DataFrame({"title": ["red shoe", "blue pot"] * 6})
    model = build("T0010-0120-0000").fit(frame, ["=cmd()", "pot"] * 6)
    frame.to_csv(tmp_path / "t.csv", index=False)

    plain = predict_table(model, EMPTY_CARD, tmp_path / "t.csv")
    safe = predict_table(model, EMPTY_CARD, tmp_path / "t.csv", spreadsheet=True)

    assert set(plain["label"]) == {"=cmd()", "pot"}
    assert set(safe["label"]) == {"'=cmd()", "pot"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda card: os.mkfifo(card), "is a named pipe"),
        (
            lambda card: card.write_text("[" * 10**6),
            "nested too deep|malformed|Expected",
        ),
        (lambda card: card.write_bytes(b'{"code": "\xb1"}'), "can't decode byte"),
        (lambda card: os.truncate(card, 1 << 40), "has 1,099,511,627,776 bytes"),
    ],
)
def test_a_card_that_is_none_is_one_message(tmp_path, make, message):
    card = tmp_path / "model.card.json"
    card.touch()
    if message == "is a named pipe":
        card.unlink()
    make(card)

    with pytest.raises(
        UserError, match=rf"model.card.json: is not a valid model card.*({message})"
    ):
        read_card(tmp_path / "model.joblib")
