"""Pictures as pixels: colours where stones, lines and heat should be."""

import itertools
import subprocess
import sys

import gymnasium
import numpy as np
import pytest

import goenv
from goenv.raster import SIDE, load_pygame, point_pixel

BOARD = np.zeros((9, 9), np.int8)
BOARD[2, 3], BOARD[4, 4], BOARD[8, 0] = 1, -1, 1


def pixel(picture, row, column, size=9, right=0.0, down=0.0):
    """The colour at a point, or at fractions of a line's distance from it."""
    x, y = point_pixel(row, column, size, picture.shape[1])
    step = point_pixel(0, 1, size, picture.shape[1])[0] - point_pixel(0, 0, size)[0]
    return picture[round(y + down * step), round(x + right * step)].astype(int)


@pytest.mark.parametrize("size", [2, 3, 9, 13, 19, 25])
def test_stones_of_random_boards(size):
    board = np.random.default_rng(size).integers(-1, 2, (size, size))
    picture = goenv.rgb_array(board)
    assert picture.shape == (512, 480, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.writeable
    assert picture.flags.c_contiguous
    for row in range(size):
        for column in range(size):
            red, green, blue = pixel(picture, row, column, size)
            if board[row, column] > 0:
                assert max(red, green, blue) < 80
            elif board[row, column] < 0:
                assert min(red, green, blue) > 200
            else:  # a line or a dot
                assert 50 < red < 140
                assert red > blue + 20


def test_last_move_is_marked():
    plain = goenv.rgb_array(BOARD)
    assert pixel(plain, 2, 3, right=0.2).max() < 80
    marked = goenv.rgb_array(BOARD, 2 * 9 + 3)
    assert pixel(marked, 2, 3, right=0.2).min() > 200
    assert pixel(marked, 2, 3).max() < 80
    assert pixel(goenv.rgb_array(BOARD, 40), 4, 4, right=0.2).max() < 80
    assert np.array_equal(plain[:SIDE], goenv.rgb_array(BOARD, 81)[:SIDE])  # the pass
    assert not np.array_equal(plain, goenv.rgb_array(BOARD, 81))


def test_heat_is_as_strong_as_its_numbers():
    heat = np.zeros((9, 9))
    heat[0, 1:5] = [0.25, 0.5, 0.75, 1]
    heat[1, 1], heat[2, 3] = -1, 1
    picture, plain = goenv.rgb_array(BOARD, heat=heat), goenv.rgb_array(BOARD)
    away = {"right": 0.3, "down": 0.3}  # from the lines
    greens = [pixel(picture, 0, column, **away)[1] for column in range(5)]
    assert all(after < before - 20 for before, after in itertools.pairwise(greens))
    assert np.array_equal(pixel(picture, 0, 0, **away), pixel(plain, 0, 0, **away))
    red, green, blue = pixel(picture, 0, 4, **away)
    assert blue > red > green
    red, green, blue = pixel(picture, 1, 1, **away)
    assert red > green > blue
    assert pixel(picture, 2, 3)[2] > 150  # the square on the black stone
    assert pixel(picture, 2, 3, right=0.35).max() < 80


def test_caption_and_side():
    short = goenv.rgb_array(BOARD, caption="one")
    long = goenv.rgb_array(BOARD, caption="word " * 60)
    assert not np.array_equal(short[SIDE:], long[SIDE:])
    for picture in (short, long):  # within the wood, however long
        written = (picture[SIDE:].astype(int).sum(axis=2) < 300).any(axis=0).nonzero()[0]
        assert 5 < written.min() < written.max() < SIDE - 5
    assert goenv.rgb_array(BOARD, side=300).shape == (320, 300, 3)
    assert goenv.rgb_array(BOARD, side=301).shape == (321, 301, 3)
    for side in (0, 119, 4097, 480.0, True):
        with pytest.raises(ValueError, match="side must be a whole number of pixels from 120"):
            goenv.rgb_array(BOARD, side=side)
    with pytest.raises(ValueError, match="heat must have the shape"):
        goenv.rgb_array(BOARD, heat=np.zeros(3))


def test_pictures_outlive_pygame():
    """Other environments call pygame.quit() when they close."""
    before = goenv.rgb_array(BOARD, 81)
    load_pygame().quit()
    assert np.array_equal(before, goenv.rgb_array(BOARD, 81))
    assert goenv.rgb_array(np.zeros((6, 6), int), 36).any()


def run(code):
    """Run a program in a fresh interpreter; returns its lines."""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_pygame_comes_with_the_first_pixels():
    code = (
        "import sys, goenv, numpy\n"
        "for mode in (None, 'ansi', 'svg'):\n"
        "    env = goenv.GoEnv(size=3, render_mode=mode)\n"
        "    env.reset()\n"
        "    if mode: env.render()\n"
        "    env.close()\n"
        "print('pygame' in sys.modules)\n"
        "goenv.rgb_array(numpy.zeros((3, 3), int))\n"
        "print('pygame' in sys.modules)\n"
    )
    assert run(code) == ["False", "True"]  # and no greetings


@pytest.mark.parametrize("mode", ["rgb_array", "human"])
def test_missing_pygame(monkeypatch, mode):
    monkeypatch.setitem(sys.modules, "pygame", None)
    missing = pytest.raises(
        gymnasium.error.DependencyNotInstalled, match=r"pip install 'gozoo\[render\]'"
    )
    with missing:
        goenv.GoEnv(render_mode=mode)
    with missing:
        goenv.aec_env(render_mode=mode)
    with missing:
        goenv.rgb_array(BOARD)
    if mode != "human":
        with missing:
            goenv.GoVectorEnv(2, render_mode=mode)
