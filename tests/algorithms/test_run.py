"""Runs: repeatable, resumable after any stop, and what they leave in their folder."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from run_helpers import stop_after, tree
from sgfmill import sgf

from algorithms import run
from algorithms.checkpoint import ARRAYS, NUMBERS, WEIGHTS, CheckpointError, load_weights
from algorithms.config import TrainConfig, load_config, make_learner
from algorithms.model import Model
from algorithms.registry import make_agent
from algorithms.run import (
    LEDGER,
    is_complete,
    list_snapshots,
    load_run_config,
    train,
)
from algorithms.tracking import MetricsFile, TensorBoard, read_metrics
from baselines.agent import RandomAgent
from goenv import GoBatch

# The same again


def test_the_same_seed_gives_the_same_weights_bit_by_bit(
    algorithm, tiny, finished, outcome_of, tmp_path
):
    train(tiny(algorithm), tmp_path / "tiny")
    assert outcome_of(tmp_path / "tiny") == outcome_of(finished(algorithm))


def test_another_seed_gives_other_weights(algorithm, tiny, finished, outcome_of, tmp_path):
    train(tiny(algorithm, seed=4), tmp_path / "tiny")
    mine, other = outcome_of(tmp_path / "tiny").weights, outcome_of(finished(algorithm)).weights
    assert all(mine[name] != other[name] for name in mine if "weight" in name)


def test_training_changes_the_weights(algorithm, finished):
    folder = finished(algorithm)
    first, last = (load_weights(list_snapshots(folder)[index].path)[0] for index in (0, -1))
    after = last.state_dict()
    changed = {n for n, value in first.state_dict().items() if not torch.equal(value, after[n])}
    assert changed >= {
        "trunk.stem.weight", "policy_head.features.weight", "policy_head.points.weight",
    }  # fmt: skip


# Stopped and resumed


@pytest.mark.parametrize("pace", [1, 2, 5])
def test_a_run_stopped_after_every_few_steps_ends_like_one_that_was_not(
    algorithm, pace, tiny, finished, outcome_of, tmp_path
):
    folder = tmp_path / "tiny"
    stops = 0
    while not train(tiny(algorithm), folder, True, should_stop=stop_after(pace)).exhausted():
        stops += 1
        assert stops < 50, "it does not get on"
    assert stops >= 1
    assert outcome_of(folder) == outcome_of(finished(algorithm))
    seconds = [record["spent"]["seconds"] for record in read_metrics(folder / "metrics.jsonl")]
    assert seconds == sorted(seconds)


def test_stopped_before_the_first_step(algorithm, tiny, finished, outcome_of, tmp_path):
    folder = tmp_path / "tiny"
    for _ in range(3):
        ledger = train(tiny(algorithm), folder, True, should_stop=lambda: True)
        assert ledger.env_steps == 0
        assert [snapshot.step for snapshot in list_snapshots(folder)] == [0]
    train(tiny(algorithm), folder, True)
    assert outcome_of(folder) == outcome_of(finished(algorithm))


def latest_step(folder: Path) -> int:
    """Step of the latest checkpoint, which must be whole; -1 if there is none."""
    latest = folder / "checkpoints" / "latest"
    if not latest.is_symlink():
        return -1
    assert all((latest / name).is_file() for name in (WEIGHTS, ARRAYS, NUMBERS))
    return int(os.readlink(latest))


class Killed(BaseException):
    """Stands for ``kill -9``: no handler of errors takes it."""


class Killer:
    """Ends everything before the n-th change to a file system below a folder.

    By an audit hook, which sees what Python does to files: opening for writing, renaming, linking,
    removing. The files that are written by others (safetensors) are opened beside.
    """

    EVENTS = ("os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.mkdir",
              "os.truncate")  # fmt: skip

    def __init__(self):
        self.folder: Path | None = None
        self.left = 0
        self.seen = 0
        self.newest = -1  # step of the newest checkpoint that `latest` has named
        sys.addaudithook(self._hear)

    def _hear(self, event, arguments):
        if self.folder is None:
            return
        if event == "open":
            changes = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        else:
            changes = event in self.EVENTS
        paths = [str(a) for a in arguments if isinstance(a, (str, os.PathLike))]
        # Within `rmtree` names are relative to an open folder.
        if changes and any(str(self.folder) in path or not os.path.isabs(path) for path in paths):
            self.seen += 1
            self.newest = max(self.newest, latest_step(self.folder))
            if self.seen == self.left:
                raise Killed(event, arguments)

    def run(self, folder, count, work):
        """Do `work`; whether it was killed before the change number `count`."""
        self.folder, self.left, self.seen, self.newest = folder, count, 0, -1
        try:
            work()
        except Killed:
            return True
        finally:
            self.folder = None
        return False


@pytest.fixture(scope="module")
def killer():
    return Killer()


class Adder:
    """A learner that takes no time: adds its step's number to a weight."""

    def __init__(self, config, rules, seed, data):
        self.config, self.model, self.steps = config, Model(config.network, seed), 0

    def step(self, ledger):
        self.steps += 1
        weights = self.model.state_dict()
        weights["trunk.stem.bias"] += self.steps
        self.model.load_state_dict(weights)
        ledger.charge_env_steps(10)
        return {"steps": float(self.steps)}

    def agent(self):
        return RandomAgent()

    def state_dict(self):
        return {"steps": self.steps, "array": np.arange(self.steps)}

    def load_state_dict(self, state):
        self.steps = state["steps"]
        assert len(state["array"]) == self.steps


def test_a_kill_before_any_change_to_a_file_loses_no_checkpoint(
    tiny, outcome_of, tmp_path, killer, monkeypatch
):
    """Killed before its n-th change for n = 1, 2, 3, ..., then resumed, a run ends as it should."""
    monkeypatch.setattr(run, "make_learner", Adder)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # it costs time and changes nothing
    config = tiny(
        "reinforce",
        budget={"env_steps": 40},
        checkpoints={"snapshots": 2, "seconds": 1e-9},  # a checkpoint at every step
        sample_games=1,
    )
    folder = tmp_path / "tiny"
    train(config, folder)
    expected = outcome_of(folder)
    samples = sorted(path.name for path in (folder / "games").iterdir())
    assert (expected.steps, expected.snapshots, len(samples)) == ([1, 2, 3, 4], [0, 2, 4], 2)
    for count in itertools.count(1):
        shutil.rmtree(folder)
        if not killer.run(folder, count, lambda: train(config, folder, resume=True)):
            break
        assert latest_step(folder) == killer.newest, "a checkpoint was lost"
        train(config, folder, resume=True)
        assert outcome_of(folder) == expected, f"killed before change {count}"
        assert sorted(path.name for path in (folder / "games").iterdir()) == samples
    assert count > 50


def test_a_finished_run_is_left_alone(algorithm, tiny, finished, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(finished(algorithm), folder, symlinks=True)
    before = tree(folder / "checkpoints") | tree(folder / "games")
    content = (folder / "metrics.jsonl").read_text()
    ledger = train(tiny(algorithm, sample_games=3), folder, resume=True)
    assert ledger.exhausted()
    assert tree(folder / "checkpoints") | tree(folder / "games") == before
    assert (folder / "metrics.jsonl").read_text() == content
    assert is_complete(folder)


def test_with_more_budget_a_finished_run_goes_on(algorithm, tiny, finished, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(finished(algorithm), folder, symlinks=True)
    before = read_metrics(folder / "metrics.jsonl")
    snapshots = [snapshot.step for snapshot in list_snapshots(folder)]
    config = tiny(algorithm, budget={"env_steps": 480})
    ledger = train(config, folder, resume=True)
    assert ledger.env_steps >= 480
    after = read_metrics(folder / "metrics.jsonl")
    assert after[: len(before)] == before
    assert [record["step"] for record in after] == list(range(1, len(after) + 1))
    later = [snapshot.step for snapshot in list_snapshots(folder)]
    assert later[: len(snapshots)] == snapshots
    # Half of the new budget was spent: of its three snapshots two are to come.
    assert len(later) == len(snapshots) + 2
    assert later[-1] == after[-1]["step"]
    assert load_run_config(folder).budget.env_steps == 480
    assert is_complete(folder)


# What a run leaves


def test_the_stored_configuration_repeats_the_run(algorithm, tiny, finished):
    config = tiny(algorithm, sample_games=3)
    folder = finished(algorithm)
    assert load_run_config(folder) == config
    assert load_config(TrainConfig, folder / "config.yaml") == config


def test_metrics_have_every_step_and_counts_that_grow(algorithm, finished):
    records = read_metrics(finished(algorithm) / "metrics.jsonl")
    assert [record["step"] for record in records] == list(range(1, len(records) + 1))
    for name in ("env_steps", "evaluations", "samples", "flops", "seconds"):
        counts = [record["spent"][name] for record in records]
        assert counts == sorted(counts), name
        assert counts[-1] > 0, name
    assert any(name.endswith("_loss") for record in records for name in record["metrics"])


def test_snapshots_are_in_order_and_the_first_is_untrained(algorithm, tiny, finished):
    config, snapshots = tiny(algorithm), list_snapshots(finished(algorithm))
    assert snapshots[0].step == 0
    assert set(snapshots[0].spent.values()) == {0}
    shares = [s.spent["env_steps"] / config.budget.env_steps for s in snapshots]
    assert [int(share * 3) for share in shares] == [0, 1, 2, 3]
    assert [s.step for s in snapshots] == sorted({s.step for s in snapshots})
    untrained = make_learner(config.learner, config.game.rules(), config.seed).model
    loaded, _ = load_weights(snapshots[0].path)
    for name, value in untrained.state_dict().items():
        np.testing.assert_array_equal(value, loaded.state_dict()[name])


def test_old_states_are_pruned_and_the_weights_of_snapshots_kept(algorithm, tiny, tmp_path):
    config = tiny(algorithm, checkpoints={"snapshots": 2, "seconds": 1e-9})
    train(config, tmp_path)
    snapshots = list_snapshots(tmp_path)
    folder = tmp_path / "checkpoints"
    assert len(snapshots) == 3
    assert {path.name for path in folder.iterdir()} == {s.path.name for s in snapshots} | {"latest"}
    for snapshot in snapshots[:-1]:
        kept = {path.name for path in snapshot.path.iterdir()}
        assert kept - {"best_response.safetensors"} == {WEIGHTS, LEDGER}
    last = {path.name for path in snapshots[-1].path.iterdir()}
    assert last - {"best_response.safetensors"} == {WEIGHTS, ARRAYS, NUMBERS, LEDGER}
    assert (folder / "latest").resolve() == snapshots[-1].path.resolve()


def test_a_damaged_record_of_a_snapshot_is_named(tiny, finished, tmp_path):
    shutil.copytree(finished("reinforce"), tmp_path / "tiny", symlinks=True)
    file = list_snapshots(tmp_path / "tiny")[1].path / LEDGER
    file.write_text("{")
    with pytest.raises(CheckpointError, match=LEDGER):
        list_snapshots(tmp_path / "tiny")


def test_sample_games_are_true_games(algorithm, tiny, finished):
    """Read by sgfmill and replayed, they end with the result that they tell."""
    folder = finished(algorithm)
    rules = tiny(algorithm).game.rules()
    files = sorted((folder / "games").glob("*.sgf"))
    steps = [snapshot.step for snapshot in list_snapshots(folder)][1:]
    assert [file.name for file in files] == [
        f"step-{step:06d}-{number:02d}.sgf" for step in steps for number in (1, 2, 3)
    ]
    for file in files:
        game = sgf.Sgf_game.from_bytes(file.read_bytes())
        assert (game.get_size(), game.get_komi()) == (3, 0.5)
        assert game.get_root().get("RU") == "Tromp-Taylor"
        assert game.get_player_name("b") == game.get_player_name("w") != ""
        batch = GoBatch(1, rules)
        for node in game.get_main_sequence()[1:]:
            colour, point = node.get_move()
            assert colour == ("b" if batch.to_play[0] == 1 else "w")
            action = 9 if point is None else 3 * (2 - point[0]) + point[1]
            batch.step(np.array([action]))
        assert batch.done[0]
        score = batch.score()[0]
        assert game.get_root().get("RE") == f"{'B' if score > 0 else 'W'}+{abs(score):g}"


# Save, load, the same moves


def test_an_agent_made_from_text_plays_what_the_learner_plays(
    algorithm, tiny, tmp_path, monkeypatch
):
    """The learner has been trained in this process, the agent comes from the file."""
    config, folder = tiny(algorithm), tmp_path / "tiny"
    trained = []
    make = run.make_learner
    monkeypatch.setattr(run, "make_learner", lambda *a: trained.append(make(*a)) or trained[-1])
    train(config, folder)
    learner = trained[0]  # the second only warms up
    batch = GoBatch(32, config.game.rules(), seed=9)
    for _ in range(4):
        batch.step(batch.random_actions())
    expected = learner.agent().act(batch, np.random.default_rng(5))
    for text in (str(folder), f"{folder}/checkpoints/latest", str(list_snapshots(folder)[-1].path),
                 f"{folder}/checkpoints/latest/{WEIGHTS}"):  # fmt: skip
        agent = make_agent(text)
        assert agent.name == text
        np.testing.assert_array_equal(agent.act(batch, np.random.default_rng(5)), expected)


# The metrics file


def test_metrics_after_the_last_checkpoint_are_dropped_and_so_is_half_a_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    file = MetricsFile(path, 0)
    for step in range(1, 6):
        file.log(step, {"env_steps": step}, {"loss": 0.5})
    file.close()
    with path.open("a") as more:
        more.write('{"step": 6, "spe')
    assert [record["step"] for record in read_metrics(path)] == [1, 2, 3, 4, 5]
    file = MetricsFile(path, 3)
    file.log(4, {"env_steps": 40}, {"loss": 0.25})
    file.close()
    assert [(r["step"], r["spent"]["env_steps"]) for r in read_metrics(path)] == [
        (1, 1), (2, 2), (3, 3), (4, 40),
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == [path]


def test_tensorboard_shows_each_step_once_although_a_kill_had_some_repeated(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for last_step, steps, value in ((0, range(1, 6), 1.0), (3, range(4, 7), 2.0)):
        view = TensorBoard(tmp_path, last_step)
        for step in steps:
            view.log(step, {}, {"loss": value})
        view.close()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload().Scalars("metrics/loss")
    assert [(event.step, event.value) for event in events] == [
        (1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2),
    ]  # fmt: skip


# On a larger board


@pytest.mark.parametrize("size", [4, 9, 19])
def test_a_run_begins_from_one_on_a_smaller_board_and_learns_on(size, tiny, finished, tmp_path):
    smaller = finished("alphazero")
    config = tiny(
        "alphazero", game={"size": size, "komi": 0.5, "max_moves": 12}, initial=str(smaller),
        budget={"env_steps": 100},
    )  # fmt: skip
    train(config, tmp_path / "larger")
    first, *_, last = (load_weights(each.path) for each in list_snapshots(tmp_path / "larger"))
    given = load_weights(smaller / "checkpoints" / "latest")[0].state_dict()
    assert all((first[0].state_dict()[name] == value).all() for name, value in given.items())
    assert any((last[0].state_dict()[name] != value).any() for name, value in given.items())
    assert last[1].size == size
