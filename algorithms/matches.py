"""A match between two agents given by their text forms, stored game by game."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from algorithms.config import ConfigError
from algorithms.display import Display
from algorithms.katago import KataGoEvaluator
from algorithms.players import SearchAgent
from algorithms.registry import make_agent
from baselines.agent import Agent
from baselines.arena import GameRecord, MatchSummary, pair_up, stream_games, summarise
from baselines.engines import EngineAgent
from baselines.game_store import DATABASE, GameStore, Terms
from baselines.openings import Opening, count_openings, make_openings
from baselines.sgf import game_number, save_game
from baselines.sprt import Sprt, Verdict, pair_sums
from goenv import BLACK, WHITE, Rules

# Colours of the first agent from each opening, by what the command line calls them.
COLOURS = {"both": (BLACK, WHITE), "black": (BLACK,), "white": (WHITE,)}


@dataclass(frozen=True)
class MatchPlan:
    """What is to be played.

    Attributes:
        first, second: texts of the agents.
        rules: of all games.
        games: how many, even if both colours are played; None: from all openings there are.
        opening_moves: random moves that open each pair of games, or each game of one colour.
        seed: of openings and players.
        colour: of the first agent, a key of `COLOURS`.
        sprt: ends the match when it is decided; `games` are then the most that are played.
        at_once: games that run side by side; None: 64, whose positions make a large batch for a
            network, or with an engine, which gains nothing from more than it has cores, 16.
        openings_by: text of the agent that plays the openings; None: random moves.
    """

    first: str
    second: str
    rules: Rules
    games: int | None
    opening_moves: int = 2
    seed: int = 0
    colour: str = "both"
    sprt: Sprt | None = None
    at_once: int | None = None
    openings_by: str | None = None

    def openings(self) -> list[Opening]:
        """From which they play.

        Raises:
            ConfigError: the number of games does not fit, or there are not so many openings.
        """
        each = len(_colours(self.colour))
        if self.sprt is not None and each != 2:
            raise ConfigError("a sequential test is of pairs of games: both colours must be played")
        if self.games is not None and (self.games < each or self.games % each):
            wanted = "even and at least 2" if each == 2 else "at least 1"
            raise ConfigError(f"the number of games must be {wanted}, got {self.games}")
        by = None
        if self.openings_by is not None:
            if self.games is None or self.opening_moves == 0:
                raise ConfigError("openings by an agent have moves, and there is no list of all")
            by = make_agent(self.openings_by)
        try:
            count = (
                count_openings(self.opening_moves, self.rules)
                if self.games is None
                else self.games // each
            )
            return make_openings(count, self.opening_moves, self.rules, self.seed, by)
        except ValueError as error:
            raise ConfigError(str(error)) from None


def usual_games(rules: Rules, opening_moves: int, colour: str = "both", most: int = 100) -> int:
    """Games of a match where nobody said how many: `most`, or fewer if openings run out."""
    each = len(_colours(colour))
    if opening_moves == 0:
        return most
    try:
        return min(most, each * count_openings(opening_moves, rules))
    except ValueError:  # too many to count, or none, which `MatchPlan.openings` tells
        return most


def _colours(name: str) -> tuple[int, ...]:
    if name not in COLOURS:
        raise ConfigError(f"the colour must be one of {', '.join(COLOURS)}, got {name!r}")
    return COLOURS[name]


@dataclass(frozen=True)
class MatchResult:
    """What came of a match.

    Attributes:
        summary: of the games that were played.
        games: that were asked for.
        verdict: of the sequential test, if there is one.
        stopped: whether somebody stopped it before its end.
    """

    summary: MatchSummary
    games: int
    verdict: Verdict | None
    stopped: bool


def play_match(
    plan: MatchPlan,
    display: Display,
    folder: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> MatchResult:
    """Play a match, or what is left of it.

    Args:
        plan: what is played.
        display: shows how far it is.
        folder: gets each game when it is finished, as SGF and in the database `DATABASE`; games
            that are there already are not played again.
        should_stop: asked often; once true, games that are not finished are given up.

    Raises:
        ConfigError: the number of games does not fit, there are not so many openings, or the folder
            holds another match.
        AgentError: a text names no agent.
        EngineError: an engine does not start, or refuses the rules.
        StoreError: the folder's database cannot be used.
    """
    openings = plan.openings()
    torch.set_num_threads(1)  # several spin against each other on a shared machine
    first, second = make_agent(plan.first), make_agent(plan.second)
    if plan.first == plan.second:
        second.name = f"{plan.second} (second)"
    wanted = pair_up(first, second, openings, _colours(plan.colour))
    texts = (plan.first, plan.second)
    terms = Terms(
        first.name, second.name, texts, plan.rules, plan.opening_moves, plan.seed, plan.openings_by
    )
    with contextlib.ExitStack() as stack:
        for agent in (first, second):
            if isinstance(agent, EngineAgent):
                stack.enter_context(agent)
        archive = stack.enter_context(_Archive(folder, terms, openings))
        stored = {(record.opening, record.black): record for record in archive.records}
        places = [(pairing.opening, pairing.black.name) for pairing in wanted]
        records = [stored[place] for place in places if place in stored]
        left = [
            pairing for pairing, place in zip(wanted, places, strict=True) if place not in stored
        ]
        if records:
            display.say(f"{len(records)} games are in {folder} already")

        def verdict() -> Verdict | None:
            sums = pair_sums(records, first.name)
            return None if plan.sprt is None else plan.sprt.decide(sums)

        def show(rounds: int = 0) -> None:
            text = f"{len(records)} of {len(wanted)}" + f", {rounds} rounds of moves" * (rounds > 0)
            display.update("games", len(records) / len(wanted), text)

        found, stopped = verdict(), False
        if found and found.accepted:
            left = []
        show()
        has_engine = any(isinstance(agent, EngineAgent) for agent in (first, second))
        at_once = plan.at_once or (16 if has_engine else 64)
        # Games that are played later are no copies of earlier ones.
        rng = np.random.default_rng([plan.seed, len(records)])
        stream = stream_games(left, plan.rules, rng, at_once) if left else ()
        for rounds, finished in enumerate(stream, 1):
            new = [finished[number] for number in sorted(finished)]
            if new:
                archive.add(new)
                records += new
                found = verdict()
            show(rounds)
            if found and found.accepted:
                break
            if stopped := should_stop() and len(records) < len(wanted):
                break
    summary = summarise(records, first.name)
    _report(summary, (first, second), display)
    return MatchResult(summary, len(wanted), found, stopped)


class _Archive:
    """Where the games of a match are kept: a database and SGF files in a folder, or nowhere."""

    def __init__(self, folder: Path | None, terms: Terms, openings: list[Opening]):
        self.records: list[GameRecord] = []  # that were there
        self._folder, self._terms = folder, terms
        if folder is None:
            return
        self._store = GameStore(folder / DATABASE)
        try:
            self.records = self._own_games(openings)
            for record in self.records:
                if not self._path(record).exists():  # killed in between
                    save_game(record, self._path(record))
        except BaseException:
            self._store.close()
            raise

    def _own_games(self, openings: list[Opening]) -> list[GameRecord]:
        for terms in self._store.matches():
            if terms != self._terms:
                raise ConfigError(
                    f"{self._folder} holds another match: {terms.difference(self._terms)}; "
                    "choose another folder for this one"
                )
        records = self._store.games(self._terms)
        for record in records:
            known = openings[record.opening] if record.opening < len(openings) else None
            if known is not None and record.moves[: len(known)] != known:
                raise ConfigError(
                    f"the games in {self._folder} began from other openings, of another GoZoo; "
                    "choose another folder"
                )
        return records

    def _path(self, record: GameRecord) -> Path:
        assert self._folder is not None
        return self._folder / f"game-{game_number(record, self._terms.first):04d}.sgf"

    def add(self, records: list[GameRecord]) -> None:
        """Keep finished games."""
        if self._folder is not None:
            self._store.add(self._terms, records)
            for record in records:
                save_game(record, self._path(record))

    def __enter__(self) -> _Archive:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._store.close()


def _report(summary: MatchSummary, agents: tuple[Agent, Agent], display: Display) -> None:
    """Say how pairs of games went, and what went wrong with engines."""
    games = summary.games
    won, even, lost = summary.pairs
    if won + even + lost:
        pairs = f"{won} won, {even} even, {lost} lost"
        display.say(f"{agents[0].name}: openings played with either colour: {pairs}")
    for name, reasons in summary.forfeits.items():
        told = ", ".join(f"{count} by {reason}" for reason, count in sorted(reasons.items()))
        display.say(f"{name} forfeited {sum(reasons.values())} of {games} games: {told}")
    for name, count in summary.resigned.items():
        display.say(f"{name} resigned {count} of {games} games")
    for agent in agents:
        faults = _faults(agent)
        if faults:
            display.say(f"faults of {agent.name}: {len(faults)}, the last: {faults[-1]}")
        if isinstance(agent, EngineAgent) and agent.restarts:
            name, count = agent.name, agent.restarts
            display.say(f"processes of {name} that ended between moves, replaced: {count}")


def _faults(agent: Agent) -> Sequence[object]:
    """What went wrong with the engine that plays, or that judges positions for a search."""
    if isinstance(agent, SearchAgent) and isinstance(agent.search.evaluator, KataGoEvaluator):
        return agent.search.evaluator.engine.faults
    return agent.faults if isinstance(agent, EngineAgent) else ()
