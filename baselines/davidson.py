"""The model behind the ratings: Bradley-Terry with an advantage of Black, and with draws.

In a game of Black b and White w let x = s_b - s_w + c, of the strengths s and the colour advantage
c, in natural logarithms. Then win, loss and draw have odds of exp(x / 2) to exp(-x / 2) to nu: of
the games with a winner Black wins 1 / (1 + exp(-x)), and the nearer the players, the likelier is a
draw (Davidson 1970, "On extending the Bradley-Terry model to accommodate ties"; the advantage of
the first player after Davidson and Beaver 1977). The likelihood is log-concave. What counts of the
results are each player's points, Black's points and the number of draws.

The parameters of P players are one vector: the strengths, c, and log nu if any game was drawn;
[P + 1] or [P + 2]. Without draws nu is 0, and the model that of Bradley and Terry 1952. Games tell
only differences of strengths. Something else must give them a zero: the first player stands there
(`Posterior`), or it is the middle of a pool around which they scatter (`PoolPosterior`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from baselines.results import Counts, Floats

SCALES = np.array([300.0, 600.0, 1200.0]) * np.log(10) / 400
"""How widely the strengths of a pool may scatter, nats (here from 300 to 1200 Elo)."""

_FREEDOM = 2.0
_MAXIMUM_STEPS = 500


def chances(gap: Floats, log_nu: Floats | float) -> tuple[Floats, Floats, Floats]:
    """Black's expected score, the chance of a draw, and the logarithm of the sum of the odds.

    Args:
        gap: float [...], x of the model, nats.
        log_nu: of a shape that fits; -inf without draws.
    """
    half = gap / 2
    if np.ndim(log_nu) == 0 and log_nu == -np.inf:  # the same in fewer steps
        size = np.abs(half)
        odds = np.exp(-2 * size)
        mean = 0.5 + np.copysign(0.5 - odds / (1 + odds), half)
        return mean, np.zeros_like(half), size + np.log1p(odds)
    top = np.maximum(np.abs(half), log_nu)
    win, loss, draw = np.exp(half - top), np.exp(-half - top), np.exp(log_nu - top)
    total = win + loss + draw
    return (win + draw / 2) / total, draw / total, top + np.log(total)


def with_equals(counts: Counts) -> Counts:
    """The games, and a few more as the prior of colour advantage and draws.

    A player meets himself, so to speak: of two equals each won four games with Black and, if any
    game was drawn, they drew one. Before any game, then, the advantage of either colour is below
    250 Elo with a probability of 0.95, and the draws of equals are 0.3 to 37 %.
    """
    drawn = float(counts.drawn)

    def add(values: Floats, value: float) -> Floats:
        return np.concatenate([values, np.full((*values.shape[:-1], 1), value)], axis=-1)

    return replace(
        counts,
        black=np.append(counts.black, 0),
        white=np.append(counts.white, 0),
        games=add(counts.games, 8 + drawn),
        score=add(counts.score, 4 + drawn / 2),
        draws=add(counts.draws, drawn),
    )


class Posterior:
    """The posterior density of the parameters, where all that is known are games.

    The first player's strength is 0 and not among the parameters, of which there are thus K = P or
    P + 1.

    Args:
        counts: all games, the virtual ones of the prior included.
    """

    first = 1  # the first player whose strength is a parameter

    def __init__(self, counts: Counts):
        self.counts = counts
        every = np.eye(len(counts.names))
        design = (every[counts.black] - every[counts.white])[:, self.first :]
        self.design = np.column_stack([design, np.ones(len(design))])  # [R, K without log nu]
        self.strengths = design.shape[1]
        self.size = self.strengths + 1 + counts.drawn

    def gap(self, parameters: Floats) -> Floats:
        """x of the model for each kind of game, [..., R]."""
        return parameters[..., : self.strengths + 1] @ self.design.T

    def expect(
        self, parameters: Floats, gap: Floats | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """What `chances` says of each kind of game, [..., R] each; `gap` if it is known."""
        log_nu = parameters[..., self.strengths + 1 :] if self.counts.drawn else -np.inf
        return chances(self.gap(parameters) if gap is None else gap, log_nu)

    def density(self, parameters: Floats) -> tuple[Floats, Floats]:
        """Logarithm of the density, [...], and its gradient, [..., K]."""
        counts, linear, gap = self.counts, self.strengths + 1, self.gap(parameters)
        mean, draw, log_total = self.expect(parameters, gap)
        value = ((counts.score - counts.games / 2) * gap - counts.games * log_total).sum(-1)
        gradient = np.empty((*value.shape, self.size))
        gradient[..., :linear] = (counts.score - counts.games * mean) @ self.design
        if counts.drawn:
            value = value + counts.draws.sum(-1) * parameters[..., linear]
            gradient[..., linear] = (counts.draws - counts.games * draw).sum(-1)
        return value, gradient

    def information(self, parameters: Floats) -> Floats:
        """Minus the second derivatives, [..., K, K]."""
        counts, linear = self.counts, self.strengths + 1
        mean, draw, _ = self.expect(parameters)
        # Scores of 1, 1/2 and 0: the mean square is the chance of a win and a quarter of a draw's.
        variance = counts.games * (mean - draw / 4 - mean**2)
        matrix = np.empty((*variance.shape[:-1], self.size, self.size))
        # The design's weighted square, summed by players: a few numbers a kind, not K * K of them.
        every, strengths = np.arange(len(counts.names)), slice(self.first, None)
        weights = np.zeros((*variance.shape[:-1], len(every), len(every)))
        weights[..., counts.black, counts.white] = variance
        both = weights + weights.swapaxes(-1, -2)
        colour = (weights.sum(-1) - weights.sum(-2))[..., strengths]
        totals = both.sum(-1)
        np.negative(both, out=both)
        both[..., every, every] += totals
        matrix[..., : linear - 1, : linear - 1] = both[..., strengths, strengths]
        matrix[..., linear - 1, : linear - 1] = matrix[..., : linear - 1, linear - 1] = colour
        matrix[..., linear - 1, linear - 1] = variance.sum(-1)
        if counts.drawn:
            shared = (counts.games * draw * (0.5 - mean)) @ self.design
            matrix[..., linear, :linear] = matrix[..., :linear, linear] = shared
            matrix[..., linear, linear] = (counts.games * draw * (1 - draw)).sum(-1)
        return matrix

    def maximum(self, start: Floats) -> Floats:
        """Where the density is highest, [..., K], by Newton's method from `start`."""
        parameters = start
        for _ in range(_MAXIMUM_STEPS):
            _, gradient = self.density(parameters)
            step = np.linalg.solve(self.information(parameters), gradient[..., None])[..., 0]
            # The largest change of the logarithm of any odds bounds how fast the curvature can
            # change on the way; log(1 + size) / size of Newton's step then never overshoots, and
            # near the maximum it is the whole step (Sun and Tran-Dinh 2019, "Generalized
            # self-concordant functions").
            strengths, others = step[..., : self.strengths], step[..., self.strengths :]
            size = np.maximum(strengths.max(-1), 0) - np.minimum(strengths.min(-1), 0)
            size = np.maximum(size + np.abs(others).sum(-1), 1e-300)
            parameters = parameters + (np.log1p(size) / size)[..., None] * step
            if size.max() < 1e-5:  # Newton squares the error: what is left is about 1e-10
                return parameters
        raise RuntimeError(f"the ratings did not converge in {_MAXIMUM_STEPS} Newton steps")


class PoolPosterior(Posterior):
    """The same, where besides strengths are known to scatter around the middle of a pool.

    Each does by Student's t distribution with two degrees of freedom, so one that stands far off
    pulls little. Its scale is one of `SCALES`, each as likely; all K = P + 1 or P + 2 parameters
    are free.
    """

    first = 0

    def scatter(self, strengths: Floats) -> tuple[Floats, Floats]:
        """Logarithm of the density of strengths [..., P], and the pull at each, [..., P].

        The pull divided by the strength, with its sign changed, says how stiffly it is held.
        """
        players = strengths.shape[-1]
        scales = SCALES.reshape(-1, *[1] * strengths.ndim)
        squares = _FREEDOM * scales**2 + strengths**2  # [S, ..., P]
        each = players * _FREEDOM * np.log(scales[..., 0])
        each = each - (_FREEDOM + 1) / 2 * np.log(squares).sum(-1)
        top = each.max(0)
        likely = np.exp(each - top)
        total = likely.sum(0)
        hold = ((_FREEDOM + 1) * (likely / total)[..., None] / squares).sum(0)
        return np.log(total) + top, hold

    def density(self, parameters: Floats) -> tuple[Floats, Floats]:
        """See `Posterior.density`."""
        value, gradient = super().density(parameters)
        more, hold = self.scatter(parameters[..., : self.strengths])
        gradient[..., : self.strengths] -= hold * parameters[..., : self.strengths]
        return value + more, gradient

    def information(self, parameters: Floats) -> Floats:
        """As if the scatter were normal, as wide as it is there: positive definite everywhere."""
        matrix = super().information(parameters)
        _, hold = self.scatter(parameters[..., : self.strengths])
        every = np.arange(self.strengths)
        matrix[..., every, every] += hold
        return matrix
