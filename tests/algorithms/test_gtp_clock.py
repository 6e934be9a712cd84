"""Our engine keeps to the clock."""

from __future__ import annotations

import time

import pytest
from gtp_helpers import Engine, FakeTime

from algorithms.gtp.clock import Clock, TimeSettings
from goenv import BLACK, WHITE


def test_time_commands():
    engine = Engine()
    engine("time_settings 60 10 5")
    assert engine.session.time_settings == TimeSettings("canadian", 60, 10, 5)
    engine("time_left w 7 3")
    clock = engine.session.clocks[WHITE]
    assert (clock.main, clock.period, clock.count) == (0, 7, 3)
    engine("time_left b 33 0")
    assert engine.session.clocks[BLACK].main == 33
    engine("time_settings 300 0 0")
    assert engine.session.time_settings == TimeSettings("absolute", 300)
    engine("time_settings 0 1 0")
    assert engine.session.time_settings.kind == "none"
    engine("kgs-time_settings byoyomi 10 30 3")
    assert engine.session.time_settings == TimeSettings("byoyomi", 10, 30, 3)
    engine("kgs-time_settings absolute 90")
    engine("kgs-time_settings canadian 90 60 25")
    engine("kgs-time_settings none")
    assert engine.session.time_settings == TimeSettings()
    wrong = """time_settings; time_settings 1 2; time_settings 1 2 x; time_settings -1 2 3
        time_settings 1 2 3 4; time_settings 1 2 2.5; time_settings nan 1 1; time_left b
        time_left x 1 2; time_left b -1 0; time_left b 1 -1; kgs-time_settings
        kgs-time_settings fischer 1 2; kgs-time_settings none 1; kgs-time_settings byoyomi 1 2
        kgs-time_settings byoyomi 1 2 0"""
    for line in wrong.replace("\n", ";").split(";"):
        engine.refused(line)


def test_a_new_game_winds_the_clocks_up():
    engine = Engine()
    engine("time_settings 60 0 0")
    engine("time_left b 5 0")
    engine("clear_board")
    assert engine.session.clocks[BLACK].main == 60


def test_time_left_is_heeded_where_nothing_was_said_of_clocks():
    clock = Clock(TimeSettings())
    clock.set_left(0, 0)  # as some send it without a clock
    assert clock.allowance(9, 0) is None
    clock.set_left(72.9, 0)
    assert clock.allowance(9, 0) == Clock(TimeSettings("absolute", 72.9)).allowance(9, 0)
    clock = Clock(TimeSettings())
    clock.set_left(20, 5)
    assert clock.allowance(9, 0) == pytest.approx(0.95 * 4 - 0.1)


def test_what_a_move_may_take():
    size = 9
    assert Clock(TimeSettings()).allowance(size, 0) is None
    clock = Clock(TimeSettings("absolute", 72.9))
    assert clock.allowance(size, 0) == pytest.approx(72.9 / 36.45 - 0.1)  # 0.45 moves a point
    assert clock.allowance(size, 30) == pytest.approx(72.9 / 15 - 0.1)
    clock.spend(72.8)
    assert clock.allowance(size, 30) == 0
    canadian = Clock(TimeSettings("canadian", 3, 20, 5))
    assert canadian.allowance(size, 0) == pytest.approx(0.95 * 4 - 0.1)
    canadian.spend(4)  # one second of the period, and one of its moves
    assert (canadian.main, canadian.period, canadian.count) == (0, 19, 4)
    assert canadian.allowance(size, 1) == pytest.approx(0.95 * 19 / 4 - 0.1)
    for _ in range(4):
        canadian.spend(1)
    assert (canadian.period, canadian.count) == (20, 5)
    byoyomi = Clock(TimeSettings("byoyomi", 0, 10, 3))
    assert byoyomi.allowance(size, 0) == pytest.approx(9.4)
    byoyomi.spend(9)
    assert (byoyomi.period, byoyomi.count) == (10, 3)
    byoyomi.spend(25)
    assert (byoyomi.period, byoyomi.count) == (10, 1)


@pytest.mark.parametrize(
    "settings", ["20 0 0", "2 3 4", "0 1 1"], ids=["absolute", "canadian", "a second a move"]
)
def test_games_keep_to_the_clock(settings, monkeypatch):
    """A search without end, in a time of its own, so that no busy machine disturbs it."""
    engine = Engine("uct:1000000", size=4)
    engine(f"time_settings {settings}")
    begun = FakeTime()
    monkeypatch.setattr(time, "monotonic", begun)
    periods = []
    for ply in range(40):
        colour = "bw"[ply % 2]
        engine(f"genmove {colour}")
        clock = engine.session.clocks[BLACK if colour == "b" else WHITE]
        periods.append(clock.period)
        if engine.session.time_settings.kind == "absolute":
            assert clock.main > 0
        else:
            assert clock.period > 0  # never used up before its moves were made
    assert begun.now > 10  # and it does use its time


def test_seconds_a_move(monkeypatch):
    engine = Engine("uct:5", size=5, seconds=3.0)
    begun = FakeTime()
    monkeypatch.setattr(time, "monotonic", begun)
    engine("genmove b")
    assert 1.5 < begun.now < 3.2
    engine("time_settings 0 1 1")
    before = begun.now
    engine("genmove w")
    assert begun.now - before < 1.05
