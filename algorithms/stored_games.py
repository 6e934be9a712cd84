"""What is done with games that are stored: found, written as SGF, counted again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from algorithms.config import ConfigError
from baselines.arena import GameRecord, summarise
from baselines.game_store import DATABASE, GameStore, Terms
from baselines.recount import recount
from baselines.sgf import game_number, save_game
from goenv.sgf import result_text

Matches = Sequence[tuple[Terms, list[GameRecord]]]


def read_matches(path: Path) -> Matches:
    """All matches in a database, or in that of a folder.

    Raises:
        ConfigError: there is none.
        StoreError: it cannot be used.
    """
    file = path / DATABASE if path.is_dir() else path
    if not file.is_file():
        raise ConfigError(f"there are no games in {path}: no file {file}")
    with GameStore(file) as store:
        return [(terms, store.games(terms)) for terms in store.matches()]


def describe(matches: Matches) -> Iterator[str]:
    """A line for each match: who met, how it went, and under which terms."""
    for terms, records in matches:
        found, rules = summarise(records, terms.first), terms.rules
        counts = f"{found.wins} won, {found.draws} drawn, {found.losses} lost"
        forfeits = f", {found.forfeited} of them forfeited" if found.forfeited else ""
        yield (
            f"{terms.first} against {terms.second}: {found.games} games, {counts}{forfeits} "
            f"({rules.size}x{rules.size}, komi {rules.komi:g}, {terms.opening_moves} opening "
            f"moves, seed {terms.seed})"
        )


def export_games(matches: Matches, folder: Path) -> int:
    """Write each game to ``folder/match-NNN-game-NNNN.sgf``; how many there are."""
    for number, (terms, records) in enumerate(matches, 1):
        for record in records:
            name = f"match-{number:03d}-game-{game_number(record, terms.first):04d}.sgf"
            save_game(record, folder / name)
    return sum(len(records) for _, records in matches)


def recount_games(matches: Matches) -> Iterator[str]:
    """Count all games again that were played out; a line for each difference, and one for all.

    Raises:
        EngineError: GNU Go is not installed.
    """
    games = alike = left_out = 0
    for terms, records in matches:
        played_out = 0
        for counted in recount(records):
            played_out += 1
            alike += counted.agrees
            if not counted.agrees:
                record, score = counted.record, result_text(counted.score)
                yield (
                    f"{terms.first} against {terms.second}, game "
                    f"{game_number(record, terms.first)}: {record.result} here, {score} by GNU Go"
                    + (", which sees a seki" if counted.seki else "")
                )
        games += played_out
        left_out += len(records) - played_out
    yield f"GNU Go counts {alike} of {games} games the same" + (
        f"; {left_out} were not played to two passes" if left_out else ""
    )
