"""Drawn positions with the rule that each is about, put to the referee and to the engine alike."""

import pytest
from drawing import draw
from drawn_games import EngineGame, Table

from baselines.reference import BLACK, SUPERKO_KINDS, WHITE, ReferenceGame


@pytest.fixture(params=[ReferenceGame, EngineGame])
def table(request):
    def set_up(text, to_play=BLACK, **rules):
        diagram = draw(text)
        return Table(request.param(diagram.size, **rules), diagram, to_play)

    return set_up


every_superko = pytest.mark.parametrize("superko", SUPERKO_KINDS)

# ---------------------------------------------------------------------------------------- captures


def test_a_surrounded_stone_is_captured(table):
    position = table(". O . . \n O X O . \n . a . . \n . . . .", WHITE)
    position.play("a")
    assert position.shows(". O . . \n O . O . \n . O . . \n . . . .")


def test_a_capture_comes_before_suicide_and_takes_every_dead_chain(table):
    """Black's stone has no liberty until both white stones are gone."""
    position = table("a O X . \n O X . . \n X . . . \n . . . .", suicide=False)
    position.play("a")
    assert position.shows("X . X . \n . X . . \n X . . . \n . . . .")


SNAPBACK = """
    a b X .
    O O X .
    X X . .
    . . . .
"""


@every_superko
def test_a_snapback_is_no_ko(table, superko):
    """White's capture of one stone is answered at once on the same point, taking three."""
    position = table(SNAPBACK, superko=superko)
    position.play("a", "b")
    assert position.shows(". O X . \n O O X . \n X X . . \n . . . .")
    position.play("a")
    assert position.shows("X . X . \n . . X . \n X X . . \n . . . .")


@every_superko
def test_recapturing_two_stones_for_one_is_no_ko(table, superko):
    """Black takes the corner stone; White retakes there and removes two: a new board."""
    position = table("O a X O \n X O O . \n . . . . \n . . . .", superko=superko)
    position.play("a", (0, 0))
    assert position.shows("O . . O \n X O O . \n . . . . \n . . . .")


@pytest.mark.parametrize("suicide", [True, False])
def test_an_eye_may_be_played_into_only_to_capture(table, suicide):
    """White's stone in the false eye `a` is suicide until `b` takes the last outside liberty."""
    position = table("a X b . \n X O O . \n c O . . \n . . . .", WHITE, suicide=suicide)
    assert not position.may("a")
    position.play("b", "-")
    assert not position.game.over
    position.play("a")
    assert position.shows("O . O . \n X O O . \n . O . . \n . . . .")


def test_a_player_may_fill_his_own_eyes(table):
    position = table("a X . \n X X . \n . . .")
    position.play("a")
    assert position.shows("X X . \n X X . \n . . .")


# ---------------------------------------------------------------------------------------------- ko

KO = """
    . X O . .
    X O a O .
    . X O . .
    . . . . .
    b . . . c
"""
RETAKE = (1, 1)


@every_superko
def test_a_ko_may_not_be_retaken_at_once(table, superko):
    position = table(KO, superko=superko)
    position.play("a")
    assert not position.may(RETAKE)


@every_superko
@pytest.mark.parametrize("exchange", ["bc", "b-", "-b"])
def test_a_ko_may_be_retaken_after_an_exchange_or_one_pass(table, superko, exchange):
    """One stone more on the board is a new board, whoever played it and whoever passed."""
    position = table(KO, superko=superko)
    position.play("a", *exchange, RETAKE)
    assert position.game.board()[RETAKE] == WHITE
    assert not position.may("a")  # and now Black may not retake


TRIPLE_KO = """
    X O a O . . .
    . X O . . . X
    . . . . . X c
    . . . . . O X
    . . . . . . O
    . X O . . . .
    X O b O . . .
"""


@every_superko
def test_a_triple_ko_goes_round_under_simple_ko_only(table, superko):
    """Six takes lead back to the same board with the same player to move."""
    position = table(TRIPLE_KO, superko=superko)
    position.play("a", "c", "b", (0, 1), (3, 6))
    assert position.may((6, 1)) == (superko == "simple")
    if superko == "simple":
        position.play((6, 1))
        assert position.shows(TRIPLE_KO)
        position.play("a", "c", "b", (0, 1), (3, 6), (6, 1))
        assert position.shows(TRIPLE_KO)


SEND_TWO = """
    a O b O
    X X O .
    . . . .
    . . . .
"""


@every_superko
def test_sending_two_and_returning_one(table, superko):
    """White sends a second stone to `a`, Black takes both from `b`, White retakes that one.

    It is the board of the start, but now Black is to move: positional superko forbids the
    retake. Under situational superko White may retake, and once Black has passed the second
    sending is what repeats (the board with White's two stones, Black to move). Simple ko lets it
    go on for ever.
    """
    position = table(SEND_TWO, WHITE, superko=superko)
    position.play("a", "b")
    assert position.may((0, 1)) == (superko != "positional")
    if superko != "positional":
        position.play((0, 1), "-")
        assert position.shows(SEND_TWO)
        assert position.may("a") == (superko == "simple")


# ----------------------------------------------------------------------------------------- suicide


@every_superko
@pytest.mark.parametrize("suicide", [True, False])
def test_a_suicide_of_two_stones(table, superko, suicide):
    """The board left behind, White's stones alone, never stood before: legal where suicide is."""
    position = table("X a O . \n O O O . \n . . . . \n . . . .", superko=superko, suicide=suicide)
    assert position.may("a") == suicide
    if suicide:
        position.play("a")
        assert position.shows(". . O . \n O O O . \n . . . . \n . . . .")
        assert position.game.to_play == WHITE
        assert position.game.score() == -16 - 7.5


@every_superko
def test_a_suicide_of_one_stone(table, superko):
    """It leaves the board as it is: a repetition, except for the player to move.

    Situational superko allows it while this board has not stood with White to move; then White's
    pass brings back Black's turn, and a second suicide would repeat. It is no pass that counts
    towards the end. Simple ko never allows a disguised pass.
    """
    position = table("a O . \n O . . \n . . .", superko=superko)
    assert position.may("a") == (superko == "situational")
    if superko == "situational":
        position.play("a", "-")
        assert not position.game.over
        assert not position.may("a")
        position.play("-")
        assert position.game.over


@every_superko
def test_a_suicide_of_one_stone_after_a_pass(table, superko):
    """The opponent's pass left this board with Black to move; it stood with White to move too."""
    position = table("a O . \n O . . \n . . X", WHITE, superko=superko)
    position.play("-")
    assert not position.may("a")


@every_superko
def test_no_suicide_of_one_stone_where_suicide_is_off(table, superko):
    assert not table("a O . \n O . . \n . . .", superko=superko, suicide=False).may("a")


EYE_OF_TWO = """
    a b O .
    O O O .
    . . . .
    . . . .
"""


@every_superko
def test_a_suicide_that_repeats_the_board(table, superko):
    """Black at `a`, White passes, Black at `b`: both die, the board stood before the first.

    Only positional superko forbids it: then Black was to move, now it is White. In a second round
    the stone at `a` makes a board that stood with White to move. Simple ko forbids neither.
    """
    position = table(EYE_OF_TWO, superko=superko)
    position.play("a", "-")
    assert position.may("b") == (superko != "positional")
    if superko != "positional":
        position.play("b")
        assert position.shows(EYE_OF_TWO)
        position.play("-")
        assert position.may("a") == (superko == "simple")


@every_superko
def test_the_empty_start_is_history(table, superko):
    """Black alone fills 2x2; the last stone would empty it, with White to move for once."""
    position = table("a b \n c d", superko=superko)
    position.play("a", "-", "b", "-", "c", "-")
    assert position.may("d") == (superko != "positional")


@every_superko
def test_a_move_without_capture_can_repeat_after_a_suicide(table, superko):
    """Black's two stones in the corner die by suicide; putting the first back is a repetition.

    It stood at the start with Black to move, now White is: situational superko does not mind.
    """
    position = table("X a O . \n O O O . \n . . . . \n . . . .", superko=superko)
    position.play("a", "-")
    assert position.may((0, 0)) == (superko != "positional")


TWO_EYES_OF_TWO = """
    a b O . .
    O O O . .
    . . . . .
    . . X X X
    . . X c d
"""


@every_superko
@pytest.mark.parametrize("passed", [True, False])
def test_a_situation_made_by_a_pass_counts_as_history(table, superko, passed):
    """Both players waste two stones in the other's eye, and the drawn board is back.

    If Black began by passing, it stood with White to move, by this pass only, and the last suicide
    repeats it situationally. Otherwise Black alone wastes his two while White passes, and the same
    board with White to move is new.
    """
    position = table(TWO_EYES_OF_TWO, superko=superko)
    if passed:
        position.play("-", "c", "a", "d")
    else:
        position.play("a", "-")
    expected = {"positional": False, "situational": not passed, "simple": True}
    assert position.may("b") == expected[superko]


# ----------------------------------------------------------------------------- scores and the end

EMPTY_BOARD = ". . . \n . . . \n . . ."
SEKI = """
    X X O O
    X X a O
    X b O O
    X X O O
"""


@pytest.mark.parametrize(
    ("text", "points"),
    [
        (EMPTY_BOARD, 0),  # the one region touches no colour
        (". . . \n . X . \n . . .", 9),
        (". . . \n . . . \n O . .", -9),
        ("X . O \n X . O \n X . O", 0),  # the middle touches both
        (". X . . \n X X . . \n . . O O \n . . O .", 0),  # one eye each, all else touches both
        (". X . X \n X X X X \n O O O O \n . O . O", 0),
        ("a X b . \n X O O . \n c O . . \n . . . .", 0),  # a false eye counts: 3 to 3
        (SEKI, 0),
        ("X X X . \n O O X . \n . O X . \n O O X .", 4),  # 10 of Black against 6 of White
    ],
)
def test_area_score(table, text, points):
    for komi in (0, 7.5, -3):
        assert table(text, komi=komi).game.score() == points - komi


def test_shared_liberties_of_a_seki_count_for_nobody(table):
    """Seven stones each, and whoever plays first in between is captured."""
    position = table(SEKI, komi=0)
    assert position.game.score() == 0
    position.play("a", "b")
    assert position.shows(". . O O \n . . . O \n . O O O \n . . O O")
    assert position.game.score() == -16


def test_whole_komi_can_make_a_draw(table):
    position = table(". . . \n . X . \n . . .", WHITE, komi=9)
    position.play("-", "-")
    assert position.game.over
    assert position.game.score() == 0


def test_the_game_ends_with_two_passes_in_a_row(table):
    position = table("a b c \n d . . \n . . .")
    position.play("a", "-", "b", "-", "c", "-")
    assert not position.game.over
    position.play("d", "-")
    assert not position.game.over
    position.play("-")
    assert position.game.over
    assert not position.game.truncated
    assert not any(position.game.legal(action) for action in range(10))


@pytest.mark.parametrize(
    ("moves", "over", "truncated"),
    [
        ("abc", False, False),
        ("abcd", True, True),
        ("abc-", True, True),
        ("ab--", True, False),  # ends by passes exactly at the limit
        ("a--", True, False),
        ("--", True, False),
    ],
)
def test_a_limit_of_four_moves(table, moves, over, truncated):
    position = table("a b c \n d . . \n . . .", max_moves=4, komi=0.5)
    position.play(*moves)
    assert (position.game.over, position.game.truncated) == (over, truncated)
    assert position.game.ply == len(moves)
    if moves == "abcd":
        assert position.game.score() == -2.5  # Black's corner is taken: 1 against 2 + 1


def test_a_limit_of_one_move(table):
    position = table("a . \n . .", max_moves=1)
    position.play("-")
    assert (position.game.over, position.game.truncated) == (True, True)
