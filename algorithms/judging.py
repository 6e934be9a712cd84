"""Judging: who meets whom, the games of a pair, the ratings."""

from __future__ import annotations

import itertools
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from algorithms import workers
from algorithms.checkpoint import list_companions
from algorithms.compare_config import CompareConfig, JudgeConfig
from algorithms.config import TrainConfig
from algorithms.registry import make_agent
from algorithms.run import list_snapshots
from baselines.agent import Agent
from baselines.arena import GameRecord, Pairing, pair_up, stream_games
from baselines.game_store import GameStore, Terms
from baselines.groups import GroupRatings, rate_groups
from baselines.openings import make_openings
from baselines.results import Results
from baselines.transitivity import Transitivity, check_transitivity

RUNS = "runs"


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


def meetings_cell(store: str, meetings: list[Terms], games: int) -> None:
    """Play what is missing of meetings side by side; stops between moves if the worker is to stop.

    Args:
        store: path of the database, in the comparison's folder; each meeting is added when all its
            games are finished.
        meetings: all of one game and one length of openings.
        games: of every meeting.
    """
    torch.set_num_threads(1)
    agents: dict[str, Agent] = {}
    for terms in meetings:
        for text, name in zip(terms.agents, (terms.first, terms.second), strict=True):
            if text not in agents:
                agents[text] = make_agent(_found_text(text, Path(store).parent))
                agents[text].name = name
    rules = meetings[0].rules
    pairings: list[Pairing] = []
    meeting_of: list[Terms] = []
    with GameStore(Path(store)) as database:
        for terms in meetings:
            first, second = (agents[text] for text in terms.agents)
            openings = make_openings(games // 2, terms.opening_moves, rules, terms.seed)
            there = {(record.opening, record.black) for record in database.games(terms)}
            missing = [
                pairing
                for pairing in pair_up(first, second, openings)
                if (pairing.opening, pairing.black.name) not in there
            ]
            pairings += missing
            meeting_of += [terms] * len(missing)
        left = Counter(meeting_of)
        finished: dict[Terms, list[GameRecord]] = {terms: [] for terms in meetings}
        rng = np.random.default_rng([terms.seed for terms in meetings])
        for records in stream_games(pairings, rules, rng) if pairings else ():
            if workers.should_stop():
                return
            for number, record in records.items():
                terms = meeting_of[number]
                finished[terms].append(record)
                if len(finished[terms]) == left[terms]:
                    database.add(terms, finished[terms])
            workers.report(GamesFinished(len(records)))


# How stored games name a network of the comparison's own: wherever its folder lies, and however its
# path was typed, these are the same games.
_OWN = "own:"


def stored_text(agent: str, folder: Path) -> str:
    """An agent's text form as the terms of its games have it."""
    inside = f"{folder}/"
    return _OWN + agent.removeprefix(inside) if agent.startswith(inside) else agent


def _found_text(text: str, folder: Path) -> str:
    """The text form of what `stored_text` gave, of a comparison that lies in `folder`."""
    return f"{folder}/{text.removeprefix(_OWN)}" if text.startswith(_OWN) else text


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
        terms: by which its games are stored.
        extra: whether it is one of the extra matches, which do not count for the ratings.
    """

    first: Player
    second: Player
    games: int
    terms: Terms
    extra: bool

    def games_in(self, store: GameStore) -> list[GameRecord]:
        """Its games that are stored; of an earlier, longer meeting those that it asks for."""
        return [record for record in store.games(self.terms) if record.opening < self.games // 2]


def meetings_of(config: CompareConfig, folder: Path, players: list[Player]) -> list[Meeting]:
    """All pairs of players that are not the same network, and the extra matches.

    Each meeting draws openings of its own: if all had the same few, the ratings would be of those.
    """

    def meeting(first: Player, second: Player, games: int, extra: bool) -> Meeting:
        drawn = f"{config.judge.seed} {extra} {first.name} {second.name}"
        terms = Terms(
            first=first.name,
            second=second.name,
            agents=(stored_text(first.agent, folder), stored_text(second.agent, folder)),
            rules=config.game.rules(),
            opening_moves=config.judge.opening_moves,
            seed=zlib.crc32(drawn.encode()),
        )
        return Meeting(first, second, games, terms, extra)

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
        key = meeting.terms if meeting.extra else tuple(sorted(group[name] for name in names))
        cells.setdefault(key, []).append(meeting)
    return sorted(cells.values(), key=lambda cell: -sum(meeting.games for meeting in cell))


def results_of(players: list[Player], records: list[GameRecord]) -> Results:
    """The games as ratings need them; games of an opening are a block."""
    index = {player.name: number for number, player in enumerate(players)}
    return Results(
        names=tuple(index),
        first=np.array([index[record.black] for record in records]),
        second=np.array([index[record.white] for record in records]),
        score=np.array([record.outcome(record.black) for record in records]),
        block=np.array([record.opening for record in records]),
    )


def rate(players: list[Player], records: list[GameRecord], judge: JudgeConfig) -> GroupRatings:
    """Ratings of all groups of players, with intervals over games and over seeds."""
    groups: dict[str, list[str]] = {}
    for player in players:
        groups.setdefault(player.group, []).append(player.name)
    return rate_groups(
        results_of(players, records),
        groups,
        anchor=judge.anchor,
        repeats=judge.bootstrap,
        rng=judge.seed,
    )


def judge_transitivity(
    players: list[Player], records: list[GameRecord], judge: JudgeConfig
) -> Transitivity | None:
    """Whether one strength a player explains the games; see `check_transitivity`."""
    return check_transitivity(results_of(players, records), rng=judge.seed)
