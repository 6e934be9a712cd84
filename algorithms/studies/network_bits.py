"""What one sample, or several, teach a network: the fall of the surprise of held-back positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from algorithms.studies.known_moves import entropy
from algorithms.studies.single_steps import NETWORK_STEPS, HeldBack, PolicyLearner

Curves = Iterator[tuple[str, np.ndarray]]
"""Method, and the mean fall in bits for each length of a step."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Positions that samples are drawn from, and what is asked afterwards.

    Attributes:
        learner: that makes the steps.
        held: positions that are held back.
        planes: [P, C, N, N].
        right: int [P].
        policy: the learner's, [P, A].
        targets: [P, A], of labels (``"label"``) and of whatever else is followed like a label.
    """

    learner: PolicyLearner
    held: HeldBack
    planes: Tensor
    right: np.ndarray
    policy: np.ndarray
    targets: dict[str, np.ndarray]

    @property
    def chance(self) -> np.ndarray:
        """Of the right moves, [P]."""
        return self.policy[np.arange(len(self.right)), self.right]

    def slopes(self) -> dict[str, float]:
        """Of a short step on one sample, in expectation, exactly; the reward's is unscaled."""
        count = len(self.right)
        means = self.targets | {"reward": self.chance[:, None] * self.targets["label"]}
        return {
            kind: self.held.slope(self.learner.gradient(self.planes, mean / count))
            for kind, mean in means.items()
        }


def claimed(pool: Pool, answer: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Pass rate of answers, mean entropy of their coins, and mean surprise, all in expectation."""
    chance = pool.chance
    drawn = chance[rng.integers(len(chance), size=(20_000, answer))].prod(axis=1)
    coins = entropy(np.clip(drawn, 1e-12, 1 - 1e-12))
    surprise = -answer * np.log2(chance).mean()
    return float(chance.mean() ** answer), float(coins.mean()), float(surprise)


def of_one(pool: Pool, answer: int, draws: int, rng: np.random.Generator) -> Curves:
    """One sample and one step. An answer is right if the moves of all its positions are.

    Answers that are right and that are wrong are drawn apart and weighed with how often they
    come, so a low pass rate costs no precision. The step of the reward less the pass rate is
    given in lengths of that of a success. Targets that are no labels: of single moves alone.
    """
    learner, held, chance = pool.learner, pool.held, pool.chance
    slopes, rate = pool.slopes(), float(chance.mean() ** answer)

    def bend(at: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return held.bend(learner.gradient(pool.planes[at], weights))

    for kind, target in pool.targets.items():
        if kind != "label" and answer > 1:
            continue
        found = np.zeros(len(NETWORK_STEPS))
        for at in rng.integers(len(chance), size=(draws, answer)):
            found += bend(at, target[at]) / draws
        yield kind, NETWORK_STEPS * answer * slopes[kind] + found
    label = pool.targets["label"]
    hit, miss = np.zeros((2, len(NETWORK_STEPS)))
    for at in rng.choice(len(chance), size=(draws, answer), p=chance / chance.sum()):
        hit += rate * bend(at, label[at]) / draws
    for at in rng.integers(len(chance), size=(draws, answer)):
        fails = 1 - chance[at].prod()
        actions = wrong_answer(pool.policy[at], pool.right[at], rng)
        miss += fails * bend(at, -rate / (1 - rate) * np.eye(label.shape[1])[actions]) / draws
    slope = answer * rate / chance.mean() * slopes["reward"]
    yield "reward", NETWORK_STEPS * slope + hit
    yield "reward - mean", NETWORK_STEPS * slope / (1 - rate) + hit + miss


def wrong_answer(policy: np.ndarray, right: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Actions [K] drawn from policies [K, A], given that they are not all right."""
    each = np.arange(len(right))
    chance = policy[each, right]
    # The first wrong one: those before it are right, those after it as they come.
    first_at = np.append(1, chance[:-1]).cumprod() * (1 - chance)
    first = rng.choice(len(right), p=first_at / first_at.sum())
    actions = np.array([rng.choice(policy.shape[1], p=one) for one in policy])
    actions[:first] = right[:first]
    others = policy[first].copy()
    others[right[first]] = 0
    actions[first] = rng.choice(policy.shape[1], p=others / others.sum())
    return actions


def of_many(pool: Pool, count: int, draws: int, rng: np.random.Generator) -> Curves:
    """`count` samples of single moves and one step along their mean gradient.

    The step of rewards is given in lengths of that of a success, as if as many came as expected.
    """
    slopes, chance = pool.slopes(), pool.chance
    positions, rate = len(chance), float(chance.mean())
    scale = dict.fromkeys(pool.targets, count) | dict.fromkeys(
        ("reward", "reward - mean"), max(1.0, count * rate)
    )
    bends = {kind: np.zeros(len(NETWORK_STEPS)) for kind in scale}
    for _ in range(draws):
        met = np.bincount(rng.integers(positions, size=count), minlength=positions)
        tried = rng.multinomial(met, pool.policy)
        hits = tried * pool.targets["label"]
        weights = {kind: met[:, None] * target for kind, target in pool.targets.items()}
        weights |= {"reward": hits, "reward - mean": hits - rate * tried}
        for kind, weight in weights.items():
            direction = pool.learner.gradient(pool.planes, weight / scale[kind])
            bends[kind] += pool.held.bend(direction) / draws
    for kind, found in bends.items():
        slope = slopes["reward" if kind.startswith("reward") else kind] * count / scale[kind]
        yield kind, NETWORK_STEPS * slope + found
