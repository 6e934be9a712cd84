"""Which moves of a game a learner's update raises and lowers, beside what they gave up."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator
from scipy.stats import spearmanr

from algorithms.model import Model
from algorithms.studies import charts
from algorithms.studies.credit_sources import (
    Setting,
    Source,
    even_source,
    ladder_sources,
    learn_value,
    learner_sources,
    replay_sources,
    search_sources,
    train_policy,
)
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import area_under_roc, mean_of, share_of
from algorithms.studies.games import Tell, make_policy, play
from algorithms.studies.judged_moves import Truth, exact_truth, searched_truth, tempered
from algorithms.studies.ladder import RUNGS
from algorithms.studies.settings import Simulations
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
from baselines.oracle import Oracle
from goenv import Rules

KINDS = {
    **RUNGS,
    "even": "even target",
    "replays": "outcomes of further games",
    "q_learning": "Q-learning",
    "response": "best response (PPO)",
    "nfsp": "label of NFSP",
    "search": "search target",
}
"""Every source of credit, and how figures call it."""

SETTINGS = {
    "3x3, untrained": "untrained",
    "3x3, trained": "trained",
    "5x5, untrained": "untrained",
    "5x5, az:5": "az:5",
}
"""Who plays, by setting; the board stands in front."""

_MOVES = {3: 24, 5: 60}  # limits of games, by board


class CreditStudyConfig(StudyConfig):
    """Settings."""

    replicates: int = Field(4, ge=2, description="of each setting, with trainings of their own")
    games: dict[int, Annotated[int, Field(ge=2)]] = Field(
        {3: 120, 5: 16}, description="games that are judged, by board"
    )
    policy_steps: int = Field(4000, ge=1, description="moves that train the policy on 3x3")
    temperature: float = Field(1.5, gt=0, description="of az:5, so that it blunders")
    learner_steps: dict[int, Annotated[int, Field(ge=1)]] = Field(
        {3: 30_000, 5: 60_000}, description="moves that each other learner is given, by board"
    )
    value_games: int = Field(300, ge=2, description="games that teach an untrained policy's value")
    value_steps: int = Field(300, ge=1, description="its steps of training")
    simulations: Simulations = Field((4, 16, 64), description="of the searches")
    further: Simulations = Field((1, 4, 16), description="further games a position")
    deep: int = Field(256, ge=2, description="simulations of the search that is the truth on 5x5")

    @field_validator("games", "learner_steps")
    @classmethod
    def _both_boards(cls, numbers: dict[int, int]) -> dict[int, int]:
        if set(numbers) != set(_MOVES):
            raise ValueError(f"a number for each of the boards 3 and 5, got {numbers}")
        return numbers


def cells(config: CreditStudyConfig) -> dict[str, dict[str, Any]]:
    """A cell for each setting and replicate."""
    return {
        f"{setting.replace(', ', '-').replace(':', '')}-{number}": {
            "setting": setting, "replicate": number
        }
        for setting in SETTINGS
        for number in range(config.replicates)
    }  # fmt: skip


def measure(
    config: CreditStudyConfig, folder: CellFolder, setting: str, replicate: int
) -> list[Row]:
    """A row for each source of credit and amount of compute."""
    size = int(setting[0])
    rng = np.random.default_rng([list(SETTINGS).index(setting), replicate])
    rules = Rules(size, komi=0.5, superko="simple", max_moves=_MOVES[size])
    own = _make_setting(config, setting, rules, rng, replicate)
    played = play(own.policy, rules, config.games[size], rng)

    def telling(begins: float, ends: float, text: str) -> Tell:
        return lambda share: folder.part(begins, ends).tell(share, text)

    if size == 3:
        truth = exact_truth(played, Oracle(rules))
    else:
        truth = searched_truth(
            played, rules, make_policy("az:5"), config.deep, rng, telling(0.1, 0.3, "judging moves")
        )
    found: list[tuple[str, Source]] = list(ladder_sources(own, played).items())
    found.append(("even", even_source(own, played)))
    tell = telling(0.3, 0.5, "searching")
    found += [
        ("search", each) for each in search_sources(own, played, config.simulations, rng, tell)
    ]
    tell = telling(0.5, 0.7, "playing further games")
    found += [("replays", each) for each in replay_sources(own, played, config.further, rng, tell)]
    tell = telling(0.7, 1, "learners learn")
    found += learner_sources(own, played, config.learner_steps[size], replicate, tell).items()
    rows: list[Row] = [
        {"setting": setting, "replicate": replicate, "kind": kind, "level": source.level,
         "flops": source.flops, **agreement(source.weights, truth)}
        for kind, source in found
    ]  # fmt: skip
    return [row for row in rows if np.isfinite(row["auc"])]


def _make_setting(
    config: CreditStudyConfig, setting: str, rules: Rules, rng: np.random.Generator, seed: int
) -> Setting:
    """Policy and value: an untrained policy learns its value here, the others bring theirs."""
    name = SETTINGS[setting]
    if name == "untrained":
        policy = Model(make_policy("untrained").config, seed)
        value, cost, mean = learn_value(policy, rules, config.value_games, config.value_steps, rng)
        return Setting(rules, policy, value, cost, mean)
    if name == "trained":
        policy, cost = train_policy(rules, config.policy_steps, seed)
    else:  # what the shipped player's training cost is in no ledger here
        policy, cost = tempered(make_policy(name), config.temperature), 0.0
    mean = float(play(policy, rules, config.value_games, rng).outcome.mean())
    return Setting(rules, policy, policy, cost, mean)


def agreement(weights: np.ndarray, truth: Truth) -> dict[str, float]:
    """How well weights tell blunders, and how they go with what moves gave up.

    Returns:
        auc: the area under the ROC curve for blunders among all moves by low weights; only: that
        for the only good moves among those that gave up nothing, by high weights, 0.5 where there
        are none; correlation: Spearman's, of weight and loss, turned so that 1 is best; moves,
        blunders: how many.
    """
    sound = ~truth.blunder
    only = area_under_roc(weights[sound], truth.only[sound])
    even = len(np.unique(weights)) == 1
    return {
        "auc": area_under_roc(-weights, truth.blunder),
        "only": only if np.isfinite(only) else 0.5,
        "correlation": 0.0 if even else -float(spearmanr(weights, truth.lost).statistic),
        "moves": len(weights),
        "blunders": int(truth.blunder.sum()),
    }


def analyse(rows: Rows, config: CreditStudyConfig) -> Findings:
    """Areas under the curve by source, over compute, and their differences."""
    parts = rows.groups("setting", "kind", "level")
    table = [
        {"setting": setting, "credit": _name(kind, level),
         "AUC": str(share_of(part.column("auc"))),
         # A deep search says what a move gave up, not that no other would have done.
         "AUC, only moves": (
             str(share_of(part.column("only"))) if setting.startswith("3x3") else float("nan")
         ),
         "correlation": str(mean_of(part.column("correlation"))),
         "FLOPs a move": part.column("flops").mean(),
         "blunders": part.column("blunders").sum() / part.column("moves").sum()}
        for (setting, kind, level), part in parts.items()
    ]  # fmt: skip
    pictures = []
    for setting in rows.values_of("setting"):
        here = rows.where(setting=setting)
        bars = {
            _name(kind, level): share_of(part.column("auc"))
            for (kind, level), part in here.groups("kind", "level").items()
            if (kind, level) != ("constant", 0)
        }
        slug = setting.replace(", ", "-").replace(":", "")
        pictures.append(
            Picture(
                f"auc-{slug}",
                f"{setting}: how well the weight of a single sample tells blunders from other "
                "moves (area under the ROC curve). Dashed: knowing nothing.",
                charts.bar_chart(bars, "area under the curve", 0.5),
                [{"credit": name, "auc": e.value, "low": e.low, "high": e.high}
                 for name, e in bars.items()],
            )
        )  # fmt: skip
    for setting in ("3x3, trained", "5x5, az:5"):
        slug = setting.replace(", ", "-").replace(":", "")
        for column, slug_of, words in (
            ("auc", "compute", "area under the curve"),
            ("correlation", "correlation", "rank correlation with the loss"),
        ):
            lines = _over_compute(rows.where(setting=setting), column)
            pictures.append(
                Picture(
                    f"{slug_of}-{slug}",
                    f"{setting}: {words}, over what the credit of a move costs, in floating-point "
                    "operations, with learning; without that of az:5.",
                    charts.line_chart(lines, "FLOPs a move", words, True, height=4.2),
                    charts.rows_of(lines, "flops", column),
                )
            )
    sheet = Sheet(
        "credit",
        "With 95 % intervals: how well weights tell blunders; how well they tell the only good "
        "moves from others that gave up nothing (3x3); rank correlation with what a move gave up; "
        "cost; share of moves that are blunders.",
        table,
    )
    return Findings(_measured(rows, config), pictures, [sheet])


def _name(kind: str, level: int) -> str:
    return f"{KINDS[kind]}, {level}" if level else KINDS[kind]


def _over_compute(here: Rows, column: str) -> charts.Series:
    """A measure over FLOPs: lines for searches and for further games, a point for all else."""
    lines: dict[str, tuple[list[float], list[Estimate]]] = {}
    for (kind, _), part in here.groups("kind", "level").items():
        if kind in ("constant", "sequence", "winner"):  # as the outcome, or nearly so
            continue
        x, y = lines.setdefault(KINDS[kind], ([], []))
        x.append(float(part.column("flops").mean()))
        y.append((share_of if column == "auc" else mean_of)(part.column(column)))
    return lines


_FEW = 16  # simulations of the search that is compared with further games


def _as_dear(here: Rows, few: int) -> int:
    """The fewest further games that cost a move at least what a search of so many does."""
    costs = {
        level: float(part.column("flops").mean())
        for (level,), part in here.where(kind="replays").groups("level").items()
    }
    wanted = float(here.where(kind="search", level=few).column("flops").mean())
    enough = [level for level, cost in costs.items() if cost >= wanted]
    return min(enough) if enough else max(costs)


def _measured(rows: Rows, config: CreditStudyConfig) -> dict[str, Estimate]:
    """The numbers that hypotheses ask for."""
    most = max(config.simulations)
    few = min(config.simulations, key=lambda count: abs(count - _FEW))

    def aucs(setting: str, kind: str, level: int = 0) -> np.ndarray:
        return rows.where(setting=setting, kind=kind, level=level).column("auc")

    found = {}
    for setting in SETTINGS:
        for kind in ("winner", "outcome", "value", "gae"):
            found[f"{kind}, {setting}"] = share_of(aucs(setting, kind))
        found[f"search, {setting}"] = share_of(aucs(setting, "search", most))
        found[f"gae over outcome, {setting}"] = mean_of(
            aucs(setting, "gae") - aucs(setting, "outcome")
        )
    for setting in ("3x3, trained", "5x5, az:5"):
        for kind in ("q_learning", "response", "nfsp"):
            found[f"{kind}, {setting}"] = share_of(aucs(setting, kind))
        found[f"q_learning over search, {setting}"] = mean_of(
            aucs(setting, "q_learning") - aucs(setting, "search", most)
        )
        found[f"search over further games, {setting}"] = mean_of(
            aucs(setting, "search", few)
            - aucs(setting, "replays", _as_dear(rows.where(setting=setting), few))
        )
    return found


def _claim(quantity: str, text: str, low: float, high: float, claim: str) -> Hypothesis:
    return Hypothesis(quantity, text, low, high, "claim", claim)


_SHORT_TRIAL = "after a trial of 20,000 moves, one set of games"


def _predict(quantity: str, text: str, low: float, high: float, seen: str = "") -> Hypothesis:
    return Hypothesis(quantity, text, low, high, "prediction", seen=seen)


STUDY = Study(
    name="who-gets-the-credit",
    parent="one-good-move",
    axes=("source of the credit", "strength of the players", "how well blunders are told"),
    claims=("C12", "C14", "C15", "C16"),
    hypotheses=(
        _claim("winner, 3x3, trained", "Imitating the winner hardly tells a blunder from any other "
               "move.", 0.5, 0.6, "C12"),
        _claim("gae over outcome, 3x3, trained", "Advantage estimation assigns credit better than "
               "the outcome.", 0.02, 0.5, "C14"),
        _claim("search, 3x3, trained", "Search need not ask who won: its target knows nearly every "
               "blunder.", 0.9, 1.0, "C14"),
        _claim("response, 3x3, trained", "A best response to fixed opponents gives labels that "
               "know most blunders.", 0.7, 1.0, "C15"),
        _claim("q_learning over search, 3x3, trained", "Q-learning backs values up as search does, "
               "so its credit is about as good.", -0.1, 0.1, "C16"),
        _predict("outcome, 3x3, trained",
                 "The outcome tells blunders by half the chance to lose by one, no more.",
                 0.55, 0.7),
        _predict("outcome, 3x3, untrained", "Among players who blunder all the time the outcome "
                 "knows next to nothing.", 0.5, 0.56),
        _predict("value, 3x3, trained", "A value as baseline knows that only who is ahead can "
                 "blunder.", 0.72, 0.92),
        _predict("gae, 3x3, trained",
                 "Advantages see the value fall where a blunder was made.", 0.8, 0.98),
        _predict("search, 3x3, trained",
                 "The search's target over its prior is a good label.", 0.85, 0.99),
        _predict("search, 3x3, untrained",
                 "A search with a value from random games still knows much.",
                 0.6, 0.85),
        _predict("q_learning, 3x3, trained",
                 "Q-learning of tens of thousands of moves knows most blunders.", 0.65,
                 0.92),
        _predict("response, 3x3, trained", "A best response knows what beats these players, which "
                 "need not be the best.", 0.55, 0.85),
        _predict("nfsp, 3x3, trained", "The label of fictitious self-play, one move of each "
                 "position, knows most blunders.", 0.55, 0.85),
        _predict("outcome, 5x5, az:5", "On 5x5 too the outcome tells little.", 0.52, 0.75),
        _predict("search, 5x5, az:5", "On 5x5 too the search tells much.", 0.8, 0.99),
        _predict("q_learning, 5x5, az:5", "On 5x5 Q-learning knows little, though it is given "
                 "twice as many moves as on 3x3.", 0.45, 0.7, _SHORT_TRIAL),
        _predict("response, 5x5, az:5", "On 5x5 a best response of twice as many moves knows "
                 "little more than chance.", 0.45, 0.7, _SHORT_TRIAL),
        _predict("nfsp, 5x5, az:5", "On 5x5 the label of fictitious self-play, after twice as "
                 "many moves, knows next to nothing.", 0.45, 0.6, _SHORT_TRIAL),
        _predict("q_learning over search, 5x5, az:5", "On 5x5 Q-learning is further behind search "
                 "than on 3x3.", -0.55, -0.25, _SHORT_TRIAL),
        _predict("search over further games, 3x3, trained", "A search of 16 simulations tells more "
                 "than the outcomes of further games for the same compute.", 0.05, 0.4),
        _predict("search over further games, 5x5, az:5",
                 "On 5x5 too a search tells more than the outcomes of further games for the same "
                 "compute.", 0.05, 0.4),
    ),
    config=CreditStudyConfig,
    presets={
        "quick": CreditStudyConfig(),
        "full": CreditStudyConfig(
            replicates=8, games={3: 240, 5: 24}, learner_steps={3: 100_000, 5: 200_000},
            value_games=1000, value_steps=800, simulations=(4, 16, 64, 256),
            further=(1, 4, 16, 64), deep=1000,
        ),
        "tiny": CreditStudyConfig(
            replicates=2, games={3: 8, 5: 3}, policy_steps=64, learner_steps={3: 64, 5: 64},
            value_games=4, value_steps=2, simulations=(2, 4), further=(1, 2), deep=4,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
