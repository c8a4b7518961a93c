"""A cache of another user: one message, never an endless wait."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from command_line import call
from rakuten_bench.errors import UserError
from rakuten_bench.store.access import NoAccess, check_access
from rakuten_bench.store.claim import Claims
from rakuten_bench.store.evict import evict
from rakuten_bench.store.inventory import verify
from rakuten_bench.store.layout import default_cache
from rakuten_bench.store.pin import Pin, exclusive
from rakuten_bench.store.result import Facts, Store

NOBODY = 65534
KEY = "0" * 32
FACTS = Facts(seconds=1.0, memory=0, step="a step")

pytestmark = pytest.mark.skipif(
    not hasattr(os, "setuid"), reason="permissions are of POSIX"
)


@pytest.fixture
def cache() -> Iterator[Path]:
    """A cache of this user with a result; others may read it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    store = Store(folder / "steps")
    store.save(KEY, 1, FACTS)
    with store.claims.hold(KEY), exclusive(store.root):
        Pin(store.root).close()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


def as_other_user(function: Callable[[], object]) -> str:
    """Return what a function raises for a user without rights, or what it returns."""
    reading, writing = os.pipe()
    if not os.fork():
        try:
            if not os.getuid():
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            text = f"returned {function()!r}"
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        text = answer.read()
    os.wait()
    return text


def claim(cache: Path) -> bool:
    with Claims(cache / "steps" / "locks").hold(KEY) as held:
        return held


def keep_from_removal(cache: Path) -> None:
    with exclusive(cache / "steps"):
        pass


@pytest.mark.parametrize(
    ("access", "named"),
    [
        (claim, "steps/locks"),
        (keep_from_removal, "steps/evict.lock"),
        (lambda cache: Pin(cache / "steps"), "steps/pins"),
        (lambda cache: Store(cache / "steps").save("a" * 32, 1, FACTS), "steps/aa"),
        (lambda cache: Store(cache / "steps").discard(KEY), f"{KEY}.entry"),
        (lambda cache: check_access(cache / "steps"), "steps and 4 more"),
    ],
    ids=["claim", "evict", "pin", "save", "discard", "check"],
)
def test_files_that_are_unreadable_for_this_user_are_one_message(cache, access, named):
    message = as_other_user(lambda: access(cache))

    assert message.startswith(f"NoAccess: {cache}/")
    assert named in message
    assert "Use another cache (--cache)" in message


@pytest.mark.parametrize(
    "read",
    [
        lambda cache: Store(cache / "steps").load(KEY),
        lambda cache: Store(cache / "steps").facts(KEY),
        lambda cache: verify(cache),
    ],
    ids=["load", "facts", "verify"],
)
def test_a_result_that_we_may_not_read_is_not_taken_for_a_damaged_one(cache, read):
    entry = Store(cache / "steps").path(KEY)
    entry.parent.chmod(0o777)
    entry.chmod(0)

    message = as_other_user(lambda: read(cache))

    assert message.startswith(f"NoAccess: {entry}: ")
    assert entry.exists()


def test_files_of_another_user_do_not_stop_eviction(cache):
    entry = Store(cache / "steps").path(KEY)

    left = as_other_user(lambda: evict(Store(cache / "steps"), 1, ()) > 0)

    assert left == "returned True"
    assert entry.exists()


def test_a_cache_of_the_same_user_causes_no_message(tmp_path):
    check_access(tmp_path / "steps")

    assert (tmp_path / "steps").is_dir()


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "steps").touch()

    with pytest.raises(NoAccess, match=r"steps: can't access this part of the cache"):
        check_access(tmp_path / "steps")


@pytest.mark.parametrize("action", ["info", "clear", "verify"])
def test_a_file_as_cache_is_one_message(tmp_path, capsys, action):
    (tmp_path / "cache").touch()

    code, _, err = call(capsys, "cache", action, "--cache", tmp_path / "cache")

    assert code == 2
    assert "the cache must be a folder, this is a file. Check --cache." in err


def test_a_user_without_home_is_asked_to_name_a_cache(monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "RAKUTEN_BENCH_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as for no known uid

    with pytest.raises(UserError, match=r"no home folder\. Pass a folder with --cache"):
        default_cache()
