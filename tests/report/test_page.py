"""The HTML file: complete without a script, harmless, and used in a real browser."""

from __future__ import annotations

import base64
import dataclasses
import fcntl
import html
import html.parser
import io
import itertools
import json
import os
import shutil
import subprocess
import time

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from rakuten_bench import records, report
from rakuten_bench.cli import rakuten_bench
from rakuten_bench.report import Example
from rakuten_bench.wording.words import clean

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium: apt-get install chromium"
)
HOSTILE = (
    "<script>window.hacked = 1</script>",
    "<img src=http://example.org/x.png onerror='window.hacked = 1'>",
    "</script><script>window.hacked = 1</script>",
    "=cmd()|' /C calc'!A0",
    "x" * 10_000,
    "مرحبا بالعالم \u202e 👩‍🚀 \x1b[31m\x00",
)


class Browser:
    """Chromium, driven over its debugging pipe: needs no driver and no port."""

    def __init__(self, folder):
        to_read, self._to_write = os.pipe()
        self._from_read, to_answer = os.pipe()

        def connect():
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, to_answer)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu"),
                *("--disable-background-networking", "--no-first-run"),
                *("--remote-debugging-pipe", f"--user-data-dir={folder}"),
            ],
            preexec_fn=connect,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_answer)
        self._number, self._received, self._session = 0, b"", None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _receive(self):
        while b"\0" not in self._received:
            part = os.read(self._from_read, 1 << 20)
            assert part, "Chromium has gone"
            self._received += part
        message, _, self._received = self._received.partition(b"\0")
        return json.loads(message)

    def open(self, path):
        self.resize(1200, 900)
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait(
            "document.readyState === 'complete' && !!document.querySelector('.count')"
        )

    def run(self, code):
        result = self.call(
            "Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, condition):
        end = time.monotonic() + 20
        while not self.run(condition):
            assert time.monotonic() < end, f"never true: {condition}"
            time.sleep(0.02)

    def click(self, selector):
        """Click the middle of an element with the mouse."""
        place = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{place}.scrollIntoView({{block: 'center'}})")
        box = self.run(
            f"(b => [b.x + b.width / 2, b.y + b.height / 2])({place}.getBoundingClientRect())"
        )
        at = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mousePressed", **at)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", **at)

    def press(self, key, text=""):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9}
        event = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0]))}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def resize(self, width, height, dark=False, media=""):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def complaints(self):
        """Return errors of the page and what it wrote to the console."""
        methods = (
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
        )
        return [event for event in self.events if event.get("method") in methods]

    def requests(self):
        urls = [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]
        return [url for url in urls if not url.startswith("data:")]

    def close(self):
        self._session = None
        self.call("Browser.close")
        self._process.wait(20)
        os.close(self._to_write)
        os.close(self._from_read)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


def picture(folder):
    path = folder / "picture.png"
    Image.new("RGBA", (300, 200), (200, 0, 0, 128)).save(path)
    return str(path)


@pytest.fixture
def page(shop, tmp_path):
    """Write the page of a board with effects, curves, a failure and hostile texts."""
    epochs = [{"loss": 2.0, "validation_accuracy": 0.4}, {"loss": 1.0}]
    grid = itertools.product(["off", "nltk"], ["nb", "svc", "knn"])
    for number, (stopwords, model) in enumerate(grid):
        shop.add(
            f"T{number}",
            right={"nb": 0.6, "svc": 0.9, "knn": 0.4}[model],
            own=number,
            levers={"stopwords": stopwords, "model": model},
            fit_time=1.0 + number,
            label_names={"10": HOSTILE[0], "40": HOSTILE[5]},
            name=HOSTILE[1] if number == 1 else "",
            notes=[HOSTILE[2]],
            details={"epochs": epochs},
            steps=[records.StepCost(lever="model", option=model, key="k", seconds=1.0)],
            provenance=records.Provenance(
                created="2026-11-21T00:00:00+00:00", python="3.11", platform="Linux"
            ),
        )
    shop.fail("T9", levers={"stopwords": "off", "model": "mlp"}, name=HOSTILE[3])
    board = report.with_standing(report.load_board(shop.results, "shop"))
    image = picture(tmp_path)
    examples = {
        row: Example(HOSTILE[place % len(HOSTILE)], image)
        for place, row in enumerate(shop.ids.tolist())
    }
    path = tmp_path / "board.html"
    path.write_text(report.render_page([board], {"shop": examples}), encoding="utf-8")
    return path


class Outline(html.parser.HTMLParser):
    """Collects tags and the text of table cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def codes(browser):
    return browser.run(
        "[...document.querySelectorAll('.board tbody tr')].filter(r => !r.hidden && "
        "r.querySelector('[data-label=scenario]'))"
        ".map(r => r.querySelector('[data-label=scenario] a').textContent)"
    )


def test_the_plain_file_has_the_board_and_only_our_scripts(page):
    text = page.read_text()

    outline = Outline(text)

    assert outline.tags.count("script") == 2
    assert "img" not in outline.tags
    assert any("svc" in cell for cell in outline.cells)
    assert any("failed: ValueError" in cell for cell in outline.cells)
    assert "default-src 'none'" in html.unescape(text)
    assert "http://" not in text.replace("http://example.org/x.png", "").replace(
        "http://www.w3.org/2000/svg", ""
    )


def test_without_items_no_text_of_the_data_is_in_the_file(shop, tmp_path):
    shop.add("T1", right=0.5)
    result = CliRunner().invoke(
        rakuten_bench,
        [
            *("report", "--results", str(shop.results)),
            *("--html", str(tmp_path / "sub" / "board.html"), "--no-examples"),
        ],
        catch_exceptions=False,
    )

    text = (tmp_path / "sub" / "board.html").read_text()

    assert result.exit_code == 0
    assert '"examples":[]' in text
    assert "row1" not in text


def test_the_surest_wrong_answer_is_the_example(shop):
    base = shop.predictions(right=0.5)
    probability = np.full((shop.n_rows, 4), 0.25, dtype=np.float32)
    wrong = np.flatnonzero(base.predicted != base.true)
    surest = wrong[-1]
    probability[surest, base.predicted[surest]] = 0.9
    folder = shop.add(
        "T1", predictions=dataclasses.replace(base, probability=probability)
    )
    board = report.load_board(shop.results, "shop")
    examples = {row: Example(f"text of {row}") for row in shop.ids.tolist()}

    page = report.render_page([board], {"shop": examples})

    assert f"text of {shop.ids[surest]}" in page
    assert "0.9]" in page
    assert records.has_record(folder)


def test_a_scenario_without_predictions_is_reported(shop):
    folder = shop.add("T1")
    (folder / "predictions.npz").unlink()
    board = report.load_board(shop.results, "shop")

    page = report.render_page([board], {"shop": {"row1": Example("x")}})

    assert "predictions.npz: can't be read" in page
    assert "A scenario without predictions is not ranked." in page


@pytest.mark.slow
def test_the_page_is_small_for_200_scenarios_of_27_classes(shop, tmp_path):
    shop.classes = tuple(str(10 * label) for label in range(27))
    shop.n_rows = 4000
    shop.__post_init__()
    rng = np.random.default_rng(0)
    base = shop.predictions()
    for number in range(200):
        guess = rng.integers(0, 27, 4000)
        answers = np.where(rng.random(4000) < 0.7, shop.true, guess).astype(np.int32)
        predictions = dataclasses.replace(base, predicted=answers)
        folder = shop.add(f"T{number:03d}", predictions=predictions)
    assert np.count_nonzero(records.read_confusion(folder)) > 500
    noise = rng.integers(0, 255, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((500, 500)).save(tmp_path / "photo.jpg")
    text = "un objet de décoration " * 9
    examples = {
        row: Example(text, str(tmp_path / "photo.jpg")) for row in shop.ids.tolist()
    }
    board = report.load_board(shop.results, "shop")

    page = report.render_page([board], {"shop": examples})

    assert len(page.encode()) < 5_000_000
    assert page.count("data:image/jpeg") > 200


def test_a_picture_becomes_a_small_opaque_thumbnail(tmp_path):
    from rakuten_bench.report.page.content import draw_thumbnail

    uri = draw_thumbnail(picture(tmp_path))

    data = base64.b64decode(uri.partition(",")[2])
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (72, 48)
        red, green, blue = np.asarray(image)[20, 20]
    assert red > 200
    assert 100 < green < 150
    assert 100 < blue < 150
    assert len(data) < 2000


def test_a_picture_that_can_not_be_read_is_left_out(tmp_path):
    from rakuten_bench.report.page.content import draw_thumbnail

    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 broken")

    assert draw_thumbnail(str(tmp_path / "broken.jpg")) == ""
    assert draw_thumbnail(str(tmp_path / "absent.jpg")) == ""


@needs_browser
def test_a_click_on_a_column_sorts_and_another_turns_it_around(browser, page):
    browser.open(page)
    ranked = codes(browser)

    browser.click("th:nth-child(9) button")  # own time, all 0: the order stays
    same = codes(browser)
    browser.click("th:nth-child(3) button")
    by_code = codes(browser)
    browser.click("th:nth-child(3) button")
    backwards = codes(browser)

    assert ranked[0] in {"T1", "T4"}
    assert same == ranked
    assert by_code == ["T0", "T1", "T2", "T3", "T4", "T5", "T9"]
    assert backwards == by_code[::-1]
    order = browser.run("document.querySelector('th:nth-child(3)').ariaSort")
    assert order == "descending"


@needs_browser
def test_scores_sort_the_best_first_and_failures_last_either_way(browser, page):
    browser.open(page)
    accuracies = "[...document.querySelectorAll('td[data-label=accuracy]')].map(c => c.dataset.v)"

    browser.click("th:nth-child(8) button")
    *best_first, last = browser.run(accuracies)
    browser.click("th:nth-child(8) button")
    *worst_first, still_last = browser.run(accuracies)

    assert last == still_last == ""
    assert best_first == sorted(worst_first, key=float, reverse=True)
    assert worst_first == sorted(worst_first, key=float)


@needs_browser
def test_words_filter_the_board(browser, page):
    browser.open(page)

    browser.press("/", text="/")
    browser.type("nltk svc")
    shown, count = codes(browser), browser.run("document.querySelector('.count').value")
    browser.press("Escape")

    assert shown == ["T4"]
    assert count == "1 of 7 scenarios"
    assert len(codes(browser)) == 7


@needs_browser
def test_a_scenario_opens_and_closes_by_keyboard_alone(browser, page):
    browser.open(page)
    best = codes(browser)[0]

    browser.run("document.querySelector('.board td a').focus()")
    browser.press("Enter", text="\r")
    browser.wait("!document.getElementById('scenario').hidden")
    title = browser.run("document.querySelector('#scenario h1').textContent")
    text = browser.run("document.getElementById('scenario').textContent")
    browser.press("Escape")
    browser.wait("document.getElementById('scenario').hidden")

    assert title.startswith(best)
    for words in ("Confusion", "Classes", "Learning curves", "Cost", "Origin"):
        assert words in text
    assert browser.run("document.activeElement.textContent") == best


@needs_browser
def test_the_scenario_page_agrees_with_the_record(browser, page, shop):
    browser.open(page)
    browser.run("location.hash = '#s0/T4'")
    browser.wait("!document.getElementById('scenario').hidden")

    record = records.read_record(shop.results / "shop" / "T4")
    shown = browser.run(
        "[...document.querySelectorAll('.pair section:first-child tbody tr')]"
        ".map(r => [...r.cells].slice(1).map(c => Number(c.textContent)))"
    )

    expected = [[r.precision, r.recall, r.f1, r.support] for r in record.per_class]
    np.testing.assert_allclose(shown, expected, atol=5e-4)
    n_cells = browser.run("document.querySelectorAll('.matrix tbody td').length")
    assert n_cells == len(record.classes) ** 2


@needs_browser
def test_the_scenario_page_shows_the_parameters_that_a_search_chose(
    browser, shop, tmp_path
):
    details = {
        "best_params": {"C": 0.5, "kernel": HOSTILE[0]},
        "best_score": 0.6,
        "scoring": "f1_weighted",
        "candidates": [{"score": 0.6, "seconds": 1.0}],
    }
    shop.add("T1", details=details)
    board = report.with_standing(report.load_board(shop.results, "shop"))
    path = tmp_path / "board.html"
    path.write_text(report.render_page([board]), encoding="utf-8")

    browser.open(path)
    browser.run("location.hash = '#s0/T1'")
    browser.wait("!document.getElementById('scenario').hidden")

    shown = browser.run("document.getElementById('scenario').textContent")
    assert f"best C=0.5, kernel={clean(HOSTILE[0])}; inner f1_weighted .6000" in shown


@needs_browser
def test_a_failure_has_a_page_with_its_cause(browser, page):
    browser.open(page)
    browser.run("location.hash = '#s0/T9'")
    browser.wait("!document.getElementById('scenario').hidden")

    text = browser.run("document.getElementById('scenario').textContent")

    assert "failed. ValueError: no words are left" in text
    assert "Confusion" not in text


@needs_browser
@pytest.mark.parametrize("odd", ["#s0/%", "#s0/nobody", "#s9/T1", "#other"])
def test_an_address_of_nothing_shows_the_board(browser, page, odd):
    browser.open(page)
    browser.run("location.hash = '#s0/T1'")
    browser.wait("!document.getElementById('scenario').hidden")

    browser.run(f"location.hash = '{odd}'")
    browser.wait("document.getElementById('scenario').hidden")

    assert browser.complaints() == []


@needs_browser
def test_a_clustering_has_a_page_with_the_classes_of_its_clusters(
    browser, shop, tmp_path
):
    shop.add("T1")
    predictions = shop.predictions(0.9)
    clusters = dataclasses.replace(predictions, is_clustering=True)
    shop.add("TC", predictions=clusters, levers={"model": "kmeans"})
    board = report.with_standing(report.load_board(shop.results, "shop"))
    path = tmp_path / "clusters.html"
    path.write_text(report.render_page([board]), encoding="utf-8")
    browser.open(path)
    on_the_board = codes(browser)

    browser.click("details a[href='#s0/TC']")
    browser.wait("!document.querySelector('#scenario').hidden")

    shown = browser.run("document.querySelector('#scenario').innerText").lower()
    assert on_the_board == ["T1"]
    assert "clustering, not ranked" in shown
    assert "adjusted rand index" in shown
    assert "most frequent class" in shown
    assert "f1" not in shown
    assert browser.complaints() == []


@needs_browser
def test_hostile_texts_stay_texts_and_nothing_leaves_the_file(browser, page):
    browser.open(page)
    for code in codes(browser):
        browser.run(f"location.hash = '#s0/{code}'")
        browser.wait(
            f"document.querySelector('#scenario h1')?.textContent.startsWith('{code}')"
        )
    browser.run("location.hash = '#s0/T5'")
    browser.wait("document.querySelector('#scenario h1').textContent.startsWith('T5')")

    text = browser.run("document.getElementById('scenario').textContent")

    assert HOSTILE[0] in text
    assert browser.run("window.hacked") is None
    assert browser.run("document.querySelectorAll('#scenario script').length") == 0
    assert browser.run("document.querySelectorAll('.examples img').length") > 3
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]


@needs_browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("hash_", ["", "#s0/T5"], ids=["board", "scenario"])
def test_nothing_is_wider_than_the_screen(browser, page, width, dark, hash_):
    browser.open(page)
    browser.resize(width, 844, dark=dark)
    browser.run(f"location.hash = '{hash_}'")
    browser.wait(
        f"document.getElementById('scenario').hidden === {str(not hash_).lower()}"
    )

    overflow = browser.run("document.documentElement.scrollWidth - innerWidth")
    colors = browser.run(
        "(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))"
    )

    assert overflow <= 0
    bright = [sum(map(int, color[4:-1].split(","))) for color in colors]
    assert (bright[0] < bright[1]) == dark


@needs_browser
@pytest.mark.parametrize("width", [390, 1200])
def test_no_cell_of_a_table_is_lost_on_a_phone(browser, page, width):
    browser.open(page)
    browser.resize(width, 844)
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")

    hidden = browser.run(
        "[...document.querySelectorAll('details td')]"
        ".filter(cell => !cell.getClientRects().length).length"
    )
    cells = browser.run("document.querySelectorAll('.heat td').length")

    assert hidden == 0
    assert cells == 6 * 4


@needs_browser
def test_a_page_of_a_subset_is_about_its_rows_only(browser, shop, tmp_path):
    shop.add("T1", right=0.7)
    board = report.with_standing(report.load_board(shop.results, "shop", subset="en"))
    path = tmp_path / "en.html"
    path.write_text(report.render_page([board]), encoding="utf-8")

    browser.open(path)
    browser.run("location.hash = '#s0/T1'")
    browser.wait("!document.getElementById('scenario').hidden")
    supports = browser.run(
        "[...document.querySelectorAll('.pair section:first-child tbody tr')]"
        ".map(r => Number(r.cells[4].textContent))"
    )
    text = browser.run("document.querySelector('.scores').textContent")

    assert sum(supports) == np.count_nonzero(shop.language == "en")
    (entry,) = board.entries
    assert f"{entry.scores['f1_weighted']:.4f}".removeprefix("0") in text
    assert f"{entry.interval[0]:.4f}".removeprefix("0") in text


def test_a_far_off_scenario_does_not_flatten_the_others(shop):
    for number in range(8):
        shop.add(f"T{number}", right=0.8 + number / 100, own=number)
    shop.add("T9", right=0.05)
    board = report.with_standing(report.load_board(shop.results, "shop"))

    text = report.render_page([board])

    assert "drawn at the lower edge: 1 scenario." in text


@needs_browser
def test_it_prints_without_controls(browser, page):
    browser.open(page)
    browser.resize(1200, 900, media="print")

    hidden = browser.run(
        "getComputedStyle(document.querySelector('.controls')).display"
    )
    pdf = base64.b64decode(browser.call("Page.printToPDF")["data"])

    assert hidden == "none"
    assert pdf.startswith(b"%PDF")
