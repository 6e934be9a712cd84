"""One better move among all those of a game: how many games until it is learned (claim C12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field, field_validator, model_validator

from algorithms.studies import charts
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import share_of
from algorithms.studies.games import make_policy
from algorithms.studies.good_move_boards import board_block, find_board_spot
from algorithms.studies.good_move_games import (
    DRAWN,
    TARGETS,
    drawn_block,
    experiments,
    summary,
    target_block,
    target_lifts,
)
from algorithms.studies.good_move_numbers import (
    FEW,
    Key,
    asked_for,
    disturbance,
    enough_games,
    games_in_theory,
    taught,
    visits_by_position,
)
from algorithms.studies.good_moves import find_spot, find_spots, make_oracle
from algorithms.studies.settings import Moves
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
from goenv import Rules

_SHOWN = ("winner", "outcome", "value", "gae", "q", "search", "search value")
_NAMES = {**DRAWN, **TARGETS, "search network": "search, the network's values"}


# Where only the one move was looked at.
_NOTHING = dict.fromkeys(("noise", "drift", "worse", "own_credit", "all_credit"), 0.0)


class GoodMoveConfig(StudyConfig):
    """Settings."""

    lengths: tuple[Moves, ...] = Field((10, 30, 100, 300), description="moves T left in s*")
    odds: tuple[float, ...] = Field((0.51, 0.55, 0.6), description="what the better move is worth")
    odds_at: int = Field(30, ge=4, description="length at which odds other than the first are met")
    blocks: int = Field(10, ge=4, description="independent blocks of games; an even number")
    games: int = Field(40_000, ge=100, description="games of a block")
    value_games: int = Field(2000, ge=1, description="games that teach a block its own values")
    simulations: int = Field(64, ge=2, description="of the searches")
    search_games: int = Field(8, ge=4, multiple_of=4, description="games of a block with targets")
    positions: int = Field(4, ge=1, description="states s* of each length and odds, for targets")
    boards: int = Field(2, ge=0, description="positions of 5x5, where az:5 plays")
    board_games: int = Field(300, ge=10, description="games of a block on 5x5")
    deep: int = Field(200, ge=2, description="simulations of the search that is the truth there")

    @field_validator("odds")
    @classmethod
    def _better(cls, odds: tuple[float, ...]) -> tuple[float, ...]:
        if not odds or not all(0.5 < each < 1 for each in odds):
            raise ValueError(f"odds must lie between 0.5 and 1, got {odds}")
        return odds

    @model_validator(mode="after")
    def _comparable(self) -> GoodMoveConfig:
        if self.odds_at not in self.lengths:
            raise ValueError(f"odds_at must be one of the lengths, {self.lengths}")
        return self


def cells(config: GoodMoveConfig) -> dict[str, dict[str, Any]]:
    """A cell for each length and for each size of the improvement; the longest first."""
    first, *others = config.odds
    pairs = [(moves, first) for moves in sorted(config.lengths, reverse=True)]
    pairs += [(config.odds_at, odds) for odds in others]
    found: dict[str, dict[str, Any]] = {
        f"T{T}-{100 * odds:g}": {"moves": T, "odds": odds} for T, odds in pairs
    }
    if config.positions > 1:
        found |= {f"{name}-more": {**cell, "more": True} for name, cell in found.items()}
    return found | {f"5x5-{board}": {"board": board} for board in range(config.boards)}


def measure(
    config: GoodMoveConfig, folder: CellFolder, moves: int = 0, odds: float = 0.5, board: int = -1,
    more: bool = False,
) -> list[Row]:  # fmt: skip
    """A row for each method and block: sums over the block's games, and what befell other moves."""
    if board >= 0:
        return _measure_board(config, folder, board)
    if more:
        return _measure_more(config, folder, moves, odds)
    rng = np.random.default_rng([moves, round(1000 * odds)])
    spot = find_spot(make_oracle(moves), moves, odds)
    lifts: dict[str, list[np.ndarray]] = {}
    sides = []
    for block in range(config.blocks):
        found, others, credit = drawn_block(spot, config.games, config.value_games, rng)
        for kind in TARGETS:
            found[kind], others[kind] = target_block(
                spot, kind, config.simulations, config.search_games, rng
            )
        for kind, lifted in found.items():
            lifts.setdefault(kind, []).append(lifted)
        sides.append({kind: {**other, **credit} for kind, other in others.items()})
        folder.tell((block + 1) / config.blocks)
    rows: list[Row] = []
    for kind, blocks in lifts.items():
        tried = experiments(blocks)
        for block, lifted in enumerate(blocks):
            rows.append({
                "board": -1, "position": 0, "moves": moves, "odds": odds, "real_odds": spot.odds,
                "randomness": spot.noise, "kind": kind, "block": block, **summary(lifted, rng),
                **sides[block][kind], **tried,
            })  # fmt: skip
    return rows


def _measure_more(config: GoodMoveConfig, folder: CellFolder, moves: int, odds: float) -> list[Row]:
    """Targets in further positions, in a block of visits each."""
    rng = np.random.default_rng([moves, round(1000 * odds), 1])
    spots = find_spots(make_oracle(moves), moves, odds, config.positions)
    visits = 5 * config.search_games
    rows: list[Row] = []
    for position, spot in enumerate(spots[1:], start=1):
        for kind in TARGETS:
            lifted = target_lifts(spot, kind, config.simulations, visits, rng)
            rows.append({
                "board": -1, "position": position, "moves": moves, "odds": odds,
                "real_odds": spot.odds, "randomness": spot.noise, "kind": kind, "block": 0,
                **summary(lifted, rng), **_NOTHING, **experiments([lifted, lifted]),
            })  # fmt: skip
        folder.tell(position / (len(spots) - 1))
    return rows


def _measure_board(config: GoodMoveConfig, folder: CellFolder, board: int) -> list[Row]:
    """The same around a position of 5x5, without what befell other moves."""
    rng, model = np.random.default_rng([5, board]), make_policy("az:5")
    rules = Rules(5, komi=0.5, max_moves=60)
    spot = find_board_spot(model, rules, 16, config.deep, rng)
    lifts: dict[str, list[np.ndarray]] = {}
    lengths = []
    for block in range(config.blocks):
        found, length = board_block(model, spot, rules, config.board_games, config.simulations, rng)
        for kind, lifted in found.items():
            lifts.setdefault(kind, []).append(lifted)
        lengths.append(length)
        folder.tell((block + 1) / config.blocks)
    # The lift's mean is a quarter of the difference in outcome.
    odds = 0.5 + float(np.mean([lifted.mean() for lifted in lifts["outcome"]]))
    rows: list[Row] = [
        {"board": board, "position": 0, "moves": round(float(np.mean(lengths))), "odds": odds,
         "real_odds": odds, "randomness": 0.0, "kind": kind, "block": block,
         **summary(lifted, rng), **_NOTHING, **experiments(blocks)}
        for kind, blocks in lifts.items() for block, lifted in enumerate(blocks)
    ]  # fmt: skip
    return rows


def analyse(rows: Rows, config: GoodMoveConfig) -> Findings:
    """Games needed, what becomes of all other moves, and figures."""
    three = rows.where(board=-1)
    parts: dict[Key, Rows] = dict(three.where(position=0).groups("moves", "odds", "kind"))
    first, longest = config.odds[0], max(config.lengths)
    needed = {key: enough_games(key, part) for key, part in parts.items()}
    disturbed = {key: disturbance(key, part) for key, part in parts.items()}

    def over_lengths(table: Mapping[Key, Estimate], kinds: tuple[str, ...]) -> charts.Series:
        at = sorted(config.lengths)
        return {_NAMES[kind]: (at, [table[T, first, kind] for T in at]) for kind in kinds}

    games = over_lengths(needed, _SHOWN)
    noise = over_lengths(disturbed, _SHOWN)
    hundred = {
        _NAMES[kind]: share_of(part.column("hundred"))
        for (T, odds, kind), part in parts.items()
        if (T, odds) == (longest, first)
    }
    worse = {
        _NAMES[kind]: share_of(part.column("worse"))
        for (T, odds, kind), part in parts.items()
        if (T, odds) == (longest, first)
    }
    known = {name: taught(three, kind) for kind, name in TARGETS.items()}
    line = {"theory": ([min(config.lengths), longest], [games_in_theory(first)] * 2)}
    percent = f"{100 * first:g}:{100 - 100 * first:g}"
    pictures = [
        Picture(
            "games-needed",
            f"Games until a method's update raises the better move's probability with 95 % "
            f"confidence, over the moves left after it; the move is worth {percent}. Dashed: "
            "theory for the outcome. Gaps: no number of games is enough.",
            charts.line_chart(games, "moves T", "games needed", True, True, line, 4.0),
            charts.rows_of(games, "moves", "games"),
        ),
        Picture(
            "hundred-games",
            f"How often 100 games raise it, at {longest} moves and {percent}; dashed: a coin.",
            charts.bar_chart(hundred, "share of experiments", 0.5),
            [_row_of(name, e) for name, e in hundred.items()],
        ),
        Picture(
            "other-logits",
            "Expected squared change of all other logits by noise, in units of the squared change "
            f"of the better move's, after as many games as are needed; {percent}.",
            charts.line_chart(noise, "moves T", "squared change, others / it", True, True,
                              height=4.0),
            charts.rows_of(noise, "moves", "change"),
        ),
        Picture(
            "made-worse",
            f"Of the visits to other positions, the share in which the update does harm to the one "
            f"who moves there: after {_of_games(config)}; {longest} moves, {percent}. Dashed: a "
            "coin.",
            charts.bar_chart(worse, "share of visits", 0.5),
            [_row_of(name, e) for name, e in worse.items()],
        ),
        Picture(
            "positions-taught",
            f"Share of positions in which {FEW} visits or fewer are enough; Wilson's intervals.",
            charts.bar_chart(known, "share of positions"),
            [_row_of(name, e) for name, e in known.items()],
        ),
    ]  # fmt: skip
    table = [
        {
            "moves": T, "odds": round(part.column("real_odds")[0], 4), "method": _NAMES[kind],
            "games needed": needed[T, odds, kind].value, "low": needed[T, odds, kind].low,
            "high": needed[T, odds, kind].high, "tried": part.column("tried")[0],
            "raised": part.column("raised")[0], "noise": part.column("noise").mean(),
            "drift": part.column("drift").mean(),
        }
        for (T, odds, kind), part in parts.items()
    ]  # fmt: skip
    sheet = Sheet(
        "methods",
        "Games needed, scaled to exactly the wanted odds where an outcome is all that is learned "
        "from; experiments with as many games as half of the blocks asked for, and the share of "
        "them that raised the move; noise and drift of one game's update of all other logits.",
        table,
    )
    positions = Sheet(
        "positions", "Visits that are enough in each position, for methods without outcomes.",
        visits_by_position(three, TARGETS),
    )  # fmt: skip
    boards = [
        {"position": key[0], "moves": key[1], "odds": round(key[2], 3), "method": _NAMES[key[3]],
         "games needed": enough.value, "low": enough.low, "high": enough.high,
         "in theory": games_in_theory(key[2]), "tried": part.column("tried")[0],
         "raised": part.column("raised")[0]}
        for key, part in rows.groups("board", "moves", "odds", "kind").items()
        if key[0] >= 0
        for enough in [enough_games(key[1:], part)]
    ]  # fmt: skip
    sheets = [sheet, positions, *([Sheet(
        "boards", "Positions of 5x5 in which the shipped player's policy is divided between a good "
        "move and a blunder, by a deep search, whose network the search that learns shares; in "
        "theory: the odds' own number, which the outcome's must be.", boards,
    )] if boards else [])]  # fmt: skip
    return Findings(asked_for(three, parts, config.odds, config.odds_at), pictures, sheets)


def _row_of(name: str, estimate: Estimate) -> Row:
    return {"method": name, "share": estimate.value, "low": estimate.low, "high": estimate.high}


def _of_games(config: GoodMoveConfig) -> str:
    return f"100 games, or the {config.search_games} of a block for targets"


_LONGEST_ALONE = "after a run of the longest game alone, in which the claim held"


def _claim(
    quantity: str, text: str, low: float, high: float, claim: str, seen: str = ""
) -> Hypothesis:
    return Hypothesis(quantity, text, low, high, "claim", claim, seen)


def _predict(quantity: str, text: str, low: float, high: float) -> Hypothesis:
    return Hypothesis(quantity, text, low, high, "prediction")


STUDY = Study(
    name="one-good-move",
    parent="variance-vs-length",
    axes=("moves T of the game", "method", "games until a better move is learned"),
    claims=("C12", "C14"),
    hypotheses=(
        _claim("share of the credit", "One move carries the signal, and no other move does: of all "
               "squared advantages of a game, most lie in that move.", 0.5, 1.0, "C12"),
        _claim("right after 100 games, winner", "100 games at 51:49 say next to nothing: imitating "
               "the winner raises the better move little more often than a coin.", 0.5, 0.6, "C12"),
        _claim("exponent, winner", "The one move drowns among the others: the longer the game, the "
               "more games are needed.", 0.5, 2.0, "C12"),
        _claim("value over outcome", "A value as baseline reduces the games needed.", 0, 0.9,
               "C14"),
        _claim("gae over outcome", "Generalised advantages reduce them.", 0, 0.9, "C14"),
        _claim("positions taught, search", "Search avoids the question: a visit or two teaches the "
               "move nearly everywhere, even if only random playouts judge its leaves.",
               0.9, 1.0, "C14", _LONGEST_ALONE),
        _claim("positions taught, search value", "And so it does with exact values.", 0.9, 1.0,
               "C14", _LONGEST_ALONE),
        _predict("games, outcome", "At 51:49 it takes about 6,800 games, not 100.", 5000, 9000),
        _predict("winner over outcome", "The winner's moves alone need twice as many.", 1.6, 2.4),
        _predict("exponent, winner", "The length does not matter: noise of other moves falls on "
                 "other logits.", -0.15, 0.15),
        _predict("exponent over the improvement", "Games fall with the square of the improvement: "
                 "51:49 needs 80 to 130 times those of 60:40.", -2.114, -1.903),
        _predict("value over outcome", "At the move in question the game is even, so a value has "
                 "nothing to take off.", 0.85, 1.02),
        _predict("gae over outcome", "With exact values, what is decided long after the move drops "
                 "out of its weight: less than a tenth.", 0.005, 0.1),
        _predict("right after 100 games, learned", "A value learned from 2,000 games knows little "
                 "more of a difference of 2 % than those games do.", 0.55, 0.9),
        _predict("share of the credit", "The squared advantages of a game sum up to the variance "
                 "of its outcome; of that, 51:49 is four parts in 10,000.", 2e-4, 8e-4),
        _predict("exponent of the noise, outcome", "What grows with T is the harm to all other "
                 "logits, in proportion.", 0.8, 1.2),
        _predict("made worse, outcome", "After 100 games the outcome's update does harm in almost "
                 "every second position.", 0.35, 0.5),
        _predict("made worse, search", "A search's target does harm in less than a third.", 0, 0.3),
        _predict("raised by the games said to be enough", "As many games as the mean and the "
                 "deviation of one game ask for do raise the move in 95 of 100 experiments.",
                 0.93, 0.97),
    ),
    config=GoodMoveConfig,
    presets={
        "quick": GoodMoveConfig(),
        "full": GoodMoveConfig(
            odds=(0.51, 0.52, 0.55, 0.6, 0.7), blocks=20, games=100_000, simulations=128,
            search_games=16, positions=12, boards=6, board_games=1000, deep=1000,
        ),
        "tiny": GoodMoveConfig(
            lengths=(4, 8), odds=(0.55, 0.7), odds_at=4, blocks=4, games=200, value_games=50,
            positions=2, simulations=4, search_games=4, boards=1, board_games=10, deep=8,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)  # fmt: skip
