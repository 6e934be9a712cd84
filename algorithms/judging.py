"""Judging: who meets whom, the games of a pair, the ratings."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from algorithms.config import CompareConfig, JudgeConfig
from algorithms.registry import make_agent
from algorithms.run import list_snapshots
from baselines.arena import GameRecord, make_openings, play_games
from baselines.bootstrap import GroupRating, bootstrap_ratings
from baselines.results import Results
from goenv import Rules

RUNS, GAMES = "runs", "games"


@dataclass(frozen=True)
class Player:
    """Someone who takes part in the judging.

    Attributes:
        name: shown, and unique.
        agent: text form, from which a worker makes the agent.
        learner: name of the learner it is a snapshot of; None for anchors.
        seed: of its training; None for anchors.
        group: players of one group are the same player but for the seed.
        share: of the budget that was spent when it was taken, 0 to 1; None for anchors.
        spent: what its training had spent.
        final: whether it is the last snapshot of its run, as its learner plays.
    """

    name: str
    agent: str
    learner: str | None = None
    seed: int | None = None
    group: str = ""
    share: float | None = None
    spent: dict[str, float] | None = None
    final: bool = False


def pair_cell(
    agents: tuple[str, str],
    names: tuple[str, str],
    rules: dict[str, Any],
    games: int,
    opening_moves: int,
    seed: int,
    path: str,
) -> None:
    """The games of one pair of players, from plain data; stored at `path`."""
    torch.set_num_threads(1)
    first, second = map(make_agent, agents)
    first.name, second.name = names
    records = play_games(
        first,
        second,
        Rules(**rules),
        make_openings(games // 2, opening_moves, Rules(**rules), seed),
        np.random.default_rng([seed, *hashlib.sha256("\n".join(agents).encode()).digest()[:8]]),
    )
    write_games(Path(path), records)


def write_games(path: Path, records: list[GameRecord]) -> None:
    """Store games as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".partial")
    beside.write_text(json.dumps([asdict(record) for record in records]))
    beside.replace(path)


def read_games(path: Path) -> list[GameRecord]:
    """Games that `write_games` stored."""
    return [
        GameRecord(**{**data, "rules": Rules(**data["rules"]), "moves": tuple(data["moves"])})
        for data in json.loads(path.read_text())
    ]


def players_of(config: CompareConfig, folder: Path) -> list[Player]:
    """Anchors, then the snapshots of each run that the judging asks for."""
    judge = config.judge
    players = [Player(name=text, agent=text, group=text) for text in judge.anchors]
    for run in config.runs():
        learner = run.name.removesuffix(f"-seed{run.seed}")
        snapshots = list_snapshots(folder / RUNS / run.name)
        last = snapshots[-1]
        # The untrained network is a player too: the first point of every curve.
        count = min(judge.snapshots + 1, len(snapshots))
        chosen = np.unique(np.linspace(0, len(snapshots) - 1, count).round().astype(int))
        for index in chosen:
            snapshot = snapshots[index]
            is_last = snapshot == last
            # Snapshots are taken at equal shares of the budget, a step late at most; by the share
            # that was meant, those of several seeds have one name.
            share = index / max(1, len(snapshots) - 1)
            percent = round(100 * share)
            players.append(
                Player(
                    name=f"{run.name}@{percent}%",
                    agent=str(snapshot.path),
                    learner=learner,
                    seed=run.seed,
                    group=learner if is_last else f"{learner}@{percent}%",
                    share=share,
                    spent=snapshot.spent,
                    final=is_last,
                )
            )
        if judge.raw_policies and run.learner.play.simulations > 0:
            players.append(
                Player(
                    name=f"{run.name}-raw",
                    agent=f"{last.path}?simulations=0",
                    learner=learner,
                    seed=run.seed,
                    group=f"{learner} (raw policy)",
                    share=1.0,
                    spent=last.spent,
                )
            )
    return players


@dataclass(frozen=True)
class Meeting:
    """Two players and how often they meet.

    Attributes:
        first, second: the players.
        games: to play, even.
        seed: of openings and players.
        extra: whether it is one of the extra matches, which do not count for the ratings.
        path: where the games are stored.
    """

    first: Player
    second: Player
    games: int
    seed: int
    extra: bool
    path: Path


def meetings_of(config: CompareConfig, folder: Path, players: list[Player]) -> list[Meeting]:
    """All pairs of players that are not the same network, and the extra matches."""

    def meeting(first: Player, second: Player, games: int, extra: bool) -> Meeting:
        seed = config.judge.seed + extra
        # Names hold characters that files cannot: a digest keeps paths short and unique.
        key = [first.agent, second.agent, games, seed, config.judge.opening_moves, extra]
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
        return Meeting(first, second, games, seed, extra, folder / GAMES / f"{digest}.json")

    pairs = [
        meeting(first, second, config.judge.games, False)
        for first, second in itertools.combinations(players, 2)
    ]
    extras = [
        meeting(player, Player(match.opponent, match.opponent), match.games, True)
        for match in config.judge.matches
        for player in players
        if player.final and player.learner == match.learner
    ]
    return extras + pairs


def rate(players: list[Player], records: list[GameRecord], judge: JudgeConfig) -> list[GroupRating]:
    """Ratings of all groups of players, with intervals over games and over seeds."""
    index = {player.name: number for number, player in enumerate(players)}
    results = Results(
        names=tuple(index),
        first=np.array([index[record.black] for record in records]),
        second=np.array([index[record.white] for record in records]),
        score=np.array([record.outcome(record.black) for record in records]),
        block=np.array([record.opening for record in records]),
    )
    groups: dict[str, list[str]] = {}
    for player in players:
        groups.setdefault(player.group, []).append(player.name)
    return bootstrap_ratings(
        results,
        {name: tuple(members) for name, members in groups.items()},
        anchor=judge.anchor,
        repeats=judge.bootstrap,
        rng=judge.seed,
    )
