"""A Go engine in a process of its own that speaks GTP, the Go Text Protocol, version 2.

Source: Gunnar Farnebäck, "GTP: Go Text Protocol, version 2, draft 2" (2002).
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from baselines.engine_process import EngineFault, EngineProcess

_LONGEST_ANSWER = 1 << 20  # bytes


class CommandRefused(RuntimeError):
    """The engine answered ``?``; the message is its own."""


class GtpProcess(EngineProcess):
    """A running engine.

    Args:
        command: program and arguments; no shell is involved.
        timeout: seconds that it has for its first answer.

    Attributes:
        commands: what it says that it understands; empty if it does not say.

    Raises:
        EngineError: there is no such program, or it does not run.
        EngineFault: it ended, hung or talked nonsense at once.
    """

    def __init__(self, command: Sequence[str], timeout: float = 60.0):
        super().__init__(command, _LONGEST_ANSWER)
        self._number = 0  # of the last command
        self.commands: frozenset[str] = frozenset()
        try:
            self.commands = frozenset(self.send("list_commands", timeout).split())
        except CommandRefused:
            pass
        except BaseException:
            self.kill()
            self.close()
            raise

    def send(self, command: str, timeout: float) -> str:
        """The answer to a command, without the sign in front; lines are parted by ``\\n``.

        Raises:
            CommandRefused: the engine answered ``?``.
            EngineFault: it did not answer in time, ended, or answered something that is no GTP.
        """
        self._number += 1
        deadline = time.monotonic() + timeout
        self.write(f"{self._number} {command}\n".encode(), repr(command))
        sign, number, text = self._answer(command, deadline)
        if number not in ("", str(self._number)):
            raise EngineFault("nonsense", f"{command!r}: answered command {number} instead")
        if sign == "?":
            raise CommandRefused(text)
        return text

    def _answer(self, command: str, deadline: float) -> tuple[str, str, str]:
        lines: list[str] = []
        room = _LONGEST_ANSWER
        while True:
            line = self.read_line(repr(command), deadline)
            room -= len(line) + 1
            if room < 0:
                raise EngineFault("nonsense", f"{command!r}: an answer without end")
            text = line.decode("utf-8", "replace").replace("\t", " ")
            text = "".join(letter for letter in text if letter >= " ")
            if lines and not text.strip():
                break
            if lines or text.startswith(("=", "?")):  # what comes before is no answer
                lines.append(text)
        match = re.match(r"([=?])([0-9]*)(.*)", "\n".join(lines), re.DOTALL)
        assert match is not None
        return match[1], match[2], match[3].strip()
