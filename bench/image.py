"""Speed of reading images and computing features, against a plain loop with cv2.

    python bench/image.py                   # 300 synthetic 500 x 500 JPEGs
    python bench/image.py --images 20000    # also the memory of scenarios on 20,000

Each line prints images per second of CPU time on one core, and the ratio to the peer:
a typical loop with `cv2.imread` at full size and the same operation. HOG is also compared
with scikit-image's, if installed. Both sides run in turns; the best of three is printed.
Then the parallel efficiency of two threads, by wall clock.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2  # noqa: TID253  a script, not a module that others import
import numpy as np

from rakuten_bench.engine import Run, Settings, prepare
from rakuten_bench.image.read import read_image
from rakuten_bench.registry import FEATURE, Option
from rakuten_bench.scenario.load import load_study
from rakuten_bench.types import Images

SIDE = 500
CATALOG = 84_916
N_FILES = 300
STUDY = """
dataset: {table: {path: shop.csv, label: kind, image: picture}}
scenarios:
  HOG: {feature: hog, model: sgd}
  SIFT words: {feature: sift_bovw, model: sgd}
"""


@dataclass
class Speed:
    """Seconds for all images; the best of several runs."""

    wall: float = float("inf")
    cpu: float = float("inf")

    def time(self, work: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall = min(self.wall, time.perf_counter() - wall)
        self.cpu = min(self.cpu, time.process_time() - cpu)


def draw_catalog(folder: Path, count: int) -> tuple[str, ...]:
    """Write JPEGs similar to product photos: a textured object on white."""
    rng = np.random.default_rng(0)
    for number in range(min(count, N_FILES)):
        image = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
        left, top = rng.integers(20, 200, 2)
        noise = rng.integers(0, 255, (12, 12, 3), dtype=np.uint8)
        image[top : top + 260, left : left + 260] = cv2.resize(noise, (260, 260))
        for _ in range(20):
            x, y = rng.integers(0, SIDE, 2).tolist()
            cv2.circle(image, (x, y), 12, rng.integers(0, 255, 3).tolist(), 3)
        cv2.imwrite(str(folder / f"{number}.jpg"), image)
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for number in range(N_FILES, count):
        paths[number].hardlink_to(paths[number % N_FILES])
    return tuple(map(str, paths))


def loop(paths: tuple[str, ...], describe: Callable[[np.ndarray], object]) -> None:
    """Read images at full size and describe them, as in typical code."""
    _ = [describe(cv2.imread(path)) for path in paths]


def read_small(paths: tuple[str, ...]) -> None:
    for path in paths:
        read_image(path, size=64)


def plain_pixels(image: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.resize(grey, (50, 50), interpolation=cv2.INTER_AREA).ravel() / 255.0


def plain_hog(image: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (128, 128), interpolation=cv2.INTER_AREA)
    return cv2.HOGDescriptor((128, 128), (32, 32), (16, 16), (16, 16), 9).compute(small)


def skimage_hog(image: np.ndarray) -> np.ndarray:
    from skimage.feature import hog

    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (128, 128), interpolation=cv2.INTER_AREA)
    return hog(small, 9, (16, 16), (2, 2))


def plain_sift(image: np.ndarray) -> np.ndarray:
    return cv2.SIFT.create(500).detectAndCompute(image, None)[1]


def plain_dense_sift(image: np.ndarray) -> np.ndarray:
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (240, 240))
    centers = range(6, 240, 12)
    points = [
        cv2.KeyPoint(x, y, width / 6, 0)
        for width in (16, 24, 32, 48)
        for y in centers
        for x in centers
    ]
    return cv2.SIFT.create().compute(grey, points)[1]


def ours(option: Option, paths: tuple[str, ...], n_jobs: int) -> Callable[[], object]:
    return lambda: option.make(Images(paths), params={}, n_jobs=n_jobs)


def has_skimage() -> bool:
    import importlib.util

    return importlib.util.find_spec("skimage") is not None


def compare(
    name: str, work: Callable[[], object], peer: Callable[[], object], count: int
) -> None:
    """Print both speeds and their ratio; above 1, ours is faster."""
    our_speed, peer_speed = Speed(), Speed()
    for _ in range(3):
        our_speed.time(work)
        peer_speed.time(peer)
    print(
        f"{name:32} {count / our_speed.cpu:8.0f} images/s per core, plain loop "
        f"{count / peer_speed.cpu:8.0f}: {peer_speed.cpu / our_speed.cpu:5.2f} x"
    )


def scale(name: str, option: Option, paths: tuple[str, ...]) -> None:
    """Print the parallel efficiency on two cores and the forecast for the catalog."""
    one, two = Speed(), Speed()
    for _ in range(3):
        one.time(ours(option, paths, 1))
        two.time(ours(option, paths, 2))
    print(
        f"{name:32} 1 thread {len(paths) / one.wall:6.0f} images/s, 2 threads "
        f"{len(paths) / two.wall:6.0f}: efficiency {one.wall / two.wall / 2:4.2f}; "
        f"{CATALOG:,} images in {CATALOG * two.wall / len(paths) / 60:.0f} min"
    )


def print_memory(folder: Path, paths: tuple[str, ...]) -> None:
    """Run whole scenarios on all images; print each step's peak memory and seconds."""
    lines = ["picture,kind", *(f"{path},k{n % 5}" for n, path in enumerate(paths))]
    (folder / "shop.csv").write_text("\n".join(lines))
    (folder / "study.yaml").write_text(STUDY)
    study = load_study(folder / "study.yaml")
    settings = Settings(folder / "results", folder / "cache", n_jobs=1)
    for event in Run(prepare(study, settings), settings).events():
        if event.record is None:
            continue
        assert event.record.status == "ok", event.record.error
        print(f"{len(paths):,} images, {event.record.name}")
        for step in event.record.steps:
            print(
                f"    {step.lever:12} {step.option:20} {step.seconds:7.1f} s  "
                f"{(step.memory or 0) / 1e9:5.2f} GB peak"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=N_FILES)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    cv2.setNumThreads(1)
    hog, pixels = (FEATURE.find("image", name) for name in ("hog", "pixels"))
    sift, dense = (
        FEATURE.find("image", name).prepare for name in ("sift_bovw", "fisher")
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = draw_catalog(Path(folder), arguments.images)
        some = paths[:N_FILES]
        compare(
            "reading, 64 pixels",
            lambda: read_small(some),
            lambda: loop(some, lambda image: cv2.resize(image, (64, 64))),
            len(some),
        )
        plain = {
            "pixels": (pixels, plain_pixels, some),
            "hog": (hog, plain_hog, some),
            "sift": (sift, plain_sift, some[:60]),
            "dense sift": (dense, plain_dense_sift, some[:60]),
        }
        if has_skimage():
            plain["hog, scikit-image"] = (hog, skimage_hog, some)
        for name, (option, describe, used) in plain.items():
            peer = lambda used=used, describe=describe: loop(used, describe)  # noqa: E731
            compare(name, ours(option, used, 1), peer, len(used))
        for name, times in (("pixels", 10), ("hog", 10), ("sift", 1)):
            option, _, used = plain[name]
            scale(name, option, used * times)  # long enough to hide thread start-up
        if arguments.images > N_FILES:
            print_memory(Path(folder), paths)


if __name__ == "__main__":
    main()
