"""Games that agents have played, as SGF files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from baselines.arena import GameRecord
from goenv.game import Game
from goenv.sgf import NAMES, write_sgf


def to_sgf(record: GameRecord) -> bytes:
    """A game as an SGF file."""
    properties = {"PB": record.black, "PW": record.white, "RE": record.result}
    if notes := notes_on(record):
        properties["GC"] = "; ".join(notes)
    return write_sgf(Game(record.rules).play(*record.moves), properties)


def notes_on(record: GameRecord) -> list[str]:
    """What there is to say about how a game began and ended."""
    notes = []
    if record.opening_moves:
        notes.append(f"the first {record.opening_moves} moves are a random opening")
    if record.forfeited:
        notes.append(f"{NAMES[record.gave_up]} forfeited: {record.reason}")
    if record.truncated:
        notes.append(f"cut off after {len(record.moves)} moves and scored as it stands")
    return notes


def save_game(record: GameRecord, path: Path) -> None:
    """Write a game to a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".partial")
    beside.write_bytes(to_sgf(record))
    beside.replace(path)


def save_games(records: Sequence[GameRecord], folder: Path, prefix: str) -> None:
    """Write each game to ``folder/PREFIX-NN.sgf``."""
    for number, record in enumerate(records, 1):
        save_game(record, folder / f"{prefix}-{number:02d}.sgf")


def game_number(record: GameRecord, first: str) -> int:
    """Number of a game in a match of the agent called `first`, from 1, whichever were played."""
    return 2 * record.opening + (1 if record.black == first else 2)
