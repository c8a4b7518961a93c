"""Reading files as users have them: a table, or one message."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rakuten_bench.data.reading import Reading, read_table, source
from rakuten_bench.errors import UserError
from rakuten_bench.types import sort_labels

NAMES = ("name", "kind")
TABLE = "name,kind\nmug,Kitchen\nball,Toys\nspade,Garden\n"
ROWS = [["mug", "Kitchen"], ["ball", "Toys"], ["spade", "Garden"]]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    """Return a function that writes a file and reads it."""

    def read_content(
        content: str | bytes, name: str = "shop.csv", names: tuple[str, ...] = NAMES
    ) -> Reading:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(file, names)

    return read_content


Read = Callable[..., Reading]


def rows(reading: Reading) -> list[list[str]]:
    return reading.frame.to_numpy().tolist()


def remarks(reading: Reading) -> list[str]:
    return [str(remark) for remark in reading.remarks]


def test_a_plain_table_gives_no_remark(read: Read):
    reading = read(TABLE)

    assert list(reading.frame) == ["name", "kind"]
    assert rows(reading) == ROWS
    assert reading.remarks == ()


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(read: Read, ends: str):
    assert rows(read(TABLE.replace("\n", ends))) == ROWS


def test_fields_are_as_python_writes_them(read: Read):
    values = [['5" screen, big', "a\nb"], ["x;y\t|z", ' "q" '], ["", "l\r\nm"]]
    text = io.StringIO()
    csv.writer(text).writerows([NAMES, *values])

    assert rows(read(text.getvalue())) == values


def test_a_field_may_be_longer_than_the_limit_of_the_module_csv(read: Read):
    limit = csv.field_size_limit()

    [[name, _]] = rows(read(f'name,kind\n"{"x" * 200_000}",K\n'))

    assert len(name) == 200_000
    assert csv.field_size_limit() == limit


# Fields are counted


def test_separators_beyond_the_last_column_move_no_value(read: Read):
    reading = read("name,kind\nmug,Kitchen,\nball,Toys\nspade,Garden,,\n")

    assert rows(reading) == ROWS
    assert remarks(reading) == [
        "shop.csv: 2 rows end in separators beyond the last column, left out "
        "(lines 2, 4)."
    ]


def test_a_row_with_more_fields_is_refused_by_line(read: Read):
    with pytest.raises(
        UserError, match=r"shop.csv: 1 row has 3 fields, .* 2 columns \(line 3\)"
    ):
        read("name,kind\nmug,Kitchen\nball, red,Toys\n")


def test_rows_that_all_have_one_field_more_are_no_index(read: Read):
    table = "name,kind\n" + "".join(f"{n},mug,K\n" for n in range(9))

    with pytest.raises(
        UserError, match=r"9 rows have up to 3 fields.*lines 2, 3, 4, 5, 6 and 4 more"
    ):
        read(table)


def test_missing_fields_are_empty_and_reported_by_line(read: Read):
    reading = read('name,kind,text\n"mug\nred",K,x\nball,T\n')

    assert rows(reading) == [["mug\nred", "K", "x"], ["ball", "T", ""]]
    assert remarks(reading) == [
        "shop.csv: 1 row has fewer fields than the header, read as empty (line 4)."
    ]


def test_a_column_without_a_name_may_be_missing_at_the_end(read: Read):
    reading = read("name,kind,\nmug,Kitchen\n")

    assert rows(reading) == [["mug", "Kitchen", ""]]
    assert reading.remarks == ()


def test_lines_are_counted_beyond_the_first_chunk(read: Read):
    many = "name,kind,text\n" + "mug,K,x\n" * 1000

    reading = read(many + "ball,T\n" + "mug,K,x\n" * 1000)

    assert [remark.lines for remark in reading.remarks] == [(1002,)]
    assert len(reading.frame) == 2001


def test_blank_lines_between_rows_are_left_out_and_reported(read: Read):
    reading = read("name,kind\nmug,Kitchen\n\nball,Toys\n  \nspade,Garden\n\n\n")

    assert rows(reading) == ROWS
    assert remarks(reading) == ["shop.csv: 2 blank lines left out (lines 3, 5)."]


def test_in_a_table_of_one_column_a_blank_line_is_a_row(read: Read):
    reading = read('name\nmug\n\nball\n""\n\n', names=("name",))

    assert rows(reading) == [["mug"], [""], ["ball"], [""]]
    assert remarks(reading) == [
        "shop.csv: 1 blank line read as empty (line 3).",
        "shop.csv: 1 blank line at the end left out (line 6).",
    ]


def test_a_repeated_header_is_refused(read: Read):
    with pytest.raises(UserError, match=r"repeated header \(line 5\)"):
        read(TABLE + TABLE)


# Quotes


@pytest.mark.parametrize(
    "line",
    ['"27 inch,Toys', 'mug,"Toys'],
    ids=["first column", "last column"],
)
@pytest.mark.parametrize(
    "end",
    ['13" wide,Garden', '"wide" pot,Garden', "pot,Garden"],
    ids=["ends in the middle", "ends at a quoted value", "ends nowhere"],
)
def test_an_unbalanced_quote_swallows_no_rows(read: Read, line: str, end: str):
    between = "".join(f"mug {n},Kitchen\n" for n in range(70))

    with pytest.raises(UserError, match=r"unclosed quote in lines? "):
        read(f"name,kind\n{line}\n{between}{end}\nball,Toys\n")


def test_a_quoted_value_may_end_with_the_end_of_a_line(read: Read):
    found = read('name,kind\none,pot\ntwo,"pot\n"\n"two\n",hat\n')

    assert found.frame["kind"].tolist() == ["pot", "pot\n", "hat"]
    assert found.remarks == ()


def test_a_quote_that_closes_in_the_next_row_of_the_last_column_is_refused(read: Read):
    with pytest.raises(UserError, match=r"lines 2 to 3, which swallows 1 line\."):
        read('name,kind\none,"pot\ntwo,hat"\nthree,hat\n')


def test_a_quote_that_swallows_rows_and_fits_the_header_is_refused(read: Read):
    with pytest.raises(UserError, match=r"lines 2 to 4, which swallows 2 lines"):
        read('name,kind\n"27 inch,Toys\nmug,Kitchen\npot 5",Garden\nball,Toys\n')


def test_a_value_of_many_lines_may_be_in_a_row_with_fewer_fields(read: Read):
    reading = read('name,kind,text\n"a,b\nc,d\ne",K\nball,T,x\n')

    assert rows(reading)[0] == ["a,b\nc,d\ne", "K", ""]


def test_a_value_of_many_lines_is_not_an_unbalanced_quote(read: Read):
    text = "red, and blue\nlarge, small\n\nwith, commas\nlast"

    reading = read(f'name,kind\n"{text}",Kitchen\nball,Toys\n')

    assert rows(reading) == [[text, "Kitchen"], ["ball", "Toys"]]


def test_quotes_that_are_not_doubled_are_read_where_that_is_certain(read: Read):
    reading = read(
        'name,kind\n"5" screen, flat",Toys\nmug,Kitchen\n"a ""b"" c",Garden\n'
    )

    assert rows(reading)[0] == ['5" screen, flat', "Toys"]
    assert rows(reading)[2] == ['a "b" c', "Garden"]
    assert remarks(reading) == [
        "shop.csv: 1 row has undoubled quotes within a value (line 2)."
    ]


def test_quotes_after_backslashes_are_read_and_other_backslashes_stay(read: Read):
    reading = read('name,kind\n"5\\" screen, flat",Toys\n"C:\\dir",Kitchen\n')

    assert rows(reading) == [['5" screen, flat', "Toys"], ["C:\\dir", "Kitchen"]]
    assert remarks(reading) == [
        "shop.csv: quotes escaped by a backslash are part of the value."
    ]


def test_a_quote_within_a_bare_value_is_part_of_it(read: Read):
    reading = read('name,kind\n5" screen,Toys\n')

    assert rows(reading) == [['5" screen', "Toys"]]
    assert reading.remarks == ()


# Header and separator


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_commas_in_the_header_do_not_separate(read: Read, separator: str):
    lines = [
        ["SKU (new, empty)", "Name (100 characters, required)", "kind"],
        ["1", "mug", "Kitchen"],
        ["2", "ball, red, small", "Toys"],
    ]
    text = "\n".join(map(separator.join, lines))

    for names in (("Name (100 characters, required)", "kind"), ("nmae",)):
        assert rows(read(text, names=names)) == lines[1:]


def test_a_semicolon_in_a_name_does_not_separate(read: Read):
    reading = read("name;x,kind\nmug,K\n", names=("name;x", "kind"))

    assert rows(reading) == [["mug", "K"]]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
def test_the_separator_line_for_excel_is_not_the_header(read: Read, first: str):
    assert rows(read(f"{first}\r\n" + TABLE.replace(",", ";"))) == ROWS


def test_that_line_may_name_any_separator(read: Read):
    assert rows(read("sep=^\n" + TABLE.replace(",", "^"))) == ROWS


def test_lines_above_the_header_are_left_out_and_reported(read: Read):
    reading = read(f"Export of shop, all rows\nDate: 1 May, noon\n\n{TABLE}")

    assert rows(reading) == ROWS
    assert remarks(reading) == [
        "shop.csv: 2 lines above the header left out (lines 1, 2)."
    ]


def test_blank_lines_above_the_header_are_nothing(read: Read):
    reading = read(f"\n  \n{TABLE}")

    assert rows(reading) == ROWS
    assert reading.remarks == ()


@pytest.mark.parametrize("content", ['""\n', "\v\n"])
def test_a_file_without_any_value_has_no_header(read: Read, content: str):
    with pytest.raises(UserError, match=r"shop\.csv: has no header"):
        read(content)


def test_a_row_is_not_taken_for_the_header(read: Read):
    reading = read("title,sort\nname,kind\nmug,Kitchen\n", names=("title", "kind"))

    assert list(reading.frame) == ["title", "sort"]


def test_spaces_around_names_are_no_part_of_them(read: Read):
    assert rows(read(' name ,\tkind \nmug,"Kitchen"\n')) == [["mug", "Kitchen"]]


@pytest.mark.parametrize(
    "name", ["cate\u0301gorie", "\u200bcatégorie", "catégorie\xa0"]
)
def test_a_name_that_looks_like_the_one_that_is_used_is_it(read: Read, name: str):
    reading = read(f"name,{name}\nmug,K\n", names=("name", "catégorie"))

    assert list(reading.frame) == ["name", "catégorie"]


def test_a_space_after_every_separator_is_not_part_of_the_values(read: Read):
    reading = read('name, kind\nmug, "Kitchen, bath"\nball, Toys\n')

    assert rows(reading) == [["mug", "Kitchen, bath"], ["ball", "Toys"]]


def test_commas_in_a_table_of_one_column_are_text(read: Read):
    reading = read("name\nmug, red\nball, large, blue\npot\n", names=("name",))

    assert rows(reading) == [["mug, red"], ["ball, large, blue"], ["pot"]]
    assert reading.remarks == ()


def test_rows_that_look_cut_under_a_header_of_one_column_are_reported(read: Read):
    reading = read("name\n" + "mug,Kitchen\n" * 5, names=("name",))

    assert remarks(reading) == [
        "shop.csv: the header has one column, but most rows contain ',', which is "
        "read as text."
    ]


def test_a_used_column_that_is_there_twice_is_refused(read: Read):
    with pytest.raises(UserError, match=r"2 columns are named 'kind' \(columns 2, 4\)"):
        read("name,kind,text,kind\na,K,x,L\n")


def test_other_columns_that_are_there_twice_are_numbered(read: Read):
    reading = read("name,x,x,x.1,,kind\na,1,2,3,4,K\n")

    assert list(reading.frame) == ["name", "x", "x.2", "x.1", "Unnamed: 4", "kind"]


# Encodings


def test_one_bad_byte_leaves_the_rest_utf_8(read: Read):
    good = "name,kind\nthé,Épicerie\ncafé,Épicerie\n".encode()

    reading = read(good + "épée,Jouets\n".encode("cp1252"))

    assert rows(reading)[:2] == [["thé", "Épicerie"], ["café", "Épicerie"]]
    assert rows(reading)[2] == ["\ufffdp\ufffde", "Jouets"]
    assert remarks(reading) == [
        "shop.csv: read as UTF-8, 2 invalid characters replaced by U+FFFD in 1 line "
        "(line 4)."
    ]


def test_a_file_of_windows_1252_is_read_so_though_some_pairs_are_utf_8(read: Read):
    names = [*("thé", "café", "pâté", "à") * 5, "«CAFÉ»"]
    text = "name,kind\n" + "".join(f"{name},é\n" for name in names)

    reading = read(text.encode("cp1252"))

    assert reading.frame["name"].tolist() == names
    assert "read as Windows-1252, as 21 lines are not UTF-8" in remarks(reading)[0]


def test_invalid_bytes_are_reported(read: Read):
    reading = read(b"name,kind\ncaf\xe9,K\nx\x81,K\n")

    assert rows(reading) == [["café", "K"], ["x\ufffd", "K"]]
    assert (
        "undefined in Windows-1252 replaced by U+FFFD (line 3)" in remarks(reading)[1]
    )


def test_a_file_of_an_old_mac_is_read_as_mac_roman(read: Read):
    reading = read("name,kind\rcafé,K\rthé,K\r".encode("mac_roman"))

    assert reading.frame["name"].tolist() == ["café", "thé"]
    assert "Mac Roman" in remarks(reading)[0]


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("utf-32", "UTF-32"),
    ],
)
def test_wide_encodings_are_read_and_reported(read: Read, encoding: str, shown: str):
    reading = read(("name\tkind\n" + "café\tÉpicerie\n" * 3).encode(encoding))

    assert rows(reading) == [["café", "Épicerie"]] * 3
    assert remarks(reading) == [f"shop.csv: read as {shown}."]


def test_byte_order_marks_are_no_part_of_the_first_name(read: Read):
    assert rows(read("\ufeff\ufeffname,kind\nmug,K\n")) == [["mug", "K"]]
    assert rows(read('\ufeff"name",kind\nmug,K\n')) == [["mug", "K"]]


@pytest.mark.parametrize("end", ["\x1a", "\x1a\r\n", "\x1a\x1a"])
@pytest.mark.parametrize("table", [TABLE, TABLE.rstrip("\n")], ids=["line end", "none"])
def test_the_mark_by_which_dos_ends_a_file_is_no_row(read: Read, table: str, end: str):
    assert rows(read(table + end)) == ROWS


def test_control_characters_within_a_table_stay(read: Read):
    table = TABLE + "mug,Kitchen\n" * 40

    reading = read(f"{table}mu\x1ag,Kitchen\n\x1aball,Toys\n")

    assert rows(reading)[-2:] == [["mu\x1ag", "Kitchen"], ["\x1aball", "Toys"]]


def test_nul_characters_are_removed_and_reported(read: Read):
    reading = read("name,kind\n" + "mug,K\n" * 50 + "bo\0x,K\n")

    assert rows(reading)[-1] == ["box", "K"]
    assert remarks(reading) == [
        "shop.csv: NUL characters removed from 1 line (line 52)."
    ]


# Compressed files


def zipped(**members: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


def streamed(data: bytes, codec: str) -> bytes:
    content = pa.BufferOutputStream()
    with pa.CompressedOutputStream(content, codec) as stream:
        stream.write(data)
    return content.getvalue().to_pybytes()


PACKED = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: streamed(data, "zstd"),
    ".lz4": lambda data: streamed(data, "lz4"),
    ".zip": lambda data: zipped(**{"shop.csv": data.decode()}),
}


@pytest.mark.parametrize("ending", PACKED)
def test_compressed_tables_are_read_with_the_separator_of_their_text(
    read: Read, ending: str
):
    packed = PACKED[ending](TABLE.replace(",", ";").encode())

    assert rows(read(packed, f"shop.csv{ending}")) == ROWS
    assert rows(read(packed, "shop.csv")) == ROWS


@pytest.mark.parametrize("ending", PACKED)
def test_a_compressed_table_that_is_cut_is_refused(read: Read, ending: str):
    lines = "".join(f"mug {n * n},K\n" for n in range(9000))
    packed = PACKED[ending](f"name,kind\n{lines}".encode())

    with pytest.raises(UserError, match=r"shop\.csv\.\w+: .*(truncated|are damaged)"):
        read(packed[: len(packed) * 2 // 3], f"shop.csv{ending}")


@pytest.mark.parametrize("ending", PACKED)
def test_a_plain_table_with_the_ending_of_a_compressed_one_is_reported(
    read: Read, ending: str
):
    reading = read(TABLE, f"shop{ending}")

    assert rows(reading) == ROWS
    assert remarks(reading) == [
        f"shop{ending}: not compressed, despite the extension {ending}."
    ]


def test_metadata_of_macos_in_archives_is_not_a_table(read: Read):
    packed = zipped(**{
        "d/shop.csv": TABLE, "__MACOSX/d/._shop.csv": "x", "d/.DS_Store": "x"
    })  # fmt: skip

    assert rows(read(packed, "shop.zip")) == ROWS


def test_an_archive_of_several_tables_is_refused_with_some_names(read: Read):
    packed = zipped(**{f"{n}.csv": TABLE for n in range(9)})

    with pytest.raises(UserError, match=r"has 9 files \(0.csv, .*, 4.csv and 4 more\)"):
        read(packed, "shop.zip")


# Other formats


def tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("shop.csv"), io.BytesIO())
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            zipped(**{"[Content_Types].xml": "", "xl/workbook.xml": ""}),
            "Save the sheet",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel workbook.*Save the sheet as CSV"),
        (b"\n<!DOCTYPE html><html>", "is a web page"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"SQLite format 3\x00", "Export its table as CSV"),
        (b"\x89PNG\r\n\x1a\n\0", "is an image"),
        (bytes(range(256)) * 9, "is binary, not text"),
        (gzip.compress(gzip.compress(b"name")), "compressed twice"),
        (tar(), "is a tar archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\r\n \n", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
    ],
    ids=range(13),  # packed bytes tell the time
)
def test_files_that_are_not_tables_are_refused_with_advice(
    read: Read, content: bytes, message: str
):
    with pytest.raises(UserError, match=rf"shop\.csv: .*{message}") as refused:
        read(content)

    assert str(refused.value).isprintable()


def test_a_missing_file_is_reported_with_the_closest_name(tmp_path: Path):
    (tmp_path / "shop.csv").write_text(TABLE)

    with pytest.raises(UserError, match=r"shpo.csv: no such file. .*'shop.csv'\?"):
        read_table(tmp_path / "shpo.csv")


def test_a_name_that_no_file_can_have_is_reported(tmp_path: Path):
    with pytest.raises(UserError, match=r"can't be read: File name too long"):
        read_table(tmp_path / ("x" * 5000))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_read(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    packed = gzip.compress(TABLE.encode())
    writer = threading.Thread(target=pipe.write_bytes, args=[packed])
    writer.start()

    reading = read_table(pipe, NAMES)

    writer.join()
    assert rows(reading) == ROWS


def test_a_folder_is_refused_and_its_tables_are_named(tmp_path: Path):
    (tmp_path / "shop.csv").write_text(TABLE)

    with pytest.raises(UserError, match=r"is a folder.* one of its files: shop.csv"):
        read_table(tmp_path)


@pytest.mark.parametrize("address", ["https://a.org/b.csv", "s3://a/b.csv"])
def test_a_url_is_refused_as_a_file(tmp_path: Path, address: str):
    for file in (Path(address), tmp_path / address):
        with pytest.raises(UserError, match=f"^{address}: is a URL, not a file"):
            read_table(file)


# JSON


def test_json_lines_are_rows_with_numbers_as_they_are_written(read: Read):
    reading = read(
        '{"name": "mug", "kind": 10}\n\n{"kind": 2.50, "name": null, "in": ["a", 1]}\n',
        "shop.jsonl",
    )

    assert list(reading.frame) == ["name", "kind", "in"]
    assert rows(reading) == [["mug", "10", ""], ["", "2.50", "a 1"]]
    assert remarks(reading) == ["shop.jsonl: lists in column 'in' joined by spaces."]


def test_a_json_array_of_objects_is_a_table(read: Read):
    reading = read('[\n {"name": "mug", "kind": true},\n {"name": NaN}]', "shop.json")

    assert rows(reading) == [["mug", "true"], ["", ""]]


def test_a_duplicate_key_in_an_object_is_refused(read: Read):
    with pytest.raises(UserError, match=r"shop\.jsonl: line 2: duplicate key 'kind'"):
        read(
            '{"name": "a", "kind": 1}\n{"name": "b", "kind": 2, "kind": 3}',
            "shop.jsonl",
        )
    with pytest.raises(UserError, match=r"shop\.json: duplicate key 'name'"):
        read('[{"kind": 1},\n{"name": "b", "name": "c"}]', "shop.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"name": "mug"}\n{"name": ', r"line 2 is not valid JSON"),
        ('{\n "name": "mug"\n}\n', r"line 1 is not valid JSON.*one object per line"),
        ('{"name": "mug"}\n3\n', r"line 2 is not a JSON object"),
        ('[["mug", "K"]]', r"item 1 is not a JSON object"),
        ('{"name": {"0": "mug"}}', r"column 'name' has objects"),
        ('{"name": "mug", "kind": [["K"]]}', r"column 'kind' has objects or nested"),
        ('{"name": ' + "[" * 100_000, r"line 1 is not valid JSON \(nested too deeply"),
    ],
)
def test_other_json_is_one_clear_message(read: Read, content: str, message: str):
    with pytest.raises(UserError, match=rf"shop\.json: {message}"):
        read(content, "shop.json")


def test_lone_surrogates_are_replaced_and_reported(read: Read):
    reading = read('{"name": "mug \\ud83d", "kind": "\\ud83d\\ude00"}\n', "shop.jsonl")

    assert rows(reading) == [["mug \ufffd", "\U0001f600"]]
    assert remarks(reading) == [
        "shop.jsonl: lone surrogates in column 'name' replaced by U+FFFD in 1 row."
    ]


def test_objects_in_a_column_that_is_not_used_are_left_out(read: Read):
    reading = read('{"name": "mug", "size": {"x": 1}, "kind": "K"}\n', "shop.jsonl")

    assert list(reading.frame) == ["name", "kind"]


# Parquet


@pytest.fixture
def read_columns(tmp_path: Path) -> Callable[..., Reading]:
    """Return a function that writes columns to a Parquet file and reads it."""

    def read_arrays(names: tuple[str, ...] = (), **columns: object) -> Reading:
        file = tmp_path / "shop.parquet"
        pq.write_table(pa.table(columns), file)
        return read_table(file, names)

    return read_arrays


def unchecked(value: bytes) -> pa.Array:
    """Return bytes as an array of strings, whatever they are."""
    _, offsets, data = pa.array([value]).buffers()
    return pa.Array.from_buffers(pa.string(), 1, [None, offsets, data])


def test_lists_of_texts_are_joined_whole_and_reported(read_columns: Read):
    words = [f"w{n}" for n in range(2000)]

    reading = read_columns(("name",), name=[words, None, ["a", None, "b"]])

    assert reading.frame["name"].tolist() == [" ".join(words), "", "a b"]
    assert reading.joined == {"name"}
    assert remarks(reading) == [
        "shop.parquet: lists in column 'name' joined by spaces."
    ]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (pa.array([{"x": "a"}]), "objects"),
        (pa.array([[("x", 1)]], pa.map_(pa.string(), pa.int64())), "objects"),
        (pa.array([[1.5]]), "lists of double"),
        (pa.array([[["a"]]]), "lists of list"),
        (pa.array([b"\xff\xd8"]), "bytes that are not UTF-8"),
        (unchecked(b"caf\xe9"), "bytes that are not UTF-8"),
        (pa.array([float("inf")]), "infinite numbers"),
        (pa.array([float("-inf")], pa.float32()), "infinite numbers"),
    ],
)
def test_a_used_column_that_is_not_text_is_refused_by_name(
    read_columns: Read, values: pa.Array, what: str
):
    with pytest.raises(UserError, match=f"shop.parquet: column 'odd' has {what}"):
        read_columns(("name", "odd"), name=["mug"], odd=values)

    assert list(read_columns(("name",), name=["mug"], odd=values).frame) == ["name"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([3.0, None, float("nan")]), ["3", "", ""]),
        (pa.array([1e20, 2.0]), ["100000000000000000000", "2"]),
        (pa.array([0.1, 2], pa.float32()), ["0.1", "2.0"]),
        (pa.array([1.5], pa.float16()), ["1.5"]),
        (pa.array([2**64 - 1, None], pa.uint64()), ["18446744073709551615", ""]),
        (pa.array([True, None]), ["True", ""]),
        (pa.array([b"caf\xc3\xa9", None]), ["café", ""]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", "", "a"]),
        (pa.array(["a", None], pa.large_string()), ["a", ""]),
        (pa.array(["a", None], pa.string_view()), ["a", ""]),
        (pa.nulls(2), ["", ""]),
    ],
)
def test_values_of_every_plain_type_are_texts(
    read_columns: Read, values: pa.Array, texts: list[str]
):
    assert read_columns(("odd",), odd=values).frame["odd"].tolist() == texts


def test_digits_that_floats_lose_are_reported(read_columns: Read):
    reading = read_columns(("code",), code=[1e17, 5.0])

    assert remarks(reading) == [
        "shop.parquet: column 'code' has 1 number beyond 2^53 stored as floats: last "
        "digits may be lost."
    ]


def test_an_index_of_pandas_is_a_column(tmp_path: Path):
    frame = pd.DataFrame({"sku": ["a", "b"], "name": ["mug", "pot"]}).set_index("sku")
    frame.to_parquet(tmp_path / "shop.parquet")

    reading = read_table(tmp_path / "shop.parquet", ("sku", "name"))

    assert reading.frame["sku"].tolist() == ["a", "b"]


def test_a_parquet_file_that_is_cut_is_refused(tmp_path: Path):
    file = tmp_path / "shop.parquet"
    pq.write_table(pa.table({"name": ["mug"] * 99}), file)
    file.write_bytes(file.read_bytes()[:-40])

    with pytest.raises(UserError, match=r"shop.parquet: not readable as Parquet"):
        read_table(file)


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zip"])
def test_a_table_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path, ending):
    path = tmp_path / f"shop.csv.{ending}"
    content = b"name,kind\n" + b"a" * (80 << 20)
    if ending == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("shop.csv", content)
    else:
        path.write_bytes({"gz": gzip, "bz2": bz2, "xz": lzma}[ending].compress(content))

    with pytest.raises(
        UserError, match=r"shop.csv.*: its .* bytes .* decompress to more"
    ):
        read_table(path)


def test_a_label_of_more_digits_than_a_number_has_is_a_label():
    long = "9" * 10_000

    assert sort_labels(["20", "3", long]) == ("20", "3", long)


@pytest.mark.parametrize(
    ("header", "end"),
    [('"name,kind', "ball,Toys"), ('name,"kind', "ball,Toys"), ('"name,kind', '"a",b')],
    ids=["first name", "last name", "closed by a row's quote"],
)
def test_a_quote_in_the_header_swallows_no_rows(read: Read, header: str, end: str):
    rows = "".join(f"mug {n},Kitchen\n" for n in range(20))

    with pytest.raises(UserError, match=r"unclosed quote in lines 1 to 2\d"):
        read(f"{header}\n{rows}{end}\n")


def test_a_name_of_the_header_may_have_two_lines(read: Read):
    found = read('name,"kind","note\nof a clerk"\nmug,Kitchen,x\n')

    assert found.frame["kind"].tolist() == ["Kitchen"]


def test_standard_input_is_read_where_it_is_no_file(monkeypatch, tmp_path):
    """As on Windows."""
    stdin = tmp_path / "stdin"
    monkeypatch.setattr(source, "STDIN", stdin)
    content = io.TextIOWrapper(io.BytesIO("id,name\n1,café\n".encode()), "ascii")
    monkeypatch.setattr(sys, "stdin", content)

    frame = read_table(stdin).frame

    assert frame.to_numpy().tolist() == [["1", "café"]]
