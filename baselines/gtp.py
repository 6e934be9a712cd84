"""A Go engine in a process of its own that speaks GTP, the Go Text Protocol, version 2.

Source: Gunnar Farnebäck, "GTP: Go Text Protocol, version 2, draft 2" (2002).

An engine is a program of others: it may answer nonsense, hang or die at any time. All of that
becomes an `EngineFault`, within a time limit. None outlives the process that started it: engines
are killed when they are closed and when Python exits; if Python is killed they read the end of
their input, and on Linux the system kills them.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

_LONGEST_ANSWER = 1 << 20  # bytes
_KEPT_ERRORS = 2000  # bytes of the engine's messages to stderr
_GAMES_FOLDERS = "/usr/games:/usr/local/games"  # Debian's; not on every PATH


class EngineError(ValueError):
    """An engine cannot be used: it is missing, does not start, or refuses the rules."""


class EngineFault(RuntimeError):
    """An engine failed while it ran, and must be started anew.

    Attributes:
        kind: ``"crash"``, ``"timeout"``, ``"nonsense"`` or ``"illegal move"``.
    """

    def __init__(self, kind: str, text: str):
        super().__init__(text)
        self.kind = kind


class CommandRefused(RuntimeError):
    """The engine answered ``?``; the message is its own."""


def find_program(name: str) -> str | None:
    """Path of a program on PATH or in Debian's folders for games; None if there is none."""
    return shutil.which(name) or shutil.which(name, path=_GAMES_FOLDERS)


@cache
def _dying_with_parent() -> tuple[str, ...]:
    """Words in front of a command by which Linux kills it when the thread that starts it ends."""
    words = ("setpriv", "--pdeathsig", "KILL")
    if not sys.platform.startswith("linux") or shutil.which(words[0]) is None:
        return ()
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if tried.returncode == 0 else ()


@cache
def _starter() -> ThreadPoolExecutor:
    """The thread that starts all engines; it lasts as long as Python does, see above."""
    return ThreadPoolExecutor(1, "gtp-starter")


if hasattr(os, "register_at_fork"):  # a fork has no such thread
    os.register_at_fork(after_in_child=_starter.cache_clear)


class GtpProcess:
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
        program = find_program(command[0])
        if program is None:
            raise EngineError(f"there is no program {command[0]!r}")
        try:
            self._process = _starter().submit(_start, [program, *command[1:]]).result()
        except (OSError, ValueError) as error:  # ValueError: a zero byte
            raise EngineError(f"{program} does not start: {error}") from None
        self._owner = os.getpid()
        self._killed = False
        self._number = 0  # of the last command
        self._buffer = bytearray()
        self._errors = b""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        assert self._process.stdin is not None
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        self._stderr = self._process.stderr.fileno()
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)
        self._poll.register(self._stderr, select.POLLIN)
        self.commands: frozenset[str] = frozenset()
        try:
            self.commands = frozenset(self.send("list_commands", timeout).split())
        except CommandRefused:
            pass
        except BaseException:
            self.kill()
            self.close()
            raise

    @property
    def usable(self) -> bool:
        """Whether commands can be sent: it is not closed, and this is no fork of its owner."""
        return not self._killed and self._owner == os.getpid()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def send(self, command: str, timeout: float) -> str:
        """The answer to a command, without the sign in front; lines are parted by ``\\n``.

        Raises:
            CommandRefused: the engine answered ``?``.
            EngineFault: it did not answer in time, ended, or answered something that is no GTP.
        """
        self._number += 1
        deadline = time.monotonic() + timeout
        try:
            os.write(self._input, f"{self._number} {command}\n".encode())
        except OSError:
            raise self._ended(command) from None
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
            line, separator, rest = self._buffer.partition(b"\n")
            if not separator:
                room -= self._receive(command, deadline)
                if room < 0:
                    raise EngineFault("nonsense", f"{command!r}: an answer without end")
                continue
            self._buffer = rest
            text = line.decode("utf-8", "replace").replace("\t", " ")
            text = "".join(letter for letter in text if letter >= " ")
            if lines and not text.strip():
                break
            if lines or text.startswith(("=", "?")):  # what comes before is no answer
                lines.append(text)
        match = re.match(r"([=?])([0-9]*)(.*)", "\n".join(lines), re.DOTALL)
        assert match is not None
        return match[1], match[2], match[3].strip()

    def _receive(self, command: str, deadline: float) -> int:
        """Wait for output; bytes that came on stdout."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise EngineFault("timeout", f"{command!r}: no answer in time")
        ready = dict(self._poll.poll(1000 * min(left, 0.5)))
        if self._killed:
            raise EngineFault("crash", f"{command!r}: the engine was closed")
        if self._stderr in ready:
            self._read_errors()
        if self._output not in ready:
            return 0
        data = os.read(self._output, 65536)
        if not data:
            raise self._ended(command)
        self._buffer += data
        return len(data)

    def _read_errors(self) -> bool:
        data = os.read(self._stderr, 65536)
        self._errors = (self._errors + data)[-_KEPT_ERRORS:]
        if not data:
            self._poll.unregister(self._stderr)
        return bool(data)

    def _ended(self, command: str) -> EngineFault:
        """The fault of an engine that is no more, with the last line that it had to say."""
        last = time.monotonic() + 0.5
        with contextlib.suppress(KeyError, OSError):
            while time.monotonic() < last:
                if self._stderr in dict(self._poll.poll(50)) and not self._read_errors():
                    break
        said = self._errors.decode("utf-8", "replace").strip().splitlines()
        return EngineFault(
            "crash", f"{command!r}: the engine ended" + (f": {said[-1]}" if said else "")
        )

    def kill(self) -> None:
        """End it at once, with all processes that it started; another thread may be waiting."""
        if self.usable:
            self._killed = True
            # Not reaped yet, so the number is still its own.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill it and free what it holds; no thread may be waiting for it."""
        if self._owner != os.getpid():
            return
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _start(command: list[str]) -> subprocess.Popen:
    # In a session of its own: Ctrl-C reaches Python alone, and all can be killed as one group.
    return subprocess.Popen(
        [*_dying_with_parent(), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
