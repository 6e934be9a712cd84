"""KataGo as a player, by a stand-in for its program: rules agreed or refused, what is missing."""

from __future__ import annotations

import json

import pytest
from engine_helpers import RULES, katago, logs, pids, rng

from baselines.agent import RandomAgent
from baselines.arena import play_games
from baselines.engine_process import EngineError
from baselines.katago import katago_agent, katago_command
from baselines.openings import make_openings
from goenv import GoBatch, Rules


@pytest.fixture
def player(monkeypatch, tmp_path):
    """Makes KataGo of the stand-in, and ends it: ``player(*options of the stand-in)``."""
    made = []

    def make(*options, **settings):
        paths = katago(monkeypatch, tmp_path / "katago", *options, mode="gtp")
        made.append(katago_agent(*paths, **{"timeout": 30, **settings}))
        return made[-1]

    yield make
    for agent in made:
        agent.close()


def test_it_plays_whole_games_and_shares_one_process(player, tmp_path):
    agent = player("--log", tmp_path / "log")
    records = play_games(agent, RandomAgent(), RULES, make_openings(2, 2, RULES, 0), rng())
    assert len(records) == 4
    assert agent.faults == []
    assert len(pids(agent)) == 1
    (log,) = logs(tmp_path / "log")
    begun = log[1:6]
    assert begun[:3] == ["boardsize 5", "clear_board", "komi 6.5"]
    assert begun[4] == "kata-get-rules"
    command, _, rules = begun[3].partition(" ")
    assert command == "kata-set-rules"
    assert json.loads(rules) == {
        "ko": "POSITIONAL", "suicide": True, "scoring": "AREA", "tax": "NONE",
        "hasButton": False, "whiteHandicapBonus": "0", "friendlyPassOk": False,
    }  # fmt: skip


@pytest.mark.parametrize("superko", ["positional", "situational", "simple"])
@pytest.mark.parametrize("suicide", [True, False])
def test_all_our_rules_can_be_agreed_on(player, tmp_path, superko, suicide):
    agent = player("--log", tmp_path / "log")
    agent.act(GoBatch(1, Rules(5, superko=superko, suicide=suicide)), rng())
    (log,) = logs(tmp_path / "log")
    (said,) = [line for line in log if line.startswith("kata-set-rules")]
    said = json.loads(said.partition(" ")[2])
    assert (said["ko"], said["suicide"]) == (superko.upper(), suicide)


def test_rules_that_it_refuses_or_does_not_keep(player):
    with pytest.raises(EngineError, match=r"refuses 'kata-set-rules .*unknown rules"):
        player("--kata-rules", "no").act(GoBatch(1, RULES), rng())
    agent = player("--kata-rules", "others")
    with pytest.raises(EngineError, match=r'other rules .*: ko is "SIMPLE", not "POSITIONAL"'):
        agent.act(GoBatch(1, RULES), rng())
    agent.act(GoBatch(1, Rules(5, superko="simple")), rng())
    with pytest.raises(EngineError, match="refuses 'boardsize 20'"):
        player("--largest", 19).act(GoBatch(1, Rules(20)), rng())


def test_a_program_that_cannot_be_told_the_rules(engine):
    agent = engine(needs=("kata-set-rules", "play"))
    with pytest.raises(EngineError, match="does not know kata-set-rules"):
        agent.act(GoBatch(1, RULES), rng())
    assert pids(agent) == []


def test_its_command_line(monkeypatch, tmp_path):
    config, network = katago(monkeypatch, tmp_path)
    program = str(tmp_path / "katago")
    command = katago_agent(config, network, visits=16)._command
    assert command == (
        program, "gtp", "-config", str(config), "-model", str(network), "-override-config",
        "allowResignation=false,ponderingEnabled=false,maxVisits=16",
    )  # fmt: skip
    own = katago_command("analysis", config, None, {"a": 1})
    assert own == (program, "analysis", "-config", str(config), "-override-config", "a=1")


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    config, network = katago(monkeypatch, tmp_path)
    with pytest.raises(EngineError, match=r"there is no configuration of KataGo 'no\.cfg'"):
        katago_agent(type(config)("no.cfg"))
    with pytest.raises(EngineError, match=r"no network 'no\.bin\.gz'.*katagotraining"):
        katago_agent(config, type(config)("no.bin.gz"))
    monkeypatch.setenv("GOZOO_KATAGO", "no-such-katago")
    with pytest.raises(EngineError, match="GOZOO_KATAGO names 'no-such-katago'"):
        katago_agent(config, network)
    monkeypatch.delenv("GOZOO_KATAGO")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(EngineError, match="KataGo is not installed; put its program"):
        katago_agent(config, network)
