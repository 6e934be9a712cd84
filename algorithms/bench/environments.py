"""The faces of `goenv` as contenders: uniform random legal play, mask and planes at every ply."""

from __future__ import annotations

import gymnasium
import numpy as np

import goenv
from algorithms.bench.timing import Contender, Play
from goenv import GoBatch, Rules
from goenv.observations import DEFAULT_PLANES

KOMI = 7.5


def _batch(games: int, planes: str, threads: int = 1):
    """`GoBatch` with exact mask and planes written into the same arrays at every ply."""

    def make(size: int) -> Play:
        batch = GoBatch(games, Rules(size, KOMI), seed=0)
        legal = batch.legal_actions()
        observation = batch.observe(planes)

        def play(count: int) -> int:
            before = goenv.get_num_threads()
            goenv.set_num_threads(threads)
            steps = -(-count // games)
            for _ in range(steps):
                batch.step(batch.random_actions())
                done = batch.done
                if done.any():
                    batch.reset(done)
                batch.legal_actions(legal)
                batch.observe(planes, out=observation)
            goenv.set_num_threads(before)
            return steps * games

        play(200 * games)  # games of all ages
        return play

    return make


def _playouts(size: int) -> Play:
    """Moves of compiled random playouts that do not fill own eyes; superko is exact."""
    batch = GoBatch(64, Rules(size, KOMI), seed=0)

    def play(count: int) -> int:
        moves = 0
        while moves < count:
            batch.reset()
            batch.play_out()
            moves += int(batch.ply.sum())
        return moves

    play(1)
    return play


def _vector(size: int) -> Play:
    games = 1024
    envs = gymnasium.make_vec(
        "goenv/Go-v0", num_envs=games, size=size, komi=KOMI, opponent=None,
        autoreset_mode="SameStep",
    )  # fmt: skip
    envs.reset(seed=0)
    batch = envs.unwrapped.batch  # type: ignore[attr-defined]

    def play(count: int) -> int:
        steps = -(-count // games)
        for _ in range(steps):
            envs.step(batch.random_actions())
        return steps * games

    play(100 * games)
    return play


def _single(size: int) -> Play:
    """Plies of both players; the random opponent's are played inside `step`."""
    env = gymnasium.make("goenv/Go-v0", size=size, komi=KOMI, opponent="random")
    rng = np.random.default_rng(0)
    _, info = env.reset(seed=0)

    def play(count: int) -> int:
        nonlocal info
        played = 0
        while played < count:
            actions = np.flatnonzero(info["action_mask"])
            _, _, ended, truncated, info = env.step(actions[int(rng.random() * len(actions))])
            if ended or truncated:
                played += info["ply"]
                _, info = env.reset()
        return played

    play(1)
    return play


def _aec(size: int) -> Play:
    env = goenv.aec_env(size=size, komi=KOMI)
    rng = np.random.default_rng(0)

    def play(count: int) -> int:
        played = 0
        while played < count:
            env.reset(seed=int(rng.integers(2**31)))
            for _ in env.agent_iter():
                observation, _, ended, truncated, _ = env.last()
                if ended or truncated:
                    env.step(None)
                    continue
                actions = np.flatnonzero(observation["action_mask"])
                env.step(int(actions[int(rng.random() * len(actions))]))
                played += 1
        return played

    play(1)
    return play


def own_contenders(threads: int) -> list[Contender]:
    """The faces of `goenv`; the batch also with `threads` threads if that is more than one."""
    stones = DEFAULT_PLANES
    found = [
        Contender("GoBatch, 64 games", "goenv", _batch(64, stones)),
        Contender("GoBatch, 256 games", "goenv", _batch(256, stones)),
        Contender("GoBatch, 1024 games", "goenv", _batch(1024, stones)),
        Contender("GoBatch, 256 games, 17 planes", "goenv", _batch(256, "alphago_zero")),
        Contender("playouts, moves only", "goenv", _playouts),
        Contender("VectorEnv, 1024 games", "goenv", _vector),
        Contender("Gymnasium, one game", "goenv", _single),
        Contender("PettingZoo AEC", "goenv", _aec),
    ]
    if threads > 1:
        for games in (4096, 16384):
            for count in (1, threads):
                # By the clock, one thread too: only so their ratio means anything.
                name = f"GoBatch, {games} games, {count} thread{'s' * (count > 1)}"
                found.append(Contender(name, "goenv", _batch(games, stones, count), threads))
    return found
