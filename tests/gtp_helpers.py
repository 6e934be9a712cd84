"""What tests of our engine share: a wire without a process, and sessions on small boards."""

from __future__ import annotations

import re
from typing import Any

from algorithms.gtp import Session
from algorithms.registry import make_agent
from goenv import Rules

# One answer: sign, number, text, and the empty line that ends it.
ANSWER = re.compile(r"([=?])([0-9]*)(?: ([^\n]*))?\n((?:[^\n]+\n)*)\n")


class Wire:
    """Keeps what is written; another line is said to wait after so many looks."""

    def __init__(self, looks: int = 0):
        self.text, self.looks = "", looks

    def waiting(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    def wait(self) -> None:
        pass

    def write(self, text: str) -> None:
        self.text += text


class Engine:
    """A session that is asked like a process: ``engine("play b D4")`` gives its answer."""

    def __init__(self, agent: Any = "random", size: int = 9, komi: float = 7.5, **options: Any):
        agent = make_agent(agent) if isinstance(agent, str) else agent
        self.session = Session(agent, Rules(size, komi), **{"seed": 0, **options})

    def raw(self, line: str, looks: int = 0) -> str:
        """All that is written for a line."""
        wire = Wire(looks)
        self.session.handle(line, wire)
        return wire.text

    def __call__(self, line: str) -> str:
        """The answer to a line that must be accepted, without sign and number."""
        sign, text = self.both(line)
        assert sign == "=", f"{line!r}: {text}"
        return text

    def refused(self, line: str) -> str:
        """The error for a line, which must leave all as it was."""
        before = snapshot(self.session)
        sign, text = self.both(line)
        assert sign == "?", f"{line!r} was accepted: {text}"
        assert snapshot(self.session) == before
        return text

    def both(self, line: str) -> tuple[str, str]:
        """Sign and text of the answer."""
        written = self.raw(line)
        match = ANSWER.fullmatch(written)
        assert match is not None, repr(written)
        first, rest = match[3] or "", match[4]
        return match[1], f"{first}\n{rest}".strip() if rest else first


def snapshot(session: Session) -> tuple:
    """All that a refused command must not change."""
    position = session.position
    clocks = [sorted(vars(clock).items(), key=str) for clock in session.clocks.values()]
    history = (position.rules, position.first, position.moves, position.batch.get_state())
    return (*history, session.time_settings, str(clocks))


class FakeTime:
    """A clock that goes on by a hundredth of a second whenever it is read."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.01
        return self.now


# A ko on 5x5: White has just taken at B3, so Black may not take back at C3.
KO = ["b B4", "w C4", "b A3", "w D3", "b B2", "w C2", "b C3", "w B3"]


def played(moves, **options):
    engine = Engine(**{"size": 5, **options})
    for move in moves:
        engine(f"play {move}")
    return engine


def board(engine):
    """The rows of the board without coordinates, the top one first."""
    return [line[2:].replace("(", " ").replace(")", " ").split()[:-1]
            for line in engine("showboard").splitlines()[1:-2]]  # fmt: skip
