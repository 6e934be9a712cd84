"""KataGo's analysis engine: many positions at once, in lines of JSON.

Source: KataGo, ``docs/Analysis_Engine.md``. A query is a game and the turns of it that are to be
analysed; answers come in any order and name the query and the turn. All that is read here is from
the side of the player to move: each query sets ``reportAnalysisWinratesAs`` so.
"""

from __future__ import annotations

import json
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from baselines.engine_process import EngineError, EngineFault, EngineProcess
from baselines.engine_seat import Command
from baselines.kata_rules import kata_rules
from baselines.katago import TIMEOUT, katago_command
from goenv import BLACK, WHITE, Rules
from goenv.coordinates import action_name, action_of_name

_LONGEST_LINE = 1 << 24  # bytes
_KEPT_WARNINGS = 20
_COLOURS = {BLACK: "B", WHITE: "W"}
# A warning about one of these says that the answer is to another question.
_ESSENTIAL = ("rules", "overrideSettings")


@dataclass(frozen=True)
class Query:
    """Positions of one game. Actions and boards are in the coordinates of its own size, n.

    Attributes:
        rules: of the game; the limit of moves is not told.
        moves: actions of the game.
        turns: after how many moves to analyse, each once.
        stones: int8 [n * n] as bytes, on the board at the beginning; empty: none.
        first: colour that moves at the beginning.
        visits: of the search; 1 asks the network alone.
        ownership: whether the owners of the points are wanted.
    """

    rules: Rules
    moves: Sequence[int]
    turns: Sequence[int]
    stones: bytes = b""
    first: int = BLACK
    visits: int = 1
    ownership: bool = False

    def mover(self, turn: int) -> int:
        """Colour to move after so many moves."""
        return self.first if turn % 2 == 0 else -self.first

    def as_json(self, name: str, turns: Sequence[int]) -> bytes:
        """The line that asks for some of the turns."""
        size = self.rules.size
        board = np.frombuffer(self.stones, np.int8)
        asked: dict[str, Any] = {
            "id": name,
            "initialStones": [
                [_COLOURS[int(board[point])], action_name(int(point), size)]
                for point in np.flatnonzero(board)
            ],
            "initialPlayer": _COLOURS[self.first],
            "moves": [
                [_COLOURS[self.mover(ply)], action_name(action, size)]
                for ply, action in enumerate(self.moves)
            ],
            "rules": kata_rules(self.rules),
            "komi": self.rules.komi,
            "boardXSize": size,
            "boardYSize": size,
            "analyzeTurns": list(turns),
            "maxVisits": self.visits,
            "includePolicy": True,
            "includeOwnership": self.ownership,
            "overrideSettings": {"reportAnalysisWinratesAs": "SIDETOMOVE"},
        }
        return json.dumps(asked, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True)
class Analysis:
    """What was found of a position, from the side of the player to move; n is the board's side.

    Attributes:
        policy: float32 [n * n + 1], of the network before any search; -1 where illegal.
        visits: of the search, by action; empty after one visit.
        value: expected outcome in [-1, 1]: of the search, after one visit of the network.
        lead: points by which the player to move is ahead.
        ownership: float32 [n * n], 1 own, -1 the opponent's; None if it was not wanted.
        cost: visits of the search in all.
    """

    policy: np.ndarray
    visits: dict[int, int]
    value: float
    lead: float
    ownership: np.ndarray | None
    cost: int


@dataclass(frozen=True)
class Refusal:
    """A query that the engine does not answer, in its own words: illegal moves, rules, sizes."""

    text: str


Answer = list[Analysis] | Refusal


class AnalysisEngine:
    """A process of KataGo that analyses; it starts with the first question.

    If it crashes, hangs or answers nonsense it is started anew, once in a call of `ask`, and asked
    again what was left open. Close it, or use it in a ``with``, to end the process early; it ends
    with this object or with Python in any case.

    Args:
        command: program and arguments.
        timeout: seconds without any answer, while some are expected, after which it hangs.
        start_timeout: seconds until it must be ready.

    Attributes:
        faults: texts of all that went wrong so far.
        warnings: the first different ones of the engine, in its own words.
    """

    def __init__(self, command: Command, timeout: float = TIMEOUT, start_timeout: float = TIMEOUT):
        if not min(timeout, start_timeout) > 0:
            raise ValueError("the timeouts must be above 0")
        self.faults: list[str] = []
        self.warnings: list[str] = []
        self._command = command
        self._timeout, self._start_timeout = timeout, start_timeout
        self._lock = threading.Lock()
        self._running: list[EngineProcess] = []  # none or one
        self._proven = False  # it has run, so the command is right
        self._number = 0  # of the last query
        self._finalizer = weakref.finalize(self, _stop, self._running)

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """Analyse many positions at once.

        Returns:
            For each query the analyses of its turns, in their order, or a refusal.

        Raises:
            EngineError: there is no such engine, or it failed twice.
        """
        answers: list[dict[int, Analysis] | Refusal] = [{} for _ in queries]
        with self._lock:
            for last in (False, True):
                try:
                    self._ask(self._process(), queries, answers)
                    break
                except EngineFault as fault:
                    self.faults.append(f"{fault.kind}: {fault}")
                    _stop(self._running)
                    if not self._proven:
                        raise EngineError(f"the engine does not start: {fault}") from None
                    if last:
                        raise EngineError(f"the engine failed twice, last by a {fault.kind}: "
                                          f"{fault}") from None  # fmt: skip
                except BaseException:  # Ctrl-C too: it would go on with what nobody waits for
                    _stop(self._running)
                    raise
        return [
            found if isinstance(found, Refusal) else [found[turn] for turn in query.turns]
            for query, found in zip(queries, answers, strict=True)
        ]

    def _process(self) -> EngineProcess:
        """The running engine, ready."""
        if self._running and self._running[0].usable:
            return self._running[0]
        _stop(self._running)
        process = EngineProcess(self._command, _LONGEST_LINE)
        self._running.append(process)
        what, deadline = "query_version", time.monotonic() + self._start_timeout
        process.write(b'{"id":"ready","action":"query_version"}\n', what)
        while _parsed(process.read_line(what, deadline)).get("id") != "ready":
            pass
        self._proven = True
        return process

    def _ask(
        self,
        process: EngineProcess,
        queries: Sequence[Query],
        answers: list[dict[int, Analysis] | Refusal],
    ) -> None:
        """Ask for what is not answered yet, and enter it into `answers`."""
        open_turns: dict[str, set[int]] = {}
        index: dict[str, int] = {}
        for number, (query, found) in enumerate(zip(queries, answers, strict=True)):
            left = [] if isinstance(found, Refusal) else [t for t in query.turns if t not in found]
            if left:
                self._number += 1
                name = str(self._number)
                index[name], open_turns[name] = number, set(left)
                process.write(query.as_json(name, left), "a query")
        deadline = time.monotonic() + self._timeout
        while open_turns:
            what = f"{sum(map(len, open_turns.values()))} positions"
            line = _parsed(process.read_line(what, deadline))
            name = str(line.get("id"))
            if "error" in line and "id" not in line:
                raise EngineFault("nonsense", f"a query was not understood: {line['error']}")
            if name not in open_turns:  # of a query that was refused, or no answer at all
                continue
            field = line.get("field")
            if "error" in line or ("warning" in line and field in _ESSENTIAL):
                text = f"{field}: {line.get('error', line.get('warning'))}"
                answers[index[name]] = Refusal(text)
                del open_turns[name]
            elif "warning" in line:
                self._warn(f"{field}: {line['warning']}")
                continue
            elif not line.get("isDuringSearch"):
                query, found = queries[index[name]], answers[index[name]]
                turn = line.get("turnNumber")
                if not isinstance(turn, int) or turn not in open_turns[name]:
                    raise EngineFault("nonsense", f"turn {turn!r} of a query, not asked for")
                assert not isinstance(found, Refusal)
                found[turn] = _read_analysis(line, query, turn)
                open_turns[name].discard(turn)
                if not open_turns[name]:
                    del open_turns[name]
            deadline = time.monotonic() + self._timeout

    def _warn(self, text: str) -> None:
        if text not in self.warnings and len(self.warnings) < _KEPT_WARNINGS:
            self.warnings.append(text)

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            _stop(self._running)

    def __enter__(self) -> AnalysisEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def katago_analysis(config: Path, model: Path | None = None, **options: Any) -> AnalysisEngine:
    """KataGo's analysis engine.

    Its network looks at each position the same way every time (``nnRandomize = false``).

    Args:
        config: its configuration for analysis, such as its ``analysis_example.cfg``.
        model: network; None: the one that KataGo finds beside its program.
        options: further ones of `AnalysisEngine`.

    Raises:
        EngineError: KataGo, the configuration or the network are not there.
    """
    command = katago_command("analysis", config, model, {"nnRandomize": "false"})
    return AnalysisEngine(command, **options)


def _stop(running: list[EngineProcess]) -> None:
    while running:
        running.pop().close()


def _parsed(line: bytes) -> dict[str, Any]:
    """The object of a line; an empty one if it is no JSON, such as a message to the user."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read_analysis(line: dict[str, Any], query: Query, turn: int) -> Analysis:
    """An answer as arrays.

    Raises:
        EngineFault: something is missing in it, or has another form.
    """
    points = query.rules.size**2
    try:
        root = line["rootInfo"]
        mover = _COLOURS[query.mover(turn)]
        if root.get("currentPlayer", mover) != mover:
            raise ValueError(f"{root['currentPlayer']} is to move, not {mover}")
        # At one visit the statistics of the search are those of the network.
        winrate = root["winrate"] if query.visits > 1 else root.get("rawWinrate", root["winrate"])
        found = Analysis(
            policy=np.array(line["policy"], np.float32),
            visits={
                action_of_name(move["move"], query.rules.size): int(move["visits"])
                for move in line["moveInfos"]
            },
            value=2 * float(winrate) - 1,
            lead=float(root["scoreLead"]),
            ownership=np.array(line["ownership"], np.float32) if query.ownership else None,
            cost=int(root["visits"]),
        )
        numbers = np.concatenate([found.policy, [found.value, found.lead]])
        if found.policy.shape != (points + 1,) or not np.isfinite(numbers).all():
            raise ValueError("a policy or a value out of shape")
        if not -1.001 <= found.value <= 1.001:
            raise ValueError(f"a winrate of {winrate}")
        if found.ownership is not None and not (
            found.ownership.shape == (points,) and (np.abs(found.ownership) <= 1.001).all()
        ):
            raise ValueError("an ownership out of shape")
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise EngineFault("nonsense", f"an answer that is none: {error!r}") from None
    return found
