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
from goenv import BLACK, WHITE, Rules

# Colours of the first agent from each opening, by what the command line calls them.
COLOURS = {"both": (BLACK, WHITE), "black": (BLACK,), "white": (WHITE,)}


def play_match(
    first: str,
    second: str,
    rules: Rules,
    games: int,
    opening_moves: int,
    seed: int,
    sgf_folder: Path | None,
    display: Display,
    colour: str = "both",
) -> MatchSummary:
    """Play `games` games; see `baselines.arena`.

    Args:
        first, second: texts of the agents.
        rules: of all games.
        games: how many; even, if both colours are played.
        opening_moves: random moves that open each pair of games, or each game of one colour.
        seed: of openings and players.
        sgf_folder: where the games are stored.
        display: shows how far it is.
        colour: of the first agent, a key of `COLOURS`.

    Raises:
        ConfigError: the number of games does not fit, or there are not so many openings.
        AgentError: a text names no agent.
    """
    openings = match_openings(rules, games, opening_moves, seed, colour)
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
    rng, colours = np.random.default_rng(seed), COLOURS[colour]
    records = play_games(*agents, rules, openings, rng, count, colours)
    for agent in agents:
        if isinstance(agent, EngineAgent):
            agent.close()
            _report(agent, display)
    if sgf_folder is not None:
        save_games(records, sgf_folder, "game")
    return summarise(records, agents[0].name)


def match_openings(
    rules: Rules, games: int, opening_moves: int, seed: int, colour: str = "both"
) -> list[tuple[int, ...]]:
    """The openings of a match, see `play_match`.

    Raises:
        ConfigError: the number of games does not fit, or there are not so many openings.
    """
    if colour not in COLOURS:
        raise ConfigError(f"the colour must be one of {', '.join(COLOURS)}, got {colour!r}")
    each = len(COLOURS[colour])
    if games < each or games % each:
        wanted = "even and at least 2" if each == 2 else "at least 1"
        raise ConfigError(f"the number of games must be {wanted}, got {games}")
    try:
        return make_openings(games // each, opening_moves, rules, seed)
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
