"""A comparison: train every learner with every seed, let all meet all, rate them, report.

The folder of a comparison:

    config.yaml           resolved; it alone repeats the comparison
    runs/LEARNER-seedS/   the runs (see `algorithms.run`)
    games/*.json          all games between two players, one file a pair
    report/               index.html, figures, tables

Each stage is made of cells that are functions from plain data to files, run in worker processes:
a run, or the games of one pair. What is there already is not done again, so a comparison that
was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from algorithms.config import CompareConfig, JudgeConfig, TrainConfig, validate
from algorithms.run import Status, list_snapshots, train
from baselines.agent import Agent
from baselines.arena import GameRecord, make_openings, play_games
from baselines.ratings import GroupRating, Results, bootstrap_ratings
from goenv import Rules

RUNS, GAMES, REPORT = "runs", "games", "report"


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


def train_cell(
    config: dict[str, Any],
    folder: str,
    on_step: Callable[[Status], None],
    should_stop: Callable[[], bool],
) -> None:
    """One run of a comparison, from plain data; goes on with what is in the folder."""
    train(
        validate(TrainConfig, config, folder),
        Path(folder),
        resume=True,
        on_step=on_step,
        should_stop=should_stop,
    )


def pair_cell(
    first: str, second: str, names: tuple[str, str], rules: dict[str, Any], judge: dict[str, Any],
    path: str,
) -> list[GameRecord]:  # fmt: skip
    """The games of one pair of players, from plain data; stored at `path` and returned."""
    from algorithms.registry import make_agent

    agents: list[Agent] = []
    for text, name in zip((first, second), names, strict=True):
        agent = make_agent(text)
        agent.name = name
        agents.append(agent)
    records = play_games(
        *agents,
        Rules(**rules),
        make_openings(judge["games"] // 2, judge["opening_moves"], Rules(**rules), judge["seed"]),
        np.random.default_rng([judge["seed"], *hashlib.sha256(path.encode()).digest()[:8]]),
    )
    write_games(Path(path), records)
    return records


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
            share = snapshot.spent["flops"] / max(1.0, last.spent["flops"])
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


def pair_jobs(config: CompareConfig, folder: Path, players: list[Player]) -> list[dict[str, Any]]:
    """Arguments of `pair_cell` for all pairs and for the extra matches, dearest first."""
    rules = asdict(config.game.rules())
    judge = config.judge.model_dump(mode="json")
    jobs = [
        _job(first, second, rules, judge, folder, "")
        for first, second in itertools.combinations(players, 2)
        if first.spent != second.spent or first.seed != second.seed or first.seed is None
    ]
    for match in config.judge.matches:
        settings = {**judge, "games": match.games, "seed": judge["seed"] + 1}
        opponent = Player(name=match.opponent, agent=match.opponent)
        jobs += [
            _job(player, opponent, rules, settings, folder, "match-")
            for player in players
            if player.final and player.learner == match.learner
        ]
    return jobs


def _job(
    first: Player, second: Player, rules: dict, judge: dict, folder: Path, prefix: str
) -> dict[str, Any]:
    # Names hold characters that files cannot: the digest keeps the path unique and short.
    key = json.dumps([first.agent, second.agent, rules, judge["games"], judge["opening_moves"]])
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    return {
        "first": first.agent,
        "second": second.agent,
        "names": (first.name, second.name),
        "rules": rules,
        "judge": judge,
        "path": str(folder / GAMES / f"{prefix}{digest}.json"),
    }


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
