"""Single steps of a small network along the gradients of samples, at every length of a step."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from algorithms.model import Model, masked_log_policy, observe
from algorithms.networks import NetworkConfig
from algorithms.studies.known_moves import KnownMoves

NETWORK_STEPS = np.append(0, 2.0 ** np.arange(-14, 6))
"""Lengths of a step, in units of the gradient of a right answer; 0: none at all."""


class SmallNetwork:
    """A small policy network on 3x3, and what single steps of every length do to it.

    Args:
        seed: of its weights.
    """

    def __init__(self, seed: int):
        network = NetworkConfig(blocks=2, channels=16, head_channels=8, auxiliary=False)
        self.model = Model(network, seed, torch.device("cpu"))

    def log_policy(self, planes: Tensor) -> Tensor:
        """Log-probabilities [P, A] over the legal actions, with gradients."""
        return masked_log_policy(self.model.network(planes).policy, planes)

    def train(self, planes: Tensor, right: Tensor, steps: int, rng: np.random.Generator) -> None:
        """So many steps of Adam on labels of other positions."""
        optimiser = torch.optim.Adam(self.model.network.parameters(), lr=3e-3)
        for _ in range(steps):
            chosen = torch.from_numpy(rng.integers(len(right), size=256))
            loss = torch.nn.functional.nll_loss(self.log_policy(planes[chosen]), right[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        self.model.updated()

    def falls(self, planes: Tensor, right: Tensor, weights: np.ndarray) -> np.ndarray:
        """By how many bits the mean surprise falls for each length of a step, float64 [steps].

        The step goes along the gradient of the sum over positions and actions of weight times
        log-probability; afterwards the network is as it was.
        """
        parameters = [p for p in self.model.network.parameters() if p.requires_grad]
        log_policy = self.log_policy(planes)
        before = log_policy.gather(1, right[:, None]).mean().item()
        scalar = (torch.from_numpy(weights).float() * log_policy).sum()
        gradients = torch.autograd.grad(scalar, parameters, allow_unused=True)
        kept = [p.detach().clone() for p in parameters]
        found = []
        with torch.no_grad():
            for step in NETWORK_STEPS:
                for p, start, gradient in zip(parameters, kept, gradients, strict=True):
                    p.copy_(start if gradient is None else start + step * gradient)
                after = self.log_policy(planes).gather(1, right[:, None]).mean().item()
                found.append((after - before) / np.log(2))
            for p, start in zip(parameters, kept, strict=True):
                p.copy_(start)
        return np.nan_to_num(np.array(found), nan=-1e3, neginf=-1e3)


def tensors_of(known: KnownMoves) -> tuple[Tensor, Tensor]:
    """Planes [P, C, N, N] and right moves [P]."""
    planes = observe(known.batch, np.arange(len(known.right)))
    return torch.from_numpy(planes), torch.from_numpy(known.right)


def draw_answers(
    policy: np.ndarray, right: np.ndarray, answer: int, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Answers of several moves each, drawn from a policy in positions that are drawn at random.

    Args:
        policy: [P, A].
        right: int [P].
        answer: positions of an answer; it is right if all its moves are.
        count: answers.
        rng: of the draws.

    Returns:
        How often each position and action were part of a right answer, and of any, float64 [P, A].
    """
    hits, draws = np.zeros((2, policy.size))
    up_to = np.cumsum(policy, axis=1)
    for first in range(0, count, 50_000):
        size = (min(50_000, count - first), answer)
        at = rng.integers(len(right), size=size)
        chosen = (up_to[at] <= rng.random(size)[..., None] * up_to[at][..., -1:]).sum(axis=-1)
        flat = at * policy.shape[1] + chosen
        passed = (chosen == right[at]).all(axis=1)
        draws += np.bincount(flat.ravel(), minlength=policy.size)
        hits += np.bincount(flat[passed].ravel(), minlength=policy.size)
    return hits.reshape(policy.shape), draws.reshape(policy.shape)
