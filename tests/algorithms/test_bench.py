"""Benchmarks: every contender plays, and what is measured is shown and stored."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from algorithms.bench.environments import own_contenders
from algorithms.bench.peers import peer_contenders
from algorithms.bench.searches import NETWORKS, SEARCHES, NullEvaluator
from algorithms.bench.timing import Contender, measure
from algorithms.config import TrainConfig, load_config
from algorithms.search import Search
from goenv import GoBatch, Rules

# Larger batches run the same code.
CONTENDERS = [
    contender
    for contender in [*own_contenders(2), *peer_contenders()[0]]
    if not contender.name.startswith("GoBatch") or "64" in contender.name
]


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda contender: contender.name)
def test_every_contender_plays_what_it_is_asked_for(contender):
    play = contender.make(5)
    assert 300 <= play(300) <= 300 + 10_000


def test_rates_are_plies_by_time():
    def sleeper(rate):
        def play(count):
            end = time.perf_counter() + count / rate
            while time.perf_counter() < end:
                pass
            return count

        return lambda size: play

    heard = []
    figures = measure(
        [Contender("slow", "test", sleeper(1e4)), Contender("fast", "test", sleeper(4e4))],
        size=5, seconds=0.02, repeats=3, on_repeat=lambda *news: heard.append(news),
    )  # fmt: skip
    slow, fast = figures
    assert fast.rate / slow.rate == pytest.approx(4, rel=0.5)
    assert slow.lowest <= slow.rate <= slow.highest
    assert heard == [(n, name) for n in range(4) for name in ("slow", "fast")]


def test_the_command_prints_and_stores(gozoo, tmp_path):
    path = tmp_path / "figures" / "env.json"
    answer = gozoo("bench", "env", "--sizes", "3", "--seconds", "0.01", "--repeats", "1",
                   "--no-peers", "--json", path)  # fmt: skip
    assert answer.code == 0, answer.error
    data = json.loads(path.read_text())
    assert {figure["size"] for figure in data["figures"]} == {3}
    assert all(figure["rate"] > 0 for figure in data["figures"])
    assert data["machine"]["cores"]
    for words in (["--sizes", "1"], ["--sizes", "9,x"], ["--sizes", ""]):
        answer = gozoo("bench", "env", *words)
        assert answer.code == 1
        assert answer.error.startswith("gozoo: --sizes: ")


@pytest.mark.parametrize("size", NETWORKS)
def test_the_networks_are_those_of_the_presets(size):
    preset = Path(__file__).parents[2] / "configs" / f"alphazero_{size}x{size}.yaml"
    assert load_config(TrainConfig, preset).learner.network == NETWORKS[size]


@pytest.mark.parametrize("name", SEARCHES)
def test_the_simulations_that_are_counted_are_made(name):
    config = SEARCHES[name]
    batch = GoBatch(4, Rules(4, 0.5), seed=0)
    batch.step(batch.random_actions())
    search = Search(config, NullEvaluator())
    rng = np.random.default_rng(0)
    for _ in range(2):  # the second time where a tree may be kept
        visits = search.run(batch, rng).visits.sum(axis=1)
        assert (visits >= config.simulations).all()
        assert config.reuse or (visits == config.simulations).all()


def test_searches_and_networks_are_measured(gozoo, tmp_path):
    store = tmp_path / "figures.json"
    gozoo("bench", "search", "--sizes=3", "--seconds=0.01", "--repeats=1", "--json", store)
    rates = {each["name"]: each["rate"] for each in json.loads(store.read_text())["figures"]}
    assert set(rates) == {*SEARCHES, "network"}
    assert min(rates.values()) > 0


def test_self_play_is_measured_in_parts_that_fit_together(gozoo, tmp_path):
    store = tmp_path / "figures.json"
    gozoo("bench", "selfplay", "--sizes=3", "--seconds=1", "--json", store)
    one, two = json.loads(store.read_text())["figures"]
    assert (one["workers"], two["workers"]) == (1, 2)
    for figure in (one, two):
        # A move is of 16 simulations, some of which end games and ask no network.
        assert 8 < figure["evaluations"] / figure["moves"] < 24
        assert figure["samples"] > 0
        assert 0 < figure["network"] < 1
        assert 0 < figure["playing"] < 1
        assert 0 < figure["cores"] <= 1.2 * figure["workers"]
