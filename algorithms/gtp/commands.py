"""The commands of GTP that set up, play, judge and show a game. Each is a function of the session.

Those that think are in `algorithms.gtp.session`. Errors begin as the specification words them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.error import DependencyNotInstalled

from algorithms.gtp.clock import TimeSettings
from algorithms.gtp.position import Position, position_of
from algorithms.gtp.protocol import (
    GtpError,
    quote,
    read_colour,
    read_number,
    read_seconds,
    read_vertex,
    read_whole,
)
from algorithms.gtp.rules_text import read_rules, write_rules
from goenv import IllegalActionError
from goenv.coordinates import action_name
from goenv.handicap import handicap_points
from goenv.render import game_text
from goenv.rules import MAX_SIZE, MIN_SIZE
from goenv.sgf import read_sgf

if TYPE_CHECKING:
    from algorithms.gtp.session import Session

_LARGEST_SGF = 10_000_000  # bytes
_MOST_HANDICAP = 9
_KGS_NUMBERS = {"none": 0, "absolute": 1, "byoyomi": 3, "canadian": 3}  # kinds of time settings

Words = Sequence[str]


# ---- about the engine -----------------------------------------------------------------------


def _protocol_version(session: Session, words: Words) -> str:
    return "2"


def _name(session: Session, words: Words) -> str:
    return f"GoZoo {session.agent.name}"


def _version(session: Session, words: Words) -> str:
    return session.version


def _known_command(session: Session, words: Words) -> str:
    return str(bool(words) and words[0] in session.command_names()).lower()


def _list_commands(session: Session, words: Words) -> str:
    return "\n".join(session.command_names())


def _cputime(session: Session, words: Words) -> str:
    return f"{time.process_time():.3f}"


def _set_random_seed(session: Session, words: Words) -> str:
    session.seed(read_whole(words[0], "the seed", most=10**18 - 1))
    return ""


def _analyze_commands(session: Session, words: Words) -> str:
    return "gfx/Analysis/gozoo-analysis\nstring/Score of the board as it stands/final_score"


# ---- setting up -----------------------------------------------------------------------------


def _boardsize(session: Session, words: Words) -> str:
    size = read_whole(words[0], "the size")
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise GtpError(f"unacceptable size: boards are from {MIN_SIZE} to {MAX_SIZE}")
    session.start(Position(replace(session.rules, size=size)))
    return ""


def _clear_board(session: Session, words: Words) -> str:
    session.start(Position(session.rules))
    return ""


def _komi(session: Session, words: Words) -> str:
    komi = read_number(words[0], "the komi")
    try:
        rules = replace(session.rules, komi=komi)
    except ValueError as error:
        raise GtpError(f"syntax error: {error}") from None
    session.position = session.position.under(rules)
    return ""


def _get_rules(session: Session, words: Words) -> str:
    return write_rules(session.rules)


def _set_rules(session: Session, words: Words) -> str:
    rules = read_rules(" ".join(words), session.rules)
    try:
        session.position = session.position.under(rules)
    except IllegalActionError:
        raise GtpError("a move of this game is illegal under these rules") from None
    return ""


def _fixed_handicap(session: Session, words: Words) -> str:
    try:
        points = handicap_points(session.size, read_whole(words[0], "the number of stones"))
    except ValueError as error:
        raise GtpError(f"invalid number of stones: {error}") from None
    return _place_handicap(session, points)


def _place_free_handicap(session: Session, words: Words) -> str:
    size = session.size
    stones = read_whole(words[0], "the number of stones", 2, size * size - 1)
    middle = (size - 1) / 2

    def distance(point: int) -> float:
        return abs(point // size - middle) + abs(point % size - middle)

    points = _usual_points(size, stones)
    others = [point for point in sorted(range(size * size), key=distance) if point not in points]
    return _place_handicap(session, (points + others)[:stones])


def _usual_points(size: int, stones: int) -> list[int]:
    """As many of the usual points as there are, up to so many."""
    for count in range(min(stones, _MOST_HANDICAP), 1, -1):
        try:
            return handicap_points(size, count)
        except ValueError:
            continue
    return []


def _set_free_handicap(session: Session, words: Words) -> str:
    size = session.size
    points = [read_vertex(word, size) for word in words]
    if not 2 <= len(points) < size * size or size * size in points:
        raise GtpError(f"bad vertex list: 2 to {size * size - 1} points are needed, and no pass")
    if len(set(points)) < len(points):
        raise GtpError("bad vertex list: repeated vertex")
    _place_handicap(session, points)
    return ""


def _place_handicap(session: Session, points: list[int]) -> str:
    if session.position.stones.any() or session.position.moves:
        raise GtpError("board not empty")
    session.position = session.position.with_handicap(points)
    return " ".join(action_name(point, session.size) for point in points)


def _loadsgf(session: Session, words: Words) -> str:
    before = read_whole(words[1], "the move number", least=1) if len(words) > 1 else None
    path = Path(words[0])
    try:
        if not path.exists():
            raise GtpError(f"cannot load file: there is no {quote(words[0])}")
        # A device could be read for ever.
        if not path.is_file() or path.stat().st_size > _LARGEST_SGF:
            raise GtpError(f"cannot load file: {quote(words[0])} is no file of an SGF's size")
        game = read_sgf(path, like=session.rules)
        position = position_of(game, session.rules, None if before is None else before - 1)
    except (OSError, ValueError, RecursionError, DependencyNotInstalled) as error:
        raise GtpError(f"cannot load file: {error}") from None
    session.start(position)
    return ""


# ---- playing --------------------------------------------------------------------------------


def _play(session: Session, words: Words) -> str:
    colour, action = read_colour(words[0]), read_vertex(words[1], session.size)
    try:
        session.position = session.position.play(colour, action)
    except IllegalActionError as error:
        raise GtpError(f"illegal move: {error.reason}") from None
    return ""


def _undo(session: Session, words: Words) -> str:
    if not session.position.moves:
        raise GtpError("cannot undo")
    session.position = session.position.undo()
    return ""


# ---- the clock ------------------------------------------------------------------------------


def _time_settings(session: Session, words: Words) -> str:
    main, period = read_seconds(words[0], "main time"), read_seconds(words[1], "byo yomi time")
    stones = read_whole(words[2], "byo yomi stones")
    if period > 0 and stones == 0:
        settings = TimeSettings()  # how the specification says that there is no limit
    elif period == 0:
        settings = TimeSettings("absolute", main)
    else:
        settings = TimeSettings("canadian", main, period, stones)
    session.set_clocks(settings)
    return ""


def _kgs_time_settings(session: Session, words: Words) -> str:
    kind: Any = words[0]
    numbers = words[1:]
    if kind not in _KGS_NUMBERS or len(numbers) != _KGS_NUMBERS[kind]:
        raise GtpError(
            "syntax error: time settings are none, absolute MAIN, "
            "byoyomi MAIN PERIOD PERIODS or canadian MAIN PERIOD STONES"
        )
    main, period, *_ = [*(read_seconds(word, "a time") for word in numbers[:2]), 0.0, 0.0]
    count = read_whole(numbers[2], "periods or stones", least=1) if len(numbers) == 3 else 0
    settings = TimeSettings(kind, main, period, count)
    session.set_clocks(settings)
    return ""


def _time_left(session: Session, words: Words) -> str:
    colour, seconds = read_colour(words[0]), read_seconds(words[1], "the time")
    session.clocks[colour].set_left(seconds, read_whole(words[2], "the number of stones"))
    return ""


# ---- judging and showing --------------------------------------------------------------------


def _final_score(session: Session, words: Words) -> str:
    score = float(session.position.batch.score()[0])
    if score == 0:
        return "0"
    return f"{'B' if score > 0 else 'W'}+{abs(score):.1f}"


def _final_status_list(session: Session, words: Words) -> str:
    if words[0] not in ("alive", "dead", "seki"):
        raise GtpError(f"invalid status: {quote(words[0])} is neither alive nor dead nor seki")
    if words[0] != "alive":
        return ""  # what stands on the board is alive
    size = session.size
    return "\n".join(
        " ".join(action_name(point, size) for point in chain)
        for chain in _chains(session.position.stones)
    )


def _chains(stones: np.ndarray) -> list[list[int]]:
    """The chains of a board int8 [N, N], each as a list of points."""
    size = len(stones)
    cells = dict(enumerate(stones.ravel().tolist()))
    chains = []
    while any(cells.values()):
        first = next(point for point, colour in cells.items() if colour)
        colour, chain, ahead = cells[first], [], [first]
        while ahead:
            point = ahead.pop()
            if cells.get(point) != colour:
                continue
            cells[point] = 0
            chain.append(point)
            row_begins, row_ends = point % size == 0, point % size == size - 1
            ahead += [point - size, point + size]
            ahead += [] if row_begins else [point - 1]
            ahead += [] if row_ends else [point + 1]
        chains.append(sorted(chain))
    return chains


def _showboard(session: Session, words: Words) -> str:
    return "\n" + game_text(session.position.batch, 0)


# What a command does, and how many arguments it takes at least and at most.
COMMANDS: dict[str, tuple[Callable[[Session, Words], str], int, int]] = {
    "boardsize": (_boardsize, 1, 1),
    "clear_board": (_clear_board, 0, 0),
    "cputime": (_cputime, 0, 0),
    "final_score": (_final_score, 0, 0),
    "final_status_list": (_final_status_list, 1, 1),
    "fixed_handicap": (_fixed_handicap, 1, 1),
    "gogui-analyze_commands": (_analyze_commands, 0, 0),
    "kata-get-rules": (_get_rules, 0, 0),
    "kata-set-rules": (_set_rules, 1, 99),
    "kgs-time_settings": (_kgs_time_settings, 1, 4),
    "known_command": (_known_command, 0, 1),
    "komi": (_komi, 1, 1),
    "list_commands": (_list_commands, 0, 0),
    "loadsgf": (_loadsgf, 1, 2),
    "name": (_name, 0, 0),
    "place_free_handicap": (_place_free_handicap, 1, 1),
    "play": (_play, 2, 2),
    "protocol_version": (_protocol_version, 0, 0),
    "set_free_handicap": (_set_free_handicap, 1, MAX_SIZE * MAX_SIZE),
    "set_random_seed": (_set_random_seed, 1, 1),
    "showboard": (_showboard, 0, 0),
    "time_left": (_time_left, 3, 3),
    "time_settings": (_time_settings, 3, 3),
    "undo": (_undo, 0, 0),
    "version": (_version, 0, 0),
}
