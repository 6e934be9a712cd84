"""Policies trained on visit distributions against the chosen move alone (claim C10)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
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
from algorithms.studies.estimates import mean_of, win_rate_of
from algorithms.studies.games import log_policy, play
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
    moves: int = Field(10_000, ge=100, description="played by each training")
    seeds: int = Field(6, ge=1, description="pairs of trainings for each number of simulations")
    snapshots: int = Field(4, ge=2, description="of each training that are measured")
    games: int = Field(120, ge=2, multiple_of=2, description="of soft against hard, a snapshot")
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
    spent: dict[str, list[float]] = {}
    for number, kind in enumerate(KINDS):
        run = _run(config, kind, simulations, seed)
        taken = train_in_cell(run, folder.part(0.4 * number, 0.4 * (number + 1)))
        taken = [taken[0], *pick_snapshots(taken, config.snapshots)]
        models[kind] = [load_weights(snapshot.path)[0] for snapshot in taken]
        spent[kind] = [snapshot.spent["env_steps"] for snapshot in taken]
    rules, anchor = run.game.rules(), make_agent(config.anchor)
    players = {kind: [PolicyAgent(model) for model in models[kind]] for kind in KINDS}
    places = range(1, len(players["soft"]))  # before training both are the same network
    pairs: list[tuple[Agent, Agent]] = [
        (players["soft"][place], players["hard"][place]) for place in places
    ]
    pairs += [(player, anchor) for kind in KINDS for player in players[kind]]
    rates = win_rates(pairs, rules, config.games, OPENING_MOVES, 1000 + seed, folder.part(0.8, 0.9))
    over_hard = [0.5, *rates[: len(places)]]
    against = np.reshape(rates[len(places) :], (len(KINDS), -1)).tolist()
    rows: list[Row] = []
    for number, kind in enumerate(KINDS):
        for place, model in enumerate(models[kind]):
            folder.tell(0.9 + 0.05 * (number + place / len(models[kind])), "entropies")
            rows.append({
                "simulations": simulations, "seed": seed, "kind": kind, "place": place,
                "moves": spent[kind][place],
                "soft_over_hard": over_hard[place], "against_anchor": against[number][place],
                **entropies(model, rules, simulations, config.entropy_games, seed),
            })  # fmt: skip
    return rows


def entropies(
    model: Model, rules: Rules, simulations: int, games: int, seed: int
) -> dict[str, float]:
    """Mean entropies, nats, of a search's visits and of the raw policy, over its own games.

    Returns:
        `target_entropy`, and `policy_entropy`.
    """
    search = Search(SearchConfig(simulations=simulations), NetworkEvaluator(model))
    played = play(model, rules, games, np.random.default_rng([seed, 7]), search=search)
    with torch.no_grad():
        log_pi = log_policy(
            model, torch.from_numpy(played.planes), torch.from_numpy(played.allowed)
        ).cpu()
    policy = log_pi.exp().numpy()
    return {"target_entropy": _entropy(played.target), "policy_entropy": _entropy(policy)}


def _entropy(policies: np.ndarray) -> float:
    return float(-(policies * np.log(np.maximum(policies, 1e-12))).sum(axis=1).mean())


def analyse(rows: Rows, config: SoftOrHardConfig) -> Findings:
    """Who wins, entropies, and their course."""
    last = rows.where(place=max(rows.column("place")))
    soft, hard = last.where(kind="soft"), last.where(kind="hard")
    few, many = min(config.simulations), max(config.simulations)

    def over_hard(part: Rows) -> Estimate:
        """Of the soft ones, the mean over simulations seed by seed."""
        seeds = part.groups("seed").values()
        rates = [float(mine.column("soft_over_hard").mean()) for mine in seeds]
        return win_rate_of(rates, config.games * len(part.values_of("simulations")))

    def by_seed(part: Rows, column: str) -> np.ndarray:
        return np.array([mine.column(column).mean() for mine in part.groups("seed").values()])

    visits = {n: by_seed(soft.where(simulations=n), "target_entropy") for n in (few, many)}
    begun = rows.where(place=0, kind="soft")
    measured = {
        "soft over hard": over_hard(soft),
        "soft over hard, few simulations": over_hard(soft.where(simulations=few)),
        "soft over hard, many simulations": over_hard(soft.where(simulations=many)),
        "entropy of visits, few less many simulations": mean_of(visits[few] - visits[many]),
        "entropy of visits, end less beginning": mean_of(
            by_seed(soft, "target_entropy") - by_seed(begun, "target_entropy")
        ),
        "entropy of the policy, soft less hard": mean_of(
            by_seed(soft, "policy_entropy") - by_seed(hard, "policy_entropy")
        ),
    }
    trained = Rows([row for row in rows if row["place"] > 0])
    winning = _lines(trained.where(kind="soft"), "soft_over_hard", config)
    strength = {
        f"{kind}, {name}": line
        for kind in KINDS
        for name, line in _lines(rows.where(kind=kind), "against_anchor", config).items()
    }
    spread = {
        f"{kind}, {name}": line
        for kind in KINDS
        for name, line in _lines(rows.where(kind=kind), "target_entropy", config).items()
    }
    label = "moves played in training"
    pictures = [
        Picture(
            "soft-over-hard", "Games that the raw policy trained on the whole visit distribution "
            "wins against the one trained on the likeliest move alone, by simulations of the "
            "search in training.",
            charts.line_chart(winning, label, "soft wins", height=4.0,
                              on_axes=charts.of_rates),
            charts.rows_of(winning, "moves", "rate"),
        ),
        Picture(
            "against-anchor", f"Games that raw policies win against {config.anchor}.",
            charts.line_chart(strength, label, f"wins against {config.anchor}", height=4.2,
                              on_axes=charts.of_rates),
            charts.rows_of(strength, "moves", "rate"),
        ),
        Picture(
            "entropy", "Entropy of the visits of a search by the trained network, in positions of "
            "its own games.",
            charts.line_chart(spread, label, "nats", height=4.2),
            charts.rows_of(spread, "moves", "nats"),
        ),
    ]  # fmt: skip
    sheet = []
    for count in sorted(config.simulations):
        one, two = soft.where(simulations=count), hard.where(simulations=count)
        rate = over_hard(one)
        sheet.append({
            "simulations": count, "soft over hard": rate.value, "low": rate.low, "high": rate.high,
            f"soft against {config.anchor}": one.column("against_anchor").mean(),
            f"hard against {config.anchor}": two.column("against_anchor").mean(),
            "entropy of visits, soft": one.column("target_entropy").mean(),
            "entropy of visits, hard": two.column("target_entropy").mean(),
            "entropy of policy, soft": one.column("policy_entropy").mean(),
            "entropy of policy, hard": two.column("policy_entropy").mean(),
        })  # fmt: skip
    caption = "The last snapshots, means over seeds; entropies in nats."
    return Findings(measured, pictures, [Sheet("last", caption, sheet)])


def _lines(rows: Rows, column: str, config: SoftOrHardConfig) -> charts.Series:
    """A column over the moves played, a line for each number of simulations."""
    is_rate = column != "target_entropy"
    lines: dict[str, tuple[list[float], list[Estimate]]] = {}
    for count in sorted(config.simulations):
        places = rows.where(simulations=count).groups("place").values()
        lines[f"{count} simulations"] = (
            [float(part.column("moves").mean()) for part in places],
            [
                win_rate_of(part.column(column).tolist(), config.games)
                if is_rate
                else mean_of(part.column(column))
                for part in places
            ],
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
            "soft over hard, many simulations",
            "With many simulations it does so clearly.", 0.55, 1.0, "prediction",
        ),
        Hypothesis(
            "soft over hard, few simulations",
            "With few simulations visits hardly differ from the prior they came from, and the "
            "likeliest move alone moves the policy further: hard wins.", 0.0, 0.5, "prediction",
        ),
        Hypothesis(
            "entropy of visits, few less many simulations",
            "So few visits cannot be spread over many moves: their entropy is smaller.",
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
            size=5, moves=30_000, seeds=6, snapshots=4, games=200, anchor="uct:200",
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
