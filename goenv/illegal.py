"""Illegal actions: the error, and the reasons in words."""

from __future__ import annotations

from goenv.legality import GAME_OVER, ILLEGAL_REPETITION, ILLEGAL_SUICIDE, OCCUPIED, OFF_BOARD

# Why an action is illegal, by what `goenv.legality.legality` answers.
REASONS = {
    OCCUPIED: "the point is occupied",
    OFF_BOARD: "it is not on the board",
    ILLEGAL_SUICIDE: "it is a suicide that the rules forbid",
    ILLEGAL_REPETITION: "it repeats an earlier position (superko or ko)",
    GAME_OVER: "the game is over",
}


class IllegalActionError(ValueError):
    """An action that the rules forbid; nothing was played.

    Attributes:
        game: index of the game in the batch.
        action: the action asked for.
        reason: why it is illegal.
    """

    def __init__(self, game: int, action: int, reason: str):
        super().__init__(f"action {action} is illegal in game {game}: {reason}")
        self.game, self.action, self.reason = game, action, reason

    def __reduce__(self) -> tuple:
        return type(self), (self.game, self.action, self.reason)
