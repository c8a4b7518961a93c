"""Image scenarios and fusions from file to board: shared, resumed, counted, exact."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

import rakuten_bench
from command_line import can_mount, enter, run_mounting
from rakuten_bench.records import read_predictions
from rakuten_bench.scenario.load import load_study
from rakuten_bench.store.result import Store

WORDS = {"cup": "tasse", "lamp": "lampe", "rug": "tapis"}
HEAD = """
dataset:
  table: {path: shop.csv, title: title, label: label, image: image, image_folder: images}
defaults:
  text: {tokenizer: regex, vectorizer: tfidf, model: complement_nb}
scenarios:
"""


def draw(label: str, number: int) -> Image.Image:
    """Draw a circle, a triangle or stripes, somewhere, in some color."""
    rng = np.random.default_rng([number, len(label)])
    image = Image.new("RGB", (80, 80), "white")
    pen, color = ImageDraw.Draw(image), tuple(rng.integers(0, 200, 3).tolist())
    x, y = rng.integers(5, 30, 2).tolist()
    if label == "cup":
        pen.ellipse((x, y, x + 40, y + 40), fill=color)
    elif label == "lamp":
        pen.polygon([(x, y + 40), (x + 20, y), (x + 40, y + 40)], fill=color)
    else:
        for at in range(x, x + 40, 6):
            pen.line((at, y, at, y + 40), fill=color, width=3)
    return image


def make_shop(folder: Path, n_rows: int = 60) -> None:
    """Write a table; a title names its class in two of three rows."""
    (folder / "images").mkdir()
    rows = []
    for number in range(n_rows):
        label = list(WORDS)[number % 3]
        draw(label, number).save(folder / "images" / f"{number}.png")
        word = WORDS[label] if number % 9 < 6 else "objet"
        rows.append((f"{word} numero {number}", label, f"{number}.png"))
    frame = pd.DataFrame(rows, columns=["title", "label", "image"])
    frame.to_csv(folder / "shop.csv", index=False)


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Path:
    make_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAKUTEN_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


def run(folder: Path, scenarios: str, *words: str) -> dict[str, dict]:
    """Run scenarios; return their records by name."""
    (folder / "grid.yaml").write_text(HEAD + scenarios, encoding="utf-8")
    assert enter("run", "grid.yaml", "--jobs", "1", "--quiet", *words) in {0, 1}
    found = (
        json.loads(path.read_text())
        for path in folder.glob("results/shop*/*/record.json")
    )
    return {record["name"]: record for record in found}


def answers(folder: Path, record: dict):
    return read_predictions(folder / "results" / record["board"] / record["code"])


IMAGE = """
  words: {feature: {dense_sift_bovw: {n_words: 8, size: 64}}, model: logreg}
  mix: {feature: {mix: {members: {hog: {size: 64}, dense_sift_bovw: {n_words: 8, size: 64}}}}, model: logreg}
  fisher: {feature: {fisher: {n_components: 4, n_dims: 8, size: 64}}, model: logreg}
  forest: {feature: {pixels: {size: 8}}, reducer: {pca: {n_components: 5}}, model: random_forest}
"""


def test_image_scenarios_run_and_share_their_descriptors(shop, capsys):
    records = run(shop, IMAGE)

    assert {record["status"] for record in records.values()} == {"ok"}
    assert min(r["scores"]["f1_weighted"] for r in records.values()) > 0.4
    capsys.readouterr()
    enter("plan", "grid.yaml")
    # crop; dense_sift, words, fisher, hog, mix, pixels; pca; four models; detector
    assert "steps      13 (" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["words", "mix", "fisher", "forest"])
def test_an_image_scenario_learns_nothing_from_test_rows(shop, name):
    """Codebook, mixture and components are fitted on training rows only."""
    record = run(shop, IMAGE)[name]
    kept = answers(shop, record)
    frame = pd.read_csv("shop.csv", dtype=str)
    frame["image_path"] = [str(shop / "images" / image) for image in frame["image"]]
    is_test = np.isin(np.arange(len(frame)).astype(str), kept.ids)
    [scenario] = [s for s in load_study(Path("grid.yaml")).scenarios if s.name == name]

    model = rakuten_bench.build(scenario)
    model.fit(frame[~is_test], frame["label"][~is_test])

    predicted = model.predict(frame[is_test])
    assert predicted.tolist() == [kept.classes[code] for code in kept.predicted]


FUSION = """
  text: {model: complement_nb}
  image: {feature: {pixels: {size: 10}}, model: random_forest}
  mean: {fusion: mean, members: [text, image]}
  weighted: {fusion: {weighted: {cv: 3}}, members: [text, image]}
  stacked: {fusion: {stacking: {cv: 3}}, members: [text, image]}
"""


def test_a_fusion_is_above_its_members(shop):
    records = run(shop, FUSION)

    scores = {name: r["scores"]["f1_weighted"] for name, r in records.items()}
    assert scores["mean"] > max(scores["text"], scores["image"])
    assert len(records["weighted"]["details"]["weights"]) == 2


@pytest.mark.parametrize("name", ["mean", "weighted", "stacked"])
def test_a_fusion_learns_nothing_from_test_rows(shop, name):
    kept = answers(shop, run(shop, FUSION)[name])
    frame = pd.read_csv("shop.csv", dtype=str)
    frame["image_path"] = [str(shop / "images" / image) for image in frame["image"]]
    is_test = np.isin(np.arange(len(frame)).astype(str), kept.ids)
    [scenario] = [s for s in load_study(Path("grid.yaml")).scenarios if s.name == name]

    model = rakuten_bench.build(scenario)
    model.fit(frame[~is_test], frame["label"][~is_test])

    found = model.predict_proba(frame[is_test])
    assert np.allclose(found, kept.probability, atol=1e-6)


def test_external_predictions_join_the_board_and_a_fusion(shop):
    rng = np.random.default_rng(0)
    frame = pd.read_csv("shop.csv")
    table = pd.DataFrame(rng.dirichlet(np.ones(3), len(frame)), columns=sorted(WORDS))
    for row, label in enumerate(frame["label"]):
        table.loc[row, label] += 1
    table /= 2
    table.insert(0, "id", range(len(frame)))
    table.sample(frac=1, random_state=0)[["rug", "id", "cup", "lamp"]].to_csv(
        "outside.csv", index=False
    )

    records = run(
        shop,
        FUSION
        + """
  outside: {modality: text, vectorizer: count, model: {external: {path: outside.csv}}}
  all: {fusion: {weighted: {cv: 3}}, members: [text, image, outside]}
""",
    )

    assert records["outside"]["scores"]["accuracy"] == 1
    assert records["all"]["scores"]["accuracy"] == 1
    kept = answers(shop, records["outside"])
    outside = pd.read_csv("outside.csv", index_col="id")
    expected = outside.loc[kept.ids.astype(int), list(kept.classes)].to_numpy()
    assert np.allclose(kept.probability, expected, atol=1e-6)


@pytest.mark.parametrize("rule", ["mean", "{weighted: {cv: 3}}", "{stacking: {cv: 3}}"])
def test_the_order_of_a_members_labels_changes_nothing_in_a_fusion(shop, rule):
    rng = np.random.default_rng(0)
    frame = pd.read_csv("shop.csv")
    table = pd.DataFrame(rng.dirichlet(np.ones(3), len(frame)), columns=sorted(WORDS))
    for row, label in enumerate(frame["label"]):
        table.loc[row, label] += 0.5
    table /= 1.5
    table.insert(0, "id", range(len(frame)))
    table.to_csv("a.csv", index=False)
    table[["rug", "cup", "id", "lamp"]].to_csv("b.csv", index=False)

    records = run(
        shop,
        f"""
  text: {{model: complement_nb}}
  a: {{modality: text, vectorizer: count, model: {{external: {{path: a.csv}}}}}}
  b: {{modality: text, vectorizer: count, model: {{external: {{path: b.csv}}}}}}
  with a: {{fusion: {rule}, members: [text, a]}}
  with b: {{fusion: {rule}, members: [text, b]}}
""",
    )

    one, two = (answers(shop, records[name]) for name in ("with a", "with b"))
    assert one.predicted.tolist() == two.predicted.tolist()
    assert np.array_equal(one.probability, two.probability)


def test_a_file_that_lacks_training_rows_is_refused_where_weights_are_tuned(
    shop, capsys
):
    frame = pd.read_csv("shop.csv")
    first = answers(shop, run(shop, FUSION)["text"])
    table = pd.DataFrame(np.eye(3)[[0] * len(frame)], columns=sorted(WORDS))
    table.insert(0, "id", range(len(frame)))
    table.loc[first.ids.astype(int)].to_csv("test_rows.csv", index=False)
    outside = (
        FUSION
        + """
  outside: {modality: text, vectorizer: count, model: {external: {path: test_rows.csv}}}
  averaged: {fusion: mean, members: [text, outside]}
"""
    )
    tuned = "  tuned: {fusion: weighted, members: [text, outside]}\n"

    records = run(shop, outside)
    (shop / "grid.yaml").write_text(HEAD + outside + tuned)
    code = enter("run", "grid.yaml")

    assert records["averaged"]["status"] == "ok"
    assert code == 2
    assert "test_rows.csv: no prediction for" in capsys.readouterr().err


def test_a_changed_file_is_read_again(shop):
    table = pd.DataFrame(np.eye(3)[[0] * 60], columns=sorted(WORDS))
    table.insert(0, "id", range(60))
    table.to_csv("outside.csv", index=False)
    text = "\n  outside: {modality: text, model: {external: {path: outside.csv}}, vectorizer: count}\n"
    before = answers(shop, run(shop, text)["outside"]).predicted

    table[["cup", "lamp"]] = table[["lamp", "cup"]].to_numpy()
    table.to_csv("outside.csv", index=False)
    after = answers(shop, run(shop, text, "--rerun", "all")["outside"]).predicted

    assert set(before) == {0}
    assert set(after) == {1}


def test_every_odd_file_is_counted_in_the_record(shop):
    images = shop / "images"
    noise = Image.effect_noise((64, 64), 90).convert("RGB")
    noise.save(images / "cut.jpg")
    (images / "cut.jpg").write_bytes((images / "cut.jpg").read_bytes()[:700])
    (images / "zero.jpg").touch()
    draw("rug", 2).save(images / "really_png.jpg", format="PNG")
    draw("rug", 2).convert("CMYK").save(images / "cmyk.jpg")
    Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16)).save(images / "16bit.png")
    Image.new("RGB", (1, 1)).save(images / "pixel.png")
    draw("cup", 6).save(images / "moves.gif", save_all=True, append_images=[noise])
    odd = ["cut.jpg", "zero.jpg", "really_png.jpg", "cmyk.jpg", "16bit.png"]
    odd += ["pixel.png", "moves.gif", "no1.jpg", "no2.png", "no3.gif"]
    frame = pd.read_csv("shop.csv")
    frame.loc[frame.index[: len(odd)], "image"] = odd
    frame.to_csv("shop.csv", index=False)

    record = run(shop, "\n  odd: {feature: hog, model: logreg}\n")["odd"]

    assert record["status"] == "ok"
    [note] = [note for note in record["notes"] if note.startswith("images: ")]
    said = dict(part.split(" ", 1)[::-1] for part in note[8:].split(", "))
    assert said == {
        "missing": "3",
        "empty": "1",
        "truncated": "1",
        "misnamed": "1",
        "cmyk": "1",
        "grey": "1",  # the 16-bit one
        "palette": "1",  # the animated one
        "deep": "1",
        "animated": "1",
        "tiny": "1",
    }


def test_on_error_fail_makes_one_failed_row(shop):
    (shop / "images" / "7.png").unlink()

    records = run(
        shop,
        "\n  strict: {crop: {off: {on_error: fail}}, feature: hog, model: logreg}\n"
        "  lenient: {feature: hog, model: logreg}\n",
    )

    assert records["lenient"]["status"] == "ok"
    assert records["strict"]["status"] == "failed"
    assert "7.png: the image can't be read" in records["strict"]["error"]["message"]


def test_levers_that_a_model_would_leave_without_effect_are_refused(shop, capsys):
    text = "\n  odd: {vectorizer: tfidf, model: {external: {path: a.csv}}}\n"
    (shop / "grid.yaml").write_text(HEAD + text)

    assert enter("run", "grid.yaml") == 2
    expected = "model 'external' reads frame: vectorizer 'tfidf' would have no"
    assert expected in capsys.readouterr().err


def test_a_fusion_of_one_is_refused(shop, capsys):
    text = (
        "\n  text: {model: complement_nb}\n  alone: {fusion: mean, members: [text]}\n"
    )
    (shop / "grid.yaml").write_text(HEAD + text)

    assert enter("run", "grid.yaml") == 2

    assert "a fusion needs at least two members" in capsys.readouterr().err


def write_much_to_describe(shop):
    """Give every row an image with many keypoints; write a scenario with visual words."""
    for number in range(60):
        image = Image.effect_noise((300, 300), 90).convert("RGB")
        image.save(shop / "images" / f"{number}.png")
    text = "\n  words: {feature: {sift_bovw: {n_words: 5}}, model: logreg}\n"
    (shop / "grid.yaml").write_text(HEAD + text)


@pytest.mark.slow
def test_a_run_killed_while_describing_resumes_there(shop):
    """Values written before the kill are modified here and must be kept."""
    write_much_to_describe(shop)
    command = [sys.executable, "-m", "rakuten_bench", "run", "grid.yaml", "--jobs", "1"]

    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as first:
        while first.poll() is None and len(find_described(shop)) < 10:
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
    time.sleep(1)
    described = find_described(shop)
    [folder] = (shop / "cache").rglob("*.work")
    values = np.load(folder / "values.npy", mmap_mode="r+")
    begun = np.flatnonzero(values.any(axis=(1, 2)))
    values[described, 0] = 199
    values.flush()
    second = subprocess.run(command, capture_output=True, text=True, check=False)

    assert 10 <= len(described) < 60
    assert len(np.setdiff1d(begun, described)) <= 1  # the one in hand
    assert second.returncode == 0, second.stderr
    record = json.loads(next(shop.glob("results/shop/*/record.json")).read_text())
    assert record["status"] == "ok"
    final = Store(folder.parent.parent).load(folder.stem).values[:, 0]
    assert np.array_equal(np.flatnonzero((final == 199).all(axis=1)), described)


@pytest.mark.skipif(not can_mount(), reason="no small disk can be made here")
def test_a_disk_that_fills_while_images_are_described_stops_the_run(shop):
    """Descriptors are written to a mapped file: a full disk raises a signal, not an error."""
    write_much_to_describe(shop)
    (shop / "disk").mkdir()
    command = f"{sys.executable} -m rakuten_bench run grid.yaml --quiet --cache disk/c"

    done = run_mounting(f"""
mount -t tmpfs -o size=1500k tmpfs disk
{command}; echo "code $?"
ls results/shop
mount -o remount,size=400m disk
{command}; echo "code $?"
""")

    codes = re.findall("^code .", done.stdout, re.MULTILINE)
    assert codes == ["code 2", "code 0"], done.stdout + done.stderr
    assert "no space left" in done.stderr
    record = json.loads(next(shop.glob("results/shop/*/record.json")).read_text())
    assert record["status"] == "ok"


def find_described(shop: Path) -> np.ndarray:
    """Return the rows that an unfinished step has marked as done."""
    marks = list((shop / "cache").rglob("*.work/marks.npy"))
    return np.flatnonzero(np.load(marks[0])) if marks else np.empty(0, dtype=int)
