"""What a report says of colours, cycles and superiority."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_comparison import Comparison

from algorithms.report.crossplay import colour_sentence, cycle_sentence, likely
from baselines.groups import Estimate
from baselines.transitivity import Cycle, Transitivity


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    comparison = Comparison(tmp_path_factory.mktemp("comparison"), match_games=0)
    return comparison, comparison.write()


def test_superiority_matrix(made):
    comparison, page = made
    matrix = page.tables["ranking"][1]
    names = [rating.name for rating in comparison.ratings.groups]
    table = comparison.ratings.superiority()
    assert len(matrix) == 1 + 5
    for name, *cells in matrix[1:]:
        for other, cell in zip(matrix[0][1:], cells, strict=True):
            share = table[names.index(name), names.index(other)]
            assert cell == ("·" if name == other else likely(share))
    # Learners that random players only pretend to be, and one that was lent points.
    assert table[names.index("alphazero"), names.index("reinforce")] > 0.9


def test_likely_is_never_certain():
    assert [likely(share) for share in (1.0, 0.995, 0.93, 0.004, 0.0)] == [
        "> 99", "> 99", "93", "< 1", "< 1"
    ]  # fmt: skip


def test_the_page_says_what_was_found(made):
    comparison, page = made
    assert colour_sentence(comparison.ratings) in page.texts["said"]
    [said] = [text for text in page.texts["said"] if "One strength a player" in text]
    assert f"p = {comparison.transitivity.p_value:.2f}" in said


@pytest.mark.parametrize(
    ("colour", "said"),
    [
        ((100, 20, 180), "is worth 100 Elo [20, 180]: Black wins 64.0 % of the decided games"),
        ((-100, -180, -20), "is worth −100 Elo [−180, −20]: White wins 64.0 % of the decided"),
        ((30, -20, 80), "30 Elo [−20, 80], so no advantage of either colour is shown."),
    ],
)
def test_colour_sentence(made, colour, said):
    ratings = replace(made[0].ratings, colour=Estimate(*colour), draw=None)
    assert said in colour_sentence(ratings)
    assert colour_sentence(ratings).endswith(" No game was drawn.")
    drawn = replace(ratings, draw=Estimate(0.123, 0.1, 0.15))
    assert colour_sentence(drawn).endswith("Of the games between equals 12.3 % are drawn "
                                           "[10.0, 15.0].")  # fmt: skip


def test_cycle_sentence():
    ring = Cycle(("rock", "scissors", "paper"), (0.8, 0.75, 0.9))
    said = cycle_sentence(Transitivity(5.0, 0.002), ring)
    assert said == (
        "One strength a player does not explain who beats whom, so the ratings depend on who takes "
        "part. Without any cycle results depart as much from the ratings less than once in 100 "
        "times (p = 0.002). The strongest ring of three: rock takes 80.0 % against scissors, "
        "scissors 75.0 % against paper, and paper 90.0 % against rock."
    )
    said = cycle_sentence(Transitivity(0.1, 0.43), None)
    assert "explains who beats whom; no cycle is shown. Without" in said
    assert "43 times in 100 (p = 0.43). No three of those" in said
    assert "once in 25 times (p = 0.04)" in cycle_sentence(Transitivity(3.0, 0.04), None)
    assert "cannot be told" in cycle_sentence(None, None)


def test_a_cycle_is_found_in_the_games(tmp_path):
    """Three anchors that beat one another in a ring, ten openings each."""
    made = Comparison(
        tmp_path, ("reinforce",), (0,), ("rock", "paper", "scissors"), lambda *_: (1.0,),
        match_games=0,
    )  # fmt: skip
    ring = [("rock", "scissors"), ("scissors", "paper"), ("paper", "rock")]
    template = made.records[0]
    for winner, loser in ring:
        for opening in range(10):
            for black, white in ((winner, loser), (loser, winner)):
                score = 10.0 if (black == winner) != (opening == 0) else -10.0
                game = {"black": black, "white": white, "opening": opening, "score": score}
                made.records.append(replace(template, **game))
    made.judge()
    page = made.write()
    [said] = [text for text in page.texts["said"] if "One strength a player" in text]
    assert "does not explain" in said
    assert all(f"{winner} takes" in said or f"{winner} 9" in said or f"{winner} 8" in said
               for winner, _ in ring)  # fmt: skip
    marked = [given["title"] for _, given in page.attributes if given.get("class") == "win marked"]
    assert {title.split(":")[0] for title in marked} == {f"{a} against {b}" for a, b in ring}
    rated = {group.name: group.elo for group in made.ratings.groups}
    assert np.ptp([rated[name] for name, _ in ring]) < 100
