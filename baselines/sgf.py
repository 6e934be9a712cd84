"""Games as SGF files, by sgfmill."""

from __future__ import annotations

from pathlib import Path

from sgfmill import sgf

from baselines.arena import GameRecord
from goenv import Rules


def result_text(record: GameRecord) -> str:
    """The result as SGF writes it: ``B+3.5``, ``W+12``, ``Draw``."""
    if record.score == 0:
        return "Draw"
    return f"{'B' if record.score > 0 else 'W'}+{abs(record.score):g}"


def rules_text(rules: Rules) -> str:
    """Name of the rules for the property RU."""
    if rules.superko == "positional" and rules.suicide:
        return "Tromp-Taylor"
    suicide = "suicide" if rules.suicide else "no suicide"
    return f"area scoring, {rules.superko} superko, {suicide}"


def to_sgf(record: GameRecord) -> bytes:
    """A game as an SGF file."""
    size = record.rules.size
    game = sgf.Sgf_game(size=size)
    root = game.get_root()
    root.set("KM", record.rules.komi)
    root.set("RU", rules_text(record.rules))
    root.set("PB", record.black)
    root.set("PW", record.white)
    root.set("RE", result_text(record))
    notes = []
    if record.opening_moves:
        notes.append(f"the first {record.opening_moves} moves are a random opening")
    if record.truncated:
        notes.append(f"cut off after {len(record.moves)} moves and scored as it stands")
    if notes:
        root.set("GC", "; ".join(notes))
    for ply, action in enumerate(record.moves):
        row, column = divmod(action, size)
        # sgfmill counts rows from the bottom; None is a pass.
        point = None if action == size * size else (size - 1 - row, column)
        game.extend_main_sequence().set_move("b" if ply % 2 == 0 else "w", point)
    return game.serialise()


def save_games(records: list[GameRecord], folder: Path, prefix: str) -> None:
    """Write each game to ``folder/PREFIX-NN.sgf``."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, record in enumerate(records, 1):
        (folder / f"{prefix}-{number:02d}.sgf").write_bytes(to_sgf(record))
