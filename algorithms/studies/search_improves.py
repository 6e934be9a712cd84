"""What a search wins over the policy that guides it, before and after distilling (claim C8)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from pydantic import Field

from algorithms.budget import Budget
from algorithms.checkpoint import load_weights
from algorithms.model import Model, NetworkEvaluator
from algorithms.players import PlayConfig, network_agent
from algorithms.search import Search, SearchConfig
from algorithms.studies import charts
from algorithms.studies.data import Row, Rows
from algorithms.studies.distil import cross_entropy, distil, never_seen
from algorithms.studies.estimates import mean_of, win_rate_gain, win_rate_of
from algorithms.studies.games import early_passes, log_policy_in, play
from algorithms.studies.settings import (
    GUMBEL,
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
from algorithms.studies.trials import train_in_cell, win_rates
from goenv import Rules

WHEN = ("before", "after")
# From both sides of each opening a policy wins half of its games against itself.
AGAINST_ITSELF = Estimate(0.5, 0.5, 0.5)


class ImprovesConfig(StudyConfig):
    """Settings."""

    size: Size = Field(4, description="board")
    flops: float = Field(8e11, gt=0, description="of each training")
    seeds: int = Field(6, ge=1, description="trainings")
    stages: int = Field(2, ge=1, description="of training, beside the untrained network")
    simulations: Simulations = Field(
        (4, 16, 64, 256), min_length=2, description="on the curve, beside none"
    )
    games: int = Field(50, ge=2, multiple_of=2, description="of each point of a curve")
    start_games: int | None = Field(
        None,
        ge=2,
        multiple_of=2,
        description="of its start, without search, which cost little; none: as many as the others",
    )
    distilled: int = Field(256, ge=2, description="simulations of the search that is distilled")
    distil_games: int = Field(50, ge=5, description="whose positions are searched")
    epochs: float = Field(20, gt=0, description="of distilling")

    @property
    def of_start(self) -> int:
        """Games of the start of a curve."""
        return self.games if self.start_games is None else self.start_games


def cells(config: ImprovesConfig) -> dict[str, dict[str, Any]]:
    """A cell for each training."""
    check_openings(config.size, max(config.games, config.of_start))
    return {f"seed{seed}": {"seed": seed} for seed in range(config.seeds)}


def measure(config: ImprovesConfig, folder: CellFolder, seed: int) -> list[Row]:
    """Train; at each stage distil a search into a copy of the network; play both curves."""
    learner = {"search": {"simulations": 16, **GUMBEL}}
    budget = Budget(flops=config.flops)
    run = alphazero_run("run", config.size, budget, seed, config.stages, learner)
    taken = train_in_cell(run, folder.part(0, 0.2))
    rules, rows = run.game.rules(), list[Row]()
    for stage, snapshot in enumerate(taken):
        part = folder.part(*(0.2 + 0.8 * (stage + k) / len(taken) for k in (0, 1)))
        rng = np.random.default_rng([seed, stage])
        before = load_weights(snapshot.path)[0]
        search = Search(SearchConfig(simulations=config.distilled), NetworkEvaluator(before))
        telling = part.part(0, 0.4).tell
        played = play(before, rules, config.distil_games, rng, search=search, tell=telling)
        learned = range(config.distil_games * 4 // 5)
        held_back = never_seen(played, learned)
        part.tell(0.4, f"stage {stage}: distilling")
        after = distil(before, played, learned, config.epochs, rng)
        curves = measure_curves(before, after, rules, config, seed, part.part(0.5, 1))
        for when, model in zip(WHEN, (before, after), strict=True):
            held = cross_entropy(model, played, held_back)
            passes = early_passes(log_policy_in(model, played), played)
            for count, rate in zip((0, *config.simulations), curves[when], strict=True):
                rows.append({
                    "seed": seed, "stage": stage, "flops": snapshot.spent["flops"], "when": when,
                    "simulations": count, "rate": rate, "held_back": held,
                    "passes": passes, "positions": len(played.game),
                    "held_back_positions": int(held_back.sum()),
                })  # fmt: skip
    return rows


def measure_curves(
    before: Model, after: Model, rules: Rules, config: ImprovesConfig, seed: int, folder: CellFolder
) -> dict[str, list[float]]:
    """Win rates against the raw policy of `before`, without search and with more and more of it."""

    def player(model: Model, count: int) -> Any:
        return network_agent(model, PlayConfig(simulations=count), "")

    raw = player(before, 0)
    drawn, first, then = 1000 + seed, folder.part(0, 0.1), folder.part(0.1, 1)
    start = win_rates(
        [(player(after, 0), raw)], rules, config.of_start, OPENING_MOVES, drawn, first
    )
    pairs = [
        (player(model, count), raw) for model in (before, after) for count in config.simulations
    ]
    rates = win_rates(pairs, rules, config.games, OPENING_MOVES, drawn, then)
    searched = len(config.simulations)
    return {
        "before": [AGAINST_ITSELF.value, *rates[:searched]],
        "after": [*start, *rates[searched:]],
    }


def worst_step(curves: np.ndarray, games: int) -> Estimate:
    """The least that a win rate gains from one point of its curve to the next.

    The smallest value, lower end and upper end of all steps: if the lower end lies above some
    number, every step's does.

    Args:
        curves: win rates [seeds, n].
        games: behind each win rate.
    """
    steps = [
        win_rate_gain(after.tolist(), before.tolist(), games)
        for before, after in pairwise(curves.T)
    ]
    return Estimate(
        min(each.value for each in steps),
        min(each.low for each in steps),
        min(each.high for each in steps),
    )


def doublings_saved(curve: np.ndarray, simulations: Sequence[int], start: float) -> float:
    """log2(1 + n) for the n simulations at which a curve first reaches a win rate.

    Args:
        curve: win rates [n], the first without search.
        simulations: of each.
        start: the win rate; beyond the curve's highest point the most simulations are meant.
    """
    x, climbed = np.log2(1 + np.asarray(simulations)), np.maximum.accumulate(curve)
    if start >= climbed[-1]:
        return float(x[-1])
    place = int(np.argmax(climbed > start))
    if place == 0:
        return 0.0
    low, high = climbed[place - 1], climbed[place]
    return float(x[place - 1] + (x[place] - x[place - 1]) * (start - low) / (high - low))


def analyse(rows: Rows, config: ImprovesConfig) -> Findings:
    """Both curves at each stage, and how far distilling lifts them."""
    counts = (0, *config.simulations)
    games = {count: config.games if count else config.of_start for count in counts}
    stages = sorted(rows.values_of("stage"))
    first, last = stages[0], stages[-1]
    shape = (config.seeds, len(stages), len(counts))

    def table(when: str) -> np.ndarray:
        """Win rates [seeds, stages, simulations]."""
        return rows.where(when=when).column("rate").reshape(shape)

    before, after = table("before"), table("after")
    pooled = config.games * len(stages)
    starts = {stage: win_rate_of(after[:, stage, 0].tolist(), config.of_start) for stage in stages}
    saved = [
        doublings_saved(curve, counts, start)
        for curve, start in zip(before[:, last], after[:, last, 0], strict=True)
    ]
    curves = before.mean(axis=1)
    held = rows.where(simulations=0, stage=last)

    def gain_of_searches(some: list[int]) -> Estimate:
        """What searches win more after distilling, in the mean over their simulations."""
        above, below = (curve[:, some, 1:].mean(axis=(1, 2)).tolist() for curve in (after, before))
        return win_rate_gain(above, below, config.games * len(some) * len(config.simulations))

    measured = {
        "climb": win_rate_of(curves[:, -1].tolist(), pooled),
        "worst step": worst_step(curves, pooled),
        "start": win_rate_of(
            after[:, :, 0].mean(axis=1).tolist(), config.of_start * len(stages)
        ),
        "lift": gain_of_searches(stages),
        "last step less first step": mean_of(
            (curves[:, -1] - curves[:, -2]) - (curves[:, 1] - curves[:, 0])
        ),
        "start, untrained": starts[first],
        "start, trained": starts[last],
        "start, untrained less trained": win_rate_gain(
            after[:, first, 0].tolist(), after[:, last, 0].tolist(), config.of_start
        ),
        "doublings saved, trained": mean_of(saved),
        "lift at the most simulations, trained": win_rate_gain(
            after[:, last, -1].tolist(), before[:, last, -1].tolist(), config.games
        ),
        "cross-entropy, after less before": mean_of(
            held.where(when="after").column("held_back")
            - held.where(when="before").column("held_back")
        ),
    }  # fmt: skip
    pictures, sheet, remarks = [], [], list[str]()
    for stage in stages:
        spent = rows.where(stage=stage).column("flops").mean()
        lines = {
            when: (
                [1.0 + count for count in counts],
                [win_rate_of(curve[:, stage, i].tolist(), games[count])
                 for i, count in enumerate(counts)],
            )
            for when, curve in zip(WHEN, (before, after), strict=True)
        }  # fmt: skip
        lines["before"][1][0] = AGAINST_ITSELF
        state = f"after {spent:.1e} FLOPs of training" if stage else "untrained"
        pictures.append(
            Picture(
                f"curve-{stage}", f"Network {state}: games won against its raw policy by a search "
                f"of n simulations, before and after {config.distilled} simulations were "
                "distilled into it.",
                charts.line_chart(lines, "1 + n simulations", "games won", log_x=True, height=3.2,
                                  on_axes=charts.of_rates),
                charts.rows_of(lines, "1 + simulations", "rate"),
            )
        )  # fmt: skip
        here = rows.where(stage=stage, simulations=0)
        sheet.append({
            "stage": state, "raw policy after": starts[stage].value, "low": starts[stage].low,
            "high": starts[stage].high,
            "search before": before[:, stage, 1:].mean(),
            "search after": after[:, stage, 1:].mean(),
            "gain of searches": str(gain_of_searches([stage])),
            "cross-entropy before": here.where(when="before").column("held_back").mean(),
            "cross-entropy after": here.where(when="after").column("held_back").mean(),
            "positions": here.column("positions").mean(),
            "held back": here.column("held_back_positions").mean(),
            "passes before": here.where(when="before").column("passes").mean(),
            "passes after": here.where(when="after").column("passes").mean(),
        })  # fmt: skip
        remarks += remarks_on_passes(rows, stage, state, config)
    if len(stages) > 2:
        later = stages[1:]
        start = win_rate_of(after[:, later, 0].mean(axis=1).tolist(), config.of_start * len(later))
        remarks.append(
            f"Without the untrained network the raw policy of after wins {start}, and searches win "
            f"{gain_of_searches(later)} more."
        )
    caption = (
        "Games won against the raw policy of before, without search and in the mean over all "
        "numbers of simulations, and what searches gain; cross-entropy, nats, with the search's "
        "targets in positions held back; share of early positions in which the raw policy's "
        "likeliest move is a pass."
    )
    return Findings(measured, pictures, [Sheet("stages", caption, sheet)], remarks)


def remarks_on_passes(rows: Rows, stage: int, state: str, config: ImprovesConfig) -> list[str]:
    """What a stage comes to without the networks whose raw policy mostly passes, if there are any.

    Against such an opponent any search wins, and so does whoever has learned not to pass. Whoever
    has learned to pass loses for it.
    """
    here = rows.where(stage=stage, simulations=0)
    told = []
    learned = float(here.where(when="after").column("passes").mean())
    if learned > 0.5:
        told.append(
            f"Network {state}: after distilling the likeliest move is a pass in {learned:.0%} of "
            "early positions, so that its win rate tells who passes as much as who plays better."
        )
    passes = {row["seed"]: row["passes"] for row in here.where(when="before")}
    passing = [seed for seed, share in passes.items() if share > 0.5]
    if not passing:
        return told
    kept = [row["rate"] for row in here.where(when="after") if row["seed"] not in passing]
    said = (
        f"Network {state}: the raw policy of {len(passing)} of {len(passes)} seeds mostly wants to "
        "pass in early positions, and loses to whoever does not"
    )
    if len(kept) < 2:
        return [*told, said + "."]
    rate = win_rate_of(kept, config.of_start)
    return [*told, f"{said}. Without them the raw policy of after wins {rate}."]


STUDY = Study(
    name="search-improves",
    axes=("simulations", "stage of training, before and after distilling", "win rate"),
    claims=("C8",),
    hypotheses=(
        Hypothesis(
            "climb",
            "Win rate grows with simulations: the most of them beat the raw policy (mean over the "
            "stages).", 0.5, 1.0, "claim", "C8",
        ),
        Hypothesis(
            "worst step",
            "Win rate grows monotonically with simulations: from one number of simulations to the "
            "next it nowhere falls "
            "by more than 0.05 (mean over the stages).", -0.05, np.inf, "claim", "C8",
        ),
        Hypothesis(
            "start",
            "Distilling the search makes the curve start higher: the raw policy of after beats "
            "that of before (mean over the stages).", 0.5, 1.0, "claim", "C8",
        ),
        Hypothesis(
            "lift",
            "The whole curve lies higher: what search wins more after distilling (mean over "
            "simulations and stages).", 0.0, np.inf, "claim", "C8",
        ),
        Hypothesis(
            "last step less first step", "The first simulations win the most.", -np.inf, 0.0,
            "prediction",
        ),
        Hypothesis(
            "start, untrained", "Distilling puts much into an untrained network.", 0.6, 1.0,
            "prediction",
        ),
        Hypothesis(
            "start, trained",
            "Distilling puts less into a trained network, which holds much of it already.",
            0.5, 0.8,
            "prediction",
        ),
        Hypothesis(
            "start, untrained less trained", "The lift of the start shrinks with training.",
            0.0, np.inf, "prediction",
        ),
        Hypothesis(
            "doublings saved, trained",
            "The distilled raw policy plays as well as two simulations or more did: "
            "log2(1 + n) for the n of the old curve that wins as much.", 1.5, np.inf, "prediction",
        ),
        Hypothesis(
            "lift at the most simulations, trained",
            "Distilling hardly moves the far end of the curve.", -0.1, 0.1, "prediction",
        ),
        Hypothesis(
            "cross-entropy, after less before",
            "What is distilled carries over to positions that were held back, nats.",
            -np.inf, 0.0, "prediction",
        ),
    ),
    config=ImprovesConfig,
    presets={
        "quick": ImprovesConfig(start_games=200),
        "full": ImprovesConfig(
            size=5, flops=5e12, simulations=(4, 16, 64, 256, 1024, 4096), games=24,
            distilled=1024, distil_games=80, start_games=200,
        ),
        "tiny": ImprovesConfig(
            size=3, flops=2e9, seeds=1, stages=1, simulations=(2, 8), games=4, distilled=8,
            distil_games=5, epochs=2,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
