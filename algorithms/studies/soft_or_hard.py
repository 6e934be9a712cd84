"""Policies trained on visit distributions against the chosen move alone (claim C10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from pydantic import Field

from algorithms.budget import Budget
from algorithms.checkpoint import load_weights
from algorithms.config import TrainConfig
from algorithms.model import Model, NetworkEvaluator
from algorithms.players import PolicyAgent
from algorithms.registry import make_agent
from algorithms.search import Search, SearchConfig
from algorithms.studies import charts
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import mean_of, share_of, win_rate_of
from algorithms.studies.games import early_passes, log_policy_in, play
from algorithms.studies.points_only import PointsOnly
from algorithms.studies.settings import (
    OPENING_MOVES,
    Simulations,
    Size,
    alphazero_run,
    check_openings,
)
from algorithms.studies.study import (
    CellFolder,
    Estimate,
    Findings,
    Hypothesis,
    Picture,
    Sheet,
    Study,
    StudyConfig,
)
from algorithms.studies.trials import pick_snapshots, train_in_cell, win_rates
from baselines.agent import Agent
from goenv import Rules

KINDS = ("soft", "hard")


class SoftOrHardConfig(StudyConfig):
    """Settings."""

    size: Size = Field(4, description="board")
    simulations: Simulations = Field((4, 16, 64), min_length=2, description="of a search")
    moves: int = Field(20_000, ge=100, description="played by each training")
    seeds: int = Field(6, ge=1, description="pairs of trainings for each number of simulations")
    snapshots: int = Field(4, ge=2, description="of each training that are measured")
    games: int = Field(120, ge=2, multiple_of=2, description="of each match, a snapshot")
    anchor: str = Field("uct:50", description="whom both meet as well")
    entropy_games: int = Field(16, ge=1, description="from whose positions entropies are taken")


def cells(config: SoftOrHardConfig) -> dict[str, dict[str, Any]]:
    """A cell for each number of simulations and seed, the dearest first."""
    check_openings(config.size, config.games)
    return {
        f"n{count}-seed{seed}": {"simulations": count, "seed": seed}
        for count in sorted(config.simulations, reverse=True)
        for seed in range(config.seeds)
    }


def _run(config: SoftOrHardConfig, kind: str, simulations: int, seed: int) -> TrainConfig:
    learner = {
        "search": {"simulations": simulations, "noise_fraction": 0.25},
        "loss": {"hard_targets": kind == "hard"},
        "replay_minimum": min(1_000, config.moves // 4),
    }
    budget = Budget(env_steps=config.moves)
    return alphazero_run(kind, config.size, budget, seed, config.snapshots, learner)


def measure(config: SoftOrHardConfig, folder: CellFolder, simulations: int, seed: int) -> list[Row]:
    """Train one of each kind from the same seed, and hold their snapshots against each other."""
    models: dict[str, list[Model]] = {}
    spent: dict[str, list[Mapping[str, float]]] = {}
    for number, kind in enumerate(KINDS):
        run = _run(config, kind, simulations, seed)
        taken = train_in_cell(run, folder.part(0.4 * number, 0.4 * (number + 1)))
        taken = [taken[0], *pick_snapshots(taken, config.snapshots)]
        models[kind] = [load_weights(snapshot.path)[0] for snapshot in taken]
        spent[kind] = [snapshot.spent for snapshot in taken]
    rules, anchor = run.game.rules(), make_agent(config.anchor)
    makers: tuple[Callable[[Model], Agent], ...] = (PolicyAgent, PointsOnly)
    pairs: list[tuple[Agent, Agent]] = []
    for make in makers:
        soft, hard = ([make(model) for model in models[kind]] for kind in KINDS)
        pairs += [*zip(soft, hard, strict=True), *((player, anchor) for player in soft + hard)]
    rates = win_rates(pairs, rules, config.games, OPENING_MOVES, 1000 + seed, folder.part(0.8, 0.9))
    # Of each maker: soft over hard, soft over the anchor, hard over the anchor, by place.
    won = np.reshape(rates, (len(makers), 1 + len(KINDS), -1)).tolist()
    rows: list[Row] = []
    for number, kind in enumerate(KINDS):
        for place, model in enumerate(models[kind]):
            folder.tell(0.9 + 0.05 * (number + place / len(models[kind])), "entropies")
            rows.append({
                "simulations": simulations, "seed": seed, "kind": kind, "place": place,
                "moves": spent[kind][place]["env_steps"],
                "samples": spent[kind][place]["samples"],
                "soft_over_hard": won[0][0][place],
                "against_anchor": won[0][1 + number][place],
                "points_over_hard": won[1][0][place],
                "points_against_anchor": won[1][1 + number][place],
                **entropies(model, rules, simulations, config.entropy_games, seed),
            })  # fmt: skip
    return rows


def entropies(
    model: Model, rules: Rules, simulations: int, games: int, seed: int
) -> dict[str, float]:
    """What a policy and a search by it look like in positions of its own games.

    Returns:
        `target_entropy` and `policy_entropy`, means, nats, of a search's visits and of the raw
        policy; and `early_passes`, see there.
    """
    search = Search(SearchConfig(simulations=simulations), NetworkEvaluator(model))
    played = play(model, rules, games, np.random.default_rng([seed, 7]), search=search)
    log_pi = log_policy_in(model, played)
    return {
        "target_entropy": _entropy(played.target),
        "policy_entropy": _entropy(np.exp(log_pi)),
        "early_passes": early_passes(log_pi, played),
    }


def _entropy(policies: np.ndarray) -> float:
    return float(-(policies * np.log(np.maximum(policies, 1e-12))).sum(axis=1).mean())


def analyse(rows: Rows, config: SoftOrHardConfig) -> Findings:
    """Who wins, with the pass and without, entropies, and their course."""
    last = rows.where(place=max(rows.column("place")))
    soft, hard = last.where(kind="soft"), last.where(kind="hard")
    few, many = min(config.simulations), max(config.simulations)
    points = "points_over_hard"

    def by_seed(part: Rows, column: str) -> np.ndarray:
        return np.array([mine.column(column).mean() for mine in part.groups("seed").values()])

    def over_hard(part: Rows, column: str = "soft_over_hard") -> Estimate:
        """Of the soft ones, the mean over simulations seed by seed."""
        games = config.games * len(part.values_of("simulations"))
        return win_rate_of(by_seed(part, column).tolist(), games)

    visits = {n: by_seed(soft.where(simulations=n), "target_entropy") for n in (few, many)}
    begun = rows.where(place=0, kind="soft")
    measured = {
        "soft over hard": over_hard(soft),
        "soft over hard, few simulations": over_hard(soft.where(simulations=few)),
        "soft over hard, many simulations": over_hard(soft.where(simulations=many)),
        "points only, soft over hard": over_hard(soft, points),
        "points only, soft over hard, few simulations": over_hard(
            soft.where(simulations=few), points
        ),
        "points only, soft over hard, many simulations": over_hard(
            soft.where(simulations=many), points
        ),
        "early passes, soft less hard, few simulations": mean_of(
            by_seed(soft.where(simulations=few), "early_passes")
            - by_seed(hard.where(simulations=few), "early_passes")
        ),
        "entropy of visits, few less many simulations": mean_of(visits[few] - visits[many]),
        "entropy of visits, end less beginning": mean_of(
            by_seed(soft, "target_entropy") - by_seed(begun, "target_entropy")
        ),
        "entropy of the policy, soft less hard": mean_of(
            by_seed(soft, "policy_entropy") - by_seed(hard, "policy_entropy")
        ),
    }
    # Games last long enough that a snapshot may come before the first step of learning.
    trained = Rows([row for row in rows if row["samples"] > 0])
    drawn = Rows([row for row in rows if row["samples"] > 0 or row["place"] == 0])

    def of_kinds(column: str) -> charts.Series:
        return {
            f"{kind}, {name}": line
            for kind in KINDS
            for name, line in _lines(drawn.where(kind=kind), column, config).items()
        }

    pictures = [
        _picture(
            "soft-over-hard", "Games that the raw policy trained on the whole visit distribution "
            "wins against the one trained on the likeliest move alone, by simulations of the "
            "search in training.",
            _lines(trained.where(kind="soft"), "soft_over_hard", config), "soft wins",
        ),
        _picture(
            "points-only", "The same match where both play their likeliest point and pass only "
            "when they have none left.",
            _lines(trained.where(kind="soft"), points, config), "soft wins",
        ),
        _picture(
            "early-passes", "How often the likeliest move of the raw policy is a pass, in early "
            "positions of its own games.", of_kinds("early_passes"), "share of passes",
        ),
        _picture(
            "against-anchor", f"Games that raw policies win against {config.anchor}.",
            of_kinds("against_anchor"), f"wins against {config.anchor}",
        ),
        _picture(
            "entropy", "Entropy of the visits of a search by the trained network, in positions of "
            "its own games.", of_kinds("target_entropy"), "nats",
        ),
    ]  # fmt: skip
    matches, policies = [], []
    for count in sorted(config.simulations):
        one, two = soft.where(simulations=count), hard.where(simulations=count)
        for name, column, against in (
            ("likeliest move", "soft_over_hard", "against_anchor"),
            ("likeliest point", points, "points_against_anchor"),
        ):
            rate = over_hard(one, column)
            matches.append({
                "simulations": count, "both play their": name,
                "soft over hard": rate.value, "low": rate.low, "high": rate.high,
                f"soft against {config.anchor}": one.column(against).mean(),
                f"hard against {config.anchor}": two.column(against).mean(),
            })  # fmt: skip
        policies.append({
            "simulations": count,
            **{
                f"{what}, {kind}": part.column(column).mean()
                for what, column in (
                    ("early passes", "early_passes"), ("entropy of visits", "target_entropy"),
                    ("entropy of policy", "policy_entropy"),
                )
                for kind, part in zip(KINDS, (one, two), strict=True)
            },
        })  # fmt: skip
    sheets = [
        Sheet("matches", "The last snapshots, means over seeds.", matches),
        Sheet(
            "last", "The last snapshots, means over seeds: share of early positions of their own "
            "games in which the likeliest move is a pass; entropies in nats.", policies,
        ),
    ]  # fmt: skip
    return Findings(measured, pictures, sheets)


def _picture(name: str, caption: str, lines: charts.Series, label: str) -> Picture:
    """Lines over the moves played in training."""
    unit = "nats" if label == "nats" else "rate"
    figure = charts.line_chart(
        lines, "moves played in training", label, height=4.2,
        on_axes=None if unit == "nats" else charts.of_rates,
    )  # fmt: skip
    return Picture(name, caption, figure, charts.rows_of(lines, "moves", unit))


def _lines(rows: Rows, column: str, config: SoftOrHardConfig) -> charts.Series:
    """A column over the moves played, a line for each number of simulations."""

    def estimate(part: Rows) -> Estimate:
        values = part.column(column)
        if column == "target_entropy":
            return mean_of(values)
        if column == "early_passes":
            return share_of(values)
        return win_rate_of(values.tolist(), config.games)

    lines: dict[str, tuple[list[float], list[Estimate]]] = {}
    for count in sorted(config.simulations):
        places = rows.where(simulations=count).groups("place").values()
        lines[f"{count} simulations"] = (
            [float(part.column("moves").mean()) for part in places],
            [estimate(part) for part in places],
        )
    return lines


STUDY = Study(
    name="soft-or-hard",
    axes=("simulations", "target of the policy", "win rate, entropy over the moves played"),
    claims=("C10",),
    parent="search-improves",
    hypotheses=(
        Hypothesis(
            "soft over hard",
            "After the same number of moves, whoever learned from whole visit distributions beats "
            "whoever learned from the likeliest move alone (mean over the simulations).",
            0.5, 1.0, "claim", "C10",
        ),
        Hypothesis(
            "points only, soft over hard",
            "Whoever learned from whole visit distributions also wins where passes have no part in "
            "it: both play their likeliest point, and pass only when they have none left (mean "
            "over the simulations).", 0.5, 1.0, "claim", "C10",
        ),
        Hypothesis(
            "soft over hard, many simulations",
            "With many simulations visit distributions win clearly.", 0.55, 1.0, "prediction",
        ),
        Hypothesis(
            "soft over hard, few simulations",
            "With few simulations visits hardly differ from the prior they came from, and the "
            "likeliest move alone moves the policy further: it wins.", 0.0, 0.5, "prediction",
        ),
        Hypothesis(
            "points only, soft over hard, many simulations",
            "With many simulations visit distributions win without passes too.",
            0.5, 1.0, "prediction",
        ),
        Hypothesis(
            "points only, soft over hard, few simulations",
            "With few simulations the likeliest move alone wins without passes too.",
            0.0, 0.5, "prediction",
        ),
        Hypothesis(
            "early passes, soft less hard, few simulations",
            "With few simulations the policy trained on visits stays flat, and its likeliest move "
            "is early on more often a pass.", 0.0, np.inf, "prediction",
        ),
        Hypothesis(
            "entropy of visits, few less many simulations",
            "Few visits cannot be spread over many moves: their entropy is smaller than that of "
            "many.",
            -np.inf, 0.0, "prediction",
        ),
        Hypothesis(
            "entropy of visits, end less beginning",
            "Visits become surer while the network learns.", -np.inf, -0.2, "prediction",
        ),
        Hypothesis(
            "entropy of the policy, soft less hard",
            "A policy trained on single moves is the surer one.", 0.1, np.inf, "prediction",
        ),
    ),
    config=SoftOrHardConfig,
    presets={
        "quick": SoftOrHardConfig(),
        "full": SoftOrHardConfig(
            size=5, moves=50_000, seeds=6, snapshots=4, games=200, anchor="uct:200",
        ),
        "tiny": SoftOrHardConfig(
            size=3, simulations=(2, 4), moves=300, seeds=1, snapshots=2, games=4, anchor="uct:2",
            entropy_games=2,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
