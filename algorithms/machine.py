"""What figures were measured on."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

from algorithms.model import default_device
from goenv.threads import available_cores


def describe_machine() -> dict[str, str]:
    """Facts about this machine and what runs on it, for reports."""
    return {
        "processor": _processor(),
        "cores": str(available_cores()),
        "platform": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": str(default_device()),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
