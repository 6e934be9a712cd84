"""By how much each learner's update would raise every move of some games, and what that costs.

A target, a distribution q over actions, is put on the scale of the weights of a policy gradient: a
move that the policy drew with probability p has the weight q / p - 1, for the mean over draws of
that weight times the gradient of log p is the gradient of the target's log-likelihood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from algorithms.alphazero import AlphaZero, AlphaZeroConfig
from algorithms.budget import Budget, Ledger, charging
from algorithms.learner import OptimiserConfig, StartConfig, Starts
from algorithms.mixture import PolicyPlayoutEvaluator
from algorithms.model import Model, flops_per_position
from algorithms.networks import NetworkConfig
from algorithms.nfsp import Nfsp, NfspConfig
from algorithms.players import PolicyAgent
from algorithms.ppo import Ppo, PpoConfig
from algorithms.q_learning import QLearning, QLearningConfig
from algorithms.q_network import QConfig, q_of
from algorithms.search import Search, SearchConfig
from algorithms.seat_games import SeatGames
from algorithms.self_play import SelfPlayConfig
from algorithms.studies.games import (
    PlayedGames,
    Tell,
    fit_values,
    in_silence,
    log_policy,
    part_of,
    play,
    values_of,
)
from algorithms.studies.judged_moves import replay_played
from algorithms.studies.ladder import rung_weights
from algorithms.studies.two_networks import TwoNetworks
from baselines.agent import distribution
from goenv import Rules

SMALL = NetworkConfig(blocks=2, channels=32, auxiliary=False)
_START = StartConfig(random_moves=2)


@dataclass(frozen=True)
class Source:
    """Credit for M moves.

    Attributes:
        weights: float64 [M].
        flops: for each move, learning included: what was spent on the moves that were learned from,
            divided by their number.
        level: simulations, or further games, where there are several; else 0.
    """

    weights: np.ndarray
    flops: float
    level: int = 0


@dataclass(frozen=True)
class Setting:
    """Who plays, and who judges positions.

    Attributes:
        rules: of the games.
        policy: plays them, at temperature 1.
        value: judges positions.
        value_flops: what the value cost, for each move of the games that it learned from.
        mean_outcome: Black's, in other games.
    """

    rules: Rules
    policy: Model
    value: Model
    value_flops: float
    mean_outcome: float


def learn_value(
    policy: Model, rules: Rules, games: int, steps: int, rng: np.random.Generator
) -> tuple[Model, float, float]:
    """A value for a policy from games of its own, its FLOPs a move of them, their mean outcome."""
    learned, value, ledger = play(policy, rules, games, rng), Model(policy.config, 1), Ledger()
    with charging(ledger):
        fit_values(value, learned, steps, rng)
    return value, ledger.flops / len(learned.action), float(learned.outcome.mean())


def train_policy(rules: Rules, env_steps: int, seed: int) -> tuple[Model, float]:
    """What AlphaZero is after so many moves of self-play, and its FLOPs for each of them."""
    config = AlphaZeroConfig(
        network=NetworkConfig(blocks=2, channels=32),
        start=_START,
        search=SearchConfig(
            simulations=16, root="gumbel", interior="gumbel", gumbel_scale=1.0, considered=8,
            value_scale=0.6,
        ),
        self_play=SelfPlayConfig(games=64),
        rounds_per_step=64, replay_capacity=12_000, replay_minimum=500, batch_size=128,
    )  # fmt: skip
    learner, ledger = AlphaZero(config, rules, seed), Ledger(budget=Budget(env_steps=env_steps))
    while not ledger.exhausted():
        learner.step(ledger)
    return learner.model, ledger.flops / ledger.env_steps


def chances(model: Model, played: PlayedGames) -> np.ndarray:
    """The policy in the positions of games, float64 [M, A]."""
    with torch.no_grad():
        logs = log_policy(model, torch.from_numpy(played.planes), torch.from_numpy(played.allowed))
    return np.exp(logs.double().cpu().numpy())


def target_weights(targets: np.ndarray, policy: np.ndarray, action: np.ndarray) -> np.ndarray:
    """The weights float64 [M] that targets are worth for moves drawn from a policy, [M, A] both."""
    at = np.arange(len(action))
    return targets[at, action] / np.maximum(policy[at, action], 1e-9) - 1


def ladder_sources(setting: Setting, played: PlayedGames) -> dict[str, Source]:
    """The rungs of `algorithms.credit`."""
    size = setting.rules.size
    ledger = Ledger()
    with charging(ledger):
        values = values_of(setting.value, played)
    playing, _ = flops_per_position(setting.policy.config, size)
    valued = ledger.flops / len(values) + setting.value_flops
    found = rung_weights(
        played.table(played.colour), played.outcome, played.table(values), played.length,
        setting.mean_outcome,
    )  # fmt: skip
    return {
        rung: Source(
            weights[played.game, played.at],
            playing + (valued if rung in ("value", "gae") else 0),
        )
        for rung, weights in found.items()
    }


def even_source(setting: Setting, played: PlayedGames) -> Source:
    """A target that is even over all legal moves: what a learner that knows nothing would teach.

    It is no coin, for it raises what the policy rarely does. Where that is mostly bad it tells
    blunders worse than a coin.
    """
    even = played.allowed / played.allowed.sum(axis=1, keepdims=True)
    weights = target_weights(even, chances(setting.policy, played), played.action)
    return Source(weights, flops_per_position(setting.policy.config, setting.rules.size)[0])


def search_sources(
    setting: Setting,
    played: PlayedGames,
    simulations: Sequence[int],
    rng: np.random.Generator,
    tell: Tell = in_silence,
) -> list[Source]:
    """AlphaZero's targets over its prior, by searches of every position."""
    policy, found = chances(setting.policy, played), []
    for number, count in enumerate(simulations):
        here = part_of(tell, number, len(simulations))
        config = SearchConfig(
            simulations=count, root="gumbel", interior="gumbel", gumbel_scale=0.0, considered=16,
            value_scale=0.6,
        )  # fmt: skip
        search = Search(config, TwoNetworks(setting.policy, setting.value))
        targets, ledger = np.zeros(policy.shape), Ledger()
        with charging(ledger):
            for moves, games, batch in replay_played(played, setting.rules, 0, here):
                targets[moves] = search.run(batch, rng).policy[games]
        weights = target_weights(targets, policy, played.action)
        cost = ledger.flops / len(policy) + setting.value_flops
        found.append(Source(weights, cost, count))
    return found


def replay_sources(
    setting: Setting,
    played: PlayedGames,
    counts: Sequence[int],
    rng: np.random.Generator,
    tell: Tell = in_silence,
) -> list[Source]:
    """Outcomes of further games of the policy: the mean of those after a move less those before it.

    Args:
        setting: who plays.
        played: games, each position of which gets further games.
        counts: how many games a position.
        rng: of the moves.
        tell: told the share of the work that is done.
    """
    evaluator = PolicyPlayoutEvaluator(setting.policy)
    evaluator.seed(rng)
    total, found = np.zeros(len(played.action)), []
    ledger, done = Ledger(), 0
    for number, count in enumerate(sorted(counts)):
        here = part_of(tell, number, len(counts))
        with charging(ledger):
            for moves, games, batch in replay_played(played, setting.rules, 0, here):
                for _ in range(count - done):
                    total[moves] += evaluator.evaluate(batch, games)[1]
        done = count
        mean = played.table(total / count)
        later = np.pad(mean, ((0, 0), (0, 1)))[played.game, played.at + 1]
        last = played.at == played.length[played.game] - 1
        after = np.where(last, played.colour * played.outcome[played.game], -later)
        weights = after - mean[played.game, played.at]
        found.append(Source(weights, ledger.flops / len(total), count))
    return found


def learner_sources(
    setting: Setting, played: PlayedGames, env_steps: int, seed: int, tell: Tell = in_silence
) -> dict[str, Source]:
    """Labels of learners that were trained for so many moves each.

    `q_learning`: what the move is worth less than the best one. `response`: the policy of a best
    response to the players, which a league's student would learn. `nfsp`: the move that the best
    response of fictitious self-play would make, which its average policy would learn.
    """
    rules, starts = setting.rules, Starts(_START, setting.rules)
    policy, at = chances(setting.policy, played), np.arange(len(played.action))

    def train(
        step: Callable[[Ledger], object], model: Model, number: int
    ) -> tuple[np.ndarray, float]:
        """Logits [M, A] after training, and FLOPs a move."""
        ledger = Ledger(budget=Budget(env_steps=env_steps))
        while not ledger.exhausted():
            part_of(tell, number, 3)(ledger.env_steps / env_steps)
            step(ledger)
        each = ledger.flops / ledger.env_steps
        asked = Ledger()
        with charging(asked):
            logits = model.evaluate(played.planes)[0]
        return np.where(played.allowed, logits, -np.inf), each + asked.flops / len(logits)

    q = QConfig(minimum=500)
    learner = QLearning(QLearningConfig(network=SMALL, start=_START, q=q, games=64), rules, seed)
    logits, cost = train(learner.step, learner.model, 0)
    worth = q_of(logits)
    found = {"q_learning": Source(worth[at, played.action] - worth.max(axis=1), cost)}

    response = Model(SMALL, seed)
    opponent = PolicyAgent(setting.policy, 1.0)
    ppo_config = PpoConfig(games=64, moves=16)
    ppo = Ppo(
        response, OptimiserConfig(), ppo_config,
        SeatGames([opponent], [1.0], starts, ppo_config.games, [seed, 1]), [seed, 2],
    )  # fmt: skip
    logits, cost = train(ppo.step, response, 1)
    targets = distribution(logits, played.allowed)
    found["response"] = Source(target_weights(targets, policy, played.action), cost)

    nfsp = Nfsp(
        NfspConfig(
            network=SMALL, start=_START, games=64, anticipation=0.2,
            q=QConfig(plies=2, exploration=0.15, final_exploration=0.03, reuse=1.5, minimum=500),
        ),
        rules,
        seed,
    )  # fmt: skip
    logits, cost = train(nfsp.step, nfsp.companions()["best_response"][0], 2)
    targets = np.eye(logits.shape[1])[logits.argmax(axis=1)]
    found["nfsp"] = Source(target_weights(targets, policy, played.action), cost)
    return found
