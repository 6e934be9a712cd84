"""Games of others, from SGF files, as positions to learn from."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from algorithms.frozen import Frozen
from algorithms.labels import DataError, Label, read_labels
from algorithms.model import observe
from algorithms.replay import WHOLE, Positions, record_end, record_planes
from goenv import Game, GoBatch, area_map, read_sgf
from goenv.coordinates import action_name

_SIDE_BY_SIDE = 256  # games replayed at a time


class DataConfig(Frozen):
    """Games of others to learn from."""

    sgf_dir: Path = Field(description="folder with .sgf files, also in folders below it")
    held_out: float = Field(
        0.1, gt=0, lt=1, description="share of the games kept for judging, chosen by their names"
    )
    skip_plies: int = Field(
        0, ge=0, description="first moves of a game that are no policy targets, but positions"
    )
    labels: Path | None = Field(
        None,
        description="file with what a search or a teacher says of the positions, see "
        "`algorithms.labels`: policies, values, and perhaps owners and leads as targets",
    )


@dataclass(frozen=True)
class ExpertGames:
    """What was read.

    Attributes:
        training, held_out: positions; policies are all zeros where there is no target, scores nan
            where the final area is not known.
        games: number of games read.
        labelled: how many of them have labels; None if there were none to be had.
        skipped: number of files left out, by reason.
        examples: for each reason the first file, with what is wrong with it.
    """

    training: Positions
    held_out: Positions
    games: int
    labelled: int | None
    skipped: Counter[str]
    examples: dict[str, str]

    def summary(self) -> str:
        """What was read, and what was left out and why."""
        text = (
            f"{self.games} games: {len(self.training):,} positions to learn from, "
            f"{len(self.held_out):,} to judge by"
        )
        if self.labelled is not None:
            text += f"; labels for {self.labelled} of the games"
        return "\n".join([text, *left_out(self.skipped, self.examples)])


def left_out(skipped: Counter[str], examples: dict[str, str]) -> list[str]:
    """Lines that tell how many files were left out, why, and such as which."""
    return [
        f"left out: {count} {reason} (such as {examples[reason]})"
        for reason, count in skipped.most_common()
    ]


@dataclass(frozen=True)
class _Record:
    game: Game
    winner: int  # colour, or 0
    is_final: bool  # whether the final board tells area and score
    labels: dict[int, Label]  # by ply
    held_out: bool


class Unfit(ValueError):
    """A file that is left out: (reason, detail)."""


def read_expert_games(config: DataConfig, size: int) -> ExpertGames:
    """Read all games on boards of side `size` below a folder.

    The policy learns the winner's moves (both sides' in a draw), or what labels say if there are
    any; the value learns every position.

    Raises:
        DataError: there is no folder, no game that fits, or the labels cannot be read or are those
            of other games.
    """
    if not config.sgf_dir.is_dir():
        raise DataError(f"data.sgf_dir: there is no folder {config.sgf_dir}")
    labels = read_labels(config.labels) if config.labels else {}
    records: list[_Record] = []
    skipped: Counter[str] = Counter()
    examples: dict[str, str] = {}
    paths = [path for path in sorted(config.sgf_dir.rglob("*")) if path.suffix.lower() == ".sgf"]
    if config.labels and paths and labels.keys().isdisjoint(path.stem for path in paths):
        raise DataError(
            f"data.labels: {config.labels} has labels of none of these games; an `id` there is a "
            f"file's name without .sgf, such as {paths[0].stem}"
        )
    for path in paths:
        try:
            records.append(_read_record(path, size, config, labels.get(path.stem, {})))
        except Unfit as error:
            reason, detail = error.args
            skipped[reason] += 1
            examples.setdefault(reason, f"{path.name}: {detail}" if detail else path.name)
    chosen = [[r for r in records if r.held_out is kept] for kept in (False, True)]
    if not all(chosen):
        few = (
            f"data.sgf_dir: {config.sgf_dir} has {len(records)} games of side {size}, too few to "
            "learn from some and keep others"
        )
        raise DataError("\n".join([few, *left_out(skipped, examples)]))
    labelled = sum(bool(record.labels) for record in records) if config.labels else None
    training, held_out = (_positions(some, size, config.skip_plies) for some in chosen)
    return ExpertGames(training, held_out, len(records), labelled, skipped, examples)


def read_game(data: bytes, size: int | None) -> Game:
    """A game that begins with an empty board, from the content of an SGF file.

    Args:
        data: of the file.
        size: side of the board that it must have; None: any.

    Raises:
        Unfit: it is none, and why.
    """
    try:
        game = read_sgf(data)
    except ValueError as error:
        reason = "with an illegal move" if "is illegal" in str(error) else "broken"
        raise Unfit(reason, str(error)) from None
    if size is not None and game.rules.size != size:
        raise Unfit("of another size", f"side {game.rules.size}")
    if not game.moves:
        raise Unfit("without moves", "")
    if game.first_board.any() or game.first_to_play != 1:
        raise Unfit("from a position or handicap", "")
    return game


def _read_record(path: Path, size: int, config: DataConfig, labels: dict[int, Label]) -> _Record:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unfit("cannot be read", error.strerror) from None
    game = read_game(data, size)
    _check_labels(labels, game)
    match = re.search(rb"RE\[\s*([BWbw0Dd])([^\]]*)\]", data)
    if match is None and not game.done:
        raise Unfit("without result", "no RE, and not played to two passes")
    by_board = int(np.sign(game.score))
    winner = by_board if match is None else {"B": 1, "W": -1}.get(match[1].decode().upper(), 0)
    # A draw of names: the same games are kept whatever else is in the folder.
    share = zlib.crc32(path.stem.encode()) / 2**32
    is_final = game.done and winner == by_board
    return _Record(game, winner, is_final, labels, share < config.held_out)


def _check_labels(labels: dict[int, Label], game: Game) -> None:
    """See that they are those of this game."""
    size = game.rules.size
    for ply, label in labels.items():
        played = action_name(game.moves[ply], size) if ply < len(game.moves) else "nothing"
        if label.move.upper() != played.upper():
            detail = f"move {ply + 1} is {played}, its label is of {label.move}"
            raise Unfit("with labels of another game", detail)
        try:
            label.shares(size)
        except ValueError as error:
            raise Unfit("with broken labels", f"move {ply + 1}: {error}") from None
        if label.ownership is not None and label.ownership.shape != (size * size,):
            raise Unfit("with broken labels", f"move {ply + 1}: not an owner for each point")


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
    if any(label.ownership is not None for r in records for label in r.labels.values()):
        seen.ownership = seen.ownership.astype(np.float32)  # a teacher need not be certain
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
    if record.labels:
        label = record.labels.get(ply)
        return {} if label is None else label.shares(record.game.rules.size)
    if ply < skip_plies or record.winner == -mover:
        return {}
    return {action: 1.0}


def _judge(
    seen: Positions, colour: np.ndarray, game: int, length: int, record: _Record, batch: GoBatch
) -> None:
    """Write what became of a game, or a teacher says, into its positions; the batch is at its end.

    Where labels know the owners, these and the lead take the place of the final board's.
    """
    score, area = np.nan, None
    if record.is_final:
        score, area = batch.score()[game], area_map(batch, np.array([game]))
    record_end(seen[game, :length], colour[game, :length], record.winner, score, area)
    for ply, label in record.labels.items():
        seen.value[game, ply] = label.value
        if label.ownership is not None:
            seen.score[game, ply] = label.lead
            seen.ownership[game, ply] = label.ownership
