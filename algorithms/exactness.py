"""The players of a comparison against the exact truth, where the board is small enough."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from algorithms import workers
from algorithms.judging import Player, companions, stored_text
from algorithms.registry import make_agent
from baselines.exact_judge import ExactJudgement, judge_exactly
from baselines.oracle import LARGEST, Oracle
from goenv import Rules

EXACT = "exact"


@dataclass(frozen=True)
class PlayerJudged:
    """Told by a worker: one more player is judged."""

    name: str


def can_be_exact(rules: Rules) -> bool:
    """Whether an oracle knows this game."""
    return rules.size <= LARGEST and rules.superko == "simple" and rules.max_moves is not None


def players_to_judge(players: Sequence[Player]) -> list[Player]:
    """Those who are rated, and the companions of earlier snapshots."""
    return [*players] + [
        companion
        for player in players
        if player.kind == "snapshot"
        for companion in companions(player)
    ]


def judgement_path(folder: Path, player: Player) -> Path:
    """Where the judgement of a player is stored in the folder of a comparison."""
    # Names hold characters that files cannot.
    digest = hashlib.sha256(stored_text(player.agent, folder).encode()).hexdigest()[:16]
    return folder / EXACT / f"{digest}.json"


def judgement_cells(
    players: Sequence[Player], folder: Path, rules: Rules, seed: int, count: int
) -> list[dict[str, Any]]:
    """The work of judging those who are not judged yet, in `count` parts."""
    todo = [player for player in players if not judgement_path(folder, player).exists()]
    parts = [todo[first::count] for first in range(count)]
    return [
        {
            "players": [
                {
                    "name": player.name,
                    "agent": player.agent,
                    "path": str(judgement_path(folder, player)),
                }
                for player in part
            ],
            "rules": asdict(rules),
            "seed": seed,
        }
        for part in parts
        if part
    ]


def exact_cell(players: list[dict[str, str]], rules: dict[str, Any], seed: int) -> None:
    """Judge players, from plain data; stops between them if the worker is to stop.

    Args:
        players: of each its `name`, `agent`, and the `path` where its judgement is stored.
        rules: of the game, as keywords of `goenv.Rules`.
        seed: of agents that draw their moves without telling their chances.
    """
    torch.set_num_threads(1)
    oracle = Oracle(Rules(**rules))
    for player in players:
        if workers.should_stop():
            return
        agent = make_agent(player["agent"])
        policy = oracle.policy_of(agent, np.random.default_rng(seed))
        path = Path(player["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".partial")
        beside.write_text(json.dumps(asdict(judge_exactly(oracle, policy))))
        beside.replace(path)
        workers.report(PlayerJudged(player["name"]))


def read_judgements(players: Sequence[Player], folder: Path) -> list[tuple[Player, ExactJudgement]]:
    """The judgements stored."""
    return [
        (player, ExactJudgement(**json.loads(judgement_path(folder, player).read_text())))
        for player in players
    ]
