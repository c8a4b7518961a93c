"""Choose the device of steps that can use a GPU, by asking the workers up front.

A step's key does not include the device. GPU results differ from CPU results and between
runs, so no key could guarantee them. With the device in the key, planning would depend
on the workers, and a record or cache moved to a machine without a GPU would have every
network trained again. The record names the device and the GPU.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
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

#: Runs a function in a worker of each machine; returns the results.
Ask = Callable[..., Sequence[Any]]

_NAME_LENGTH = 256
_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


@dataclass(frozen=True, slots=True)
class Devices:
    """Which steps run on the GPU.

    Attributes
    ----------
    able : frozenset of tuples of str
        Requirements of the options that can use the GPU.
    """

    able: frozenset[Needs] = field(default_factory=frozenset)

    def of(self, step: Step) -> Literal["cpu", "cuda"]:
        """Return the device of a step: the GPU if one of its options can use it."""
        needs = (option.needs for option in _device_options(step))
        return "cuda" if not self.able.isdisjoint(needs) else "cpu"

    def is_free_for(self, step: Step, others: Iterable[Step]) -> bool:
        """Return whether a step may run beside others: a GPU runs one step at a time."""
        if self.of(step) == "cpu":
            return True
        return not any(self.of(other) == "cuda" for other in others)


def _device_options(step: Step) -> Iterator[Option]:
    """Yield the options of a step that can run on an accelerator."""
    for choice in step.choices:
        option = find_option(step.modality, choice)
        if "device" in option.given:
            yield option


def find_devices(requested: Device, steps: Iterable[Step], ask: Ask) -> Devices:
    """Ask the workers which steps can run on the GPU.

    Parameters
    ----------
    asked : {"auto", "cpu", "cuda"}
    steps : iterable of Step
    ask : callable
        ``ask(function, *args)`` runs it in the workers.

    Raises
    ------
    Problems
        If "cuda" is requested, but there is no GPU or an option can't use it.
    """
    options = {
        f"{option.lever.name} '{option.name}'": option
        for step in steps
        for option in _device_options(step)
    }
    if requested == "cpu" or not (options or requested == "cuda"):
        return Devices()
    needs = list(dict.fromkeys(option.needs for option in options.values()))
    obstacles = _ask(ask, needs or [()])
    if requested == "cuda" and any(obstacles.values()):
        raise Problems(_complaints(options, obstacles))
    return Devices(frozenset(needs) - {need for need in needs if obstacles[need]})


def _ask(ask: Ask, needs: Sequence[Needs]) -> Mapping[Needs, str]:
    """Return the reason why a worker can't use the GPU, by needs; "" if all can."""
    try:
        answers = ask(find_obstacles, needs)
    except Stopped as error:  # a broken driver can crash the process
        return dict.fromkeys(needs, f"the check for a GPU failed: {error}")
    if not answers:
        return dict.fromkeys(needs, "no worker answered the check for a GPU")
    return {
        need: next(filter(None, reasons), "")
        for need, *reasons in zip(needs, *answers, strict=True)
    }


def _complaints(
    options: Mapping[str, Option], obstacles: Mapping[Needs, str]
) -> list[str]:
    """Return an error for each option that can't use the GPU; one if all have one reason."""
    advice = "Use --device auto to fall back to the CPU, or --device cpu."
    if len(reasons := set(obstacles.values())) == 1:
        return [f"--device cuda: {reasons.pop()}. {advice}"]
    return [
        f"--device cuda: {name}: {obstacles[option.needs]}. {advice}"
        for name, option in options.items()
        if obstacles[option.needs]
    ]


def find_obstacles(needs: Sequence[Needs]) -> list[str]:
    """Return why this process can't use a GPU with some packages; "" if it can.

    Parameters
    ----------
    needs : sequence of tuples of str
        Distributions, as declared by options.
    """
    if not find_gpu():
        return ["no GPU that CUDA can use"] * len(needs)
    return [_obstacle(distributions) for distributions in needs]


def _obstacle(needs: Needs) -> str:
    names = {name for need in needs for name in need.split("|")}
    reasons = (check() for name, check in _CHECKS.items() if name in names)
    return next(filter(None, reasons), "")


def _check_torch() -> str:
    import torch

    if torch.cuda.is_available():
        return ""
    return f"torch {torch.__version__} can't use the GPU; install a CUDA build"


def _check_xgboost() -> str:
    import xgboost

    if xgboost.build_info().get("USE_CUDA"):
        return ""
    return "xgboost is a CPU-only build; install 'xgboost' instead of 'xgboost-cpu'"


def _check_ctranslate2() -> str:
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        return ""
    return "ctranslate2 can't use the GPU"


#: By distribution; others are assumed to work with any GPU.
_CHECKS: Mapping[str, Callable[[], str]] = {
    "torch": _check_torch,
    "xgboost": _check_xgboost,
    "ctranslate2": _check_ctranslate2,
}


def find_gpu() -> str:
    """Return the name of the first GPU visible to this process; "" if none.

    Queries the CUDA driver directly: this takes milliseconds and imports no package.
    """
    name = ctypes.create_string_buffer(_NAME_LENGTH)
    device = ctypes.c_int()
    with contextlib.suppress(
        OSError, AttributeError
    ):  # no driver, or an incompatible one
        cuda = ctypes.CDLL(_DRIVER)
        failed = (
            cuda.cuInit(0)
            or cuda.cuDeviceGet(ctypes.byref(device), 0)
            or cuda.cuDeviceGetName(name, _NAME_LENGTH, device)
        )
        return "" if failed else name.value.decode(errors="replace") or "GPU"
    return ""
