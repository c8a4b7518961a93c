"""Open a file, detect its format from its first bytes, and decompress it."""

from __future__ import annotations

import bz2
import contextlib
import difflib
import gzip
import io
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from rakuten_bench.data.reading.result import Remark
from rakuten_bench.data.reading.wide import wide_encoding
from rakuten_bench.errors import UserError
from rakuten_bench.identify import (
    explain_wrong_file,
    identify,
    is_named_as_scenarios,
)
from rakuten_bench.plain import check_plain, read_pipe

Format = Literal["delimited", "json", "parquet"]

#: Bytes from which format, encoding and separator are detected.
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
#: First bytes of unsupported formats -> name of the format, and advice.
_UNSUPPORTED = {
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
    b"\x1f\x9d": ("a file compressed by compress (.Z)", _UNPACK),
    b"\x89PNG": ("an image", "Pass the table instead"),
    b"\xff\xd8\xff": ("an image", "Pass the table instead"),
    b"version https://git-lfs": (
        "a Git LFS pointer, not the file itself",
        "Fetch it: git lfs pull",
    ),
}
#: Kinds of files and folders that another command takes.
_OURS = (
    *("images", "model", "model card", "record", "record folder", "results"),
    *("board folder", "baseline", "notebook", "code"),
)
#: A URL converted to a path, which has single slashes.
_URL = re.compile(r"(?:^|/)([A-Za-z][\w+.-]+:)/+(.*)")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
_MOST_CONTROLS = 0.01  # largest share of control characters in a text
#: Standard input; Windows has no file of this name.
STDIN = Path("/dev/stdin")
#: Standard input, and the paths that a shell substitutes for `<(command)`.
_STREAMS = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
_SHOWN = 5  # names listed in a message
#: Limits on the decompressed size of a table, in bytes and as a ratio; the larger one
#: applies. Texts reach a ratio of 10, repeated lines one of 30.
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
        The first bytes, at most `SAMPLE_SIZE`.
    is_whole : bool
        Whether the sample is the whole content.
    packed : str
        Name of the compression; "" if there is none.
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
        """Open the decompressed content at its start.

        Raises
        ------
        UserError
            If the file is damaged or unreadable, also later within the context.
        """
        with _reading(self.file, self.packed), self.opener() as stream:
            yield stream


def open_source(file: Path) -> Source:
    """Detect compression and format of a file.

    Raises
    ------
    UserError
        If the file is missing, empty, damaged, or in an unsupported format.
    """
    with _reading(file, ""):
        _refuse_our_file(file)
        check_path(file)
        opener = _opener(file)
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
    format_ = _detect_format(file, sample, packed)
    return Source(
        file,
        format_,
        sample[:SAMPLE_SIZE],
        len(sample) <= SAMPLE_SIZE,
        packed,
        tuple(_extension_remarks(file, packed)),
        opener,
    )


def _refuse_our_file(file: Path) -> None:
    """Refuse a file that this project writes or reads, but not as a table.

    Raises
    ------
    UserError
    """
    kind = identify(file)
    if kind in _OURS or (kind == "scenario file" and is_named_as_scenarios(file)):
        raise UserError(explain_wrong_file(file, "table"))


def _refuse_bomb(file: Path, opener: Opener, packed: str) -> None:
    """Refuse a decompression bomb.

    Raises
    ------
    UserError
    """
    size = file.stat().st_size if file.is_file() else 0
    left = limit = max(_MAX_UNPACKED, _MAX_RATIO * size)
    with _reading(file, packed), opener() as stream:
        while content := stream.read(_CHUNK):
            left -= len(content)
            if left < 0:
                message = (
                    f"{file}: its {size:,} bytes of {packed} data decompress to more than "
                    f"{limit:,}. If this is intended, unpack the file first."
                )
                raise UserError(message)


def check_path(file: Path) -> None:
    """Refuse a path that is not a file; suggest a similar name.

    Raises
    ------
    UserError
    """
    if file.is_dir():
        message = f"{file}: is a folder, not a file.{_suggest(_tables_in(file))}"
        raise UserError(message)
    if _is_stream_of_python(file):
        return
    if file.exists():
        if not (str(file).startswith(_STREAMS) or file.is_fifo()):
            check_plain(file)
        return
    if url := _URL.search(file.as_posix()):
        message = (
            f"{url[1]}//{url[2]}: is a URL, not a file. Download it and pass the path of "
            f"the file."
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


def _suggest(names: list[str]) -> str:
    if not names:
        return " Pass a file."
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f" Pass one of its files: {', '.join(names[:_SHOWN])}{more}."


@contextlib.contextmanager
def _reading(file: Path, packed: str) -> Iterator[None]:
    """Convert errors of reading and decompressing to a UserError with the file's name.

    Raises
    ------
    UserError
    """
    try:
        yield
    except EOFError:
        message = (
            f"{file}: truncated: its {packed} data end too early. Copy or download it "
            f"again."
        )
        raise UserError(message) from None
    except (zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        message = f"{file}: its {packed} data are damaged ({error}). Copy it again."
        raise UserError(message) from None
    except OSError as error:
        if packed and error.errno is None:  # from a decompressor, not from the system
            message = f"{file}: its {packed} data are damaged ({error}). Copy it again."
        else:
            message = f"{file}: can't be read: {error.strerror or error}."
        raise UserError(message) from None


def _opener(file: Path) -> Opener:
    """Return the opener of a file; a pipe, readable only once, is read into memory."""
    if file.is_file():
        return lambda: file.open("rb")
    if _is_stream_of_python(file):
        content = sys.stdin.buffer.read()
        return lambda: io.BytesIO(content)
    is_named = file.is_fifo() and not str(file).startswith(_STREAMS)
    content = read_pipe(file) if is_named else file.read_bytes()
    return lambda: io.BytesIO(content)


def _is_stream_of_python(file: Path) -> bool:
    """Return whether a path is standard input, on a system without such a file."""
    return file == STDIN and not file.exists()


def _compression(start: bytes) -> str:
    return next(
        (name for mark, name in _COMPRESSIONS.items() if start.startswith(mark)), ""
    )


def _extension_remarks(file: Path, packed: str) -> Iterator[Remark]:
    """Remark on a file extension that contradicts the compression."""
    ending = file.suffix.lower()
    if ending in _ENDINGS.values() and ending != _ENDINGS.get(packed):
        compression = f"compressed with {packed}" if packed else "not compressed"
        yield Remark(file, f"{compression}, despite the extension {ending}")


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
    """Return the opener of the only file of an archive.

    Raises
    ------
    UserError
        If the archive has no file or several, or is encrypted.
    """
    with _reading(file, "zip"), opener() as stream, zipfile.ZipFile(stream) as archive:
        member = _only_member(file, archive.infolist())

    @contextlib.contextmanager
    def open_member() -> Iterator[IO[bytes]]:
        with opener() as stream, zipfile.ZipFile(stream) as archive:
            try:
                unpacked = archive.open(member)
            except NotImplementedError:
                message = f"{file}: its compression method is not supported. {_UNPACK}."
                raise UserError(message) from None
            with unpacked:
                yield unpacked

    return open_member


def _only_member(file: Path, members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """Return the only file among the members of an archive.

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
        paths = [member.filename for member in files]
        more = f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else ""
        shown = f" ({', '.join(paths[:_SHOWN])}{more})" if paths else ""
        message = (
            f"{file}: the archive has {len(files)} files{shown}. Unpack it and pass one "
            f"of them."
        )
        raise UserError(message)
    if files[0].flag_bits & 1:
        message = f"{file}: the archive is encrypted. {_UNPACK}."
        raise UserError(message)
    return files[0]


def _is_by_product(member: zipfile.ZipInfo) -> bool:
    """Return whether a member is a folder, or metadata added by macOS."""
    path = PurePosixPath(member.filename)
    return member.is_dir() or path.parts[0] == "__MACOSX" or path.name.startswith(".")


def _arrow_stream(file: Path, opener: Opener, packed: str) -> Opener:
    """Return the opener of a file whose compression needs PyArrow.

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


def _detect_format(file: Path, sample: bytes, packed: str) -> Format:
    """Detect the format from the first bytes.

    Raises
    ------
    UserError
        If the format is not supported.
    """
    if sample.startswith(b"PAR1"):
        if not packed:
            return "parquet"
        message = f"{file}: is Parquet inside {packed}. {_UNPACK}."
        raise UserError(message)
    if file.suffix.lower() in {".parquet", ".pq"}:
        message = (
            f"{file}: not readable as Parquet: its first bytes are not those of a "
            f"Parquet file."
        )
        raise UserError(message)
    _refuse_unsupported(file, sample)
    text = sample.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1].lower() == b"<" and re.match(
        rb"<(!doctype|html|\?xml|table)", text, re.IGNORECASE
    ):
        message = (
            f"{file}: is a web page or XML, not a table; possibly a login page. Download "
            f"the table itself."
        )
        raise UserError(message)
    if re.match(rb'\{\s*["}]|\[\s*[\[{"\]]', text):
        return "json"
    return "delimited"


def _refuse_unsupported(file: Path, sample: bytes) -> None:
    """Refuse known formats that are not supported, and binary data."""
    for mark, (format_, advice) in _UNSUPPORTED.items():
        if sample.startswith(mark):
            message = f"{file}: is {format_}. {advice}."
            raise UserError(message)
    if sample[257:262] == b"ustar":
        message = f"{file}: is a tar archive. {_UNPACK} and pass one of its files."
        raise UserError(message)
    if _compression(sample):
        message = f"{file}: is compressed twice. {_UNPACK}."
        raise UserError(message)
    if not is_text(sample):
        message = f"{file}: is binary, not text. Pass a CSV or Parquet file."
        raise UserError(message)


def is_text(sample: bytes) -> bool:
    """Return whether bytes may be text: UTF-16, UTF-32, or few control characters."""
    if wide := wide_encoding(sample):
        characters = sample.decode(wide, "ignore")
        sample = characters.encode("ascii", "ignore")
        if len(sample) < len(characters) / 2:
            return False  # probably binary numbers
    sample = sample.rstrip(b"\r\n\x1a")  # DOS programs end a text with Ctrl-Z
    n_controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return n_controls <= _MOST_CONTROLS * len(sample)
