"""Games as SGF: what is written is what sgfmill reads, and what was played."""

from __future__ import annotations

import numpy as np
import pytest
from sgfmill import sgf

from baselines.agent import RandomAgent
from baselines.arena import GameRecord, play_games
from baselines.openings import make_openings
from baselines.sgf import save_games, to_sgf
from goenv import BLACK, WHITE, Rules
from goenv.sgf import result_text, rules_text


def record(moves=(), score=0.5, rules=None, **changes):
    fields = {
        "black": "one", "white": "two", "rules": rules or Rules(3, komi=0.5), "moves": moves,
        "opening": 0, "opening_moves": 0, "score": score, "truncated": False,
    }  # fmt: skip
    return GameRecord(**{**fields, **changes})


def read(game_record):
    return sgf.Sgf_game.from_bytes(to_sgf(game_record))


def moves_of(game):
    """Actions of a game that sgfmill has read, which counts rows from the bottom."""
    size = game.get_size()
    actions = []
    for ply, node in enumerate(game.get_main_sequence()[1:]):
        colour, point = node.get_move()
        assert colour == "bw"[ply % 2]
        if point is None:
            actions.append(size * size)
        else:
            actions.append((size - 1 - point[0]) * size + point[1])
    return tuple(actions)


@pytest.mark.parametrize("size", [2, 3, 5, 9, 19, 20, 25])
def test_games_come_back_move_by_move(size):
    rules = Rules(size, komi=6.5, max_moves=60)
    openings = make_openings(1, 2, rules, 0)
    played = play_games(RandomAgent(), RandomAgent(), rules, openings, np.random.default_rng(1))
    # Whatever happened: passes in the middle and all corners too.
    corners = (0, size - 1, size * size, size * (size - 1), size * size - 1, size * size)
    if size == 2:
        corners = corners[:3]  # more would be suicide
    for moves in (played[0].moves, played[1].moves, corners):
        game = read(record(moves, rules=rules))
        assert game.get_size() == size
        assert moves_of(game) == moves


def test_coordinates_of_the_corners_as_the_format_has_them():
    """Column then row, from the upper left: point 0 is aa, the last of the first row is ca."""
    text = to_sgf(record((0, 2, 6, 8, 5, 9, 9))).decode()
    moves = "".join(text.split()).split(";")[2:]
    assert moves[:5] == ["B[aa]", "W[ca]", "B[ac]", "W[cc]", "B[cb]"]
    assert moves[5] in ("W[]", "W[tt]")


@pytest.mark.parametrize("komi", [0.0, 0.5, -3.0, 7.0, 24.5, 361.5])
def test_komi_and_players(komi):
    game = read(record(rules=Rules(5, komi=komi)))
    assert game.get_komi() == komi
    assert (game.get_player_name("b"), game.get_player_name("w")) == ("one", "two")


@pytest.mark.parametrize(
    ("score", "text", "winner"),
    [(0.5, "B+0.5", "b"), (-12.0, "W+12", "w"), (0.0, "Draw", None), (25.0, "B+25", "b"),
     (-386.5, "W+386.5", "w"), (1234.5, "B+1234.5", "b")],
)  # fmt: skip
def test_results(score, text, winner):
    assert result_text(score) == text
    game = read(record(score=score))
    assert game.get_root().get("RE") == text
    assert game.get_winner() == winner


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        (Rules(3), "Tromp-Taylor"),
        (Rules(3, superko="simple"), "area scoring, simple superko, suicide"),
        (Rules(3, suicide=False), "area scoring, positional superko, no suicide"),
        (
            Rules(3, superko="situational", suicide=False),
            "area scoring, situational superko, no suicide",
        ),
    ],
)
def test_the_rules_are_named(rules, text):
    assert rules_text(rules) == text
    assert read(record(rules=rules)).get_root().get("RU") == text


@pytest.mark.parametrize(
    ("gave_up", "reason", "result", "comment"),
    [(WHITE, "resignation", "B+R", None), (BLACK, "illegal move", "W+F",
     "Black forfeited: illegal move")],
)  # fmt: skip
def test_games_that_were_given_up(gave_up, reason, result, comment):
    """Whatever the board says."""
    root = read(record((4,), score=-0.5, gave_up=gave_up, reason=reason)).get_root()
    assert root.get("RE") == result
    assert (root.get("GC") if root.has_property("GC") else None) == comment
    assert read(record((4,), gave_up=gave_up, reason=reason)).get_winner() == result[0].lower()


def test_an_opening_and_a_game_cut_off_are_told():
    note = read(record((4, 9), opening_moves=2, truncated=True)).get_root().get("GC")
    assert note == (
        "the first 2 moves are a random opening; cut off after 2 moves and scored as it stands"
    )
    assert not read(record()).get_root().has_property("GC")


@pytest.mark.parametrize(
    "name",
    ["a]b", "back\\slash", "both\\]", "end\\", "]", "a:b;c(d)", "üñí 囲碁 🤖", "x" * 500,
     "runs/a?simulations=64&temperature=0"],
)  # fmt: skip
def test_names_with_special_characters(name):
    game = read(record((4, 9, 9), black=name, white=name + "2"))
    assert game.get_player_name("b") == name
    assert game.get_player_name("w") == name + "2"
    assert moves_of(game) == (4, 9, 9)


def test_games_are_saved_under_their_numbers(tmp_path):
    rules = Rules(4, komi=0.5)
    save_games([record((move,), rules=rules) for move in range(12)], tmp_path / "a" / "b", "game")
    files = sorted((tmp_path / "a" / "b").iterdir())
    assert [file.name for file in files] == [f"game-{number:02d}.sgf" for number in range(1, 13)]
    assert not list(tmp_path.rglob("*.partial"))
    for move, file in enumerate(files):
        assert moves_of(sgf.Sgf_game.from_bytes(file.read_bytes())) == (move,)
