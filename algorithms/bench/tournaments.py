"""Made-up tournaments of players with known strengths, to hold ratings against the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from baselines.results import Floats, Results
from baselines.simulation import round_robin

Strengths = Callable[[np.random.Generator, int], Floats]
"""Elo of so many players, the anchor's first."""


@dataclass(frozen=True)
class Scenario:
    """A kind of tournament: a round robin in which each opening is played with either colour.

    Attributes:
        name: shown.
        players: how many there are; with `seeds`, how many learners beside the anchor.
        openings: of each pair, two games each.
        strengths: makes their Elo, for each tournament anew. The anchor is the first of them.
        colours: the advantage of Black is drawn between these two, Elo.
        draws, same, ring: see `baselines.simulation.round_robin`.
        seeds: training seeds of each learner; 0 if players are what is rated.
    """

    name: str
    players: int
    openings: int
    strengths: Strengths
    colours: tuple[float, float] = (0.0, 100.0)
    draws: float = 0.0
    same: float = 0.0
    ring: float = 0.0
    seeds: int = 0


def apart(gap: float) -> Strengths:
    """The same in all tournaments: every player so much above the one before."""
    return lambda rng, players: gap * np.arange(players, dtype=np.float64)


def normal(deviation: float) -> Strengths:
    """Drawn from a normal distribution."""
    return lambda rng, players: rng.normal(0, deviation, players)


def uniform(width: float) -> Strengths:
    """Drawn from a uniform distribution."""
    return lambda rng, players: rng.uniform(0, width, players)


def ladder(low: float, high: float) -> Strengths:
    """Every player above the one before by a gap drawn between these."""
    return lambda rng, players: np.append(0, rng.uniform(low, high, players - 1)).cumsum()


def outlier(low: float, high: float, above: bool) -> Strengths:
    """One player so far from the others, of whom two thirds lie within 150 Elo of their middle.

    Above them all it is the last player, below it is the first, the anchor.
    """

    def strengths(rng: np.random.Generator, players: int) -> Floats:
        elo = rng.normal(0, 150, players)
        elo[-1 if above else 0] = rng.uniform(low, high) * (1 if above else -1)
        return elo

    return strengths


COVERAGE = (
    Scenario("2 players, 2 games", 2, 1, normal(200)),
    Scenario("2 players, 20 games", 2, 10, normal(200)),
    Scenario("4 players, 2 games", 4, 1, normal(200)),
    Scenario("4 players 150 apart, 6 games", 4, 3, apart(150)),
    Scenario("8 players, 2 games", 8, 1, normal(200)),
    Scenario("8 players 100 apart, 4 games", 8, 2, apart(100)),
    Scenario("12 players within 1000, 6 games", 12, 3, uniform(1000)),
    Scenario("4 players within 600, 6 games, draws", 4, 3, uniform(600), draws=0.3),
    Scenario("8 players 100 apart, 4 games, draws", 8, 2, apart(100), draws=0.3),
    Scenario("ladder of 4, 300-700 apart, 6 games", 4, 3, ladder(300, 700)),
    Scenario("ladder of 4, 300-700 apart, 20 games", 4, 10, ladder(300, 700)),
    Scenario("7 above a far anchor, 6 games", 8, 3, outlier(400, 1200, above=False)),
    Scenario("5 below a giant, 6 games", 6, 3, outlier(400, 1200, above=True)),
    Scenario("4 players 100 apart, 10 games, Black +200", 4, 5, apart(100), (200.0, 200.0)),
    Scenario("8 players, 6 games, openings +0.5", 8, 3, normal(200), same=0.5),
    Scenario("3 players, 20 games, openings +0.5", 3, 10, normal(200), same=0.5),
    Scenario("6 players, 10 games, openings -0.3", 6, 5, normal(200), same=-0.3),
    Scenario("5 learners of 2 seeds, 6 games", 5, 3, normal(200), seeds=2),
    Scenario("3 learners of 5 seeds, 6 games", 3, 3, normal(200), seeds=5),
)
"""In which intervals are held against the truth: games of each pair; strengths in Elo, normal with
a deviation of 200 if nothing else is said; draws: 30 % between equals."""

RINGS = (
    Scenario("no ring: 4 equals, 4 games", 4, 2, apart(0)),
    Scenario("no ring: 5 players 400 apart, 8 games", 5, 4, apart(400)),
    Scenario("no ring: 8 players, 10 games, openings +0.5", 8, 5, normal(200), same=0.5),
    Scenario("ring of 3, 100 Elo, 20 games", 3, 10, apart(0), ring=100),
    Scenario("ring of 3, 200 Elo, 20 games", 3, 10, apart(0), ring=200),
    Scenario("ring of 3, 200 Elo, 20 games, openings +0.5", 3, 10, apart(0), same=0.5, ring=200),
    Scenario("ring of 6, 200 Elo, 50 apart, 10 games", 6, 5, apart(50), ring=200),
)
"""In which the test for cycles is tried."""


def play(scenario: Scenario, rng: np.random.Generator) -> tuple[Results, dict[str, float]]:
    """Results of a tournament, and the true Elo of each player, or learner, above the anchor.

    Seeds lie around their learner normally, by a deviation that is its own, 30 to 150 Elo.
    """
    elo = scenario.strengths(rng, scenario.players + (scenario.seeds > 0))
    elo = elo - elo[0]
    names = ["anchor"] + [str(number) for number in range(1, len(elo))]
    truth = dict(zip(names[1:], elo[1:].tolist(), strict=True))
    if scenario.seeds:
        names = names[:1] + [f"{n}-{seed}" for n in names[1:] for seed in range(scenario.seeds)]
        learners, deviations = elo[1:], rng.uniform(30, 150, len(elo) - 1)
        seeds = rng.normal(learners, deviations, (scenario.seeds, len(learners))).T
        elo = np.append(elo[0], seeds)
    results = round_robin(
        rng,
        elo,
        scenario.openings,
        rng.uniform(*scenario.colours),
        scenario.draws,
        scenario.same,
        scenario.ring,
        names=names,
    )
    return results, truth
