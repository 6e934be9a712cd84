"""Games that agents have played, as SGF files."""

from __future__ import annotations

from pathlib import Path

from baselines.arena import GameRecord
from goenv.game import Game
from goenv.sgf import result_text, write_sgf


def to_sgf(record: GameRecord) -> bytes:
    """A game as an SGF file."""
    notes = []
    if record.opening_moves:
        notes.append(f"the first {record.opening_moves} moves are a random opening")
    if record.truncated:
        notes.append(f"cut off after {len(record.moves)} moves and scored as it stands")
    properties = {"PB": record.black, "PW": record.white, "RE": result_text(record.score)}
    if notes:
        properties["GC"] = "; ".join(notes)
    return write_sgf(Game(record.rules).play(*record.moves), properties)


def save_games(records: list[GameRecord], folder: Path, prefix: str) -> None:
    """Write each game to ``folder/PREFIX-NN.sgf``."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, record in enumerate(records, 1):
        (folder / f"{prefix}-{number:02d}.sgf").write_bytes(to_sgf(record))
