"""A sound policy searched with values from few games, some cut short: when search hurts (C5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from algorithms.config import ConfigError
from algorithms.evaluator import Evaluator
from algorithms.home_game import home_game
from algorithms.model import Model, NetworkEvaluator
from algorithms.networks import NetworkConfig
from algorithms.players import PolicyAgent, SearchAgent
from algorithms.search import Search, SearchConfig
from algorithms.studies import charts
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import mean_of, win_rate_gain, win_rate_of
from algorithms.studies.games import PlayedGames, fit_values, make_policy, play, values_of
from algorithms.studies.settings import GUMBEL, NETWORK, OPENING_MOVES, Simulations, check_openings
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
from algorithms.studies.trials import win_rates
from algorithms.studies.two_networks import TwoNetworks
from goenv import Rules

SHARES = (0.0, 0.1, 1.0)
"""Shares of games played out."""
NONE, SOME, ALL = SHARES
SEARCHES: dict[str, dict[str, Any]] = {"Gumbel": {**GUMBEL, "gumbel_scale": 0.0}, "PUCT": {}}
"""Gumbel plays what values prefer among likely moves; PUCT what was visited most."""
_OWN = -1.0  # stands for the values of the policy's own network, which are sound


class UnsoundConfig(StudyConfig):
    """Settings."""

    policy: str = Field("az:5", description="a player whose policy guides every search")
    fitted_games: Simulations = Field((30, 300), description="from which values are learned")
    threshold: float = Field(
        0.5, gt=0, le=1, description="a side that its own network values below minus this resigns"
    )
    value_steps: int = Field(300, ge=1, description="of training, 256 positions each")
    held_back: int = Field(200, ge=2, description="further games, for the errors of values")
    seeds: int = Field(6, ge=1, description="sets of games")
    simulations: Simulations = Field((16, 64), description="of the searches")
    games: int = Field(40, ge=2, multiple_of=2, description="against the raw policy, each")


def rules_of(policy: str) -> Rules:
    """Those under which a player learned.

    Raises:
        ConfigError: it is not known to have learned any game.
    """
    game = home_game(policy)
    if game is None:
        raise ConfigError(f"policy: {policy} is no trained player, such as az:5 or runs/NAME")
    return game.rules()


def cells(config: UnsoundConfig) -> dict[str, dict[str, Any]]:
    """A cell for each number of games and seed; it has all shares, of the same games."""
    check_openings(rules_of(config.policy).size, config.games)
    return {
        f"games{count}-seed{seed}": {"fitted": count, "seed": seed}
        for seed in range(config.seeds)
        for count in config.fitted_games
    }


def cut_short(
    played: PlayedGames, values: np.ndarray, threshold: float, played_out: np.ndarray
) -> PlayedGames:
    """What is left of games in which who thinks the game lost resigns.

    Args:
        played: whole games.
        values: float [M], of the positions for whoever is to move.
        threshold: a side that is valued below minus this resigns, and loses.
        played_out: bool [G], games in which nobody may resign.

    Returns:
        The same games; the positions after a resignation are gone, that in which a side resigns is
        the last. `outcome` is the result. `length` and `lead` stay those of whole games.
    """
    resigned = (values < -threshold) & ~played_out[played.game]
    outcome = played.outcome.copy()
    last = played.length.copy()
    for move in np.flatnonzero(resigned)[::-1]:  # the first one of each game is what counts
        game = played.game[move]
        last[game], outcome[game] = played.at[move], -played.colour[move]
    left = played.at <= last[played.game]
    moves = ("planes", "game", "at", "action", "colour", "allowed", "target")
    return replace(played, outcome=outcome, **{name: getattr(played, name)[left] for name in moves})


def errors_by_third(values: np.ndarray, played: PlayedGames) -> dict[str, float]:
    """Mean squared errors of win probabilities by thirds of games; always a half has 0.25.

    Args:
        values: float [M], of the positions for whoever is to move, -1 to 1.
        played: whole games.
    """
    outcome = played.colour * played.outcome[played.game]
    errors = ((values - outcome) / 2) ** 2
    return mean_by_thirds([errors[played.moves_of(game)] for game in range(len(played.length))])


def measure(config: UnsoundConfig, folder: CellFolder, fitted: int, seed: int) -> list[Row]:
    """Fit values to games with each share played out; let all searches meet the raw policy."""
    rules, model = rules_of(config.policy), make_policy(config.policy)
    rng = np.random.default_rng([fitted, seed])
    played = play(model, rules, fitted, rng, opening=OPENING_MOVES)
    held_back = play(
        model, rules, config.held_back, np.random.default_rng(seed), opening=OPENING_MOVES
    )
    own, place = values_of(model, played), rng.permutation(fitted)
    found: dict[float, tuple[Evaluator, Row]] = {
        _OWN: (NetworkEvaluator(model), {"positions": 0, "loss": 0.0})
    }
    nets = {_OWN: model}
    for number, share in enumerate(SHARES):
        whole = place < max(round(share * fitted), share > 0)
        left = cut_short(played, own, config.threshold, whole)
        nets[share] = Model(NetworkConfig(**NETWORK), seed)
        loss = fit_values(nets[share], left, config.value_steps, rng, batch_size=256)
        about = {"positions": len(left.game), "loss": loss}
        found[share] = (TwoNetworks(model, nets[share]), about)
        folder.tell(0.1 * (number + 1), "values learned")
    raw = PolicyAgent(model, 0.0, "")
    searches = {
        (share, root, count): SearchAgent(
            Search(SearchConfig(simulations=count, **kind), evaluator), 0.0, ""
        )
        for share, (evaluator, _) in found.items()
        for root, kind in SEARCHES.items()
        for count in config.simulations
    }
    pairs = [(search, raw) for search in searches.values()]
    rates = win_rates(
        pairs, rules, config.games, OPENING_MOVES, 1000 + seed, folder.part(0.3, 0.95)
    )
    folder.tell(0.95, "errors of values")
    errors = {
        share: errors_by_third(values_of(net, held_back), held_back) for share, net in nets.items()
    }
    return [
        {"fitted": fitted, "seed": seed, "played_out": share, "root": root, "simulations": count,
         "over_raw": rate, **found[share][1], **errors[share]}
        for (share, root, count), rate in zip(searches, rates, strict=True)
    ]  # fmt: skip


_MANY = 300  # games, at most, in what is said of many


def _name(share: float) -> str:
    return "its own values" if share == _OWN else f"{share:.0%} played out"


def analyse(rows: Rows, config: UnsoundConfig) -> Findings:
    """Win rates over the raw policy, and errors of values, by games and share played out."""
    few = config.fitted_games[0]
    many = max(count for count in config.fitted_games if count <= max(few, _MANY))
    most = config.simulations[-1]

    def rates(
        share: float, fitted: int = few, root: str = "Gumbel", count: int = most
    ) -> list[float]:
        part = rows.where(played_out=share, fitted=fitted, root=root, simulations=count)
        return part.column("over_raw").tolist()

    def rate(share: float, *which: Any) -> Estimate:
        return win_rate_of(rates(share, *which), config.games)

    def pooled(share: float, root: str = "Gumbel") -> Estimate:
        by_seed = np.mean([rates(share, fitted, root) for fitted in config.fitted_games], axis=0)
        return win_rate_of(by_seed.tolist(), config.games * len(config.fitted_games))

    def errors(share: float, fitted: int, third: str) -> np.ndarray:
        part = rows.where(played_out=share, fitted=fitted, root="Gumbel", simulations=most)
        return part.column(f"{third}_error")

    measured = {
        "few games, none played out": rate(NONE),
        "few games, a tenth played out": rate(SOME),
        "repair, few games": win_rate_gain(rates(SOME), rates(NONE), config.games),
        "repair, many games": win_rate_gain(rates(SOME, many), rates(NONE, many), config.games),
        "many games, all played out": rate(ALL, many),
        "any number of games, none played out": pooled(NONE),
        "own values": rate(_OWN),
        "few games, none played out, PUCT": rate(NONE, few, "PUCT"),
        "late error, few games, none less a tenth played out": mean_of(
            errors(NONE, few, "late") - errors(SOME, few, "late")
        ),
        "late error, few games, a tenth less all played out": mean_of(
            errors(SOME, few, "late") - errors(ALL, few, "late")
        ),
    }
    pictures = []
    for root in SEARCHES:
        by_games: dict[str, tuple[list[float], list[Estimate]]] = {
            _name(share): (
                [float(fitted) for fitted in config.fitted_games],
                [rate(share, fitted, root) for fitted in config.fitted_games],
            )
            for share in (_OWN, *SHARES)
        }
        pictures.append(
            Picture(
                f"over-raw-{root.lower()}", f"Games that a {root} search of {most} simulations "
                f"wins against the raw policy of {config.policy} that guides it, over the games "
                "from which its values were learned.",
                charts.line_chart(by_games, "games", "search wins", log_x=True,
                                  on_axes=charts.of_rates),
                charts.rows_of(by_games, "games", "rate"),
            )
        )  # fmt: skip
    by_third: dict[str, tuple[list[float], list[Estimate]]] = {
        _name(share): (
            [1.0, 2.0, 3.0], [mean_of(errors(share, few, third)) for third in THIRDS]
        )
        for share in (_OWN, *SHARES)
    }  # fmt: skip
    pictures.append(
        Picture(
            "value-errors", f"Mean squared error of the win probability in further games of the "
            f"policy, by thirds of a game; values from {few} games. Knowing nothing is worth 0.25.",
            charts.line_chart(by_third, "third of the game", "squared error",
                              on_axes=charts.of_thirds),
            charts.rows_of(by_third, "third", "error"),
        )
    )  # fmt: skip
    table = []
    for fitted in config.fitted_games:
        for share in (_OWN, *SHARES):
            mine = rows.where(fitted=fitted, played_out=share)
            table.append({
                "games": fitted, "values": _name(share),
                "positions": "–" if share == _OWN else mine.column("positions").mean(),
                **{f"{root}, {count}": rate(share, fitted, root, count).value
                   for root in SEARCHES for count in config.simulations},
                **{f"{third} error": errors(share, fitted, third).mean()
                   for third in THIRDS},
            })  # fmt: skip
    caption = (
        "Means over seeds: positions from which values were learned, games that each search wins "
        "against the raw policy, by root and simulations, and errors of win probabilities."
    )
    shares = [
        {"values": _name(share),
         **{f"{root}, {most}": str(pooled(share, root)) for root in SEARCHES}}
        for share in SHARES
    ]  # fmt: skip
    together = (
        f"Games that each search of {most} simulations wins against the raw policy, in the mean "
        "over the numbers of games that its values were learned from, with 95 % intervals over "
        "sets of games."
    )
    return Findings(
        measured, pictures, [Sheet("values", caption, table), Sheet("shares", together, shares)]
    )


_ONE_SET = "after a look at one set of games"

STUDY = Study(
    name="unsound-values",
    axes=("games, share played out", "root, simulations", "win rate over the raw policy"),
    claims=("C5",),
    parent="search-hurts",
    hypotheses=(
        Hypothesis(
            "few games, none played out",
            "Guided by a good policy, with values from few games that were all cut short, a search "
            "plays worse than the policy alone.", 0.0, 0.5, "claim", "C5", _ONE_SET,
        ),
        Hypothesis(
            "few games, a tenth played out",
            "Guided by a good policy, with values from few games of which a tenth were played out, "
            "a search plays better than the policy alone.", 0.5, 1.0, "claim", "C5", _ONE_SET,
        ),
        Hypothesis(
            "repair, few games", "A tenth of few games played out makes a search win more.",
            0.0, np.inf, "claim", "C5", _ONE_SET,
        ),
        Hypothesis(
            "repair, many games",
            "Of many games, cut or not, enough positions are near the end: a tenth played out "
            "changes little.", -0.1, 0.1, "prediction", seen=_ONE_SET,
        ),
        Hypothesis(
            "many games, all played out",
            "Values from a few hundred whole games are no match for the policy: search loses.",
            0.0, 0.5, "prediction", seen=_ONE_SET,
        ),
        Hypothesis(
            "any number of games, none played out",
            "From however many cut games values were learned, a Gumbel search that trusts them "
            "plays worse than the policy (mean over the numbers of games).",
            0.0, 0.5, "prediction", seen="after a quick run, in which 300 games showed it",
        ),
        Hypothesis(
            "own values", "With the values of the policy's own network the same search wins.",
            0.55, 1.0, "prediction", seen=_ONE_SET,
        ),
        Hypothesis(
            "few games, none played out, PUCT",
            "A PUCT search goes where the policy points, and comes to little harm.",
            0.45, 1.0, "prediction", seen=_ONE_SET,
        ),
        Hypothesis(
            "late error, few games, none less a tenth played out",
            "Values learned without late positions misjudge those by more.",
            0.05, np.inf, "prediction",
        ),
        Hypothesis(
            "late error, few games, a tenth less all played out",
            "A tenth of the games teaches as much about ends as all of them.",
            -0.05, 0.05, "prediction",
        ),
    ),
    config=UnsoundConfig,
    presets={
        "quick": UnsoundConfig(),
        "full": UnsoundConfig(
            fitted_games=(30, 100, 300, 1000), seeds=10, held_back=500, games=60,
        ),
        "tiny": UnsoundConfig(
            policy="az:3", fitted_games=(4, 8), value_steps=3, held_back=4, seeds=2,
            simulations=(2, 4), games=4,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
