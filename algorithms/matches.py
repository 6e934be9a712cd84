"""A match between two agents given by their text forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from rich.markup import escape

from algorithms.config import ConfigError
from algorithms.display import Display
from algorithms.registry import make_agent
from baselines.arena import MatchSummary, make_openings, play_games, summarise
from baselines.engines import EngineAgent
from baselines.sgf import save_games
from goenv import Rules


def play_match(
    first: str,
    second: str,
    rules: Rules,
    games: int,
    opening_moves: int,
    seed: int,
    sgf_folder: Path | None,
    display: Display,
) -> MatchSummary:
    """Play `games` games, both colours from each opening; see `baselines.arena`.

    Raises:
        ConfigError: the number of games is odd, or there are not so many openings.
        AgentError: a text names no agent.
    """
    openings = match_openings(rules, games, opening_moves, seed)
    torch.set_num_threads(1)  # several spin against each other on a shared machine
    agents = make_agent(first), make_agent(second)
    if first == second:
        agents[1].name = f"{second} (second)"
    finished = 0

    def count(number: int) -> None:
        nonlocal finished
        finished += number
        display.update("games", finished / games, f"{finished} of {games}")

    display.update("games", 0.0, "thinking")
    records = play_games(*agents, rules, openings, np.random.default_rng(seed), count)
    for agent in agents:
        if isinstance(agent, EngineAgent):
            agent.close()
            _report(agent, display)
    if sgf_folder is not None:
        save_games(records, sgf_folder, "game")
    return summarise(records, agents[0].name)


def match_openings(
    rules: Rules, games: int, opening_moves: int, seed: int
) -> list[tuple[int, ...]]:
    """One opening for each pair of games.

    Raises:
        ConfigError: the number of games is odd, or there are not so many openings.
    """
    if games < 2 or games % 2:
        raise ConfigError(f"the number of games must be even and at least 2, got {games}")
    try:
        return make_openings(games // 2, opening_moves, rules, seed)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _report(agent: EngineAgent, display: Display) -> None:
    """Say what went wrong with an engine."""
    if agent.faults:
        count, last = len(agent.faults), agent.faults[-1]
        display.say(escape(f"{agent.name} failed {count} times; the last was a {last}"))
    if agent.resignations:
        count = agent.resignations
        display.say(escape(f"{agent.name} resigned {count} times, and then only passed"))
