"""Pages of the site that are not files of docs/, and links that work on both sides.

README, CONTRIBUTING, SECURITY, CHANGELOG and the list of scenario files stay where GitHub
shows them: their pages are written into docs/generated. Relative links between files lead
to the page of a file, or to the file on GitHub if it has none.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rakuten_bench.scenario.schema import URL, build_schema, render_schema
from reference import Reference

if TYPE_CHECKING:
    from sphinx.application import Sphinx

REPOSITORY_URL = "https://github.com/rakuten-bench/rakuten-bench"
REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
GENERATED = DOCS / "generated"
#: Files that the site has as they are.
EXTRA = GENERATED / "extra"

_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)\s#]*)(#[^)\s]*)?(?=\))")


def _list_terms(text: str) -> str:
    """Turn the table of the glossary into a list of terms that pages can refer to."""
    head, _, table = text.partition("| --- | --- |\n")
    intro = head.replace("## Glossary\n\n", "").rpartition("| word |")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", table, re.MULTILINE)
    terms = "\n".join(f"{word}\n  {meaning}\n" for word, meaning in rows)
    return f"{intro}```{{glossary}}\n{terms}```\n"


@dataclass(frozen=True)
class Page:
    """A page made of the sections of a file at the root.

    Attributes
    ----------
    target : str
        Name of the page.
    source : str
        Path of the file, relative to the repository.
    title : str
        Heading of the page; that of the file by default.
    sections : tuple of str
        Headings of the sections that it has; all by default.
    without : tuple of str
        Headings of the sections that it leaves out.
    render : callable
        Changes the text.
    """

    target: str
    source: str
    title: str = ""
    sections: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    render: Callable[[str], str] = str

    @property
    def path(self) -> Path:
        """Where the page is written."""
        return GENERATED / f"{self.target}.md"

    def read(self) -> str:
        """Return its text, links as in the source."""
        text = (REPOSITORY / self.source).read_text(encoding="utf-8")
        head, *parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
        heading, _, opening = head.partition("\n")
        if self.title:
            heading = f"# {self.title}"
        kept = [part for part in parts if self._has(part)]
        text = "\n".join([heading, "" if self.sections else opening, "".join(kept)])
        return self.render(text)

    def _has(self, part: str) -> bool:
        name = part[3 : part.index("\n")]
        return name in self.sections if self.sections else name not in self.without


_BUILT = ("How it is built", "Decisions")
PAGES = (
    Page("start", "README.md", "Get started", without=("Documentation",)),
    Page("examples", "scenarios/README.md", "Example files"),
    Page("contributing", "CONTRIBUTING.md", without=(*_BUILT, "Glossary")),
    Page("architecture", "CONTRIBUTING.md", "Architecture", sections=_BUILT),
    Page("glossary", "CONTRIBUTING.md", "Glossary", ("Glossary",), render=_list_terms),
    Page("security", "SECURITY.md"),
    Page("changelog", "CHANGELOG.md"),
)


def find_page(path: Path, anchor: str) -> Path | None:
    """Return the page that shows a file, or the section of it that an anchor names."""
    if path.suffix == ".md" and path.parent == DOCS:
        return path
    if path.suffix == ".png" and path.is_relative_to(DOCS):
        return path
    found = [page for page in PAGES if REPOSITORY / page.source == path]
    named = [page for page in found if anchor in _anchors(page.read())]
    return next((page.path for page in [*named, *found]), None)


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {f"#{heading.replace(' ', '-')}" for heading in plain}


def rewrite_links(text: str, source: Path, page: Path) -> str:
    """Return a text of Markdown with links that lead from a page of the site.

    Parameters
    ----------
    text : str
    source : Path
        The file that its links are relative to.
    page : Path
        The page that it becomes.
    """

    def rewrite(link: re.Match[str]) -> str:
        path, anchor = link[1], link[2] or ""
        if not path:
            return anchor
        file = Path(os.path.normpath(source.parent / path))
        target = find_page(file, anchor)
        if target is None:
            name = file.relative_to(REPOSITORY).as_posix()
            return f"{REPOSITORY_URL}/blob/main/{name}{anchor}"
        return os.path.relpath(target, page.parent).replace(os.sep, "/") + anchor

    fences = _FENCE.findall(text)
    rewritten = [_LINK.sub(rewrite, part) for part in _FENCE.split(text)]
    return "".join(
        one for pair in zip(rewritten, [*fences, ""], strict=True) for one in pair
    )


def _rewrite_source(app: Sphinx, docname: str, source: list[str]) -> None:
    page = Path(app.env.doc2path(docname))
    if page.suffix == ".md" and page.parent == DOCS:
        source[0] = rewrite_links(source[0], page, page)


def _skip_routing(app: Sphinx, what: str, name: str, *args: object) -> bool | None:
    """Leave out the methods that scikit-learn adds for metadata routing."""
    del app, what, args
    is_routing = name == "get_metadata_routing" or re.fullmatch(
        r"set_\w+_request", name
    )
    return True if is_routing else None


def _show_examples(app: Sphinx, ctx: object, lines: list[str]) -> None:
    """Show the examples of a command's help as code; in the help they are lines."""
    del app, ctx
    shown = []
    for line in lines:
        if line == "| Example:":
            shown += ["Example:", "", ".. code-block:: bash", ""]
        else:
            shown.append(f"   {line[2:].strip()}" if line.startswith("| ") else line)
    lines[:] = shown


#: Tutorials in the order of the gallery; others follow.
TUTORIALS = (
    "own_csv.py",
    "images_and_fusion.py",
    "which_lever_pays.py",
    "gate_in_ci.py",
    "in_a_notebook.py",
    "add_an_option.py",
    "on_a_cluster.py",
)


class TutorialOrder:
    """Sort key of the gallery."""

    def __init__(self, src_dir: str) -> None:
        del src_dir

    def __call__(self, name: str) -> tuple[int, str]:
        """Return the place of a tutorial."""
        is_listed = name in TUTORIALS
        return TUTORIALS.index(name) if is_listed else len(TUTORIALS), name


def clear_folder(gallery_conf: Mapping[str, Any], file: str) -> None:
    """Remove what the tutorial before has written: each starts in an empty folder."""
    del file
    for path in Path(gallery_conf["examples_dirs"]).iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.suffix not in (".py", ".rst"):
            path.unlink()


def scrape_figures(
    block: object, block_vars: Mapping[str, Any], gallery_conf: Mapping[str, Any]
) -> str:
    """Save the figures that a block of a tutorial has made; return what shows them.

    They are plain figures of matplotlib, which its pyplot does not know of.
    """
    from matplotlib.figure import Figure
    from sphinx_gallery.scrapers import figure_rst

    del block
    files = []
    for value in block_vars["example_globals"].values():
        if isinstance(value, Figure) and not hasattr(value, "_is_shown"):
            value._is_shown = True
            files.append(next(block_vars["image_path_iterator"]))
            value.savefig(files[-1], dpi=100, bbox_inches="tight")
    return figure_rst(files, gallery_conf["src_dir"])


#: Classes that public functions return, without being public names themselves.
RETURNED = (
    "interface.effect.LeverEffects",
    "interface.comparison.ScenarioComparison",
    "pipeline.estimator.ScenarioClassifier",
    "pipeline.estimator.ScenarioClusterer",
)

_API = """\
Python
======

.. currentmodule:: rakuten_bench

``import rakuten_bench as rb``. These names are public and change by semantic versioning;
all others are private. :doc:`/python` introduces them.

Functions
---------

{functions}
Classes
-------

{classes}
Returned by them
----------------

{returned}
"""
_TABLE = ".. autosummary::\n   :toctree: api\n   :nosignatures:\n\n{names}\n"


def render_api() -> str:
    """Return the page of all public names."""
    import rakuten_bench

    public = {name: getattr(rakuten_bench, name) for name in rakuten_bench.__all__}
    functions = [name for name, one in public.items() if inspect.isroutine(one)]
    classes = [name for name, one in public.items() if inspect.isclass(one)]
    returned = [one for one in RETURNED if one.rpartition(".")[2] not in public]
    return _API.format(
        functions=_list_names(functions),
        classes=_list_names(classes),
        returned=_list_names(returned),
    )


def _list_names(names: list[str]) -> str:
    return _TABLE.format(names="".join(f"   {name}\n" for name in sorted(names)))


def render_pages() -> Iterator[tuple[Path, str]]:
    """Yield every generated page and its text."""
    for page in PAGES:
        source = REPOSITORY / page.source
        yield page.path, rewrite_links(page.read(), source, page.path)
    yield GENERATED / "python.rst", render_api()
    reference = Reference(build_schema(), URL)
    yield GENERATED / "scenario_file.md", reference.render_keys()
    yield GENERATED / "parameters.md", reference.render_parameters()
    yield EXTRA / "scenario.schema.json", render_schema()


def _write_pages(app: Sphinx, config: object) -> None:
    del app, config
    written = dict(render_pages())
    EXTRA.mkdir(exist_ok=True, parents=True)
    for path, text in written.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> Mapping[str, bool]:
    """Connect to Sphinx."""
    app.connect("config-inited", _write_pages)
    app.connect("source-read", _rewrite_source)
    app.connect("autodoc-skip-member", _skip_routing)
    app.setup_extension("sphinx_click")
    app.connect("sphinx-click-process-description", _show_examples)
    return {"parallel_read_safe": True}
