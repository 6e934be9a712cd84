"""Games set up from drawings, for the referee and the engine alike."""

import numpy as np
import pytest
from drawing import Diagram, draw

import goenv


class EngineGame:
    """A GoBatch of one game, with the methods of ReferenceGame."""

    def __init__(self, size, **rules):
        self.batch = goenv.GoBatch(1, goenv.Rules(size=size, **rules))

    def legal(self, action):
        return bool(self.batch.legal_actions()[0, action])

    def play(self, action):
        self.batch.step(np.array([action]))

    def board(self):
        return self.batch.boards()[0]

    def score(self):
        return float(self.batch.score()[0])

    to_play = property(lambda self: int(self.batch.to_play[0]))
    ply = property(lambda self: int(self.batch.ply[0]))
    over = property(lambda self: bool(self.batch.done[0]))
    truncated = property(lambda self: bool(self.batch.truncated[0]))


class Table:
    """A game set up from a drawing; moves are named by its letters, `-` is the pass."""

    def __init__(self, game, diagram: Diagram, to_play: int):
        self.game, self.size = game, diagram.size
        self.actions = {**diagram.names, "-": diagram.size**2}
        for action in diagram.moves(to_play):
            game.play(action)
        assert (game.board() == diagram.board).all()
        assert game.to_play == to_play

    def action(self, move):
        """A letter of the drawing, or (row, column) where the drawing shows a stone."""
        return self.actions[move] if isinstance(move, str) else move[0] * self.size + move[1]

    def play(self, *moves):
        for move in moves:
            assert self.game.legal(self.action(move)), f"{move} should be legal"
            self.game.play(self.action(move))

    def may(self, move) -> bool:
        """Whether the move is legal; if it is not, playing it must raise and change nothing."""
        if self.game.legal(self.action(move)):
            return True
        assert not self.game.over
        before = self.game.board().copy(), self.game.to_play, self.game.ply
        with pytest.raises(ValueError, match=str(self.action(move))):
            self.game.play(self.action(move))
        assert (self.game.board() == before[0]).all()
        assert (self.game.to_play, self.game.ply) == before[1:]
        return False

    def shows(self, text) -> bool:
        return bool((self.game.board() == draw(text).board).all())
