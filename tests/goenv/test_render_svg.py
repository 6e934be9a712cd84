"""Pictures as SVG: read back as XML, and checked against the position."""

import itertools
import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import goenv
from goenv.coordinates import star_points

NAMESPACE = "{http://www.w3.org/2000/svg}"
BOARD = np.zeros((9, 9), np.int8)
BOARD[2, 3], BOARD[4, 4], BOARD[8, 0] = 1, -1, 1


def circles(picture, kind):
    """Rows and columns of the circles of a class."""
    found = ElementTree.fromstring(picture).iter(f"{NAMESPACE}circle")
    return [point_of(each, "cx", "cy") for each in found if each.get("class") == kind]


def point_of(element, x, y):
    return (float(element.get(y)) - 15) / 10, (float(element.get(x)) - 15) / 10


def texts(picture, kind=None):
    found = ElementTree.fromstring(picture).iter(f"{NAMESPACE}text")
    return [each.text for each in found if each.get("class") == kind]


def squares(picture):
    """Colour, opacity and side of the heat at each point."""
    return {
        point_of(each, "x", "y"): (each.get("fill"), float(each.get("fill-opacity")))
        for each in ElementTree.fromstring(picture).iter(f"{NAMESPACE}rect")
        if each.get("fill-opacity")
    }


def corner(row, column, stone=False):
    """Where the square of a point begins, in rows and columns."""
    half = 0.21 if stone else 0.5
    return pytest.approx((row - half, column - half))


def test_stones_marks_and_names():
    picture = goenv.svg(BOARD, last_action=2 * 9 + 3)
    assert sorted(circles(picture, "black")) == [(2, 3), (8, 0)]
    assert circles(picture, "white") == [(4, 4)]
    assert circles(picture, "last black") == [(2, 3)]
    assert sorted(texts(picture)) == sorted(2 * [*"ABCDEFGHJ", *"123456789"])
    assert texts(picture, "caption") == []
    letters = re.findall(r'<text x="(\d+)" y="[\d.]+">([A-J])<', picture)
    assert ("95", "J") in letters  # the ninth column: there is no I
    assert circles(goenv.svg(BOARD, 40), "last white") == [(4, 4)]
    assert circles(goenv.svg(BOARD, 1), "last empty") == [(0, 1)]  # a suicide


@pytest.mark.parametrize(
    ("size", "count"), [(2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (8, 0), (9, 5), (13, 5), (19, 9)]
)
def test_lines_and_stars(size, count):
    root = ElementTree.fromstring(goenv.svg(np.zeros((size, size), int)))
    stars = root.find(f"{NAMESPACE}g[@class='stars']")
    assert len(stars) == len(star_points(size)) == count
    path = next(each for each in root if each.get("class") == "lines").get("d")
    assert path.count("H") == path.count("V") == size
    if size % 2 and size > 3:
        assert (size // 2, size // 2) in [point_of(star, "cx", "cy") for star in stars]


def test_texts_around_the_board():
    passed = goenv.svg(BOARD, 81)
    assert texts(passed, "caption") == ["last pass"]
    assert not re.search('class="last', passed)
    picture = goenv.svg(BOARD, 81, title="<A & B>", caption="one " * 30)
    assert texts(picture, "title") == ["<A & B>"]
    assert " ".join(texts(picture, "caption")) == " ".join(["one"] * 30)
    assert len(texts(picture, "caption")) == 3
    root = ElementTree.fromstring(picture)
    top, height = (float(part) for part in root.get("viewBox").split()[1::2])
    for each in root.iter(f"{NAMESPACE}text"):
        assert top < float(each.get("y")) < top + height
    assert "A & B" in root.get("aria-label")
    assert int(ElementTree.fromstring(goenv.svg(BOARD, width=99)).get("width")) == 99


def test_heat_is_as_strong_as_its_numbers():
    heat = np.arange(81.0).reshape(9, 9) / 80
    shown = squares(goenv.svg(np.zeros((9, 9), int), heat=heat))
    assert len(shown) == 80  # nothing where it is zero
    strengths = [opacity for _, opacity in (shown[place] for place in sorted(shown))]
    assert all(a < b for a, b in itertools.pairwise(strengths))
    assert len({colour for colour, _ in shown.values()}) == 1


def test_heat_above_and_below_zero():
    heat = np.zeros((9, 9))
    heat[0, 0], heat[0, 1], heat[2, 3], heat[4, 4] = 0.5, -0.5, 0.25, -1
    shown = squares(goenv.svg(BOARD, heat=heat))
    above, below = (shown[place] for place in sorted(shown)[:2])
    assert above[0] != below[0]
    assert above[1] == below[1] > 0
    places = sorted(shown)
    assert places[2] == corner(2, 3, stone=True)
    assert places[3] == corner(4, 4, stone=True)
    assert shown[places[2]] == (above[0], pytest.approx(above[1] / 2))
    assert shown[places[3]] == (below[0], pytest.approx(2 * below[1]))
    # A scale makes pictures comparable; what is beyond it stays within the strongest colour.
    weak = squares(goenv.svg(BOARD, heat=heat, heat_scale=2))
    assert weak[places[3]][1] == pytest.approx(shown[places[3]][1] / 2)
    strong = squares(goenv.svg(BOARD, heat=heat, heat_scale=0.1))
    assert strong[places[3]][1] == shown[places[3]][1] < 1


def test_policy_with_numbers_and_pass():
    policy = np.zeros(82)
    policy[10], policy[40], policy[-1] = 0.5, 0.001, 0.25
    picture = goenv.svg(BOARD, 81, policy, numbers=True)
    assert texts(picture, "caption") == ["last pass; heat of the pass .25"]
    assert next(iter(squares(picture))) == corner(1, 1)
    names = set("ABCDEFGHJ123456789")
    assert [text for text in texts(picture) if text not in names] == [".50"]
    assert "<title>B8: 0.5</title>" in picture
    values = goenv.svg(BOARD, heat=np.full((9, 9), -0.314), numbers=True)
    assert texts(values).count("-.31") == 81
    counts = goenv.svg(BOARD, heat=np.full((9, 9), 120), numbers=True)
    assert texts(counts).count("120") == 81
    assert squares(goenv.svg(BOARD, heat=np.zeros(82))) == {}


@pytest.mark.parametrize(
    ("heat", "options", "message"),
    [
        (np.zeros(81), {}, r"shape \(9, 9\), or \(82,\) with the pass last, got \(81,\)"),
        (np.zeros((1, 9, 9)), {}, "shape"),
        (None, {"width": 0}, "width"),
        (None, {"width": 1.5}, "width"),
        ([["x"] * 9] * 9, {}, "real numbers"),
        (np.zeros((9, 9), complex), {}, "real numbers"),
        (np.where(np.arange(82) == 10, math.nan, 0), {}, "finite, got nan at B8; use 0"),
        (np.where(np.arange(82) == 81, -math.inf, 0), {}, "finite, got -inf at pass"),
        (np.zeros(82), {"heat_scale": 0}, "heat_scale must be finite and above zero, got 0"),
        (np.zeros(82), {"heat_scale": math.inf}, "heat_scale"),
        (np.zeros(82), {"heat_scale": "1"}, "heat_scale must be a number, got '1'"),
    ],
)
def test_wrong_arguments_are_named(heat, options, message):
    with pytest.raises(ValueError, match=message):
        goenv.svg(BOARD, heat=heat, **options)


def test_games_of_a_batch():
    batch = goenv.GoBatch(2, [goenv.Rules(size=3), goenv.Rules(size=5)])
    batch.step(np.array([7, 7]))  # row 1, column 2 of both
    heat = np.zeros(26)
    heat[12], heat[4], heat[25] = 1, math.nan, 0.5  # the 3x3 board knows nothing of column 4
    picture = goenv.game_svg(batch, 0, heat, title="Small")
    assert circles(picture, "last black") == [(1, 2)]
    assert next(iter(squares(picture))) == corner(2, 2)
    assert texts(picture, "caption") == ["move 1, last C2, White to play; heat of the pass .50"]
    assert "<title>C1: 1</title>" in picture
    with pytest.raises(ValueError, match="nan at E5"):
        goenv.game_svg(batch, 1, heat)
    with pytest.raises(ValueError, match=r"\(5, 5\), or \(26,\)"):
        goenv.game_svg(batch, 0, np.zeros(10))
    with pytest.raises(IndexError, match="game"):
        goenv.game_svg(batch, 2)
    assert picture._repr_svg_() == str(picture)  # what Jupyter looks for
    assert isinstance(picture, str)


def test_inline_pictures_are_for_style_sheets():
    picture = goenv.svg(BOARD, inline=True, description="told")
    assert "url(" not in picture
    assert "xmlns" not in picture
    root = ElementTree.fromstring(picture)
    assert root.get("aria-label") == "told"
    assert len([each for each in root.iter("circle") if each.get("class") == "black"]) == 2
    assert len(list(root.iter("circle"))) == 3 + 5  # stones and stars: no shadows
