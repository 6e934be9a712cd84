"""Agents by their text form, and how they play."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.players import PlayConfig, PolicyAgent, SearchAgent, network_agent, uct_agent
from algorithms.registry import AgentError, make_agent
from algorithms.run import list_snapshots
from baselines import engines
from baselines.agent import Agent
from baselines.engine_process import find_program
from goenv import GoBatch, Rules

RULES = Rules(3, komi=0.5)


def positions(games=24, plies=3, seed=1):
    batch = GoBatch(games, RULES, seed)
    for _ in range(plies):
        batch.step(batch.random_actions())
    return batch


def acts(agent, batch=None, seed=0):
    return agent.act(positions() if batch is None else batch, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def run_folder(finished):
    return finished("alphazero")


# Forms


@pytest.mark.parametrize("text", ["random", "uct:1", "uct:40"])
def test_scripted_agents(text):
    agent = make_agent(text)
    assert isinstance(agent, Agent)
    assert agent.name == text
    batch = positions()
    actions = acts(agent, batch)
    assert batch.legal_actions()[np.arange(len(batch)), actions].all()
    np.testing.assert_array_equal(actions, acts(make_agent(text), batch))
    np.testing.assert_array_equal(actions, agent(batch, np.random.default_rng(0)))
    assert not np.array_equal(actions, acts(agent, batch, seed=1))


def test_uct_takes_the_number_of_playouts_from_its_text():
    assert make_agent("uct:17")._search.config.simulations == 17


def test_engines_by_their_command_line():
    standin = Path(__file__).parents[1] / "standin_engine.py"
    text = f"gtp:{sys.executable} {standin} --seeds"
    agent = make_agent(text)
    assert isinstance(agent, Agent)
    assert agent.name == text
    with agent:
        actions = acts(agent)
        np.testing.assert_array_equal(actions, acts(agent))
        assert agent.faults == []
    assert positions().legal_actions()[np.arange(24), actions].all()


def test_gnugo_by_its_level(monkeypatch):
    if find_program("gnugo") is not None:
        assert make_agent("gnugo:7").name == "gnugo:7"
    monkeypatch.setattr(engines, "find_program", lambda name: None)
    with pytest.raises(AgentError, match=r"'gnugo:7': GNU Go is not installed.*apt install gnugo"):
        make_agent("gnugo:7")


def test_the_forms_of_a_trained_run_are_the_same_agent(run_folder):
    latest = run_folder / "checkpoints" / "latest"
    forms = [run_folder, f"{run_folder}/", latest, latest.resolve(),
             latest / "weights.safetensors"]  # fmt: skip
    moves = [acts(make_agent(str(form))) for form in forms]
    for other in moves[1:]:
        np.testing.assert_array_equal(moves[0], other)
    untrained = make_agent(str(list_snapshots(run_folder)[0].path))
    assert isinstance(untrained, SearchAgent)


def test_settings_of_play_come_from_the_training_unless_the_text_has_others(run_folder):
    agent = make_agent(str(run_folder))
    assert isinstance(agent, SearchAgent)
    assert agent._search.config.simulations == 3
    raw = make_agent(f"{run_folder}?simulations=0&temperature=0.5")
    assert isinstance(raw, PolicyAgent)
    assert raw.temperature == 0.5
    assert raw.name == f"{run_folder}?simulations=0&temperature=0.5"
    other = make_agent(f"{run_folder}?exploration=2.5&simulations=9")
    assert (other._search.config.simulations, other._search.config.exploration) == (9, 2.5)
    assert other.temperature == 0


# What names no agent: (text, words of the message); {run} is a trained run.

WRONG = {
    "no playouts": ("uct:", ["'uct:'", "number of playouts", "uct:400"]),
    "no colon": ("uct", ["number of playouts", "uct:400"]),
    "no number": ("uct:x", ["'uct:x'", "uct:400"]),
    "zero": ("uct:0", ["'uct:0'", "uct:400"]),
    "negative": ("uct:-5", ["uct:400"]),
    "a fraction": ("uct:2.5", ["uct:400"]),
    "too many": ("uct:99999999999", ["uct:400"]),
    "random with an argument": ("random:3", ["'random:3'", "no argument"]),
    "random with a colon": ("random:", ["no argument"]),
    "no level": ("gnugo:", ["'gnugo:'", "level from 0 to 20", "gnugo:10"]),
    "no level, no colon": ("gnugo", ["level from 0 to 20"]),
    "too high a level": ("gnugo:21", ["level from 0 to 20"]),
    "half a level": ("gnugo:1.5", ["level from 0 to 20"]),
    "a level of another script": ("gnugo:٣", ["level from 0 to 20"]),
    "no command": ("gtp:", ["'gtp:'", "command line"]),
    "an open quotation": ("gtp:gnugo 'x", ["no command line", "quotation"]),
    "no program": ("gtp:no-such-program -x", ["there is no program 'no-such-program'"]),
    "nonsense": ("nonsense", ["'nonsense'", "Agents are", "uct:400", "runs/NAME"]),
    "an unknown kind": ("leela:10", ["'leela:10'", "Agents are", "katago:CONFIG"]),
    "a league": ("league/5x5", ["'league/5x5' names a league"]),
    "a league's file": ("{run}/config.yaml", ["config.yaml' names a league"]),
    "a command that ends like a league": ("gtp:no-such x.yaml", ["no program 'no-such'"]),
    "nothing": ("", ["''", "Agents are"]),
    "a missing path": ("{run}/checkpoints/999999", ["999999", "Agents are"]),
    "a missing path with settings": ("runs/zz?simulations=3", ["runs/zz", "Agents are"]),
    "a folder that is no run": ("{run}/games", ["games", "no run"]),
    "a file that is no checkpoint": ("{run}/metrics.jsonl", ["metrics.jsonl", "safetensors"]),
    "negative simulations": (
        "{run}?simulations=-1",
        ["simulations", "greater than or equal to 0", "-1"],
    ),
    "simulations without number": ("{run}?simulations", ["simulations", "integer"]),
    "an unknown setting": ("{run}?foo=1", ["foo", "the keys here are", "simulations, "]),
    "a misspelt setting": ("{run}?simulation=1", ["simulation:", "did you mean 'simulations'"]),
    "settings that do not go together": (
        "{run}?root=gumbel&stop_early=true",
        ["stop_early: a Gumbel root"],
    ),
    "settings run together": ("{run}?simulations=3?temperature=1", ["simulations"]),
    "no setting": ("{run}?8", ["8", "the keys here are", "simulations, "]),
    "temperature": ("{run}?temperature=inf", ["temperature", "finite"]),
    "a zero byte": ("a\0b", ["Agents are"]),
    "endless": ("x" * 5000, ["Agents are"]),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_a_text_that_names_no_agent(run_folder, text, words):
    with pytest.raises(AgentError) as caught:
        make_agent(text.format(run=run_folder))
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_a_run_without_checkpoints_and_one_with_a_damaged_checkpoint(run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "run", symlinks=True)
    weights = tmp_path / "run" / "checkpoints" / "latest" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(AgentError, match=r"weights.safetensors is no readable"):
        make_agent(str(tmp_path / "run"))
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    (tmp_path / "run" / "checkpoints").mkdir()
    with pytest.raises(AgentError, match="has no checkpoint yet"):
        make_agent(str(tmp_path / "run"))


# How they play


class Fixed:
    """Logits that prefer an illegal action most, then each action more than the one before."""

    def evaluate(self, batch, games):
        logits = np.tile(np.arange(10, dtype=np.float32), (len(games), 1))
        logits[~batch.legal_actions()[games]] = 50
        return logits, np.zeros(len(games), np.float32)

    def seed(self, rng):
        pass


@pytest.fixture
def policy(monkeypatch):
    def make(temperature):
        agent = PolicyAgent(Model(NetworkConfig(blocks=1, channels=4)), temperature)
        monkeypatch.setattr(agent, "_evaluator", Fixed())
        return agent

    return make


def best_legal(batch):
    return 9 - np.argmax(batch.legal_actions()[:, ::-1], axis=1)


@pytest.mark.parametrize("temperature", [0, 1e-300, 1e-9, 1e-3])
def test_a_cold_policy_plays_its_best_legal_action(policy, temperature):
    batch = positions()
    np.testing.assert_array_equal(acts(policy(temperature), batch), best_legal(batch))


@pytest.mark.parametrize("temperature", [0.5, 1, 30, 1e30, 1e300])
def test_a_warm_policy_plays_legal_actions_in_their_proportion(policy, temperature):
    batch = positions(games=1, plies=3).take(np.zeros(20_000, np.int64))
    legal = batch.legal_actions()[0]
    with np.errstate(all="raise"):
        actions = acts(policy(temperature), batch)
    shares = np.bincount(actions, minlength=10) / len(actions)
    weights = np.where(legal, np.exp(np.arange(10) / temperature - 9 / temperature), 0)
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=0.015)
    assert (shares[~legal] == 0).all()


def test_a_search_agent_draws_in_proportion_to_its_visits(run_folder):
    model = make_agent(f"{run_folder}?simulations=0")._evaluator.model
    batch = positions(games=1, plies=3).take(np.zeros(4000, np.int64))
    play = PlayConfig(simulations=12, temperature=1.0)
    agent = network_agent(model, play, "x")
    visits = agent._search.run(batch, np.random.default_rng(0)).visits[0]
    shares = np.bincount(acts(agent, batch), minlength=10) / len(batch)
    np.testing.assert_allclose(shares, visits / visits.sum(), atol=0.04)
    cold = network_agent(model, PlayConfig(simulations=12, temperature=1e-300), "x")
    assert set(acts(cold, batch)) <= set(np.flatnonzero(visits == visits.max()))


def test_a_batch_too_large_for_memory_is_searched_in_parts(run_folder, monkeypatch):
    from algorithms import players

    agent, batch = make_agent(str(run_folder)), positions()
    whole = acts(agent, batch)
    monkeypatch.setattr(players, "_TREE_BYTES", 16 * 4 * 10 * 5)  # five games
    np.testing.assert_array_equal(acts(agent, batch), whole)


def test_finished_games_do_not_disturb_an_agent(run_folder):
    batch = positions()
    over = batch.take([0])
    for _ in range(2):
        over.step(np.array([9]))
    assert over.done.all()
    mixed = batch.clone()
    for game in (0, 5):
        over.copy_game(0, mixed, game)
    running = np.flatnonzero(~mixed.done)
    assert len(running) == len(batch) - 2
    for text in ("random", "uct:5", f"{run_folder}?temperature=1", f"{run_folder}?simulations=0"):
        with np.errstate(all="raise"):
            actions = acts(make_agent(text), mixed)
        assert mixed.legal_actions()[running, actions[running]].all()
    agent = make_agent(str(run_folder))  # at temperature 0 nothing is drawn
    np.testing.assert_array_equal(acts(agent, mixed)[running], acts(agent, batch)[running])


def test_uct_finds_the_winning_move():
    """On 3x3 Black takes the whole board from the centre."""
    assert (acts(uct_agent(600), GoBatch(8, RULES)) == 4).all()
