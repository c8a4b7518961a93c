"""`predict` reads exactly the columns that a model was fitted on, and keeps the rows."""

import io
import json
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from command_line import enter
from rakuten_bench import build
from rakuten_bench.data.layout import name_images
from rakuten_bench.data.rakuten import IMAGE_NAME, LABELS, TEXTS
from rakuten_bench.errors import UserError
from rakuten_bench.registry import FIELDS
from rakuten_bench.scenario import from_words

WORDS = ("shoe", "pot", "hat")
GREYS = {"shoe": 40, "pot": 120, "hat": 200}

STUDY = """
dataset:
  table: {path: shop.csv, title: name, description: text, label: kind, image: photo,
          image_folder: photos, id: sku}
defaults: {tokenizer: regex, vectorizer: tfidf, model: complement_nb}
scenarios:
  whole: {fields: merged}
  short: {fields: title}
  long: {fields: description}
  fallen: {fields: {description: {fallback: true}}}
  missing: {fields: {title: {missing: true}}}
  seen: {feature: {pixels: {size: 4, color: true}}, model: logreg}
  both: {fusion: mean, members: [long, seen]}
"""


def listing(row):
    kind = WORDS[row % 3]
    return {
        "sku": f"p{row}",
        "name": f"{kind} {kind} number{row % 5}",
        "text": f"{kind} blurb{row % 7}",
        "photo": f"{row}.png",
        "kind": kind,
    }


def draw(path, grey, number):
    """Draw a grey image with one pixel of its own."""
    image = Image.new("RGB", (8, 8), (grey,) * 3)
    image.putpixel((number % 8, number // 8), (grey + 30, grey, grey))
    image.save(path, "PNG")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Run a shop with scenarios that read different columns; export each."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "photos").mkdir()
    rows = [listing(row) for row in range(60)]
    for row in rows:
        path = folder / "photos" / row["photo"]
        draw(path, GREYS[row["kind"]], int(row["sku"][1:]))
    pd.DataFrame(rows).to_csv(folder / "shop.csv", index=False)
    (folder / "shop.yaml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert enter("run", "shop.yaml", "--cache", "cache", "--quiet") == 0
        for name in ("whole", "short", "long", "fallen", "missing", "seen", "both"):
            words = ("export", name, "-o", f"{name}.joblib", "--cache", "cache")
            assert enter(*words) == 0
    return folder


@pytest.fixture
def call(call, shop, monkeypatch):
    monkeypatch.chdir(shop)
    return call


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a table and returns its path."""

    def write(rows, name="new.csv"):
        path = tmp_path / name
        frame = pd.DataFrame(rows)
        if path.suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False)
        return path

    return write


def labels_of(printed):
    return pd.read_csv(io.StringIO(printed), dtype=str)["label"].tolist()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("whole", {"title": "name", "description": "text"}),
        ("short", {"title": "name"}),
        ("long", {"description": "text"}),
        ("fallen", {"title": "name", "description": "text"}),
        ("missing", {"title": "name", "description": "text"}),
        ("seen", {"image_path": "photo"}),
        ("both", {"description": "text", "image_path": "photo"}),
    ],
)
def test_exactly_the_columns_on_the_card_are_read(shop, call, table, name, read):
    card = json.loads((shop / f"{name}.card.json").read_text())
    rows = [listing(row) for row in range(9)]
    decoys = {"title": "hat hat", "description": "pot pot", "image_path": "no.png"}
    wanted = [{key: row[key] for key in read.values()} | decoys for row in rows]

    code, out, error = call("predict", f"{name}.joblib", table(wanted))

    assert card["columns"] == read
    assert code == 0, error
    assert labels_of(out) == [row["kind"] for row in rows]
    for theirs in read.values():
        fewer = [{k: v for k, v in row.items() if k != theirs} for row in wanted]
        code, _, error = call("predict", f"{name}.joblib", table(fewer))
        assert code == 2
        assert f"unknown column '{theirs}'" in error


def test_a_column_that_is_called_otherwise_is_named(call, table):
    rows = [{"Name": listing(row)["name"]} for row in range(6)]

    refused, _, why = call("predict", "short.joblib", table(rows))
    code, out, error = call("predict", "short.joblib", table(rows), "--title", "Name")

    assert refused == 2
    assert "Did you mean 'Name'?" in why
    assert "--title" in why
    assert code == 0, error
    assert labels_of(out) == [WORDS[row % 3] for row in range(6)]


@pytest.mark.parametrize("gap", ["N/A", "- ", "aucune description", "<p>null</p>"])
def test_texts_that_were_missing_in_training_are_missing_in_a_prediction(
    call, table, gap
):
    rows = [listing(row) for row in range(6)]
    empty, named = ([{**row, "text": text} for row in rows] for text in ("", gap))

    words = ("predict", "missing.joblib", "--ids-only")
    _, wanted, _ = call(*words, table(empty))
    code, out, error = call(*words, table(named))

    assert code == 0, error
    assert out == wanted
    assert f"read as missing: 6 descriptions ('{gap.strip()}" in error


def test_a_text_that_a_study_keeps_is_kept_in_a_prediction(shop, call, table, tmp_path):
    card = json.loads((shop / "missing.card.json").read_text())
    (tmp_path / "m.card.json").write_text(json.dumps(card | {"missing": []}))
    (tmp_path / "m.joblib").write_bytes((shop / "missing.joblib").read_bytes())

    code, _, error = call(
        "predict", tmp_path / "m.joblib", table([{**listing(0), "text": "N/A"}])
    )

    assert code == 0, error
    assert error == ""


def test_accents_written_as_marks_of_their_own_are_predicted_as_letters(call, table):
    rows = [{"name": f"hat caf{accent} hat"} for accent in ("\u00e9", "e\u0301")]

    code, out, error = call("predict", "short.joblib", table(rows))

    assert code == 0, error
    composed, marks = (line.partition(",")[2] for line in out.splitlines()[1:])
    assert composed == marks


def test_texts_that_were_saved_in_the_wrong_encoding_are_reported(call, table):
    broken = "hat caf\u00e9 d\u00e9t\u00e9".encode().decode("cp1252")

    code, out, error = call("predict", "short.joblib", table([{"name": broken}]))

    assert code == 0, error
    assert len(labels_of(out)) == 1
    assert "1 row with text that looks like UTF-8 decoded as Windows-1252" in error


def test_naming_a_column_that_the_model_does_not_read_is_refused(call, table):
    code, _, error = call(
        "predict", "short.joblib", table([listing(0)]), "--description", "text"
    )

    assert code == 2
    assert (
        "--description text: the model does not read a description. It reads: title"
        in error
    )


def test_images_are_searched_in_the_folder_of_the_training_images(call, table):
    rows = [listing(row) for row in range(6)]

    code, out, error = call("predict", "seen.joblib", table(rows))

    assert code == 0, error
    assert labels_of(out) == [row["kind"] for row in rows]
    assert error == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--image-folder", "nowhere"), "nowhere: image folder not found"),
        (("--image-folder", "."), "none of its 6 images was found"),
    ],
)
def test_images_that_are_nowhere_are_refused(call, table, words, message):
    rows = [listing(row) for row in range(6)]

    code, _, error = call("predict", "seen.joblib", table(rows), *words)

    assert code == 2
    assert message in error
    assert "--image-folder" in error


def test_a_folder_of_training_images_that_is_gone_is_reported(
    shop, call, table, tmp_path
):
    card = json.loads((shop / "seen.card.json").read_text())
    card["image_folder"] = str(tmp_path / "gone")
    (tmp_path / "m.card.json").write_text(json.dumps(card))
    (tmp_path / "m.joblib").write_bytes((shop / "seen.joblib").read_bytes())

    code, _, error = call("predict", tmp_path / "m.joblib", table([listing(0)]))

    assert code == 2
    assert "the folder of the training images" in error
    assert "--image-folder" in error


@pytest.mark.parametrize("photo", [None, np.nan, ""])
def test_a_row_without_an_image_is_predicted_with_a_note(call, table, photo):
    rows = [listing(0), {**listing(1), "photo": photo}]

    code, out, error = call("predict", "seen.joblib", table(rows, "new.parquet"))

    assert code == 0, error
    assert len(labels_of(out)) == 2
    assert "1 not given" in error


def test_numbers_as_image_names_are_file_names(shop, call, table, tmp_path):
    for row in range(3):
        draw(tmp_path / f"{row}", GREYS[WORDS[row]], row)
    path = table({"photo": [0.0, 1.0, 2.0]}, "new.parquet")

    code, out, error = call("predict", "seen.joblib", path, "--image-folder", tmp_path)

    assert code == 0, error
    assert labels_of(out) == list(WORDS)


@pytest.mark.parametrize(
    "cells", [[{"bytes": b"x", "path": "0.png"}] * 2, [b"\xff\xd8"] * 2]
)
def test_images_inside_a_table_are_refused_by_column(call, table, cells):
    code, _, error = call(
        "predict", "seen.joblib", table({"photo": cells}, "new.parquet")
    )

    assert code == 2
    assert "'photo'" in error
    assert "Traceback" not in error


IDS = ["=1+1", "-5", "", "007", "-5", "+33 1", "@x", "a,b", 'say "x"']


@pytest.mark.parametrize("name", ["sku", "id"])
def test_ids_come_out_unchanged_in_the_order_of_the_table(call, table, name):
    rows = [{name: one, "name": "shoe"} for one in IDS]

    code, out, error = call("predict", "short.joblib", table(rows), "--ids-only")

    assert code == 0, error
    found = pd.read_csv(io.StringIO(out), dtype=str, keep_default_na=False)
    assert found["id"].tolist() == IDS


def test_ids_are_made_safe_for_spreadsheets_on_demand(call, table):
    rows = [{"sku": one, "name": "shoe"} for one in ("=1+1", "-5", "a")]

    safe = ("--spreadsheet-safe",)
    _, out, _ = call("predict", "short.joblib", table(rows), *safe)
    _, ids, _ = call("predict", "short.joblib", table(rows), "--ids-only", *safe)

    wanted = ["'=1+1", "'-5", "a"]
    assert pd.read_csv(io.StringIO(out), dtype=str)["sku"].tolist() == wanted
    assert pd.read_csv(io.StringIO(ids), dtype=str)["id"].tolist() == wanted


def test_an_index_without_a_name_is_the_row_id(call, tmp_path):
    frame = pd.DataFrame({"name": ["shoe", "pot", "hat"]}, index=[30, 10, 20])
    frame.to_csv(tmp_path / "new.csv")
    frame.to_parquet(tmp_path / "new.parquet")

    found = [
        call("predict", "short.joblib", tmp_path / name, "--ids-only")
        for name in ("new.csv", "new.parquet")
    ]

    for code, out, error in found:
        assert code == 0, error
        table = pd.read_csv(io.StringIO(out))
        assert table["id"].tolist() == [30, 10, 20]
        assert table["label"].tolist() == list(WORDS)


def test_the_column_of_ids_can_be_named(call, table):
    rows = [{"code": f"c{row}", **listing(row)} for row in range(3)]

    words = ("predict", "short.joblib", table(rows), "--ids-only")

    _, out, _ = call(*words, "--id", "code")
    refused, _, why = call(*words, "--id", "kode")

    assert pd.read_csv(io.StringIO(out))["id"].tolist() == ["c0", "c1", "c2"]
    assert refused == 2
    assert "unknown column 'kode'. Did you mean 'code'?" in why


def test_a_table_without_ids_has_numbered_rows(call, table):
    rows = [{"name": one} for one in ("shoe", "pot", "hat")]

    _, out, _ = call("predict", "short.joblib", table(rows), "--ids-only")

    assert pd.read_csv(io.StringIO(out))["row"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("content", ["name\n", ""])
def test_a_table_without_rows_is_refused(call, tmp_path, content):
    (tmp_path / "new.csv").write_text(content)

    code, _, error = call("predict", "short.joblib", tmp_path / "new.csv")

    assert code == 2
    assert "no rows" in error or "is empty" in error


def test_the_table_itself_is_not_written_over(call, table):
    path = table([listing(0)])
    before = path.read_text()

    code, _, error = call("predict", "short.joblib", path, "-o", path)

    assert code == 2
    assert "is an input of this command" in error
    assert path.read_text() == before


def test_an_output_of_another_format_is_refused(call, table, tmp_path):
    code, _, error = call(
        "predict", "short.joblib", table([listing(0)]), "-o", tmp_path / "out.parquet"
    )

    assert code == 2
    assert "are written as CSV" in error


def test_a_card_of_an_earlier_version_is_refused(shop, call, table, tmp_path):
    card = json.loads((shop / "short.card.json").read_text()) | {"card_version": 1}
    (tmp_path / "m.card.json").write_text(json.dumps(card))
    (tmp_path / "m.joblib").write_bytes((shop / "short.joblib").read_bytes())

    code, _, error = call("predict", tmp_path / "m.joblib", table([listing(0)]))

    assert code == 2
    assert "without the columns that" in error
    assert f"export {card['code']}" in error


def test_a_card_of_another_model_is_refused(shop, call, table, tmp_path):
    (tmp_path / "m.card.json").write_bytes((shop / "long.card.json").read_bytes())
    (tmp_path / "m.joblib").write_bytes((shop / "short.joblib").read_bytes())

    code, _, error = call("predict", tmp_path / "m.joblib", table([listing(0)]))

    assert code == 2
    assert "does not match its card" in error


def test_the_layout_of_the_challenge_is_known_to_its_models(
    call, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(
        {
            "designation": [f"{WORDS[row % 3]} word{row}" for row in range(60)],
            "description": [f"{WORDS[row % 3]} blurb" for row in range(60)],
            "productid": range(1000, 1060),
            "imageid": range(2000, 2060),
        }
    )
    frame.to_csv(tmp_path / TEXTS)
    codes = [(10, 2705, 40)[row % 3] for row in range(60)]
    pd.DataFrame({"prdtypecode": codes}).to_csv(tmp_path / LABELS)
    images = tmp_path / "images" / "image_train"
    images.mkdir(parents=True)
    for row, name in enumerate(name_images(IMAGE_NAME, frame.astype(str))):
        draw(images / name, (40, 120, 200)[row % 3], row)
    (tmp_path / "s.yaml").write_text(
        """
dataset: rakuten
scenarios:
  text: {tokenizer: regex, vectorizer: tfidf, model: complement_nb}
  image: {feature: {pixels: {size: 4, color: true}}, model: logreg}
  both: {fusion: mean, members: [text, image]}
"""
    )
    common = ("--data-dir", tmp_path, "--cache", tmp_path / "cache")
    assert call("run", "s.yaml", "--quiet", *common)[0] == 0
    assert call("export", "both", "-o", "m.joblib", *common)[0] == 0
    frame.index += 84916
    frame.assign(title="hat hat").to_csv(tmp_path / "X_test.csv")

    code, out, error = call("predict", "m.joblib", "X_test.csv")
    frame.drop(columns="imageid").to_csv("blind.csv")
    _, _, why = call("predict", "m.joblib", "blind.csv")

    assert code == 0, error
    found = pd.read_csv(io.StringIO(out))
    assert found["Unnamed: 0"].tolist() == frame.index.tolist()
    assert out.startswith(",designation,description,productid,imageid,title,label,")
    assert found["label"].tolist() == codes
    assert "unknown column 'imageid'" in why
    card = json.loads((tmp_path / "m.card.json").read_text())
    assert card["columns"] == {"title": "designation", "description": "description"}
    assert card["image_folder"] == str(images)


def test_the_language_is_read_where_it_counts(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    rows = [
        {"name": f"{WORDS[row % 3]} le the word{row}", "lang": ("fr", "en")[row % 2],
         "kind": WORDS[row % 3]}
        for row in range(60)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv("shop.csv", index=False)
    (tmp_path / "s.yaml").write_text(
        """
dataset: {table: {path: shop.csv, title: name, label: kind, language: lang}}
defaults: {tokenizer: regex, vectorizer: tfidf, model: complement_nb}
scenarios:
  any: {stopwords: iso}
  own: {stopwords: iso, language: fr_en}
"""
    )
    assert call("run", "s.yaml", "--quiet", "--cache", "cache")[0] == 0
    for name in ("any", "own"):
        call("export", name, "-o", f"{name}.joblib", "--cache", "cache")
    pd.DataFrame(rows).drop(columns="lang").to_csv("new.csv", index=False)

    plain = call("predict", "any.joblib", "new.csv")
    refused, _, why = call("predict", "own.joblib", "new.csv")
    whole = call("predict", "own.joblib", "shop.csv")

    assert plain[0] == 0
    assert refused == 2
    assert "unknown column 'lang'" in why
    assert "--language" in why
    assert labels_of(whole[1]) == [row["kind"] for row in rows]


@pytest.mark.parametrize("name", ["short", "long"])
def test_a_text_is_explained_in_the_column_that_the_model_reads(call, name):
    pytest.importorskip("lime", reason="needs the extra explain")

    fitted = call("explain", name, "--text", "hat hat", "--cache", "cache")
    loaded = call("explain", f"{name}.joblib", "--text", "hat hat")

    for code, out, error in (fitted, loaded):
        assert code == 0, error
        assert "class 'hat'" in out
    assert fitted[1] == loaded[1]


def test_a_row_of_a_table_is_explained_by_an_exported_model(call, table):
    path = table([listing(row) for row in range(3)])

    code, out, error = call("explain", "seen.joblib", "--table", path, "--row", "p2")
    absent = call("explain", "seen.joblib", "--table", path, "--row", "p9")

    assert code == 0, error
    assert "row p2 of new.csv" in out
    assert "class 'hat'" in out
    assert absent[0] == 2
    assert "no row has the id 'p9'. First values: p0, p1, p2" in absent[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("seen.joblib", "--row", "p1"), "--row needs --table"),
        (("absent.joblib", "--text", "hat"), "model not found"),
        (("short", "--row", "p1", "--table", "shop.csv"), "need an exported model"),
        (("seen.joblib", "--text", "hat"), "reads images only"),
    ],
)
def test_unsupported_explanations_are_refused_with_a_reason(call, words, message):
    code, _, error = call("explain", *words, "--cache", "cache")

    assert code == 2
    assert message in error


def test_standard_input_is_a_table(call, shop):
    import subprocess

    command = [sys.executable, "-m", "rakuten_bench", "predict", "short.joblib", "-"]
    given = "sku,name\na,shoe\nb,pot\n"

    done = subprocess.run(
        command, cwd=shop, input=given, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert pd.read_csv(io.StringIO(done.stdout))["sku"].tolist() == ["a", "b"]


TITLES = {"title": [f"{WORDS[row % 3]} {row % 5}" for row in range(30)]}
LABELLED = [WORDS[row % 3] for row in range(30)]


def test_a_model_built_in_python_reads_the_columns_that_it_was_fitted_with():
    frame = pd.DataFrame(TITLES)
    model = build("T0010-0140-0000").fit(frame, LABELLED)

    found = model.predict(frame.assign(description="hat hat hat", price=3))

    assert model.columns_ == ("title",)
    assert found.tolist() == LABELLED


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["title"], r"no column 'description', which the model was fitted with"),
        (["price"], r"no column 'title' and 'description'.*It has: 'price'"),
    ],
)
def test_a_column_that_a_model_was_fitted_with_must_be_there(columns, message):
    frame = pd.DataFrame({**TITLES, "description": "blurb", "price": 1})
    model = build("T0010-0140-0000").fit(frame, LABELLED)

    with pytest.raises(UserError, match=message):
        model.predict(frame[columns])


@pytest.mark.parametrize(
    ("levers", "modality", "message"),
    [
        ({"fields": "merged"}, "text", r"no column 'title' or 'description'"),
        ({"fields": "description"}, "text", r"no column 'description'"),
        ({"feature": "color"}, "image", r"no column 'image_path'"),
    ],
)
def test_a_table_in_which_nothing_can_be_learned_is_refused(levers, modality, message):
    model = build(from_words({**levers, "model": "logreg"}, modality=modality))
    frame = pd.DataFrame({"name": TITLES["title"]})

    with pytest.raises(UserError, match=message + r".* It has: 'name'"):
        model.fit(frame, LABELLED)


def test_a_table_without_rows_has_nothing_to_predict():
    model = build("T0010-0140-0000").fit(pd.DataFrame(TITLES), LABELLED)

    with pytest.raises(UserError, match="has no rows to predict"):
        model.predict(pd.DataFrame(TITLES).iloc[:0])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([["red", "shoe"], ["pot"]], "contains list"),
        ([{"text": "shoe"}, None], "contains dict"),
        ([b"shoe", b"pot"], "contains bytes"),
        ([np.inf, 1.0], "contains infinite numbers"),
        ([2.0**70, 1.0], "64-bit"),
    ],
)
def test_cells_that_are_no_texts_are_refused_by_column(cells, message):
    frame = pd.DataFrame(TITLES)
    model = build("T0010-0140-0000").fit(frame, LABELLED)
    odd = pd.DataFrame({"title": cells})

    with pytest.raises(UserError, match=f"column 'title' .*{message}"):
        model.predict(odd)
    with pytest.raises(UserError, match=f"column 'title' .*{message}"):
        build("T0010-0140-0000").fit(odd, ["a", "b"])


def test_a_column_that_is_duplicated_is_refused():
    frame = pd.DataFrame(TITLES)
    model = build("T0010-0140-0000").fit(frame, LABELLED)

    with pytest.raises(UserError, match="has the column 'title' more than once"):
        model.predict(pd.concat([frame, frame], axis=1))


def fields_of(option, params):
    """Return what an option of the fields makes of a small table, and its columns."""
    choice = FIELDS.find("text", option)
    frame = pd.DataFrame(
        {"title": ["A b 1", ""], "description": ["C, d", ""], "language": ["fr", "en"]}
    )

    def texts(**changed):
        made = choice.make(frame.assign(**changed), params=params)
        return made.columns, made.extra.tolist()

    return texts, choice.find_columns(params)


@pytest.mark.parametrize("option", [one.name for one in FIELDS.options("text")])
@pytest.mark.parametrize("params", [{}, {"measures": True}, {"missing": True}])
def test_fields_read_the_columns_that_they_declare_and_no_others(option, params):
    texts, declared = fields_of(option, params)

    changing = {
        name
        for name in ("title", "description", "language")
        if texts(**{name: ["other words", "more"]}) != texts()
    }

    assert changing == declared
