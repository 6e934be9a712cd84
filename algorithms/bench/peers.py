"""Other Go environments as contenders, where they are installed (`pip install 'gozoo[peers]'`)."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable

import numpy as np

from algorithms.bench.environments import KOMI
from algorithms.bench.timing import Contender, Play


def _pettingzoo(size: int) -> Play:
    import pettingzoo

    if hasattr(pettingzoo, "make"):  # since 1.27, which warns of the older way
        env = pettingzoo.make("aec", "classic/go-v5", board_size=size, komi=KOMI)
    else:
        from pettingzoo.classic import go_v5

        env = go_v5.env(board_size=size, komi=KOMI)
    rng = np.random.default_rng(0)

    def play(count: int) -> int:
        played = 0
        while played < count:
            env.reset(seed=0)
            for _ in env.agent_iter():
                observation, _, ended, truncated, _ = env.last()
                if ended or truncated:
                    env.step(None)
                    continue
                actions = np.flatnonzero(observation["action_mask"])
                env.step(int(actions[int(rng.random() * len(actions))]))
                played += 1
        return played

    return play


def _open_spiel(size: int) -> Play:
    import pyspiel

    game = pyspiel.load_game("go", {"board_size": size, "komi": KOMI})
    rng = np.random.default_rng(0)

    def play(count: int) -> int:
        played = 0
        while played < count:
            state = game.new_initial_state()
            while not state.is_terminal():
                actions = state.legal_actions()
                state.observation_tensor()
                state.apply_action(actions[int(rng.random() * len(actions))])
                played += 1
        return played

    return play


def _pgx(size: int) -> Play:
    import jax
    import jax.numpy as jnp
    import pgx
    from pgx.go import Go

    env = pgx.make(f"go_{size}x{size}") if size in (9, 19) else Go(size=size, komi=KOMI)
    games = 64

    def advance(state, key):
        logits = jnp.log(state.legal_action_mask.astype(jnp.float32))
        action = jax.random.categorical(key, logits, axis=-1)
        fresh = jax.vmap(env.init)(jax.random.split(key, games))
        after = jax.vmap(env.step)(state, action)
        over = after.terminated | after.truncated

        def pick(new, old):
            return jnp.where(over.reshape((games,) + (1,) * (old.ndim - 1)), new, old)

        return jax.tree.map(pick, fresh, after), after.observation.sum()

    @jax.jit
    def many(state, key):
        return jax.lax.scan(advance, state, jax.random.split(key, 32))

    state = jax.vmap(env.init)(jax.random.split(jax.random.PRNGKey(0), games))
    key = jax.random.PRNGKey(1)

    def play(count: int) -> int:
        nonlocal state, key
        calls = -(-count // (32 * games))
        for _ in range(calls):
            key, part = jax.random.split(key)
            state, total = many(state, part)
        total.block_until_ready()
        return calls * 32 * games

    play(1)
    return play


# Module whose presence decides (go_v5 needs pygame), distribution that has the version, name,
# and how to make it.
_PEERS: list[tuple[str, str, str, Callable[[int], Play]]] = [
    ("pygame", "pettingzoo", "PettingZoo go_v5", _pettingzoo),
    ("pyspiel", "open_spiel", "OpenSpiel, from Python", _open_spiel),
    ("pgx", "pgx", "pgx on the CPU, 64 games", _pgx),
]


def peer_contenders() -> tuple[list[Contender], list[str]]:
    """The peers that are installed, and the names of those that are not."""
    found, missing = [], []
    for module, distribution, name, make in _PEERS:
        if importlib.util.find_spec(module) is None:
            missing.append(name)
            continue
        version = importlib.metadata.version(distribution)
        found.append(Contender(name, f"{distribution} {version}", make))
    return found, missing
