"""What is known of source files, kept in the cache."""

from __future__ import annotations

from pathlib import Path

from rakuten_bench.plan.source_facts import KnownSources

SOURCE = b"import numpy\nfrom .beside import one\n\ndef work(x):\n    return x + 1\n"


def the_file(cache: Path) -> Path:
    [file] = (cache / "kept").glob("sources-*")
    return file


def test_the_imports_of_a_file_are_known():
    facts = KnownSources().find(SOURCE)

    assert facts.imports == ("numpy",)
    assert facts.from_imports == ((1, "beside", ("one",)),)


def test_kept_facts_equal_parsed_ones(tmp_path: Path):
    with KnownSources().kept_in(tmp_path):
        pass
    assert not list(tmp_path.rglob("sources-*"))
    with (first := KnownSources()).kept_in(tmp_path):
        parsed = first.find(SOURCE)

    with (second := KnownSources()).kept_in(tmp_path):
        the_file(tmp_path).unlink()
        assert second.find(SOURCE) == parsed
    assert not list(tmp_path.rglob("sources-*"))  # it was read: nothing new to keep


def test_another_content_has_another_digest(tmp_path: Path):
    known = KnownSources()
    with known.kept_in(tmp_path):
        first = known.find(SOURCE)

    changed = SOURCE.replace(b"+ 1", b"+ 2")

    with (later := KnownSources()).kept_in(tmp_path):
        assert later.find(changed).digest != first.digest


def test_a_damaged_file_is_not_believed(tmp_path: Path):
    with (first := KnownSources()).kept_in(tmp_path):
        parsed = first.find(SOURCE)
    content = bytearray(the_file(tmp_path).read_bytes())
    content[-5] ^= 1
    the_file(tmp_path).write_bytes(content)

    with (second := KnownSources()).kept_in(tmp_path):
        assert second.find(SOURCE) == parsed


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path):
    (tmp_path / "kept").write_text("a file where the folder should be")

    with (known := KnownSources()).kept_in(tmp_path):
        assert known.find(SOURCE).imports == ("numpy",)
