"""What our engine tells of its search, as Sabaki and GoGui read it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from gtp_helpers import Engine, FakeTime
from search_positions import HashEvaluator, check_tree

from algorithms.gtp.position import Position
from algorithms.gtp.thinking import Effort, make_thinker
from algorithms.model import Model
from algorithms.networks import NetworkConfig
from algorithms.players import PlayConfig, PolicyAgent, SearchAgent, network_agent
from algorithms.search import Search, SearchConfig
from baselines.reference import ReferenceGame
from goenv import BLACK, WHITE, Rules


def informed(text):
    """What the lines of an analysis say of the first move, as pairs of name and word."""
    lines = [line for line in text.splitlines() if line.startswith("info ")]
    head, _, line = lines[-1].partition(" info move")[0].partition(" pv ")
    words = head.removeprefix("info ").split()
    return lines, dict(zip(words[::2], words[1::2], strict=True)), line.split()


@pytest.mark.parametrize("name", ["lz-analyze", "kata-analyze"])
def test_analysis_of_a_search(name, monkeypatch):
    engine = Engine("uct:20", size=3, komi=0.5)
    monkeypatch.setattr(time, "monotonic", FakeTime())
    text = engine.raw(f"5 {name} b 50 ownership true", looks=300)
    assert text.startswith("=5\ninfo move ")
    assert text.endswith("\n\n")
    assert text.count("\n\n") == 1
    lines, facts, line = informed(text)
    assert len(lines) > 3
    assert facts["move"] == line[0] == "B2"  # it takes the whole board
    assert facts["order"] == "0"
    assert int(facts["visits"]) > 100
    chances = [float(facts[key]) for key in ("winrate", "prior", "lcb")]
    if name == "lz-analyze":
        assert all(word.isdigit() for word in (facts["winrate"], facts["prior"], facts["lcb"]))
        chances = [chance / 10_000 for chance in chances]
    else:
        assert "." in facts["winrate"]
    assert 0.5 < chances[2] < chances[0] <= 1
    assert 0 < chances[1] < 0.2
    assert not engine.session.position.moves
    more = engine.raw(f"{name} w 1 maxmoves 2", looks=50)
    assert informed(more)[0][-1].count("info move") == 2


def test_an_analysis_ends_with_the_next_line_and_when_there_is_no_more_room(monkeypatch):
    engine = Engine("uct:20", size=3)
    assert engine.raw("lz-analyze", looks=0) == "=\n\n"
    monkeypatch.setattr("algorithms.gtp.thinking._TREE_BYTES", 100_000)
    text = Engine("uct:20", size=3).raw("lz-analyze 1000", looks=10**9)
    assert informed(text)[0]
    assert int(informed(text)[1]["visits"]) > 50


def test_options_of_an_analysis(monkeypatch):
    engine = Engine("uct:20", size=3)
    for words in ("x", "b x", "interval", "interval x", "-5", "allow b C3 1", "avoid w A1,A2 3",
                  "b 10 maxmoves", "nonsense 3", "50 50"):  # fmt: skip
        engine.refused(f"kata-analyze {words}")
    monkeypatch.setattr(time, "monotonic", FakeTime())
    text = engine.raw("kata-analyze interval 1 minmoves 10", looks=100)
    assert informed(text)[0][-1].count("info move") == 10


def test_a_move_with_its_analysis():
    engine = Engine("uct:200", size=3, komi=0.5)
    lines = engine("lz-genmove_analyze b 100").splitlines()
    assert lines[-1] == "play B2"
    assert lines[-2].startswith("info move B2")
    assert len(engine.session.position.moves) == 1
    drawn = engine("gozoo-analysis").splitlines()
    assert [line.split()[0] for line in drawn] == ["VAR", "INFLUENCE", "LABEL", "TEXT"]
    assert "gfx/Analysis/gozoo-analysis" in engine("gogui-analyze_commands")


def model():
    return Model(NetworkConfig(blocks=1, channels=4, head_channels=4))


def test_analysis_of_a_policy_is_its_policy():
    agent = PolicyAgent(model(), name="policy")
    engine = Engine(agent, size=3)
    engine("play b B2")
    _, facts, line = informed(engine.raw("kata-analyze w 100 minmoves 9", looks=1))
    best = int(np.argmax(agent.policy(engine.session.position.batch)[0]))
    assert line == [facts["move"]] == [engine("genmove w")]
    assert engine.session.position.moves[-1] == (WHITE, best)
    assert int(facts["visits"]) == round(1000 * float(facts["prior"]))


def test_analysis_of_those_who_cannot_tell():
    engine = Engine("random")
    for name in ("lz-analyze", "kata-analyze b 50", "lz-genmove_analyze b", "gozoo-analysis"):
        assert "random neither searches nor has a policy" in engine.refused(name)


# The tree


def visits(thinker):
    return sum(found.visits for found in thinker.findings())


def test_the_tree_is_kept_from_move_to_move():
    agent = network_agent(model(), PlayConfig(simulations=40, root="gumbel"), "net")
    engine = Engine(agent, size=4, leaves=1)
    engine("genmove b")
    engine("genmove w")
    assert visits(engine.session._thinker) > 40


def test_no_tree_is_kept_in_which_a_pass_out_of_turn_is_a_usual_one():
    """Below a usual pass another one ends the game; below one out of turn it does not."""
    thinker, rng = Engine("uct:400", size=2).session._thinker, np.random.default_rng(0)
    game = Position(Rules(2)).play(BLACK, 0)
    thinker.study(game.batch, rng, Effort(400))
    assert visits(thinker) == 400
    thinker.study(game.batch_for(BLACK), rng, Effort(100))
    assert visits(thinker) == 100
    thinker.study(game.play(WHITE, 4).batch, rng, Effort(100))
    assert visits(thinker) == 100  # nor the other way round
    thinker.study(game.play(WHITE, 4).batch, rng, Effort(100))
    assert visits(thinker) == 200


@pytest.mark.parametrize("looks", [0, 1, 2, 7, 20])
@pytest.mark.parametrize("leaves", [1, 6])
def test_a_search_that_is_stopped_leaves_a_whole_tree(looks, leaves):
    search = Search(SearchConfig(simulations=50), HashEvaluator())
    thinker = make_thinker(SearchAgent(search), None, leaves)
    rng, left = np.random.default_rng(0), [looks]

    def watch():
        left[0] -= 1
        return left[0] < 0

    for count in (1, 2):
        left[0] = looks
        thinker.study(Position(Rules(3)).batch, rng, Effort(), watch)
        check_tree(thinker._search, 0, ReferenceGame(3))
        assert visits(thinker) >= count
        best = thinker.findings()[0]
        assert best.line[0] == best.action
        game = ReferenceGame(3)
        for action in best.line:
            game.play(action)
