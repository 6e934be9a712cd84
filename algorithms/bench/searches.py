"""The search alone and the network alone, as contenders: what each of them can do in a second."""

from __future__ import annotations

import numpy as np
import torch

from algorithms.bench.timing import Contender, Play
from algorithms.model import Model, observe
from algorithms.networks import NetworkConfig
from algorithms.search import Search, SearchConfig
from goenv import GoBatch, Rules

GAMES = 256
# Those of the presets of AlphaZero; see configs/.
NETWORKS = {
    5: NetworkConfig(),
    7: NetworkConfig(blocks=4, channels=48, head_channels=24),
    9: NetworkConfig(blocks=4, channels=48, head_channels=24),
}
SEARCHES = {
    "PUCT, 16 simulations": SearchConfig(simulations=16),
    "PUCT, 64 simulations": SearchConfig(simulations=64),
    "Gumbel, 16 simulations": SearchConfig(simulations=16, root="gumbel", interior="gumbel"),
    "Gumbel, 64 simulations": SearchConfig(simulations=64, root="gumbel", interior="gumbel"),
    "PUCT, 64, tree reused": SearchConfig(simulations=64, reuse=True),
    "PUCT, 64, positions merged": SearchConfig(simulations=64, merge=True),
    "PUCT, 64, 8 leaves at a time": SearchConfig(simulations=64, leaves=8),
}


class NullEvaluator:
    """A network that takes no time: logits and values drawn in advance, others in each round."""

    def __init__(self) -> None:
        self._turn, self._drawn = 0, np.zeros((0, 0), np.float32)

    def seed(self, rng: np.random.Generator) -> None:
        """There is nothing to begin anew."""

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`."""
        count, actions = len(games), batch.num_actions
        if self._drawn.shape[1] != actions or len(self._drawn) < count:
            rng = np.random.default_rng(0)
            self._drawn = rng.normal(size=(8 * count + 64, actions)).astype(np.float32)
            self._values = rng.uniform(-0.5, 0.5, len(self._drawn)).astype(np.float32)
        first = (self._turn * 61) % (len(self._drawn) - count + 1)
        self._turn += 1
        return self._drawn[first : first + count], self._values[first : first + count]


def _positions(size: int) -> GoBatch:
    """Games some way in."""
    batch = GoBatch(GAMES, Rules(size, 7.5), seed=0)
    for _ in range(2 * size):
        batch.step(batch.random_actions())
        batch.reset(batch.done)
    return batch


def _search(config: SearchConfig):
    def make(size: int) -> Play:
        batch, search = _positions(size), Search(config, NullEvaluator())
        rng = np.random.default_rng(0)

        def play(count: int) -> int:
            done = 0
            while done < count:
                search.run(batch, rng)
                done += GAMES * config.simulations
            return done

        return play

    return make


def network_for(size: int) -> NetworkConfig:
    """The network that `gozoo bench` takes for a size of board."""
    return NETWORKS[min(NETWORKS, key=lambda known: abs(known - size))]


def _network(size: int) -> Play:
    torch.set_num_threads(1)
    model, batch = Model(network_for(size)), _positions(size)
    planes = observe(batch, np.arange(GAMES))

    def play(count: int) -> int:
        done = 0
        while done < count:
            model.evaluate(planes)
            done += GAMES
        return done

    return play


def search_contenders() -> list[Contender]:
    """Searches without a network, and networks without a search, one core each."""
    found = [Contender(name, "simulations", _search(config)) for name, config in SEARCHES.items()]
    return [*found, Contender("network", "evaluations", _network)]
