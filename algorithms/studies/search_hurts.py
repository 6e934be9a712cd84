"""Where a search plays worse than the policy that guides it: values without ends (claim C5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field, model_validator

from algorithms.budget import Budget
from algorithms.checkpoint import load_weights
from algorithms.model import Model, observe
from algorithms.players import PlayConfig, network_agent
from algorithms.registry import make_agent
from algorithms.studies import charts
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import mean_of, win_rate_gain, win_rate_of
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
from algorithms.studies.thirds import THIRDS, mean_by_thirds
from algorithms.studies.trials import metric_between, train_in_cell, win_rates
from baselines.agent import Agent
from baselines.arena import play_games
from baselines.openings import make_openings
from goenv import GoBatch, Rules

MEASURES = ("length", "conceded")
NONE, SOME, ALL = 0.0, 0.1, 1.0  # shares of games played out that the hypotheses name
_LEARNED = 16  # simulations of the searches that are learned from


class HurtsConfig(StudyConfig):
    """Settings."""

    size: Size = Field(4, description="board")
    flops: float = Field(1.2e12, gt=0, description="of each training")
    seeds: int = Field(6, ge=1, description="trainings of each kind")
    played_out: tuple[float, ...] = Field(
        (0.0, 0.1, 1.0), description="shares of games in which nobody resigns; these three at least"
    )
    threshold: float = Field(
        0.1, gt=0, le=1, description="a side valued below minus this resigns, uncalibrated"
    )
    capacity: int = Field(4_000, ge=1, description="positions in the replay buffer: what is rare "
                          "in new games soon is in no game")  # fmt: skip
    simulations: Simulations = Field((4, 16, 64, 256), description="of the search that plays")
    games: int = Field(50, ge=2, multiple_of=2, description="against the raw policy, each")
    anchor: str = Field("uct:100", description="whom search and raw policy meet as well")
    referee: str = Field("uct:100", description="from whose games the positions for values are")
    referee_games: int = Field(40, ge=2, multiple_of=2)

    @model_validator(mode="after")
    def _comparable(self) -> HurtsConfig:
        shares = self.played_out
        if not {NONE, SOME, ALL} <= set(shares) or not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"played_out: shares with 0, 0.1 and 1 among them, got {list(shares)}")
        if len({round(100 * share) for share in shares}) < len(shares):
            raise ValueError("played_out: shares must differ by a whole per cent")
        return self


def cells(config: HurtsConfig) -> dict[str, dict[str, Any]]:
    """A cell for each share and seed."""
    check_openings(config.size, max(config.games, config.referee_games))
    return {
        f"out{round(100 * share)}-seed{seed}": {"share": share, "seed": seed}
        for seed in range(config.seeds)
        for share in config.played_out
    }


def measure(config: HurtsConfig, folder: CellFolder, share: float, seed: int) -> list[Row]:
    """Train with resignation; play search against raw policy; hold values against outcomes."""
    learner = {
        "search": {"simulations": _LEARNED, **GUMBEL},
        "self_play": {
            "games": 128, "resign": True, "concede_below": config.threshold, "played_out": share,
        },
        "replay_capacity": config.capacity,
    }  # fmt: skip
    run = alphazero_run("run", config.size, Budget(flops=config.flops), seed, 2, learner)
    *_, middle, last = train_in_cell(run, folder.part(0, 0.6))
    model, rules = load_weights(last.path)[0], run.game.rules()
    counts = sorted({*config.simulations, _LEARNED})
    raw = network_agent(model, PlayConfig(), "")
    searches = [network_agent(model, PlayConfig(simulations=count), "") for count in counts]
    anchor = make_agent(config.anchor)
    pairs: list[tuple[Agent, Agent]] = [(search, raw) for search in searches]
    pairs += [(player, anchor) for player in (raw, *searches)]
    rates = win_rates(
        pairs, rules, config.games, OPENING_MOVES, 1000 + seed, folder.part(0.6, 0.95)
    )
    over_raw, against = [0.5, *rates[: len(counts)]], rates[len(counts) :]
    folder.tell(0.95, "errors of values")
    errors = value_errors(model, rules, config.referee, config.referee_games)
    home = folder.path / run.name
    training = {
        name: metric_between(home, name, middle.step, last.step) for name in MEASURES
    }  # of the second half
    return [
        {
            "played_out": share, "seed": seed, "simulations": count, "over_raw": over,
            "against_anchor": rate, **errors, **training, "moves": last.spent["env_steps"],
        }
        for count, over, rate in zip((0, *counts), over_raw, against, strict=True)
    ]  # fmt: skip


def value_errors(model: Model, rules: Rules, referee: str, games: int) -> dict[str, float]:
    """Mean squared errors of a network's win probability in each third of games of others.

    Always saying one half has an error of 0.25. Each game counts alike.

    Args:
        model: the network.
        rules: of the games.
        referee: who plays them, against itself and to the end.
        games: how many; the same for every network.
    """
    players = make_agent(referee), make_agent(referee)
    players[1].name = f"{referee} (second)"
    openings = make_openings(games // 2, OPENING_MOVES, rules, 77)
    records = play_games(*players, rules, openings, np.random.default_rng(77))
    batch = GoBatch(len(records), rules)
    errors = np.full((len(records), max(len(each.moves) for each in records)), np.nan)
    winners = np.sign([record.score for record in records])
    for ply in range(errors.shape[1]):
        running = np.flatnonzero(~batch.done)
        values = model.evaluate(observe(batch, running))[1]
        outcome = winners[running] * batch.to_play[running]
        errors[running, ply] = ((values - outcome) / 2) ** 2
        moves = [record.moves[min(ply, len(record.moves) - 1)] for record in records]
        batch.step(np.array(moves))
    return mean_by_thirds(
        [
            row[record.opening_moves : len(record.moves)]
            for row, record in zip(errors, records, strict=True)
        ]
    )


def analyse(rows: Rows, config: HurtsConfig) -> Findings:
    """Search over raw policy, and errors of values, for each share of games played out."""
    counts = sorted({*config.simulations, _LEARNED})
    most = counts[-1]

    def rates(share: float, count: int, column: str = "over_raw") -> list[float]:
        return rows.where(played_out=share, simulations=count).column(column).tolist()

    def late(share: float) -> np.ndarray:
        return rows.where(played_out=share, simulations=0).column("late_error")

    measured = {
        "search over raw, none played out": win_rate_of(rates(NONE, _LEARNED), config.games),
        "search over raw, a tenth played out": win_rate_of(rates(SOME, _LEARNED), config.games),
        "repair": win_rate_gain(rates(SOME, _LEARNED), rates(NONE, _LEARNED), config.games),
        "search over raw, none played out, most simulations": win_rate_of(
            rates(NONE, most), config.games
        ),
        "late error, none less all played out": mean_of(late(NONE) - late(ALL)),
        "late error, a tenth less all played out": mean_of(late(SOME) - late(ALL)),
        "strength, a tenth less none played out": win_rate_gain(
            rates(SOME, most, "against_anchor"), rates(NONE, most, "against_anchor"), config.games
        ),
        "length of games, none over all played out": mean_of(
            rows.where(played_out=NONE, simulations=0).column("length")
            / rows.where(played_out=ALL, simulations=0).column("length")
        ),
    }
    over_raw = _lines(config, counts, rates)
    against = _lines(config, [0, *counts], lambda s, n: rates(s, n, "against_anchor"))
    by_third: dict[str, tuple[list[float], list[Estimate]]] = {
        f"{share:.0%} played out": (
            [1.0, 2.0, 3.0],
            [
                mean_of(rows.where(played_out=share, simulations=0).column(f"{third}_error"))
                for third in THIRDS
            ],
        )
        for share in config.played_out
    }
    pictures = [
        Picture(
            "over-raw", "Games that a search of n simulations wins against the raw policy of the "
            "same network, by the share of training games that were played out.",
            charts.line_chart(over_raw, "simulations", "search wins", log_x=True,
                              on_axes=charts.of_rates),
            charts.rows_of(over_raw, "simulations", "rate"),
        ),
        Picture(
            "value-errors", f"Mean squared error of the win probability in games of "
            f"{config.referee}; knowing nothing is worth 0.25.",
            charts.line_chart(by_third, "third of the game", "squared error",
                              on_axes=charts.of_thirds),
            charts.rows_of(by_third, "third", "error"),
        ),
        Picture(
            "against-anchor", f"Games won against {config.anchor}.",
            charts.line_chart(against, "1 + simulations", "wins", log_x=True,
                              on_axes=charts.of_rates),
            charts.rows_of(against, "1 + simulations", "rate"),
        ),
    ]  # fmt: skip
    sheet = []
    for share in config.played_out:
        mine = rows.where(played_out=share, simulations=0)
        rate = win_rate_of(rates(share, _LEARNED), config.games)
        sheet.append({
            "played out": f"{share:.0%}", f"search over raw, {_LEARNED} simulations": rate.value,
            "low": rate.low, "high": rate.high,
            **{f"{third} error": mine.column(f"{third}_error").mean() for third in THIRDS},
            "moves of a training game": mine.column("length").mean(),
            "resigned": mine.column("conceded").mean(),
            "moves played": mine.column("moves").mean(),
        })  # fmt: skip
    caption = (
        "Means over seeds. Errors are of win probabilities; moves of a game and the share of "
        "games that were resigned are of the second half of the training."
    )
    return Findings(measured, pictures, [Sheet("shares", caption, sheet)])


def _lines(config: HurtsConfig, counts: list[int], rates: Any) -> charts.Series:
    """Win rates over simulations, a line for each share."""
    begun = 1 if 0 in counts else 0
    return {
        f"{share:.0%} played out": (
            [float(begun + count) for count in counts],
            [win_rate_of(rates(share, count), config.games) for count in counts],
        )
        for share in config.played_out
    }


STUDY = Study(
    name="search-hurts",
    axes=("share of games played out", "simulations", "win rate over the raw policy, value error"),
    claims=("C5",),
    parent="search-improves",
    hypotheses=(
        Hypothesis(
            "search over raw, none played out",
            "Where lost games are resigned and none is played out, values of late positions rot, "
            f"and a search ({_LEARNED} simulations) plays worse than its raw policy.",
            0.0, 0.5, "claim", "C5",
        ),
        Hypothesis(
            "search over raw, a tenth played out",
            "With a tenth of the games played out a search plays better than its raw policy.",
            0.5, 1.0, "claim", "C5",
        ),
        Hypothesis(
            "repair", "A tenth of the games played out makes search win more.",
            0.0, np.inf, "claim", "C5",
        ),
        Hypothesis(
            "late error, none less all played out",
            "Values learned without late positions misjudge those by much more.",
            0.05, np.inf, "prediction",
        ),
        Hypothesis(
            "late error, a tenth less all played out",
            "A tenth of the games is enough for sound values at the end.",
            -0.05, 0.05, "prediction",
        ),
        Hypothesis(
            "search over raw, none played out, most simulations",
            "On a small board many simulations reach the ends of games, whose outcome is exact: "
            "search wins even with rotten values.", 0.5, 1.0, "prediction",
        ),
        Hypothesis(
            "strength, a tenth less none played out",
            "The search of whoever saw the ends wins more against a common opponent.",
            0.0, np.inf, "prediction",
        ),
        Hypothesis(
            "length of games, none over all played out",
            "Resigned games are not half as long.", -np.inf, 0.5, "prediction",
        ),
    ),
    config=HurtsConfig,
    presets={
        "quick": HurtsConfig(),
        "full": HurtsConfig(
            size=5, flops=2.5e12, seeds=6, capacity=10_000, simulations=(4, 16, 64, 256),
            games=100, anchor="uct:400", referee="uct:400", referee_games=100,
        ),
        "tiny": HurtsConfig(
            size=3, flops=3e9, seeds=1, simulations=(4,), games=4, anchor="uct:2",
            referee="uct:4", referee_games=4, capacity=300,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
