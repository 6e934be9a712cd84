"""AlphaZero (Silver et al. 2017, 2018): distil a search into the network that guides it.

Every move of every self-play game is searched. The network's policy is trained on what the search
made of it, its value on the outcome of the game, for won and lost games alike. There is no
temporal difference and no return to assign: each visited position gets a better label for its
move, whoever won.

A step plays `rounds_per_step` rounds of simulations in all games and trains on samples of the
replay buffer, so that each position is used `reuse` times on average. With one worker a step
trains after it has played. With more, once the buffer is filled to its minimum, half of these
threads train while the others play, and help to play when they are done: games are of the weights,
and samples of the games, that the step began with. So what comes of it depends on the number of
workers, but not on how fast each is. Schedules go by what was spent before the step, and what its
training has spent so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from algorithms.budget import Ledger, charging
from algorithms.learner import LearnerConfig, Starts, as_tensors, rng_state
from algorithms.mixture import LeafConfig, leaf_evaluator
from algorithms.model import Model
from algorithms.players import PlayConfig, network_agent
from algorithms.random_games import random_games
from algorithms.relabel import relabel
from algorithms.replay import ReplayBuffer, Samples
from algorithms.search import SearchConfig
from algorithms.self_play import Episode, SelfPlay, SelfPlayConfig
from algorithms.team import Team
from algorithms.training import (
    LossConfig,
    Trainer,
    check_workers,
    mean_metrics,
    shares,
    worker_threads,
)
from baselines.agent import Agent
from goenv import Rules

_WARM_UP_STEP = 512  # games at random in a step


class AlphaZeroConfig(LearnerConfig):
    """Settings of `AlphaZero`."""

    algorithm: Literal["alphazero"] = "alphazero"
    search: SearchConfig = SearchConfig(simulations=32, noise_fraction=0.25)
    leaf: LeafConfig = LeafConfig()
    self_play: SelfPlayConfig = SelfPlayConfig()
    play: PlayConfig = PlayConfig(simulations=64)
    workers: int = Field(1, ge=1, le=256, description="threads that play and train side by side")
    rounds_per_step: int = Field(
        128, ge=1, description="simulations in each game between trainings"
    )
    replay_capacity: int = Field(40_000, ge=1, description="positions kept")
    replay_minimum: int = Field(2_000, ge=1, description="positions before training begins")
    warm_up_games: int = Field(
        0, ge=0, description="games at random that train the value before the first search"
    )
    relabel: float = Field(
        0.0,
        ge=0,
        description="stored positions searched anew for each new one, in place of its old policy",
    )
    relabel_steps: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the steps, once training has begun, that play no games and search as "
        "many stored positions anew instead",
    )
    reuse: float = Field(4.0, gt=0, description="times a position is trained on, on average")
    batch_size: int = Field(512, ge=1)
    symmetries: bool = Field(True, description="turn positions by the symmetries of the board")
    loss: LossConfig = LossConfig()
    averaging: float = Field(
        0.0, ge=0, lt=1, description="players have an average of the weights; share kept an update"
    )

    @model_validator(mode="before")
    @classmethod
    def _noise_by_root(cls, given: Any) -> Any:
        """Training explores: the usual noise is that of PUCT, a Gumbel root has its own."""
        search = given.get("search") if isinstance(given, Mapping) else None
        if isinstance(search, Mapping) and search.get("root", "puct") != "puct":
            gumbel = {"gumbel_scale": 1.0} if search["root"] == "gumbel" else {}
            return {**given, "search": {"noise_fraction": 0.0, **gumbel, **search}}
        return given

    @model_validator(mode="after")
    def _work_for_all(self) -> AlphaZeroConfig:
        counts = {"self_play.games": self.self_play.games, "batch_size": self.batch_size}
        check_workers(self.workers, counts)
        return self

    @model_validator(mode="after")
    def _score_is_known(self) -> AlphaZeroConfig:
        for name, weight, playouts in (
            ("search", self.search.score_weight, self.leaf.playout_weight),
            ("play", self.play.score_weight, self.play.playout_weight),
        ):
            if weight > 0 and not self.network.auxiliary:
                raise ValueError(f"{name}.score_weight needs network.auxiliary, a head for it")
            if weight > 0 and playouts > 0:
                raise ValueError(f"{name}.score_weight: playouts give no score")
        if self.search.score_weight > 0 and self.loss.search_value > 0:
            raise ValueError("loss.search_value: with search.score_weight it is no win probability")
        return self


class AlphaZero:
    """The learner.

    Args:
        config: settings.
        rules: of the training games; `max_moves` must be set.
        seed: of weights, games and samples.

    Attributes:
        team: plays the games of self-play.
    """

    def __init__(self, config: AlphaZeroConfig, rules: Rules, seed: int):
        assert rules.max_moves is not None, "the run's configuration sees to this"
        self.config = config
        self.model = Model(
            config.network, seed, averaging=config.averaging, compiled=config.compile
        )
        self._rng = np.random.default_rng([seed, 0x5EED])
        self._starts = starts = Starts(config.start, rules)
        players = [
            SelfPlay(
                config.self_play, config.search,
                leaf_evaluator(self.model, config.leaf, config.search),
                starts, games, rules.max_moves, [seed, 0x6A3E, worker],
            )
            for worker, games in enumerate(shares(config.self_play.games, config.workers))
        ]  # fmt: skip
        threads = worker_threads(config.workers)
        self.team = Team(players, threads)
        self._trainer = Trainer(self.model, config.optimiser, config.loss, threads, config.workers)
        self._replay = ReplayBuffer(config.replay_capacity, rules.size)
        self._owed_samples = self._owed_relabels = 0.0
        self._warm_up_left = config.warm_up_games
        self._concede_below = config.self_play.concede_below
        # The lowest values of sides that did not lose, of the last games that were played out.
        self._lowest = np.zeros(0, np.float32)

    def step(self, ledger: Ledger) -> dict[str, float]:
        """Play `rounds_per_step` rounds in every game, and train as many samples as are owed."""
        config = self.config
        if self._warm_up_left > 0:
            return self._warm_up(ledger)
        least = min(config.replay_minimum, config.replay_capacity)
        share = config.relabel_steps if len(self._replay) >= least else 0
        if share > 0 and self._rng.random() < share:
            return self._dream(ledger)
        beside = config.workers > 1 and len(self._replay) >= least
        trainers = (config.workers + 1) // 2 if beside else 0
        with self.model.held():
            rounds, progress = config.rounds_per_step, ledger.progress()
            self.team.start(rounds, progress, self._concede_below, config.workers - trainers)
            try:
                metrics = self._train(ledger, trainers) if beside else {}
                self.team.join(trainers)
            except BaseException:
                self.team.drop()
                raise
            finally:
                episodes = self.team.finish(ledger)
        metrics |= {"games": float(len(episodes)), "replay": float(len(self._replay))}
        metrics |= self._learn_from(episodes)
        self._owed_relabels += config.relabel * sum(len(each.positions) for each in episodes)
        metrics |= self._relabel(ledger)
        if not beside and len(self._replay) >= least:
            metrics |= self._train(ledger)
        return metrics

    # ---- before the first search, and instead of new games ------------------------------------

    def _warm_up(self, ledger: Ledger) -> dict[str, float]:
        """Train the value on games played at random, each position once."""
        count = min(self._warm_up_left, _WARM_UP_STEP)
        self._warm_up_left -= count
        games = random_games(self._starts, count, ledger, self._rng)
        buffer = ReplayBuffer(sum(map(len, games)), self._starts.largest_rules.size)
        for positions in games:
            buffer.add(positions)

        def draw(size: int, rng: np.random.Generator) -> Samples:
            return buffer.sample(size, rng, self.config.symmetries)

        updates = len(buffer) // self.config.batch_size
        records = [
            self._trainer.update(draw, self.config.batch_size, self._rng, ledger)
            for _ in range(updates)
        ]
        metrics = mean_metrics(records)
        metrics.pop("policy_loss", None)  # random games have no policy to learn
        return {"games": float(count), "warm_up_left": float(self._warm_up_left)} | metrics

    def _dream(self, ledger: Ledger) -> dict[str, float]:
        """Search as many stored positions as a step of games would, and learn from them."""
        config = self.config
        searched = config.self_play.games * config.rounds_per_step / config.search.simulations
        self._owed_relabels += searched
        self._owed_samples += config.reuse * searched
        return self._relabel(ledger) | self._train(ledger)

    def _relabel(self, ledger: Ledger) -> dict[str, float]:
        """Search stored positions anew, as many as are owed."""
        count = int(self._owed_relabels)
        if count == 0 or len(self._replay) == 0:
            return {}
        self._owed_relabels -= count
        config, rules = self.config, self._starts.largest_rules
        with charging(ledger):
            evaluator = leaf_evaluator(self.model, config.leaf, config.search)
            agreed = relabel(self._replay, count, config.search, evaluator, rules, self._rng)
        return {"relabelled": float(count), "relabel_agreement": agreed}

    # ---- what games leave -------------------------------------------------------------------

    def _learn_from(self, episodes: list[Episode]) -> dict[str, float]:
        """Put finished games into the buffer; metrics of them."""
        if not episodes:
            return {}
        for episode in episodes:
            self._replay.add(episode.positions)
            self._owed_samples += self.config.reuse * len(episode.positions)
        metrics = {
            name: float(np.mean([getattr(episode, name) for episode in episodes]))
            for name in ("length", "black_wins", "conceded")
        }
        scores = [each.black_score for each in episodes if not np.isnan(each.black_score)]
        if scores:  # those of games that were resigned are not known
            metrics["black_score"] = float(np.mean(scores))
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

    def _train(self, ledger: Ledger, parts: int | None = None) -> dict[str, float]:
        """Train on as many samples of the replay buffer as are owed; `parts` as for a `Trainer`."""
        config, records = self.config, []

        def draw(count: int, rng: np.random.Generator) -> Samples:
            return self._replay.sample(count, rng, config.symmetries)

        while self._owed_samples >= config.batch_size:
            self._owed_samples -= config.batch_size
            records.append(self._trainer.update(draw, config.batch_size, self._rng, ledger, parts))
        return mean_metrics(records)

    def agent(self) -> Agent:
        """The network guiding a search, as `config.play` says."""
        return network_agent(self.model, self.config.play, "alphazero")

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return {
            "trained": self.model.trained_weights(),
            "optimiser": self._trainer.optimiser.state_dict(),
            "rng": rng_state(self._rng),
            "workers": {str(i): worker.state_dict() for i, worker in enumerate(self.team.players)},
            "replay": self._replay.state_dict(),
            "owed_samples": self._owed_samples,
            "owed_relabels": self._owed_relabels,
            "warm_up_left": self._warm_up_left,
            "concede_below": self._concede_below,
            "lowest": self._lowest,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self.model.load_trained_weights(as_tensors(saved["trained"]))
        self._trainer.optimiser.load_state_dict(saved["optimiser"])
        self._rng.bit_generator.state = saved["rng"]
        for index, worker in enumerate(self.team.players):
            worker.load_state_dict(saved["workers"][str(index)])
        self._replay.load_state_dict(saved["replay"])
        self._owed_samples = float(saved["owed_samples"])
        self._owed_relabels = float(saved["owed_relabels"])
        self._warm_up_left = int(saved["warm_up_left"])
        self._concede_below = float(saved["concede_below"])
        self._lowest = saved["lowest"]
