"""Explain where a referee and `goenv` differ, by what is seen to be so and not by who says it.

A departure counts as explained only if the slow reference's own working of the move, or the
history of the game's boards, shows the reason, and only if the referee is known for it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from algorithms.bench.referees import (
    DRAW_IS_LOST,
    ENDED,
    LENGTH_LIMIT,
    NO_SUICIDE,
    REPETITION_DRAWS,
    REPETITION_GOES_ON,
    REPETITION_LEGAL,
    REPETITION_LOSES,
    RUNNING,
    Referee,
    View,
)
from baselines.reference import after_stone
from goenv import Rules


@dataclass
class Record:
    """A game so far, as both referees have it.

    Attributes:
        rules: that `goenv` plays by.
        moves: actions.
        boards: ply at which each board, as bytes of int8, stood first.
        repeated: whether the last action was a stone and made a board that had stood before.
    """

    rules: Rules
    moves: list[int] = field(default_factory=list)
    boards: dict[bytes, int] = field(default_factory=dict)
    repeated: bool = False

    def stand(self, board: np.ndarray) -> None:
        """Note the board, int8 [N, N], after the last of `moves`; more than once if need be."""
        ply = len(self.moves)
        passed = ply > 0 and self.moves[-1] == self.rules.size**2
        self.repeated = self.boards.setdefault(board.tobytes(), ply) < ply and not passed

    def sgf(self) -> str:
        """The moves as an SGF game, to be replayed anywhere."""
        size = self.rules.size
        text = f"(;FF[4]GM[1]SZ[{size}]KM[{self.rules.komi:g}]"
        for ply, action in enumerate(self.moves):
            row, column = divmod(action, size)
            point = "" if row == size else chr(97 + column) + chr(97 + row)
            text += f";{'W' if ply % 2 else 'B'}[{point}]"
        return text + ")"


@dataclass
class Findings:
    """How one game stands with two referees.

    Attributes:
        departures: how often each known one is met here.
        unexplained: what else differs, in words.
        repetitions: actions that the other referee offers although they repeat a board.
    """

    departures: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    repetitions: list[int] = field(default_factory=list)

    def note(self, name: str, referee: Referee, detail: str) -> None:
        """Count a departure with a proven reason; one that the referee is not known for is new."""
        if name in referee.departures:
            self.departures[name] += 1
        else:
            self.unexplained.append(f"{referee.name} {name} ({detail})")


def differences(ours: View, theirs: View) -> np.ndarray:
    """Games, int64 [G], in which anything differs; masks count where both games run."""
    both_run = (ours.ending == RUNNING) & (theirs.ending == RUNNING)
    scores_differ = ~np.isnan(theirs.scores) & (ours.scores != theirs.scores)
    differ = (ours.ending != theirs.ending) | (ours.to_play != theirs.to_play) | scores_differ
    differ |= (ours.boards != theirs.boards).any(axis=(1, 2))
    differ |= both_run & (ours.legal != theirs.legal).any(axis=1)
    ended = (theirs.ending != RUNNING) & ~np.isnan(theirs.outcomes)
    differ |= ended & (ours.outcomes != theirs.outcomes)
    return np.flatnonzero(differ)


def explain(game: int, ours: View, theirs: View, record: Record, referee: Referee) -> Findings:
    """What differs in a game, and why."""
    found = Findings()
    size = record.rules.size
    for what, mine, yours in (
        ("the board", ours.boards[game], theirs.boards[game]),
        ("who is to play", ours.to_play[game], theirs.to_play[game]),
        ("the score", ours.scores[game], theirs.scores[game]),
    ):
        told = what != "the score" or not np.isnan(theirs.scores[game])
        if told and not np.array_equal(mine, yours):
            found.unexplained.append(f"{what}: goenv {np.array(mine).tolist()}, {referee.name} "
                                     f"{np.array(yours).tolist()}")  # fmt: skip
    if ours.ending[game] != theirs.ending[game]:
        _explain_ending(game, ours, theirs, record, referee, found)
    elif ours.ending[game] == RUNNING:
        board = tuple(ours.boards[game].ravel().tolist())
        to_play = int(ours.to_play[game])
        for action in np.flatnonzero(ours.legal[game] != theirs.legal[game]).tolist():
            after = after_stone(board, size, to_play, action) if action < size**2 else board
            _explain_legality(action, bool(ours.legal[game, action]), board, after, record,
                              referee, found)  # fmt: skip
    elif ours.outcomes[game] != theirs.outcomes[game] and not np.isnan(theirs.outcomes[game]):
        if ours.scores[game] == 0 and theirs.outcomes[game] == -1:
            found.note(DRAW_IS_LOST, referee, "the score is 0")
        else:
            found.unexplained.append(
                f"who won: goenv {ours.outcomes[game]:g}, {referee.name} {theirs.outcomes[game]:g}"
            )
    return found


def _explain_legality(
    action: int,
    legal_here: bool,
    board: tuple[int, ...],
    after: tuple[int, ...],
    record: Record,
    referee: Referee,
    found: Findings,
) -> None:
    suicide = action < len(board) and board[action] == 0 and after[action] == 0
    if legal_here and suicide and after != board:
        found.note(NO_SUICIDE, referee, f"action {action}")
    elif (
        not legal_here
        and action < len(board)
        and board[action] == 0
        and not suicide
        and np.array(after, np.int8).tobytes() in record.boards
    ):
        found.note(REPETITION_LEGAL, referee, f"action {action}")
        found.repetitions.append(action)
    else:
        here, there = ("legal", "illegal") if legal_here else ("illegal", "legal")
        found.unexplained.append(f"action {action}: {here} in goenv, {there} in {referee.name}")


def _explain_ending(
    game: int, ours: View, theirs: View, record: Record, referee: Referee, found: Findings
) -> None:
    plies = len(record.moves)
    if theirs.ending[game] == ENDED and ours.ending[game] == RUNNING:
        if record.repeated:
            found.note(repetition_ending(theirs.outcomes[game], plies), referee, f"ply {plies}")
            return
        if plies == 2 * record.rules.size**2:
            found.note(LENGTH_LIMIT, referee, f"ply {plies}")
            return
    kinds = ("running", "ended", "cut off")
    found.unexplained.append(
        f"after ply {plies} the game is {kinds[ours.ending[game]]} in goenv, "
        f"{kinds[theirs.ending[game]]} in {referee.name}"
    )


def repetition_ending(outcome: float, plies: int) -> str:
    """Name of the departure: a game ended at a repetition, by the move that made it `plies`."""
    mover = 1 if plies % 2 else -1
    if outcome == 0:
        return REPETITION_DRAWS
    return REPETITION_LOSES if outcome == -mover else "ends the game at a repetition: a win"


def explain_repetition(game: int, theirs: View, record: Record, referee: Referee) -> Findings:
    """What the other referee made of a repetition that only it was asked to play."""
    found = Findings()
    if theirs.ending[game] == RUNNING:
        name = REPETITION_GOES_ON
    else:
        name = repetition_ending(theirs.outcomes[game], len(record.moves))
    found.note(name, referee, f"ply {len(record.moves)}")
    return found
