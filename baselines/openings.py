"""Openings of matches: random moves, or an agent's, no two alike however the board is turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from baselines.agent import Agent
from baselines.reference_perft import symmetries
from goenv import GoBatch, Rules

Opening = tuple[int, ...]  # actions from the empty board

MOST_POSITIONS = 10_000  # after any one move; where there are more, openings are drawn
_DRAWN_AT_ONCE = 256  # the same for any count, so that few openings are the first of many
_MOST_BARREN = 20  # draws in a row without a new opening, before there are taken to be no more


def make_openings(
    count: int, moves: int, rules: Rules, seed: int, by: Agent | None = None
) -> list[Opening]:
    """Openings of legal moves without passes, all different up to symmetry.

    Openings are alike if they lead to the same position, also by another order of moves, or to
    one turned or mirrored; a position is its stones and what superko forbids in it. Where all
    openings can be listed each is as likely as any other, in a random one of its images.

    Args:
        count: openings wanted; of the same seed fewer openings are the first of more.
        moves: their length; with 0 all are the empty board.
        rules: of the game.
        seed: of the draw.
        by: who plays them, drawing lots; None: random moves.

    Raises:
        ValueError: there are not so many, or `by` does not find them.
    """
    if count < 1 or moves < 0:
        raise ValueError(f"openings: need a count >= 1 and moves >= 0, got {count} and {moves}")
    if moves == 0:
        return [()] * count
    rng = np.random.default_rng(seed)
    known = _all_openings(moves, _without_komi(rules)) if by is None else None
    if known is None:
        found = _draw(count, moves, rules, rng, by)
    else:
        order = rng.permutation(len(known))
        turns = rng.integers(8, size=len(known))
        places = _places(rules.size)
        found = [
            tuple(places[turns[index], list(known[index])].tolist()) for index in order[:count]
        ]
    if len(found) < count and by is not None:
        raise ValueError(
            f"{by.name} finds only {len(found)} distinct openings of {moves} moves, not {count}; "
            "longer ones are more, and so are those of a player that draws its moves, as a network "
            "does with simulations=0&temperature=1"
        )
    if len(found) < count:
        raise ValueError(
            f"there are not {count} distinct openings of {moves} moves on "
            f"{rules.size}x{rules.size}: found {len(found)}, those that are turned or mirrored "
            "counted once; of longer ones there are more"
        )
    return found


def count_openings(moves: int, rules: Rules) -> int:
    """How many different openings of so many moves there are.

    Raises:
        ValueError: too many to list; or there are none.
    """
    if moves < 0:
        raise ValueError(f"an opening has 0 moves or more, got {moves}")
    known = _all_openings(moves, _without_komi(rules))
    board = f"{rules.size}x{rules.size}"
    if known is None:
        raise ValueError(f"there are too many openings of {moves} moves on {board} to play all")
    if not known:
        raise ValueError(f"there are no openings of {moves} moves on {board}")
    return len(known)


def _without_komi(rules: Rules) -> Rules:
    return replace(rules, komi=0.0)


@cache
def _all_openings(moves: int, rules: Rules) -> tuple[Opening, ...] | None:
    """One of each class of openings, or None if there are too many."""
    batch, openings = GoBatch(1, rules), np.zeros((1, 0), np.int64)
    for ply in range(moves):
        legal = batch.legal_actions()[:, :-1]
        if not legal.any():
            return ()
        if legal.sum() > MOST_POSITIONS:
            return None
        games, points = np.nonzero(legal)
        batch, openings = batch.take(games), np.column_stack([openings[games], points])
        batch.step(points)
        if batch.done.any():  # all were cut off
            return ()
        # Two ways to one position may go on differently, by what superko forbids later: before the
        # end only those are alike that are images move by move.
        last = ply == moves - 1
        firsts: dict[bytes, int] = {}
        for index, key in enumerate(_keys(batch) if last else _images(openings, rules.size)):
            firsts.setdefault(key, index)
        chosen = list(firsts.values())
        batch, openings = batch.take(chosen), openings[chosen]
    return tuple(map(tuple, openings.tolist()))


def _keys(batch: GoBatch) -> list[bytes]:
    """What each position has in common with all its images, and with no other."""
    boards = batch.boards().reshape(len(batch), -1)
    legal = batch.legal_actions()[:, :-1].astype(np.int8)
    tables = np.array(symmetries(batch.max_size))
    return _least([np.hstack([boards[:, table], legal[:, table]]) for table in tables])


def _images(openings: np.ndarray, size: int) -> list[bytes]:
    """What each opening, int [C, moves], has in common with all its images, and with no other."""
    return _least([places[openings] for places in _places(size)])


def _least(images: Sequence[np.ndarray]) -> list[bytes]:
    return [min(row.tobytes() for row in rows) for rows in zip(*images, strict=True)]


@cache
def _places(size: int) -> np.ndarray:
    """Where each point comes to lie by each symmetry, int64 [8, points]."""
    return np.argsort(np.array(symmetries(size)), axis=1)


def _draw(
    count: int, moves: int, rules: Rules, rng: np.random.Generator, by: Agent | None
) -> list[Opening]:
    """Up to `count` openings, found by playing at random or as an agent does."""
    found: dict[bytes, Opening] = {}
    barren = 0
    while barren < _MOST_BARREN and len(found) < count:
        batch = GoBatch(_DRAWN_AT_ONCE, rules)
        played = []
        for _ in range(moves):
            if by is None:
                legal = batch.legal_actions()
                legal[:, -1] = ~legal[:, :-1].any(axis=1)  # pass only where there is no other move
                actions = np.argmax(legal * rng.random(legal.shape), axis=1)
            else:
                actions = by.act(batch, rng)
            batch.step(actions)
            played.append(actions)
        barren += 1
        keys = _keys(batch)
        for index in np.flatnonzero(~batch.done):
            opening = tuple(int(actions[index]) for actions in played)
            if keys[index] not in found and rules.size**2 not in opening:
                found[keys[index]] = opening
                barren = 0
    return list(found.values())[:count]
