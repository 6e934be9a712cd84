"""Games against a league: whose move it is, who gets which reward, how often each is met."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from algorithms.budget import Ledger
from algorithms.learner import StartConfig, Starts
from algorithms.seat_games import SeatGames
from baselines.agent import RandomAgent
from goenv import BLACK, Rules


class Passer:
    """Passes always."""

    name = "passer"

    def act(self, batch, rng):
        return np.full(len(batch), batch.num_actions - 1)

    __call__ = act


class First(Passer):
    """Plays the first legal action."""

    name = "first"

    def act(self, batch, rng):
        return batch.legal_actions().argmax(axis=1)

    __call__ = act


def seat_games(members, weights=None, rules=None, games=8, **start):
    rules = rules or Rules(3, komi=0.5, max_moves=20)
    weights = weights or [1.0] * len(members)
    return SeatGames(members, weights, Starts(StartConfig(**start), rules), games, 5)


def test_it_is_always_the_learners_move_and_its_colours_alternate():
    games = seat_games([RandomAgent()], random_moves=3)
    games.begin()
    rng = np.random.default_rng(0)
    before = games.colour.copy()
    turned = 0
    for _ in range(60):
        assert (games.batch.to_play == games.colour).all()
        assert not games.batch.done.any()
        steps = games.step(RandomAgent().act(games.batch, rng))
        # Who has Black in a game that ended has White in the next one; unless that was over
        # before the learner's first move, which needs two passes of others.
        turned += (games.colour[steps.done] != before[steps.done]).sum()
        assert (games.colour[~steps.done] == before[~steps.done]).all()
        before = games.colour.copy()
        assert (steps.reward[~steps.done] == 0).all()
        assert set(np.abs(steps.reward[steps.done]).tolist()) <= {1.0}
    assert turned > 20


@pytest.mark.parametrize("komi", [0.5, -0.5])
def test_who_wins_is_rewarded_on_either_side(komi):
    """Both pass at once: at komi 0.5 White has won, at -0.5 Black."""
    games = seat_games([Passer()], rules=Rules(3, komi=komi, max_moves=20))
    games.begin()
    for _ in range(6):
        colour = games.colour.copy()
        steps = games.step(np.full(8, 9))
        # As White the learner answers the opponent's pass, as Black the opponent answers.
        assert steps.done.all()
        wanted = np.where(colour == BLACK, -1, 1) * np.sign(komi)
        np.testing.assert_array_equal(steps.reward, wanted)
    rate, low, high = games.win_rates()["passer"]
    assert rate == 0.5
    assert low < 0.5 < high


def test_games_in_which_the_learner_never_moved_are_none_of_its():
    # A limit of one move: as White the learner is never asked.
    games = seat_games([First()], rules=Rules(2, komi=0.5, max_moves=1))
    games.begin()
    assert (games.colour == BLACK).all()
    steps = games.step(np.zeros(8, np.int64))
    assert steps.done.all()
    assert (steps.reward == 1).all()  # one stone, the whole board
    assert (games.colour == BLACK).all()
    assert games.win_rates()["first"][0] == 1.0
    metrics = games.metrics()
    assert metrics["won"] == 1.0
    assert metrics["games"] > 8  # the others count as games all the same


def test_opponents_are_met_by_their_weights():
    games = seat_games([Passer(), First()], [1.0, 3.0], games=64)
    games.begin()
    met = np.zeros(2)
    rng = np.random.default_rng(1)
    for _ in range(150):
        before = games.opponent.copy()
        steps = games.step(RandomAgent().act(games.batch, rng))
        met += np.bincount(before[steps.done], minlength=2)
    assert met[1] / met.sum() == pytest.approx(0.75, abs=0.06)
    assert set(games.win_rates()) == {"passer", "first"}


def test_moves_of_both_sides_are_charged():
    games = seat_games([First()])
    ledger = Ledger()
    games.batch.ledger = ledger
    games.begin()
    assert ledger.env_steps == (games.colour != BLACK).sum()
    games.step(np.full(8, 9))  # nobody passes in return: no game ends
    assert ledger.env_steps == games.batch.ply.sum() == 8 + 4 + 8


def test_going_on_from_a_stored_state_is_the_same():
    games = seat_games([RandomAgent(), First()], random_moves=2)
    games.begin()
    rng = np.random.default_rng(3)
    for _ in range(9):
        games.step(RandomAgent().act(games.batch, rng))
    other = seat_games([RandomAgent(), First()], random_moves=2)
    other.load_state_dict(copy.deepcopy(games.state_dict()))
    second = np.random.default_rng()
    second.bit_generator.state = rng.bit_generator.state
    for _ in range(30):
        steps = games.step(RandomAgent().act(games.batch, rng))
        again = other.step(RandomAgent().act(other.batch, second))
        np.testing.assert_array_equal(steps.reward, again.reward)
        np.testing.assert_array_equal(games.batch.boards(), other.batch.boards())
    assert games.win_rates() == other.win_rates()
