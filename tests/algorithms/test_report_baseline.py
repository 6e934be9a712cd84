"""How far learners stand above one of them."""

from __future__ import annotations

import pytest
from made_comparison import Comparison, interval, number


def with_baseline(folder, name):
    comparison = Comparison(folder, learners=("alphazero", "reinforce", "nfsp"), match_games=0)
    judge = comparison.config.judge.model_copy(update={"baseline": name})
    comparison.config = comparison.config.model_copy(update={"judge": judge})
    return comparison, comparison.write()


def test_differences_from_the_baseline(tmp_path):
    comparison, page = with_baseline(tmp_path, "reinforce")
    rows = page.rows("ranking", 1)
    assert {row["learner"] for row in rows} == {"alphazero", "nfsp"}
    rated = {rating.name: rating.elo for rating in comparison.ratings.groups}
    for row in rows:
        gap = comparison.ratings.difference(row["learner"], "reinforce")
        assert gap.value == pytest.approx(rated[row["learner"]] - rated["reinforce"])
        assert number(row["Elo above"]) == round(gap.value)
        assert interval(row["95 % interval"]) == [round(gap.low), round(gap.high)]
        assert row["zero outside"] == ("no" if gap.low <= 0 <= gap.high else "yes")
    # The one that was lent points, and one that differs from the baseline in name alone.
    assert [row["learner"] for row in rows] == ["alphazero", "nfsp"]
    assert [row["zero outside"] for row in rows] == ["yes", "no"]
    for ending in ("svg", "png"):
        assert (tmp_path / "report" / "figures" / f"baseline.{ending}").stat().st_size > 1000


def test_the_best_as_baseline_has_all_below(tmp_path):
    _, page = with_baseline(tmp_path, "alphazero")
    assert all(number(row["Elo above"]) < 0 for row in page.rows("ranking", 1))


def test_differences_of_all_pairs_are_stored(tmp_path):
    comparison, page = with_baseline(tmp_path, None)
    assert page.tables["ranking"][1][0][0] == ""  # the matrix of superiority follows the ranking
    assert not (tmp_path / "report" / "figures" / "baseline.svg").exists()
    gaps = {
        (row["player"], row["opponent"]): [float(row[end]) for end in ("difference", "low", "high")]
        for row in comparison.table("superiority.csv")
    }
    for (player, opponent), (value, low, high) in gaps.items():
        assert low < value < high
        assert [value, low, high] == pytest.approx([
            -each for each in (gaps[opponent, player][i] for i in (0, 2, 1))
        ])  # fmt: skip
