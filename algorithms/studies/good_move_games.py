"""Games around one better move, and what every method makes of them; see `good_moves`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from algorithms.evaluator import Evaluator
from algorithms.search import Search, SearchConfig
from algorithms.studies.exact_games import (
    StateGames,
    TablePlayouts,
    TableValues,
    board_at,
    play_states,
    replay,
)
from algorithms.studies.good_moves import (
    Spot,
    drawn_update,
    games_needed,
    learned_values,
    lift,
    made_worse,
    q_weights,
    response_targets,
    target_update,
)
from algorithms.studies.ladder import RUNGS, rung_weights

DRAWN = {**RUNGS, "learned": "GAE, learned value", "q": "Q-learning, 3 plies"}
"""Methods that learn from moves drawn, and how figures call them."""
TARGETS = {
    "response": "best response",
    "search": "search, random playouts",
    "search value": "search, exact values",
}
"""Methods that learn from targets."""

HUNDRED = 100  # games of the lecture's example
_PARTS = 8  # of the games by which updates of all other moves are judged
_CHUNK = 10_000  # games at a time


def play_spot(spot: Spot, games: int, rng: np.random.Generator) -> StateGames:
    """Games of the policy against itself that begin in s*."""
    return play_states(spot.oracle, spot.policy, games, rng, spot.state, spot.moves)


def drawn_weights(
    spot: Spot, played: StateGames, values: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """The weight of every move [G, T] for each method that learns from moves drawn, one by one.

    Args:
        spot: whose policy plays; its values are exact.
        played: its games.
        values: those of `learned_values`, from other games.
    """
    mean = float(spot.values[spot.moves, spot.state])
    table = (played.colour, played.outcome)
    exact, learned = played.look_up(spot.values), played.look_up(values)
    yield from rung_weights(*table, exact, played.length, mean).items()
    yield "learned", rung_weights(*table, learned, played.length, mean, ("gae",))["gae"]
    yield "q", q_weights(spot, played)


def advantages(spot: Spot, played: StateGames) -> np.ndarray:
    """The exact advantage of every move, float64 [G, T]: what it changes, and nothing else.

    Their sum over a game, each from Black's side, is the outcome less the value at the start.
    """
    before = played.colour * played.look_up(spot.values)  # Black's
    after = np.concatenate([before[:, 1:], np.zeros((len(before), 1))], axis=1)
    last = np.arange(before.shape[1]) == played.length[:, None] - 1
    after = np.where(last, played.outcome[:, None], after)
    return played.colour * (after - before)


def drawn_block(
    spot: Spot, games: int, value_games: int, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float]], dict[str, float]]:
    """A block of games for the methods that learn from moves drawn.

    Args:
        spot: around which.
        games: how many.
        value_games: further games, from which the block's own values are learned.
        rng: of the games.

    Returns:
        By method the lift of each game [games], and what becomes of all other moves (see
        `_changes`); and the squared advantages of the moves in s*, and of all, summed.
    """
    values = learned_values(spot, play_spot(spot, value_games, rng))
    lifts: dict[str, list[np.ndarray]] = {}
    credit = {"own_credit": 0.0, "all_credit": 0.0}
    for first in range(0, games, _CHUNK):
        played = play_spot(spot, min(_CHUNK, games - first), rng)
        for kind, weights in drawn_weights(spot, played, values):
            lifts.setdefault(kind, []).append(lift(spot, played, weights))
        squares = advantages(spot, played) ** 2
        credit["own_credit"] += float(squares[played.state == spot.state].sum())
        credit["all_credit"] += float(squares.sum())
    size = HUNDRED // _PARTS + 1
    played = play_spot(spot, _PARTS * size, rng)
    parts = [slice(first, first + size) for first in range(0, _PARTS * size, size)]
    others = {}
    for kind, weights in drawn_weights(spot, played, values):
        updates = [drawn_update(spot, played.some(part), weights[part]) for part in parts]
        others[kind] = _changes(spot, played, updates)
    return {kind: np.concatenate(parts) for kind, parts in lifts.items()}, others, credit


def target_block(
    spot: Spot, kind: str, simulations: int, games: int, rng: np.random.Generator
) -> tuple[np.ndarray, dict[str, float]]:
    """A block for a method that learns from targets.

    Args:
        spot: around which.
        kind: of `TARGETS`.
        simulations: of a search. Its prior is the policy; its leaves are judged by random playouts,
            or by the exact values of the policy.
        games: whose positions all get a target, a multiple of four.
        rng: of games and searches.

    Returns:
        The lift of each of several visits to s*, and what becomes of all other moves.
    """
    played = play_spot(spot, games, rng)
    shape, left = played.state.shape, _left(played)
    if kind == "response":
        targets = response_targets(spot, played.state.ravel(), left.ravel()).reshape(*shape, -1)
    else:
        search = _search_of(spot, kind, simulations, rng)
        targets = np.zeros((*shape, spot.policy.shape[1]))
        for ply, batch in replay(spot.oracle, played, int(rng.integers(2**31))):
            targets[:, ply] = search.run(batch, rng).policy
    lifted = target_lifts(spot, kind, simulations, 5 * games, rng)
    updates = []
    for part in np.split(np.arange(games), 4):
        there = played.played[part]
        updates.append(target_update(spot, played.state[part][there], targets[part][there]))
    return lifted, _changes(spot, played, updates)


def target_lifts(
    spot: Spot, kind: str, simulations: int, visits: int, rng: np.random.Generator
) -> np.ndarray:
    """The lift of each of several visits to s* by a method of `TARGETS`, float64 [visits]."""
    if kind == "response":
        here = response_targets(spot, np.full(visits, spot.state), np.full(visits, spot.moves))
    else:
        many = board_at(spot.oracle, spot.state, spot.moves, visits, int(rng.integers(2**31)))
        here = _search_of(spot, kind, simulations, rng).run(many, rng).policy
    # Of the two moves that the policy has in s*.
    good, other = here[:, spot.good], here[:, spot.other]
    return np.where(good + other > 0, good / np.maximum(good + other, 1e-9), 0.5) - 0.5


def _search_of(spot: Spot, kind: str, simulations: int, rng: np.random.Generator) -> Search:
    settings = SearchConfig(
        simulations=simulations, root="gumbel", interior="gumbel", gumbel_scale=0.0,
        considered=8, value_scale=0.6,
    )  # fmt: skip
    evaluator: Evaluator = TablePlayouts(spot.oracle, spot.policy)
    if kind == "search value":
        evaluator = TableValues(spot.oracle, spot.policy, spot.values)
    evaluator.seed(rng)
    return Search(settings, evaluator)


def _left(played: StateGames) -> np.ndarray:
    """Moves left before each move, int64 [G, T]."""
    return np.broadcast_to(played.left - np.arange(played.state.shape[1]), played.state.shape)


def _changes(spot: Spot, played: StateGames, updates: Sequence[np.ndarray]) -> dict[str, float]:
    """What becomes of the logits outside of s* by an update.

    Args:
        spot: around which.
        played: the games that the update was made of.
        updates: of equal parts of them, each [S, A].

    Returns:
        noise: trace of the covariance of one game's update; drift: squared length of its mean, both
        unbiased; worse: the share of visits to which the whole update does harm.
    """
    games = len(played.length) / len(updates)
    flat = np.stack([update.ravel() for update in updates])
    gram, count = flat @ flat.T, len(updates)
    same = float(np.trace(gram)) / count
    different = float(gram.sum() - np.trace(gram)) / (count * (count - 1))
    met = played.state[played.played], _left(played)[played.played]
    worse = made_worse(spot, np.sum(updates, axis=0), *met)
    return {"noise": (same - different) / games, "drift": different / games**2, "worse": worse}


def summary(lifted: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Sums over the games of a block of the lift, and how often 100 games lifted the good move."""
    whole = len(lifted) // HUNDRED * HUNDRED
    hundreds = lifted[:whole].reshape(-1, HUNDRED)
    if whole == 0:  # fewer than that: drawn anew from them
        hundreds = lifted[rng.integers(len(lifted), size=(400, HUNDRED))]
    total = hundreds.sum(axis=1)
    return {
        "games": len(lifted),
        "sum": float(lifted.sum()),
        "squares": float((lifted**2).sum()),
        "hundred": float((total > 0).mean() + 0.5 * (total == 0).mean()),
    }


def experiments(blocks: Sequence[np.ndarray]) -> dict[str, float]:
    """Whether as many games as one half of the blocks asks for are enough in the other half.

    Args:
        blocks: lifts of games, float [G] each.

    Returns:
        said: games; tried: experiments that there were games for; raised: the share of them in
        which the update raised the good move's probability.
    """
    half = len(blocks) // 2
    known = np.concatenate(blocks[:half])
    said = games_needed(known.mean(), known.std())
    if not np.isfinite(said):
        return {"said": 0.0, "tried": 0, "raised": 0.0}
    size = int(np.ceil(said))
    fresh = np.concatenate(blocks[half:])
    sums = fresh[: len(fresh) // size * size].reshape(-1, size).sum(axis=1)
    raised = float((sums > 0).mean()) if len(sums) else 0.0
    return {"said": said, "tried": len(sums), "raised": raised}
