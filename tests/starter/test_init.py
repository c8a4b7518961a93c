"""Writing a scenario file for data that are looked at first."""

import random

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from rakuten_bench.errors import Problems, UserError
from rakuten_bench.interface.start import describe, init
from rakuten_bench.scenario.document import load_document
from rakuten_bench.scenario.load import load_study
from rakuten_bench.scenario.schema import URL, build_schema
from rakuten_bench.starter.choice import choose
from rakuten_bench.starter.column import guess_columns
from rakuten_bench.starter.document import render_document
from rakuten_bench.starter.survey import Survey

FRENCH = {
    "Chaussures": "chaussures de course légères pour homme avec semelle souple",
    "Cuisine": "casserole en acier inoxydable pour toutes les plaques de cuisson",
    "Livres": "roman policier de poche dans une nouvelle édition illustrée",
}
ENGLISH = {
    "shoes": "light running shoes for men with a soft sole and size",
    "kitchen": "a pan made of stainless steel for all kinds of hobs",
    "books": "crime novel in a new paperback edition with many pictures",
}


def products(texts, n_rows=90, seed=0):
    """Return (label, title) of some products, whose words are drawn from a text."""
    draw = random.Random(seed)
    for row in range(n_rows):
        label = list(texts)[row % len(texts)]
        words = texts[label].split()
        yield label, f"{' '.join(draw.sample(words, 6))} {row}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def french(folder):
    """Write a table as a French shop exports it."""
    rows = [
        f"{1000 + n};{title};Très bel article, livré rapidement, {title};{label};12,50;{n % 7}"
        for n, (label, title) in enumerate(products(FRENCH))
    ]
    header = "Référence;Désignation;Descriptif;Catégorie;Prix;Note"
    (folder / "boutique.csv").write_text("\n".join([header, *rows]), "cp1252")
    return folder / "boutique.csv"


def write_images(folder, names):
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (16, 16, 3), np.uint8)
        cv2.imwrite(str(file), pixels)


def table_of(study):
    assert study.dataset.name == "table"
    return study.dataset.params


def test_the_columns_of_a_french_shop_are_found(french):
    written = init("boutique.csv")

    assert table_of(load_study(written.path)) == {
        "path": "boutique.csv",
        "label": "Catégorie",
        "id": "Référence",
        "title": "Désignation",
        "description": "Descriptif",
    }


def test_the_file_has_about_a_dozen_scenarios_that_can_be_planned(french):
    study = load_study(init("boutique.csv").path)

    assert 12 <= len(study.scenarios) <= 16
    assert study.split.scheme == "kfold"
    assert study.scenarios[0].name == "majority"


def test_what_was_guessed_is_said_with_the_next_command(french):
    lines = list(describe(init("boutique.csv", title="Désignation")))

    assert lines[0].startswith("boutique.csv: 90 rows, 3 classes, languages: fr")
    assert "  label        Catégorie  (guessed)" in lines
    assert "  title        Désignation  (given)" in lines
    assert lines[-1] == "  rakuten-bench run boutique.yaml"


def test_a_few_rows_and_rare_classes_cause_a_note_in_the_file_too(french):
    with french.open("a", encoding="cp1252") as file:
        file.write("\n1;Un vase rare en verre;Un très beau vase;Vases;3,10;2")

    written = init("boutique.csv")

    notes = "\n".join(written.warnings)
    assert "91 rows only" in notes
    assert "1 class with fewer than 10 rows ('Vases')" in notes
    assert "# Note: 91 rows only" in written.path.read_text("utf-8")


def test_a_label_that_is_unique_to_each_row_is_questioned(french):
    written = init("boutique.csv", label="Référence")

    assert any("is it an id or a text?" in note for note in written.warnings)


def test_a_table_without_an_obvious_label_lists_candidates(folder):
    rows = [f"{title},{label},{n % 2}" for n, (label, title) in
            enumerate(products(ENGLISH))]  # fmt: skip
    (folder / "shop.csv").write_text("\n".join(["name,shelf,sold", *rows]))

    with pytest.raises(
        UserError,
        match=r"shop.csv: which column is the label\? Name it with --label, such as "
        r"'shelf' \(3 values\), 'sold' \(2 values\)\.",
    ):
        init("shop.csv")
    assert not (folder / "shop.yaml").exists()


def test_an_unknown_column_gets_a_suggestion(french):
    with pytest.raises(
        Problems, match=r"label: unknown column 'categorie'\. Did you mean"
    ):
        init("boutique.csv", label="categorie")


def test_an_empty_name_means_no_column(french):
    written = init("boutique.csv", description="", id="")

    assert table_of(load_study(written.path)).keys() == {"path", "label", "title"}


def test_an_existing_file_is_replaced_only_on_request(french, folder):
    (folder / "boutique.yaml").write_text("mine")

    with pytest.raises(UserError, match=r"boutique.yaml: exists\. .*--force"):
        init("boutique.csv")
    assert (folder / "boutique.yaml").read_text() == "mine"
    init("boutique.csv", force=True)

    assert load_study(folder / "boutique.yaml").scenarios


def test_paths_are_relative_to_the_file_that_is_written(french, folder):
    written = init("boutique.csv", folder / "studies" / "first.yaml")

    assert table_of(load_study(written.path))["path"] == "../boutique.csv"


def test_english_rows_get_english_resources(folder):
    rows = [f"{title},{label}" for label, title in products(ENGLISH)]
    (folder / "shop.csv").write_text("\n".join(["name,category", *rows]))

    written = init("shop.csv")

    assert written.draft.survey.languages == ("en",)
    scenario = load_study(written.path).scenarios[-1]
    assert (scenario["language"].option, scenario["detector"].option) == (
        "max", "py3langid",
    )  # fmt: skip


def test_a_table_with_images_gets_scenarios_of_each_modality(folder):
    found = list(products(ENGLISH, 30))
    write_images(folder / "photos", [f"{row}.png" for row in range(30)])
    frame = pd.DataFrame(found, columns=["category", "name"])
    frame["photo"] = [f"{row}.png" for row in range(30)]
    frame.to_csv("shop.csv", index=False)

    study = load_study(init("shop.csv").path)

    assert table_of(study)["image_folder"] == "photos"
    assert {one.modality for one in study.scenarios} == {"text", "image", "fusion"}


def test_images_that_are_not_found_are_not_used_with_a_note(folder):
    frame = pd.DataFrame(products(ENGLISH, 30), columns=["category", "name"])
    frame["photo"] = [f"{row}.png" for row in range(30)]
    frame.to_csv("shop.csv", index=False)

    written = init("shop.csv")

    assert "image" not in table_of(load_study(written.path))
    assert written.warnings[0].startswith("column 'photo' names images that are not in")


def test_a_folder_of_images_gets_a_grid_of_image_scenarios(folder):
    write_images(
        folder, [f"photos/{c}/{n}.png" for c in ("cat", "dog") for n in range(9)]
    )

    written = init("photos")
    study = load_study(written.path)

    assert (study.dataset.name, study.dataset.params) == (
        "image_folder", {"path": "photos"},
    )  # fmt: skip
    assert {one.modality for one in study.scenarios} == {"image"}
    assert 12 <= len(study.scenarios) <= 16
    assert written.draft.survey.n_classes == 2


def test_without_a_source_the_file_is_for_the_embedded_data(folder):
    written = init()

    study = load_study(written.path)
    assert (written.path.name, study.dataset.name) == ("openmoji.yaml", "openmoji")
    assert {one.modality for one in study.scenarios} == {"text", "image", "fusion"}
    assert not (folder / "cache").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", "", "the file is empty"),
        ("grid.yaml", "matrix: {model: dummy}", "is a scenario file, not a table"),
        ("absent.csv", None, "no such file"),
        ("numbers.csv", "a,label\n" + "1,x\n2,y\n" * 9, "No text or image column|no text or image"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_refused_and_nothing_is_written(
    folder, name, content, message
):
    if content is not None:
        (folder / name).write_text(content)

    with pytest.raises(UserError, match=message):
        init(name, "new.yaml")
    assert not (folder / "new.yaml").exists()


names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
)


@settings(max_examples=60, deadline=None)
@given(title=names, label=names, path=names, warning=names)
def test_any_name_of_a_column_is_read_back_from_the_file(
    tmp_path_factory, title, label, path, warning
):
    params = {"path": f"x{path}", "label": f"x{label}", "title": f"x{title}"}
    raw = {"path": "a", "label": label or "y", "title": title or "t"}
    chosen = choose(Survey(500, 3, ("fr",), has_title=True))
    file = tmp_path_factory.mktemp("any") / "any.yaml"

    for wanted in (params, raw):
        text = render_document(title, {"table": wanted}, chosen, (warning,))
        file.write_text(text, encoding="utf-8", newline="")

        assert load_study(file).dataset.params == wanted


@settings(max_examples=40, deadline=None)
@given(
    headers=st.lists(names.map(str.strip).filter(bool), min_size=2, max_size=2, unique=True),
)  # fmt: skip
def test_any_header_of_a_table_is_guessed_or_asked_for(tmp_path_factory, headers):
    frame = pd.DataFrame(
        [[title, label] for label, title in products(ENGLISH, 30)], columns=headers
    )
    file = tmp_path_factory.mktemp("any") / "any.csv"

    found = guess_columns(file, frame, {"label": headers[1]})

    assert found == {"label": headers[1], "title": headers[0]} or found == {
        "label": headers[1],
        "description": headers[0],
    }


@pytest.mark.parametrize("n_rows", [100, 5_000, 100_000])
@pytest.mark.parametrize(
    "languages", [(), ("fr",), ("en",), ("de", "fr"), ("ja",), ("pl",), ("sw",)]
)
@pytest.mark.parametrize("columns", ["title", "description", "image", "all"])
def test_every_choice_of_scenarios_is_valid(tmp_path, n_rows, languages, columns):
    every = columns == "all"
    found = Survey(
        n_rows, 5, languages,
        has_title=every or columns == "title",
        has_description=every or columns == "description",
        has_image=every or columns == "image",
    )  # fmt: skip
    file = tmp_path / "file.yaml"

    file.write_text(render_document("t", "openmoji", choose(found)), "utf-8")
    study = load_study(file)

    assert 7 <= len(study.scenarios) <= 16
    assert study.dropped == {}


@pytest.mark.slow
def test_three_commands_lead_from_a_table_to_a_board_with_a_champion(folder, call):
    draw = random.Random(0)
    rows = []
    for number, (label, title) in enumerate(products(FRENCH, 600)):
        shown = label if draw.random() < 0.9 else draw.choice(list(FRENCH))
        rows.append(f"R{number};{title};Livré en 48 h, {title};{shown};12,50")
    header = "Référence;Désignation;Descriptif;Catégorie;Prix"
    (folder / "catalogue.csv").write_text("\n".join([header, *rows]), "cp1252")

    started = call("init", "catalogue.csv")
    ran = call("run", "catalogue.yaml", "--jobs", "1")
    reported = call("report", "--html", "board.html")

    assert [code for code, _, _ in (started, ran, reported)] == [0, 0, 0]
    assert started[1].endswith("  rakuten-bench run catalogue.yaml\n")
    assert "1*" in ran[1]
    assert "complement_nb" in (folder / "board.html").read_text("utf-8")


def test_editors_complete_and_check_the_file(french):
    path = init("boutique.csv").path

    assert path.read_text("utf-8").startswith(
        f"# yaml-language-server: $schema={URL}\n"
    )
    assert Draft7Validator(build_schema()).is_valid(load_document(path).plain())
