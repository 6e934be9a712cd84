"""Self-play on several threads, beside what else the caller does meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from algorithms.budget import Ledger, charging
from algorithms.self_play import Episode, SelfPlay
from algorithms.training import shares

_PIECES = 16  # of the rounds of a step; the fewer, the longer all wait for the last one


class Team:
    """Threads that play the games of several `SelfPlay`.

    Rounds are dealt out in pieces: a thread that is free takes one of the players that is
    furthest behind and that no other thread has. A player's pieces follow each other, so its games
    do not depend on the threads.

    Args:
        players: whose games are played.
        threads: that play, and that may do other work too.
    """

    def __init__(self, players: Sequence[SelfPlay], threads: ThreadPoolExecutor):
        self.players = players
        self._threads = threads
        self._lock = threading.Lock()
        self._hands: list[Future[None]] = []
        self._pieces: list[list[int]] = []  # of each player, rounds
        self._waiting: set[int] = set()  # players that no thread has
        self._found: list[tuple[Ledger, list[Episode]]] = []
        self._progress = self._concede_below = 0.0

    def start(self, rounds: int, progress: float, concede_below: float, threads: int) -> None:
        """Begin to play.

        Args:
            rounds: of the search in every game.
            progress, concede_below: see `SelfPlay.run`.
            threads: that play; `join` adds more.
        """
        count = len(self.players)
        pieces = shares(rounds, min(rounds, _PIECES)) if count > 1 else [rounds]
        self._pieces = [list(pieces) for _ in range(count)]
        self._waiting = set(range(count))
        self._found = [(Ledger(), []) for _ in range(count)]
        self._progress, self._concede_below = progress, concede_below
        self.join(threads)

    def join(self, threads: int) -> None:
        """Let so many more threads play."""
        self._hands += [self._threads.submit(self._play) for _ in range(threads)]

    def drop(self) -> None:
        """Begin no more pieces: something went wrong."""
        with self._lock:
            self._pieces = [[] for _ in self.players]

    def finish(self, ledger: Ledger) -> list[Episode]:
        """Wait until all is played; returns the games that ended, and charges what they cost."""
        hands, self._hands = self._hands, []
        errors = [hand.exception() for hand in hands]
        for error in filter(None, errors):
            raise error
        for own, _ in self._found:
            ledger.add(own)
        return [episode for _, episodes in self._found for episode in episodes]

    def _play(self) -> None:
        """Play pieces until none is left that could be taken."""
        while True:
            with self._lock:
                open_players = [player for player in self._waiting if self._pieces[player]]
                if not open_players:
                    return
                player = max(open_players, key=lambda each: (len(self._pieces[each]), -each))
                self._waiting.remove(player)
                rounds = self._pieces[player].pop()
            ledger, episodes = self._found[player]
            try:
                with charging(ledger):
                    episodes += self.players[player].run(
                        rounds, ledger, self._progress, self._concede_below
                    )
            except BaseException:
                self.drop()
                raise
            with self._lock:
                self._waiting.add(player)
