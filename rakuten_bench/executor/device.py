"""Where steps run that can use an accelerator: asked of the workers before any of them.

A step's key does not tell the device. A GPU rounds otherwise than a CPU, and not the
same way twice, so no key could promise its bits; and a key that told would need the
workers before a plan can be made, and have every network learned again where a record
or a cache moves to a machine without a GPU. The record tells, and names the GPU.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rakuten_bench.errors import Problems
from rakuten_bench.executor.fault import Stopped
from rakuten_bench.plan import Step
from rakuten_bench.registry import Option
from rakuten_bench.scenario import find_option

Device = Literal["auto", "cpu", "cuda"]
Needs = tuple[str, ...]

#: Runs a function in every kind of worker that there is; returns what each gives.
Ask = Callable[..., Sequence[Any]]

_NAME_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Devices:
    """Which steps run on the GPU.

    Attributes
    ----------
    able : frozenset of tuples of str
        What options need whose packages can use it.
    """

    able: frozenset[Needs] = field(default_factory=frozenset)

    def of(self, step: Step) -> Literal["cpu", "cuda"]:
        """Return where a step runs: on the GPU if one of its options can use it."""
        needs = (option.needs for option in _choosers(step))
        return "cuda" if not self.able.isdisjoint(needs) else "cpu"

    def is_free_for(self, step: Step, others: Iterable[Step]) -> bool:
        """Tell whether a step may run beside others: a GPU runs one step at a time."""
        if self.of(step) == "cpu":
            return True
        return not any(self.of(other) == "cuda" for other in others)


def _choosers(step: Step) -> Iterator[Option]:
    """Yield the options of a step that can run on an accelerator."""
    for choice in step.choices:
        option = find_option(step.modality, choice)
        if "device" in option.given:
            yield option


def find_devices(asked: Device, steps: Iterable[Step], ask: Ask) -> Devices:
    """Ask the workers what those steps can use that are about to run.

    Parameters
    ----------
    asked : {"auto", "cpu", "cuda"}
    steps : iterable of Step
    ask : callable
        ``ask(function, *args)`` runs it in the workers.

    Raises
    ------
    Problems
        If "cuda" is asked for and there is no GPU, or an option can't use it.
    """
    options = {
        f"{one.lever.name} '{one.name}'": one
        for step in steps
        for one in _choosers(step)
    }
    if asked == "cpu" or not (options or asked == "cuda"):
        return Devices()
    needs = list(dict.fromkeys(option.needs for option in options.values()))
    obstacles = _ask(ask, needs or [()])
    if asked == "cuda" and any(obstacles.values()):
        raise Problems(_complaints(options, obstacles))
    return Devices(frozenset(needs) - {one for one in needs if obstacles[one]})


def _ask(ask: Ask, needs: Sequence[Needs]) -> Mapping[Needs, str]:
    """Return for each what keeps some worker from using a GPU; "" where nothing does."""
    try:
        answers = ask(find_obstacles, needs)
    except Stopped as error:  # a broken driver may end whoever asks it
        return dict.fromkeys(needs, f"asking for one failed: {error}")
    if not answers:
        return dict.fromkeys(needs, "no worker has answered what it can use")
    return {
        one: next(filter(None, found), "")
        for one, *found in zip(needs, *answers, strict=True)
    }


def _complaints(
    options: Mapping[str, Option], obstacles: Mapping[Needs, str]
) -> list[str]:
    """Say what is in the way; one line where it is the same for all."""
    advice = "Use --device auto to take a GPU only where there is one, or --device cpu."
    if len(reasons := set(obstacles.values())) == 1:
        return [f"--device cuda: {reasons.pop()}. {advice}"]
    return [
        f"--device cuda: {name}: {obstacles[option.needs]}. {advice}"
        for name, option in options.items()
        if obstacles[option.needs]
    ]


def find_obstacles(needs: Sequence[Needs]) -> list[str]:
    """Say for some packages what keeps this process from using a GPU with them; or "".

    Parameters
    ----------
    needs : sequence of tuples of str
        Distributions, as options name them.
    """
    if not find_gpu():
        return ["there is no GPU that CUDA can use"] * len(needs)
    return [_obstacle(one) for one in needs]


def _obstacle(needs: Needs) -> str:
    names = {name for one in needs for name in one.split("|")}
    found = (check() for name, check in _CHECKS.items() if name in names)
    return next(filter(None, found), "")


def _check_torch() -> str:
    import torch

    if torch.cuda.is_available():
        return ""
    return f"torch {torch.__version__} can't use the GPU; install a build for CUDA"


def _check_xgboost() -> str:
    import xgboost

    if xgboost.build_info().get("USE_CUDA"):
        return ""
    return "this xgboost is built for CPUs; install 'xgboost' in place of 'xgboost-cpu'"


def _check_ctranslate2() -> str:
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        return ""
    return "this ctranslate2 can't use the GPU"


#: By distribution; what is not named here is taken to manage wherever there is a GPU.
_CHECKS: Mapping[str, Callable[[], str]] = {
    "torch": _check_torch,
    "xgboost": _check_xgboost,
    "ctranslate2": _check_ctranslate2,
}


def find_gpu() -> str:
    """Return the name of the first GPU that CUDA's driver shows this process, or "".

    The driver is asked itself: it answers in milliseconds, and whatever package is
    going to use the GPU goes through it.
    """
    name = ctypes.create_string_buffer(_NAME_LENGTH)
    device = ctypes.c_int()
    with contextlib.suppress(OSError, AttributeError):  # no driver, or a strange one
        cuda = ctypes.CDLL("libcuda.so.1")
        failed = (
            cuda.cuInit(0)
            or cuda.cuDeviceGet(ctypes.byref(device), 0)
            or cuda.cuDeviceGetName(name, _NAME_LENGTH, device)
        )
        return "" if failed else name.value.decode(errors="replace") or "GPU"
    return ""
