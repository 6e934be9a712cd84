"""What studies of search and training are made of: trials, distilling, errors of values."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from algorithms import workers
from algorithms.mixture import LeafConfig, leaf_evaluator
from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.registry import make_agent
from algorithms.run import Snapshot, list_snapshots
from algorithms.search import Search, SearchConfig
from algorithms.studies.charts import THIRDS
from algorithms.studies.distil import cross_entropy, distil, never_seen
from algorithms.studies.estimates import mean_of, win_rate_gain, win_rate_of
from algorithms.studies.games import log_policy, play, values_of
from algorithms.studies.search_hurts import value_errors
from algorithms.studies.search_improves import doublings_saved, worst_step
from algorithms.studies.soft_or_hard import entropies
from algorithms.studies.study import CellFolder, Stopped
from algorithms.studies.trials import (
    exact_judgement,
    metric_between,
    pick_snapshots,
    train_in_cell,
    win_rates,
)
from baselines.ratings import wilson_interval
from goenv import BLACK, WHITE, Rules

SMALL = NetworkConfig(blocks=1, channels=8, head_channels=8)
RULES = Rules(3, komi=0.5, superko="simple", max_moves=18)


@pytest.fixture
def told(monkeypatch):
    """What cells report in this process; `told.stopping` is what they hear."""
    heard = SimpleNamespace(shares=[], stopping=False)
    monkeypatch.setattr(workers, "report", lambda news: heard.shares.append(news.share))
    monkeypatch.setattr(workers, "should_stop", lambda: heard.stopping)
    return heard


def test_parts_of_a_cell_tell_shares_of_the_whole(told):
    cell = CellFolder("x", Path())
    cell.part(0.5, 1).part(0, 0.5).tell(0.5)
    assert told.shares == [pytest.approx(0.625)]
    told.stopping = True
    cell.show(0.5)
    with pytest.raises(Stopped):
        cell.tell(0.5)


def test_a_training_goes_on_after_a_stop(told, tiny, tmp_path, outcome_of):
    config = tiny("alphazero", name="run")
    whole, broken = CellFolder("a", tmp_path / "a"), CellFolder("b", tmp_path / "b").part(0, 0.5)
    train_in_cell(config, whole)
    assert told.shares == sorted(told.shares)
    assert told.shares[-1] == 1
    told.shares.clear()
    told.stopping = True
    with pytest.raises(Stopped):
        train_in_cell(config, broken)
    told.stopping = False
    snapshots = train_in_cell(config, broken)
    assert snapshots == list_snapshots(tmp_path / "b" / "run")
    assert told.shares[-1] == 0.5
    assert outcome_of(tmp_path / "a" / "run") == outcome_of(tmp_path / "b" / "run")
    before = [snapshot.path.stat().st_mtime_ns for snapshot in snapshots]
    again = train_in_cell(config, broken)
    assert [snapshot.path.stat().st_mtime_ns for snapshot in again] == before


@pytest.mark.parametrize(
    ("count", "steps"), [(1, [4]), (2, [2, 4]), (4, [1, 2, 3, 4]), (9, [1, 2, 3, 4])]
)
def test_the_last_snapshot_is_always_picked(count, steps):
    taken = [Snapshot(Path(str(step)), step, {}) for step in range(5)]
    assert [snapshot.step for snapshot in pick_snapshots(taken, count)] == steps


def test_win_rates_are_the_first_agents_own(told):
    strong, weak = make_agent("uct:60"), make_agent("random")
    cell = CellFolder("x", Path())
    one, two = win_rates([(strong, weak), (weak, strong)], RULES, 40, 3, 0, cell)
    assert one > 0.8
    assert two < 0.2
    assert told.shares[-1] == 1
    told.stopping = True
    with pytest.raises(Stopped):
        win_rates([(strong, weak)], RULES, 4, 3, 0, cell)


def test_the_exact_truth_tells_players_apart():
    small = Rules(2, komi=0.5, superko="simple", max_moves=12)
    uct, random = (exact_judgement(make_agent(text), small) for text in ("uct:200", "random"))
    assert uct.blunder_rate < random.blunder_rate


def test_metrics_between_steps(tmp_path):
    lines = [f'{{"step": {n}, "metrics": {{"x": {n}}}, "spent": {{}}}}\n' for n in range(1, 6)]
    (tmp_path / "metrics.jsonl").write_text("".join(lines))
    assert metric_between(tmp_path, "x", 2, 4) == 3.5
    assert math.isnan(metric_between(tmp_path, "y", 0, 5))


def test_win_rates_over_seeds_are_never_surer_than_the_games():
    low, high = wilson_interval(60, 60)
    all_won = win_rate_of([1.0, 1.0, 1.0], 20)
    assert (all_won.value, all_won.low) == (1.0, low)
    assert all_won.high == pytest.approx(high)
    differing = win_rate_of([0.2, 0.5, 0.8], 1000)
    over_seeds = mean_of([0.2, 0.5, 0.8])
    assert differing.low == max(0, over_seeds.low)
    assert math.isnan(win_rate_of([0.7], 20).low)


def test_gains_have_the_sign_of_what_comes_first():
    after, before = [0.80, 0.81, 0.79], [0.60, 0.61, 0.59]
    gain, loss = win_rate_gain(after, before, 200), win_rate_gain(before, after, 200)
    assert gain.value == pytest.approx(0.2)
    assert 0.1 < gain.low < 0.17  # the games leave more doubt than the seeds, who agree
    assert loss.high == pytest.approx(-gain.low)


def test_the_worst_step_of_curves():
    rising = np.array([[0.5, 0.7, 0.8], [0.5, 0.72, 0.82], [0.5, 0.68, 0.78]])
    found = worst_step(rising, 10_000)
    assert found.value == pytest.approx(0.1)
    assert 0 < found.low < 0.1 < found.high < 0.2  # the second step's, not the first one's
    falling = worst_step(rising[:, ::-1], 10_000)
    assert falling.value == pytest.approx(-0.2)
    assert falling.high < -0.05
    # So few games cannot tell whether a curve that stays is a fall.
    assert worst_step(np.full((3, 3), 0.5), 20).low < -0.05


def test_simulations_saved():
    curve, simulations = np.array([0.5, 0.7, 0.6, 0.9]), (0, 1, 3, 7)

    def saved(start):
        return doublings_saved(curve, simulations, start)

    assert saved(0.5) == 0
    assert saved(0.4) == 0
    assert saved(0.6) == pytest.approx(0.5)  # halfway to one simulation
    assert saved(0.8) == pytest.approx(2.5)
    assert saved(0.95) == 3  # more than was measured


@pytest.fixture(scope="module")
def searched():
    """An untrained network and games with a search's targets; playouts judge its leaves."""
    model = Model(SMALL, seed=3)
    config = SearchConfig(simulations=48)
    search = Search(config, leaf_evaluator(model, LeafConfig(playout_weight=1.0), config))
    return model, play(model, RULES, 60, np.random.default_rng(0), search=search)


def test_distilling_carries_over_to_other_games_and_holds_the_value(searched):
    model, played = searched
    learned = range(48)
    held_back = never_seen(played, learned)
    assert 0.1 < held_back.mean() < 0.2  # nearly all of a fifth: early boards recur
    values = values_of(model, played)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    copy = distil(model, played, learned, 20, np.random.default_rng(1))
    before, after = (cross_entropy(each, played, held_back) for each in (model, copy))
    assert after < before - 0.04
    assert np.abs(values_of(copy, played) - values).mean() < 0.1
    assert all((model.state_dict()[name] == value).all() for name, value in weights.items())


def test_only_the_games_named_are_learned_from(searched):
    model, played = searched
    passing = played.game < 30
    target = np.where(played.allowed & ~passing[:, None], played.target, 0)
    target[:, -1] = passing
    lessons = replace(played, target=target)

    def likes_to_pass(judged):
        planes, allowed = map(torch.from_numpy, (played.planes, played.allowed))
        with torch.no_grad():
            return float(log_policy(judged, planes, allowed)[:, -1].mean())

    by_games = [
        likes_to_pass(distil(model, lessons, games, 20, np.random.default_rng(1)))
        for games in (range(30), range(30, 60))
    ]
    assert by_games[0] > likes_to_pass(model) + 0.5
    assert by_games[1] < likes_to_pass(model) - 0.1


def test_entropies_of_few_visits_are_small():
    model = Model(SMALL, seed=3)
    few, many = (entropies(model, RULES, count, 8, 0) for count in (2, 64))
    assert few["target_entropy"] <= math.log(2) + 1e-6 < many["target_entropy"]
    assert few["policy_entropy"] == many["policy_entropy"] <= math.log(10)


def says(value_of_black, komi):
    """A network that gives Black the same value everywhere."""

    def evaluate(planes):
        against = planes[:, 3, 0, 0] * komi < 0  # the komi is against the player to move
        return None, value_of_black * np.where(against, BLACK, WHITE)

    return SimpleNamespace(evaluate=evaluate)


@pytest.mark.parametrize(("komi", "winner"), [(-20.0, BLACK), (20.0, WHITE)])
def test_errors_of_values(komi, winner):
    rules = Rules(3, komi=komi, superko="simple", max_moves=18)
    found = {
        value: value_errors(says(value * winner, komi), rules, "uct:2", 8) for value in (1, 0, -0.5)
    }
    assert all(set(errors) == {f"{third}_error" for third in THIRDS} for errors in found.values())
    # Squares of how far the win probability is off: 0 if sure and right, 1/4 if it knows nothing.
    for value, error in ((1, 0), (0, 0.25), (-0.5, 0.75**2)):
        assert list(found[value].values()) == pytest.approx([error] * 3)
