"""Ctrl-C and a polite kill: a run stops after the step at hand and loses nothing."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from algorithms.run import is_complete, list_snapshots
from algorithms.tracking import read_metrics


@pytest.mark.learning
def test_ctrl_c_keeps_everything(gozoo, store, tiny, command, tmp_path):
    file, folder = store(tiny.data("reinforce")), tmp_path / "tiny"
    process = command("train", file, "budget.env_steps=1000000000", "--runs", tmp_path)
    process.wait_until(lambda: len(read_metrics(folder / "metrics.jsonl")) >= 3)
    os.killpg(process.process.pid, signal.SIGINT)
    answer = process.wait()
    assert answer.code == 130
    assert "Traceback" not in answer.error
    assert "stopping after the step at hand" in answer.error
    assert "--resume" in answer.out
    steps = [record["step"] for record in read_metrics(folder / "metrics.jsonl")]
    assert int((folder / "checkpoints" / "latest").resolve().name) == steps[-1] >= 3
    # The budget is within reach now.
    budget = f"budget.env_steps={(steps[-1] + 3) * 20}"
    assert gozoo("train", file, budget, "--runs", tmp_path, "--resume").code == 0
    assert is_complete(folder)
    assert [r["step"] for r in read_metrics(folder / "metrics.jsonl")][: len(steps)] == steps
    assert list_snapshots(folder)[0].step == 0


def test_a_polite_kill_keeps_everything(gozoo, store, tiny, tmp_path):
    file, folder = store(tiny.data("reinforce")), tmp_path / "tiny"

    def kill():
        while len(read_metrics(folder / "metrics.jsonl")) < 3:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=kill, daemon=True).start()
    answer = gozoo("train", file, "budget.env_steps=20000", "--runs", tmp_path)
    assert answer.code == 130
    steps = [record["step"] for record in read_metrics(folder / "metrics.jsonl")]
    assert int((folder / "checkpoints" / "latest").resolve().name) == steps[-1] >= 3


@pytest.mark.learning
def test_ctrl_c_during_the_start_leaves_no_trace(store, tiny, command, tmp_path):
    """While torch is being imported there is nothing to keep, and nothing to tell."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os, signal\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    process = command("train", store(tiny.data("reinforce")), "--runs", tmp_path,
                      environment={"PYTHONPATH": str(tmp_path)})  # fmt: skip
    answer = process.wait()
    assert answer.code == 130
    assert "Traceback" not in answer.error
