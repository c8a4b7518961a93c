"""What a file or a folder is, from its name and first bytes, and which command takes it.

For messages only: a file in the wrong place is named by its kind. Nothing of its content
is quoted, which may be confidential and end in the log of a CI.
"""

from __future__ import annotations

import re
import shlex
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rakuten_bench.plain import open_plain

_HEAD = 1 << 16  # bytes that are read
_LINES = 5  # of a text that are compared
_ENTRIES = 200  # of a folder

TABLE_SUFFIXES = (*(".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq"),)
IMAGE_SUFFIXES = (*(".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"),)
_PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".lz4")
_MODEL_SUFFIXES = (".joblib", ".skops", ".pkl", ".pickle")
_WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")
_IMAGE_MARKS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_PACKED_MARKS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_PICKLE_MARKS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")  # UTF-16
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SCENARIO_KEYS = re.compile(
    r"^['\"]?(?:matrix|scenarios|dataset|defaults|include|split)['\"]?\s*:",
    re.MULTILINE,
)
_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"')
_MARKS_OF_JSON = {  # in the first bytes of an object of several lines
    '"card_version"': "model card",
    '"boards"': "baseline",
    '"levers"': "record",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    noun : str
        Completes "is ...".
    advice : str
        Sentence with `{path}` for the file, `{folder}` for its folder.
    """

    noun: str
    advice: str = ""

    def advise(self, path: Path) -> str:
        """Return the advice for a file, quoted for a shell."""
        words = {
            "path": shlex.quote(str(path)),
            "folder": shlex.quote(str(path.parent)),
        }
        return self.advice.format(**words)


KINDS = {
    "scenario file": Kind("a scenario file", "Run it: rakuten-bench run {path}"),
    "table": Kind("a table", "Write a scenario file for it: rakuten-bench init {path}"),
    "workbook": Kind(
        "a workbook",
        "Save its sheet as CSV (UTF-8), and write a scenario file for that: "
        "rakuten-bench init FILE.csv",
    ),
    "image": Kind(
        "an image",
        "Write a scenario file for the folder with one folder of images for each class: "
        "rakuten-bench init FOLDER",
    ),
    "images": Kind(
        "a folder of images",
        "Write a scenario file for it: rakuten-bench init {path}",
    ),
    "archive": Kind(
        "an archive",
        "Unpack it, and write a scenario file for its table or its folder of images: "
        "rakuten-bench init PATH",
    ),
    "model": Kind(
        "a model file",
        "Predict the rows of a table by it: rakuten-bench predict {path} TABLE",
    ),
    "model card": Kind(
        "the card of an exported model",
        "Name the model itself: rakuten-bench predict MODEL TABLE",
    ),
    "record": Kind("the record of a scenario", "Show it: rakuten-bench show {folder}"),
    "record folder": Kind(
        "the record of a scenario", "Show it: rakuten-bench show {path}"
    ),
    "results": Kind(
        "a folder of records", "Show them: rakuten-bench report --results {path}"
    ),
    "board folder": Kind(
        "the board of one data set",
        "Show it: rakuten-bench report --results {folder}",
    ),
    "baseline": Kind(
        "a baseline", "Compare with it: rakuten-bench check --baseline {path}"
    ),
    "page": Kind("a web page", "Open it in a browser."),
    "notebook": Kind("a notebook", "Open it with Jupyter."),
    "code": Kind("Python code"),
    "document": Kind("a Markdown document"),
    "folder": Kind("a folder", "Name one of its files."),
    "binary": Kind("a binary file"),
}


_FOLDERS = ("images", "results", "board folder", "record folder")


def explain_wrong_file(path: Path, wanted: str) -> str:
    """Return a message for a file that is of another kind than wanted.

    Parameters
    ----------
    path : Path
    wanted : str
        One of `KINDS`; or another noun with its article, which no file is.

    Returns
    -------
    str
        "" if the file is of that kind, absent, or not recognized.
    """
    kind = identify(path)
    if kind in ("", wanted) or (kind == "folder" and wanted in _FOLDERS):
        return ""
    found = KINDS[kind]
    noun = KINDS[wanted].noun if wanted in KINDS else wanted
    return f"{path}: is {found.noun}, not {noun}. {found.advise(path)}".rstrip()


def identify(path: Path) -> str:
    """Return the kind of a file or folder; "" if it is absent or not recognized."""
    with suppress(OSError, ValueError):
        return _identify_folder(path) if path.is_dir() else _identify_file(path)
    return ""


def is_named_as_scenarios(path: Path) -> bool:
    """Return whether the name of a file is that of a scenario file."""
    return path.suffix.lower() in (".yaml", ".yml")


def _identify_folder(path: Path) -> str:
    if (path / "record.json").exists():
        return "record folder"
    if any(path.glob("*/record.json")):
        return "board folder"
    if any(path.glob("*/*/record.json")):
        return "results"
    return "images" if any(map(is_image, _iter_files(path))) else "folder"


def is_image(path: Path) -> bool:
    """Return whether a file has the name of an image."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def _iter_files(folder: Path) -> Iterator[Path]:
    """Yield some files of a folder and of its folders."""
    for path in islice(folder.iterdir(), _ENTRIES):
        if path.is_dir():
            yield from islice(path.iterdir(), _ENTRIES)
        else:
            yield path


def _identify_file(path: Path) -> str:
    with open_plain(path) as file:
        head = file.read(_HEAD)
    for identify_by in (_by_name, _by_marks, _by_text):
        if kind := identify_by(path, head):
            return kind
    return ""


_BY_SUFFIX = {
    **dict.fromkeys(TABLE_SUFFIXES, "table"),
    **dict.fromkeys(_MODEL_SUFFIXES, "model"),
    **dict.fromkeys(_WORKBOOK_SUFFIXES, "workbook"),
    **dict.fromkeys(IMAGE_SUFFIXES, "image"),
    **dict.fromkeys((".html", ".htm"), "page"),
    **dict.fromkeys((".py", ".pyi"), "code"),
    ".ipynb": "notebook",
    ".md": "document",
}


def _by_name(path: Path, _: bytes) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes[-1:] and suffixes[-1] in (*_PACKED_SUFFIXES, ".zip"):
        suffixes = [one for one in suffixes[:-1] if one in TABLE_SUFFIXES]
    return _BY_SUFFIX.get(suffixes[-1], "") if suffixes else ""


def _by_marks(path: Path, head: bytes) -> str:
    if head.startswith(b"PK"):
        return _identify_zip(path)
    if head.startswith(_PACKED_MARKS):
        return "archive" if ".tar" in path.suffixes else "table"
    marks = {
        "table": (b"PAR1",),
        "workbook": (b"\xd0\xcf\x11\xe0",),
        "image": _IMAGE_MARKS,
        "model": _PICKLE_MARKS,
        "archive": (b"Rar!", b"7z\xbc\xaf\x27\x1c"),
    }
    for kind, starts in marks.items():
        if head.startswith(starts):
            return kind
    is_text = is_named_as_scenarios(path) or head.startswith(_WIDE_MARKS)
    return "" if is_text or not _CONTROLS.search(head) else "binary"


def _identify_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return "archive"
    if {"[Content_Types].xml", "mimetype"} & {*names}:
        return "workbook"
    if "schema.json" in names:
        return "model"
    is_one = len(names) == 1 and Path(names[0]).suffix.lower() in TABLE_SUFFIXES
    return "table" if is_one else "archive"


def _by_text(path: Path, head: bytes) -> str:
    encoding = "utf-16" if head.startswith(_WIDE_MARKS) else "utf-8-sig"
    text = head.decode(encoding, "replace").lstrip()
    if re.match(r"<(!doctype|html)", text, re.IGNORECASE):
        return "page"
    if text.startswith(("{", "[")):
        return _identify_json(text)
    if _SCENARIO_KEYS.search(text):
        return "scenario file"
    is_yaml = is_named_as_scenarios(path)
    return "table" if not is_yaml and _is_delimited(text) else ""


def _identify_json(text: str) -> str:
    """Identify JSON: an object is one of ours, or the first row of a table."""
    if re.match(r'\[\s*[\[{"\]]', text):
        return "table"
    if re.search(r'[{,\s"](?:matrix|scenarios)"?\s*:', text):
        return "scenario file"
    if re.match(r"\{.*\}[ \t\r]*(\n|$)", text):
        return "table"  # JSON Lines
    kinds = (kind for mark, kind in _MARKS_OF_JSON.items() if mark in text)
    return next(kinds, "")


def _is_delimited(text: str) -> bool:
    """Return whether all of the first lines have as many delimiters."""
    lines = [line for line in text.splitlines() if line.strip()][:_LINES]
    bare = [_QUOTED.sub("", line) for line in lines]
    counts = ({line.count(mark) for line in bare} for mark in _DELIMITERS)
    return len(lines) > 1 and any(len(one) == 1 and 0 not in one for one in counts)
