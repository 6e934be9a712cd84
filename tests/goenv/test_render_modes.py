"""Render modes of the environments, and the window."""

import copy
import itertools
import pickle
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ElementTree

import gymnasium
import numpy as np
import pettingzoo.test
import pygame
import pytest
from gymnasium.utils.env_checker import check_env

import goenv
from goenv import window
from goenv.renderer import MODES


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """As many pictures a second as there are; and no window from one test to the next."""
    ticks = []

    class Clock:
        def tick(self, fps):
            ticks.append(fps)

    monkeypatch.setattr(pygame.time, "Clock", Clock)
    yield ticks
    window._shown.clear()
    pygame.quit()


def screen_size():
    return pygame.display.get_surface().get_size() if pygame.display.get_init() else None


@pytest.mark.parametrize("mode", MODES)
def test_gymnasium_checker(mode):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make("goenv/Go-v0", render_mode=mode)
        check_env(env.unwrapped)
        env.close()


def test_pettingzoo_render():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pettingzoo.test.render_test(
            lambda **options: goenv.aec_env(size=3, **options),
            {"svg": lambda picture: picture.startswith("<svg")},
        )


@pytest.mark.parametrize("make", [goenv.GoEnv, goenv.aec_env])
def test_frames(make):
    frames = {}
    for mode in MODES:
        env = make(size=3, render_mode=mode)
        env.reset(seed=0)
        env.step(4)
        frames[mode] = env.render()
        env.close()
        env.close()
    batch = env.unwrapped.batch
    assert frames["human"] is None
    assert frames["ansi"] == goenv.game_text(batch, 0)
    assert frames["svg"] == goenv.game_svg(batch)
    assert ElementTree.fromstring(frames["svg"]) is not None
    assert frames["rgb_array"].shape == (512, 480, 3)
    y, x = (240, 240)  # the middle of the board
    assert frames["rgb_array"][y, x].max() < 80


def test_frames_of_a_vector_environment():
    for mode in ("ansi", "rgb_array", "svg"):
        envs = gymnasium.make_vec("goenv/Go-v0", 3, size=3, opponent=None, render_mode=mode)
        envs.reset()
        envs.step(np.array([0, 4, 9]))
        frames = envs.render()
        assert isinstance(frames, tuple)  # as gymnasium's SyncVectorEnv gives them
        assert len(frames) == 3
        if mode == "ansi":
            assert "last B2" in frames[1]
        elif mode == "svg":
            assert "last B2" in frames[1]
            assert frames[1] == goenv.game_svg(envs.unwrapped.batch, 1)
        else:
            assert [int(frame[240, 240].max() < 80) for frame in frames] == [0, 1, 0]
        envs.close()
    with pytest.raises(ValueError, match=r"shows one game.*watch a goenv.GoEnv"):
        goenv.GoVectorEnv(4, render_mode="human")
    with pytest.raises(ValueError, match="render_mode must be one of 'ansi', 'rgb_array', 'svg'"):
        goenv.GoVectorEnv(4, render_mode="gif")


def test_gymnasium_wrappers():
    env = gymnasium.make("goenv/Go-v0", size=3, komi=0.5, render_mode="rgb_array")
    env = gymnasium.wrappers.RenderCollection(env)
    env.reset(seed=0)
    env.step(4)
    frames = env.render()
    assert len(frames) == 2
    assert all(frame.shape == (512, 480, 3) for frame in frames)
    assert not np.array_equal(frames[0], frames[1])
    collected = gymnasium.make("goenv/Go-v0", size=3, render_mode="rgb_array_list")
    collected.reset(seed=0)
    assert len(collected.render()) == 1
    shown = gymnasium.wrappers.HumanRendering(
        gymnasium.make("goenv/Go-v0", size=3, render_mode="rgb_array")
    )
    shown.reset(seed=0)
    assert screen_size() == (480, 512)
    shown.close()


@pytest.mark.parametrize(
    ("env", "example"),
    [
        (goenv.GoEnv(size=2), 'make(..., render_mode="ansi")'),
        (goenv.GoVectorEnv(2, size=2), 'make_vec(..., render_mode="ansi")'),
        (goenv.aec_env(size=2), 'aec_env(render_mode="ansi")'),
    ],
)
def test_no_mode_is_warned_of(env, example):
    env.reset()
    with pytest.warns(UserWarning, match="needs a render_mode") as caught:
        assert env.render() is None
    assert example in str(caught[0].message)
    env.close()


def test_window_shows_each_position(no_waiting):
    env = goenv.GoEnv(size=3, render_mode="human")
    assert screen_size() is None
    env.reset(seed=0)
    assert screen_size() == (480, 512)
    before = pygame.surfarray.array3d(pygame.display.get_surface())
    env.step(4)
    after = pygame.surfarray.array3d(pygame.display.get_surface())
    assert before[240, 240].max() > 80 > after[240, 240].max()
    assert no_waiting == [4, 4]  # metadata["render_fps"]
    assert env.metadata["render_fps"] == 4
    env.close()
    env.close()
    assert screen_size() is None
    env.reset()  # a closed environment that goes on opens its window anew
    assert screen_size() is not None
    env.close()


def test_environments_share_the_window():
    envs = [goenv.GoEnv(size=3, render_mode="human") for _ in range(3)]
    sizes = []
    for env in envs:
        env.reset(seed=0)
        sizes.append(screen_size())
    assert sizes == [(480, 512), (960, 512), (960, 1024)]
    envs[1].step(4)
    pixels = pygame.surfarray.array3d(pygame.display.get_surface())
    assert pixels[240, 240].max() > 80 > pixels[480 + 240, 240].max()
    envs.pop(0).close()
    assert screen_size() == (960, 512)
    assert pygame.surfarray.array3d(pygame.display.get_surface())[240, 240].max() < 80
    envs.pop(0)  # forgotten
    del env
    envs[0].step(0)
    assert screen_size() == (480, 512)
    envs[0].close()
    assert screen_size() is None


def test_a_person_closes_the_window():
    first, second = (goenv.GoEnv(size=3, render_mode="human") for _ in range(2))
    first.reset(seed=0)
    second.reset(seed=0)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    with pytest.warns(UserWarning, match="the game goes on without it"):
        first.step(4)
    assert screen_size() is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for env in (first, second):
            legal = np.flatnonzero(env.action_masks())
            env.step(legal[0])
            assert env.render() is None
            assert screen_size() is None
            env.close()


def test_somebody_else_quits_pygame():
    env = goenv.GoEnv(size=3, render_mode="human")
    env.reset(seed=0)
    pygame.quit()
    env.step(4)
    assert screen_size() == (480, 512)
    pygame.quit()
    env.close()
    assert screen_size() is None


def test_copies_have_windows_of_their_own():
    env = goenv.GoEnv(size=3, render_mode="human")
    env.reset(seed=0)
    for twin in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        twin.step(4)
        assert screen_size() == (960, 512)
        twin.close()
    assert screen_size() == (480, 512)
    env.close()


def test_no_screen():
    code = (
        "import gymnasium, goenv\n"
        "env = goenv.GoEnv(size=3, render_mode='human')\n"
        "try: env.reset()\n"
        "except gymnasium.error.Error as error: print(error)\n"
        "env.close()\n"
        "print(goenv.GoEnv(size=3, render_mode='rgb_array').render().shape)\n"
    )
    environment = {"SDL_VIDEODRIVER": "none-such", "PYTHONPATH": ":".join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    told, shape = result.stdout.splitlines()
    assert told.startswith("render_mode 'human' found no screen")
    assert told.endswith("use 'rgb_array' where there is none")
    assert shape == "(512, 480, 3)"


def test_every_move_has_a_frame():
    """A finished game, a forfeit and a pass can be shown too."""
    for mode in ("ansi", "svg", "rgb_array"):
        env = goenv.GoEnv(size=2, render_mode=mode, illegal_action="lose", max_moves=9)
        env.reset(seed=0)
        over = False
        for action in itertools.cycle(range(5)):
            over = any(env.step(action)[2:4])
            assert env.render() is not None
            if over:
                break
