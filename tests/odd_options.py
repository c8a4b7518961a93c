"""Options that misbehave on request; workers import this file, too.

They note every call in a file, so that a test can count what was computed.
"""

import ctypes
import logging
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import psutil

from rakuten_bench.errors import Notice
from rakuten_bench.registry import CLEANER, DIGITS, MODEL, Files, Lever

LONGEST_WAIT = 120.0  # seconds


def free_digit(lever: Lever) -> str:
    taken = {option.digit for option in lever.options("text")}
    return next(digit for digit in reversed(DIGITS) if digit not in taken)


def note(log: str, what: str) -> None:
    if log:
        file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{what}\n".encode())
        os.close(file)


def sleep(seconds: float) -> None:
    """Sleep, with a child that sleeps too."""
    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({seconds})"])
    time.sleep(seconds)


def allocate(megabytes: float) -> None:
    held = []
    for _ in range(int(megabytes)):
        held.append(np.ones(2**17))
        time.sleep(0.001)


def fail(amount: float) -> None:
    message = f"no way with {amount:g}"
    raise ValueError(message)


def tell(seconds: float) -> None:
    logging.getLogger("rakuten_bench.odd").info("half of %g s", seconds)
    time.sleep(seconds)


WAYS = {
    "fine": lambda amount: None,
    "sleep": sleep,
    "pause": time.sleep,
    "allocate": allocate,
    "tell": tell,
    "segfault": lambda amount: ctypes.string_at(0),
    "fail": fail,
    "fill": lambda amount: Path("/dev/full").write_text("x"),
}


@MODEL.option("odd", digit=free_digit(MODEL))
class Odd:
    """Misbehave as requested while fitting, then predict by the sum of the features.

    Where a file is named as the gate, fitting waits until it is there, but not for ever:
    a test that fails before it opens the gate would never end.
    """

    def __init__(
        self,
        how: str = "fine",
        amount: float = 0.0,
        log: str = "",
        name: str = "",
        gate: str = "",
    ):
        self.how, self.amount, self.log, self.name = how, amount, log, name
        self.gate = gate

    def fit(self, X, y):
        note(self.log, f"model {self.how} {self.amount:g} {self.name}")
        due = time.monotonic() + LONGEST_WAIT
        while self.gate and not Path(self.gate).exists():
            if time.monotonic() > due:
                raise TimeoutError(self.gate)
            time.sleep(0.02)
        WAYS[self.how](self.amount)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        sums = np.asarray(X.sum(axis=1)).ravel()
        return self.classes_[(sums * 7).astype(int) % len(self.classes_)]


@MODEL.option("mortal", digit=free_digit(MODEL))
class Mortal(Odd):
    """Kill the process in the first fits, as another program might."""

    def fit(self, X, y):
        note(self.log, "fit")
        if len(Path(self.log).read_text().splitlines()) <= self.amount:
            psutil.Process().kill()
        return super().fit(X, y)


@MODEL.option("placed", digit=free_digit(MODEL))
class Placed(Odd):
    """Note the device, then behave as `odd`."""

    def __init__(self, log: str = "", name: str = "", *, device: str):
        super().__init__(log=log, name=name)
        self.device = device

    def fit(self, X, y):
        note(self.log, f"{self.name} on {self.device} from {time.monotonic()}")
        time.sleep(0.2)
        super().fit(X, y)
        note(self.log, f"{self.name} until {time.monotonic()}")
        return self


@MODEL.option("reading", digit=free_digit(MODEL), files=Files("models"))
class Reading(Odd):
    """Depend on the files in a folder."""

    def __init__(self, models: str = ""):
        super().__init__()
        self.models = models


class Rest:
    """Sleep while fitting; change nothing."""

    def fit(self, X, y=None):
        time.sleep(5)
        return self

    def transform(self, X):
        return X

    def fit_transform(self, X, y=None):
        return self.fit(X).transform(X)


@MODEL.preparation(kind="transform", writes=("features",))
def rest():
    """Take long in the preparation of another option."""
    return Rest()


@MODEL.option("rested", digit=free_digit(MODEL), prepare=rest)
class Rested(Odd):
    """Be quick after a long preparation."""

    def __init__(self):
        super().__init__()


@CLEANER.option("noted", digit=free_digit(CLEANER))
def noted(
    texts: list[str],
    log: str = "",
    seconds: float = 0.0,
    padding: int = 0,
    remark: str = "",
) -> list[str]:
    """Note that it ran; make the texts longer."""
    if remark:
        warnings.warn(remark, Notice, stacklevel=2)
    note(log, f"cleaner {seconds:g} {padding}")
    time.sleep(seconds)
    return [text + " x" * padding for text in texts]
