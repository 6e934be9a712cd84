"""Proximal policy optimisation (Schulman et al. 2017) of a network in games against a league.

The algorithm is `MaskablePPO` of sb3-contrib; here are its two ends: an environment over
`SeatGames`, whose games are stepped in one batch, and a policy made of our network, whose passes
are charged like those of every learner.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import Field, model_validator

from algorithms.budget import Ledger, charging
from algorithms.frozen import Frozen
from algorithms.learner import Optimiser, OptimiserConfig, rng_state
from algorithms.model import Model, observe
from algorithms.networks import NETWORK_PLANES
from algorithms.seat_games import SeatGames

if TYPE_CHECKING:
    from sb3_contrib import MaskablePPO

_FAR = -1e9  # logit of an illegal action; minus infinity times zero would poison the entropy


class PpoConfig(Frozen):
    """Settings of PPO."""

    games: int = Field(128, ge=1, description="games side by side")
    moves: int = Field(32, ge=2, description="own moves in each game between updates")
    epochs: int = Field(3, ge=1, description="times the moves of an update are trained on")
    batch_size: int = Field(512, ge=2)
    clip: float = Field(0.2, gt=0, description="by how much a probability may change, as a ratio")
    gae_lambda: float = Field(0.95, ge=0, le=1, description="of generalised advantage estimation")
    entropy_weight: float = Field(0.01, ge=0)
    value_weight: float = Field(0.5, ge=0)
    target_kl: float | None = Field(
        None, gt=0, description="an update ends early once the policy has changed so much"
    )

    @model_validator(mode="after")
    def _no_batch_of_one(self) -> PpoConfig:
        moves = self.games * self.moves
        if moves % self.batch_size == 1:
            raise ValueError(
                f"batch_size: after batches of {self.batch_size} one of the {self.games} * "
                f"{self.moves} moves of an update is left, and one advantage has no spread"
            )
        return self


class Ppo:
    """The algorithm at work on a model.

    Args:
        model: to train; its policy plays.
        optimiser: settings of the optimiser.
        config: settings of the algorithm.
        games: to play.
        seed: of moves and batches.
    """

    def __init__(
        self,
        model: Model,
        optimiser: OptimiserConfig,
        config: PpoConfig,
        games: SeatGames,
        seed: int | list[int],
    ):
        self._model, self._games = model, games
        self._optimiser = Optimiser(model, optimiser)
        self._rng = np.random.default_rng(seed)
        with _own_randomness(0):
            self._algorithm = _make_algorithm(model, self._optimiser, config, games)
        self._begun = False

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Play `moves` moves in every game and train on them."""
        algorithm, self._games.batch.ledger = self._algorithm, ledger
        with _own_randomness(int(self._rng.integers(2**32))), charging(ledger):
            if not self._begun:
                _, self._callback = algorithm._setup_learn(0, None)
                self._begun = True
            algorithm._current_progress_remaining = 1 - ledger.progress()
            env, buffer = algorithm.get_env(), algorithm.rollout_buffer
            assert env is not None, "it was made with one"
            algorithm.collect_rollouts(env, self._callback, buffer, algorithm.n_steps)
            algorithm.train()
        self._model.updated()
        logged = algorithm.logger.name_to_value
        metrics = {name: float(logged[f"train/{theirs}"]) for name, theirs in _METRICS.items()}
        metrics["policy_entropy"] *= -1  # theirs is a loss
        metrics |= self._games.metrics()
        for name, (rate, low, high) in self._games.win_rates().items():
            metrics |= {f"won/{name}": rate, f"won_low/{name}": low, f"won_high/{name}": high}
        return metrics

    def restart(self) -> None:
        """Forget what the optimiser has gathered; the model's weights have been exchanged."""
        self._optimiser.restart()

    def state_dict(self) -> dict[str, Any]:
        """All that going on needs besides the weights."""
        begins = self._algorithm._last_episode_starts if self._begun else None
        return {
            "optimiser": self._optimiser.state_dict(),
            "rng": rng_state(self._rng),
            "games": self._games.state_dict(),
            "begins": None if begins is None else np.asarray(begins),
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self._optimiser.load_state_dict(saved["optimiser"])
        self._rng.bit_generator.state = saved["rng"]
        self._games.load_state_dict(saved["games"])
        if saved["begins"] is not None:
            _, self._callback = self._algorithm._setup_learn(0, None)
            self._algorithm._last_episode_starts = saved["begins"]
            self._begun = True


# Our names of what the algorithm reports, and its own.
_METRICS = {
    "policy_loss": "policy_gradient_loss",
    "value_loss": "value_loss",
    "policy_entropy": "entropy_loss",
    "approximate_kl": "approx_kl",
    "clipped": "clip_fraction",
    "learning_rate": "learning_rate",
}


@contextlib.contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Within this context the generators that all the process shares begin at `seed`.

    stable-baselines3 draws from them; afterwards they are as they were.
    """
    before = np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(before)  # noqa: NPY002


def _make_algorithm(
    model: Model, optimiser: Optimiser, config: PpoConfig, games: SeatGames
) -> MaskablePPO:
    """`MaskablePPO` with our environment, our network and our optimiser."""
    # Only here: they bring pandas and more along, for which other learners need not wait.
    from gymnasium import spaces
    from sb3_contrib import MaskablePPO
    from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
    from stable_baselines3.common.logger import Logger
    from stable_baselines3.common.vec_env import VecEnv

    class SeatVecEnv(VecEnv):
        """The games as stable-baselines3 takes them."""

        def __init__(self) -> None:
            side, count = games.batch.max_size, len(games.batch)
            planes = spaces.Box(-np.inf, np.inf, (len(NETWORK_PLANES), side, side), np.float32)
            super().__init__(count, planes, spaces.Discrete(side * side + 1))
            self._everywhere = np.arange(count)
            self._infos: list[dict] = [{} for _ in range(count)]

        def reset(self) -> Any:
            games.begin()
            return observe(games.batch, self._everywhere)

        def step_async(self, actions: np.ndarray) -> None:
            self._actions = actions

        def step_wait(self) -> Any:
            steps = games.step(self._actions)
            return observe(games.batch, self._everywhere), steps.reward, steps.done, self._infos

        def env_method(
            self, method_name: str, *args: Any, indices: Any = None, **named: Any
        ) -> Any:
            if method_name != "action_masks":
                raise AttributeError(method_name)
            return games.batch.legal_actions()

        def has_attr(self, attr_name: str) -> bool:
            return attr_name == "action_masks"

        def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
            if attr_name == "render_mode":
                return [None] * self.num_envs
            raise AttributeError(attr_name)

        def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
            raise AttributeError(attr_name)

        def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
            return [False] * self.num_envs

        def close(self) -> None:
            """There is nothing to close."""

    class NetworkPolicy(MaskableActorCriticPolicy):
        """Our network; while playing its fast copy, which is charged as evaluations."""

        def _build(self, lr_schedule: Any) -> None:
            self.network = model.network
            self.optimizer = optimiser.adam

        def forward(self, obs: Any, deterministic: bool = False, action_masks: Any = None) -> Any:
            logits, values = self._evaluate(obs)
            chances = _chances(logits, torch.as_tensor(action_masks))
            actions = chances.sample()
            return actions, values, chances.log_prob(actions)

        def predict_values(self, obs: Any) -> Any:
            return self._evaluate(obs)[1]

        def evaluate_actions(self, obs: Any, actions: Any, action_masks: Any = None) -> Any:
            out = model.forward(obs)
            masks = action_masks.reshape(out.policy.shape) > 0.5
            chances = _chances(out.policy, masks)
            return torch.tanh(out.value / 2)[:, None], chances.log_prob(actions), chances.entropy()

        @staticmethod
        def _evaluate(obs: Any) -> tuple[torch.Tensor, torch.Tensor]:
            padded = bool((games.batch.sizes < games.batch.max_size).any())
            logits, values = model.evaluate(obs.cpu().numpy(), padded)
            return torch.from_numpy(logits), torch.from_numpy(values)[:, None]

    def _chances(logits: torch.Tensor, masks: torch.Tensor) -> torch.distributions.Categorical:
        masked = logits.masked_fill(~masks.to(logits.device), _FAR)
        return torch.distributions.Categorical(logits=masked, validate_args=False)

    algorithm = MaskablePPO(
        NetworkPolicy,
        SeatVecEnv(),
        learning_rate=lambda remaining: optimiser.rate(1 - remaining),
        n_steps=config.moves,
        batch_size=config.batch_size,
        n_epochs=config.epochs,
        gamma=1.0,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip,
        ent_coef=config.entropy_weight,
        vf_coef=config.value_weight,
        max_grad_norm=optimiser.gradient_clip,
        target_kl=config.target_kl,
        device=model.device,
    )
    algorithm.set_logger(Logger(None, []))
    return algorithm
