"""All games that were played, in a database: one SQLite file, two tables.

``matches`` has a row for each pair of agents that met under the same terms, which are stored as
JSON; ``games`` has a row a game. What is added is there for good, also if the process is killed a
moment later, and several processes may add at a time.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from baselines.arena import GameRecord
from goenv import Rules

DATABASE = "games.sqlite"  # its usual name in a folder

_APPLICATION = 0x476F5A6F  # "GoZo": by this SQLite files tell whose they are
_VERSION = 1
_PATIENCE = 60.0  # seconds to wait for others who write

_TABLES = """
CREATE TABLE matches (
    id INTEGER PRIMARY KEY,
    terms TEXT NOT NULL UNIQUE      -- JSON: first, second, agents, rules, opening_moves, seed
);
CREATE TABLE games (
    match INTEGER NOT NULL REFERENCES matches,
    opening INTEGER NOT NULL,       -- its number
    opening_moves INTEGER NOT NULL, -- moves that were not the agents' own
    black TEXT NOT NULL,
    white TEXT NOT NULL,
    moves TEXT NOT NULL,            -- JSON: actions, row * size + column, size * size is the pass
    score REAL NOT NULL,            -- of the last board, from Black's side
    truncated INTEGER NOT NULL,     -- cut off by the limit of moves
    gave_up INTEGER NOT NULL,       -- colour that resigned or forfeited: 1 Black, -1 White, 0 none
    reason TEXT NOT NULL,           -- why
    finished TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (match, opening, black)
) WITHOUT ROWID;
"""
_COLUMNS = (
    "opening", "opening_moves", "black", "white", "moves", "score", "truncated", "gave_up",
    "reason",
)  # fmt: skip


class StoreError(ValueError):
    """A database of games cannot be used; the message says why."""


@dataclass(frozen=True)
class Terms:
    """Who plays what; how many games is no part of it.

    Attributes:
        first, second: names of the agents, as in the records.
        agents: their text forms.
        rules: of all games.
        opening_moves: length of the openings.
        seed: of openings and players.
        openings_by: text form of the agent that played the openings; None: random moves.
    """

    first: str
    second: str
    agents: tuple[str, str]
    rules: Rules
    opening_moves: int
    seed: int
    openings_by: str | None = None

    def difference(self, other: Terms) -> str:
        """In what it differs from `other`, for people."""
        mine, theirs = ({**asdict(each), **asdict(each.rules)} for each in (self, other))
        return ", ".join(
            f"its {name.replace('_', ' ')} is {mine[name]!r}, not {theirs[name]!r}"
            for name in mine
            if mine[name] != theirs[name] and name not in ("agents", "rules")
        )

    def to_json(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Terms:
        """What `to_json` wrote."""
        data = json.loads(text)
        return cls(**{**data, "agents": tuple(data["agents"]), "rules": Rules(**data["rules"])})


class GameStore:
    """A database of games; a new one where there is no file. Close it, or use it as a context.

    Args:
        path: the file; its folder is made. While it is in use SQLite keeps two more beside it.

    Raises:
        StoreError: the file is something else, damaged, or of another version.
    """

    def __init__(self, path: Path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            # Transactions are begun and ended below, not by the module.
            self._database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        try:
            with self._errors():
                self._open()
        except BaseException:
            self._database.close()
            raise

    def _open(self) -> None:
        ask = self._database.execute
        if ask("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            ask("PRAGMA journal_mode = WAL")
            with self._transaction():
                if ask("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                    for statement in filter(str.strip, _TABLES.split(";")):
                        ask(statement)
                    ask(f"PRAGMA application_id = {_APPLICATION}")
                    ask(f"PRAGMA user_version = {_VERSION}")
        if ask("PRAGMA application_id").fetchone()[0] != _APPLICATION:
            raise StoreError(f"{self.path} is a database of something else, not of games")
        version = ask("PRAGMA user_version").fetchone()[0]
        if version != _VERSION:
            raise StoreError(
                f"{self.path} is of version {version}, and this GoZoo reads version {_VERSION}"
            )
        found = ask("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(f"{self.path} is damaged: {found}")

    def matches(self) -> list[Terms]:
        """Terms of all matches, in the order in which they were begun."""
        with self._errors():
            rows = self._database.execute("SELECT terms FROM matches ORDER BY id").fetchall()
            return [Terms.from_json(text) for (text,) in rows]

    def games(self, terms: Terms) -> list[GameRecord]:
        """The games of a match by number of opening, first those with `terms.first` as Black."""
        with self._errors():
            rows = self._database.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM games JOIN matches ON match = id "
                "WHERE terms = ? ORDER BY opening, black <> ?",
                (terms.to_json(), terms.first),
            )
            return [_record(dict(zip(_COLUMNS, row, strict=True)), terms) for row in rows]

    def add(self, terms: Terms, records: Sequence[GameRecord]) -> None:
        """Store games that are not there yet, all or none.

        Raises:
            StoreError: a game of the same opening and colours is there, or the disk is full.
        """
        text = terms.to_json()
        rows = [
            {**asdict(record), "moves": json.dumps(record.moves), "terms": text}
            for record in records
        ]
        values = ", ".join(f":{name}" for name in _COLUMNS)
        with self._errors(), self._transaction():
            self._database.execute("INSERT OR IGNORE INTO matches (terms) VALUES (?)", (text,))
            try:
                self._database.executemany(
                    f"INSERT INTO games (match, {', '.join(_COLUMNS)}) "
                    f"SELECT id, {values} FROM matches WHERE terms = :terms",
                    rows,
                )
            except sqlite3.IntegrityError:
                raise StoreError(
                    f"{self.path} has one of these games already; does another process play there?"
                ) from None

    def close(self) -> None:
        """Leave one file, unless another process uses it."""
        self._database.close()

    def __enter__(self) -> GameStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Tell what is wrong with the file by a `StoreError`."""
        try:
            yield
        except sqlite3.OperationalError as error:  # locked, full, not to be written
            raise StoreError(f"{self.path}: {error}") from None
        except (sqlite3.DatabaseError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{self.path} is damaged, or no database of games: {error}") from None


def _record(row: dict[str, Any], terms: Terms) -> GameRecord:
    """A game of a match as it is stored.

    Raises:
        ValueError: it is not one that `GameStore.add` wrote.
    """
    moves, truncated = json.loads(str(row.pop("moves"))), bool(row.pop("truncated"))
    actions = range(terms.rules.size**2 + 1)
    if not isinstance(moves, list) or not all(type(m) is int and m in actions for m in moves):
        raise ValueError("a game's moves are no list of actions")
    if {row["black"], row["white"]} != {terms.first, terms.second}:
        raise ValueError(f"a game of {row['black']!r} and {row['white']!r} is in another's match")
    score = row["score"]
    if not isinstance(score, int | float) or not math.isfinite(score):
        raise ValueError(f"a game's score is {score!r}")
    if row["gave_up"] not in (-1, 0, 1):
        raise ValueError(f"a game was given up by colour {row['gave_up']!r}")
    return GameRecord(rules=terms.rules, moves=tuple(moves), truncated=truncated, **row)
