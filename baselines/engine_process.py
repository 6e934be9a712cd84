"""The process of an engine: a program of others that answers lines on stdin with lines on stdout.

It may answer nonsense, hang or die at any time. All of that becomes an `EngineFault`, within a
time limit. No engine outlives the process that started it: engines are killed when they are closed
and when Python exits; if Python is killed they read the end of their input, and on Linux the system
kills them. What is said in the lines is told in `gtp.py` and `analysis.py`.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

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
    return ThreadPoolExecutor(1, "engine-starter")


if hasattr(os, "register_at_fork"):  # a fork has no such thread
    os.register_at_fork(after_in_child=_starter.cache_clear)


class EngineProcess:
    """A running program and its pipes; one thread at a time may write to it and read from it.

    Args:
        command: program and arguments; no shell is involved.
        longest_line: bytes of a line that it may write.

    Raises:
        EngineError: there is no such program, or it does not run.
    """

    def __init__(self, command: Sequence[str], longest_line: int):
        program = find_program(command[0])
        if program is None:
            raise EngineError(f"there is no program {command[0]!r}")
        try:
            self._process = _starter().submit(_start, [program, *command[1:]]).result()
        except (OSError, ValueError) as error:  # ValueError: a zero byte
            raise EngineError(f"{program} does not start: {error}") from None
        self._longest_line = longest_line
        self._owner = os.getpid()
        self._killed = False
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._errors = b""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        assert self._process.stdin is not None
        self._input = self._process.stdin.fileno()
        self._output = self._process.stdout.fileno()
        self._stderr = self._process.stderr.fileno()
        os.set_blocking(self._input, False)
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)
        self._poll.register(self._stderr, select.POLLIN)

    @property
    def usable(self) -> bool:
        """Whether it can be asked: it is not closed, and this is no fork of its owner."""
        return not self._killed and self._owner == os.getpid()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def write(self, data: bytes, what: str) -> None:
        """Hand over data; what does not fit into the pipe now goes while `read_line` waits.

        Args:
            data: whole lines.
            what: is asked, for messages.

        Raises:
            EngineFault: it has ended.
        """
        self._outgoing += data
        self._flush(what)

    def read_line(self, what: str, deadline: float) -> bytes:
        """The next line that it writes, without its end.

        Args:
            what: was asked, for messages.
            deadline: on the clock of `time.monotonic`.

        Raises:
            EngineFault: there was none in time, it has ended, or the line has no end.
        """
        searched = 0
        while True:
            end = self._incoming.find(b"\n", searched)
            if end >= 0:
                line = bytes(self._incoming[:end])
                del self._incoming[: end + 1]
                return line
            searched = len(self._incoming)
            if searched > self._longest_line:
                raise EngineFault("nonsense", f"{what}: an answer without end")
            self._wait(what, deadline)

    def _flush(self, what: str) -> None:
        try:
            while self._outgoing:
                del self._outgoing[: os.write(self._input, self._outgoing[:65536])]
        except BlockingIOError:
            pass
        except OSError:
            raise self._ended(what) from None

    def _wait(self, what: str, deadline: float) -> None:
        """Wait for output, handing over what waits to be written meanwhile."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise EngineFault("timeout", f"{what}: no answer in time")
        if self._outgoing:
            self._poll.register(self._input, select.POLLOUT)
        ready = dict(self._poll.poll(1000 * min(left, 0.5)))
        if self._outgoing:
            self._poll.unregister(self._input)
        if self._killed:
            raise EngineFault("crash", f"{what}: the engine was closed")
        if self._stderr in ready:
            self._read_errors()
        if self._input in ready:
            self._flush(what)
        if self._output in ready:
            data = os.read(self._output, 65536)
            if not data:
                raise self._ended(what)
            self._incoming += data

    def _read_errors(self) -> bool:
        data = os.read(self._stderr, 65536)
        self._errors = (self._errors + data)[-_KEPT_ERRORS:]
        if not data:
            self._poll.unregister(self._stderr)
        return bool(data)

    def _ended(self, what: str) -> EngineFault:
        """The fault of an engine that is no more, with the last line that it had to say."""
        last = time.monotonic() + 0.5
        with contextlib.suppress(KeyError, OSError):
            while time.monotonic() < last:
                if self._stderr in dict(self._poll.poll(50)) and not self._read_errors():
                    break
        said = self._errors.decode("utf-8", "replace").strip().splitlines()
        return EngineFault("crash", f"{what}: the engine ended" + (f": {said[-1]}" if said else ""))

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
