"""The result of a comparison in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from algorithms.compare_config import CompareConfig
from algorithms.judging import Player
from algorithms.report.standings import Standing, count_results
from algorithms.report.words import budget_text, percent, plural, signed
from baselines.arena import GameRecord
from baselines.groups import GroupRatings


def make_headline(
    config: CompareConfig,
    standings: Sequence[Standing],
    records: Sequence[GameRecord],
    players: Sequence[Player],
    ratings: GroupRatings,
) -> tuple[str, str]:
    """The result in a sentence, and a remark that says how far to trust it."""
    finals = [standing.rating for standing in standings if standing.kind == "final"]
    size = config.game.size
    if not finals:
        return f"No trained player was rated on {size}×{size}.", ""
    best = finals[0]
    shares = [_share_of_budget(config, player) for player in players if player.final]
    short = [share for share in shares if share < 1]
    start = f"After {'at most ' if short else ''}{budget_text(config)} a run on {size}×{size}, "
    remarks = []
    if len(finals) == 1:
        headline = f"{start}{best.name} rates {_interval(best.elo, best.low, best.high)} "
        headline += f"against {config.judge.anchor}, the anchor"
        known = best.low > 0 or best.high < 0
        headline += "." if known else ": the interval holds 0, so neither is shown to be stronger."
    else:
        second = finals[1]
        gap = ratings.difference(best.name, second.name)
        headline = f"{start}{best.name} rates {_interval(gap.value, gap.low, gap.high)} above "
        headline += f"{second.name}; their 95 % intervals "
        if best.low > second.high:
            headline += "do not overlap."
        elif gap.low > 0:
            headline += "overlap, but that of the difference excludes 0."
        else:
            headline += "overlap: the order is open."
        remarks.append(
            f"With {config.judge.anchor} at 0, {best.name} stands at "
            f"{_interval(best.elo, best.low, best.high)} and {second.name} at "
            f"{_interval(second.elo, second.low, second.high)}."
        )
        side = {player.name: player.group for player in players}
        direct = count_results(records, side).get((best.name, second.name))
        if direct is not None:
            remarks.append(
                f"In direct games {best.name} won {percent(direct.rate)} of {direct.games} "
                "(a draw counts half)."
            )
    if short:
        remarks.append(
            f"{plural(len(short), 'run')} of {len(shares)} stopped before the budget was spent, "
            f"at {int(100 * max(short))} % of it or less."
        )
    if len(config.seeds) == 1:
        remarks.append("With one seed a learner the intervals speak of these networks only.")
    return headline, " ".join(remarks)


def _interval(elo: float, low: float, high: float) -> str:
    return f"{signed(elo)} Elo [{signed(low)}, {signed(high)}]"


def _share_of_budget(config: CompareConfig, player: Player) -> float:
    limits, spent = config.budget.limits(), player.spent or {}
    return max(spent.get(name, 0) / limit for name, limit in limits.items())
