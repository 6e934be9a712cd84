"""One better move on boards that no oracle knows: a network plays, a deep search is the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from algorithms.model import Model, NetworkEvaluator
from algorithms.search import Search, SearchConfig
from algorithms.studies.games import log_policy_of, play, values_of
from algorithms.studies.judged_moves import replay_played
from algorithms.studies.ladder import rung_weights
from baselines.agent import distribution
from goenv import GoBatch, Rules

_PLIES = (4, 16)  # of games, between which s* is looked for


@dataclass(frozen=True)
class BoardSpot:
    """A position with a good move and another one that the policy likes too.

    Attributes:
        batch: a single game, in s*.
        good, other: the search's move, and the likeliest one that loses by it.
        chance: of the policy for either, float64 [2].
        lost: what the other one gives up, by the search; of the outcome from -1 to 1.
    """

    batch: GoBatch
    good: int
    other: int
    chance: np.ndarray
    lost: float


def find_board_spot(
    model: Model, rules: Rules, games: int, deep: int, rng: np.random.Generator
) -> BoardSpot:
    """The position, in some games of a policy, in which it is most divided about a blunder.

    Args:
        model: whose policy plays.
        rules: of the games.
        games: to look at.
        deep: simulations of the search that says what moves are worth.
        rng: of the games.

    Raises:
        LookupError: the policy is sure of itself wherever a move would lose.
    """
    search = Search(SearchConfig(simulations=deep), NetworkEvaluator(model))
    played, best = play(model, rules, games, rng), None
    for ply, (_, running, batch) in enumerate(replay_played(played, rules, 0)):
        if not _PLIES[0] <= ply < _PLIES[1] or len(running) == 0:
            continue
        here = batch.take(running)
        chance = distribution(log_policy_of(model, here), here.legal_actions())
        good, rows = search.run(here, rng).best, np.arange(len(running))
        rest = chance.copy()
        rest[rows, good] = 0
        other = rest.argmax(axis=1)
        pair = np.stack([chance[rows, good], chance[rows, other]], axis=1)
        least = pair.min(axis=1)
        more = np.flatnonzero(least > (0 if best is None else best.chance.min()))
        if len(more) == 0:
            continue
        both = [_worth(search, here.take(more), actions[more], rng) for actions in (good, other)]
        lost = np.zeros(len(running))
        lost[more] = both[0] - both[1]
        at = int(np.where(lost > 0.5, least, -1).argmax())
        if lost[at] > 0.5:
            spot = here.take(np.array([at]))
            best = BoardSpot(spot, int(good[at]), int(other[at]), pair[at], float(lost[at]))
    if best is None:
        raise LookupError(f"no position of {games} games has a blunder that the policy considers")
    return best


def _worth(
    search: Search, batch: GoBatch, actions: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """What an action in each game is worth to its player, by a search of what comes after it."""
    after = batch.clone()
    after.step(actions)
    mover = batch.to_play
    ended = after.done
    value = -search.run(after, rng).value if not ended.all() else np.zeros(len(after))
    return np.where(ended, mover * after.outcome(), value)


def board_block(
    model: Model,
    spot: BoardSpot,
    rules: Rules,
    games: int,
    simulations: int,
    rng: np.random.Generator,
) -> tuple[dict[str, np.ndarray], float]:
    """Lifts of games from s*, by method, and their mean length; see `good_move_games`.

    Half of the games begin with the good move; values are those of the network.
    """
    first = np.where(rng.random(games) < 0.5, spot.good, spot.other)
    start = spot.batch.take(np.zeros(games, np.int64))
    played = play(model, rules, games, rng, start=start, first=first)
    weights = rung_weights(
        played.table(played.colour), played.outcome, played.table(values_of(model, played)),
        played.length, float(played.outcome.mean()),
    )  # fmt: skip
    found = {kind: table[:, 0] * ((first == spot.good) - 0.5) for kind, table in weights.items()}
    settings = SearchConfig(
        simulations=simulations, root="gumbel", interior="gumbel", gumbel_scale=0.0, considered=16,
        value_scale=0.6,
    )  # fmt: skip
    target = Search(settings, NetworkEvaluator(model)).run(spot.batch, rng).policy[0]
    # The search's prior was the policy; here it is a half for each of the two.
    ratio = target[[spot.good, spot.other]] / spot.chance
    # Nothing in it is random: every visit teaches the same.
    found["search network"] = np.full(2, ratio[0] / ratio.sum() - 0.5)
    return found, float(played.length.mean())
