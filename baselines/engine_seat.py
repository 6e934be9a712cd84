"""A GTP engine with a game on its board: it is asked for moves, and told what it missed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import numpy as np

from baselines.engine_process import EngineError, EngineFault
from baselines.game_lines import Line
from baselines.gtp import CommandRefused, GtpProcess
from baselines.kata_rules import SET_RULES, agree_on_rules
from goenv import BLACK, Rules
from goenv.coordinates import action_name, action_of_name

Command = tuple[str, ...]  # program and arguments

_CLEAN_UP = "kgs-genmove_cleanup"


@dataclass(frozen=True)
class Fault:
    """Something that an engine did wrong.

    Attributes:
        kind: ``"crash"``, ``"timeout"``, ``"nonsense"`` or ``"illegal move"``, for all of which
            it lost the game; or ``"refusal"`` of a legal move, after which it plays on from the
            bare position.
        text: what happened.
        rules: of the game.
        ply: of the game.
        colour: to move.
    """

    kind: str
    text: str
    rules: Rules
    ply: int
    colour: int

    def __str__(self) -> str:
        size, colour = self.rules.size, _name(self.colour)
        return f"{self.kind} on {size}x{size}, move {self.ply + 1} ({colour}): {self.text}"


@dataclass(eq=False)
class Request:
    """A move to be found, and what came of it.

    Attributes:
        line: the game.
        board: of the position, int8 [n * n] as bytes.
        legal: bool [n * n + 1].
        ply: of the game.
        seed: for the engine's random choices.
        action: found, in the coordinates of the game's own size.
        given_up: why the game is lost, if it is; see `baselines.agent.GivesUp`.
        restarted: whether the engine had ended before it was asked, and was started anew.
        faults: what went wrong.
    """

    line: Line
    board: bytes
    legal: np.ndarray
    ply: int
    seed: int
    action: int = -1
    given_up: str = ""
    restarted: bool = False
    faults: list[Fault] = field(default_factory=list)

    def note(self, kind: str, text: object) -> None:
        """Record a fault."""
        line = self.line
        self.faults.append(Fault(kind, str(text), line.rules, self.ply, line.to_play))


class Seat:
    """A place for an engine, if one runs, and for the game on its board.

    Attributes:
        process: the engine.
        command: by which it was started.
        line: the game for which the seat was last used.
        asked: number of the call in which that was.
        busy: whether a thread uses it.
    """

    def __init__(self) -> None:
        self.process: GtpProcess | None = None
        self.command: Command = ()
        self.line: Line | None = None
        self.asked = 0
        self.busy = False
        self._begun: tuple[Rules, bytes] | None = None
        self._moves: list[int] = []

    def stop(self) -> None:
        """End the engine."""
        self._begun = None
        if self.process is not None:
            self.process.close()
            self.process = None

    def tell(self, request: Request, timeout: float) -> None:
        """Bring the engine to where the game is. It must run.

        Args:
            request: gets a fault if the engine refused a legal move.
            timeout: seconds for each answer.

        Raises:
            EngineError: the engine refuses the rules.
            EngineFault: it failed.
        """
        assert self.process is not None
        line = request.line
        try:
            self._catch_up(line, timeout)
        except CommandRefused as error:
            request.note("refusal", f"a legal move was refused: {error}")
            line.bare = request.board, len(line.moves)
            self._begun = None
            try:
                self._catch_up(line, timeout)
            except CommandRefused as error:
                raise EngineFault("nonsense", f"a stone was refused: {error}") from None
        # There is always something to say, which shows that the engine is still there.
        knows_seeds = "set_random_seed" in self.process.commands
        command = f"set_random_seed {request.seed}" if knows_seeds else "name"
        with contextlib.suppress(CommandRefused):
            self.process.send(command, timeout)

    def ask(self, request: Request, timeout: float) -> bool:
        """Find the move; the engine must have been told the game.

        Args:
            request: gets `action`.
            timeout: seconds for each answer.

        Returns:
            Whether there is one; if not the engine resigned.

        Raises:
            EngineFault: it failed.
        """
        assert self.process is not None
        line, send, known = request.line, self.process.send, self.process.commands
        colour = _name(line.to_play)
        try:
            answer = send(f"genmove {colour}", timeout)
            if answer.lower() == "pass" and {_CLEAN_UP, "undo"} <= known:
                # It may think that the dead need not be taken off; by area scoring they must.
                send("undo", timeout)
                answer = send(f"{_CLEAN_UP} {colour}", timeout)
        except CommandRefused as error:
            raise EngineFault("nonsense", f"no move: {error}") from None
        if answer.lower() == "resign":
            self._begun = None
            return False
        try:
            action = action_of_name(answer, line.rules.size)
        except ValueError:
            raise EngineFault("nonsense", f"'genmove {colour}': {answer[:80]!r}") from None
        if not request.legal[action]:
            raise EngineFault("illegal move", answer)
        self._moves.append(action)
        request.action = action
        return True

    def _catch_up(self, line: Line, timeout: float) -> None:
        """Bring the engine's board to where the line is."""
        assert self.process is not None
        start, skipped = line.bare or (line.start, 0)
        moves, known = line.moves[skipped:], len(self._moves)
        if self._begun != (line.rules, start) or self._moves != moves[:known]:
            self._begun = None
            self._agree(line.rules, timeout)
            stones = np.frombuffer(start, np.int8)
            # All chains have a liberty in the end, so none is without one on the way: no stone
            # is taken off, whatever the order.
            for point in np.flatnonzero(stones):
                self._put(int(stones[point]), int(point), line.rules.size, timeout)
            self._begun, self._moves = (line.rules, start), []
        for action in moves[len(self._moves) :]:
            odd = (len(moves) - len(self._moves)) % 2
            self._put(-line.to_play if odd else line.to_play, action, line.rules.size, timeout)
            self._moves.append(action)

    def _put(self, colour: int, action: int, size: int, timeout: float) -> None:
        assert self.process is not None
        self.process.send(f"play {_name(colour)} {action_name(action, size)}", timeout)

    def _agree(self, rules: Rules, timeout: float) -> None:
        """Clear the board for a game by these rules."""
        assert self.process is not None
        for command in (f"boardsize {rules.size}", "clear_board", f"komi {rules.komi:g}"):
            try:
                self.process.send(command, timeout)
            except CommandRefused as error:
                raise EngineError(f"the engine refuses {command!r}: {error}") from None
        if SET_RULES in self.process.commands:
            agree_on_rules(self.process, rules, timeout)


def _name(colour: int) -> str:
    return "black" if colour == BLACK else "white"
