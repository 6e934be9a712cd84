"""Games as bytes: a versioned form that can be kept, sent, and read without trusting it."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np

from goenv import state
from goenv.checks import check_games
from goenv.rules import Rules
from goenv.state import Games

_MAGIC = b"goenv state "
# Rises whenever the columns and rows of `goenv.state` or `goenv.history` change their meaning.
VERSION = 1
_LARGEST = 1 << 32  # bytes that a state may unfold to


def pack_games(games: Games, rules: tuple[Rules, ...], extra: dict[str, Any]) -> bytes:
    """Games, their rules, and what else JSON can hold, as bytes."""
    arrays = state.export_games(games)
    header = {
        "rules": [asdict(rule) for rule in rules],
        "arrays": {name: list(array.shape) for name, array in arrays.items()},
        "extra": extra,
    }
    text = json.dumps(header).encode()
    body = text + b"\n" + b"".join(array.tobytes() for array in arrays.values())
    return _MAGIC + b"%d\n" % VERSION + zlib.compress(body, 1)


def unpack_games(data: bytes) -> tuple[Games, tuple[Rules, ...], dict[str, Any]]:
    """What `pack_games` packed.

    Raises:
        ValueError: these are no such bytes, those of another version, or damaged.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ValueError(f"a state is bytes from get_state, got {type(data).__name__}")
    data = bytes(data)
    head, _, packed = data.partition(b"\n")
    if not head.startswith(_MAGIC):
        raise ValueError("these bytes are no state of goenv: they must come from get_state")
    if head[len(_MAGIC) :] != b"%d" % VERSION:
        found = head[len(_MAGIC) :].decode(errors="replace")
        raise ValueError(f"a state of version {found[:20]!r} cannot be read, only of '{VERSION}'")
    try:
        unfold = zlib.decompressobj()
        body = unfold.decompress(packed, _LARGEST)
        if not unfold.eof or unfold.unused_data:
            raise ValueError("it is cut off, or something follows it")
        text, _, rest = body.partition(b"\n")
        header = json.loads(text)
        rules = tuple(Rules(**rule) for rule in header["rules"])
        games = _read_arrays(header["arrays"], rules, rest)
        check_games(games)
        return games, rules, dict(header["extra"])
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"the state is damaged: {error}") from None


def _read_arrays(shapes: dict[str, Any], rules: tuple[Rules, ...], data: bytes) -> Games:
    """The arrays of as many games as there are rules."""
    side = round((int(shapes["cells"][1]) - 1) ** 0.5)
    largest = max((rule.size for rule in rules), default=0)
    if not largest <= side <= 25:
        raise ValueError(f"boards of side {largest} need arrays for one as large, got {side}")
    slots = int(shapes["words"][1]) - state.FIRST_SLOT - (side * side + 1)
    if not 0 < slots <= _LARGEST // (8 * max(1, len(rules))):
        raise ValueError(f"{slots} slots for positions")
    games = state.allocate(len(rules), side, slots)
    arrays, start = {}, 0
    for name, wanted in state.export_games(games).items():
        if list(wanted.shape) != shapes[name]:
            raise ValueError(f"{name} has shape {shapes[name]} in place of {list(wanted.shape)}")
        piece = data[start : start + wanted.nbytes]
        if len(piece) != wanted.nbytes:
            raise ValueError(f"{name} is cut off")
        arrays[name] = np.frombuffer(piece, wanted.dtype).reshape(wanted.shape).copy()
        start += wanted.nbytes
    if start != len(data):
        raise ValueError(f"{len(data) - start} bytes too many")
    games = state.import_games(arrays)
    games.info[:, state.LEGAL_PLY] = 0
    for game, rule in enumerate(rules):
        stored = games.info[game].copy()
        state.set_rules(games, game, rule, side)
        if (stored != games.info[game]).any():
            raise ValueError(f"the rules of game {game} and its arrays differ")
    return games
