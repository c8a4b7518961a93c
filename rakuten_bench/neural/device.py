"""Where networks run."""

from __future__ import annotations

from typing import Literal

import torch

Device = Literal["auto", "cpu", "cuda"]


def choose_device(device: str = "auto") -> torch.device:
    """Return the device to run on; "auto" takes a GPU where there is one."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def name_device(device: torch.device) -> str:
    """Return what a record says of a device: "cpu", or the name of the GPU."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return device.type
