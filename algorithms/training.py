"""Training a network on positions with targets: the losses, and steps shared out among threads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from algorithms.budget import Ledger, charging
from algorithms.frozen import Frozen
from algorithms.learner import Optimiser, OptimiserConfig
from algorithms.model import Model, masked_log_policy
from algorithms.replay import Samples


class LossConfig(Frozen):
    """What a network is trained to say, and how much each part weighs."""

    hard_targets: bool = Field(
        False, description="train the policy on the likeliest action of the target alone"
    )
    value_weight: float = Field(1.0, ge=0, description="weight of the value loss")
    search_value: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the search's value in the target of the value; the outcome is the "
        "rest",
    )
    ownership_weight: float = Field(0.15, ge=0, description="weight of the loss of ownership")
    score_weight: float = Field(0.05, ge=0, description="weight of the loss of the score")


def losses(model: Model, samples: Samples, config: LossConfig) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, a mean over its positions, and its parts by name.

    A policy target of zeros, or a score that is nan (then the ownership is not known either),
    leaves its position out of that part.
    """
    planes = torch.from_numpy(samples.planes)
    out = model.forward(planes, samples.padded)
    device = out.policy.device
    policy = torch.from_numpy(samples.policy).to(device)
    aimed = policy.sum(dim=1) > 0
    if config.hard_targets:
        likeliest = F.one_hot(policy.argmax(dim=1), policy.shape[1])
        policy = likeliest.float() * aimed[:, None]
    log_policy = masked_log_policy(out.policy, planes)
    targets = aimed.sum().clamp_min(1)
    searched = np.where(np.isnan(samples.value), samples.outcome, samples.value)
    mixed = (1 - config.search_value) * samples.outcome + config.search_value * searched
    value = torch.from_numpy(mixed.astype(np.float32)).to(device)
    parts = {
        "policy_loss": -(policy * log_policy).sum() / targets,
        # Cross-entropy of the win probability; a draw is half a win.
        "value_loss": F.binary_cross_entropy_with_logits(out.value, (1 + value) / 2),
    }
    weights = {"policy_loss": 1.0, "value_loss": config.value_weight}
    if out.ownership is not None and out.score is not None:
        known = torch.from_numpy(~np.isnan(samples.score)).float().to(device)
        on_board = torch.from_numpy(samples.planes[:, :3].sum(axis=1)).to(device)
        sides = on_board.sum(dim=(1, 2)).sqrt()
        owner = torch.from_numpy((1 + samples.ownership) / 2).to(device)
        wrong = F.binary_cross_entropy_with_logits(out.ownership, owner, reduction="none")
        each = (wrong * on_board).sum(dim=(1, 2)) / sides**2
        parts["ownership_loss"] = (each * known).sum() / known.sum().clamp_min(1)
        score = torch.from_numpy(np.nan_to_num(samples.score)).to(device) / sides
        missed = F.huber_loss(out.score, score, reduction="none")
        parts["score_loss"] = (missed * known).sum() / known.sum().clamp_min(1)
        weights |= {"ownership_loss": config.ownership_weight, "score_loss": config.score_weight}
    loss = torch.zeros((), device=device)
    for name, part in parts.items():
        loss = loss + weights[name] * part
    entropy = -(policy * torch.log(policy.clamp_min(1e-9))).sum() / targets
    metrics = {name: part.item() for name, part in parts.items()}
    return loss, {**metrics, "target_entropy": entropy.item()}


class Trainer:
    """Takes steps of training, each on a batch that threads share out among themselves.

    Each thread works out the gradient of its part; they are added in a fixed order, so the result
    depends on the number of parts, but not on which thread is the faster.

    Args:
        model: to train.
        optimiser: settings of the optimiser.
        loss: what to train it to.
        threads: on which the parts are worked out.
        workers: number of parts, unless an update says otherwise.
    """

    def __init__(
        self,
        model: Model,
        optimiser: OptimiserConfig,
        loss: LossConfig,
        threads: ThreadPoolExecutor | None = None,
        workers: int = 1,
    ):
        self.optimiser = Optimiser(model, optimiser)
        self._model, self._loss = model, loss
        self._threads = worker_threads(workers) if threads is None else threads
        self._workers = workers

    def update(
        self,
        draw: Callable[[int, np.random.Generator], Samples],
        batch_size: int,
        rng: np.random.Generator,
        ledger: Ledger,
        parts: int | None = None,
    ) -> dict[str, float]:
        """One gradient step; returns metrics.

        Args:
            draw: gives as many samples as it is asked for; called from several threads.
            batch_size: samples in all.
            rng: from which each part is seeded.
            ledger: charged.
            parts: in how many the batch is cut; None: as many as there are workers.
        """
        parts = self._workers if parts is None else parts
        parameters = list(self._model.network.parameters())
        seeds = rng.integers(2**63, size=parts).tolist()

        def gradients(size: int, seed: int) -> tuple[Ledger, tuple[Tensor, ...], dict[str, float]]:
            own, share = Ledger(), size / batch_size
            samples = draw(size, np.random.default_rng(seed))
            with charging(own):
                loss, metrics = losses(self._model, samples, self._loss)
            # Not loss.backward(): that would add into gradients that other threads add into.
            found = torch.autograd.grad(share * loss, parameters, allow_unused=True)
            return own, found, {name: share * value for name, value in metrics.items()}

        means: dict[str, float] = {}
        worked_out = self._threads.map(gradients, shares(batch_size, parts), seeds)
        for own, found, metrics in worked_out:
            ledger.add(own)
            for parameter, gradient in zip(parameters, found, strict=True):
                if gradient is not None:
                    whole = parameter.grad
                    parameter.grad = gradient if whole is None else whole + gradient
            for name, value in metrics.items():
                means[name] = means.get(name, 0.0) + value
        progress = ledger.progress()
        means["gradient_norm"] = self.optimiser.update(progress)
        means["learning_rate"] = self.optimiser.rate(progress)
        return means


def worker_threads(workers: int) -> ThreadPoolExecutor:
    """Threads for work that several are to share, whose operators start no threads of their own."""
    if workers > 1:
        # Operators are short on small boards: a thread that is back from one shall not wait 5 ms,
        # Python's usual interval, for another to let go of the interpreter (8 % on 5x5).
        sys.setswitchinterval(5e-4)
    return ThreadPoolExecutor(workers, "worker", lambda: torch.set_num_threads(1))


def check_workers(workers: int, counts: Mapping[str, int]) -> None:
    """See that there is something for each worker.

    Args:
        workers: how many.
        counts: what is shared out among them, by the names of settings.

    Raises:
        ValueError: there is less than one for each.
    """
    for name, count in counts.items():
        if count < workers:
            raise ValueError(f"workers must not be more than {name}, {count}; got {workers}")


def shares(total: int, workers: int) -> list[int]:
    """The total in as many parts as there are workers, as equal as can be."""
    return [total * (part + 1) // workers - total * part // workers for part in range(workers)]


def mean_metrics(records: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric over all records that have it, and how many records there are."""
    totals: dict[str, list[float]] = {}
    for record in records:
        for name, value in record.items():
            totals.setdefault(name, []).append(value)
    means = {name: float(np.mean(values)) for name, values in totals.items()}
    return {"updates": float(len(records)), **means}
