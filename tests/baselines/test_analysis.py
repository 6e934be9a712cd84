"""KataGo's analysis engine: batches, any order, signs and sides, refusals, faults."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys

import numpy as np
import pytest
from engine_helpers import ANALYST, ROOT, assert_gone, logs

from baselines.analysis import Analysis, AnalysisEngine, Query, Refusal
from baselines.engine_process import EngineError
from goenv import BLACK, WHITE, GoBatch, Rules, area_map

RULES = Rules(5, komi=2.5)


@pytest.fixture
def analyst(monkeypatch):
    """Makes analysis engines that are the stand-in, and ends them."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made = []

    def make(*options, **settings):
        command = (sys.executable, str(ANALYST), *map(str, options))
        made.append(AnalysisEngine(command, **{"timeout": 30, **settings}))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def random_moves(seed, plies, rules=RULES):
    batch, moves = GoBatch(1, rules, seed), []
    while len(moves) < plies and not batch.done[0]:
        moves += batch.random_actions().tolist()
        batch.step(moves[-1:])
    return tuple(moves)


def after(moves, rules=RULES):
    batch = GoBatch(1, rules)
    for move in moves:
        batch.step([move])
    return batch


def check(found: Analysis, moves, rules=RULES):
    """That it is what the stand-in says of the position after these moves, by our own rules."""
    batch = after(moves, rules)
    legal, size = batch.legal_actions()[0], rules.size
    np.testing.assert_array_equal(found.policy >= 0, legal)
    assert found.policy[legal].sum() == pytest.approx(1)
    points = [action for action in np.flatnonzero(legal) if action < size * size]
    corner = min(points, key=lambda p: (p // size + size - 1 - p % size, p // size))
    assert found.policy.argmax() == corner
    mover = int(batch.to_play[0])
    assert found.lead == pytest.approx(mover * batch.score()[0])
    assert found.value == pytest.approx(np.tanh(mover * batch.score()[0] / 10), abs=1e-6)
    if found.ownership is not None:
        owner = area_map(batch)[0].reshape(-1)
        np.testing.assert_allclose(found.ownership, 0.9 * mover * owner, atol=1e-6)


def test_many_positions_of_many_games_come_back_where_they_belong(analyst, tmp_path):
    rules = [RULES, Rules(7, komi=-3.0, superko="simple"), Rules(4, suicide=False)]
    queries = []
    for seed in range(20):
        own = rules[seed % 3]
        moves = random_moves(seed, 3 + seed, own)
        turns = range(len(moves)) if seed % 2 else (len(moves) - 1, 1)
        queries.append(Query(own, moves, tuple(turns), ownership=seed % 4 == 0))
    engine = analyst("--log", tmp_path)
    answers = engine.ask(queries)
    for query, found in zip(queries, answers, strict=True):
        assert len(found) == len(query.turns)
        for turn, analysis in zip(query.turns, found, strict=True):
            check(analysis, query.moves[:turn], query.rules)
            assert (analysis.ownership is not None) == query.ownership
    (log,) = logs(tmp_path)
    assert len(log) == 21  # one for each game, and that it is ready
    assert engine.faults == []
    assert engine.ask([]) == []


def test_all_is_said_from_the_side_of_the_player_to_move(analyst):
    """One black stone at A5, the top left corner: all is Black's, but for komi."""
    black, white = analyst().ask(
        [Query(RULES, (), (0,), b"\1" + bytes(24), first, ownership=True) for first in (1, -1)]
    )
    for (found,), sign in ((black, 1), (white, -1)):
        assert found.lead == sign * 22.5
        assert np.sign(found.value) == sign
        assert (np.sign(found.ownership) == sign).all()
        assert found.policy[0] == -1  # the stone's point
        assert found.policy.argmax() == 4  # E5, the top right corner
        assert found.visits == {}


def test_a_game_that_begins_with_stones_and_goes_on(analyst):
    stones = np.zeros(25, np.int8)
    stones[[6, 12, 18]] = BLACK, WHITE, BLACK
    query = Query(RULES, (2, 25, 8), (3, 0), stones.tobytes(), WHITE)
    batch = GoBatch(1, RULES)
    batch.set_position(0, stones.reshape(5, 5), WHITE)
    ((late, early),) = analyst().ask([query])
    np.testing.assert_array_equal(early.policy >= 0, batch.legal_actions()[0])
    for move in query.moves:
        batch.step([move])
    np.testing.assert_array_equal(late.policy >= 0, batch.legal_actions()[0])
    assert (query.mover(0), query.mover(3)) == (WHITE, BLACK)
    assert late.lead == batch.score()[0]


def test_a_search_tells_its_visits_and_its_own_winrate(analyst):
    ((one,), (many,)) = analyst().ask([Query(RULES, (), (0,), visits=v) for v in (1, 30)])
    assert (one.visits, one.cost) == ({}, 1)
    assert (many.visits, many.cost) == ({4: 20, 25: 10}, 30)
    assert one.value == many.value == pytest.approx(np.tanh(-0.25))


# What is refused


def test_what_katago_cannot_do_is_told_and_the_others_are_answered(analyst):
    bad = [
        Query(Rules(20), (), (0,)),
        Query(Rules(5, komi=200), (), (0,)),
        Query(RULES, (3, 3), (0, 1, 2)),
    ]
    good = Query(RULES, random_moves(1, 6), (2, 6))
    first, size, komi, moves, last = analyst().ask([good, *bad, good])
    assert size == Refusal("boardXSize: Must provide an integer from 2 to 19")
    assert komi.text.startswith("komi: ")
    assert moves.text == "moves: Illegal move 1: D5"
    for found in (first, last):
        check(found[1], good.moves)


def test_rules_that_the_network_would_exchange_are_refused(analyst):
    engine = analyst("--trusts-only", "POSITIONAL")
    queries = [Query(Rules(5, superko=ko), (), (0,)) for ko in ("positional", "simple")]
    found, refusal = engine.ask(queries)
    check(found[0], (), queries[0].rules)
    assert "using POSITIONAL instead" in refusal.text
    (refusal,) = analyst("--no-overrides").ask([Query(RULES, (0,), (1,))])
    assert "Unknown config params: reportAnalysisWinratesAs" in refusal.text


def test_other_warnings_are_kept_and_do_no_harm(analyst):
    engine, own = analyst(), Rules(5, komi=0.5)
    for found in engine.ask([Query(own, (7,), (1,))] * 3):
        check(found[0], (7,), own)
    assert engine.warnings == ["komi: that is little"]


# Faults


FAULTS = {
    "crash": "crash: .*: the engine ended: out of luck",
    "hang": "timeout: .* no answer in time",
    "fork": "timeout: ",
    "flood": "timeout: ",
    "no policy": "nonsense: an answer that is none",
    "short policy": "nonsense: .*out of shape",
    "winrate": "nonsense: .*a winrate of 7",
    "other side": "nonsense: .*neither is to move",
    "other turn": "nonsense: turn 999",
    "no results": "nonsense: ",
    "general error": "nonsense: a query was not understood: something was wrong",
}


@pytest.mark.parametrize(("behaviour", "told"), FAULTS.items())
def test_after_a_fault_it_is_started_anew_and_asked_what_is_left(
    analyst, tmp_path, behaviour, told
):
    folder, once = tmp_path / "log", tmp_path / "once"
    settings = {"timeout": 1.5} if told.startswith("timeout") else {}
    options = ["--do", behaviour, "--at", 7, "--once", once, "--log", folder]
    engine = analyst(*options, **settings)
    queries = [Query(RULES, random_moves(seed, 6), range(6)) for seed in range(3)]
    for query, found in zip(queries, engine.ask(queries), strict=True):
        for turn, analysis in enumerate(found):
            check(analysis, query.moves[:turn])
    (fault,) = engine.faults
    assert_matches(fault, told)
    asked = [sum(len(json.loads(line).get("analyzeTurns", ())) for line in log)
             for log in logs(folder)]  # fmt: skip
    assert sorted(asked) == [11, 18]  # seven had been answered


def assert_matches(text, pattern):
    with pytest.raises(AssertionError, match=pattern):
        raise AssertionError(text)


def test_an_engine_that_fails_again_is_given_up(analyst):
    engine = analyst("--do", "crash", "--at", 2)
    with pytest.raises(EngineError, match=r"failed twice, last by a crash.*out of luck"):
        engine.ask([Query(RULES, (0, 1, 2, 3, 4), range(6))])
    assert len(engine.faults) == 2
    assert engine._running == []


@pytest.mark.parametrize(
    ("command", "words"),
    [(["no-such-engine"], "no program 'no-such-engine'"), (["true"], "does not start"),
     ([sys.executable, str(ANALYST), "--do", "hang"], "does not start: .*no answer in time")],
)  # fmt: skip
def test_what_is_no_engine(monkeypatch, command, words):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    engine = AnalysisEngine(tuple(command), start_timeout=1.5)
    with pytest.raises(EngineError, match=words):
        engine.ask([Query(RULES, (), (0,))])
    assert engine._running == []


def test_timeouts_that_make_no_sense():
    with pytest.raises(ValueError, match="above 0"):
        AnalysisEngine(("true",), timeout=0)


# Nothing is left running


def test_the_process_ends_with_the_engine(analyst):
    engine, query = analyst(), Query(RULES, (), (0,))
    engine.ask([query])
    pid = engine._running[0].pid
    engine.close()
    assert_gone(pid)
    with engine:  # starts another
        engine.ask([query])
        pid = engine._running[0].pid
    assert_gone(pid)
    other = AnalysisEngine((sys.executable, str(ANALYST)))
    other.ask([query])
    pid = other._running[0].pid
    del other
    gc.collect()
    assert_gone(pid)


def test_one_that_was_killed_between_questions_is_started_anew(analyst):
    engine, query = analyst(), Query(RULES, (3,), (1,))
    engine.ask([query])
    os.killpg(engine._running[0].pid, signal.SIGKILL)
    check(engine.ask([query])[0][0], (3,))
    assert len(engine.faults) == 1


def test_an_interruption_ends_the_process(analyst, monkeypatch):
    engine, query = analyst(), Query(RULES, (), (0,))
    engine.ask([query])
    pid = engine._running[0].pid

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("baselines.analysis._parsed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.ask([query])
    assert_gone(pid)
