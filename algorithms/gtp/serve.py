"""The loop between a session and whoever talks to it, usually over stdin and stdout."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from typing import BinaryIO

import torch

from algorithms.gtp.session import Session
from baselines.agent import Agent
from goenv import Rules


class Channel:
    """Lines that come in, and text that goes out.

    A thread of its own reads, so that the next line can be noticed while a search is under way.

    Args:
        source: of bytes, read to its end.
        target: of bytes.
    """

    def __init__(self, source: BinaryIO, target: BinaryIO):
        self._target = target
        self._lines: queue.Queue[bytes] = queue.Queue()  # an empty line without end: no more
        self._next: bytes | None = None  # taken out of the queue to look at
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def _read(self, source: BinaryIO) -> None:
        try:
            for line in source:
                self._lines.put(line)
        finally:
            self._lines.put(b"")

    def read(self) -> str | None:
        """The next line, awaited; None at the end of the input."""
        self.wait()
        assert self._next is not None
        if self._next == b"":
            return None
        line, self._next = self._next, None
        return line.decode("utf-8", "surrogateescape")

    def waiting(self) -> bool:
        """Whether there is a line that has not been read, or the input has ended."""
        return self._next is not None or not self._lines.empty()

    def wait(self) -> None:
        """Return when `waiting` is true."""
        if self._next is None:
            self._next = self._lines.get()

    def write(self, text: str) -> None:
        """Send text at once."""
        self._target.write(text.encode("utf-8", "replace"))
        self._target.flush()


def serve(session: Session, channel: Channel) -> None:
    """Answer commands until one says ``quit`` or the input ends."""
    going_on = True
    while going_on:
        line = channel.read()
        going_on = line is not None and session.handle(line, channel)


def run_engine(
    agent: Agent,
    rules: Rules,
    simulations: int | None = None,
    seconds: float | None = None,
    leaves: int = 8,
    seed: int | None = None,
) -> None:
    """Be an engine on stdin and stdout until told to quit; arguments as of `Session`.

    Stdout carries nothing but answers: what anything else prints goes to stderr. Everything is
    compiled before the first answer.
    """
    # Copies: the thread that reads may wait for a line when Python closes its own at the end.
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    torch.set_num_threads(1)  # several spin against each other on a shared machine
    with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(BrokenPipeError):
        session = Session(agent, rules, simulations, seconds, leaves, seed, _version())
        session.warm_up()
        serve(session, Channel(source, target))


def _version() -> str:
    try:
        return version("gozoo")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "unknown"
