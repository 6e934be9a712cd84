"""`loadsgf`: games from files, by the rules of the session."""

from __future__ import annotations

import pytest
from gtp_helpers import KO, Engine, board, played

from goenv import BLACK, WHITE, Rules
from goenv.game import Game
from goenv.sgf import write_sgf


@pytest.fixture
def stored(tmp_path):
    game = Game(Rules(5, komi=3.5)).play("C3", "C4", "D4", "pass")
    (tmp_path / "game.sgf").write_bytes(write_sgf(game))
    return tmp_path


def test_loadsgf(stored):
    engine = Engine(size=9)
    engine(f"loadsgf {stored}/game.sgf")
    assert (engine.session.size, engine.session.rules.komi) == (5, 3.5)
    assert engine.session.position.to_play == BLACK
    assert sum(row.count("X") for row in board(engine)) == 2
    engine("undo")
    assert engine.session.position.to_play == WHITE
    for number, moves in ((1, 0), (3, 2), (4, 3), (5, 4), (999, 4)):
        engine(f"loadsgf {stored}/game.sgf {number}")
        assert len(engine.session.position.moves) == moves, number


def test_loadsgf_by_the_rules_of_the_session(stored):
    """A suicide of one stone repeats the board, which only situational superko allows."""
    (stored / "suicide.sgf").write_text("(;GM[1]SZ[5];B[cc];W[ad];B[cd];W[be];B[ae])")
    engine = Engine(size=5)
    assert "suicide" in engine.refused(f"loadsgf {stored}/suicide.sgf")
    engine('kata-set-rules {"ko": "SITUATIONAL", "suicide": true}')
    engine(f"loadsgf {stored}/suicide.sgf")
    assert len(engine.session.position.moves) == 5


def test_loadsgf_with_stones(stored):
    engine = Engine()
    (stored / "handicap.sgf").write_text("(;SZ[9]HA[2]AB[gc][cg];W[ee];B[ef])")
    engine(f"loadsgf {stored}/handicap.sgf 2")
    assert (engine.session.position.stones == BLACK).sum() == 2
    assert engine.session.position.to_play == BLACK
    assert engine("final_score") != ""


def test_files_that_cannot_be_loaded(stored):
    engine = played(KO)
    (stored / "nonsense.sgf").write_text("(;GM[1]SZ[9];B[zz])")
    (stored / "empty.sgf").write_text("")
    (stored / "deep.sgf").write_text("(;" * 20_000)
    for name in ("none.sgf", "nonsense.sgf", "empty.sgf", "deep.sgf", ""):
        assert engine.refused(f"loadsgf {stored}/{name}").startswith("cannot load file")
    assert engine.refused("loadsgf /dev/zero").startswith("cannot load file")
    for words in ("", f"{stored}/game.sgf 0", f"{stored}/game.sgf x", f"{stored}/game.sgf 1 2"):
        assert engine.refused(f"loadsgf {words}").startswith("syntax error")
