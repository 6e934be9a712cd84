"""Results of made-up players with known strengths, to hold ratings against the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from baselines.results import Floats, Results


def round_robin(
    rng: np.random.Generator,
    elo: Floats,
    openings: int,
    colour: float = 0.0,
    draws: float = 0.0,
    same: float = 0.0,
    ring: float = 0.0,
    names: Sequence[str] | None = None,
) -> Results:
    """All against all, each opening once with either colour.

    The chances are written out here once more, so that a fault of `baselines.davidson` shows.

    Args:
        rng: source of luck.
        elo: float [P], strengths.
        openings: of each pair, two games each.
        colour: advantage of Black, Elo.
        draws: chance of a draw between equals without colours, 0 to below 1.
        same: of so many openings both games are decided by the same luck, the one player's if it is
            above 0, Black's or White's if it is below. About the correlation of the two games.
        ring: Elo that each player has more against the next one, and the last against the first.
        names: of the players; by default their numbers.

    Returns:
        The results; each opening of each pair is a block.
    """
    elo = np.asarray(elo, np.float64)
    players = len(elo)
    first, second = (np.repeat(side, openings) for side in np.triu_indices(players, 1))
    ahead = (second - first) % players
    gap = elo[first] - elo[second] + ring * ((ahead == 1) * 1.0 - (ahead == players - 1))
    luck = rng.random(len(first))
    again = np.where(rng.random(len(first)) < abs(same), luck, rng.random(len(first)))
    if same < 0:
        again = 1 - again
    nu = 2 * draws / (1 - draws)
    scores = []
    for side, chance in ((colour, luck), (-colour, again)):  # the first player has Black, White
        win, loss = 10 ** ((gap + side) / 800), 10 ** (-(gap + side) / 800)
        place = chance * (win + nu + loss)
        scores.append(np.where(place < win, 1.0, np.where(place < win + nu, 0.5, 0.0)))
    return Results(
        names=tuple(names or map(str, range(players))),
        first=np.append(first, second),
        second=np.append(second, first),
        score=np.append(scores[0], 1 - scores[1]),
        block=np.tile(np.arange(len(first)), 2),
    )
