"""Detect the encoding of a text: UTF-8, UTF-16, UTF-32 or a single-byte one."""

from __future__ import annotations

import codecs
import contextlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rakuten_bench.data.reading.result import Remark, count
from rakuten_bench.data.reading.source import Source
from rakuten_bench.data.reading.wide import wide_encoding

_END_MARK = "\x1a"
_CHUNK = 1 << 20
#: With a smaller share of valid characters beyond ASCII, a file is not UTF-8 but has a
#: single-byte encoding, in which some pairs of bytes are valid UTF-8 by chance.
_LEAST_UTF8 = 0.1


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a file.

    Attributes
    ----------
    name : str
        Name of a Python codec.
    errors : str
        "strict" if all bytes are valid, else "replace".
    has_nuls : bool
        Whether there are NUL characters; they are removed.
    remarks : tuple of Remark
    """

    name: str
    errors: str = "strict"
    has_nuls: bool = False
    remarks: tuple[Remark, ...] = ()

    @contextlib.contextmanager
    def open_lines(self, source: Source) -> Iterator[Iterator[str]]:
        """Open the lines of a file with their line ends, without NUL and Ctrl-Z."""
        with open_text(source, self.name, self.errors) as text:
            lines: Iterable[str] = text
            if self.has_nuls:
                lines = (line.replace("\0", "") for line in text)
            yield _without_end_mark(lines)


def _without_end_mark(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines without the final Ctrl-Z, the end-of-file mark of DOS programs."""
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
    """Decode a file without translating its line ends."""
    with (
        source.open() as stream,
        io.TextIOWrapper(stream, encoding=name, errors=errors, newline="") as text,
    ):
        yield text


def find_encoding(source: Source) -> Encoding:
    """Detect the encoding of a file from all of its bytes.

    UTF-8 with some invalid bytes is read as UTF-8, with these bytes replaced. A file
    with few valid UTF-8 characters is read as Windows-1252, or Mac Roman if its lines
    end in CR. Both give a remark.
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
    """Return whether all bytes are valid in an encoding, and whether some are NUL."""
    decoder = codecs.getincrementaldecoder(name)()
    has_nuls = False
    with source.open() as stream:
        try:
            while chunk := stream.read(_CHUNK):
                has_nuls = has_nuls or "\0" in decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False, True  # the rest was not scanned: it may have some
    return True, has_nuls


def _wide(source: Source, name: str, fits: bool, has_nuls: bool) -> Encoding:
    title = name.upper()
    remarks = [Remark(source.file, f"read as {title}")]
    if not fits:
        clause = f"bytes that are not {title} replaced by U+FFFD"
        lines = tuple(_lines_with(source, name, "\ufffd"))
        remarks.append(Remark(source.file, clause, lines))
    return Encoding(name, "strict" if fits else "replace", has_nuls, tuple(remarks))


def _mixed(source: Source, has_nuls: bool) -> Encoding:
    """Choose between UTF-8 with invalid bytes and a single-byte encoding."""
    valid, invalid, lines = _count_characters(source)
    nuls = tuple(_nul_remarks(source))
    if valid < _LEAST_UTF8 * (valid + invalid):
        remarks = (*_single_byte_remarks(source, lines), *nuls)
        # bytes that Windows-1252 leaves undefined must not stop a run
        return Encoding(_single_byte(source)[0], "replace", bool(nuls), remarks)
    clause = (
        f"read as UTF-8, {count(invalid, 'invalid character')} replaced by U+FFFD in "
        f"{count(len(lines), 'line')}"
    )
    remarks = (Remark(source.file, clause, tuple(lines)), *nuls)
    return Encoding("utf-8-sig", "replace", bool(nuls), remarks)


def _single_byte(source: Source) -> tuple[str, str]:
    """Return the single-byte codec to read a text with, and its title."""
    has_mac_ends = b"\r" in source.sample and b"\n" not in source.sample
    return ("mac_roman", "Mac Roman") if has_mac_ends else ("cp1252", "Windows-1252")


def _single_byte_remarks(source: Source, lines: list[int]) -> Iterator[Remark]:
    name, title = _single_byte(source)
    clause = (
        f"read as {title}, as {count(len(lines), 'line', 'is')} not UTF-8; if it has "
        f"another encoding, save it as UTF-8"
    )
    yield Remark(source.file, clause, tuple(lines))
    if undefined := tuple(_lines_with(source, name, "\ufffd")):
        clause = f"bytes undefined in {title} replaced by U+FFFD"
        yield Remark(source.file, clause, undefined)


def _count_characters(source: Source) -> tuple[int, int, list[int]]:
    """Count valid and invalid UTF-8 characters beyond ASCII.

    Returns
    -------
    valid, invalid : int
    lines : list of int
        Lines with invalid ones.
    """
    valid = invalid = 0
    lines = []
    for number, line in enumerate(_raw_lines(source), 1):
        if line.isascii():
            continue
        text = line.decode("utf-8", "replace")
        n_invalid = text.count("\ufffd") - line.count("\ufffd".encode())
        valid += sum(character > "\x7f" for character in text) - n_invalid
        if n_invalid:
            invalid += n_invalid
            lines.append(number)
    return valid, invalid, lines


def _raw_lines(source: Source) -> Iterator[bytes]:
    """Yield lines as bytes, split at LF, CR and CRLF."""
    with open_text(source, "latin-1", "strict") as text:
        for line in text:
            yield line.encode("latin-1")


def _nul_remarks(source: Source) -> Iterator[Remark]:
    lines = tuple(_lines_with(source, "latin-1", "\0"))
    if lines:
        clause = f"NUL characters removed from {count(len(lines), 'line')}"
        yield Remark(source.file, clause, lines)


def _lines_with(source: Source, name: str, character: str) -> Iterator[int]:
    with open_text(source, name, "replace") as text:
        for number, line in enumerate(text, 1):
            if character in line:
                yield number
