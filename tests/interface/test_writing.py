"""Files that commands write: whole, or as they were before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rakuten_bench.errors import UserError
from rakuten_bench.interface.writing import write_file

resource = pytest.importorskip("resource", reason="limits, pipes: POSIX only")


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file grow beyond 100 bytes: as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_a_page_that_does_not_fit_leaves_the_one_before(tmp_path: Path):
    page = tmp_path / "page.html"
    write_file(page, "earlier")

    with pytest.raises(UserError, match=r"page\.html"):
        write_file(page, "x" * 200)

    assert page.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [page]


def test_a_page_goes_to_what_a_link_points_to(tmp_path: Path):
    (tmp_path / "real.html").write_text("earlier")
    (tmp_path / "link.html").symlink_to("real.html")

    write_file(tmp_path / "link.html", "new")

    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)

    write_file(tmp_path / "pipe", "new")

    assert os.read(reader, 10) == b"new"
    os.close(reader)
