"""All learners on the same FLOPs and on the same seconds: the main table (C12, C15, C16)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from algorithms import workers
from algorithms.cli_shared import console
from algorithms.compare import run_comparison
from algorithms.compare_config import CompareConfig
from algorithms.config import validate
from algorithms.display import Display
from algorithms.exactness import can_be_exact
from algorithms.studies import charts
from algorithms.studies.data import Row, Rows, read_rows
from algorithms.studies.estimates import jackknife, share_of
from algorithms.studies.joint import JointRatings, rank_agreement
from algorithms.studies.settings import GAMES, GUMBEL, KOMIS, Size
from algorithms.studies.study import (
    CellFolder,
    Estimate,
    Findings,
    Hypothesis,
    Picture,
    Sheet,
    Stopped,
    Study,
    StudyConfig,
)

Currency = Literal["flops", "seconds"]
UNITS = {"flops": "FLOPs", "seconds": "seconds"}
RAW = "alphazero (raw policy)"


class SameBudgetConfig(StudyConfig):
    """Settings."""

    sizes: tuple[Literal[2, 3], Size] = Field(
        (3, 5), description="a board for exact figures, a larger one"
    )
    flops: tuple[float, float] = Field((4e11, 1.5e12), description="of each run, by board")
    seconds: tuple[float, float] = Field((8, 24), description="of each run, by board")
    seeds: int = Field(2, ge=1, description="runs of each learner")
    anchors: tuple[str, ...] = Field(("random", "uct:50", "uct:400"), min_length=1)
    games: int = Field(4, ge=2, multiple_of=2, description="between two players")
    snapshots: int = Field(2, ge=1, description="of each run that play")
    untrained: bool = Field(False, description="whether networks before training play too")


def cells(config: SameBudgetConfig) -> dict[str, dict[str, Any]]:
    """A comparison for each board and currency, the dearest first."""
    return {
        f"{config.sizes[board]}x{config.sizes[board]}-{currency}": {
            "board": board, "currency": currency,
        }
        for board in (1, 0)
        for currency in UNITS
    }  # fmt: skip


def learners(size: int) -> dict[str, dict[str, Any]]:
    """The zoo: every learner that needs no games of others, on one network."""
    network = {"blocks": 2 if size <= 3 else 3, "channels": 32}
    small = size <= 3
    fast = {} if small else {"optimiser": {"learning_rate": 1e-3}}
    slow = {} if small else {"optimiser": {"learning_rate": 5e-4}}
    komis = {"start": {"komis": KOMIS[size], "random_moves": 4}}
    gae = {"credit": {"rung": "gae"}, "entropy_weight": 0.1}
    buffer = {"replay_capacity": 12_000 if small else 80_000, "batch_size": 128 if small else 256}
    alphazero = {"search": {"simulations": 16, **GUMBEL}, "self_play": {"games": 128},
                 "rounds_per_step": 64, **komis, **buffer,
                 # The exact truth asks for a move in every position that there is.
                 "play": {"simulations": 16 if small else 64}}  # fmt: skip
    opponents = {"random": 1.0, "uct:20": 2.0, "uct:100": 4.0}
    settings: dict[str, dict[str, Any]] = {
        "alphazero": alphazero,
        "best_response": {**fast, "opponents": opponents},
        "league": {**fast, "response_updates": 40},
        "nfsp": {"anticipation": 0.2},
        "q_learning": {},
        "reinforce": {**slow},
        "reinforce_gae": {**slow, **gae, "algorithm": "reinforce"},
    }
    common = {"network": network, "start": {"random_moves": 4, **(komis["start"] if small else {})}}
    return {name: {"algorithm": name, **common, **own} for name, own in settings.items()}


def comparison(config: SameBudgetConfig, board: int, currency: Currency) -> CompareConfig:
    """The comparison that a cell is."""
    size = config.sizes[board]
    data = {
        "name": f"zoo-{size}x{size}-{currency}",
        "game": GAMES[size],
        "learners": learners(size),
        "seeds": list(range(config.seeds)),
        "budget": {currency: getattr(config, currency)[board]},
        "checkpoints": {"snapshots": config.snapshots},
        "judge": {
            "anchors": config.anchors, "anchor": config.anchors[0], "games": config.games,
            "snapshots": config.snapshots, "untrained": config.untrained,
        },
        "workers": 1,
    }  # fmt: skip
    return validate(CompareConfig, data, "the comparison")


class _Telling(Display):
    """Tells the study how far a comparison is."""

    def __init__(self, folder: CellFolder, runs: list[str]):
        super().__init__(console)
        self._folder = folder
        self._runs = dict.fromkeys(runs, 0.0)

    def say(self, text: str) -> None:
        """Nothing."""

    def update(self, name: str, share: float, text: str = "") -> None:
        """Training counts for three quarters of the work, the rest is judging."""
        if name in self._runs:
            self._runs[name] = share
            share = 0.75 * float(np.mean(list(self._runs.values())))
        else:
            share = 0.75 + (0.2 * share if name == "games" else 0.2 + 0.05 * share)
        self._folder.show(share, f"{name}: {text}")


def measure(
    config: SameBudgetConfig, folder: CellFolder, board: int, currency: Currency
) -> list[Row]:
    """A comparison, or what is left of it; the rows are its players. Its own report stays too."""
    compared = comparison(config, board, currency)
    home = folder.path / "comparison"
    telling = _Telling(folder, [run.name for run in compared.runs()])
    page = run_comparison(compared, home, True, telling, workers.should_stop)
    if page is None:
        raise Stopped
    tables = page.parent / "tables"
    exact = {}
    if can_be_exact(compared.game.rules()):
        exact = {row["name"]: row["blunder_rate"] for row in read_rows(tables / "exact.csv")}
    groups = {row["name"]: row for row in read_rows(tables / "ranking.csv")}
    draws, players = Rows(read_rows(tables / "draws.csv")), read_rows(tables / "players.csv")
    firsts = {row["group"]: row["name"] for row in reversed(players) if row["kind"] != "snapshot"}
    drawn = set(firsts.values())
    kept = ("name", "group", "kind", "learner", "seed", "share", "elo", "flops", "env_steps")
    return [
        {"board": board, "currency": currency, **{key: row[key] for key in kept},
         "spent_seconds": row["seconds"],
         **{f"group_{key}": groups[row["group"]][key] for key in ("elo", "low", "high")},
         "blunder_rate": exact.get(row["name"], ""),
         "draws": _pack(draws.column(row["group"])) if row["name"] in drawn else ""}
        for row in players
    ]  # fmt: skip


def _rating(rows: Rows, group: str) -> tuple[float, float, float]:
    row = next(iter(rows.where(group=group)))
    return row["group_elo"], row["group_low"], row["group_high"]


def _pack(draws: np.ndarray) -> str:
    """A group's rating in each draw, whole Elo; it is with the first of its players."""
    return " ".join(f"{elo:.0f}" for elo in draws)


def _joint(rows: Rows) -> JointRatings:
    """The groups of one comparison, but for earlier snapshots."""
    first = {row["group"]: row for row in reversed(list(rows)) if row["kind"] != "snapshot"}
    return JointRatings(
        {name: row["group_elo"] for name, row in first.items()},
        {name: np.array(row["draws"].split(), np.float64) for name, row in first.items()},
    )


def analyse(rows: Rows, config: SameBudgetConfig) -> Findings:
    """The main table, ratings over spending, and what the claims ask for."""
    large, small = (rows.where(board=board, currency="flops") for board in (1, 0))
    timed = rows.where(board=1, currency="seconds")
    finals = [row["learner"] for row in large.where(kind="final", seed=0)]
    # All that the budget gave to another learner: its player and its best response, if it has one.
    rivals = [row for row in large if row["kind"] in ("final", "companion")]
    others = Rows([row for row in rivals if row["learner"] != "alphazero"]).values_of("group")
    by_flops, by_seconds = _joint(large), _joint(timed)
    above = by_flops.difference
    blunders, reinforce_blunders = (
        small.where(kind="final", learner=name).column("blunder_rate")
        for name in ("alphazero", "reinforce")
    )
    measured = {
        "raw AlphaZero less REINFORCE": above(RAW, "reinforce"),
        "best response less REINFORCE": above("best_response", "reinforce"),
        "Q-learning less random": above("q_learning", config.anchors[0]),
        "AlphaZero less the best other, by FLOPs": by_flops.above_best("alphazero", others),
        "AlphaZero less the best other, by seconds": by_seconds.above_best("alphazero", others),
        "raw AlphaZero less the best other, by FLOPs": by_flops.above_best(RAW, others),
        "GAE less the winner's moves": above("reinforce_gae", "reinforce"),
        "NFSP less REINFORCE": above("nfsp", "reinforce"),
        "blunders of AlphaZero": share_of(blunders),
        "blunders of REINFORCE less AlphaZero": jackknife(
            lambda drawn: float(drawn[0].mean() - drawn[1].mean()), [reinforce_blunders, blunders]
        ),
        "agreement of FLOPs and seconds": rank_agreement(by_flops, by_seconds, finals),
    }
    if config.seeds == 1:  # the ratings' intervals speak of these networks only
        measured = {name: Estimate(e.value, np.nan, np.nan) for name, e in measured.items()}
    pictures, sheets = [], []
    for (board, currency), part in rows.groups("board", "currency").items():
        side, unit = config.sizes[board], UNITS[currency]
        place = f"{side}x{side}-{currency}"
        spent = "flops" if currency == "flops" else "spent_seconds"
        elo = {name: _curve(part, name, spent) for name in finals}
        caption = f"On {side}x{side}, each run the same {unit}"
        pictures.append(
            Picture(
                f"elo-{place}", f"{caption}: Elo ({config.anchors[0]} = 0) over what was spent, "
                "means over seeds with 95 % intervals. Best responses of league and NFSP are in "
                "the table alone.",
                charts.line_chart(elo, unit, "Elo", height=4.4),
                charts.rows_of(elo, unit, "Elo"),
            )
        )  # fmt: skip
        if "" not in part.column("blunder_rate").tolist():
            exact = {name: _blunder_curve(part, name, spent) for name in finals}
            pictures.append(
                Picture(
                    f"blunders-{place}", f"{caption}: the share of moves that give up a win or a "
                    "draw, by the exact truth.",
                    charts.line_chart(exact, unit, "blunder rate", height=4.4),
                    charts.rows_of(exact, unit, "blunder rate"),
                )
            )  # fmt: skip
        sheets.append(Sheet(f"table-{place}", f"{caption}.", _table(part)))
    return Findings(measured, pictures, sheets)


def _stages(part: Rows, name: str) -> list[Rows]:
    """The snapshots of a learner by share of the budget, all seeds of one together."""
    mine = [row for row in part if row["learner"] == name and row["kind"] in ("snapshot", "final")]
    return [rows for _, rows in sorted(Rows(mine).groups("share").items())]


def _curve(part: Rows, name: str, spent: str) -> tuple[list[float], list[Estimate]]:
    stages = _stages(part, name)
    ratings = [_rating(rows, next(iter(rows))["group"]) for rows in stages]
    return [float(rows.column(spent).mean()) for rows in stages], [Estimate(*r) for r in ratings]


def _blunder_curve(part: Rows, name: str, spent: str) -> tuple[list[float], list[Estimate]]:
    stages = _stages(part, name)
    return (
        [float(rows.column(spent).mean()) for rows in stages],
        [share_of(rows.column("blunder_rate")) for rows in stages],
    )


def _table(part: Rows) -> list[Row]:
    """All but earlier snapshots, the strongest first."""
    table = []
    for (group, kind), mine in part.groups("group", "kind").items():
        if kind == "snapshot":
            continue
        elo, low, high = _rating(part, group)
        is_anchor, blunders = kind == "anchor", mine.column("blunder_rate").tolist()
        table.append({
            "player": group, "Elo": elo, "low": low, "high": high,
            "blunder rate": "–" if "" in blunders else float(np.mean(blunders)),
            "FLOPs": "–" if is_anchor else mine.column("flops").mean(),
            "seconds": "–" if is_anchor else mine.column("spent_seconds").mean(),
            "moves played": "–" if is_anchor else mine.column("env_steps").mean(),
        })  # fmt: skip
    return sorted(table, key=lambda row: -row["Elo"])


STUDY = Study(
    name="same-budget",
    axes=("learner", "budget in FLOPs or in seconds", "Elo, exact blunder rate"),
    claims=("C12", "C15", "C16"),
    parent="variance-vs-length",
    hypotheses=(
        Hypothesis(
            "raw AlphaZero less REINFORCE",
            "Imitating the winner's moves starves, as one bit a game carries its signal: on the "
            "same FLOPs on the larger board the policy that a search labels stands higher, both "
            "without search.", 0, np.inf, "claim", "C12",
        ),
        Hypothesis(
            "best response less REINFORCE",
            "Against fixed opponents the problem is an ordinary one, and PPO stands higher than "
            "imitation in self-play.", 0, np.inf, "claim", "C15",
        ),
        Hypothesis(
            "Q-learning less random",
            "A policy can be read off Q: its best moves beat random ones.",
            0, np.inf, "claim", "C16",
        ),
        Hypothesis(
            "AlphaZero less the best other, by FLOPs",
            "With its search AlphaZero stands far above every other learner.",
            100, np.inf, "prediction",
        ),
        Hypothesis(
            "AlphaZero less the best other, by seconds",
            "By the clock AlphaZero stands above too, though its FLOPs are spent in smaller "
            "batches.",
            0, np.inf, "prediction",
        ),
        Hypothesis(
            "raw AlphaZero less the best other, by FLOPs",
            "Without search AlphaZero still stands above the others.", 0, np.inf, "prediction",
        ),
        Hypothesis(
            "GAE less the winner's moves",
            "Credit by advantages helps REINFORCE on the larger board.", 0, np.inf, "prediction",
        ),
        Hypothesis(
            "NFSP less REINFORCE",
            "The average policy of NFSP, which still plays as it did at first, stands lower.",
            -np.inf, 0, "prediction",
        ),
        Hypothesis(
            "blunders of AlphaZero",
            "On 3x3 AlphaZero gives up a win or a draw in fewer than one move of fifty.",
            -np.inf, 0.02, "prediction",
        ),
        Hypothesis(
            "blunders of REINFORCE less AlphaZero",
            "REINFORCE blunders more often there.", 0, np.inf, "prediction",
        ),
        Hypothesis(
            "agreement of FLOPs and seconds",
            "Both budgets rank the learners alike on the larger board (Spearman's rank "
            "correlation).", 0.6, np.inf, "prediction",
        ),
    ),
    config=SameBudgetConfig,
    presets={
        "quick": SameBudgetConfig(),
        # The seconds are about what the FLOPs take a learner on average, on a quiet core; all of it
        # takes two of them some two hours, a third of that for judging.
        "full": SameBudgetConfig(
            flops=(1e12, 4e12), seconds=(24, 42), seeds=5, games=2, snapshots=3, untrained=True,
        ),
        "tiny": SameBudgetConfig(
            sizes=(2, 4), flops=(2e7, 2e7), seconds=(0.05, 0.05), seeds=1,
            anchors=("random", "uct:2"), games=2, snapshots=1,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
