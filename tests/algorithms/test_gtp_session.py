"""Our engine over GTP: what each command does, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from gtp_helpers import KO, Engine, Wire, board, played

from algorithms.gtp.protocol import answer, parse
from baselines.reference import ReferenceGame
from goenv import BLACK, WHITE

# Lines and answers


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("name", "= GoZoo random\n\n"),
        ("7 name", "=7 GoZoo random\n\n"),
        ("0007 name\r\n", "=0007 GoZoo random\n\n"),
        ("\t 12\tname \t# what a comment", "=12 GoZoo random\n\n"),
        ("na\x01m\x7fe", "= GoZoo random\n\n"),
        ("", ""),
        (" \t\r\n", ""),
        ("# boardsize 19", ""),
        ("protocol_version", "= 2\n\n"),
        ("version", "= 1.2\n\n"),
        ("clear_board", "= \n\n"),
        ("quit", "= \n\n"),
        ("9 no_such_command", "?9 unknown command\n\n"),
        ("Name", "? unknown command\n\n"),
        ("-3 name", "? unknown command\n\n"),
        ("7name", "? unknown command\n\n"),
        ("٣ name", "? unknown command\n\n"),
    ],
)
def test_lines_and_their_answers(line, written):
    assert Engine(version="1.2").raw(line) == written


def test_a_line_without_a_command_is_an_error():
    assert Engine().raw("12").startswith("?12 syntax error")


def test_only_quit_ends_a_session():
    session = Engine().session
    assert session.handle("quit now", Wire())
    assert session.handle("genmove", Wire())
    assert not session.handle("1 quit", Wire())


def test_an_answer_never_ends_before_its_end():
    assert answer("3", "a\n\n\nb\t\x07c\r\n") == "=3 a\nb c\n\n"
    assert answer("", "\n  A B") == "= \n  A B\n\n"
    assert parse("1 play b D4").arguments == ("b", "D4")


def test_commands_are_listed_and_known():
    engine = Engine()
    names = engine("list_commands").splitlines()
    standard = ["protocol_version", "name", "version", "known_command", "list_commands", "quit",
                "boardsize", "clear_board", "komi", "fixed_handicap", "place_free_handicap",
                "set_free_handicap", "play", "genmove", "undo", "time_settings", "time_left",
                "final_score", "final_status_list", "loadsgf", "reg_genmove",
                "showboard"]  # fmt: skip
    assert set(standard) < set(names)
    assert names == sorted(set(names))
    assert all(engine(f"known_command {name}") == "true" for name in names)
    assert engine("known_command known-command") == engine("known_command") == "false"
    for name in names:
        engine.refused(f"{name} {' '.join(map(str, range(700)))}")


# Setting up


def test_sizes():
    engine = Engine()
    for size in (2, 5, 19, 25):
        engine(f"boardsize {size}")
        assert len(board(engine)) == size
    for size in ("1", "26", "0", "-9", "9.5", "nine", "9x9", "99999999999999999999"):
        engine.refused(f"boardsize {size}")
    assert engine.refused("boardsize 1").startswith("unacceptable size")
    assert engine.refused("boardsize").startswith("syntax error")
    assert engine.session.size == 25


def test_komi_lasts_and_leaves_the_game():
    engine = Engine(size=5)
    engine("play b C3")
    engine("komi 3.5")
    assert engine("final_score") == "B+21.5"
    engine("clear_board")
    assert engine("final_score") == "W+3.5"
    engine("boardsize 7")
    assert engine("final_score") == "W+3.5"
    for komi in ("x", "nan", "inf", "1e9", "6.3", "1_0", "", "--1", "٣"):
        engine.refused(f"komi {komi}")
    engine("komi -2")
    assert engine("final_score") == "B+2.0"


def test_coordinates():
    engine = Engine(size=19)
    engine("play Black a19")
    engine("play w T1")
    engine("play B j10")
    engine("play WHITE pAsS")
    engine("play white H10")  # J is next to H: there is no I
    rows = board(engine)
    assert (rows[0][0], rows[18][18], rows[9][8], rows[9][7]) == ("X", "O", "X", "O")
    for vertex in ("i5", "U1", "A0", "A20", "5A", "A", "55", "resign", "A1A", "Ａ1", "z" * 3000):
        assert engine.refused(f"play b {vertex}").startswith("invalid coordinate")
    for colour in ("x", "bl", "blackwhite", "1"):
        assert engine.refused(f"play {colour} A1").startswith("invalid color")
    assert engine.refused("play b").startswith("syntax error")
    assert engine.refused("play b D4 D5").startswith("syntax error")


# Playing


def test_illegal_moves():
    engine = played(KO)
    assert engine.refused("play b C3").startswith("illegal move: it repeats an earlier position")
    assert engine.refused("play w B3") == "illegal move: the point is occupied"
    engine("play b E5")
    engine("play w E4")
    engine("play b C3")  # after a threat it may be taken back
    assert "illegal move" in engine.refused("play w B3")


def test_superko_is_positional_passes_or_not():
    engine = played([*KO, "b pass", "w pass"])
    assert "repeats an earlier position" in engine.refused("play b C3")
    engine('kata-set-rules {"ko": "SIMPLE"}')
    engine("play b C3")


def test_suicide_of_several_stones_is_legal_and_of_one_is_not():
    engine = played(["b B1", "b B2", "b A3", "w A1"])
    assert "repeats" in engine.refused("play w A2")  # the board would be that before A1
    engine("play b E5")
    engine("play w A2")
    assert [row[0] for row in board(engine)] == [".", ".", "X", ".", "."]
    engine("play b A2")
    assert "suicide" in engine.refused("play w A1")


def test_colours_may_move_in_any_order_also_after_two_passes():
    engine = played(["w C3", "w C4", "b pass", "w pass", "b pass", "b D4", "w pass", "w pass"])
    assert not engine.session.position.batch.done[0]  # the second pass was out of turn
    engine("play b pass")
    assert engine.session.position.batch.done[0]
    engine("genmove w")
    engine("genmove w")
    assert len(engine.session.position.moves) == 11


@pytest.mark.parametrize("superko", ["POSITIONAL", "SITUATIONAL"])
def test_plays_of_either_colour_are_judged_as_the_slow_referee_does(superko):
    """On 3x3, where captures, suicides and repetitions abound."""
    rng = np.random.default_rng(0)
    engine = Engine(size=3)
    engine(f'kata-set-rules {{"ko": "{superko}"}}')
    refused = 0
    for _ in range(12):
        engine("clear_board")
        referee = ReferenceGame(3, superko=superko.lower())
        for _ in range(60):
            colour, action = (BLACK, WHITE)[rng.integers(2)], int(rng.integers(10))
            trial = referee.copy()
            if trial.over or trial.to_play != colour:
                trial.over = False
                if trial.to_play != colour:
                    trial.play(9)
                trial.over, trial.passes_in_a_row = False, 0
            name = "pass" if action == 9 else f"{'ABC'[action % 3]}{3 - action // 3}"
            sign, text = engine.both(f"play {'b' if colour == BLACK else 'w'} {name}")
            legal = trial.legal(action)
            assert (sign == "=") == legal, text
            if not legal:
                refused += 1
                continue
            trial.play(action)
            referee = trial
            assert (engine.session.position.stones == referee.board()).all()
    assert refused > 100


def test_undo_goes_back_to_the_start_and_no_further():
    engine = played(KO)
    for _ in KO:
        engine("undo")
    assert engine.refused("undo") == "cannot undo"
    assert not engine.session.position.stones.any()
    engine("play w C3")
    assert board(engine)[2][2] == "O"
    engine("play b pass")
    engine("play b pass")
    engine("undo")
    assert len(engine.session.position.moves) == 2


def test_genmove_plays_and_reg_genmove_does_not():
    engine = Engine("uct:30", size=5)
    move = engine("reg_genmove w")
    assert not engine.session.position.moves
    assert move == "pass" or move[0] in "ABCDE"
    move = engine("genmove w")
    assert [colour for colour, _ in engine.session.position.moves] == [WHITE]
    assert engine.session.position.to_play == BLACK
    for line in ("genmove", "genmove x", "genmove b w", "reg_genmove", "reg_genmove 1"):
        engine.refused(line)


def test_moves_repeat_with_the_seed():
    moves = [[engine("genmove b"), engine("genmove w"), engine("genmove b")]
             for engine in (Engine(seed=5), Engine(seed=5), Engine(seed=6))]  # fmt: skip
    assert moves[0] == moves[1] != moves[2]
    again = Engine(seed=6)
    again("set_random_seed 5")
    assert [again("genmove b"), again("genmove w"), again("genmove b")] == moves[0]


# Handicap


def test_fixed_handicap_goes_where_the_specification_says():
    engine = Engine(size=9)
    assert set(engine("fixed_handicap 3").split()) == {"C3", "G7", "C7"}
    assert engine.session.position.to_play == WHITE
    assert engine.refused("fixed_handicap 2") == "board not empty"
    assert engine.refused("undo") == "cannot undo"  # handicap stones are no moves
    engine("play w E5")
    engine("undo")
    assert (engine.session.position.stones == BLACK).sum() == 3
    engine("clear_board")
    for stones in ("1", "10", "x", "-2", ""):
        engine.refused(f"fixed_handicap {stones}")
    assert engine.refused("fixed_handicap 10").startswith("invalid number of stones")
    engine("boardsize 19")
    assert len(engine("fixed_handicap 9").split()) == 9


@pytest.mark.parametrize(("size", "stones"), [(2, 3), (3, 8), (5, 2), (7, 9), (9, 9), (9, 80)])
def test_free_handicap_of_our_own(size, stones):
    engine = Engine(size=size)
    points = engine(f"place_free_handicap {stones}").split()
    assert len(set(points)) == stones
    assert (engine.session.position.stones == BLACK).sum() == stones
    engine("clear_board")
    engine.refused(f"place_free_handicap {size * size}")
    engine.refused("place_free_handicap 1")


def test_free_handicap_of_others():
    engine = Engine(size=5)
    for points in ("A1", "A1 a1", "A1 pass", "A1 Z9", ""):
        engine.refused(f"set_free_handicap {points}")
    assert engine.refused("set_free_handicap A1 B1 A1").startswith("bad vertex list")
    assert engine("set_free_handicap A1 b2 C3") == ""
    assert engine("final_score") == "B+17.5"
    assert engine.refused("set_free_handicap A1 B2") == "board not empty"


# Judging


def test_scores_by_area():
    engine = played(["b C1", "b C2", "b C3", "b C4", "b C5", "w D1", "w D2", "w D3", "w D4"])
    assert engine("final_score") == "B+3.5"  # 15 against 4, and the top right touches both
    engine("play w D5")
    assert engine("final_score") == "W+2.5"  # 15 against 10, less komi
    engine("komi 5")
    assert engine("final_score") == "0"
    engine.refused("final_score now")


def test_all_stones_are_alive():
    engine = played(["b A1", "b A2", "b C3", "w E5"])
    chains = {frozenset(line.split()) for line in engine("final_status_list alive").splitlines()}
    assert chains == {frozenset({"A1", "A2"}), frozenset({"C3"}), frozenset({"E5"})}
    assert engine("final_status_list dead") == engine("final_status_list seki") == ""
    assert engine.refused("final_status_list").startswith("syntax error")
    assert engine.refused("final_status_list black").startswith("invalid status")
    assert played([])("final_status_list alive") == ""


def test_rules_as_katago_writes_them():
    engine = played(KO)
    rules = json.loads(engine("kata-get-rules"))
    assert (rules["ko"], rules["scoring"], rules["suicide"]) == ("POSITIONAL", "AREA", True)
    engine(f"kata-set-rules {json.dumps({**rules, 'ko': 'SIMPLE', 'friendlyPassOk': False})}")
    assert engine.session.rules.superko == "simple"
    engine("kata-set-rules new-zealand")
    assert engine.session.rules.superko == "situational"
    for text in ("japanese", "chinese", "{", "[]", "7", '{"ko": "NONE"}', '{"ko": ["SIMPLE"]}',
                 '{"suicide": 1}', '{"scoring": "TERRITORY"}', '{"komi": 7}',
                 "[" * 5000):  # fmt: skip
        engine.refused(f"kata-set-rules {text}")
    engine = played(["b A2", "b B2", "b C1", "w A1", "b E5", "w B1"])
    assert "illegal" in engine.refused('kata-set-rules {"suicide": false}')


# Failures


def test_an_engine_that_gives_up_neither_plays_nor_passes():
    class Fails:
        name, given_up = "failing", {}

        def act(self, batch, rng):
            return np.full(len(batch), batch.num_actions - 1)

    agent = Fails()
    engine = Engine(agent, size=5)
    engine("play b C3")
    agent.given_up = {0: "illegal move"}
    assert "failing failed: illegal move" in engine.refused("genmove w")
    agent.given_up = {0: "resignation"}
    before = len(engine.session.position.moves)
    assert engine("genmove w") == "resign"
    assert len(engine.session.position.moves) == before
    agent.given_up = {}
    assert engine("genmove w") == "pass"


def test_faults_of_ours_are_told_to_the_controller(capsys, monkeypatch):
    engine = Engine()

    def fail(*_):
        raise RuntimeError("out\n\nof luck")

    monkeypatch.setattr(engine.session._thinker, "move", fail)
    assert engine.refused("genmove b") == "internal error: RuntimeError: out\nof luck"
    assert "Traceback" in capsys.readouterr().err
