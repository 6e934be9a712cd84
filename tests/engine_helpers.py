"""What tests of engines share: the stand-in, what it was sent, and whether processes have gone."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path

import numpy as np

from goenv import Rules

ROOT = Path(__file__).parents[1]
STANDIN = ROOT / "tests" / "standin_engine.py"
ANALYST = ROOT / "tests" / "standin_analysis.py"
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


def katago(monkeypatch, folder, *options, mode="analysis"):
    """Put a stand-in in place of KataGo's program; its configuration and network are empty files.

    Args:
        folder: for all three.
        options: of the stand-in.
        mode: which of KataGo's modes gets the options.

    Returns:
        Paths of configuration and network.
    """
    folder.mkdir(exist_ok=True)
    words = {"gtp": "", "analysis": "", mode: shlex.join(map(str, options))}
    program = folder / "katago"
    program.write_text(
        f'#!/bin/sh\nmode=$1; shift\nexport PYTHONPATH={ROOT}\ncase "$mode" in\n'
        f'gtp) exec {sys.executable} {STANDIN} --kata-rules yes {words["gtp"]} "$@";;\n'
        f'analysis) exec {sys.executable} {ANALYST} {words["analysis"]} "$@";;\nesac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("GOZOO_KATAGO", str(program))
    config, network = folder / "config.cfg", folder / "net.bin.gz"
    config.touch()
    network.touch()
    return config, network
