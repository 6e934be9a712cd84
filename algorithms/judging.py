"""Judging: who meets whom, the games of a pair, the ratings."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from algorithms import workers
from algorithms.checkpoint import list_companions
from algorithms.config import CompareConfig, JudgeConfig, TrainConfig
from algorithms.registry import make_agent
from algorithms.run import list_snapshots
from baselines.agent import Agent
from baselines.arena import GameRecord, make_openings, play_meetings
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
        kind: ``"anchor"``; ``"final"``, the last snapshot of a run, as its learner plays;
            ``"raw"``, the same without search; ``"snapshot"``, an earlier one; ``"companion"``,
            another network of the learner (see `algorithms.learner.companions_of`).
    """

    name: str
    agent: str
    learner: str | None = None
    seed: int | None = None
    group: str = ""
    share: float | None = None
    spent: dict[str, float] | None = None
    kind: str = "anchor"

    @property
    def final(self) -> bool:
        """Whether it is the last snapshot of its run, as its learner plays."""
        return self.kind == "final"


@dataclass(frozen=True)
class GamesFinished:
    """Told by a worker: so many more games have ended."""

    count: int


def meetings_cell(
    meetings: list[dict[str, Any]],
    rules: dict[str, Any],
    games: int,
    opening_moves: int,
    seed: int,
) -> None:
    """Play meetings side by side, from plain data; stops between moves if the worker is to stop.

    Args:
        meetings: of each its `agents`, their `names`, and the `path` where its games are stored.
        rules: of all games, as keywords of `goenv.Rules`.
        games, opening_moves, seed: of every meeting.
    """
    torch.set_num_threads(1)
    agents: dict[str, Agent] = {}
    for meeting in meetings:
        for text, name in zip(meeting["agents"], meeting["names"], strict=True):
            if text not in agents:
                agents[text] = make_agent(text)
                agents[text].name = name
    players = "\n".join(text for meeting in meetings for text in meeting["agents"])

    def on_ply(finished: int) -> None:
        if workers.should_stop():
            raise _Stopped
        workers.report(GamesFinished(finished))

    try:
        played = play_meetings(
            [tuple(agents[text] for text in meeting["agents"]) for meeting in meetings],  # type: ignore[misc]
            Rules(**rules),
            make_openings(games // 2, opening_moves, Rules(**rules), seed),
            np.random.default_rng([seed, *hashlib.sha256(players.encode()).digest()[:8]]),
            on_ply,
        )
    except _Stopped:
        return
    for meeting, records in zip(meetings, played, strict=True):
        write_games(Path(meeting["path"]), records)


class _Stopped(Exception):
    """The games of a cell were broken off."""


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
    """Anchors, then the snapshots of each run that the judging asks for, and what is beside."""
    players = [Player(name=text, agent=text, group=text) for text in config.judge.anchors]
    for run in config.runs():
        mine = _snapshots_of(config, folder, run)
        players += mine
        last = mine[-1]
        if config.judge.raw_policies and run.learner.play.simulations > 0:
            players.append(
                replace(
                    last,
                    name=f"{run.name}-raw",
                    agent=f"{last.agent}?simulations=0",
                    group=f"{last.learner} (raw policy)",
                    kind="raw",
                )
            )
        players += companions(last)
    return players


def _snapshots_of(config: CompareConfig, folder: Path, run: TrainConfig) -> list[Player]:
    """The snapshots of a run that play, the last one last."""
    judge, learner = config.judge, run.name.removesuffix(f"-seed{run.seed}")
    snapshots = list_snapshots(folder / RUNS / run.name)
    # The untrained network may be a player too: the first point of every curve.
    count = min(judge.snapshots + 1, len(snapshots))
    chosen = np.unique(np.linspace(0, len(snapshots) - 1, count).round().astype(int))
    if not judge.untrained and len(snapshots) > 1:
        chosen = chosen[1:]
    players = []
    for index in chosen.tolist():
        snapshot, is_last = snapshots[index], index == len(snapshots) - 1
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
                kind="final" if is_last else "snapshot",
            )
        )
    return players


def companions(player: Player) -> list[Player]:
    """The other networks stored with a snapshot, as players."""
    return [
        replace(
            player,
            name=f"{player.name} {name}",
            agent=str(file),
            group=f"{player.group} ({name.replace('_', ' ')})",
            kind="companion",
        )
        for name, file in list_companions(Path(player.agent)).items()
    ]


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


def cells_of(
    config: CompareConfig, players: list[Player], meetings: list[Meeting]
) -> list[list[Meeting]]:
    """The meetings parted into cells of work, the largest first.

    Those of a cell are played side by side. So that every agent has many games at once, the
    players are dealt into groups, and a cell holds all meetings between two groups, or within one.
    """
    count = -(-len(players) // config.judge.group_size)
    group = {player.name: index % count for index, player in enumerate(players)}
    cells: dict[object, list[Meeting]] = {}
    for meeting in meetings:
        names = (meeting.first.name, meeting.second.name)
        key = meeting.path if meeting.extra else tuple(sorted(group[name] for name in names))
        cells.setdefault(key, []).append(meeting)
    return sorted(cells.values(), key=lambda cell: -sum(meeting.games for meeting in cell))


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
