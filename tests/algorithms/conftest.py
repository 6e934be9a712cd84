"""Tiny learners on 3x3, runs of them, and the command line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from algorithms.checkpoint import load_weights
from algorithms.config import TrainConfig
from algorithms.learners import LEARNERS
from algorithms.run import list_snapshots, train
from algorithms.tracking import read_metrics

REPOSITORY = Path(__file__).parents[2]
NETWORK = {"blocks": 1, "channels": 4, "head_channels": 4}
# Every learner needs an entry here: the tests of runs go through all of `LEARNERS`.
TINY_LEARNERS: dict[str, dict[str, Any]] = {
    "alphazero": {
        "network": NETWORK,
        "search": {"simulations": 3, "noise_fraction": 0.25},
        "play": {"simulations": 3},
        "start": {"komis": [0.5, 2.5], "random_moves": 2},
        "self_play": {"games": 4},
        "rounds_per_step": 8,
        "replay_capacity": 48,  # small: it wraps around
        "replay_minimum": 8,
        "batch_size": 8,
        "reuse": 2,
    },
    "best_response": {
        "network": NETWORK,
        "start": {"random_moves": 2},
        "opponents": {"random": 1, "uct:2": 2},
        "ppo": {"games": 4, "moves": 3, "epochs": 2, "batch_size": 4},
    },
    "league": {
        "network": NETWORK,
        "start": {"random_moves": 2},
        "students": 2,
        "ppo": {"games": 4, "moves": 2, "epochs": 2, "batch_size": 4},
        "response_updates": 2,
        "distil_steps": 2,
        "distil_moves": 3,
        "batch_size": 8,
        "capacity": 40,
    },
    "nfsp": {
        "network": NETWORK,
        "start": {"random_moves": 2},
        "games": 4,
        "moves": 3,
        "anticipation": 0.4,
        "q": {"plies": 2, "capacity": 48, "minimum": 8, "batch_size": 8, "target_every": 3},
        "reservoir_capacity": 20,
        "reservoir_minimum": 4,
    },
    "q_learning": {
        "network": NETWORK,
        "start": {"random_moves": 2},
        "games": 4,
        "moves": 3,
        "q": {"plies": 3, "capacity": 48, "minimum": 8, "batch_size": 8, "target_every": 3},
    },
    "reinforce": {
        "network": NETWORK,
        "start": {"random_moves": 2},
        "games": 2,
        "pool_size": 3,
        "pool_every": 2,
        "batch_size": 16,
    },
}


def tiny_data(algorithm: str, **changes: Any) -> dict[str, Any]:
    """A run of seconds as plain data."""
    return {
        "name": "tiny",
        "seed": 3,
        "game": {"size": 3, "komi": 0.5},
        "learner": {"algorithm": algorithm, **TINY_LEARNERS[algorithm]},
        "budget": {"env_steps": 240},
        "checkpoints": {"snapshots": 3, "seconds": 1000},
        "sample_games": 0,
        **changes,
    }


@pytest.fixture(scope="session")
def tiny():
    """Makes the configuration of a tiny run: ``tiny(algorithm, **changes)``."""

    def make(algorithm: str, **changes: Any) -> TrainConfig:
        return TrainConfig.model_validate(tiny_data(algorithm, **changes))

    make.data = tiny_data
    return make


@dataclass(frozen=True)
class Outcome:
    """All of a run that must not depend on how often it was stopped.

    Attributes:
        weights: bytes of every array of the last checkpoint.
        spent: the ledger's counts in all metrics, without the clock.
        metrics: of every step.
        snapshots: steps of the snapshots.
    """

    weights: dict[str, bytes]
    steps: list[int]
    spent: list[dict[str, float]]
    metrics: list[dict[str, float]]
    snapshots: list[int]


def outcome_of(folder: Path) -> Outcome:
    """What came of the run in a folder."""
    model, _ = load_weights(folder / "checkpoints" / "latest")
    records = read_metrics(folder / "metrics.jsonl")
    for record in records:
        del record["spent"]["seconds"]
    return Outcome(
        weights={name: value.numpy().tobytes() for name, value in model.state_dict().items()},
        steps=[record["step"] for record in records],
        spent=[record["spent"] for record in records],
        metrics=[record["metrics"] for record in records],
        snapshots=[snapshot.step for snapshot in list_snapshots(folder)],
    )


@pytest.fixture(name="outcome_of", scope="session")
def _outcome_of():
    """What came of the run in a folder: ``outcome_of(folder)``."""
    return outcome_of


@pytest.fixture(scope="session")
def finished(tmp_path_factory, tiny):
    """The folder of an uninterrupted tiny run of an algorithm; do not write into it."""
    folders: dict[str, Path] = {}

    def make(algorithm: str) -> Path:
        if algorithm not in folders:
            folder = tmp_path_factory.mktemp(algorithm) / "tiny"
            train(tiny(algorithm, sample_games=3), folder)
            folders[algorithm] = folder
        return folders[algorithm]

    return make


@dataclass(frozen=True)
class Answer:
    """What a command came to; white space in its texts is evened out."""

    code: int
    out: str
    error: str

    @property
    def lines(self) -> int:
        return len(self.error.strip().splitlines())


@pytest.fixture
def gozoo(monkeypatch, capsys):
    """Runs a command in this process, as the installed program would: ``gozoo("train", ...)``."""
    from algorithms.cli import main

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["gozoo", *map(str, arguments)])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        out, error = capsys.readouterr()
        if isinstance(code, str):  # sys.exit prints it
            code, error = 1, error + code
        return Answer(int(code or 0), out, error)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


class Command:
    """A command in a process of its own, in a process group of its own."""

    def __init__(self, *arguments: object, environment: dict[str, str | None] | None = None):
        full = {**os.environ, **(environment or {})}
        # In the background of a shell Ctrl-C is ignored, and children would inherit that.
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "algorithms.cli", *map(str, arguments)],
            cwd=REPOSITORY,
            env={name: value for name, value in full.items() if value is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait(self, timeout: float = 120) -> Answer:
        """Its outcome, once it has ended."""
        out, error = self.process.communicate(timeout=timeout)
        return Answer(self.process.returncode, out, error)

    def wait_until(self, condition, timeout: float = 120) -> None:
        """Wait for something to be true while it runs."""
        end = time.monotonic() + timeout
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(f"it ended early: {self.wait()}")
            assert time.monotonic() < end, "nothing happened"
            time.sleep(0.01)

    def kill_all(self) -> None:
        """End what is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def command():
    """Starts a command in a process of its own: ``command("train", ...)``."""
    started: list[Command] = []

    def start(*arguments: object, **options: Any) -> Command:
        started.append(Command(*arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.kill_all()


@pytest.fixture
def store(tmp_path):
    """Writes plain data as a configuration file: ``store(data) -> path`` (JSON is YAML)."""

    def write(data: Any, name: str = "config.yaml") -> Path:
        path = tmp_path / name
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return path

    return write


def pytest_generate_tests(metafunc):
    """Tests that ask for `algorithm` are run for every learner that plays its own games."""
    if "algorithm" in metafunc.fixturenames:
        playing = [name for name, (_, config) in LEARNERS.items() if not config.needs_data]
        metafunc.parametrize("algorithm", playing)
