"""What a match came to, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from baselines.arena import GameRecord, summarise
from goenv import BLACK, WHITE, Rules

RULES = Rules(3, komi=0.5, max_moves=21)
PASS = 9


def record(black, white, score):
    return GameRecord(black, white, RULES, (PASS, PASS), 0, 0, score, False)


def test_a_summary_by_hand():
    records = [
        record("a", "b", 3.5), record("b", "a", 1.5), record("a", "b", 0.0),
        record("b", "a", -2.0), record("a", "b", 5.5),
    ]  # fmt: skip
    summary = summarise(records, "a")
    # Black: won, drawn, won. White: lost, won.
    assert (summary.games, summary.wins, summary.draws, summary.losses) == (5, 3, 1, 1)
    assert summary.rate == pytest.approx(3.5 / 5)
    assert summary.as_black == pytest.approx(2.5 / 3)
    assert summary.as_white == 0.5
    assert summary.score == pytest.approx((3.5 - 1.5 + 0 + 2 + 5.5) / 5)
    low, high = summary.interval
    assert 0 < low < 0.7 < high < 1
    other = summarise(records, "b")
    assert (other.wins, other.draws, other.losses) == (1, 1, 3)
    assert other.rate == pytest.approx(1 - summary.rate)


def test_openings_won_even_and_lost_by_hand():
    def pair(opening, opponent, as_black, as_white):
        """The games of an opening, by their scores for "a"."""
        games = record("a", opponent, as_black), record(opponent, "a", -as_white)
        return [replace(game, opening=opening) for game in games]

    records = [
        *pair(0, "b", 3.0, 1.0), *pair(0, "c", -3.0, 0.0), *pair(1, "b", 5.0, -5.0),
        *pair(2, "b", 0.0, 1.0), *pair(3, "b", -1.0, 1.0), *pair(4, "b", 9.0, 9.0)[:1],
    ]  # fmt: skip
    assert summarise(records, "a").pairs == (2, 2, 1)
    b = [game for game in records if "b" in (game.black, game.white)]
    assert summarise(b, "b").pairs == (0, 2, 2)


def test_a_summary_counts_what_was_given_up():
    lost = replace(record("a", "b", 9.0), gave_up=BLACK, reason="crash")
    records = [
        record("a", "b", 3.5), record("b", "a", 1.5), lost, replace(lost, reason="timeout"),
        replace(lost, reason="crash", gave_up=WHITE), replace(lost, reason="resignation"),
    ]  # fmt: skip
    summary = summarise(records, "a")
    assert summary.forfeits == {"a": {"crash": 1, "timeout": 1}, "b": {"crash": 1}}
    assert summary.resigned == {"a": 1}
    assert summary.forfeited == 3
    assert (summary.wins, summary.losses) == (2, 4)
    assert summary.score == 1.0  # the mean of 3.5 and -1.5: the others were not played out
    nothing = summarise([lost], "b")
    assert (nothing.wins, nothing.forfeits) == (1, {"a": {"crash": 1}})
    assert np.isnan(nothing.score)


def test_one_colour_only_has_no_rate_for_the_other():
    summary = summarise([record("a", "b", 1.0)], "a")
    assert np.isnan(summary.as_white)
    assert summary.as_black == 1.0
