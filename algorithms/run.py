"""A run: the loop around a learner, with its folder, metrics, checkpoints and clock."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from algorithms import tracking
from algorithms.budget import Ledger
from algorithms.checkpoint import (
    CheckpointError,
    WeightsHeader,
    drop_state,
    latest_checkpoint,
    load_state,
    load_weights,
    numbered,
    point_latest,
    save_checkpoint,
)
from algorithms.config import (
    CONFIG_FILE,
    ConfigError,
    TrainConfig,
    claim_folder,
    load_config,
    make_learner,
)
from algorithms.evaluator import NotFiniteError
from algorithms.expert_games import read_expert_games
from algorithms.leagues import resolve_run
from algorithms.learner import Learner, companions_of
from algorithms.networks import parameter_count
from algorithms.shipped import UnknownPlayer, locate
from algorithms.warm_up import warm_up
from baselines.arena import play_games
from baselines.openings import make_openings
from baselines.sgf import save_games
from goenv.threads import available_cores

LEDGER = "ledger.json"


@dataclass(frozen=True)
class Status:
    """How far a run is, for whoever watches it.

    Attributes:
        name: of the run.
        step: steps taken.
        share: of the budget spent, 0 to 1.
        spent: the ledger's counts.
        metrics: of the last step.
    """

    name: str
    step: int
    share: float
    spent: dict[str, float]
    metrics: dict[str, float]


@dataclass(frozen=True)
class Snapshot:
    """Weights that a run keeps for good.

    Attributes:
        path: the checkpoint's folder.
        step: steps taken.
        spent: the ledger's counts.
    """

    path: Path
    step: int
    spent: dict[str, float]


def train(
    config: TrainConfig,
    folder: Path,
    resume: bool = False,
    views: Sequence[str] = (),
    on_step: Callable[[Status], None] = lambda status: None,
    should_stop: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = lambda text: None,
) -> Ledger:
    """Train until the budget is spent or `should_stop` says so; a checkpoint is left either way.

    Args:
        config: of the run.
        folder: where it is stored; it must not hold another run.
        resume: go on with the run in `folder`, if there is one.
        views: ``"tensorboard"``, ``"wandb"``, beside ``metrics.jsonl``.
        on_step: told after every step.
        should_stop: asked before every step.
        tell: told the size of the network, where the run is stored, what was read of games of
            others, and who of a league is left out.

    Returns:
        What was spent.

    Raises:
        ConfigError: the folder holds another run, there are not enough openings for the sample
            games, a league is wrong, or a view is not installed.
        CheckpointError: the checkpoint to resume from, or to begin from, is damaged.
        DataError: there are no games of others that can be learned from.
    """
    torch.set_num_threads(1)  # several spin against each other on a shared machine
    config = resolve_run(config, tell)
    rules = config.game.rules()
    openings = _sample_openings(config)
    data = None
    if config.data is not None:
        data = read_expert_games(config.data, rules.size)
        tell(data.summary())
    learner = make_learner(config.learner, rules, config.seed, data)
    tell(f"the network has {parameter_count(learner.model.network):,} parameters")
    workers, cores = getattr(config.learner, "workers", 1), available_cores()
    if workers > cores:
        tell(f"{workers} workers are slower than {cores} on this machine, which has {cores} cores")
    if config.initial is not None:
        begin_from(learner, config.initial)
    if resume and not (folder / CONFIG_FILE).exists():
        tell(f"there is nothing to resume in {folder}: the run begins")
    # Only now, when nothing else can be wrong. A run may be given more budget, or be watched
    # otherwise; it stays the same run.
    for change in claim_folder(
        folder, "run", config, resume, ("budget", "checkpoints", "sample_games")
    ):
        tell(f"goes on with another {change}")
    tell(f"training {config.learner.algorithm} in {folder}")
    ledger = Ledger(budget=config.budget)
    checkpoints = folder / "checkpoints"
    stored = _restore(checkpoints, learner, ledger)
    step = stored or 0
    trackers: list[tracking.Tracker] = [tracking.MetricsFile(folder / "metrics.jsonl", step)]
    if "tensorboard" in views:
        trackers.append(tracking.TensorBoard(folder, step))
    if "wandb" in views:
        trackers.append(tracking.WandB(folder, config.name, config.model_dump(mode="json")))
    header = WeightsHeader(
        algorithm=config.learner.algorithm,
        size=rules.size,
        network=config.learner.network,
        play=config.learner.play,
    )

    def save(is_snapshot: bool) -> None:
        nonlocal stored
        state = {"learner": learner.state_dict(), "ledger": ledger.spent()}
        notes = {LEDGER: {"step": step, "spent": ledger.spent()}} if is_snapshot else {}
        companions = {
            name: (model, header.model_copy(update={"play": play}))
            for name, (model, play) in companions_of(learner).items()
        }
        path = save_checkpoint(checkpoints, step, learner.model, header, state, notes, companions)
        _prune(checkpoints, path)
        stored = step

    if not ledger.exhausted():
        warm_up(config.learner.algorithm)  # compile before the clock starts
    if stored is None:
        save(is_snapshot=True)  # the untrained player: every curve begins here
    snapshots = list_snapshots(folder)
    taken = _snapshots_due(config, snapshots[-1].spent) if snapshots else 0
    saved_at = time.monotonic()
    try:
        while not ledger.exhausted() and not should_stop():
            began = time.perf_counter()
            try:
                metrics = learner.step(ledger)
            except NotFiniteError as error:
                raise ConfigError(
                    f"{config.name} diverged in step {step + 1}: {error}. A smaller "
                    f"learner.optimiser.learning_rate may do; {checkpoints} keeps step {stored}"
                ) from None
            ledger.charge_seconds(time.perf_counter() - began)
            step += 1
            for tracker in trackers:
                tracker.log(step, ledger.spent(), metrics)
            on_step(Status(config.name, step, ledger.share_spent(), ledger.spent(), metrics))
            due = _snapshots_due(config, ledger.spent())
            if due > taken or ledger.exhausted():
                _sample_games(learner, config, openings, folder, step)
                save(is_snapshot=True)
                taken, saved_at = due, time.monotonic()
            elif time.monotonic() - saved_at > config.checkpoints.seconds:
                save(is_snapshot=False)
                saved_at = time.monotonic()
        if stored != step:
            save(is_snapshot=False)
    finally:
        for tracker in trackers:
            tracker.close()
    return ledger


def begin_from(learner: Learner, text: str) -> None:
    """Give a learner the weights of a run, a checkpoint, or a player that comes with GoZoo.

    Raises:
        CheckpointError: they cannot be read, or the network has another shape.
    """
    try:
        path = locate(text)
    except UnknownPlayer as error:
        raise CheckpointError(f"initial: {error}") from None
    if not path.exists():
        raise CheckpointError(f"initial: there is no run, checkpoint or player {text!r}")
    model, header = load_weights(latest_checkpoint(path / "checkpoints") or path)
    if header.network != learner.model.config:
        wanted, given = learner.model.config.model_dump(), header.network.model_dump()
        differing = ", ".join(
            f"{name} {given[name]} (here {wanted[name]})" for name in wanted
            if given[name] != wanted[name]
        )  # fmt: skip
        raise CheckpointError(f"initial: {path} has a network of another shape: {differing}")
    learner.model.load_state_dict(model.state_dict())


def list_snapshots(folder: Path) -> list[Snapshot]:
    """Snapshots of the run in `folder`, the earliest first; the first is untrained.

    Raises:
        CheckpointError: the record of one is damaged.
    """
    found = []
    for path in numbered(folder / "checkpoints"):
        file = path / LEDGER
        if file.is_file():
            try:
                data = json.loads(file.read_text())
                found.append(Snapshot(path, data["step"], data["spent"]))
            except (ValueError, KeyError, TypeError) as error:
                raise CheckpointError(f"{file} is damaged: {error}") from None
    return found


def load_run_config(folder: Path) -> TrainConfig:
    """The configuration stored in a run's folder.

    Raises:
        ConfigError: there is none, or it does not fit.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise ConfigError(f"{folder} holds no run: there is no config.yaml in it")
    return load_config(TrainConfig, path)


def holds_run(folder: Path) -> bool:
    """Whether a run was begun in `folder`."""
    return latest_checkpoint(folder / "checkpoints") is not None


def is_complete(folder: Path) -> bool:
    """Whether the run in `folder` has spent its budget."""
    snapshots = list_snapshots(folder)
    if not snapshots:
        return False
    ledger = Ledger(budget=load_run_config(folder).budget)
    ledger.load(snapshots[-1].spent)
    return ledger.exhausted()


def _restore(checkpoints: Path, learner: Learner, ledger: Ledger) -> int | None:
    """Load the latest checkpoint and return its step; None if there is none."""
    path = latest_checkpoint(checkpoints)
    step = None
    if path is not None:
        model, _ = load_weights(path)
        state = load_state(path)
        try:
            learner.model.load_state_dict(model.state_dict())
            learner.load_state_dict(state["learner"])
            ledger.load(state["ledger"])
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise CheckpointError(f"{path} does not fit the learner: {error}") from None
        step = int(path.name)
        # A kill may have left a later one that `latest` did not name yet: the run goes another way.
        for each in numbered(checkpoints):
            if int(each.name) > step:
                shutil.rmtree(each)
        point_latest(path)
    return step


def _snapshots_due(config: TrainConfig, spent: dict[str, float]) -> int:
    """How many snapshots there should be once so much is spent, the untrained one included."""
    ledger = Ledger(budget=config.budget)
    ledger.load(spent)
    return 1 + int(ledger.progress() * config.checkpoints.snapshots)


def _prune(checkpoints: Path, newest: Path) -> None:
    """Keep the newest checkpoint whole, of older snapshots the weights, of the others nothing."""
    for path in numbered(checkpoints):
        if path == newest:
            continue
        drop_state(path)
        if not (path / LEDGER).exists():
            shutil.rmtree(path)
    for path in checkpoints.glob(".[0-9]*.partial"):  # begun before a kill
        shutil.rmtree(path)


def _sample_openings(config: TrainConfig) -> list[tuple[int, ...]]:
    """Two random moves for every pair of sample games."""
    if config.sample_games == 0:
        return []
    try:
        return make_openings((config.sample_games + 1) // 2, 2, config.game.rules(), config.seed)
    except ValueError as error:
        raise ConfigError(f"sample_games: {error}") from None


def _sample_games(
    learner: Learner, config: TrainConfig, openings: list[tuple[int, ...]], folder: Path, step: int
) -> None:
    """Store a few games of the learner's agent against itself."""
    if not openings:
        return
    agent, rules = learner.agent(), config.game.rules()
    rng = np.random.default_rng([config.seed, step])
    records = play_games(agent, agent, rules, openings, rng)[: config.sample_games]
    save_games(records, folder / "games", f"step-{step:06d}")
