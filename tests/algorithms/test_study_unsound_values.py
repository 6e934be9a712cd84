"""Values from games cut short: what is cut, whose values a search sees, what is concluded."""

import numpy as np
import pytest

from algorithms.config import ConfigError
from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.studies import unsound_values
from algorithms.studies.data import Rows
from algorithms.studies.games import fit_values, play, values_of
from algorithms.studies.study import judge
from algorithms.studies.thirds import mean_by_thirds
from algorithms.studies.unsound_values import (
    STUDY,
    UnsoundConfig,
    cut_short,
    errors_by_third,
    rules_of,
)
from goenv import Rules

SMALL = NetworkConfig(blocks=1, channels=8, head_channels=8)
RULES = Rules(3, komi=0.5, superko="simple", max_moves=18)


@pytest.fixture
def played():
    return play(Model(SMALL, seed=3), RULES, 6, np.random.default_rng(1))


def test_who_thinks_the_game_lost_resigns_there(played):
    values = np.zeros(len(played.game))
    second, third = (np.flatnonzero((played.game == 2) & (played.at == at))[0] for at in (1, 2))
    values[[second, third]] = -0.6, -0.9  # White resigns before Black would
    elsewhere = np.flatnonzero((played.game == 4) & (played.at == 0))[0]
    values[elsewhere] = -0.5  # as low as the threshold is not below it
    left = cut_short(played, values, 0.5, np.zeros(6, bool))
    assert played.colour[second] == -1
    assert left.outcome[2] == 1
    assert left.at[left.game == 2].tolist() == [0, 1]
    others = np.arange(6) != 2
    assert (left.outcome[others] == played.outcome[others]).all()
    kept = np.flatnonzero((played.game != 2) | (played.at <= 1))
    for name in ("planes", "game", "at", "action", "colour", "allowed", "target"):
        np.testing.assert_array_equal(getattr(left, name), getattr(played, name)[kept])
    assert played.at[played.game == 2].max() > 1  # what was given is as it was

    whole = cut_short(played, values, 0.5, np.arange(6) == 2)
    assert len(whole.game) == len(played.game)
    assert (whole.outcome == played.outcome).all()


def test_errors_of_those_who_know_and_who_do_not(played):
    truth = played.colour * played.outcome[played.game]
    third = np.zeros(len(played.game), int)
    for game in range(len(played.length)):
        moves = played.moves_of(game)
        for number, part in enumerate(np.array_split(moves, 3)):
            third[part] = number
    values = np.where(third == 0, 0.0, np.where(third == 1, truth, -truth))
    assert errors_by_third(values, played) == {
        "early_error": 0.25, "middle_error": 0.0, "late_error": 1.0,
    }  # fmt: skip


def test_each_game_counts_alike_however_long():
    short, long = np.array([1.0, 0, 0.5]), np.array([0.0, 0, 0, 0, 1, 1, 0.5, 0.5])
    assert mean_by_thirds([short, long]) == {
        "early_error": 0.5, "middle_error": pytest.approx(1 / 3), "late_error": 0.5,
    }  # fmt: skip
    # A game of two moves has no last third.
    assert mean_by_thirds([short, np.array([0.0, 1.0])])["late_error"] == 0.5


def test_values_learn_the_results_of_cut_games():
    """Where whoever is winning resigns, results are turned round, and so are values."""
    played = play(Model(SMALL, seed=3), RULES, 8, np.random.default_rng(1), opening=3)
    won = played.colour * played.outcome[played.game]
    cut = cut_short(played, -won, 0.5, np.zeros(8, bool))
    assert (cut.outcome == -played.outcome).all()
    net = Model(SMALL, seed=0)
    fit_values(net, cut, 300, np.random.default_rng(0), 32)
    result = cut.colour * cut.outcome[cut.game]
    assert np.mean(values_of(net, cut) * result) > 0.5


def test_it_needs_a_player_that_learned_a_game():
    assert rules_of("az:3").size == 3
    with pytest.raises(ConfigError, match="policy: uct:20 is no trained player, such as az:5"):
        rules_of("uct:20")


@pytest.mark.parametrize(
    ("none", "some", "claims"),
    [(0.2, 0.45, ("holds", "does not hold", "holds")),
     (0.3, 0.7, ("holds", "holds", "holds")),
     (0.6, 0.6, ("does not hold", "holds", "undecided"))],
)  # fmt: skip
def test_what_is_concluded(none, some, claims):
    config = UnsoundConfig(fitted_games=(30, 300), seeds=4, simulations=(16, 64), games=400)
    rate = {unsound_values._OWN: 0.7, 0.0: none, 0.1: some, 1.0: 0.4}
    late = {unsound_values._OWN: 0.0, 0.0: 0.3, 0.1: 0.03, 1.0: 0.02}
    rows = [
        {"fitted": fitted, "seed": seed, "played_out": share, "root": root, "simulations": count,
         # Only the Gumbel searches with the most simulations and the fewest games are asked about.
         "over_raw": (rate[share] if (root, count, fitted) == ("Gumbel", 64, 30) else 0.55)
         + 0.005 * (seed - 1.5),
         "positions": 10, "loss": 0.1, "early_error": 0.3, "middle_error": 0.2,
         "late_error": late[share] + 0.001 * seed}
        for fitted in (30, 300)
        for seed in range(4)
        for share in rate
        for root in ("Gumbel", "PUCT")
        for count in (16, 64)
    ]  # fmt: skip
    findings = STUDY.analyse(Rows(rows), config)
    verdict = {each.hypothesis.quantity: each.verdict for each in judge(STUDY, findings)}
    asked = ("few games, none played out", "few games, a tenth played out", "repair, few games")
    assert tuple(verdict[name] for name in asked) == claims
    measured = findings.measured
    assert set(verdict) == set(measured)
    assert measured["own values"].value == pytest.approx(0.7)
    assert measured["many games, all played out"].value == pytest.approx(0.55)
    assert measured["repair, many games"].value == pytest.approx(0)
    assert measured["few games, none played out, PUCT"].value == pytest.approx(0.55)
    errors = "late error, few games, none less a tenth played out"
    assert measured[errors].value == pytest.approx(0.27)
    assert measured[errors.replace("none less a tenth", "a tenth less all")].value == pytest.approx(
        0.01
    )
    table = findings.sheets[0].rows
    assert [row["values"] for row in table[:2]] == ["its own values", "0% played out"]
    assert table[1]["Gumbel, 64"] == pytest.approx(none)
    shares = findings.sheets[1].rows  # in the mean over 30 and 300 games
    assert [row["values"] for row in shares] == [
        "0% played out", "10% played out", "100% played out"
    ]  # fmt: skip
    means = [float(row["Gumbel, 64"].split()[0]) for row in shares]
    assert means == pytest.approx([(each + 0.55) / 2 for each in (none, some, 0.4)], abs=0.002)
    assert {row["PUCT, 64"].split()[0] for row in shares} == {"0.55"}
