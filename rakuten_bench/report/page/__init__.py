"""One self-contained HTML file for boards: no requests, no external scripts.

The tables are plain HTML and readable without scripts. The data of the scenarios' pages
are embedded as JSON; the script builds these pages from text nodes only, and a content
security policy forbids any request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rakuten_bench import __version__
from rakuten_bench.report.board import Ranking
from rakuten_bench.report.example import Example
from rakuten_bench.report.page.content import board_content
from rakuten_bench.report.page.markup import Markup, element
from rakuten_bench.report.page.section import board_section
from rakuten_bench.wording.words import clean

_FOLDER = Path(__file__).parent
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)

#: Board name -> row id -> contents of the row.
Examples = Mapping[str, Mapping[str, Example]]


def render_page(boards: Sequence[Ranking], examples: Examples | None = None) -> str:
    """Return boards, effects and scenarios as one HTML file.

    Parameters
    ----------
    boards : sequence of Ranking
        With intervals and groups.
    examples : mapping, optional
        Contents of the rows, for boards whose data set is available: shown beside
        wrong predictions. Omit it if the data are private.
    """
    contents = [
        board_content(board, (examples or {}).get(board.name, {})) for board in boards
    ]
    sections = [board_section(number, board) for number, board in enumerate(boards)]
    title = "rakuten-bench: " + ", ".join(dict.fromkeys(b.dataset.name for b in boards))
    return f"<!doctype html>\n{_document(title, boards, sections, contents)}\n"


def _document(
    title: str,
    boards: Sequence[Ranking],
    sections: Sequence[Markup],
    contents: Sequence[dict[str, object]],
) -> Markup:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", clean(title)),
        element("style", Markup(_asset("page.css"))),
    )
    body = element(
        "body",
        element("a", "Skip to the boards", class_="skip", href="#main"),
        _header(boards),
        element("main", *sections, id="main"),
        element("div", id="scenario", hidden=True, tabindex="-1"),
        element("script", _json(contents), type="application/json", id="data"),
        element("script", Markup(_asset("page.js"))),
    )
    return element("html", head, Markup("\n"), body, lang="en")


def _header(boards: Sequence[Ranking]) -> Markup:
    links = [
        element("a", clean(board.name), href=f"#b{number}")
        for number, board in enumerate(boards)
    ]
    newest = max(
        (entry.row.created for board in boards for entry in board.everyone), default=""
    )
    told = f"Written by rakuten-bench {__version__}"
    if newest:
        told += f" from records up to {newest[:16].replace('T', ' ')} UTC"
    return element(
        "header",
        element("p", "rakuten-bench", class_="brand"),
        element("nav", *links, aria_label="Boards") if len(links) > 1 else Markup(),
        element("p", f"{told}.", class_="quiet"),
    )


def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _json(values: object) -> Markup:
    r"""Return JSON that can't close the script element that contains it.

    >>> _json(["</script>"])
    '["\\u003c/script>"]'
    """
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
