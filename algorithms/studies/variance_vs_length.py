"""The variance of policy gradients over the length of games (claim C13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from algorithms.mixture import LeafConfig, leaf_evaluator
from algorithms.model import Model
from algorithms.search import Search, SearchConfig
from algorithms.studies import charts
from algorithms.studies.data import Row, Rows
from algorithms.studies.estimates import exponent, jackknife_ratio, mean_of
from algorithms.studies.games import PlayedGames, fit_values, make_policy, play, values_of
from algorithms.studies.gradients import (
    GradientSums,
    Surrogates,
    game_gradients,
    gram_rows,
    moments,
)
from algorithms.studies.ladder import RUNGS, rung_weights
from algorithms.studies.settings import Board, Moves
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

KINDS = {
    **RUNGS,
    "coin": "coin at every move, total",
    "coin to go": "coin at every move, to go",
    "area": "area at every move, total",
    "area to go": "area at every move, to go",
    "search": "search target",
    "signs": "random signs",
}
"""Every kind of gradient, and how figures call it."""


class VarianceConfig(StudyConfig):
    """Settings."""

    size: Board = Field(9, description="board of the games of a forced length")
    lengths: tuple[Moves, ...] = Field((8, 16, 32, 64), description="forced lengths T, moves")
    opening: int = Field(40, ge=0, description="random moves before them, for something to fight")
    sizes: tuple[Board, ...] = Field((3, 5, 7), description="boards of games with ordinary ends")
    policies: tuple[str, ...] = Field(("untrained", "az:5"), description="whose policy it is")
    blocks: int = Field(10, ge=2, description="independent blocks of games")
    moves: int = Field(1024, ge=8, description="moves of a block, about")
    value_moves: int = Field(20_000, ge=10, description="moves from which the baseline learns")
    value_steps: int = Field(200, ge=1, description="its steps of training")
    simulations: int = Field(16, ge=2, description="of the search that makes targets")


def cells(config: VarianceConfig) -> dict[str, dict[str, Any]]:
    """A cell for each policy and length; the longest first, for even work."""
    found = {}
    for policy in config.policies:
        name = policy.replace(":", "")
        for moves in sorted(config.lengths, reverse=True):
            found[f"{name}-T{moves}"] = {"policy": policy, "size": config.size, "moves": moves}
        for size in sorted(config.sizes, reverse=True):
            found[f"{name}-{size}x{size}"] = {"policy": policy, "size": size, "moves": None}
    return found


def credit_weights(
    played: PlayedGames, values: np.ndarray, mean_outcome: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The weight [M] of every move for each kind but the search's.

    Rewards at every move come in two sorts: coins, which have nothing to do with the moves (so
    theory is exact), and the change of the mover's lead in area, which sums up to the game's score.
    With random signs as weights the variance is the sum of the moves' own squared lengths.

    Args:
        played: games.
        values: float64 [M], of the positions before the moves.
        mean_outcome: Black's, from other games.
        rng: of coins and signs.
    """
    length, colour = played.length, played.table(played.colour)
    here = (played.game, played.at)
    ladder = rung_weights(colour, played.outcome, played.table(values), length, mean_outcome)
    found = {rung: weights[here] for rung, weights in ladder.items()}
    played_at = np.arange(colour.shape[1]) < length[:, None]
    coins = played_at * rng.choice([-1.0, 1.0], size=colour.shape)
    for kind, rewards in (("coin", coins), ("area", played_at * np.diff(played.lead, axis=1))):
        # Rewards are Black's; what is White's is the negative.
        found[kind] = (colour * rewards.sum(axis=1)[:, None])[here]
        to_go = rewards[:, ::-1].cumsum(axis=1)[:, ::-1]
        found[f"{kind} to go"] = (colour * to_go)[here]
    found["signs"] = rng.choice([-1.0, 1.0], size=len(played.action))
    return found


def measure(
    config: VarianceConfig, folder: CellFolder, policy: str, size: int, moves: int | None
) -> list[Row]:
    """Gram rows of one policy at one length; see `gradients.gram_rows`."""
    model = make_policy(policy)
    # Half a point decides where an even number of moves leaves equal areas.
    opening = config.opening if moves else 0
    rules = Rules(size, komi=0.5, max_moves=opening + (moves or 12 * size * size // 5))
    expected = moves or size * size
    rng = np.random.default_rng([size, moves or 0, len(policy)])
    passes = moves is None
    baseline = Model(model.config, seed=1)
    few = max(10, config.value_moves // expected)
    learned = play(model, rules, few, rng, passes, opening=opening)
    mean_outcome = float(learned.outcome.mean())
    loss = fit_values(baseline, learned, config.value_steps, rng)
    # The policy's own playouts at the leaves ground the search where values are worth nothing.
    leaf = LeafConfig(playout_weight=1.0 if policy == "untrained" else 0.0)
    settings = SearchConfig(
        simulations=config.simulations, root="gumbel", interior="gumbel", gumbel_scale=0.0,
        considered=8, value_scale=0.6,
    )  # fmt: skip
    search = Search(settings, leaf_evaluator(model, leaf, settings))
    blocks: list[dict[str, GradientSums]] = []
    lengths = []
    for block in range(config.blocks):
        games = max(2, config.moves // expected)
        played = play(model, rules, games, rng, passes, search, opening)
        lengths.append(played.length.mean())
        weights = credit_weights(played, values_of(baseline, played), mean_outcome, rng)
        sums = game_gradients(model, played, surrogates(played, weights))
        blocks.append(sums)
        folder.tell((block + 1) / config.blocks)
    setting = "forced" if moves else "ordinary"
    return [
        {"policy": policy, "setting": setting, "size": size, "length": float(np.mean(lengths)),
         "value_loss": loss, **row}
        for row in gram_rows(blocks)
    ]  # fmt: skip


def surrogates(played: PlayedGames, weights: Mapping[str, np.ndarray]) -> Surrogates:
    """Scalars whose gradients are the kinds of credit, and the search target's cross-entropy."""

    def of_game(log_pi: Tensor, at: np.ndarray) -> dict[str, Tensor]:
        actions = torch.from_numpy(played.action[at]).to(log_pi.device)
        chosen = log_pi.gather(1, actions[:, None])[:, 0]
        found = {
            kind: (torch.from_numpy(weight[at]).to(chosen) * chosen).sum()
            for kind, weight in weights.items()
        }
        target = torch.from_numpy(played.target[at]).to(log_pi.device)
        found["search"] = (target * log_pi).sum()
        return found

    return of_game


def analyse(rows: Rows, config: VarianceConfig) -> Findings:
    """Exponents, signal-to-noise ratios, and their figures."""
    variance: Variances = {}
    needed: dict[Key, dict[float, Estimate]] = {}
    table: list[Row] = []
    parts = rows.groups("policy", "setting", "kind", "length")
    for (policy, setting, kind, length), part in parts.items():
        found, signal = moments(*_gram(part)), Estimate(np.nan, np.nan, np.nan)
        if len(found.signal_of) > 1:
            signal = mean_of(found.signal_of)
        enough = _games_needed(found.variance, signal)
        variance.setdefault((policy, setting, kind), {})[length] = found.variance_of
        needed.setdefault((policy, setting, kind), {})[length] = enough
        table.append({
            "policy": policy, "games": setting, "credit": KINDS[kind], "moves": length,
            "variance": found.variance, "signal": signal.value, "signal_low": signal.low,
            "signal_high": signal.high, "games_needed": enough.value,
        })  # fmt: skip
    exponents = {key: _exponents(key, variance) for key in variance if len(variance[key]) > 1}
    pictures = []
    for policy in config.policies:
        per_move = _drawn(variance, policy, lambda key, at: mean_of(_per_move(key, at, variance)))
        games = _drawn(needed, policy, lambda key, at: needed[key][at])
        slug = policy.replace(":", "")
        pictures += [
            Picture(
                f"variance-{slug}",
                "Variance of one game's gradient in units of the mean squared length of a single "
                f"move's, over the forced length of games on {config.size}x{config.size}, policy "
                f"{policy}; dashed: theory for one reward at the end, and one at every move.",
                charts.line_chart(per_move, "moves T", "variance / one move's", True, True,
                                  _theory(per_move), 4.2),
                charts.rows_of(per_move, "moves", "variance"),
            ),
            Picture(
                f"games-needed-{slug}",
                "Games whose mean gradient has a signal as large as its noise: variance over the "
                f"squared length of the mean; policy {policy}. Gaps: no signal was found.",
                charts.line_chart(games, "moves T", "games needed", True, True, height=4.2),
                charts.rows_of(games, "moves", "games"),
            ),
        ]  # fmt: skip
    bars = [
        {"policy": policy, "games": setting, "credit": KINDS[kind], "exponent": own.value,
         "low": own.low, "high": own.high, "raw exponent": raw.value, "raw low": raw.low,
         "raw high": raw.high}
        for (policy, setting, kind), (own, raw) in exponents.items()
    ]  # fmt: skip
    sheets = [
        Sheet("exponents", "Exponent b in variance ~ T^b with its 95 % interval, for the variance "
              "in units of a move's own squared length (which changes as the board fills), and as "
              "it is.", bars),
        Sheet("moments", "Variance and signal (squared length of the mean) of one game's "
              "gradient; a negative signal: none was found.", table),
    ]  # fmt: skip
    measured = {f"{k}, {p}, {s}": own for (p, s, k), (own, _) in exponents.items()}
    measured |= _comparisons(variance, needed, config)
    return Findings(measured, pictures, sheets)


Key = tuple[str, str, str]
"""Policy, setting and kind."""
Variances = dict[Key, dict[float, np.ndarray]]
"""By key and length: the variance in each block."""


def _per_move(key: Key, length: float, variance: Variances) -> np.ndarray:
    """Variance by block, in units of the mean squared length of one move's gradient."""
    # With random signs the variance is the sum of the moves' squared lengths.
    signs = variance[key[0], key[1], "signs"][length]
    return variance[key][length] / (signs.mean() / length)


def _exponents(key: Key, variance: Variances) -> tuple[Estimate, Estimate]:
    """Exponents in units of a move's own squared length, and as it is."""
    lengths, signs = sorted(variance[key]), variance[key[0], key[1], "signs"]
    pairs = [np.stack([variance[key][at], signs[at] / at], axis=1) for at in lengths]
    return exponent(lengths, pairs), exponent(lengths, [variance[key][at] for at in lengths])


def _drawn(
    table: Mapping[Key, Mapping[float, Any]], policy: str, at: Callable[[Key, float], Estimate]
) -> charts.Series:
    """The lines of a figure over the forced lengths."""
    keys = [key for key in table if key[:2] == (policy, "forced") and key[2] in _DRAWN]
    return {
        KINDS[key[2]]: (sorted(table[key]), [at(key, length) for length in sorted(table[key])])
        for key in keys
    }


_DRAWN = ("winner", "outcome", "value", "sequence", "coin", "coin to go", "area", "search")


def _gram(part: Rows) -> tuple[np.ndarray, np.ndarray, int]:
    blocks = int(part.column("j").max()) + 1
    inner, squares = np.zeros((blocks, blocks)), np.zeros(blocks)
    for row in part:
        inner[row["i"], row["j"]] = inner[row["j"], row["i"]] = row["inner"]
        if row["i"] == row["j"]:
            squares[row["i"]] = row["squares"]
    return inner, squares, int(part.column("games")[0])


def _games_needed(variance: float, signal: Estimate) -> Estimate:
    """Variance over signal; infinite where no signal was found."""
    if signal.value <= 0:
        return Estimate(np.inf, variance / max(signal.high, 1e-300), np.inf)
    high = variance / signal.low if signal.low > 0 else np.inf
    return Estimate(variance / signal.value, variance / signal.high, high)


def _theory(series: charts.Series) -> dict[str, tuple[list[float], list[float]]]:
    """T for one reward at the end, T^2 for one at every move."""
    x = [float(at) for at in next(iter(series.values()))[0]]
    return {"T": (x, x), "T²": (x, [at**2 for at in x])}


def _comparisons(variance: Mapping, needed: Mapping, config: VarianceConfig) -> dict[str, Estimate]:
    """Numbers that hypotheses ask for, beside the exponents."""
    policy, found = config.policies[0], {}
    total = variance.get((policy, "forced", "coin"), {})
    to_go = variance.get((policy, "forced", "coin to go"), {})
    if total:
        longest = max(total)
        # The same games: by block they belong together.
        both = np.stack([to_go[longest], total[longest]], axis=1)
        found["coin to go over total"] = jackknife_ratio(
            lambda drawn: float(np.divide(*drawn[0].mean(axis=0))), [both]
        )
    for policy in config.policies:
        outcome = needed.get((policy, "forced", "outcome"), {})
        search = needed.get((policy, "forced", "search"), {})
        if outcome:
            a, b = outcome[max(outcome)], search[max(search)]
            # Conservative: the least that the one needs over the most that the other does.
            found[f"games saved by search, {policy}"] = Estimate(
                a.value / b.value, a.low / b.high, a.high / b.low
            )
    return found


def _claim(kind: str, low: float, high: float, text: str) -> Hypothesis:
    return Hypothesis(f"{kind}, untrained, forced", text, low, high, "claim", "C13")


def _expect(quantity: str, low: float, high: float, text: str) -> Hypothesis:
    return Hypothesis(quantity, text, low, high, "prediction")


_AS_SPOKEN = "With one reward at the end the variance grows with the square of T (as spoken)."
_EVERY_MOVE = (
    "With a reward at every move, the sum of gradients times the sum of rewards has a variance "
    "that grows with the square of T."
)
_ONE_ACTION = "A game as one action, by the mean of its moves' log-probabilities: it falls with T."
_SEARCH = (
    "At the longest T a trained policy's search target needs a hundredth of the games that the "
    "outcome needs, or fewer."
)

STUDY = Study(
    name="variance-vs-length",
    axes=("moves of a game T", "kind of credit", "variance of the gradient, signal to noise"),
    claims=("C13", "C14"),
    hypotheses=(
        _claim("outcome", 1.8, 2.2, _AS_SPOKEN),
        _claim("coin", 1.8, 2.2, _EVERY_MOVE),
        _claim("sequence", -1.2, -0.8, _ONE_ACTION),
        _expect("outcome, untrained, forced", 0.85, 1.2, "One reward at the end: exponent one."),
        _expect("winner, untrained, forced", 0.85, 1.2, "The winner's moves alone: one."),
        _expect("outcome, az:5, forced", 0.85, 1.3, "One reward, a trained policy: one."),
        _expect("coin to go, untrained, forced", 1.8, 2.2, "Rewards to go: still two."),
        _expect("coin to go over total", 0.4, 0.6, "Rewards to go halve the variance."),
        _expect("area, untrained, forced", 1.7, 2.3, "Area at every move, total: two."),
        _expect("games saved by search, az:5", 100, np.inf, _SEARCH),
    ),
    config=VarianceConfig,
    presets={
        "quick": VarianceConfig(),
        "full": VarianceConfig(
            lengths=(8, 16, 32, 64, 128),
            sizes=(3, 5, 7, 9),
            blocks=16,
            moves=2048,
            value_moves=50_000,
            value_steps=400,
            simulations=32,
        ),
        "tiny": VarianceConfig(
            size=4,
            lengths=(4, 8),
            sizes=(3,),
            opening=6,
            blocks=3,
            moves=32,
            value_moves=100,
            value_steps=5,
            simulations=4,
        ),
    },
    cells=cells,
    measure=measure,
    analyse=analyse,
)
