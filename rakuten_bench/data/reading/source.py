"""The bytes of a file: found, told apart by their first bytes, decompressed."""

from __future__ import annotations

import bz2
import contextlib
import difflib
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from rakuten_bench.data.reading.result import Remark
from rakuten_bench.errors import UserError
from rakuten_bench.plain import check_plain, read_pipe

Format = Literal["delimited", "json", "parquet"]

#: Bytes that formats, encodings and separators are told by.
SAMPLE_SIZE = 1 << 18

_ENDINGS = {
    "gzip": ".gz",
    "bzip2": ".bz2",
    "xz": ".xz",
    "Zstandard": ".zst",
    "LZ4": ".lz4",
    "zip": ".zip",
}
_COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_SAVE_AS_CSV = "Save the sheet as CSV (UTF-8), or write it with pandas: to_parquet"
_UNPACK = "Unpack it first"
#: First bytes of what can't be read, what it is called, and the way out.
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": ("an Excel workbook (xls)", _SAVE_AS_CSV),
    b"ARROW1": ("an Arrow (Feather) file", "Write it with pandas: to_parquet"),
    b"ORC": ("an ORC file", "Write it with pandas: to_parquet"),
    b"SQLite format 3\x00": ("an SQLite database", "Export its table as CSV"),
    b"\x89HDF": ("an HDF5 file", "Write it with pandas: to_parquet"),
    b"\x93NUMPY": ("a NumPy array", "Write a CSV with a header"),
    b"\x80\x04\x95": ("a pickle", "Write it with pandas: to_parquet"),
    b"\x80\x05\x95": ("a pickle", "Write it with pandas: to_parquet"),
    b"%PDF": ("a PDF document", "Export its table as CSV"),
    b"Rar!": ("a rar archive", _UNPACK),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", _UNPACK),
    b"\x1f\x9d": ("a file of compress (.Z)", _UNPACK),
    b"\x89PNG": ("a picture", "Name the table instead"),
    b"\xff\xd8\xff": ("a picture", "Name the table instead"),
    b"version https://git-lfs": (
        "a pointer of Git LFS, not the file itself",
        "Fetch it: git lfs pull",
    ),
}
#: A URL that became a path, which has single slashes.
_ADDRESS = re.compile(r"(?:^|/)([A-Za-z][\w+.-]+:)/+(.*)")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_MOST_CONTROLS = 0.01  # of the bytes of a text
#: Standard input, and what a shell puts in place of `<(command)`.
_STREAMS = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
_SHOWN = 5  # names listed in a message
#: A compressed table is read if it unpacks to no more bytes than this, or than so many
#: times its own: texts come to ten times, repeated lines to thirty.
_MAX_UNPACKED, _MAX_RATIO = 1 << 26, 100
_CHUNK = 1 << 20  # bytes

Opener = Callable[[], contextlib.AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True)
class Source:
    """The decompressed content of a file.

    Attributes
    ----------
    file : Path
    format : {"delimited", "json", "parquet"}
    sample : bytes
        Its start, at most `SAMPLE_SIZE`.
    is_whole : bool
        Whether the sample is all of it.
    packed : str
        How it is compressed, "" where it is not.
    remarks : tuple of Remark
    """

    file: Path
    format: Format
    sample: bytes
    is_whole: bool
    packed: str
    remarks: tuple[Remark, ...]
    opener: Opener

    @contextlib.contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it at its start.

        Raises
        ------
        UserError
            If it is damaged or can't be read, there or while it is being read.
        """
        with _reading(self.file, self.packed), self.opener() as stream:
            yield stream


def open_source(file: Path) -> Source:
    """Find out what a file is.

    Raises
    ------
    UserError
        If it is absent, empty, damaged, or of a format that is not read.
    """
    with _reading(file, ""):
        check_path(file)
        opener = _plain(file)
        with opener() as stream:
            packed = _compression(stream.read(8))
    if packed:
        opener = _decompressing(file, opener, packed)
        _refuse_bomb(file, opener, packed)
    with _reading(file, packed), opener() as stream:
        sample = stream.read(SAMPLE_SIZE + 1)
    if not sample.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"):
        message = f"{file}: the file is empty."
        raise UserError(message)
    format_ = _tell_format(file, sample, packed)
    return Source(
        file,
        format_,
        sample[:SAMPLE_SIZE],
        len(sample) <= SAMPLE_SIZE,
        packed,
        tuple(_odd_ending(file, packed)),
        opener,
    )


def _refuse_bomb(file: Path, opener: Opener, packed: str) -> None:
    """Refuse what unpacks to far more than a table would.

    Raises
    ------
    UserError
    """
    size = file.stat().st_size if file.is_file() else 0
    left = most = max(_MAX_UNPACKED, _MAX_RATIO * size)
    with _reading(file, packed), opener() as stream:
        while content := stream.read(_CHUNK):
            left -= len(content)
            if left < 0:
                message = (
                    f"{file}: its {size:,} bytes of {packed} data unpack to more than "
                    f"{most:,}. If they are meant to, unpack them first."
                )
                raise UserError(message)


def check_path(file: Path) -> None:
    """Refuse what is no file, with a name that was probably meant.

    Raises
    ------
    UserError
    """
    if file.is_dir():
        message = f"{file}: is a folder, not a file.{_listed(_tables_in(file))}"
        raise UserError(message)
    if file.exists():
        if not (str(file).startswith(_STREAMS) or file.is_fifo()):
            check_plain(file)
        return
    if address := _ADDRESS.search(file.as_posix()):
        message = (
            f"{address[1]}//{address[2]}: is an address, not a file. Download it and "
            f"give the path of the file."
        )
        raise UserError(message)
    close = difflib.get_close_matches(file.name, _files_in(file.parent), n=1)
    hint = f"Did you mean '{close[0]}'?" if close else "Check its path."
    message = f"{file}: no such file. {hint}"
    raise UserError(message)


def _files_in(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError:
        return []


def _tables_in(folder: Path) -> list[str]:
    endings = (".csv", ".tsv", ".txt", ".jsonl", ".parquet", *_ENDINGS.values())
    return [name for name in _files_in(folder) if name.lower().endswith(endings)]


def _listed(names: list[str]) -> str:
    if not names:
        return " Name a file."
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f" Name one of its files: {', '.join(names[:_SHOWN])}{more}."


@contextlib.contextmanager
def _reading(file: Path, packed: str) -> Iterator[None]:
    """Name the file that is damaged or can't be read.

    Raises
    ------
    UserError
    """
    try:
        yield
    except EOFError:
        message = (
            f"{file}: is cut short: its {packed} data end too early. "
            f"Copy or download it again."
        )
        raise UserError(message) from None
    except (zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        message = f"{file}: its {packed} data are damaged ({error}). Copy it again."
        raise UserError(message) from None
    except OSError as error:
        if packed and error.errno is None:  # of a decompressor, not of the disk
            message = f"{file}: its {packed} data are damaged ({error}). Copy it again."
        else:
            message = f"{file}: can't be read: {error.strerror or error}."
        raise UserError(message) from None


def _plain(file: Path) -> Opener:
    """Return what opens a file; a pipe can be read only once, so it is kept."""
    if file.is_file():
        return lambda: file.open("rb")
    is_named = file.is_fifo() and not str(file).startswith(_STREAMS)
    content = read_pipe(file) if is_named else file.read_bytes()
    return lambda: io.BytesIO(content)


def _compression(start: bytes) -> str:
    return next(
        (name for mark, name in _COMPRESSIONS.items() if start.startswith(mark)), ""
    )


def _odd_ending(file: Path, packed: str) -> Iterator[Remark]:
    """Remark on an ending that promises another compression."""
    ending = file.suffix.lower()
    if ending in _ENDINGS.values() and ending != _ENDINGS.get(packed):
        yield Remark(file, f"is {packed or 'not compressed'}, whatever its ending says")


def _decompressing(file: Path, opener: Opener, packed: str) -> Opener:
    if packed == "zip":
        return _zip_member(file, opener)
    if packed in {"Zstandard", "LZ4"}:
        return _arrow_stream(file, opener, packed)
    functions: dict[str, Callable[[IO[bytes]], Any]] = {
        "gzip": gzip.open,
        "bzip2": bz2.open,
        "xz": lzma.open,
    }

    @contextlib.contextmanager
    def decompress() -> Iterator[IO[bytes]]:
        with opener() as stream, functions[packed](stream) as decompressed:
            yield decompressed

    return decompress


def _zip_member(file: Path, opener: Opener) -> Opener:
    """Return what opens the one table of an archive.

    Raises
    ------
    UserError
        If it holds several files, none, or is locked by a password.
    """
    with _reading(file, "zip"), opener() as stream, zipfile.ZipFile(stream) as archive:
        member = _only_member(file, archive.infolist())

    @contextlib.contextmanager
    def open_member() -> Iterator[IO[bytes]]:
        with opener() as stream, zipfile.ZipFile(stream) as archive:
            try:
                unpacked = archive.open(member)
            except NotImplementedError:
                message = f"{file}: is compressed by a method not read here. {_UNPACK}."
                raise UserError(message) from None
            with unpacked:
                yield unpacked

    return open_member


def _only_member(file: Path, members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """Return the one table among an archive's members.

    Raises
    ------
    UserError
    """
    names = {member.filename for member in members}
    if names & {"[Content_Types].xml", "mimetype"}:
        message = f"{file}: is a workbook or document, not a table. {_SAVE_AS_CSV}."
        raise UserError(message)
    files = [member for member in members if not _is_by_product(member)]
    if len(files) != 1:
        kept = [member.filename for member in files]
        more = f" and {len(kept) - _SHOWN:,} more" if len(kept) > _SHOWN else ""
        held = f" ({', '.join(kept[:_SHOWN])}{more})" if kept else ""
        message = (
            f"{file}: the archive holds {len(files)} files{held}. Unpack it and name "
            f"one of them."
        )
        raise UserError(message)
    if files[0].flag_bits & 1:
        message = f"{file}: the archive is locked by a password. {_UNPACK}."
        raise UserError(message)
    return files[0]


def _is_by_product(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a folder, or what macOS adds to archives."""
    path = PurePosixPath(member.filename)
    return member.is_dir() or path.parts[0] == "__MACOSX" or path.name.startswith(".")


def _arrow_stream(file: Path, opener: Opener, packed: str) -> Opener:
    """Return what opens a file of a compression that PyArrow knows and Python lacks.

    Raises
    ------
    UserError
        If PyArrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError:
        message = (
            f"{file}: reading {packed} needs the package 'pyarrow'. {_UNPACK}, or run: "
            f'pip install "rakuten-bench[parquet]"'
        )
        raise UserError(message) from None
    codec = {"Zstandard": "zstd", "LZ4": "lz4"}[packed]

    @contextlib.contextmanager
    def decompress() -> Iterator[IO[bytes]]:
        with opener() as stream, pa.CompressedInputStream(stream, codec) as arrow:
            yield io.BufferedReader(arrow)

    return decompress


def _tell_format(file: Path, sample: bytes, packed: str) -> Format:
    """Tell the format by the first bytes.

    Raises
    ------
    UserError
        For one that is not read, with the way out.
    """
    if sample.startswith(b"PAR1"):
        if not packed:
            return "parquet"
        message = f"{file}: is Parquet inside {packed}. {_UNPACK}."
        raise UserError(message)
    if file.suffix.lower() in {".parquet", ".pq"}:
        message = f"{file}: not readable as Parquet: it does not begin as such a file."
        raise UserError(message)
    _refuse_foreign(file, sample)
    text = sample.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1].lower() == b"<" and re.match(
        rb"<(!doctype|html|\?xml|table)", text, re.IGNORECASE
    ):
        message = (
            f"{file}: is a web page or XML, not a table. Is it the page that a login "
            f"asks for? Download the table itself."
        )
        raise UserError(message)
    if re.match(rb'\{\s*["}]|\[\s*[\[{"\]]', text):
        return "json"
    return "delimited"


def _refuse_foreign(file: Path, sample: bytes) -> None:
    """Refuse known formats that are no table here, and anything that is no text."""
    for mark, (what, way_out) in _FOREIGN.items():
        if sample.startswith(mark):
            message = f"{file}: is {what}. {way_out}."
            raise UserError(message)
    if sample[257:262] == b"ustar":
        message = f"{file}: is a tar archive. {_UNPACK} and name one of its files."
        raise UserError(message)
    if _compression(sample):
        message = f"{file}: is compressed twice. {_UNPACK}."
        raise UserError(message)
    if not is_text(sample):
        message = (
            f"{file}: is no text: it holds binary data. Name a CSV or Parquet file."
        )
        raise UserError(message)


def is_text(sample: bytes) -> bool:
    """Tell whether bytes may be text: few control characters, or UTF-16 or UTF-32."""
    from rakuten_bench.data.reading.encoding import wide_encoding

    if wide := wide_encoding(sample):
        characters = sample.decode(wide, "ignore")
        sample = characters.encode("ascii", "ignore")
        if len(sample) < len(characters) / 2:
            return False  # numbers, most likely
    sample = sample.rstrip(b"\r\n\x1a")  # DOS ends a text by Ctrl-Z
    n_controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return n_controls <= _MOST_CONTROLS * len(sample)
