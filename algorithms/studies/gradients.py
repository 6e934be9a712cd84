"""Gradients of games, and how large their mean and their variance are.

All is worked out from inner products of the sums over blocks of games: with independent blocks,
the inner product of two different sums has the square of the mean's length as its expectation, so
no bias from the noise comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from algorithms.model import Model
from algorithms.studies.games import PlayedGames, log_policy

Surrogates = Callable[[Tensor, np.ndarray], Mapping[str, Tensor]]
"""From the log-probabilities [n, A] of a game's positions, and the indices of its moves, to scalars
by kind of credit."""


@dataclass(frozen=True)
class GradientSums:
    """Sums over a block of games for each kind of gradient.

    Attributes:
        total: float32 [P], the sum of the games' gradients.
        squares: the sum of their squared lengths.
        games: how many.
    """

    total: Tensor
    squares: float
    games: int


def game_gradients(
    model: Model,
    played: PlayedGames,
    surrogates: Surrogates,
) -> dict[str, GradientSums]:
    """The gradient of every game for every kind of credit, summed over the games.

    Args:
        model: the network.
        played: games.
        surrogates: scalars of each game, whose gradients are meant.
    """
    parameters = [p for p in model.network.parameters() if p.requires_grad]
    count = sum(p.numel() for p in parameters)
    totals: dict[str, Tensor] = {}
    squares: dict[str, float] = {}
    games = len(played.length)
    for game in range(games):
        moves = played.moves_of(game)
        planes = torch.from_numpy(played.planes[moves])
        log_pi = log_policy(model, planes, torch.from_numpy(played.allowed[moves]))
        kinds = surrogates(log_pi, moves)
        for name, scalar in kinds.items():
            parts = torch.autograd.grad(scalar, parameters, retain_graph=True, allow_unused=True)
            gradient = torch.cat(
                [
                    (torch.zeros_like(p) if part is None else part).flatten()
                    for p, part in zip(parameters, parts, strict=True)
                ]
            )
            total = totals.setdefault(name, torch.zeros(count, device=gradient.device))
            total += gradient
            squares[name] = squares.get(name, 0.0) + float(gradient.double().square().sum())
    return {name: GradientSums(totals[name], squares[name], games) for name in totals}


def gram_rows(blocks: list[dict[str, GradientSums]]) -> list[dict]:
    """Inner products of all pairs of blocks, as rows: kind, i, j, inner, squares, games.

    `squares` is the sum of the squared lengths of block i's gradients, on rows with i = j.
    """
    rows = []
    for kind in blocks[0]:
        sums = torch.stack([block[kind].total for block in blocks]).double()
        inner = (sums @ sums.T).cpu().numpy()
        for i, block in enumerate(blocks):
            for j in range(i, len(blocks)):
                rows.append(
                    {
                        "kind": kind,
                        "i": i,
                        "j": j,
                        "inner": float(inner[i, j]),
                        "squares": block[kind].squares if i == j else 0.0,
                        "games": block[kind].games,
                    }
                )
    return rows


@dataclass(frozen=True)
class Moments:
    """What a kind of gradient is like.

    Attributes:
        signal: squared length of the mean gradient of a game, unbiased, so it may be negative.
        signal_of: float [blocks], jackknife pseudo-values of `signal`.
        variance_of: float [blocks], the trace of the covariance of one game's gradient, by block.
    """

    signal: float
    signal_of: np.ndarray
    variance_of: np.ndarray

    @property
    def variance(self) -> float:
        """The trace of the covariance of one game's gradient."""
        return float(self.variance_of.mean())


def moments(inner: np.ndarray, squares: np.ndarray, games: int) -> Moments:
    """Moments from the inner products [K, K] of K block sums of equally many games.

    Within a block the pairs of different games count too: their inner products sum up to the
    block sum's squared length less `squares`.
    """
    blocks = len(squares)

    def signal(kept: np.ndarray) -> float:
        # The sum over all pairs of different games, over the number of pairs.
        n = games * len(kept)
        return float((inner[np.ix_(kept, kept)].sum() - squares[kept].sum()) / (n * (n - 1)))

    every = np.arange(blocks)
    whole = signal(every)
    without = np.array([signal(np.delete(every, block)) for block in every]) if blocks > 1 else (
        np.array([whole])
    )  # fmt: skip
    pseudo = blocks * whole - (blocks - 1) * without
    return Moments(whole, pseudo, squares / games - whole)
