"""Games on the states of an oracle: fast, and with everything about them known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from algorithms.evaluator import PlayoutEvaluator
from baselines.oracle import ENDS, Oracle
from goenv import GoBatch, Rules


@dataclass(frozen=True)
class StateGames:
    """G games of up to T moves.

    Attributes:
        state: int64 [G, T], before each move; 0 past the end.
        action: int64 [G, T].
        colour: int8 [G, T], who moved; 0 past the end.
        length: int64 [G].
        outcome: float64 [G], Black's.
        left: moves left at the beginning, until the limit.
    """

    state: np.ndarray
    action: np.ndarray
    colour: np.ndarray
    length: np.ndarray
    outcome: np.ndarray
    left: int

    @property
    def played(self) -> np.ndarray:
        """Whether there is such a move, bool [G, T]."""
        return self.colour != 0

    def look_up(self, values: np.ndarray) -> np.ndarray:
        """Black's values [left + 1, S] of the positions before the moves, the mover's, [G, T]."""
        at = self.left - np.arange(self.state.shape[1])
        return self.colour * values[at[None, :], self.state].astype(np.float64)

    def some(self, games: np.ndarray | slice) -> StateGames:
        """Some of the games."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        return StateGames(**{k: v if k == "left" else v[games] for k, v in parts.items()})


def noisy_policy(oracle: Oracle, noise: float, horizon: int = 100) -> np.ndarray:
    """Best moves by score, but for a share `noise` at random, float64 [S, A].

    Nobody passes who has another move: games last as long as their limit.
    """
    allowed = oracle.legal.copy()
    allowed[:, -1] = ~allowed[:, :-1].any(axis=1)
    horizon = min(horizon, oracle.rules.max_moves or 0)
    lost = oracle.gives_up(oracle.values("score"), horizon)
    lost = np.where(allowed, np.nan_to_num(lost, nan=np.inf), np.inf)
    best = allowed & (lost <= lost.min(axis=1, keepdims=True))
    return (1 - noise) * best / best.sum(axis=1, keepdims=True) + noise * allowed / allowed.sum(
        axis=1, keepdims=True
    )


def play_states(
    oracle: Oracle,
    policy: np.ndarray,
    games: int,
    rng: np.random.Generator,
    start: int | None = None,
    left: int | None = None,
) -> StateGames:
    """Let a policy play both sides.

    Args:
        oracle: of the game.
        policy: [S, A], a distribution over legal actions in each state.
        games: how many.
        rng: of the moves.
        start: state in which games begin; None: the empty board.
        left: moves until the limit, where a game is scored as it stands; None: those of the rules.
    """
    limit = (oracle.rules.max_moves or 0) if left is None else left
    up_to = np.cumsum(policy, axis=1)
    state = np.full(games, oracle.start if start is None else start, np.int64)
    states, actions = np.zeros((2, games, limit), np.int64)
    colours = np.zeros((games, limit), np.int8)
    length = np.zeros(games, np.int64)
    running = np.arange(games)
    for ply in range(limit):
        here = state[running]
        chances = up_to[here]
        drawn = rng.random(len(running))[:, None] * chances[:, -1:]
        chosen = (chances <= drawn).sum(axis=1)
        states[running, ply], actions[running, ply] = here, chosen
        colours[running, ply] = oracle.to_play[here]
        length[running] += 1
        after = oracle.successors[here, chosen]
        goes_on = after != ENDS
        # Where two passes end a game, its board is that of the last state.
        state[running[goes_on]] = after[goes_on]
        running = running[goes_on]
        if len(running) == 0:
            break
    longest = int(length.max(initial=0))
    return StateGames(
        state=states[:, :longest],
        action=actions[:, :longest],
        colour=colours[:, :longest],
        length=length,
        outcome=oracle.now("outcome")[state].astype(np.float64),
        left=limit,
    )


def board_at(oracle: Oracle, state: int, left: int, games: int, seed: int) -> GoBatch:
    """So many games in a state, with `left` moves until the limit."""
    moves = oracle.moves_to(state)
    given = {name: getattr(oracle.rules, name) for name in Rules.field_names()}
    batch = GoBatch(games, Rules(**{**given, "max_moves": len(moves) + left}), seed)
    for action in moves:
        batch.step(np.full(games, action))
    return batch


def replay(oracle: Oracle, played: StateGames, seed: int) -> Iterator[tuple[int, GoBatch]]:
    """The games on boards again: number of the ply and the games before it, the batch in use.

    All games must begin in the same state.
    """
    batch = board_at(oracle, int(played.state[0, 0]), played.left, len(played.length), seed)
    for ply in range(played.state.shape[1]):
        yield ply, batch
        batch.step(played.action[:, ply])


class TablePlayouts:
    """An `Evaluator`: the logits of a policy that is a table, and the outcome of a random playout.

    Args:
        oracle: of the game.
        policy: [S, A].
    """

    def __init__(self, oracle: Oracle, policy: np.ndarray):
        self._oracle = oracle
        self._logits = np.log(np.maximum(policy, 1e-9)).astype(np.float32)
        self._playouts = PlayoutEvaluator()

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        _, values = self._playouts.evaluate(batch, games)
        return self._logits[self._oracle.states_of(batch.take(games))], values

    def seed(self, rng: np.random.Generator) -> None:
        """Draw the playouts from here on from `rng`."""
        self._playouts.seed(rng)


class TableValues:
    """An `Evaluator`: the logits of a policy that is a table, and values from another one.

    Args:
        oracle: of the game.
        policy: [S, A].
        values: [left + 1, S], Black's, with so many moves left until the limit.
    """

    def __init__(self, oracle: Oracle, policy: np.ndarray, values: np.ndarray):
        self._oracle, self._values = oracle, values
        self._logits = np.log(np.maximum(policy, 1e-9)).astype(np.float32)

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`; all games must have the same limit."""
        here = batch.take(games)
        states, limit = self._oracle.states_of(here), here.rules[0].max_moves
        assert limit is not None, "games of an oracle have a limit"
        black = self._values[limit - here.ply, states]
        return self._logits[states], (black * here.to_play).astype(np.float32)

    def seed(self, rng: np.random.Generator) -> None:
        """There is nothing random."""
