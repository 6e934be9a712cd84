"""What cells are made of: a training that goes on after a stop, matches, the exact truth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from algorithms import workers
from algorithms.config import TrainConfig
from algorithms.display import describe
from algorithms.run import Snapshot, is_complete, list_snapshots, train
from algorithms.studies.study import CellFolder
from algorithms.tracking import read_metrics
from baselines.agent import Agent
from baselines.arena import GameRecord, pair_up, stream_games, summarise
from baselines.exact_judge import ExactJudgement, judge_exactly
from baselines.openings import make_openings
from baselines.oracle import Oracle
from goenv import Rules


def train_in_cell(config: TrainConfig, folder: CellFolder) -> list[Snapshot]:
    """Train a run in the cell's folder, or go on with it; tells how far it is.

    Args:
        config: of the run; its name is that of the folder in the cell's.
        folder: of the cell, or the part of it that the training is.

    Returns:
        The snapshots, the untrained network first.

    Raises:
        Stopped: the study is to stop; a checkpoint is left.
    """
    home = folder.path / config.name
    if not is_complete(home):
        train(
            config,
            home,
            resume=True,
            on_step=lambda status: folder.show(status.share, f"{config.name}: {describe(status)}"),
            should_stop=workers.should_stop,
        )
    folder.tell(1.0)
    return list_snapshots(home)


def pick_snapshots(snapshots: Sequence[Snapshot], count: int) -> list[Snapshot]:
    """So many snapshots, evenly apart, the last one included; the untrained one does not count."""
    trained = list(snapshots[1:]) or list(snapshots)
    places = np.linspace(len(trained), 0, count, endpoint=False).round().astype(int) - 1
    return [trained[place] for place in np.unique(np.maximum(places, 0))]


def win_rates(
    pairs: Sequence[tuple[Agent, Agent]],
    rules: Rules,
    games: int,
    opening_moves: int,
    seed: int,
    folder: CellFolder,
) -> list[float]:
    """Win rate of the first agent of each pair; all games go side by side.

    Args:
        pairs: agents; an agent of several pairs is the same object, and thinks once for all.
        rules: of the games.
        games: of each pair, even: both colours from each opening.
        opening_moves: random moves that open each pair of games.
        seed: of openings and players.
        folder: of the cell, or the part of it that the games are.

    Raises:
        Stopped: the study is to stop.
    """
    for number, agent in enumerate({id(each): each for pair in pairs for each in pair}.values()):
        agent.name = str(number)  # records tell players apart by their names
    openings = make_openings(games // 2, opening_moves, rules, seed)
    pairings = [each for pair in pairs for each in pair_up(*pair, openings)]
    records: dict[int, GameRecord] = {}
    for finished in stream_games(pairings, rules, np.random.default_rng(seed)):
        records |= finished
        folder.tell(len(records) / len(pairings), f"{len(records)} of {len(pairings)} games")
    return [
        summarise([records[pair * games + game] for game in range(games)], first.name).rate
        for pair, (first, _) in enumerate(pairs)
    ]


@cache
def _oracle(rules: Rules) -> Oracle:
    return Oracle(rules)


def exact_judgement(
    agent: Agent, rules: Rules, folder: CellFolder | None = None, seed: int = 0
) -> ExactJudgement:
    """An agent against the exact truth; see `algorithms.exactness.can_be_exact`.

    Args:
        agent: who.
        rules: of the game.
        folder: of the cell, or the part of it that this is; it tells how many states were asked.
        seed: of the agent's randomness.

    Raises:
        Stopped: the study is to stop.
    """
    oracle, rng = _oracle(rules), np.random.default_rng(seed)
    if folder is None:
        return judge_exactly(oracle, oracle.policy_of(agent, rng))
    policy = oracle.policy_of(
        agent, rng, tell=lambda share: folder.tell(share, f"{share:.0%} of all states")
    )
    return judge_exactly(oracle, policy)


def metric_between(home: Path, name: str, first: int, last: int) -> float:
    """The mean of a metric over the steps `first` < step <= `last` of a run; nan without any."""
    values = [
        record["metrics"][name]
        for record in read_metrics(home / "metrics.jsonl")
        if first < record["step"] <= last and name in record["metrics"]
    ]
    return float(np.mean(values)) if values else float("nan")
