"""What tests of engines share: the stand-in, what it was sent, and whether processes have gone."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from goenv import Rules

ROOT = Path(__file__).parents[1]
STANDIN = ROOT / "tests" / "standin_engine.py"
RULES = Rules(5, komi=6.5, max_moves=60)


def rng(seed=0):
    return np.random.default_rng(seed)


def logs(folder):
    """What each process was sent, as lists of lines."""
    return [path.read_text().splitlines() for path in sorted(folder.iterdir())]


def count(folder, command):
    return sum(line.startswith(command) for log in logs(folder) for line in log)


def assert_gone(pid, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")


def pids(agent):
    running = [seat.process for seat in agent._seats]
    return [process.pid for process in running if process is not None]
