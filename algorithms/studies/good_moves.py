"""One better move on 3x3: where it is, what updates make of it, and what of all other moves.

The policy is a table of logits, so an update says for each state and action by how much its logit
changes. Before the move in question two players are equal: in state s* one of them plays the good
move, the other one another move, and the policy that learns is the mixture of both in equal parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from algorithms.studies.exact_games import StateGames, noisy_policy
from baselines.oracle import ENDS, Oracle
from goenv import BLACK, WHITE, Rules

CONFIDENCE = 1.6448536269514722  # standard deviations: one-sided 95 %
_HORIZON = 40  # moves left at which the oracle judges moves
_DEEPEST = 8  # moves that lead to s*, at most
_NOISE = (
    0.01,
    0.02,
    0.03,
    0.04,
    0.05,
    0.07,
    0.1,
    0.13,
    0.17,
    0.2,
    0.25,
    0.3,
    0.4,
    0.5,
    0.65,
    0.8,
    1.0,
)


@dataclass(frozen=True)
class Spot:
    """A state with a good move, and the policy of which it is a part.

    Attributes:
        oracle: of the game.
        moves: left in s*.
        state: s*.
        good, other: actions there; the good one gives nothing up, the other the game.
        noise: share of random moves in the policy everywhere else.
        policy: float64 [S, A]; in s* a half for each of the two.
        values: float32 [moves + 1, S], Black's expected outcome when both sides play it.
        odds: chance to win of whoever plays the good move against whoever plays the other one, as
            Black and as White in turn.
    """

    oracle: Oracle
    moves: int
    state: int
    good: int
    other: int
    noise: float
    policy: np.ndarray
    values: np.ndarray
    odds: float

    @property
    def mover(self) -> int:
        """Who is to move in s*."""
        return int(self.oracle.to_play[self.state])

    @cached_property
    def best(self) -> np.ndarray:
        """Values under best play of both, Black's, float32 [moves + 1, S]."""
        return self.oracle.values("outcome")[: self.moves + 1]

    @cached_property
    def expected(self) -> np.ndarray:
        """The same after one move of the policy, the mean over it, float32 [moves + 1, S]."""
        successors, found = self.oracle.successors, self.best.copy()
        for left in range(1, self.moves + 1):
            later = self.best[left - 1][np.maximum(successors, 0)]
            after = np.where(successors == ENDS, self.best[0][:, None], later)
            found[left] = (self.policy * after).sum(axis=1)
        return found

    @cached_property
    def responses(self) -> dict[int, np.ndarray]:
        """By side: values, Black's, where it plays best against the policy, [moves + 1, S]."""
        return {
            side: self.oracle.best_response(self.policy, side, "outcome")[: self.moves + 1]
            for side in (BLACK, WHITE)
        }


def make_oracle(moves: int) -> Oracle:
    """An oracle for games with so many moves left in s*."""
    # All states are reached within 18 moves of the empty board.
    limit = max(18 + moves, _HORIZON)
    return Oracle(Rules(3, komi=0.5, superko="simple", max_moves=limit))


def find_spot(oracle: Oracle, moves: int, odds: float) -> Spot:
    """The first of `find_spots`."""
    return find_spots(oracle, moves, odds, 1)[0]


def find_spots(oracle: Oracle, moves: int, odds: float, count: int) -> list[Spot]:
    """States, each with two moves and a noise, that come near to these odds and to an even game.

    Args:
        oracle: of the game.
        moves: left in s*.
        odds: wanted.
        count: of different states, the nearest first; turned and mirrored ones count once.
    """
    lost = oracle.gives_up(oracle.values("outcome"), _HORIZON)
    places = np.flatnonzero((oracle.depth <= _DEEPEST) & ~oracle.passed)
    # Every pair of a move that keeps what there is and one that loses it; the pass is no choice.
    keeps, loses = (lost[places, :-1] == 0), (lost[places, :-1] == 2)
    rows, good, other = np.nonzero(keeps[:, :, None] & loses[:, None, :])
    states = places[rows]
    costs, worths = [], []
    for noise in _NOISE:
        values = oracle.policy_values(noisy_policy(oracle, noise, _HORIZON), "outcome")
        after = after_values(oracle, values, moves, states)
        won, lost_by = (after[np.arange(len(states)), chosen] for chosen in (good, other))
        gap = (won - lost_by) / (4 * odds - 2)
        # Games needed are scaled to exactly these odds later, so both count alike.
        costs.append(np.abs(gap - 1) + np.abs(won + lost_by) / 2)
        worths.append(np.stack([won, lost_by], axis=1).round(5))
    nearest = np.min(costs, axis=0)
    spots: list[Spot] = []
    # Twins by a symmetry are worth exactly the same after either move.
    taken: set[int | tuple[float, ...]] = set()
    for at in np.argsort(nearest, kind="stable"):
        which = int(np.argmin([cost[at] for cost in costs]))
        keys: set[int | tuple[float, ...]] = {
            int(states[at]),
            (_NOISE[which], *worths[which][at].tolist()),
        }
        if keys & taken:
            continue
        taken |= keys
        chosen = int(good[at]), int(other[at])
        spots.append(_spot_at(oracle, moves, int(states[at]), chosen, _NOISE[which]))
        if len(spots) == count:
            break
    return spots


def _spot_at(oracle: Oracle, moves: int, state: int, pair: tuple[int, int], noise: float) -> Spot:
    policy = noisy_policy(oracle, noise, _HORIZON)
    policy[state] = 0
    policy[state, list(pair)] = 0.5
    values = oracle.policy_values(policy, "outcome")[: moves + 1]
    worth = after_values(oracle, values, moves, np.array([state]))[0]
    odds = 0.5 + float(worth[pair[0]] - worth[pair[1]]) / 4
    return Spot(oracle, moves, state, *pair, noise, policy, values, odds)


def after_values(
    oracle: Oracle, values: np.ndarray, left: int | np.ndarray, states: np.ndarray
) -> np.ndarray:
    """What each action is worth to its player, float64 [n, A]; nan where it is illegal.

    Args:
        oracle: of the game.
        values: [limit + 1, S], Black's.
        left: moves left in the states, for all or int [n].
        states: int [n].
    """
    after = oracle.successors[states]
    later = np.broadcast_to(np.asarray(left) - 1, len(states))[:, None]
    black = np.where(
        after == ENDS, values[0][states][:, None], values[later, np.maximum(after, 0)]
    ).astype(np.float64)
    legal = oracle.legal[states]
    return np.where(legal, black * oracle.to_play[states][:, None], np.nan)


def response_targets(spot: Spot, states: np.ndarray, left: np.ndarray) -> np.ndarray:
    """The exact best response to the policy, as a distribution over its best moves, [n, A].

    It never does what the policy never does: it passes only who has no other move, and has two
    moves in s*.
    """
    oracle, found = spot.oracle, np.zeros((len(states), spot.policy.shape[1]))
    for side, values in spot.responses.items():
        mine = oracle.to_play[states] == side
        worth = after_values(oracle, values, left[mine], states[mine])
        worth = np.where(spot.policy[states[mine]] > 0, worth, np.nan)
        best = worth >= np.nanmax(worth, axis=1, keepdims=True) - 1e-6
        found[mine] = best / best.sum(axis=1, keepdims=True)
    return found


def q_weights(spot: Spot, played: StateGames, plies: int = 3) -> np.ndarray:
    """By how much targets of Q-learning exceed what was to be expected, float64 [G, T].

    A target is the exact worth, under best play of both, of the position `plies` moves on, or the
    outcome of a game that is over by then (see `QLearner.targets`); expected is the worth of the
    policy's moves in the position, the mean over them.
    """
    black = np.repeat(played.outcome[:, None], played.state.shape[1], axis=1)
    games, at = np.nonzero(np.arange(played.state.shape[1]) + plies < played.length[:, None])
    black[games, at] = spot.best[played.left - at - plies, played.state[games, at + plies]]
    return played.colour * black - played.look_up(spot.expected)


def learned_values(spot: Spot, played: StateGames) -> np.ndarray:
    """Values [moves + 1, S] that games teach: the mean outcome of each state, Black's.

    One imagined draw stands beside the outcomes of a state; those never seen are worth nothing.
    """
    shape = (played.left + 1, len(spot.oracle))
    at = played.left - np.arange(played.state.shape[1])
    flat = (at * shape[1] + played.state)[played.played]
    outcome = np.broadcast_to(played.outcome[:, None], played.state.shape)[played.played]
    total = np.bincount(flat, outcome, shape[0] * shape[1])
    count = np.bincount(flat, minlength=shape[0] * shape[1])
    values = (total / (count + 1)).reshape(shape).astype(np.float32)
    values[0] = spot.oracle.now("outcome")
    return values


def lift(spot: Spot, played: StateGames, weights: np.ndarray) -> np.ndarray:
    """By how much each game's update raises the logit of the good move in s*, float64 [G].

    The update is the sum over moves of ``weight * (one-hot of the move - policy)``; that of the
    other move falls by as much.
    """
    here = (played.state == spot.state) & played.played
    return (weights * here * ((played.action == spot.good) - 0.5)).sum(axis=1)


def drawn_update(spot: Spot, played: StateGames, weights: np.ndarray) -> np.ndarray:
    """The change of all logits but those of s*, by moves that were drawn, float64 [S, A]."""
    here = played.played & (played.state != spot.state)
    states, actions, weight = played.state[here], played.action[here], weights[here]
    shape = spot.policy.shape
    chosen = np.bincount(states * shape[1] + actions, weight, shape[0] * shape[1])
    total = np.bincount(states, weight, shape[0])
    return chosen.reshape(shape) - total[:, None] * spot.policy


def target_update(spot: Spot, states: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The same by targets [n, A] in visited states, int [n]: the sum of target less policy."""
    change = np.zeros(spot.policy.shape)
    here = states != spot.state
    np.add.at(change, states[here], (targets - spot.policy[states])[here])
    return change


def made_worse(spot: Spot, change: np.ndarray, states: np.ndarray, left: np.ndarray) -> float:
    """Of visits to states but s*, the share in which a change of logits costs the mover something.

    To first order: the sum over actions of ``policy * advantage * change`` is negative. Visits
    where it is zero count as a half; those in which no move of the policy matters do not count.
    """
    here = states != spot.state
    states, left = states[here], left[here]
    worth = np.nan_to_num(after_values(spot.oracle, spot.values, left, states))
    policy = spot.policy[states]
    advantage = policy * (worth - (policy * worth).sum(axis=1, keepdims=True))
    matters = np.abs(advantage).max(axis=1) > 1e-4
    gained = (advantage * change[states]).sum(axis=1)[matters]
    return float((gained < -1e-12).mean() + 0.5 * (np.abs(gained) <= 1e-12).mean())


def games_needed(mean: np.ndarray | float, deviation: np.ndarray | float) -> float:
    """Games until a sum over them is positive with 95 % confidence; infinite if it never is.

    Args:
        mean, deviation: of one game. Where there are several, one of them holds, nobody knows
            which (such as when each comes of another learned value): the chances are averaged.

    Returns:
        ``(1.645 deviation / mean) ** 2`` for a single pair, and 1 at least.
    """
    means, deviations = np.atleast_1d(mean), np.maximum(np.atleast_1d(deviation), 1e-12)
    if len(means) == 1:
        ratio = float(deviations[0] / means[0]) if means[0] > 0 else np.inf
        return max(1.0, (CONFIDENCE * ratio) ** 2)

    def chance(games: float) -> float:
        return float(ndtr(np.sqrt(games) * means / deviations).mean())

    goal = float(ndtr(CONFIDENCE))
    low, high = 0.0, 40.0  # natural logarithms of the number
    if chance(np.exp(high)) < goal:
        return np.inf
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if chance(np.exp(middle)) < goal else (low, middle)
    return float(np.exp(high))
