"""The device that networks run on."""

from __future__ import annotations

from typing import Literal

import torch

Device = Literal["auto", "cpu", "cuda"]


def choose_device(device: str = "auto") -> torch.device:
    """Return the device to run on; "auto" selects a GPU if available."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def name_device(device: torch.device) -> str:
    """Return a device's name for the record: "cpu", or the name of the GPU."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return device.type
