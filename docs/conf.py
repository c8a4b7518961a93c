"""Configuration of the documentation site: `make docs` writes it to docs/_build/html."""

import os
import shutil
import sys
from pathlib import Path

DOCS = Path(__file__).parent
BUILD = DOCS / "_build"
sys.path.insert(0, str(DOCS / "_ext"))

import pages  # noqa: E402  (in docs/_ext)
from rakuten_bench import __version__  # noqa: E402

project = "rakuten-bench"
author = "The rakuten-bench maintainers"
project_copyright = author
release = version = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "pages",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_click",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_ext", "examples"]
nitpicky = True
smartquotes = False  # -- and " are code more often than not
default_role = "code"  # single backticks of docstrings
suppress_warnings = ["config.cache"]  # functions among the settings of sphinx-gallery

# Pages that are also read on GitHub are Markdown; pages of the site alone are rst.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# Types are those of the docstrings: those of the signatures have no pages here.
autodoc_typehints = "none"
autosummary_generate = True
numpydoc_show_class_members = False

# Tutorials write files beside themselves: they run in a copy, which starts empty.
WORK = BUILD / "examples"
shutil.rmtree(WORK, ignore_errors=True)
shutil.copytree(DOCS / "examples", WORK)
os.environ["RAKUTEN_BENCH_CACHE"] = str(BUILD / "cache")
os.environ["COLUMNS"] = "100"
sphinx_gallery_conf = {
    "examples_dirs": str(WORK),
    "gallery_dirs": "tutorials",
    "filename_pattern": "",
    "within_subsection_order": pages.TutorialOrder,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "show_signature": False,
    "abort_on_example_error": True,
    "reset_modules": (pages.clear_folder,),
    "image_scrapers": (pages.scrape_figures,),
    "default_thumb_file": str(DOCS / "board.png"),
    "capture_repr": ("_repr_html_", "__repr__"),
}

templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "rakuten-bench"
html_static_path = ["_static"]
html_extra_path = ["generated/extra"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "rakuten-bench"},
    "github_url": pages.REPOSITORY_URL,
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
}
html_sidebars = {"index": [], "generated/start": []}
