"""`rakuten-bench cache`: info, clear and verify; results in use are kept."""

import os
import re
import time

import pytest

from rakuten_bench.data.openmoji import draw_pictures
from rakuten_bench.engine import Run, Settings, prepare
from rakuten_bench.engine.settings import default_cache_size
from rakuten_bench.scenario.load import load_study
from rakuten_bench.store.pin import Pin
from rakuten_bench.store.result import Store

STUDY = """
dataset: {table: {path: shop.csv, title: name, label: kind, language: language}}
matrix: {tokenizer: regex, vectorizer: [count, tfidf], model: [dummy, odd]}
"""


@pytest.fixture
def shop(odd):
    """Run a little study; return the folder."""
    (odd / "grid.yaml").write_text(STUDY)
    settings = Settings(odd / "results", odd / "cache")
    run = Run(prepare(load_study(odd / "grid.yaml"), settings), settings)
    assert len([event for event in run.events() if event.record]) == 4
    return odd


def entries(folder):
    return sorted((folder / "cache" / "steps").glob("??/*.entry"))


def damage(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_info_shows_what_is_kept_by_lever(shop, call):
    code, printed, _ = call("cache", "info")

    rows = dict(re.findall(r"^(\w+) +(\d+) +[\d.]+ .?B", printed, re.MULTILINE))
    assert code == 0
    assert rows["model"] == "4"
    assert rows["vectorizer"] == "2"
    assert rows["tokenizer"] == "1"
    assert str(shop / "cache") in printed


def test_info_of_a_cache_that_is_not_there_yet_is_empty(odd, call):
    code, printed, _ = call("cache", "info", "--cache", odd / "none")

    assert code == 0
    assert "results     0 B" in printed


def test_clear_removes_all_results_and_records_stay(shop, call):
    code, printed, _ = call("cache", "clear")

    assert code == 0
    assert re.match(r"1\d results removed", printed)
    assert entries(shop) == []
    assert len(list(shop.glob("results/shop/*/record.json"))) == 4


def made(folder):
    """Return what is made from the data, beside the results."""
    kept = ("steps", "costs.jsonl")
    paths = [path for path in folder.joinpath("cache").rglob("*") if path.is_file()]
    return [p for p in paths if p.relative_to(folder / "cache").parts[0] not in kept]


def test_clear_removes_pictures_splits_and_unfinished_folders(shop, call):
    draw_pictures(["1F600"], shop / "cache")
    (shop / "cache" / "openmoji-1.77.part").mkdir()
    assert any(path.suffix == ".npz" for path in made(shop))

    call("cache", "clear", "--older-than", "2d")
    spared = made(shop)
    _, printed, _ = call("cache", "clear")

    assert any(path.name == "1F600.png" for path in spared)
    assert "images, splits and standings removed" in printed
    assert made(shop) == []
    assert not list(shop.glob("cache/*.part"))


def test_a_damaged_picture_is_found_and_drawn_again(shop, call):
    folder, _ = draw_pictures(["1F600"], shop / "cache")
    whole = (folder / "1F600.png").read_bytes()
    damage(folder / "1F600.png")

    code, printed, _ = call("cache", "verify")

    assert code == 1
    assert f"damaged and removed: {folder.name}" in printed
    draw_pictures(["1F600"], shop / "cache")
    assert (folder / "1F600.png").read_bytes() == whole
    assert call("cache", "verify")[0] == 0


def test_clear_leaves_what_a_running_run_needs(shop, call):
    needed = entries(shop)[0]
    pin = Pin(shop / "cache" / "steps")
    pin.write([needed.stem])

    _, printed, _ = call("cache", "clear")

    assert entries(shop) == [needed]
    assert any(path.suffix == ".npz" for path in made(shop))
    assert "1 are needed by a run and were kept" in printed
    pin.close()


def test_clear_may_spare_what_was_used_lately(shop, call):
    old, *others = entries(shop)
    os.utime(old, (time.time() - 10 * 86400,) * 2)

    code, printed, _ = call("cache", "clear", "--older-than", "2d")

    assert code == 0
    assert printed.startswith("1 result removed")
    assert entries(shop) == others


def test_clear_of_nothing_is_no_error(odd, call):
    code, printed, _ = call("cache", "clear", "--cache", odd / "none")

    assert code == 0
    assert printed.startswith("0 results")


def test_verify_finds_damage_and_removes_it(shop, call):
    whole = entries(shop)
    damage(whole[0])
    whole[1].write_bytes(b"short")

    code, printed, _ = call("cache", "verify")

    assert code == 1
    assert printed.count("damaged and removed") == 2
    assert entries(shop) == whole[2:]


def test_verify_of_a_whole_cache_finds_nothing(shop, call):
    code, printed, _ = call("cache", "verify")

    assert code == 0
    assert "0 damaged" in printed


def test_a_run_finds_damage_that_only_a_checksum_shows(shop, call):
    store = Store(shop / "cache" / "steps")
    prepared = prepare(
        load_study(shop / "grid.yaml"), Settings(shop / "other", shop / "cache")
    )
    corpus = next(k for k, s in prepared.plan.steps.items() if s.lever == "tokenizer")
    for path in entries(shop):
        facts = store.facts(path.stem)
        if facts.lever in ("vectorizer", "model"):
            path.unlink()
    damage(store.path(corpus))
    before = store.path(corpus).stat().st_mtime_ns

    code, _, _ = call("run", "grid.yaml", "--results", "other", "--quiet")

    assert code == 0
    assert store.path(corpus).stat().st_mtime_ns != before
    assert {p.parent.name for p in shop.glob("other/shop/*/record.json")} == {
        p.parent.name for p in shop.glob("results/shop/*/record.json")
    }


def test_a_run_keeps_the_cache_within_its_size(shop, call):
    call(
        "run", "grid.yaml", "--rerun", "all", "--cache", "small", "--cache-size", "20KB"
    )

    size = sum(
        p.stat().st_blocks * 512 for p in (shop / "small" / "steps").glob("??/*")
    )
    assert len(list(shop.glob("results/shop/*/record.json"))) == 4
    assert size <= 20_000 + 2 * 8192  # the roots stay: the next run needs them


def test_the_size_comes_from_the_environment_by_default(monkeypatch):
    monkeypatch.delenv("RAKUTEN_BENCH_CACHE_SIZE", raising=False)
    assert default_cache_size() == 50_000_000_000

    monkeypatch.setenv("RAKUTEN_BENCH_CACHE_SIZE", "2GB")
    assert Settings().most_bytes == 2_000_000_000
    assert Settings(cache_size=5).most_bytes == 5


def test_a_plan_forecasts_from_earlier_runs(shop, call):
    call("cache", "clear")

    code, printed, _ = call("plan", "grid.yaml", "--results", "none")

    assert code == 0
    line = re.search("^forecast .*", printed, re.MULTILINE)[0]
    assert re.search(
        r"[\d.]+ m?s \([\d.]+ m?s of work\), \d+ MB of memory, [\d.]+ kB of disk", line
    )
    assert "guessed" not in line


def test_a_plan_marks_costs_without_history(odd, call):
    (odd / "grid.yaml").write_text(STUDY)

    _, printed, _ = call("plan", "grid.yaml")

    assert re.search(r"forecast .* \d+ steps? without history", printed)


def test_a_plan_without_pending_steps_is_reported(shop, call):
    _, printed, _ = call("plan", "grid.yaml")

    assert "forecast   nothing to compute" in printed
