"""The arena: agents play many games at once, both colours from each opening."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from baselines.agent import RESIGNATION, Agent, GivesUp
from baselines.openings import Opening
from baselines.ratings import wilson_interval
from goenv import BLACK, WHITE, GoBatch, Rules
from goenv.sgf import result_text


@dataclass(frozen=True)
class GameRecord:
    """One finished game.

    Attributes:
        black, white: names of the agents.
        rules: what was played.
        moves: actions from the empty board, the opening's included.
        opening: number of the opening; its first `opening_moves` moves were not the agents' own.
        opening_moves: length of the opening.
        score: Black's area minus White's minus komi, in points, as the board stood at the end.
        truncated: whether it was cut off by `max_moves`.
        gave_up: colour that gave the game up before its end, which the score then does not
            decide; 0 if neither did.
        reason: why it did, ``"resignation"`` or what was wrong with an engine, such as
            ``"crash"``: such a game is forfeited.
    """

    black: str
    white: str
    rules: Rules
    moves: tuple[int, ...]
    opening: int
    opening_moves: int
    score: float
    truncated: bool
    gave_up: int = 0
    reason: str = ""

    @property
    def forfeited(self) -> bool:
        """Whether an agent lost it by failing."""
        return self.gave_up != 0 and self.reason != RESIGNATION

    @property
    def result(self) -> str:
        """As SGF writes it: ``B+3.5``, ``Draw``, ``W+R`` by resignation, ``W+F`` by forfeit."""
        if self.gave_up:
            return f"{'W' if self.gave_up == BLACK else 'B'}+{'F' if self.forfeited else 'R'}"
        return result_text(self.score)

    @property
    def loser(self) -> str:
        """Name of the agent that gave up; empty if neither did."""
        return {0: "", BLACK: self.black, WHITE: self.white}[self.gave_up]

    def outcome(self, name: str) -> float:
        """1 for a win, 0.5 for a draw and 0 for a loss of the agent called `name`."""
        if name not in (self.black, self.white):
            raise ValueError(f"{name!r} did not play: {self.black!r} met {self.white!r}")
        # Colours are 1 and -1, so a game that Black gave up counts as any that he lost.
        black_score = 0.5 * (1 + np.sign(-self.gave_up if self.gave_up else self.score))
        return float(black_score if name == self.black else 1 - black_score)


@dataclass(frozen=True)
class Pairing:
    """A game to be played.

    Attributes:
        black, white: the agents.
        opening: its number.
        moves: actions from the empty board that open it.
    """

    black: Agent
    white: Agent
    opening: int
    moves: Opening


def pair_up(
    first: Agent,
    second: Agent,
    openings: Sequence[Opening],
    colours: Sequence[int] = (BLACK, WHITE),
) -> list[Pairing]:
    """A game from each opening for each colour of the first agent, those of an opening together."""
    return [
        Pairing(*((first, second) if colour == BLACK else (second, first)), number, moves)
        for number, moves in enumerate(openings)
        for colour in colours
    ]


def play_games(
    first: Agent,
    second: Agent,
    rules: Rules,
    openings: Sequence[Opening],
    rng: np.random.Generator,
    colours: Sequence[int] = (BLACK, WHITE),
) -> list[GameRecord]:
    """Play the games of `pair_up`, all side by side; the records come in their order."""
    pairings = pair_up(first, second, openings, colours)
    records: dict[int, GameRecord] = {}
    for finished in stream_games(pairings, rules, rng):
        records |= finished
    return [records[number] for number in range(len(pairings))]


def stream_games(
    pairings: Sequence[Pairing],
    rules: Rules,
    rng: np.random.Generator,
    at_once: int | None = None,
) -> Iterator[dict[int, GameRecord]]:
    """Play games side by side, and hand each over as soon as it is finished.

    An agent is asked once for its moves in all games in which it is on turn, so that a network
    sees large batches. Where a game has finished the next one begins. What an agent gives up (see
    `GivesUp`) ends there.

    Args:
        pairings: the games, in the order in which they begin.
        rules: of all games.
        rng: source of the agents' randomness.
        at_once: games that run at a time; None: all.

    Yields:
        After each move of all running games the records of those that it finished, by their
        places in `pairings`; often none. Who stops asking breaks the others off.

    Raises:
        ValueError: there are no games, the openings differ in length, one is illegal or ends its
            game, or an agent plays an illegal move.
    """
    ready = _opened(pairings, rules)
    waiting = list(range(len(pairings)))[::-1]
    running = [waiting.pop() for _ in range(min(at_once or len(pairings), len(pairings)))]
    batch = ready.take(running)
    history = {game: list(pairings[game].moves) for game in running}
    while running:
        actions, given_up = _ask(batch, [pairings[game] for game in running], rng)
        # What is given up ends before the pass that was played in it.
        over = _records(pairings, running, history, batch, given_up)
        batch.step(actions)
        for slot, game in enumerate(running):
            history[game].append(int(actions[slot]))
        ended = dict.fromkeys(np.flatnonzero(batch.done).tolist(), "")
        over = _records(pairings, running, history, batch, ended) | over
        kept = []
        for slot, game in enumerate(running):
            if game in over:
                del history[game]
                if not waiting:
                    continue
                running[slot] = waiting.pop()
                ready.copy_game(running[slot], batch, slot)
                history[running[slot]] = list(pairings[running[slot]].moves)
            kept.append(slot)
        if len(kept) < len(running):
            batch, running = batch.take(kept), [running[slot] for slot in kept]
        yield over


def _opened(pairings: Sequence[Pairing], rules: Rules) -> GoBatch:
    """All games after their openings."""
    if len({len(pairing.moves) for pairing in pairings}) != 1:
        raise ValueError("there must be games to play, and their openings all of one length")
    batch = GoBatch(len(pairings), rules)
    for column in np.array([pairing.moves for pairing in pairings], np.int64).T:
        batch.step(column)
    if batch.done.any():
        raise ValueError("an opening ends its game")
    return batch


def _ask(
    batch: GoBatch, pairings: Sequence[Pairing], rng: np.random.Generator
) -> tuple[np.ndarray, dict[int, str]]:
    """Actions int64 [B] of those on turn, and why games are given up, by their slot."""
    movers = [
        pairing.black if colour == BLACK else pairing.white
        for pairing, colour in zip(pairings, batch.to_play, strict=True)
    ]
    slots: dict[int, list[int]] = {}
    for slot, agent in enumerate(movers):
        slots.setdefault(id(agent), []).append(slot)
    actions = np.zeros(len(batch), np.int64)
    given_up: dict[int, str] = {}
    for mine in slots.values():
        agent = movers[mine[0]]
        actions[mine] = agent.act(batch.take(mine), rng)
        if isinstance(agent, GivesUp):
            given_up |= {mine[index]: reason for index, reason in agent.given_up.items()}
    return actions, given_up


def _records(
    pairings: Sequence[Pairing],
    running: Sequence[int],
    history: Mapping[int, Sequence[int]],
    batch: GoBatch,
    over: Mapping[int, str],
) -> dict[int, GameRecord]:
    """Records of the games in the slots that `over` names, with why they were given up if so."""
    if not over:
        return {}
    scores, truncated, to_play = batch.score(), batch.truncated, batch.to_play
    return {
        running[slot]: GameRecord(
            black=pairings[running[slot]].black.name,
            white=pairings[running[slot]].white.name,
            rules=batch.rules[slot],
            moves=tuple(history[running[slot]]),
            opening=pairings[running[slot]].opening,
            opening_moves=len(pairings[running[slot]].moves),
            score=float(scores[slot]),
            truncated=bool(truncated[slot]),
            gave_up=int(to_play[slot]) if reason else 0,
            reason=reason,
        )
        for slot, reason in over.items()
    }


@dataclass(frozen=True)
class MatchSummary:
    """What a match between two agents came to, from the first one's side.

    Attributes:
        games, wins, draws, losses: counts.
        rate: win rate, a draw counting half.
        interval: Wilson 95 % interval of the rate. It takes games as independent; the two games
            of an opening are not quite.
        as_black, as_white: win rate with that colour.
        score: mean score difference in points, the first agent's side, of the games that were
            played to their end; NaN if none was.
        pairs: openings that it met with either colour and won more of, as much, and less than the
            opponent; a random opening may be lost for one side, whoever plays it.
        resigned: games that each agent resigned, by its name.
        forfeits: games that each agent forfeited, by its name and what was wrong with it.
    """

    games: int
    wins: int
    draws: int
    losses: int
    rate: float
    interval: tuple[float, float]
    as_black: float
    as_white: float
    score: float
    pairs: tuple[int, int, int] = (0, 0, 0)
    resigned: dict[str, int] = field(default_factory=dict)
    forfeits: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def forfeited(self) -> int:
        """Games that an agent forfeited, whichever it was."""
        return sum(sum(reasons.values()) for reasons in self.forfeits.values())


def summarise(records: Sequence[GameRecord], name: str) -> MatchSummary:
    """Summary of the games of the agent called `name` against others."""
    outcomes = np.array([record.outcome(name) for record in records])
    black = np.array([record.black == name for record in records], np.bool_)
    scores = [
        record.score if record.black == name else -record.score
        for record in records
        if not record.gave_up
    ]
    losers = sorted({record.loser for record in records if record.gave_up})
    gave_up = {
        loser: Counter(record.reason for record in records if record.loser == loser)
        for loser in losers
    }
    resigned = {loser: reasons.pop(RESIGNATION, 0) for loser, reasons in gave_up.items()}

    def mean(values: np.ndarray) -> float:
        return float(values.mean()) if len(values) else float("nan")

    return MatchSummary(
        games=len(records),
        wins=int((outcomes == 1).sum()),
        draws=int((outcomes == 0.5).sum()),
        losses=int((outcomes == 0).sum()),
        rate=mean(outcomes),
        interval=wilson_interval(float(outcomes.sum()), len(records)),
        as_black=mean(outcomes[black]),
        as_white=mean(outcomes[~black]),
        score=mean(np.array(scores)),
        pairs=_pairs(records, name),
        resigned={loser: count for loser, count in resigned.items() if count},
        forfeits={loser: dict(reasons) for loser, reasons in gave_up.items() if reasons},
    )


def _pairs(records: Sequence[GameRecord], name: str) -> tuple[int, int, int]:
    """Openings won, even and lost, of those with one game with either colour."""
    found: dict[tuple[str, int], list[GameRecord]] = {}
    for record in records:
        opponent = record.white if record.black == name else record.black
        found.setdefault((opponent, record.opening), []).append(record)
    points = [
        sum(game.outcome(name) for game in games)
        for games in found.values()
        if len(games) == 2 and {game.black == name for game in games} == {True, False}
    ]
    return sum(p > 1 for p in points), sum(p == 1 for p in points), sum(p < 1 for p in points)


def positions(record: GameRecord) -> Iterator[GoBatch]:
    """The game after each of its moves, the empty board first, as batches of one game."""
    batch = GoBatch(1, record.rules)
    yield batch.clone()
    for move in record.moves:
        batch.step(np.array([move]))
        yield batch.clone()
