"""How the bytes of a text become characters: UTF-8 unless they say otherwise."""

from __future__ import annotations

import codecs
import contextlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rakuten_bench.data.reading.result import Remark, count
from rakuten_bench.data.reading.source import Source

_END_MARK = "\x1a"
_CHUNK = 1 << 20
_WIDE_MARKS = {  # UTF-32's starts with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MANY_NULS = 0.2  # of every other byte: UTF-16 of a European language
#: With a smaller share of characters in UTF-8 a file is of one byte a character: some
#: pairs of its bytes are UTF-8 by chance.
_LEAST_UTF8 = 0.1


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a file.

    Attributes
    ----------
    name : str
        A codec of Python.
    errors : str
        "strict" where every byte was found to fit.
    has_nuls : bool
        Whether there are NUL characters, which stand for nothing.
    remarks : tuple of Remark
    """

    name: str
    errors: str = "strict"
    has_nuls: bool = False
    remarks: tuple[Remark, ...] = ()

    @contextlib.contextmanager
    def open_lines(self, source: Source) -> Iterator[Iterator[str]]:
        """Open the lines of a file with their ends, without NUL and end-of-file marks."""
        with open_text(source, self.name, self.errors) as text:
            lines: Iterable[str] = text
            if self.has_nuls:
                lines = (line.replace("\0", "") for line in text)
            yield _without_end_mark(lines)


def _without_end_mark(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines but for Ctrl-Z at the end, by which DOS programs end a file."""
    last = ""
    for line in lines:
        if last:
            yield last
        last = line
    content = last.rstrip("\r\n")
    if content.endswith(_END_MARK):
        last = content.rstrip(_END_MARK)
    if last:
        yield last


@contextlib.contextmanager
def open_text(source: Source, name: str, errors: str) -> Iterator[io.TextIOWrapper]:
    """Decode a file; its line ends stay as they are."""
    with (
        source.open() as stream,
        io.TextIOWrapper(stream, encoding=name, errors=errors, newline="") as text,
    ):
        yield text


def wide_encoding(sample: bytes) -> str:
    """Return the UTF-16 or UTF-32 codec of a text, "" for one of single bytes.

    >>> wide_encoding("name".encode("utf-16"))
    'utf-16'
    >>> wide_encoding("name".encode("utf-16-le"))
    'utf-16-le'
    >>> wide_encoding(b"name")
    ''
    """
    for mark, name in _WIDE_MARKS.items():
        if sample.startswith(mark):
            return name
    half = max(len(sample) // 2, 1)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > _MANY_NULS and even < odd / 10:
        return "utf-16-le"
    if even > _MANY_NULS and odd < even / 10:
        return "utf-16-be"
    return ""


def find_encoding(source: Source) -> Encoding:
    """Find the encoding that fits all of a file.

    A file that is UTF-8 but for some bytes stays UTF-8: only these are replaced. One
    whose characters are hardly ever UTF-8 is read as Windows-1252. Either is said.
    """
    wide = wide_encoding(source.sample)
    name = wide or "utf-8-sig"
    fits, has_nuls = _scan(source, name)
    if wide:
        return _wide(source, wide, fits, has_nuls)
    if fits:
        remarks = tuple(_nul_remarks(source)) if has_nuls else ()
        return Encoding(name, has_nuls=has_nuls, remarks=remarks)
    return _mixed(source, has_nuls)


def _scan(source: Source, name: str) -> tuple[bool, bool]:
    """Tell whether all bytes fit an encoding, and whether NUL characters are there."""
    decoder = codecs.getincrementaldecoder(name)()
    has_nuls = False
    with source.open() as stream:
        try:
            while chunk := stream.read(_CHUNK):
                has_nuls = has_nuls or "\0" in decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False, True  # of the rest nothing is known
    return True, has_nuls


def _wide(source: Source, name: str, fits: bool, has_nuls: bool) -> Encoding:
    shown = name.upper()
    remarks = [Remark(source.file, f"read as {shown}")]
    if not fits:
        what = f"bytes that are not {shown} are replaced by U+FFFD"
        lines = tuple(_lines_with(source, name, "\ufffd"))
        remarks.append(Remark(source.file, what, lines))
    return Encoding(name, "strict" if fits else "replace", has_nuls, tuple(remarks))


def _mixed(source: Source, has_nuls: bool) -> Encoding:
    """Choose between UTF-8 with broken bytes and Windows-1252."""
    good, bad, lines = _count_characters(source)
    nuls = tuple(_nul_remarks(source))
    if good < _LEAST_UTF8 * (good + bad):
        remarks = (*_single_byte_remarks(source, lines), *nuls)
        # bytes that Windows-1252 leaves undefined must not stop a run
        return Encoding(_single_byte(source)[0], "replace", bool(nuls), remarks)
    what = (
        f"read as UTF-8, {count(bad, 'broken character')} replaced by U+FFFD in "
        f"{count(len(lines), 'line')}"
    )
    remarks = (Remark(source.file, what, tuple(lines)), *nuls)
    return Encoding("utf-8-sig", "replace", bool(nuls), remarks)


def _single_byte(source: Source) -> tuple[str, str]:
    """Return the codec of a text of single bytes, and what it is called."""
    has_mac_ends = b"\r" in source.sample and b"\n" not in source.sample
    return ("mac_roman", "Mac Roman") if has_mac_ends else ("cp1252", "Windows-1252")


def _single_byte_remarks(source: Source, lines: list[int]) -> Iterator[Remark]:
    name, shown = _single_byte(source)
    what = (
        f"read as {shown}, as {count(len(lines), 'line', 'is')} not UTF-8; if it has "
        f"another encoding, save it as UTF-8"
    )
    yield Remark(source.file, what, tuple(lines))
    if undefined := tuple(_lines_with(source, name, "\ufffd")):
        what = f"bytes that {shown} leaves undefined are replaced by U+FFFD"
        yield Remark(source.file, what, undefined)


def _count_characters(source: Source) -> tuple[int, int, list[int]]:
    """Count characters beyond ASCII that are UTF-8 and that are not.

    Returns
    -------
    good, bad : int
    lines : list of int
        That hold bad ones.
    """
    good = bad = 0
    lines = []
    for number, line in enumerate(_raw_lines(source), 1):
        if line.isascii():
            continue
        text = line.decode("utf-8", "replace")
        n_bad = text.count("\ufffd") - line.count("\ufffd".encode())
        good += sum(character > "\x7f" for character in text) - n_bad
        if n_bad:
            bad += n_bad
            lines.append(number)
    return good, bad, lines


def _raw_lines(source: Source) -> Iterator[bytes]:
    """Yield lines as bytes, cut at every kind of line end."""
    with open_text(source, "latin-1", "strict") as text:
        for line in text:
            yield line.encode("latin-1")


def _nul_remarks(source: Source) -> Iterator[Remark]:
    lines = tuple(_lines_with(source, "latin-1", "\0"))
    if lines:
        what = f"NUL characters removed from {count(len(lines), 'line')}"
        yield Remark(source.file, what, lines)


def _lines_with(source: Source, name: str, character: str) -> Iterator[int]:
    with open_text(source, name, "replace") as text:
        for number, line in enumerate(text, 1):
            if character in line:
                yield number
