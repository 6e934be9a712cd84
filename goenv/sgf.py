"""Games as SGF, by sgfmill, which is an extra: ``pip install 'gozoo[sgf]'``.

SGF is described at https://www.red-bean.com/sgf/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from goenv.coordinates import action_name
from goenv.game import Game
from goenv.illegal import IllegalActionError
from goenv.rules import BLACK, WHITE, Rules

COLOURS = {"b": BLACK, "w": WHITE}
NAMES = {BLACK: "Black", WHITE: "White"}


def read_sgf(
    data: bytes | str | Path, rules: Rules | None = None, *, like: Rules | None = None
) -> Game:
    """The main line of a game; `Game.at` gives its position at any move.

    Args:
        data: the file's content, or its path (a `Path`).
        rules: to play it by. None: the board's side and komi that the file names, otherwise
            Tromp-Taylor. Other rules allow moves that these do not: a repeated position may need
            ``superko="simple"``.
        like: without `rules`, those whose superko and suicide hold on the file's board.

    Raises:
        ValueError: this is no SGF of a game of Go, or a move in it is illegal; the message says
            which, and why.
        DependencyNotInstalled: sgfmill is missing.
    """
    sgf = _sgfmill()
    where = f"{data}: " if isinstance(data, Path) else ""
    if isinstance(data, Path):
        data = data.read_bytes()
    elif isinstance(data, str):
        data = data.encode()
    elif not isinstance(data, bytes):
        raise ValueError(f"an SGF is bytes, text or a Path, got {type(data).__name__}")
    try:
        tree = sgf.Sgf_game.from_bytes(data)
        return _game_of(tree, rules, like)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{where}not a game that can be read from SGF: {error}") from None


def _value(node: Any, name: str, right: str) -> Any:
    """The value of a property that a node has.

    Raises:
        ValueError: there is no making sense of it; `right` says what would be right.
    """
    try:
        return node.get(name)
    except (ValueError, IndexError):
        raw = b"][".join(node.get_raw_list(name)).decode(errors="replace")
        raise ValueError(f"{name}[{raw}] should be {right}") from None


def _game_of(tree: Any, rules: Rules | None, like: Rules | None) -> Game:
    root, size = tree.get_root(), tree.get_size()
    if root.has_property("GM") and (game := _value(root, "GM", "1 for Go")) != 1:
        raise ValueError(f"its game is number {game} of SGF, and Go is 1")
    if rules is None:
        # A komi is optional; files without one are mostly games without one.
        komi = _value(root, "KM", "a number of points") if root.has_property("KM") else 0.0
        usual = like or Rules()
        rules = Rules(size=size, komi=komi, superko=usual.superko, suicide=usual.suicide)
    if rules.size != size:
        raise ValueError(f"its board has side {size}, the rules say {rules.size}")
    points_of = f"points of a board of side {size}, such as aa"
    board = np.zeros((size, size), np.int8)
    for name, colour in (("AB", BLACK), ("AW", WHITE)):
        for row, column in _value(root, name, points_of) if root.has_property(name) else ():
            if board[size - 1 - row, column] == -colour:
                raise ValueError("a point is in AB and in AW")
            board[size - 1 - row, column] = colour
    handicap = _value(root, "HA", "a whole number") if root.has_property("HA") else 0
    if handicap >= 2 and not (board == BLACK).any():
        raise ValueError(f"HA[{handicap}] needs its black stones in AB")
    moves: list[tuple[int, int]] = []
    for number, node in enumerate(tree.get_main_sequence()):
        if node.has_setup_stones() and number > 0:
            raise ValueError(f"stones are set up after move {len(moves)}, not by moves")
        if node.has_property("B") and node.has_property("W"):
            raise ValueError(f"a node holds moves of both colours, after move {len(moves)}")
        for name in ("B", "W"):
            if node.has_property(name):
                _value(node, name, f"one of the {points_of}, or empty for a pass")
        colour, point = node.get_move()
        if colour is not None:
            row, column = (None, None) if point is None else point
            action = size * size if row is None else (size - 1 - row) * size + column
            moves.append((COLOURS[colour], action))
    if root.has_property("PL"):
        to_play = COLOURS[_value(root, "PL", "B or W")]
    elif moves:
        to_play = moves[0][0]
    else:
        to_play = WHITE if (board == BLACK).any() and not (board == WHITE).any() else BLACK
    game = Game(rules, board, to_play)
    game.handicap = handicap
    for number, (colour, action) in enumerate(moves, 1):
        if not game.done and colour != game.to_play:
            raise ValueError(f"move {number} is {NAMES[colour]}'s, who is not on turn")
        try:
            game.play(action)
        except IllegalActionError as error:
            name = action_name(action, size)
            raise ValueError(f"move {number}, {name}, is illegal: {error.reason}") from None
    return game


def write_sgf(game: Game, properties: dict[str, str] | None = None) -> bytes:
    """A game as an SGF file.

    Args:
        game: what to write.
        properties: of the root, by their SGF names: ``{"PB": "a", "PW": "b", "GC": "a comment"}``.

    Raises:
        ValueError: `game` is no `Game`, or the properties are no dict of texts.
        DependencyNotInstalled: sgfmill is missing.
    """
    if not isinstance(game, Game):
        raise ValueError(f"game must be a goenv.Game, got {type(game).__name__}")
    properties = {} if properties is None else properties
    if not isinstance(properties, dict) or not all(
        isinstance(text, str) for pair in properties.items() for text in pair
    ):
        raise ValueError(f"properties must be a dict of texts by name, got {properties!r}")
    rules, size = game.rules, game.rules.size
    tree = _sgfmill().Sgf_game(size=size)
    root = tree.get_root()
    root.set("KM", rules.komi)
    root.set("RU", rules_text(rules))
    if game.handicap:
        root.set("HA", game.handicap)
    if game.first_board.any():
        stones = [
            [(size - 1 - row, column) for row, column in np.argwhere(game.first_board == colour)]
            for colour in (BLACK, WHITE)
        ]
        root.set_setup_stones(*stones)
    if game.first_to_play != BLACK:
        root.set("PL", "w")
    if game.done:
        root.set("RE", result_text(game.score))
    for name, value in properties.items():
        try:
            root.set(name, value)
        except (TypeError, ValueError):
            raise ValueError(f"{name} is a property that the game itself decides") from None
    colour = game.first_to_play
    for action in game.moves:
        row, column = divmod(action, size)
        # sgfmill counts rows from the bottom; None is a pass.
        point = None if action == size * size else (size - 1 - row, column)
        tree.extend_main_sequence().set_move("b" if colour == BLACK else "w", point)
        colour = -colour
    return tree.serialise()


def result_text(score: float) -> str:
    """A result as SGF writes it: ``B+3.5``, ``W+12``, ``Draw``."""
    if score == 0:
        return "Draw"
    return f"{'B' if score > 0 else 'W'}+{abs(score):g}"


def rules_text(rules: Rules) -> str:
    """Name of the rules for the property RU."""
    if rules.superko == "positional" and rules.suicide:
        return "Tromp-Taylor"
    suicide = "suicide" if rules.suicide else "no suicide"
    return f"area scoring, {rules.superko} superko, {suicide}"


def _sgfmill() -> Any:
    try:
        from sgfmill import sgf
    except ImportError:
        raise gymnasium.error.DependencyNotInstalled(
            "SGF needs sgfmill: pip install 'gozoo[sgf]'"
        ) from None
    return sgf
