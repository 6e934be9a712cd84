"""One game with its record, and SGF."""

import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from sgfmill import sgf

from goenv import Game, GoBatch, IllegalActionError, Rules, read_sgf, write_sgf
from goenv.coordinates import action_name, action_of_name


def test_names_go_both_ways():
    for size in (2, 9, 19, 25):
        for action in range(size * size + 1):
            assert action_of_name(action_name(action, size), size) == action
    assert action_of_name(" j9 ", 9) == 8
    assert action_of_name("PASS", 9) == 81


@pytest.mark.parametrize("name", ["", "A", "9", "I5", "A0", "A10", "K1", "A-1", "A²", "AA1", "a1b"])
def test_names_of_no_point(name):
    with pytest.raises(ValueError, match=r"is no point from A1 to J9, nor 'pass'"):
        action_of_name(name, 9)


def test_play_and_undo_keep_superko_exact():
    """A ko is taken, taken back (the undo), and taken again: only then is the recapture barred."""
    game = Game(Rules(4)).play(1, 2, 4, 7, 9, 10, "pass", 5)
    assert game.to_play == 1
    game.play(6)
    assert game.board[1, 1] == 0  # Black took the stone at 5
    with pytest.raises(IllegalActionError, match="repeats an earlier position"):
        game.play(5)
    game.undo()
    assert game.board[1, 1] == -1
    game.play("C3")  # the same point by name
    with pytest.raises(IllegalActionError):
        game.play(5)
    assert game.moves[-1] == 6
    assert str(game).endswith("last C3, White (O) to play")
    assert game._repr_svg_().startswith("<svg")


def test_any_earlier_position():
    batch, rng = GoBatch(1, Rules(5), seed=3), np.random.default_rng(0)
    game, boards = Game(Rules(5)), [np.zeros((5, 5))]
    while not game.done:
        action = int(rng.choice(np.flatnonzero(batch.legal_actions()[0])))
        batch.step([action])
        game.play(action)
        boards.append(game.board)
    assert game.score == batch.score()[0]
    for ply, board in enumerate(boards):
        earlier = game.at(ply)
        np.testing.assert_array_equal(earlier.board, board)
        assert earlier.moves == game.moves[:ply]
    game.undo(len(game.moves))
    assert game.moves == ()
    assert not game.board.any()


def test_nothing_is_played_if_a_move_is_illegal():
    game = Game(Rules(5))
    with pytest.raises(
        IllegalActionError, match=r"in game 0: the point is occupied.*move 3 of those"
    ):
        game.play(3, 4, 3)
    assert game.moves == ()
    for move in (26, -1, "F1"):
        with pytest.raises(ValueError, match=r"action must lie|is no point"):
            game.play(0, move)
    for count in (1, -1, 0.5, None, True):
        with pytest.raises(ValueError, match="must be a whole number from 0 to 0"):
            game.undo(count)
        with pytest.raises(ValueError, match="ply must be"):
            game.at(count)


def test_handicap_and_positions_survive_undo():
    game = Game(Rules(9, komi=0.5), handicap=3).play("E5", "E4").undo(2)
    assert game.board.sum() == 3
    assert game.to_play == -1
    position = Game(Rules(3), [[0, 1, 0], [0, 0, 0], [0, 0, 0]], -1).play(0, 8)
    assert position.at(1).board.ravel().tolist() == [-1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert Game(Rules(3), to_play=-1).to_play == -1
    with pytest.raises(ValueError, match="either board or handicap"):
        Game(Rules(9), np.zeros((9, 9)), handicap=2)


# ---- SGF ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "game",
    [
        Game(Rules(9, komi=6.5)).play("E5", "C3", "pass", "A9", "J1", "pass", "pass"),
        Game(Rules(13, komi=0.5), handicap=5).play("G3", "pass", "A1"),
        Game(Rules(3, komi=-1), [[1, 0, 0], [0, 0, -1], [0, 0, 0]], -1).play(0 + 1, 4),
        Game(Rules(19)),
    ],
)
def test_games_come_back(game):
    text = write_sgf(game, {"PB": "me", "GC": "a [strange] \\ comment"})
    again = read_sgf(text)
    assert (again.rules, again.moves, again.handicap) == (game.rules, game.moves, game.handicap)
    np.testing.assert_array_equal(again.first_board, game.first_board)
    assert again.first_to_play == game.first_to_play
    tree = sgf.Sgf_game.from_bytes(text)
    assert tree.get_player_name("b") == "me"
    assert tree.get_root().get("GC") == "a [strange] \\ comment"
    assert tree.get_root().has_property("RE") == game.done


def test_a_file_at_any_move(tmp_path):
    """A real file's look: handicap stones, variations, comments; the main line is what counts."""
    path = tmp_path / "game.sgf"
    path.write_text(
        "(;GM[1]FF[4]SZ[9]KM[0.5]HA[2]AB[gc][cg]RU[Japanese]\n;W[ee]C[hm]\n(;B[ff];W[tt])(;B[aa]))"
    )
    game = read_sgf(path)
    assert (game.handicap, game.first_to_play) == (2, -1)
    assert [action_name(move, 9) for move in game.moves] == ["E5", "F4", "pass"]
    assert game.at(1).board[4, 4] == -1
    assert read_sgf(path.read_text()).moves == game.moves


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no SGF data found"),
        ("(;SZ[9", "not a game that can be read from SGF"),
        ("(;GM[2]SZ[9])", "its game is number 2 of SGF, and Go is 1"),
        ("(;SZ[30])", "size"),
        ("(;SZ[9]KM[3.75])", "komi must be a multiple of 0.5"),
        ("(;SZ[9];B[aa];W[aa])", "move 2, A9, is illegal: the point is occupied"),
        ("(;SZ[9];B[aa];B[bb])", "move 2 is Black's, who is not on turn"),
        ("(;SZ[9];B[aa];W[bb]B[cc])", "a node holds moves of both colours, after move 1"),
        ("(;SZ[9];B[aa];AW[bb])", "stones are set up after move 1"),
        ("(;SZ[9];B[aa];W[zz])", "not a game that can be read from SGF"),
        ("(;SZ[2]AB[aa][ab]AW[ba][bb])", "chain without liberties"),
    ],
)
def test_files_that_are_refused(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_sgf(text)
    path = tmp_path / "bad.sgf"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.sgf: not a game"):
        read_sgf(path)


def test_other_rules_than_the_file_s():
    text = "(;SZ[3];B[aa];W[ba];B[bb];W[ab];B[ca];W[aa];B[ac])"
    assert read_sgf(text, Rules(3, superko="simple")).rules.superko == "simple"
    like = read_sgf(text, like=Rules(9, komi=7, superko="simple", suicide=False)).rules
    assert (like.size, like.komi, like.superko, like.suicide) == (3, 0, "simple", False)
    with pytest.raises(ValueError, match="its board has side 3, the rules say 9"):
        read_sgf(text, Rules(9))
    with pytest.raises(ValueError, match="an SGF is bytes, text or a Path, got int"):
        read_sgf(3)
    with pytest.raises(FileNotFoundError):
        read_sgf(Path("nowhere.sgf"))


def test_without_sgfmill(monkeypatch):
    monkeypatch.setitem(sys.modules, "sgfmill", None)
    with pytest.raises(gymnasium.error.DependencyNotInstalled, match=r"gozoo\[sgf\]"):
        write_sgf(Game(Rules(3)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(;SZ[9]HA[4];W[aa])", r"HA\[4\] needs its black stones in AB"),
        ("(;SZ[9]AB[aa]AW[aa])", "a point is in AB and in AW"),
        ("(;SZ[9];B[zz])", r"B\[zz\] should be one of the points of a board of side 9"),
        ("(;SZ[9];B[a])", r"B\[a\] should be one of the points"),
        ("(;SZ[9]AB[a])", r"AB\[a\] should be points of a board of side 9"),
        ("(;SZ[9]KM[x])", r"KM\[x\] should be a number of points"),
        ("(;SZ[9]PL[Q])", r"PL\[Q\] should be B or W"),
        ("(;SZ[9]GM[go])", r"GM\[go\] should be 1 for Go"),
        ("(;SZ[9]HA[x]AB[aa])", r"HA\[x\] should be a whole number"),
        ("(;SZ[9];B[aa];B[bb])", "move 2 is Black's, who is not on turn"),
        ("(;SZ[9];B[aa];W[aa])", "move 2, A9, is illegal: the point is occupied"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text, message):
    with pytest.raises(ValueError, match=message):
        read_sgf(text)


@pytest.mark.parametrize(
    ("game", "properties", "message"),
    [
        (None, {}, "game must be a goenv.Game"),
        (Game(), {"PB": 3}, "properties must be a dict of texts"),
        (Game(), 3, "properties must be a dict of texts"),
        (Game(), {"SZ": "5"}, "SZ is a property that the game itself decides"),
    ],
)
def test_what_cannot_be_written(game, properties, message):
    with pytest.raises(ValueError, match=message):
        write_sgf(game, properties)
