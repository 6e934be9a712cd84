"""Games of others, from SGF files, as positions to learn from."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from algorithms.model import observe
from algorithms.replay import WHOLE, Positions, record_planes
from goenv import Game, GoBatch, area_map, read_sgf
from goenv.coordinates import action_of_name

_SIDE_BY_SIDE = 256  # games replayed at a time


class DataConfig(BaseModel):
    """Games of others to learn from."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sgf_dir: Path = Field(description="folder with .sgf files, also in folders below it")
    held_out: float = Field(
        0.1, gt=0, lt=1, description="share of the games kept for judging, chosen by their names"
    )
    skip_plies: int = Field(
        0, ge=0, description="first moves of a game that are no policy targets, but positions"
    )
    visits: Path | None = Field(
        None,
        description="JSONL with search visits as soft policy targets: one object a game with id "
        "(name of its file without .sgf), opening (plies not searched) and search, a list of "
        "[move, winrate, lead, {move: visits}] for each ply after it",
    )


class DataError(ValueError):
    """Games that cannot be learned from; the message says what is missing."""


@dataclass(frozen=True)
class ExpertGames:
    """What was read.

    Attributes:
        training, held_out: positions; policies are all zeros where there is no target, scores nan
            where the final area is not known.
        games: number of games read.
        skipped: number of files left out, by reason.
        examples: for each reason the first file, with what is wrong with it.
    """

    training: Positions
    held_out: Positions
    games: int
    skipped: Counter[str]
    examples: dict[str, str]

    def summary(self) -> str:
        """What was read, and what was left out and why."""
        text = (
            f"{self.games} games: {len(self.training):,} positions to learn from, "
            f"{len(self.held_out):,} to judge by"
        )
        for reason, count in self.skipped.most_common():
            text += f"\nleft out: {count} {reason} (such as {self.examples[reason]})"
        return text


@dataclass(frozen=True)
class _Record:
    game: Game
    winner: int  # colour, or 0
    is_final: bool  # whether the final board tells area and score
    visits: dict[int, dict[str, int]]  # by ply
    held_out: bool


class _Unfit(ValueError):
    """A file that is left out: (reason, detail)."""


def read_expert_games(config: DataConfig, size: int) -> ExpertGames:
    """Read all games on boards of side `size` below a folder.

    The policy learns the winner's moves (both sides' in a draw), or the visits of the search if
    there are any; the value learns every position.

    Raises:
        DataError: there is no folder, no game that fits, or the visits cannot be read.
    """
    if not config.sgf_dir.is_dir():
        raise DataError(f"data.sgf_dir: there is no folder {config.sgf_dir}")
    visits = _read_visits(config.visits) if config.visits else {}
    records: list[_Record] = []
    skipped: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for path in sorted(config.sgf_dir.rglob("*.sgf")):
        try:
            records.append(_read_record(path, size, config, visits.get(path.stem, {})))
        except _Unfit as error:
            reason, detail = error.args
            skipped[reason] += 1
            examples.setdefault(reason, f"{path.name}: {detail}")
    chosen = [[r for r in records if r.held_out is kept] for kept in (False, True)]
    if not all(chosen):
        found = ", ".join(f"{count} {reason}" for reason, count in skipped.items()) or "no other"
        raise DataError(
            f"data.sgf_dir: {config.sgf_dir} has {len(records)} games of side {size}, too few to "
            f"learn from some and keep others ({found})"
        )
    training, held_out = (_positions(some, size, config.skip_plies) for some in chosen)
    return ExpertGames(training, held_out, len(records), skipped, examples)


def _read_record(
    path: Path, size: int, config: DataConfig, visits: dict[int, dict[str, int]]
) -> _Record:
    try:
        data = path.read_bytes()
        game = read_sgf(data)
    except OSError as error:
        raise _Unfit("cannot be read", error.strerror) from None
    except ValueError as error:
        reason = "with an illegal move" if "is illegal" in str(error) else "broken"
        raise _Unfit(reason, str(error)) from None
    if game.rules.size != size:
        raise _Unfit("of another size", f"side {game.rules.size}")
    if not game.moves:
        raise _Unfit("without moves", "")
    if game.first_board.any() or game.first_to_play != 1:
        raise _Unfit("from a position or handicap", "")
    match = re.search(rb"RE\[\s*([BWbw0Dd])([^\]]*)\]", data)
    if match is None and not game.done:
        raise _Unfit("without result", "no RE, and not played to two passes")
    by_board = int(np.sign(game.score))
    winner = by_board if match is None else {"B": 1, "W": -1}.get(match[1].decode().upper(), 0)
    # A draw of names: the same games are kept whatever else is in the folder.
    share = zlib.crc32(path.stem.encode()) / 2**32
    is_final = game.done and winner == by_board
    return _Record(game, winner, is_final, visits, share < config.held_out)


def _read_visits(path: Path) -> dict[str, dict[int, dict[str, int]]]:
    """Visits by name of the game and ply."""
    found: dict[str, dict[int, dict[str, int]]] = {}
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                number += 1
                entry: Any = json.loads(line)
                opening = int(entry["opening"])
                found[str(entry["id"])] = {
                    opening + index: dict(found_there[3])
                    for index, found_there in enumerate(entry["search"])
                }
    except OSError as error:
        raise DataError(f"data.visits: cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"data.visits: line {number} of {path}: {error!r}") from None
    return found


def _positions(records: list[_Record], size: int, skip_plies: int) -> Positions:
    """All positions of the games, game by game."""
    pieces = []
    for first in range(0, len(records), _SIDE_BY_SIDE):
        pieces += _replay(records[first : first + _SIDE_BY_SIDE], size, skip_plies)
    names = vars(pieces[0])
    return Positions(**{n: np.concatenate([getattr(p, n) for p in pieces]) for n in names})


def _replay(records: list[_Record], size: int, skip_plies: int) -> list[Positions]:
    """Positions of games replayed side by side."""
    batch = GoBatch(len(records), [record.game.rules for record in records])
    lengths = np.array([len(record.game.moves) for record in records])
    seen = Positions.empty((len(records), int(lengths.max())), size)
    colour = np.zeros((len(records), int(lengths.max())), np.int8)
    for ply in range(int(lengths.max())):
        games = np.flatnonzero(lengths > ply)
        record_planes(seen, (games, ply), observe(batch, games), size)
        colour[games, ply] = batch.to_play[games]
        actions = np.full(len(records), size * size)
        actions[games] = [records[game].game.moves[ply] for game in games]
        for game in games.tolist():
            target = _target(records[game], ply, colour[game, ply], int(actions[game]), skip_plies)
            for action, share in target.items():
                seen.policy[game, ply, action] = round(WHOLE * share)
        # A game that has no more moves stands still: it is over, or nobody looks at it any more.
        over = np.flatnonzero((lengths <= ply) & ~batch.done)
        legal = batch.legal_actions()
        actions[over] = legal[over].argmax(axis=1)
        batch.step(actions)
        for game in np.flatnonzero(lengths == ply + 1).tolist():
            _judge(seen, colour, game, ply + 1, records[game], batch)
    return [seen[game, : lengths[game]] for game in range(len(records))]


def _target(
    record: _Record, ply: int, mover: int, action: int, skip_plies: int
) -> dict[int, float]:
    """Shares of the actions that the policy is to learn; empty for none."""
    if record.visits:
        counts = record.visits.get(ply, {})
        total = sum(counts.values())
        size = record.game.rules.size
        return {action_of_name(name, size): count / total for name, count in counts.items()}
    if ply < skip_plies or record.winner == -mover:
        return {}
    return {action: 1.0}


def _judge(
    seen: Positions, colour: np.ndarray, game: int, length: int, record: _Record, batch: GoBatch
) -> None:
    """Write what became of a game into its positions; the batch stands at its end."""
    mover = colour[game, :length]
    seen.outcome[game, :length] = mover * record.winner
    if not record.is_final:
        seen.score[game, :length] = np.nan
        return
    seen.score[game, :length] = mover * batch.score()[game]
    area = area_map(batch, np.array([game])).reshape(-1)
    seen.ownership[game, :length] = mover[:, None] * area
