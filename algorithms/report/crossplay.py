"""Who beat whom, beside what the ratings expect; who is likely to be stronger; cycles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from algorithms.judging import Player
from algorithms.report.markup import colour_key
from algorithms.report.standings import Standing, Tally, count_results
from algorithms.report.words import percent, plural, signed
from baselines.arena import GameRecord
from baselines.groups import Estimate, GroupRatings
from baselines.ratings import Ratings
from baselines.transitivity import Cycle, Transitivity, strongest_cycle

_SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Meeting:
    """Games of one side against another, and what the ratings expect of them.

    Attributes:
        tally: the games.
        expected: share of points that the ratings expect, 0 to 1, colours alternating.
    """

    tally: Tally
    expected: float

    @property
    def surplus(self) -> float:
        """Share of points beyond expectation."""
        return (self.tally.rate or 0.0) - self.expected


def meetings_between(
    records: Sequence[GameRecord], side: Mapping[str, str], ratings: Ratings
) -> dict[tuple[str, str], Meeting]:
    """The meetings of all sides; see `count_results`. Each pair of players counts by its games."""
    expected: dict[tuple[str, str], float] = {}
    pairs = count_results(records, {name: name for name in side if name in ratings.names})
    for (name, other), tally in pairs.items():
        key = side[name], side[other]
        points = tally.games * ratings.expected_score(name, other)
        expected[key] = expected.get(key, 0.0) + points
    return {
        key: Meeting(tally, expected[key] / tally.games)
        for key, tally in count_results(records, side).items()
    }


def crossplay_section(
    players: Sequence[Player],
    records: Sequence[GameRecord],
    standings: Sequence[Standing],
    ratings: GroupRatings,
    transitivity: Transitivity | None,
) -> str:
    """The page's matrix of results, that of surprises, and a sentence about cycles."""
    side = {player.name: player.group for player in players}
    met = meetings_between(records, side, ratings.players)
    main = [standing for standing in standings if standing.kind != "snapshot"]

    def result(name: str, other: str) -> tuple[str, float, str] | None:
        if (name, other) not in met:
            return None
        tally, expected = met[name, other].tally, met[name, other].expected
        title = f"{name} against {other}: {plural(tally.games, 'game')}, {tally.wins} won, "
        title += f"{tally.draws} drawn, {tally.losses} lost; expected {percent(expected)}"
        rate = tally.rate or 0.0
        return f"{100 * rate:.0f}", 2 * rate - 1, title

    def surplus(name: str, other: str) -> tuple[str, float, str] | None:
        if (name, other) not in met:
            return None
        more = met[name, other].surplus
        title = f"{name} against {other}: {percent(met[name, other].tally.rate)} won, "
        title += f"{percent(met[name, other].expected)} expected"
        return signed(100 * more), float(np.clip(2 * more, -1, 1)), title

    cycle = cycle_among([standing.rating.name for standing in main], met)
    ring = () if cycle is None else cycle.wins()
    parts = [
        matrix(main, result, "cross-play", ring),
        f'<p class="said">{escape(cycle_sentence(transitivity, cycle))}</p>',
        "<details><summary>What the ratings do not explain: per cent won beyond expectation"
        f"</summary>{matrix(main, surplus, 'surplus')}</details>",
    ]
    if len(main) < len(standings):
        parts.append("<details><summary>With the earlier snapshots</summary>"
                     + matrix(standings, result, "cross-play") + "</details>")  # fmt: skip
    return "".join(parts)


def superiority_section(standings: Sequence[Standing], ratings: GroupRatings) -> str:
    """The page's matrix of the likelihood of superiority."""
    main = [standing for standing in standings if standing.kind != "snapshot"]
    number = {group.name: index for index, group in enumerate(ratings.groups)}
    table = ratings.superiority()

    def likelihood(name: str, other: str) -> tuple[str, float, str] | None:
        if name == other:
            return None
        share = table[number[name], number[other]]
        return likely(share), 2 * share - 1, f"{name} is stronger than {other}: {likely(share)} %"

    return matrix(main, likelihood, "likelihood of superiority")


def likely(share: float) -> str:
    """A likelihood in per cent; draws from a posterior never make it certain."""
    return "> 99" if share > 0.99 else "< 1" if share < 0.01 else f"{100 * share:.0f}"


def cycle_among(names: Sequence[str], met: Mapping[tuple[str, str], Meeting]) -> Cycle | None:
    """The strongest cycle of three among these."""
    points, games = np.zeros((2, len(names), len(names)))
    for row, name in enumerate(names):
        for column, other in enumerate(names):
            if (name, other) in met:
                tally = met[name, other].tally
                games[row, column] = tally.games
                points[row, column] = tally.wins + tally.draws / 2
    return strongest_cycle(names, points, games)


def cycle_sentence(transitivity: Transitivity | None, cycle: Cycle | None) -> str:
    """What the games say about cycles, in plain words."""
    if transitivity is None:
        said = "Whether some players beat others against the order cannot be told: that takes "
        said += "three players, and two openings of a pair."
    else:
        p_value = transitivity.p_value
        said = "One strength a player explains who beats whom; no cycle is shown"
        if p_value < _SIGNIFICANT:
            said = "One strength a player does not explain who beats whom, so the ratings depend "
            said += "on who takes part"
        said += f". Without any cycle results depart as much from the ratings {_often(p_value)} "
        said += f"(p = {p_value:.{3 if p_value < 0.005 else 2}f})."
    if cycle is None:
        return f"{said} No three of those shown beat one another in a ring."
    a, b, c = cycle.names
    shares = [percent(score) for score in cycle.scores]
    return (
        f"{said} The strongest ring of three: {a} takes {shares[0]} against {b}, {b} {shares[1]} "
        f"against {c}, and {c} {shares[2]} against {a}."
    )


def _often(p_value: float) -> str:
    """A chance in words."""
    if p_value > 0.05:
        return f"{round(100 * p_value)} times in 100"
    # Of so few simulated results as there are, the smallest p says only that it is small.
    return (
        "less than once in 100 times" if p_value < 0.01 else f"once in {round(1 / p_value)} times"
    )


def colour_sentence(ratings: GroupRatings) -> str:
    """What the games say about colours and draws, in plain words."""
    colour = ratings.colour
    who = "Black" if colour.value >= 0 else "White"
    equal = 1 / (1 + 10 ** (-abs(colour.value) / 400))
    said = f"Black's colour is worth {_interval(colour)}"
    if colour.low <= 0 <= colour.high:
        said += ", so no advantage of either colour is shown."
    else:
        said += f": {who} wins {percent(equal)} of the decided games between equals."
    if ratings.draw is not None:
        draw = ratings.draw
        said += f" Of the games between equals {percent(draw.value)} are drawn "
        said += f"[{100 * draw.low:.1f}, {100 * draw.high:.1f}]."
    else:
        said += " No game was drawn."
    return said


def _interval(estimate: Estimate) -> str:
    return f"{signed(estimate.value)} Elo [{signed(estimate.low)}, {signed(estimate.high)}]"


def matrix(
    shown: Sequence[Standing],
    cell: Callable[[str, str], tuple[str, float, str] | None],
    label: str,
    marked: Collection[tuple[str, str]] = (),
) -> str:
    """A table of all against all in coloured cells.

    Args:
        shown: the rows, and the columns.
        cell: text, colour from -1 to 1, and explanation for a row and a column; None for nothing.
        label: read out in place of the picture.
        marked: rows and columns of cells that get a frame.
    """
    names = [standing.rating.name for standing in shown]
    head = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in names)
    rows = []
    for standing in shown:
        cells = []
        for other in names:
            found = cell(standing.rating.name, other)
            if found is None:
                cells.append('<td class="none">·</td>')
                continue
            text, strength, title = found
            kind = "win" if strength >= 0 else "loss"
            kind += " marked" * ((standing.rating.name, other) in marked)
            cells.append(
                f'<td class="{kind}" '
                f'style="--strength:{85 * abs(strength):.0f}%" '
                f'title="{escape(title)}">{escape(text)}</td>'
            )
        name = colour_key(standing.learner) + escape(standing.rating.name)
        rows.append(f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table '
        f'class="matrix"><thead><tr><td></td>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table></div>"
    )
