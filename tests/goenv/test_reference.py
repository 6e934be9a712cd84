"""The referee of the other tests, checked by itself against counts known from elsewhere."""

from itertools import product

import pytest
from drawing import draw

from baselines.reference import BLACK, EMPTY, SUPERKO_KINDS, WHITE, ReferenceGame, area, region

# John Tromp, "Number of legal Go positions": https://tromp.github.io/go/legal.html
LEGAL_POSITIONS = {1: 1, 2: 57, 3: 12675}


def every_chain_has_a_liberty(board, size):
    return all(
        colour == EMPTY or any(board[other] == EMPTY for other in region(board, size, point)[1])
        for point, colour in enumerate(board)
    )


def legal_positions(size):
    boards = product((BLACK, EMPTY, WHITE), repeat=size * size)
    return {board for board in boards if every_chain_has_a_liberty(board, size)}


def reachable_positions(size, **rules):
    """Boards reached by legal play, one game kept for each board and player to move.

    Nothing is lost by keeping the first game only. A superko forbids a move of it only towards a
    situation that this game has been in, which is therefore found already; positional superko also
    towards the same board with the other player to move, who reaches this situation by a pass.
    """
    start = ReferenceGame(size, **rules)
    found, frontier = {(start.cells, start.to_play)}, [start]
    while frontier:
        previous, frontier = frontier, []
        for game in previous:
            for action, legal in enumerate(game.legal_actions()):
                if not legal:
                    continue
                child = game.copy()
                child.play(action)
                if not child.over and (child.cells, child.to_play) not in found:
                    found.add((child.cells, child.to_play))
                    frontier.append(child)
    return {board for board, _ in found}


@pytest.mark.parametrize("size", LEGAL_POSITIONS)
def test_the_colourings_with_liberties_are_as_many_as_is_known(size):
    assert len(legal_positions(size)) == LEGAL_POSITIONS[size]


@pytest.mark.parametrize("superko", SUPERKO_KINDS)
@pytest.mark.parametrize("suicide", [True, False])
def test_all_57_positions_of_2x2_are_reached(superko, suicide):
    assert reachable_positions(2, superko=superko, suicide=suicide) == legal_positions(2)


def test_all_12675_positions_of_3x3_are_reached():
    assert reachable_positions(3) == legal_positions(3)


def test_two_plies_on_2x2_counted_by_hand():
    """After a stone three points and the pass are left, after a pass four points and the pass."""
    lengths = []
    for first in range(5):
        game = ReferenceGame(2)
        game.play(first)
        lengths.append(sum(game.legal_actions()))
    assert lengths == [4, 4, 4, 4, 5]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        (". . . / . . . / . . .", 0),  # touches no colour
        (". . . / . X . / . . .", 9),
        (". . . / . O . / . . .", -9),
        (". . . / X . . / . . O", 0),  # one stone each, one region touches both
        (". X . / X O . / . . O", 1),  # the corner is Black's, the rest touches both
        (". X O / X O . / O . .", -3),  # 3 of Black against 6 of White
    ],
)
def test_areas_counted_by_hand(text, points):
    diagram = draw(text.replace("/", "\n"))
    assert area(tuple(diagram.board.ravel().tolist()), 3) == points


@pytest.mark.parametrize("to_play", [BLACK, WHITE])
@pytest.mark.parametrize(
    "text", [". . / . .", "X . / . .", ". O / O .", "X O / . .", ". O / X X", "X . / O O"]
)
def test_a_drawing_is_set_up_by_legal_moves(text, to_play):
    diagram = draw(text.replace("/", "\n"))
    game = ReferenceGame(2)
    for action in diagram.moves(to_play):
        game.play(action)
    assert (game.board() == diagram.board).all()
    assert game.to_play == to_play
    assert not game.over


@pytest.mark.parametrize("text", ["X O / O .", "X X / O", "X X / X X"])
def test_an_impossible_drawing_is_refused(text):
    with pytest.raises(ValueError, match=r"square|liberty"):
        draw(text.replace("/", "\n"))


def test_a_copy_goes_on_by_itself():
    game = ReferenceGame(3)
    game.play(4)
    twin = game.copy()
    twin.play(0)
    assert game.legal(0)
    assert (game.ply, twin.ply) == (1, 2)
    assert len(game.seen_boards) == 2


def test_unknown_superko_is_refused():
    with pytest.raises(ValueError, match="superko"):
        ReferenceGame(3, superko="none")
