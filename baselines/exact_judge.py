"""How good a player is, measured against the exact truth of `Oracle`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.oracle import Oracle
from goenv import BLACK, WHITE
from goenv.kernel import kernel


@dataclass(frozen=True)
class ExactJudgement:
    """What a policy is worth, exactly.

    Attributes:
        mistake_rate: of the positions that it visits in play against itself, the share in which
            its move gives up points.
        score_regret: points that it gives up a move, in the mean over the same positions.
        blunder_rate: the share in which its move gives up outcome: a win becomes a draw or a loss,
            a draw a loss. In a decided game there is none to give up, and who learns from outcomes
            has nothing to play for.
        score_exploitability: points that a player who knows it takes from it beyond the minimax
            value of the empty board, the mean of both colours.
        outcome_exploitability: the same in outcomes, 0 to 2; it is at its limit for most players.
    """

    mistake_rate: float
    score_regret: float
    blunder_rate: float
    score_exploitability: float
    outcome_exploitability: float


@kernel
def _flow(policy, successors, visits, ply):
    """Let the visits of ``visits[ply]`` flow on along the moves of a policy."""
    for state in range(successors.shape[0]):
        mass = visits[ply, state]
        if mass == 0:
            continue
        for action in range(successors.shape[1]):
            after = successors[state, action]
            if after >= 0:
                visits[ply + 1, after] += mass * policy[state, action]


def visits_of(oracle: Oracle, policy: np.ndarray, opening_moves: int = 2) -> np.ndarray:
    """How often a policy against itself meets each state as the mover, float64 [max_moves, S].

    Games begin with `opening_moves` moves drawn uniformly from the legal ones, the pass excepted;
    positions of the opening do not count.
    """
    most = oracle.rules.max_moves or 0
    visits: np.ndarray = np.zeros((most + 1, len(oracle)))
    visits[0, oracle.start] = 1
    opening = oracle.legal.astype(np.float64)
    opening[:, -1] = ~oracle.legal[:, :-1].any(axis=1)
    opening /= opening.sum(axis=1, keepdims=True)
    given = np.asarray(policy, np.float64)
    for ply in range(most):
        _flow(opening if ply < opening_moves else given, oracle.successors, visits, ply)
    visits[:opening_moves] = 0
    return visits[:most]


def judge_exactly(oracle: Oracle, policy: np.ndarray, opening_moves: int = 2) -> ExactJudgement:
    """Judge a policy, [S, A] as `Oracle.policy_of` gives it.

    Args:
        oracle: of the game.
        policy: a distribution over the legal actions of each state.
        opening_moves: random moves that begin the games whose positions count as visited.
    """
    values = {kind: oracle.values(kind) for kind in ("score", "outcome")}
    visits = visits_of(oracle, policy, opening_moves)
    moves = mistakes = lost = blunders = 0.0
    for ply in np.flatnonzero(visits.any(axis=1)).tolist():
        met = np.flatnonzero(visits[ply])
        weight = visits[ply, met][:, None] * policy[met]
        left = len(visits) - ply
        points, outcome = (
            np.nan_to_num(oracle.gives_up(values[kind], left)[met]) for kind in values
        )
        moves += weight.sum()
        mistakes += (weight * (points > 0)).sum()
        lost += (weight * points).sum()
        blunders += (weight * (outcome > 0)).sum()
    return ExactJudgement(
        mistake_rate=float(mistakes / moves),
        score_regret=float(lost / moves),
        blunder_rate=float(blunders / moves),
        score_exploitability=exploitability(oracle, policy, "score"),
        outcome_exploitability=exploitability(oracle, policy, "outcome"),
    )


def exploitability(oracle: Oracle, policy: np.ndarray, kind: str = "score") -> float:
    """What best responses take from a policy beyond the minimax value, the mean of both colours."""
    value = oracle.values(kind)[-1, oracle.start]
    gains = [
        side * (oracle.best_response(policy, side, kind)[-1, oracle.start] - value)
        for side in (BLACK, WHITE)
    ]
    return float(np.mean(gains))


def best_policy(oracle: Oracle, left: int) -> np.ndarray:
    """Uniform over the moves that give up no points with `left` moves left, float32 [S, A]."""
    best = (oracle.gives_up(oracle.values("score"), left) == 0).astype(np.float32)
    return best / np.maximum(best.sum(axis=1, keepdims=True), 1)
