"""Games counted again by another program: GNU Go reads their SGF files and says the score."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from baselines.arena import GameRecord
from baselines.engine_process import EngineError, EngineFault
from baselines.engines import gnugo_command
from baselines.gtp import CommandRefused, GtpProcess
from baselines.sgf import save_game

_TIMEOUT = 60.0  # seconds for an answer


@dataclass(frozen=True)
class Recount:
    """What GNU Go makes of a game.

    Attributes:
        record: the game.
        score: Black's area minus White's minus komi as GNU Go counts. It takes off what it deems
            dead, and gives nobody the eyes of a seki.
        seki: whether it sees one.
    """

    record: GameRecord
    score: float
    seki: bool

    @property
    def agrees(self) -> bool:
        """Whether the score is the same to the point."""
        return self.score == self.record.score


def recount(records: Iterable[GameRecord]) -> Iterator[Recount]:
    """Count games again that were played to two passes; others are left out.

    Raises:
        EngineError: GNU Go is not installed, or does not count the game.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "game.sgf"
        for record in records:
            if not (record.truncated or record.gave_up):
                save_game(record, path)
                score, seki = recount_sgf(path, record)
                yield Recount(record, score, seki)


def recount_sgf(path: Path, record: GameRecord) -> tuple[float, bool]:
    """GNU Go's score of the game in a file, from Black's side, and whether it sees a seki.

    Args:
        path: the file.
        record: tells the rules.

    Raises:
        EngineError: GNU Go is not installed, or does not count the game.
    """
    try:
        # Not by `loadsgf`, which ends a path at a space.
        process = GtpProcess((*gnugo_command(1, record.rules), "--infile", str(path)))
        try:
            text = process.send("final_score", _TIMEOUT)
            seki = process.send("final_status_list seki", _TIMEOUT) != ""
        finally:
            process.close()
        return (0.0 if text == "0" else float(text[2:]) * (1 if text[0] == "B" else -1)), seki
    except (CommandRefused, EngineFault) as error:
        raise EngineError(f"GNU Go does not count {path}: {error}") from None
