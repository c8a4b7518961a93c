"""Check a built site: links lead to pages and headings, and nothing loads from elsewhere.

python docs/_ext/check_site.py docs/_build/html
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Elements that a browser loads something for, by themselves.
_LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
#: Kinds of <link> that are not loaded.
_NAMED = {"author", "canonical", "index", "next", "prev", "search", "license"}
_CSS_LOAD = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


class _Reader(HTMLParser):
    """Collects what a page links to, what it loads, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.anchors |= {named[name] for name in ("id", "name") if name in named}
        if tag == "a" and "href" in named:
            self.links.append(named["href"])
        is_loaded = tag == "link" and not _NAMED & set(named.get("rel", "").split())
        wanted = named.get("href") if is_loaded else named.get(_LOADED.get(tag, ""))
        if wanted:
            self.loads.append(wanted)


@cache
def read_page(path: Path) -> _Reader:
    """Return what a page links to and loads."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def find_broken(page: Path, link: str) -> str:
    """Return what is wrong with a link to a page of the site; "" if nothing."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    target = page.parent / unquote(parts.path) if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return f"{link} does not exist"
    is_page = target.suffix == ".html" and parts.fragment
    if is_page and unquote(parts.fragment) not in read_page(target).anchors:
        return f"{link} has no such heading"
    return ""


def find_foreign(file: Path, address: str) -> str:
    """Return what is wrong with an address that a browser loads; "" if nothing."""
    parts = urlsplit(address)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        return f"loads {address}"
    return "" if (file.parent / unquote(parts.path)).is_file() else f"lacks {address}"


def find_problems(site: Path) -> Iterator[str]:
    """Yield one line for each broken link and each address outside of the site."""
    pages = set(site.rglob("*.html")) - set(site.glob("_static/**/*"))
    for page in sorted(pages):
        reader = read_page(page)
        found = {find_broken(page, link) for link in reader.links}
        found |= {find_foreign(page, address) for address in reader.loads}
        yield from (f"{page.relative_to(site)}: {one}" for one in sorted(found - {""}))
    for sheet in sorted(site.rglob("*.css")):
        matches = _CSS_LOAD.findall(sheet.read_text(encoding="utf-8"))
        found = {find_foreign(sheet, one or other) for one, other in matches}
        yield from (f"{sheet.relative_to(site)}: {one}" for one in sorted(found - {""}))


if __name__ == "__main__":
    problems = list(find_problems(Path(sys.argv[1])))
    print("\n".join(problems) or "links and loaded files: all within the site")
    sys.exit(bool(problems))
