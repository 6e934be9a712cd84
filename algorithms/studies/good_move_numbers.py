"""Games needed, and what becomes of other moves, from the rows of `one_good_move`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import jackknife, jackknife_ratio, share_of
from algorithms.studies.good_move_games import TARGETS
from algorithms.studies.good_moves import games_needed
from algorithms.studies.ladder import RUNGS
from algorithms.studies.study import Estimate
from baselines.ratings import wilson_interval

Key = tuple[int, float, str]
"""Moves, odds and kind."""

_OF_OUTCOMES = (*RUNGS, "learned")  # whose games go with the square of the improvement


def games_in_theory(odds: float) -> float:
    """Games needed where the outcome is all that is learned from, and the game is even."""
    # The lift has the mean a quarter of the difference in outcome, and a half as deviation.
    return games_needed((4 * odds - 2) / 4, np.sqrt(0.25 - ((4 * odds - 2) / 4) ** 2))


def scale_of(key: Key, part: Rows) -> float:
    """By how much the odds that were found differ from those wanted, squared."""
    if key[2] not in _OF_OUTCOMES:
        return 1.0
    return float(((2 * part.column("real_odds")[0] - 1) / (2 * key[1] - 1)) ** 2)


def moments_of(part: Rows) -> np.ndarray:
    """Of each block: mean of the lift and of its square, float64 [blocks, 2]."""
    games = part.column("games")
    return np.stack([part.column("sum") / games, part.column("squares") / games], axis=1)


def games_of(key: Key, moments: np.ndarray) -> float:
    """Games needed from the moments of blocks."""
    if key[2] == "learned":  # a value of its own in each block
        return games_needed(moments[:, 0], np.sqrt(moments[:, 1] - moments[:, 0] ** 2))
    mean, square = moments.mean(axis=0)
    return games_needed(mean, np.sqrt(max(square - mean**2, 0)))


def enough_games(key: Key, part: Rows) -> Estimate:
    """Games needed, scaled to exactly the wanted odds where an outcome is learned from.

    Infinite where the update does not raise the move on average; so may the interval's end be.
    """
    scale = scale_of(key, part)

    def rate(drawn: list[np.ndarray]) -> float:
        # Mean over deviation, nought where there is no lift: the interval may include that.
        return float((scale * games_of(key, drawn[0])) ** -0.5)

    found = jackknife(rate, [moments_of(part)])
    value, low, high = (
        np.inf if each <= 0 else 1 / each**2 for each in (found.value, found.high, found.low)
    )
    return Estimate(value, low, high)


FEW = 3  # visits, that is


def taught(rows: Rows, kind: str) -> Estimate:
    """The share of positions in which a few visits are enough for a method, by Wilson's interval.

    Args:
        rows: of any positions, lengths and odds.
        kind: the method.
    """
    parts = rows.where(kind=kind).groups("moves", "odds", "position")
    enough = [_visits(part) <= FEW for part in parts.values()]
    low, high = wilson_interval(sum(enough), len(enough))
    return Estimate(float(np.mean(enough)), low, high)


def visits_by_position(rows: Rows, kinds: Mapping[str, str]) -> list[Row]:
    """A row for each position, with the visits that each of some methods needs there.

    Args:
        rows: of any positions, lengths and odds.
        kinds: methods, and how the columns are called.
    """
    return [
        {"moves": moves, "odds": round(part.column("real_odds")[0], 4), "position": position}
        | {name: _visits(part.where(kind=kind)) for kind, name in kinds.items()}
        for (moves, _, position), part in rows.groups("moves", "odds", "position").items()
    ]


def _visits(part: Rows) -> float:
    return games_of((0, 0.5, ""), moments_of(part))


def exponent_over_odds(ends: Mapping[Key, Rows]) -> Estimate:
    """Exponent of games needed over the improvement, the odds less a half, between two of them."""
    keys = list(ends)
    apart = np.log((keys[0][1] - 0.5) / (keys[1][1] - 0.5))

    def slope(drawn: list[np.ndarray]) -> float:
        first, last = (
            scale_of(key, ends[key]) * games_of(key, moments)
            for key, moments in zip(keys, drawn, strict=True)
        )
        return float(np.log(first / last) / apart) if np.isfinite(first / last) else np.nan

    return jackknife(slope, [moments_of(part) for part in ends.values()])


def disturbance(key: Key, part: Rows) -> Estimate:
    """Noise of all other logits over the squared change of the one, at the games needed."""
    together = np.column_stack([moments_of(part), part.column("noise")])

    def ratio(drawn: list[np.ndarray]) -> float:
        games = games_of(key, drawn[0][:, :2])
        if not np.isfinite(games):
            return np.nan
        return float(drawn[0][:, 2].mean() / (games * drawn[0][:, 0].mean() ** 2))

    return jackknife_ratio(ratio, [together])


def exponent_over_length(tables: Mapping[int, tuple[Key, Rows]], noise: bool = False) -> Estimate:
    """Exponent over T of the games needed, or of the noise of all other logits at that number."""
    lengths = sorted(tables)

    def slope(drawn: list[np.ndarray]) -> float:
        found = []
        for T, sample in zip(lengths, drawn, strict=True):
            key, part = tables[T]
            games = games_of(key, sample[:, :2])
            if not np.isfinite(games):
                return np.nan
            change = sample[:, 2].mean() / (games * sample[:, 0].mean() ** 2)
            found.append(change if noise else games * scale_of(key, part))
        if min(found) <= 0:
            return np.nan
        return float(np.polyfit(np.log(lengths), np.log(found), 1)[0])

    samples = [
        np.column_stack([moments_of(tables[T][1]), tables[T][1].column("noise")]) for T in lengths
    ]
    return jackknife(slope, samples)


def asked_for(
    rows: Rows, parts: Mapping[Key, Rows], odds: Sequence[float], odds_at: int
) -> dict[str, Estimate]:
    """The numbers that hypotheses ask for.

    Args:
        rows: of all positions.
        parts: those of the first position of each length and odds, by method.
        odds: that were wanted; the first at all lengths, the others at one.
        odds_at: which that is.
    """
    first, last = odds[0], odds[-1]
    lengths = {moves for moves, _, _ in parts}
    longest = max(lengths)

    def at(kind: str, T: int = longest, odds: float = first) -> Key:
        return T, odds, kind

    def over(kind: str, other: str) -> Estimate:
        pair = np.column_stack([moments_of(parts[at(kind)]), moments_of(parts[at(other)])])
        return jackknife_ratio(
            lambda drawn: (
                games_of(at(kind), drawn[0][:, :2]) / games_of(at(other), drawn[0][:, 2:])
            ),
            [pair],
        )

    found = {"games, outcome": enough_games(at("outcome"), parts[at("outcome")])}
    found |= {f"{kind} over outcome": over(kind, "outcome") for kind in ("winner", "value", "gae")}
    found |= {f"positions taught, {kind}": taught(rows, kind) for kind in TARGETS}
    for kind in ("winner", "learned", "search"):
        found[f"right after 100 games, {kind}"] = share_of(parts[at(kind)].column("hundred"))
    for kind in ("outcome", "search"):
        found[f"made worse, {kind}"] = share_of(parts[at(kind)].column("worse"))
    if len(lengths) > 1:
        for name, kind, noise in (
            ("exponent, winner", "winner", False),
            ("exponent of the noise, outcome", "outcome", True),
        ):
            tables = {T: (at(kind, T), parts[at(kind, T)]) for T in lengths}
            found[name] = exponent_over_length(tables, noise)
    credit = parts[at("outcome")]
    shares = np.column_stack([credit.column("own_credit"), credit.column("all_credit")])
    found["share of the credit"] = jackknife(
        lambda drawn: float(drawn[0][:, 0].sum() / drawn[0][:, 1].sum()), [shares]
    )
    if len(odds) > 1:
        ends = [at("outcome", odds_at, odds) for odds in (first, last)]
        found["exponent over the improvement"] = exponent_over_odds({k: parts[k] for k in ends})
    tried = [
        float(part.column("raised")[0])
        for (_, _, kind), part in parts.items()
        if kind in RUNGS and part.column("tried")[0] >= _ENOUGH
    ]
    found["raised by the games said to be enough"] = share_of(tried)
    return found


_ENOUGH = 50  # experiments, for a share of them to say something
