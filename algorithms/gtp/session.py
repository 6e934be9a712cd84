"""One player's seat at a GTP controller: the game, the clocks, and who answers what."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence

import numpy as np

from algorithms.gtp.analysis import Reporter, Style, Wire, drawing, read_wishes
from algorithms.gtp.clock import Clock, TimeSettings
from algorithms.gtp.commands import COMMANDS
from algorithms.gtp.position import Position
from algorithms.gtp.protocol import (
    Command,
    GtpError,
    answer,
    parse,
    quote,
    read_colour,
)
from algorithms.gtp.thinking import Effort, Resigned, make_thinker
from baselines.agent import Agent
from baselines.engine_process import EngineError
from goenv import BLACK, WHITE, Rules
from goenv.coordinates import action_name

# Commands that think, and when: how many arguments they take at least and at most.
_THINKING = {
    "genmove": (1, 1),
    "reg_genmove": (1, 1),
    "lz-analyze": (0, 99),
    "kata-analyze": (0, 99),
    "lz-genmove_analyze": (0, 99),
    "kata-genmove_analyze": (0, 99),
    "gozoo-analysis": (0, 1),
}


class Session:
    """A game that is played over GTP; `handle` does what a line says.

    A command that is refused leaves everything as it was.

    Args:
        agent: who plays.
        rules: to begin with; commands may change them.
        simulations: a move, of agents that search; None: their own number, or with `seconds` as
            many as there is time for.
        seconds: a move, of agents that search; None: no limit but the clock.
        leaves: of a search's tree that are evaluated side by side, at most.
        seed: of all chance; None: another one each time.
        version: what the command ``version`` answers.

    Attributes:
        position: the game.
        rules: of the game.
        clocks: by colour.
        time_settings: of the clocks.
    """

    def __init__(
        self,
        agent: Agent,
        rules: Rules = Rules(),  # noqa: B008
        simulations: int | None = None,
        seconds: float | None = None,
        leaves: int = 8,
        seed: int | None = None,
        version: str = "",
    ):
        self.agent, self.version = agent, version
        if simulations is None and seconds is None:
            simulations = _own_simulations(agent)
        self._effort = Effort(simulations, seconds)
        self._thinker = make_thinker(agent, simulations, leaves)
        self._rng = np.random.default_rng(seed)
        self.time_settings = TimeSettings()
        self.start(Position(rules))

    @property
    def rules(self) -> Rules:
        """Of the game."""
        return self.position.rules

    @property
    def size(self) -> int:
        """Side of the board."""
        return self.position.rules.size

    @staticmethod
    def command_names() -> list[str]:
        """All commands, in alphabetical order."""
        return sorted([*COMMANDS, *_THINKING, "quit"])

    def start(self, position: Position) -> None:
        """Go on from a position with clocks that have not run."""
        self.position = position
        self.set_clocks(self.time_settings)

    def set_clocks(self, settings: TimeSettings) -> None:
        """Wind both clocks up."""
        self.time_settings = settings
        self.clocks = {colour: Clock(settings) for colour in (BLACK, WHITE)}

    def seed(self, number: int) -> None:
        """Begin all chance anew."""
        self._rng = np.random.default_rng(number)

    def warm_up(self) -> None:
        """Think for a moment on a small board, so that nothing is compiled on the clock."""
        self._thinker.move(Position(Rules(2)).batch, self._rng, Effort(2))

    def handle(self, line: str, wire: Wire) -> bool:
        """Do what a line says and write the answer; whether to go on.

        A fault of ours is an error for the controller too, with its trace on stderr.
        """
        command = parse(line)
        if command is None:
            return True
        try:
            text = self._execute(command, wire)
        except GtpError as error:
            wire.write(answer(command.number, str(error), accepted=False))
        except EngineError as error:
            wire.write(answer(command.number, f"no answer: {error}", accepted=False))
        except Exception as error:
            traceback.print_exc()
            message = f"internal error: {type(error).__name__}: {error}"
            wire.write(answer(command.number, message, accepted=False))
        else:
            if text is not None:
                wire.write(answer(command.number, text))
            return command.name != "quit"
        return True

    def _execute(self, command: Command, wire: Wire) -> str | None:
        """The answer to a command; None if it has been written."""
        name, arguments = command.name, command.arguments
        if name in _THINKING:
            _check_count(command, *_THINKING[name])
            if name in ("genmove", "reg_genmove"):
                return self._genmove(read_colour(arguments[0]), playing=name == "genmove")
            if name == "gozoo-analysis":
                return self._draw(arguments)
            style: Style = "lz" if name.startswith("lz") else "kata"
            if name.endswith("genmove_analyze"):
                self._genmove_analyze(command, style, wire)
            else:
                self._analyze(command, style, wire)
            return None
        if name == "quit":
            _check_count(command, 0, 0)
            return ""
        if name not in COMMANDS:
            raise GtpError("unknown command" if name else "syntax error: no command")
        function, fewest, most = COMMANDS[name]
        _check_count(command, fewest, most)
        return function(self, arguments)

    def _limits(self, colour: int) -> Effort:
        """How long the next move of a colour may take."""
        own_moves = sum(mover == colour for mover, _ in self.position.moves)
        allowed = self.clocks[colour].allowance(self.size, own_moves)
        limits = [seconds for seconds in (self._effort.seconds, allowed) if seconds is not None]
        return Effort(self._effort.simulations, min(limits, default=None))

    def _genmove(self, colour: int, playing: bool, watch: Reporter | None = None) -> str:
        """Find a move and, if `playing`, play it; its name."""
        began = time.monotonic()
        batch = self.position.batch_for(colour)
        try:
            action = self._thinker.move(batch, self._rng, self._limits(colour), watch)
        except Resigned:
            return "resign"
        if playing:
            self.position = self.position.play(colour, action)
            self.clocks[colour].spend(time.monotonic() - began)
        return action_name(action, self.size)

    def _begin_report(
        self, command: Command, style: Style, wire: Wire, patient: bool
    ) -> tuple[int, Reporter]:
        """Begin an answer that goes on while we think: who is to move, and who tells of it."""
        self._thinker.check()
        wishes = read_wishes(command.arguments)
        colour = self.position.to_play if wishes.colour is None else wishes.colour
        watch = Reporter(self._thinker, wire, style, wishes, self.size, patient)
        wire.write(f"={command.number}\n")
        return colour, watch

    def _genmove_analyze(self, command: Command, style: Style, wire: Wire) -> None:
        """Play a move, and tell on the way what is found."""
        colour, watch = self._begin_report(command, style, wire, patient=True)
        move = self._genmove(colour, playing=True, watch=watch)
        watch.report()
        wire.write(f"play {move}\n\n")

    def _analyze(self, command: Command, style: Style, wire: Wire) -> None:
        """Think until another line comes, and tell what is found."""
        colour, watch = self._begin_report(command, style, wire, patient=False)
        self._thinker.study(self.position.batch_for(colour), self._rng, Effort(), watch)
        if not wire.waiting():  # there is no room for more simulations
            watch.report()
            wire.wait()
        wire.write("\n")

    def _draw(self, arguments: Sequence[str]) -> str:
        """What is found within the time of a move, as GoGui draws it."""
        self._thinker.check()
        colour = read_colour(arguments[0]) if arguments else self.position.to_play
        batch = self.position.batch_for(colour)
        self._thinker.study(batch, self._rng, self._limits(colour))
        return drawing(self._thinker.findings(), colour, self.size)


def _own_simulations(agent: Agent) -> int | None:
    search = getattr(agent, "search", None)
    return None if search is None else search.config.simulations


def _check_count(command: Command, fewest: int, most: int) -> None:
    count = len(command.arguments)
    if not fewest <= count <= most:
        right = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise GtpError(
            f"syntax error: the number of arguments of {quote(command.name)} must be {right}, "
            f"got {count}"
        )
