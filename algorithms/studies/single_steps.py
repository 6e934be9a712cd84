"""Single steps of a small network along the gradients of samples, at every length of a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from algorithms.model import Model, masked_log_policy, observe
from algorithms.networks import NetworkConfig
from algorithms.studies.known_moves import KnownMoves

NETWORK_STEPS = np.append(0, 2.0 ** np.arange(-18, 3))
"""Lengths of a step along a gradient; 0: none at all."""

_HOPELESS = -1.0  # bits: steps longer than one that costs so much are not tried


class PolicyLearner(ABC):
    """A policy, its gradients, and what steps do to it.

    Args:
        parameters: that `log_policy` depends on.
    """

    def __init__(self, parameters: Sequence[Tensor]):
        self._parameters = list(parameters)

    @abstractmethod
    def log_policy(self, planes: Tensor) -> Tensor:
        """Log-probabilities [P, A] over the legal actions, with gradients."""

    def policy(self, planes: Tensor) -> np.ndarray:
        """Probabilities, float64 [P, A]."""
        with torch.no_grad():
            found = self.log_policy(planes).exp().double().numpy()
        return found / found.sum(axis=1, keepdims=True)

    def gradient(self, planes: Tensor, weights: np.ndarray) -> Tensor:
        """Of the sum over positions and actions of weight times log-probability, float64 [D].

        Args:
            planes: [P, C, N, N]; positions without weights are passed over.
            weights: [P, A].
        """
        used = torch.from_numpy(weights.any(axis=1))
        if not used.any():
            return torch.zeros(sum(p.numel() for p in self._parameters), dtype=torch.float64)
        log_policy = self.log_policy(planes[used])
        scalar = (torch.from_numpy(weights).float()[used] * log_policy).sum()
        found = torch.autograd.grad(scalar, self._parameters, allow_unused=True)
        whole = [
            (torch.zeros_like(p) if g is None else g).flatten()
            for p, g in zip(self._parameters, found, strict=True)
        ]
        return torch.cat(whole).double()

    def falls(self, planes: Tensor, right: Tensor, direction: Tensor) -> np.ndarray:
        """By how many bits the mean surprise falls for each length of a step, float64 [steps].

        Afterwards the policy is as it was. Steps that are longer than one which costs more than a
        bit are not tried: they count as a thousand bits lost.
        """
        kept = [p.detach().clone() for p in self._parameters]
        moves = direction.split([p.numel() for p in kept])
        found = np.full(len(NETWORK_STEPS), -1e3)
        with torch.no_grad():
            before = self._log_right(planes, right)
            for number, step in enumerate(NETWORK_STEPS):
                for p, start, move in zip(self._parameters, kept, moves, strict=True):
                    p.copy_(start + (step * move).view(start.shape))
                rise = self._log_right(planes, right) - before
                fall = float(rise.mean()) / np.log(2)
                if not fall > _HOPELESS:  # nan too
                    break
                found[number] = fall
            for p, start in zip(self._parameters, kept, strict=True):
                p.copy_(start)
        return found

    def _log_right(self, planes: Tensor, right: Tensor) -> Tensor:
        return self.log_policy(planes).gather(1, right[:, None]).double()


class SmallNetwork(PolicyLearner):
    """A small policy network on 3x3.

    Args:
        seed: of its weights.
    """

    def __init__(self, seed: int):
        network = NetworkConfig(blocks=2, channels=16, head_channels=8, auxiliary=False)
        self.model = Model(network, seed, torch.device("cpu"))
        super().__init__([p for p in self.model.network.parameters() if p.requires_grad])

    def log_policy(self, planes: Tensor) -> Tensor:
        """See `PolicyLearner`."""
        return masked_log_policy(self.model.network(planes).policy, planes)

    def train(self, planes: Tensor, right: Tensor, steps: int, rng: np.random.Generator) -> None:
        """So many steps of Adam on labels."""
        optimiser = torch.optim.Adam(self.model.network.parameters(), lr=3e-3)
        for _ in range(steps):
            chosen = torch.from_numpy(rng.integers(len(right), size=256))
            loss = torch.nn.functional.nll_loss(self.log_policy(planes[chosen]), right[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        self.model.updated()


class HeldBack:
    """Positions that no step learns from: by how much their surprise falls.

    What is linear in the step is the product of two gradients, and its mean over samples is that
    of their mean gradient, exactly. It is also what scatters most from sample to sample. So only
    the rest, `bend`, is left to single samples.

    Args:
        learner: whose surprise it is.
        planes, right: the positions.
        few: for how many of them the rest is measured.
    """

    def __init__(self, learner: PolicyLearner, planes: Tensor, right: Tensor, few: int):
        self._learner = learner
        self._planes, self._right = planes[:few], right[:few]
        self._slope = self._of(planes, right)
        self._slope_of_few = self._of(self._planes, self._right)

    def _of(self, planes: Tensor, right: Tensor) -> Tensor:
        mean = torch.nn.functional.one_hot(right, self._learner.policy(planes[:1]).shape[1])
        return self._learner.gradient(planes, mean.numpy() / len(right)) / np.log(2)

    def slope(self, direction: Tensor) -> float:
        """Bits for each unit of length, of a short step."""
        return float(self._slope @ direction)

    def bend(self, direction: Tensor) -> np.ndarray:
        """Bits [steps] beyond those of a short step, less where it loses."""
        falls = self._learner.falls(self._planes, self._right, direction)
        return falls - NETWORK_STEPS * float(self._slope_of_few @ direction)


def tensors_of(known: KnownMoves) -> tuple[Tensor, Tensor]:
    """Planes [P, C, N, N] and right moves [P]."""
    planes = observe(known.batch, np.arange(len(known.right)))
    return torch.from_numpy(planes), torch.from_numpy(known.right)
