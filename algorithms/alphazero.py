"""AlphaZero (Silver et al. 2017, 2018): distil a search into the network that guides it.

Every move of every self-play game is searched. The network's policy is trained on what the search
made of it, its value on the outcome of the game, for won and lost games alike. There is no
temporal difference and no return to assign: each visited position gets a better label for its
move, whoever won.

The loop is synchronous: play `rounds_per_step` rounds of simulations in all games, train on a
sample of the replay buffer so that each position is used `reuse` times on average, repeat. Both
are done by `workers` threads, games and batches cut into as many equal parts; what comes of it
depends on the number of workers, but not on how fast each of them is.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional as F

from algorithms.budget import Ledger
from algorithms.learner import LearnerConfig, Optimiser, Starts, rng_state
from algorithms.model import Model, NetworkEvaluator, masked_log_policy
from algorithms.players import PlayConfig, network_agent
from algorithms.replay import ReplayBuffer, Samples
from algorithms.search import SearchConfig
from algorithms.self_play import Episode, SelfPlay, SelfPlayConfig
from baselines.agent import Agent
from goenv import Rules


class AlphaZeroConfig(LearnerConfig):
    """Settings of `AlphaZero`."""

    algorithm: Literal["alphazero"] = "alphazero"
    search: SearchConfig = SearchConfig(simulations=32, noise_fraction=0.25)
    self_play: SelfPlayConfig = SelfPlayConfig()
    play: PlayConfig = PlayConfig(simulations=64)
    workers: int = Field(1, ge=1, le=256, description="threads that play and train side by side")
    rounds_per_step: int = Field(
        128, ge=1, description="simulations in each game between trainings"
    )
    replay_capacity: int = Field(40_000, ge=1, description="positions kept")
    replay_minimum: int = Field(2_000, ge=1, description="positions before training begins")
    reuse: float = Field(4.0, gt=0, description="times a position is trained on, on average")
    batch_size: int = Field(512, ge=1)
    symmetries: bool = Field(True, description="turn positions by the symmetries of the board")
    hard_targets: bool = Field(
        False, description="train the policy on the likeliest action of the target alone"
    )
    value_weight: float = Field(1.0, ge=0, description="weight of the value loss")
    ownership_weight: float = Field(0.15, ge=0, description="weight of the loss of ownership")
    score_weight: float = Field(0.05, ge=0, description="weight of the loss of the score")
    averaging: float = Field(
        0.0, ge=0, lt=1, description="players have an average of the weights; share kept an update"
    )

    @model_validator(mode="after")
    def _work_for_all(self) -> AlphaZeroConfig:
        for name, count in (
            ("self_play.games", self.self_play.games),
            ("batch_size", self.batch_size),
        ):
            if count < self.workers:
                raise ValueError(
                    f"workers must not be more than {name}, {count}; got {self.workers}"
                )
        return self


class AlphaZero:
    """The learner.

    Args:
        config: settings.
        rules: of the training games; `max_moves` must be set.
        seed: of weights, games and samples.
    """

    def __init__(self, config: AlphaZeroConfig, rules: Rules, seed: int):
        assert rules.max_moves is not None, "the run's configuration sees to this"
        self.config = config
        self.model = Model(config.network, seed, averaging=config.averaging)
        self._optimiser = Optimiser(self.model, config.optimiser)
        self._rng = np.random.default_rng([seed, 0x5EED])
        starts = Starts(config.start, rules)
        evaluator = NetworkEvaluator(self.model)
        self._workers = [
            SelfPlay(
                config.self_play, config.search, evaluator, starts, games, rules.max_moves,
                [seed, 0x6A3E, worker],
            )
            for worker, games in enumerate(_shares(config.self_play.games, config.workers))
        ]  # fmt: skip
        self._threads = ThreadPoolExecutor(config.workers, "alphazero", _one_thread_each)
        self._replay = ReplayBuffer(config.replay_capacity, rules.size)
        self._owed_samples = 0.0
        self._concede_below = config.self_play.concede_below
        # The lowest values of sides that did not lose, of the last games that were played out.
        self._lowest = np.zeros(0, np.float32)

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Play `rounds_per_step` rounds in every game, then train as many samples as are owed."""
        episodes = self._play(ledger)
        metrics = {"games": float(len(episodes)), "replay": float(len(self._replay))}
        metrics |= self._learn_from(episodes)
        if len(self._replay) >= min(self.config.replay_minimum, self.config.replay_capacity):
            metrics |= self._train(ledger)
        return metrics

    # ---- collecting -------------------------------------------------------------------------

    def _play(self, ledger: Ledger) -> list[Episode]:
        """Let all workers play, each charging a ledger of its own."""
        self.model.refresh()
        progress = ledger.progress()

        def play(worker: SelfPlay) -> tuple[Ledger, list[Episode]]:
            own = Ledger()
            with self.model.charging(own):
                rounds = self.config.rounds_per_step
                return own, worker.run(rounds, own, progress, self._concede_below)

        episodes: list[Episode] = []
        for own, ended in self._threads.map(play, self._workers):
            ledger.add(own)
            episodes += ended
        return episodes

    def _learn_from(self, episodes: list[Episode]) -> dict[str, float]:
        """Put finished games into the buffer; metrics of them."""
        if not episodes:
            return {}
        for episode in episodes:
            self._replay.add(episode.positions)
            self._owed_samples += self.config.reuse * len(episode.positions)
        metrics = {
            name: float(np.mean([getattr(episode, name) for episode in episodes]))
            for name in ("length", "black_wins", "black_score", "conceded")
        }
        lowest = [episode.lowest for episode in episodes if not np.isnan(episode.lowest)]
        self._lowest = np.concatenate([self._lowest, np.array(lowest, np.float32)])[-1000:]
        if len(self._lowest):
            # Of the games played out, those that a side would have conceded without losing them.
            false = float(np.mean(self._lowest < -self._concede_below))
            metrics["false_concessions"] = false
        wanted = self.config.self_play.false_concessions
        if wanted is not None and len(self._lowest) >= 100:
            # Nobody who is ahead concedes, however sure of themselves winners were.
            self._concede_below = max(0.0, float(-np.quantile(self._lowest, wanted)))
            metrics["concede_below"] = self._concede_below
        return metrics

    # ---- learning ---------------------------------------------------------------------------

    def _train(self, ledger: Ledger) -> dict[str, float]:
        totals: dict[str, float] = {}
        updates = 0
        while self._owed_samples >= self.config.batch_size:
            self._owed_samples -= self.config.batch_size
            updates += 1
            for name, value in self._update(ledger).items():
                totals[name] = totals.get(name, 0.0) + value
        means = {name: value / updates for name, value in totals.items()}
        return {"updates": float(updates), **means}

    def _update(self, ledger: Ledger) -> dict[str, float]:
        """One gradient step on a sample of the replay buffer, a part of it by each worker."""
        config, parameters = self.config, list(self.model.network.parameters())
        sizes = _shares(config.batch_size, config.workers)
        seeds = self._rng.integers(2**63, size=config.workers)

        def gradients(size: int, seed: int) -> tuple[Ledger, tuple[Tensor, ...], dict[str, float]]:
            own = Ledger()
            samples = self._replay.sample(size, np.random.default_rng(seed), config.symmetries)
            with self.model.charging(own):
                loss, metrics = losses(self.model, samples, config)
            share = size / config.batch_size
            # Not loss.backward(): that would add into gradients that other threads add into.
            found = torch.autograd.grad(share * loss, parameters, allow_unused=True)
            return own, found, {name: share * value for name, value in metrics.items()}

        means: dict[str, float] = {}
        for parameter in parameters:
            parameter.grad = None
        jobs = zip(sizes, seeds.tolist(), strict=True)
        for own, found, metrics in self._threads.map(lambda job: gradients(*job), jobs):
            ledger.add(own)
            for parameter, gradient in zip(parameters, found, strict=True):
                if gradient is None:
                    continue
                parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
            for name, value in metrics.items():
                means[name] = means.get(name, 0.0) + value
        progress = ledger.progress()
        norm = self._optimiser.update(progress)
        return {**means, "gradient_norm": norm, "learning_rate": self._optimiser.rate(progress)}

    def agent(self) -> Agent:
        """The network guiding a search, as `config.play` says."""
        return network_agent(self.model, self.config.play, "alphazero")

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "trained": self.model.trained_weights(),
            "optimiser": self._optimiser.state_dict(),
            "rng": rng_state(self._rng),
            "workers": {str(i): worker.state_dict() for i, worker in enumerate(self._workers)},
            "replay": self._replay.state_dict(),
            "owed_samples": self._owed_samples,
            "concede_below": self._concede_below,
            "lowest": self._lowest,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        weights = {name: torch.as_tensor(value) for name, value in saved["trained"].items()}
        self.model.load_trained_weights(weights)
        self._optimiser.load_state_dict(saved["optimiser"])
        self._rng.bit_generator.state = saved["rng"]
        for index, worker in enumerate(self._workers):
            worker.load_state_dict(saved["workers"][str(index)])
        self._replay.load_state_dict(saved["replay"])
        self._owed_samples = float(saved["owed_samples"])
        self._concede_below = float(saved["concede_below"])
        self._lowest = saved["lowest"]


def losses(
    model: Model, samples: Samples, config: AlphaZeroConfig
) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, a mean over its positions, and its parts by name."""
    planes, policy = torch.from_numpy(samples.planes), torch.from_numpy(samples.policy)
    out = model.forward(planes, samples.padded)
    device = out.policy.device
    policy, outcome = policy.to(device), torch.from_numpy(samples.outcome).to(device)
    if config.hard_targets:
        policy = F.one_hot(policy.argmax(dim=1), policy.shape[1]).float()
    log_policy = masked_log_policy(out.policy, planes)
    parts = {
        "policy_loss": -(policy * log_policy).sum(dim=1).mean(),
        # Cross-entropy of the win probability; a draw is half a win.
        "value_loss": F.binary_cross_entropy_with_logits(out.value, (1 + outcome) / 2),
    }
    weights = {"policy_loss": 1.0, "value_loss": config.value_weight}
    if out.ownership is not None and out.score is not None:
        on_board = torch.from_numpy(samples.planes[:, :3].sum(axis=1)).to(device)
        owner = torch.from_numpy((1 + samples.ownership) / 2).to(device)
        wrong = F.binary_cross_entropy_with_logits(out.ownership, owner, reduction="none")
        parts["ownership_loss"] = (wrong * on_board).sum() / on_board.sum()
        sides = on_board.sum(dim=(1, 2)).sqrt()
        score = torch.from_numpy(samples.score).to(device) / sides
        parts["score_loss"] = F.huber_loss(out.score, score)
        weights |= {"ownership_loss": config.ownership_weight, "score_loss": config.score_weight}
    loss = sum(
        (weights[name] * part for name, part in parts.items()), torch.zeros((), device=device)
    )
    entropy = -(policy * torch.log(policy.clamp_min(1e-9))).sum(dim=1).mean()
    metrics = {name: part.item() for name, part in parts.items()}
    return loss, {**metrics, "target_entropy": entropy.item()}


def _shares(total: int, workers: int) -> list[int]:
    """The total in as many parts as there are workers, as equal as can be."""
    return [total * (part + 1) // workers - total * part // workers for part in range(workers)]


def _one_thread_each() -> None:
    """Called in each thread of a pool: its operators are not to start threads of their own."""
    torch.set_num_threads(1)
