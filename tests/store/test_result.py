"""Results on disk: atomic, mapped, verified, claimed once, evicted by age."""

import os
import subprocess
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.sparse import random as random_matrix

from rakuten_bench.atomic import partial_path
from rakuten_bench.store.claim import Claims
from rakuten_bench.store.codec import encode
from rakuten_bench.store.entry import (
    DamagedEntry,
    ForeignPickle,
    read_entry,
    write_entry,
)
from rakuten_bench.store.evict import evict, list_stored
from rakuten_bench.store.inventory import clear
from rakuten_bench.store.layout import Layout
from rakuten_bench.store.pin import Pin, read_pins
from rakuten_bench.store.result import Facts, LostResult, Recompute, Store

FACTS = Facts(seconds=1.5, memory=10, step="model svc", lever="model")
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "steps")


@dataclass(frozen=True)
class Pair:
    first: Any
    second: Any


def key_of(number):
    return f"{number:032x}"


def age(store, key, seconds):
    then = time.time() - seconds
    os.utime(store.path(key), (then, then))


def test_a_value_comes_back_as_it_was_with_its_facts(store):
    matrix = random_matrix(50, 20, 0.2, format="csr", dtype=np.float32)
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]})

    facts = store.save(KEY, {"matrix": matrix, "frame": frame, "n": 3}, FACTS)

    found = store.load(KEY)
    assert (found["matrix"] != matrix).nnz == 0
    assert found["matrix"].dtype == np.float32
    pd.testing.assert_frame_equal(found["frame"], frame)
    assert store.facts(KEY) == facts
    assert facts.size > matrix.data.nbytes


@given(
    arrays(np.float64, array_shapes(min_dims=0, max_dims=3, min_side=0)), st.booleans()
)
def test_any_array_comes_back_bit_for_bit(tmp_path_factory, array, fortran):
    path = tmp_path_factory.mktemp("entry") / "one.entry"
    array = np.asfortranarray(array) if fortran else array

    write_entry(path, encode(array), FACTS)

    found, _ = read_entry(path)
    assert found.tobytes() == array.tobytes()
    assert found.shape == array.shape


def test_large_arrays_are_mapped_and_cannot_be_written_to(store):
    store.save(KEY, np.arange(100_000), FACTS)

    found = store.load(KEY)

    assert not found.flags.writeable
    assert not found.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_a_missing_result_is_lost(store):
    assert KEY not in store
    assert store.facts(KEY) is None
    with pytest.raises(LostResult, match=KEY):
        store.load(KEY)


class Foreign:
    """Something whose class another installation does not have."""

    def __reduce__(self):
        return __import__, ("a_package_that_is_not_here",)


def test_a_result_of_another_installation_that_can_not_be_read_is_lost(store):
    store.save(KEY, Foreign(), FACTS)

    with pytest.raises(LostResult):
        store.load(KEY)

    assert KEY not in store


@pytest.mark.parametrize("size", [0, 10, 40, 300, 80_000])
def test_a_cut_off_file_is_lost_and_removed(store, size):
    store.save(KEY, np.arange(20_000), FACTS)
    with store.path(KEY).open("r+b") as file:
        file.truncate(size)

    with pytest.raises(LostResult):
        store.load(KEY)

    assert KEY not in store


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_is_found_wherever_it_is(tmp_path_factory, place, bit):
    path = tmp_path_factory.mktemp("entry") / "one.entry"
    write_entry(path, encode([np.arange(300), "words"]), FACTS)
    content = bytearray(path.read_bytes())
    padding = {i for i in range(len(content)) if content[i] == 0}
    at = int(place * len(content))
    content[at] ^= 1 << bit
    path.write_bytes(content)

    if at in padding:
        return  # may lie between two parts, where nothing is stored
    with pytest.raises(DamagedEntry):
        read_entry(path)


def test_a_damaged_header_is_removed_when_facts_are_asked_for(store):
    store.save(KEY, 1, FACTS)
    store.path(KEY).write_bytes(b"nonsense" * 10)

    assert store.facts(KEY) is None
    assert KEY not in store


def test_an_interrupted_write_leaves_nothing(store, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(zlib, "crc32", fail)  # of what has been written

    with pytest.raises(KeyboardInterrupt):
        store.save(KEY, 1, FACTS)

    assert KEY not in store
    assert not any(path.is_file() for path in store.root.rglob("*"))


def mapped(store, shape=(500, 40)):
    folder = store.folder(KEY)
    folder.mkdir(parents=True)
    rows = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.float32, shape)
    rows[:] = np.arange(rows.size).reshape(shape)
    return rows


def test_a_file_that_a_step_has_written_becomes_part_of_the_result(store):
    rows = mapped(store)
    inode = (store.folder(KEY) / "rows.npy").stat().st_ino

    facts = store.save(KEY, Pair(rows, "words"), FACTS)

    found = store.load(KEY)
    assert isinstance(found.first, np.memmap)
    assert np.array_equal(found.first, rows)
    assert not store.folder(KEY).exists()
    assert store.path(KEY).with_suffix(".0.data").stat().st_ino == inode
    assert store.path(KEY).stat().st_size < 2000
    assert facts.size > rows.nbytes


@pytest.mark.parametrize(
    "view",
    [
        lambda rows: rows[100:200],
        lambda rows: rows.T,
        lambda rows: rows.reshape(-1, 8),
        lambda rows: rows[::2],
        lambda rows: rows[:, 3:5],
        lambda rows: rows[:0],
    ],
    ids=["part", "turned", "reshaped", "every other", "columns", "none"],
)
def test_any_view_of_such_a_file_comes_back(store, view):
    rows = view(mapped(store))
    expected = np.array(rows)

    store.save(KEY, [rows, rows], FACTS)

    first, second = store.load(KEY)
    assert np.array_equal(first, expected)
    assert np.array_equal(second, expected)


def test_a_mapped_file_from_elsewhere_is_copied(store, tmp_path):
    elsewhere = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.int64, (100,))
    elsewhere[:] = 7

    store.save(KEY, elsewhere, FACTS)

    (tmp_path / "x.npy").unlink()
    assert store.load(KEY).tolist() == [7] * 100


@pytest.mark.parametrize(
    "change",
    [lambda path: path.unlink(), lambda path: path.write_bytes(bytes(80_128))],
    ids=["gone", "other content"],
)
def test_damage_to_such_a_file_is_found(store, change):
    store.save(KEY, mapped(store), FACTS)
    change(store.path(KEY).with_suffix(".0.data"))

    with pytest.raises(LostResult):
        store.load(KEY)

    assert KEY not in store
    assert store.was_damaged(KEY)


def test_a_recipe_is_distinguished_from_a_value(store):
    store.save_recompute(KEY, "the step", FACTS)

    found = store.load(KEY)

    assert isinstance(found, Recompute)
    assert found.step == "the step"


@pytest.fixture
def other():
    """Return a function that runs lines in another process, up to `print(...)`."""
    started = []

    def run(lines):
        code = f"import sys\nfrom pathlib import Path\n{lines}\nsys.stdin.read()"
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield run
    for process in started:
        process.kill()
        process.communicate()


def claiming(path, key):
    return (
        "from rakuten_bench.store.claim import Claims\n"
        f"held = Claims(Path({str(path)!r})).hold({key!r})\n"
        "print(held.__enter__(), flush=True)"
    )


def test_a_step_is_claimed_by_one_process_only(tmp_path, other):
    claims = Claims(tmp_path / "locks")
    with claims.hold(KEY) as mine:
        _, theirs = other(claiming(claims.folder, KEY))

        assert (mine, theirs) == (True, "False")
        assert other(claiming(claims.folder, key_of(5)))[1] == "True"


def test_a_claim_ends_with_its_owner(tmp_path, other):
    claims = Claims(tmp_path / "locks")
    process, held = other(claiming(claims.folder, KEY))
    assert held == "True"
    assert not claims.is_free(KEY)

    process.kill()
    process.wait()

    assert claims.is_free(KEY)


def fill(store, n_results, size=10_000):
    rng = np.random.default_rng(0)
    for number in range(n_results):
        store.save(key_of(number), rng.bytes(size), FACTS)
        age(store, key_of(number), 1000 - number)


def test_least_recently_used_results_are_removed_first(store):
    fill(store, 10)
    store.touch([key_of(0)])
    total = sum(one.size for one in list_stored(store.root).values())

    left = evict(store, int(total * 0.6), needed=())

    kept = {int(key, 16) for key in store.iter_keys()}
    assert left <= total * 0.6
    assert 0 in kept
    assert kept - {0} == set(range(11 - len(kept), 10))


def test_nothing_is_removed_while_there_is_room(store):
    fill(store, 3)

    evict(store, 10**9, needed=())

    assert len(list(store.iter_keys())) == 3


def test_results_that_a_plan_needs_are_kept_at_any_age(store):
    fill(store, 5)

    evict(store, 1, needed={key_of(0), key_of(3)})

    assert sorted(store.iter_keys()) == [key_of(0), key_of(3)]


def test_results_claimed_by_another_process_are_kept(store, other):
    fill(store, 2)
    other(claiming(store.root / "locks", key_of(1)))

    evict(store, 1, needed=())

    assert list(store.iter_keys()) == [key_of(1)]


def test_the_files_of_a_result_go_with_it(store):
    store.save(KEY, mapped(store), FACTS)

    evict(store, 1, needed=())

    assert list(store.root.glob("??/*")) == []


def test_partial_files_of_killed_runs_are_removed(store):
    store.save(KEY, 1, FACTS)
    fresh = partial_path(store.path(KEY))
    fresh.write_bytes(b"being written")
    torn = fresh.with_name(fresh.name.replace(f"-{os.getpid()}-", "-4194304-"))
    torn.write_bytes(b"half")

    evict(store, 10**9, needed=())

    assert not torn.exists()
    assert fresh.exists()
    assert KEY in store


def test_unfinished_work_of_a_step_without_a_result_stays(store):
    mapped(store)
    folder = store.folder(KEY)
    then = time.time() - 1000
    os.utime(folder, (then, then))

    evict(store, 10**9, needed=())

    assert folder.exists()


def test_a_lease_holds_while_its_process_lives(store, other):
    process, _ = other(
        "from rakuten_bench.store.pin import Pin\n"
        f"pin = Pin(Path({str(store.root)!r}))\n"
        f"pin.write([{KEY!r}])\n"
        "print(1, flush=True)"
    )

    held = read_pins(store.root)
    process.kill()
    process.wait()

    assert held == {KEY}
    assert read_pins(store.root) == set()
    assert list(store.root.glob("pins/*")) == []


def test_a_run_does_not_see_its_own_lease_as_that_of_another(store):
    pin = Pin(store.root)
    pin.write([KEY])

    assert read_pins(store.root, but=pin) == set()
    pin.close()
    assert list(store.root.glob("pins/*")) == []


def flip_bit(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("n_items", [10, 100_000], ids=["small", "mapped"])
def test_a_flipped_bit_is_found_at_the_first_reading(store, n_items):
    store.save(KEY, np.arange(n_items), FACTS)
    flip_bit(store.path(KEY), -4)

    with pytest.raises(LostResult):
        store.load(KEY)

    assert store.was_damaged(KEY)


def test_a_file_changed_after_it_was_read_is_found(store):
    store.save(KEY, np.arange(100_000), FACTS)
    store.load(KEY)
    flip_bit(store.path(KEY), -4)

    with pytest.raises(LostResult):
        store.load(KEY)


def test_swapped_files_are_not_believed(store):
    one, other = key_of(1), key_of(2)
    for key in (one, other):
        store.save(key, f"the value of {key}", FACTS)
    content = store.path(one).read_bytes()
    store.path(one).write_bytes(store.path(other).read_bytes())
    store.path(other).write_bytes(content)

    for key in (one, other):
        assert store.facts(key) is None
        with pytest.raises(LostResult):
            store.load(key)


def test_word_of_damage_stays_until_the_result_is_written_again(store):
    store.save(KEY, "value", FACTS)
    flip_bit(store.path(KEY), -1)
    with pytest.raises(LostResult):
        store.load(KEY)
    assert store.was_damaged(KEY)

    store.save(KEY, "value", FACTS)

    assert not store.was_damaged(KEY)
    assert store.load(KEY) == "value"


def test_an_entry_of_another_version_is_not_damaged(store):
    store.save(KEY, "value", FACTS)
    path = store.path(KEY)
    path.write_bytes(b"RBENTRY1" + path.read_bytes()[8:])

    assert store.facts(KEY) is None
    assert not store.was_damaged(KEY)


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_pickle_is_not_loaded_where_others_can_write(store, what):
    store.save(KEY, Pair(1, 2), FACTS)
    assert store.load(KEY) == Pair(1, 2)
    path = store.path(KEY)
    (path if what == "file" else path.parent).chmod(0o777)

    with pytest.raises(ForeignPickle, match=r"contains a pickle.*--cache"):
        store.load(KEY)


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits")
def test_arrays_are_loaded_wherever_they_lie(store):
    store.save(KEY, {"array": np.arange(3)}, FACTS)
    store.path(KEY).parent.chmod(0o777)
    store.path(KEY).chmod(0o666)

    assert store.load(KEY)["array"].tolist() == [0, 1, 2]


def test_threads_of_one_process_exclude_each_other(tmp_path):
    claims = Claims(tmp_path / "locks")

    with claims.hold(KEY) as first, claims.hold(KEY) as second:
        assert (first, second) == (True, False)
        assert not claims.is_free(KEY)

    assert claims.is_free(KEY)
    assert list(claims.folder.iterdir()) == []


TAKING_TURNS = """
import sys, random
from concurrent.futures import ThreadPoolExecutor
from rakuten_bench.store.claim import Claims
claims = Claims(Path(sys.argv[1]) / "locks")
counter = Path(sys.argv[1])

def count(key):
    with claims.hold(key, wait=True) as held:
        assert held
        file = counter / key
        file.write_text(str(int(file.read_text()) + 1))

keys = [f"key{number}" for number in range(4)] * 25
random.Random(sys.argv[2]).shuffle(keys)
with ThreadPoolExecutor(4) as threads:
    list(threads.map(count, keys))
print("done", flush=True)
"""


def test_many_threads_of_many_processes_wait_for_each_other_without_deadlock(tmp_path):
    for number in range(4):
        (tmp_path / f"key{number}").write_text("0")
    runs = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from pathlib import Path{TAKING_TURNS}",
                tmp_path,
                n,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in "123"
    ]

    printed = [run.communicate(timeout=300)[0] for run in runs]

    assert printed == ["done\n"] * 3
    counts = [(tmp_path / f"key{number}").read_text() for number in range(4)]
    assert counts == ["75"] * 4


def test_a_lease_of_everything_keeps_all_from_removal(store):
    store.save(KEY, "value", FACTS)
    pin = Pin.of_everything(store.root)

    cleared = clear(store.root.parent)
    assert (cleared.n_removed, cleared.n_kept) == (0, 1)

    pin.close()
    pin.close()
    assert clear(store.root.parent).n_removed == 1


def test_a_result_that_windows_does_not_remove_is_kept(tmp_path, monkeypatch):
    """Another process has mapped it."""
    store = Store(Layout(tmp_path).steps)
    for number in range(2):
        store.save(key_of(number), number, FACTS)
    unlink = Path.unlink

    def unlink_unless_mapped(self, **words):
        if self == store.path(key_of(0)):
            error = PermissionError(13, "The process cannot access the file")
            error.winerror = 32
            raise error
        unlink(self, **words)

    monkeypatch.setattr(Path, "unlink", unlink_unless_mapped)
    # private: a test need not wait for five seconds
    monkeypatch.setattr("rakuten_bench.atomic._LONGEST_USE", 0.0)

    cleared = clear(tmp_path)

    assert (cleared.n_removed, cleared.n_kept) == (1, 1)
    assert list(store.iter_keys()) == [key_of(0)]
