"""Images are processed once, in parallel, and a killed run resumes."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from rakuten_bench.errors import Notice, UserError
from rakuten_bench.image.describe import (
    describe_batches,
    describe_images,
    visit_images,
)
from rakuten_bench.image.descriptor import Descriptors, describe_locally
from rakuten_bench.scratch import open_rows
from rakuten_bench.types import Images


@pytest.fixture
def squares(tmp_path) -> tuple[str, ...]:
    """Forty grey squares of different shades."""
    for shade in range(40):
        Image.new("RGB", (8, 8), (shade,) * 3).save(tmp_path / f"{shade:02}.png")
    return tuple(map(str, sorted(tmp_path.glob("*.png"))))


def shade(image: np.ndarray) -> np.ndarray:
    return np.array([image.mean(), image.std()], dtype=np.float32)


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_rows_keep_the_order_of_the_images(squares, n_jobs):
    rows = describe_images(Images(squares), shade, size=8, n_jobs=n_jobs)

    assert rows.shape == (40, 2)
    assert rows[:, 0].tolist() == list(range(40))


def test_no_images_give_no_rows():
    assert describe_images(Images(()), shade, size=8).shape == (0, 2)


def test_unreadable_images_are_white_and_counted(squares, tmp_path):
    (tmp_path / "empty.jpg").touch()
    paths = (squares[0], "", str(tmp_path / "no.jpg"), str(tmp_path / "empty.jpg"))

    with pytest.warns(Notice, match="images: 1 not given, 1 missing, 1 empty"):
        rows = describe_images(Images(paths), shade, size=8)

    assert rows[:, 0].tolist() == [0, 255, 255, 255]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_on_error_fail_stops_at_the_file(squares, n_jobs):
    images = Images((*squares, "no.jpg", *squares), on_error="fail")

    with pytest.raises(UserError, match=r"no\.jpg: the image can't be read"):
        describe_images(images, shade, size=8, n_jobs=n_jobs)


def test_a_second_run_reads_no_image_again(squares, tmp_path):
    first = describe_images(Images(squares), shade, size=8, folder=tmp_path / "work")

    def refuse(row: int, image: np.ndarray) -> None:
        pytest.fail(f"row {row} was visited again")

    second = describe_images(Images(squares), shade, size=8, folder=tmp_path / "work")
    visit_images(Images(squares), refuse, size=8, folder=tmp_path / "work")
    assert np.array_equal(first, second)


def test_an_error_keeps_the_rows_done_before(squares, tmp_path):
    seen = []

    def stumble(image: np.ndarray) -> np.ndarray:
        seen.append(image[0, 0, 0])
        if len(seen) == 25:
            raise RuntimeError("power cut")
        return shade(image)

    with pytest.raises(RuntimeError, match="power cut"):
        describe_images(Images(squares), stumble, size=8, folder=tmp_path / "work")
    rows = describe_images(Images(squares), stumble, size=8, folder=tmp_path / "work")

    n_blanks = 2  # each call also looks at what a white image gives
    assert len(seen) == len(squares) + 1 + n_blanks
    assert rows[:, 0].tolist() == list(range(40))


def test_a_batch_always_has_the_same_rows(squares, tmp_path):
    seen = []

    def describe(batch: np.ndarray) -> np.ndarray:
        seen.append(batch[:, 0, 0, 0].tolist())
        if len(seen) == 5:
            raise RuntimeError("power cut")
        return batch.mean(axis=(1, 2))

    arguments = {"size": 8, "batch_size": 7, "folder": tmp_path / "work"}
    with pytest.raises(RuntimeError, match="power cut"):
        describe_batches(Images(squares), describe, **arguments)
    rows = describe_batches(Images(squares), describe, **arguments)

    assert rows[:, 0].tolist() == list(range(40))
    batches = [batch for batch in seen if batch != [255]]
    assert batches[3] == batches[4] == list(range(21, 28))
    assert batches[-1] == list(range(35, 40))


def test_rows_of_another_shape_are_not_reused(tmp_path):
    open_rows(tmp_path, "values", (3, 2), np.float32)[:] = 7

    assert not open_rows(tmp_path, "values", (3, 5), np.float32).any()
    assert open_rows(tmp_path, "values", (3, 5), np.float32).shape == (3, 5)


def test_a_file_with_an_incomplete_header_is_replaced(tmp_path):
    (tmp_path / "values.npy").write_bytes(b"\x93NUMPY")

    assert open_rows(tmp_path, "values", (3,), np.float32).tolist() == [0, 0, 0]


SLOW_RUN = """
import sys, time
from pathlib import Path
import numpy as np
from rakuten_bench.image.describe import describe_images
from rakuten_bench.types import Images

def slow(image):
    time.sleep(0.02)
    print("seen", flush=True)
    return np.array([image.mean()], dtype=np.float32)

paths = tuple(sys.argv[2:])
rows = describe_images(Images(paths), slow, size=8, n_jobs=2, folder=Path(sys.argv[1]))
print("rows", *rows[:, 0].astype(int))
"""


@pytest.mark.slow
def test_kill_9_loses_at_most_the_images_in_progress(squares, tmp_path):
    command = [sys.executable, "-c", SLOW_RUN, str(tmp_path / "work"), *squares]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        for _ in range(15):
            run.stdout.readline()
        run.send_signal(signal.SIGKILL)
        n_before = 15 + run.stdout.read().count("seen")

    again = subprocess.run(command, capture_output=True, text=True, check=True)

    n_after = again.stdout.count("seen")
    n_threads, n_blanks = 2, 2
    assert n_before + n_after - n_blanks - len(squares) <= n_threads
    assert n_before > 10
    assert again.stdout.splitlines()[-1] == "rows " + " ".join(map(str, range(40)))


def three_points(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = int(image[0, 0]) % 4
    values = np.full((count, 5), image[0, 0], dtype=np.uint8)
    return values, np.arange(2 * count, dtype=np.uint8).reshape(-1, 2)


@pytest.fixture
def points(squares, tmp_path) -> Descriptors:
    """Of image i, i mod 4 descriptors but at most 3, all of value i."""
    return describe_locally(
        Images(squares), three_points, shape=(2, 5), size=8, folder=tmp_path / "work"
    )


def test_descriptors_know_their_image(points):
    taken = points.take(np.array([3, 4, 9])).take(np.array([0, 2]))

    found = list(taken.iter_images())
    assert [values[:, 0].tolist() for values, _ in found] == [[3, 3], [9]]
    assert [places.tolist() for _, places in found] == [[[0, 1], [2, 3]], [[0, 1]]]
    assert len(taken) == 2


def test_a_sample_is_drawn_from_the_rows_only(points):
    rows = np.array([5, 6, 30])

    values, places = points.take(rows).sample(100, random_state=0)
    few, _ = points.take(rows).sample(2, random_state=0)

    assert values[:, 0].tolist() == [5, 6, 6, 30, 30]
    assert places.tolist() == [[0, 1], [0, 1], [2, 3], [0, 1], [2, 3]]
    assert few.shape == (2, 5)


def test_no_descriptors_give_an_empty_sample(points):
    values, _ = points.take(np.array([0, 4, 8])).sample(10, random_state=0)

    assert values.shape == (0, 5)


def test_descriptors_pickle(squares):
    points = describe_locally(Images(squares), three_points, shape=(2, 5), size=8)

    copy = pickle.loads(pickle.dumps(points))

    assert np.array_equal(copy.values, points.values)


def test_unwritten_rows_take_no_disk_space(tmp_path):
    open_rows(tmp_path, "values", (100_000, 500, 128), np.uint8)[7, 3] = 1

    on_disk = (tmp_path / "values.npy").stat().st_blocks * 512
    assert on_disk < 1_000_000


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    Image.effect_noise((256, 256), 80).convert("RGB").save(tmp_path / "a.jpg")
    script = (
        "import sys, resource, numpy as np\n"
        "from pathlib import Path\n"
        "from rakuten_bench.image.describe import describe_images\n"
        "from rakuten_bench.types import Images\n"
        "n = int(sys.argv[2])\n"
        "images = Images((str(Path(sys.argv[1]) / 'a.jpg'),) * n)\n"
        "row = np.empty(60_000, dtype=np.float32)\n"
        "describe_images(images, lambda image: row + image.mean(), size=32,"
        " n_jobs=2, folder=Path(sys.argv[1]) / str(n))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak(count: int) -> int:
        command = [sys.executable, "-c", script, str(tmp_path), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert peak(1500) - peak(500) < 100_000  # kB; the rows are 240,000 more
