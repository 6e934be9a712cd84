"""Go engines as agents: a pool of GTP processes that play many games at once."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from baselines.agent import RESIGNATION
from baselines.engine_process import EngineError, EngineFault, find_program
from baselines.engine_seat import Command, Fault, Request, Seat
from baselines.game_lines import Line, LineBook
from baselines.gtp import GtpProcess
from goenv import GoBatch, Rules
from goenv.threads import available_cores

MOST_FAULTS = 3  # after so many in one game the engine only passes in it
_STALE = 4  # a game not asked for in so many calls has most likely ended


class EngineAgent:
    """An engine that speaks GTP, as an agent; see docs/engines.md.

    Close it, or use it as a context, to end its processes early; they end with the agent or with
    Python in any case.

    Args:
        command: program and arguments, or a function that gives them for the rules of a game and
            raises EngineError for rules that the engine cannot play by.
        name: text form.
        cores: engines that think at the same time; None: as many as there are cores.
        processes: engines that run at most; games beyond that share them.
        timeout: seconds for each answer.
        start_timeout: seconds for the first answer of a process.
        needs: commands that the engine must know.

    Attributes:
        faults: list of `Fault`, all that went wrong so far. In place of the move the agent passed.
        given_up: see `GivesUp`; once resigned or failed too often, a game stays given up.
        restarts: how often a process was started anew that had ended while it was not asked.
    """

    def __init__(
        self,
        command: Sequence[str] | Callable[[Rules], Sequence[str]],
        name: str = "engine",
        cores: int | None = None,
        processes: int = 64,
        timeout: float = 120.0,
        start_timeout: float = 60.0,
        needs: Sequence[str] = (),
    ):
        self.name = name
        self.faults: list[Fault] = []
        self.given_up: dict[int, str] = {}
        self.restarts = 0
        self._command = command
        self._cores = available_cores() if cores is None else cores
        if min(self._cores, processes) < 1 or not min(timeout, start_timeout) > 0:
            raise ValueError("cores and processes must be at least 1, the timeouts above 0")
        self._cores = min(self._cores, processes)
        self._timeout, self._start_timeout = timeout, start_timeout
        self._needs = needs
        self._lock = threading.Lock()  # of one call at a time
        self._seats = [Seat() for _ in range(processes)]  # the one used last comes last
        self._seats_lock = threading.Lock()
        self._book = LineBook()
        self._calls = 0
        self._proven = False  # an engine has run, so the command is right
        self._stopping = False
        self._finalizer = weakref.finalize(self, _stop_all, self._seats)

    def act(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        """See `Agent`; the promise about equal `rng` holds for engines with `set_random_seed`.

        Raises:
            EngineError: the engine is missing, does not start, or refuses the rules.
        """
        with self._lock:
            return self._act(batch, rng)

    __call__ = act

    def _act(self, batch: GoBatch, rng: np.random.Generator) -> np.ndarray:
        seeds = rng.integers(1, 2**31 - 1, size=len(batch))
        actions = np.full(len(batch), batch.num_actions - 1)
        games = np.flatnonzero(~batch.done)
        legal, plies, boards = batch.legal_actions(), batch.ply, batch.boards()
        requests = []
        for game, line in zip(games.tolist(), self._book.find(batch, games), strict=True):
            size = line.rules.size
            here = legal[game, :-1].reshape(batch.max_size, batch.max_size)[:size, :size]
            request = Request(
                line=line,
                board=boards[game, :size, :size].tobytes(),
                legal=np.append(here.reshape(-1), True),
                ply=int(plies[game]),
                seed=int(seeds[game]),
            )
            requests.append(request)
        self.given_up = {}
        self._answer(requests)
        for game, request in zip(games.tolist(), requests, strict=True):
            size = request.line.rules.size
            if request.action < size * size:
                actions[game] = request.action // size * batch.max_size + request.action % size
            self.faults += request.faults
            self.restarts += request.restarted
            if request.given_up:
                self.given_up[game] = request.given_up
        return actions

    def _answer(self, requests: list[Request]) -> None:
        """Let the engines think about all requests."""
        self._calls += 1
        self._stopping = False
        kinds = {request.line.rules for request in requests}
        commands = {rules: self._command_for(rules) for rules in kinds}
        # Games with a seat first: when the others look for one, those have been used.
        seated = {seat.line for seat in self._seats}
        requests = sorted(requests, key=lambda request: request.line not in seated)

        def answer(request: Request) -> None:
            self._answer_one(request, commands[request.line.rules])

        with ThreadPoolExecutor(self._cores, "gtp") as threads:
            try:
                list(threads.map(answer, requests))
            except BaseException:  # Ctrl-C too
                self._stopping = True
                with self._seats_lock:
                    seats = list(self._seats)
                for seat in seats:
                    if seat.process is not None:
                        seat.process.kill()  # which wakes the thread that waits for it
                raise
            finally:
                if self._stopping:
                    threads.shutdown(wait=True, cancel_futures=True)
                    self.close()

    def _command_for(self, rules: Rules) -> Command:
        return tuple(self._command(rules) if callable(self._command) else self._command)

    def _answer_one(self, request: Request, command: Command) -> None:
        line = request.line
        request.action = line.rules.size**2  # the pass
        if line.resigned or len(line.faults) >= MOST_FAULTS:
            request.given_up = RESIGNATION if line.resigned else line.faults[-1]
            return
        if self._stopping:
            return
        seat = self._take_seat(line, command)
        try:
            self._start(seat, command)
            try:
                seat.tell(request, self._timeout)
            except EngineFault as fault:
                if fault.kind != "crash" or self._stopping:
                    raise
                # It was not thinking: it may have ended since its last move, which is no fault.
                seat.stop()
                self._start(seat, command)
                request.restarted = True
                seat.tell(request, self._timeout)
            line.resigned = not seat.ask(request, self._timeout)
            if line.resigned:
                request.given_up = RESIGNATION
        except EngineFault as fault:
            seat.stop()
            if self._stopping:
                return
            line.faults.append(fault.kind)
            request.given_up = fault.kind
            request.note(fault.kind, fault)
        except EngineError as error:
            raise EngineError(f"{self.name}: {error}") from None
        finally:
            seat.busy = False

    def _start(self, seat: Seat, command: Command) -> None:
        """Let an engine run in the seat, unless one does.

        One that has ended by itself is started anew by `_answer_one`, which counts it.
        """
        if seat.process is not None and (seat.command != command or not seat.process.usable):
            seat.stop()
        if seat.process is None:
            try:
                seat.process = GtpProcess(command, self._start_timeout)
            except EngineFault as fault:
                if self._proven or self._stopping:
                    raise
                raise EngineError(f"the engine does not start: {fault}") from None
            unknown = ", ".join(sorted(set(self._needs) - seat.process.commands))
            if unknown:
                seat.stop()
                raise EngineError(f"{command[0]} does not know {unknown}")
            seat.command, self._proven = command, True
            if self._stopping:
                seat.process.kill()

    def _take_seat(self, line: Line, command: Command) -> Seat:
        """The seat of this game, or else the one that is missed least."""

        def cost(seat: Seat) -> tuple:
            if seat.line is line:
                return (0,)
            stale = seat.line is None or seat.asked < self._calls - _STALE
            if seat.process is not None and stale and seat.command == command:
                return (1, seat.asked)
            if seat.process is None:
                return (2,)
            # The one used last: its game has moved, and the others keep theirs for their games.
            return (3, -seat.asked)

        with self._seats_lock:
            free = [seat for seat in reversed(self._seats) if not seat.busy]
            seat = min(free, key=cost)
            self._seats.remove(seat)
            self._seats.append(seat)
            seat.busy, seat.line, seat.asked = True, line, self._calls
            return seat

    def close(self) -> None:
        """End all processes; the agent can be used again, and starts new ones."""
        _stop_all(self._seats)

    def __enter__(self) -> EngineAgent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _stop_all(seats: Iterable[Seat]) -> None:
    seats = list(seats)
    for seat in seats:
        if seat.process is not None:
            seat.process.kill()
    for seat in seats:
        seat.stop()
        seat.line = None


GNUGO_MISSING = "GNU Go is not installed; on Debian and Ubuntu: apt install gnugo"
_GNUGO_SUPERKO = {
    "positional": "--positional-superko",
    "situational": "--situational-superko",
    "simple": "--simple-ko",
}


def gnugo_command(level: int, rules: Rules) -> Command:
    """How GNU Go 3.8 is started so that it plays and counts by these rules.

    Raises:
        EngineError: it is not installed, or has no such board.
    """
    program = find_program("gnugo")
    if program is None:
        raise EngineError(GNUGO_MISSING)
    if rules.size > 19:
        raise EngineError(
            f"gnugo:{level} plays on boards up to 19x19, not on {rules.size}x{rules.size}"
        )
    # It counts by area, and takes all dead stones off before it passes. The suicide of one stone
    # repeats the position, which situational superko allows.
    single = "--allow-all-suicide" if rules.superko == "situational" else "--allow-suicide"
    options = ["--mode", "gtp", "--chinese-rules", _GNUGO_SUPERKO[rules.superko]]
    options += [single if rules.suicide else "--forbid-suicide"]
    options += ["--capture-all-dead", "--never-resign", "--level", str(level)]
    return (program, *options)


def gnugo_agent(level: int, **options) -> EngineAgent:
    """GNU Go 3.8 at a level from 0 to 20; 10 is its usual one. `options` as of `EngineAgent`.

    Raises:
        EngineError: GNU Go is not installed.
    """
    if find_program("gnugo") is None:
        raise EngineError(GNUGO_MISSING)
    return EngineAgent(partial(gnugo_command, level), **{"name": f"gnugo:{level}", **options})
