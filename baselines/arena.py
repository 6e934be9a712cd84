"""The arena: two agents play many games at once, both colours from each opening."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from baselines.agent import Agent
from baselines.ratings import wilson_interval
from goenv import BLACK, WHITE, GoBatch, Rules


@dataclass(frozen=True)
class GameRecord:
    """One finished game.

    Attributes:
        black, white: names of the agents.
        rules: what was played.
        moves: actions from the empty board, the opening's included.
        opening: number of the opening; its first `opening_moves` moves were not the agents' own.
        opening_moves: length of the opening.
        score: Black's area minus White's minus komi, in points.
        truncated: whether it was cut off by `max_moves`.
    """

    black: str
    white: str
    rules: Rules
    moves: tuple[int, ...]
    opening: int
    opening_moves: int
    score: float
    truncated: bool

    def outcome(self, name: str) -> float:
        """1 for a win, 0.5 for a draw and 0 for a loss of the agent called `name`."""
        if name not in (self.black, self.white):
            raise ValueError(f"{name!r} did not play: {self.black!r} met {self.white!r}")
        black_score = 0.5 * (1 + np.sign(self.score))
        return float(black_score if name == self.black else 1 - black_score)


def make_openings(count: int, moves: int, rules: Rules, seed: int) -> list[tuple[int, ...]]:
    """Distinct openings of random legal moves without passes, the same for the same seed.

    Args:
        count: openings wanted.
        moves: their length in moves.
        rules: of the game.
        seed: of the draw.

    Raises:
        ValueError: there are not so many.
    """
    if count < 1 or moves < 0:
        raise ValueError(f"openings: need a count >= 1 and moves >= 0, got {count} and {moves}")
    if moves == 0:
        return [()] * count
    rng = np.random.default_rng(seed)
    found: dict[tuple[int, ...], None] = {}
    barren = 0  # draws since the last new opening
    while barren < 20:
        batch = GoBatch(min(2 * count, 2048), rules)
        chosen = []
        for _ in range(moves):
            legal = batch.legal_actions()
            legal[:, -1] = ~legal[:, :-1].any(axis=1)  # pass only where there is no other move
            actions = np.argmax(legal * rng.random(legal.shape), axis=1)
            batch.step(actions)
            chosen.append(actions)
        barren += 1
        for index in np.flatnonzero(~batch.done):
            opening = tuple(int(actions[index]) for actions in chosen)
            if opening not in found and rules.size**2 not in opening:
                found[opening] = None
                barren = 0
                if len(found) == count:
                    return list(found)
    raise ValueError(
        f"there are not {count} distinct openings of {moves} moves on {rules.size}x{rules.size}: "
        f"found {len(found)}"
    )


def play_games(
    first: Agent,
    second: Agent,
    rules: Rules,
    openings: list[tuple[int, ...]],
    rng: np.random.Generator,
    on_ply: Callable[[int], None] | None = None,
    colours: Sequence[int] = (BLACK, WHITE),
) -> list[GameRecord]:
    """A game from each opening for each colour of the first agent.

    Args:
        first, second: the agents.
        rules: of all games.
        openings: moves from the empty board, all of one length.
        rng: source of the agents' randomness.
        on_ply, colours: see `play_meetings`.

    Returns:
        The records, the games of an opening one after the other.
    """
    return play_meetings([(first, second)], rules, openings, rng, on_ply, colours)[0]


def play_meetings(
    pairs: Sequence[tuple[Agent, Agent]],
    rules: Rules,
    openings: list[tuple[int, ...]],
    rng: np.random.Generator,
    on_ply: Callable[[int], None] | None = None,
    colours: Sequence[int] = (BLACK, WHITE),
) -> list[list[GameRecord]]:
    """The games of `play_games` for each of several pairs, all side by side.

    An agent is asked once for its moves in all games of all its pairs, so that a network sees
    large batches.

    Args:
        pairs: the agents of each meeting.
        rules, openings, rng: as for `play_games`.
        on_ply: called after each move of all running games with the number of games that have
            just finished; what it raises ends the play.
        colours: of the first agent of each pair, a game for each; by default both.

    Returns:
        The records of each pair.
    """
    lengths = {len(opening) for opening in openings}
    if len(lengths) != 1:
        raise ValueError("openings must be given, and all of one length")
    each = len(colours)
    games = each * len(openings)
    table = np.tile(np.repeat(np.array(openings, np.int64), each, axis=0), (len(pairs), 1))
    table = table.reshape(games * len(pairs), lengths.pop())
    batch = GoBatch(len(table), rules)
    for column in table.T:
        batch.step(column)
    history = [list(map(int, row)) for row in table]
    # Who plays Black and White in each game, by number; an agent of several pairs is one.
    agents = list({id(agent): agent for pair in pairs for agent in pair}.values())
    number = {id(agent): index for index, agent in enumerate(agents)}
    seats = np.array([[number[id(first)], number[id(second)]] for first, second in pairs])
    in_turn = [seats if colour == BLACK else seats[:, ::-1] for colour in colours]
    seats = np.stack(in_turn, axis=1)  # [pairs, colours, (Black, White)]
    seats = np.tile(seats[:, None], (1, len(openings), 1, 1)).reshape(-1, 2)

    alive = np.flatnonzero(~batch.done)
    while len(alive):
        running = batch.take(alive)
        # All games have had the same number of moves, so one colour is to move.
        mover = seats[alive, 0 if running.to_play[0] == BLACK else 1]
        actions = np.zeros(len(batch), np.int64)
        for index, agent in enumerate(agents):
            mine = np.flatnonzero(mover == index)
            if len(mine):
                actions[alive[mine]] = agent.act(running.take(mine), rng)
        batch.step(actions)
        for game in alive:
            history[game].append(int(actions[game]))
        still = alive[~batch.done[alive]]
        if on_ply is not None:
            on_ply(len(alive) - len(still))
        alive = still

    scores, truncated = batch.score(), batch.truncated
    records = [
        GameRecord(
            black=agents[seats[game, 0]].name,
            white=agents[seats[game, 1]].name,
            rules=rules,
            moves=tuple(history[game]),
            opening=game % games // each,
            opening_moves=table.shape[1],
            score=float(scores[game]),
            truncated=bool(truncated[game]),
        )
        for game in range(len(batch))
    ]
    return [records[first : first + games] for first in range(0, len(records), games)]


@dataclass(frozen=True)
class MatchSummary:
    """What a match between two agents came to, from the first one's side.

    Attributes:
        games, wins, draws, losses: counts.
        rate: win rate, a draw counting half.
        interval: Wilson 95 % interval of the rate. It takes games as independent; the two games
            of an opening are not quite.
        as_black, as_white: win rate with that colour.
        score: mean score difference in points, the first agent's side.
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


def summarise(records: list[GameRecord], name: str) -> MatchSummary:
    """Summary of the games of the agent called `name` against others."""
    outcomes = np.array([record.outcome(name) for record in records])
    black = np.array([record.black == name for record in records])
    scores = np.array([record.score for record in records]) * np.where(black, 1, -1)

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
        score=mean(scores),
    )


def positions(record: GameRecord) -> Iterator[GoBatch]:
    """The game after each of its moves, the empty board first, as batches of one game."""
    batch = GoBatch(1, record.rules)
    yield batch.clone()
    for move in record.moves:
        batch.step(np.array([move]))
        yield batch.clone()
