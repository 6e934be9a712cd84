"""A real ``kill -9`` of a real process, at any moment: the run ends as if it had not been."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from algorithms.config import TrainConfig
from algorithms.run import train
from algorithms.tracking import read_metrics

# For how many steps a process goes on before it is killed, one process after the other.
MOMENTS = {"alphazero": (12,), "reinforce": (1,)}


@pytest.mark.learning
def test_killed_and_resumed_a_run_ends_as_if_it_had_not_been(
    algorithm, tiny, outcome_of, store, command, tmp_path
):
    steps = {"alphazero": 640}.get(algorithm, 900)
    data = tiny.data(
        algorithm,
        budget={"env_steps": steps},
        checkpoints={"snapshots": 3, "seconds": 0.02},
    )
    file, folder = store(data), tmp_path / "runs" / "tiny"
    metrics = folder / "metrics.jsonl"
    lost = []
    for moment in MOMENTS.get(algorithm, (3,)):
        before = len(read_metrics(metrics))
        process = command("train", file, "--runs", tmp_path / "runs", "--resume")
        process.wait_until(lambda b=before, m=moment: len(read_metrics(metrics)) >= b + m)
        time.sleep(random.uniform(0, 0.03))
        os.kill(process.process.pid, signal.SIGKILL)
        assert process.wait().code == -signal.SIGKILL
        stored = int((folder / "checkpoints" / "latest").resolve().name)
        lost.append(len(read_metrics(metrics)) - stored)
    config = TrainConfig.model_validate(data)
    ledger = train(config, folder, resume=True)
    assert ledger.exhausted()
    train(config, tmp_path / "whole")
    assert outcome_of(folder) == outcome_of(tmp_path / "whole")
    assert all(number >= 0 for number in lost)
