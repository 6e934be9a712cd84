"""KataGo's network in our searches, and as a teacher of ours; by a stand-in for its program."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from engine_helpers import assert_gone, katago, logs

from algorithms.budget import Budget, Ledger, charging
from algorithms.config import TrainConfig, make_learner
from algorithms.expert_games import DataConfig, read_expert_games
from algorithms.katago import KataGoEvaluator
from algorithms.labels import DataError
from algorithms.players import SearchAgent
from algorithms.registry import AgentError, AgentMissing, make_agent
from algorithms.replay import WHOLE
from algorithms.search import Search, SearchConfig
from algorithms.teacher import label_games
from baselines.analysis import katago_analysis
from baselines.engine_process import EngineError
from goenv import BLACK, WHITE, Game, GoBatch, Rules, write_sgf

RULES = Rules(5, komi=0.5)
FAVOURED = 30  # parts of the stand-in's policy, beside one for each other legal action


@pytest.fixture
def analyst(monkeypatch, tmp_path):
    """Makes analysis engines of the stand-in, and ends them."""
    made = []

    def make(*options, **settings):
        config, network = katago(monkeypatch, tmp_path / "katago", *options)
        made.append(katago_analysis(config, network, **{"timeout": 30, **settings}))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def expected(batch, game):
    """Logits [A] and value that the stand-in gives a position, worked out by our own rules."""
    size, side = batch.rules[game].size, batch.max_size
    legal = batch.legal_actions()[game]
    boards = batch.boards()[game]
    for action in np.flatnonzero(legal[:-1]):  # the suicide of one stone, which KataGo never plays
        after = batch.take([game])
        after.step([action])
        legal[action] = (after.boards()[0] != boards).any()
    points = [(action // side, action % side) for action in np.flatnonzero(legal[:-1])]
    row, column = min(points, key=lambda p: (p[0] + size - 1 - p[1], p[0]))
    share = np.where(legal, 1.0, 1e-6 * (legal.sum() + FAVOURED))
    share[row * side + column] += FAVOURED
    value = np.tanh(int(batch.to_play[game]) * batch.score()[game] / 10)
    return np.log(share / (legal.sum() + FAVOURED)), value


class Checked:
    """An evaluator that sees to what another says."""

    def __init__(self, evaluator):
        self.evaluator, self.positions = evaluator, 0

    def evaluate(self, batch, games):
        logits, values = self.evaluator.evaluate(batch, games)
        for game, logit, value in zip(games, logits, values, strict=True):
            wanted, worth = expected(batch, game)
            np.testing.assert_allclose(logit, wanted, atol=1e-4)
            assert value == pytest.approx(worth, abs=1e-5)
        self.positions += len(games)
        return logits, values

    def seed(self, rng):
        self.evaluator.seed(rng)


# The evaluator


def test_it_judges_positions_of_several_sizes_and_sides(analyst):
    rules = [RULES, Rules(4, komi=-2.0), Rules(7, komi=3.5, superko="simple", suicide=False)] * 4
    batch, evaluator = GoBatch(12, rules, seed=3), Checked(KataGoEvaluator(analyst()))
    ledger = Ledger()
    with charging(ledger):
        for _ in range(12):
            running = np.flatnonzero(~batch.done)
            evaluator.evaluate(batch, running[::-1])
            batch.step(batch.random_actions())
    assert evaluator.positions > 100
    assert ledger.evaluations == evaluator.positions


@pytest.mark.parametrize("settings", [{}, {"leaves": 4}, {"root": "gumbel", "reuse": True}])
def test_a_search_asks_it_about_its_leaves(analyst, tmp_path, settings):
    """All leaves are judged as what they are, and KataGo is told their games from the start."""
    evaluator = Checked(KataGoEvaluator(analyst("--log", tmp_path / "log")))
    search = Search(SearchConfig(simulations=12, **settings), evaluator)
    batch, rng = GoBatch(3, RULES), np.random.default_rng(0)
    for _ in range(6):
        batch.step(SearchAgent(search).act(batch, rng))
        batch.step(batch.random_actions())
    assert evaluator.positions > 100
    (log,) = logs(tmp_path / "log")
    queries = [json.loads(line) for line in log[1:]]
    assert sum(bool(query["initialStones"]) for query in queries) <= 0.05 * len(queries)
    assert max(len(query["moves"]) for query in queries) > 10


def test_a_position_out_of_nowhere_is_told_by_its_stones(analyst):
    board = np.zeros((5, 5), np.int8)
    board[0, 1], board[3, 3], board[4, 0] = BLACK, WHITE, BLACK
    batch = GoBatch(2, RULES)
    batch.set_position(0, board, WHITE)
    batch.set_position(1, board, BLACK)
    evaluator = Checked(KataGoEvaluator(analyst()))
    _, values = evaluator.evaluate(batch, np.arange(2))
    assert values[0] == -values[1] < 0


def test_after_a_move_that_is_none_to_katago_it_is_told_the_position(analyst):
    """Under situational superko one stone may die by its own hand."""
    batch = GoBatch(1, Rules(3, komi=0.5, superko="situational"))
    for action in (1, 8, 3, 0):  # Black B3, White C1, Black A2, White dies in the corner A3
        batch.step([action])
    assert batch.boards()[0, 0, 0] == 0
    engine = analyst()
    Checked(KataGoEvaluator(engine)).evaluate(batch, np.arange(1))
    assert engine.faults == []


def test_what_it_cannot_judge_is_told(analyst):
    evaluator = KataGoEvaluator(analyst())
    with pytest.raises(EngineError, match=r"does not judge games by .*size=20.*from 2 to 19"):
        evaluator.evaluate(GoBatch(1, Rules(20)), np.arange(1))


def test_the_score_may_count_too(analyst):
    batch = GoBatch(1, RULES)
    batch.step([12])
    engine = analyst()
    plain, mixed = (
        KataGoEvaluator(engine, score_weight=w).evaluate(batch, np.arange(1))[1][0]
        for w in (0.0, 0.25)
    )
    squashed = 2 / np.pi * np.arctan(-24.5 / 5)  # White is to move
    assert mixed == pytest.approx(0.75 * plain + 0.25 * squashed)


# By their texts


def test_texts_of_agents(monkeypatch, tmp_path):
    config, network = katago(monkeypatch, tmp_path)
    text = f"katago:{config}?model={network}&visits=16&processes=2"
    agent = make_agent(text)
    assert agent.name == text
    assert "maxVisits=16" in agent._command[-1]
    assert len(agent._seats) == 2
    with agent:
        assert agent.act(GoBatch(3, RULES), np.random.default_rng(0)).shape == (3,)
    text = f"katago-net:{config}?simulations=8&temperature=1&exploration=2&visits=3"
    agent = make_agent(text)
    assert agent.name == text
    search = agent.search
    assert (search.config.simulations, search.config.exploration, agent.temperature) == (8, 2, 1)
    batch = GoBatch(2, RULES)
    actions = agent.act(batch, np.random.default_rng(0))
    assert batch.legal_actions()[np.arange(2), actions].all()
    pid = search.evaluator.engine._running[0].pid
    del agent, search
    assert_gone(pid)


def test_a_match_tells_of_its_faults(monkeypatch, tmp_path, gozoo):
    config, network = katago(monkeypatch, tmp_path, "--do", "crash", "--at", 5, "--once",
                             tmp_path / "once")  # fmt: skip
    player = f"katago-net:{config}?model={network}&simulations=2"
    answer = gozoo("match", player, "random", "--size", 5, "--games", 2)
    assert answer.code == 0, answer.error
    assert f"faults of {player}: 1, the last: crash" in "".join(answer.out.split("\n"))


WRONG = {
    "katago:": "after 'katago:' comes a configuration of KataGo",
    "katago": "after 'katago:' comes a configuration",
    "katago-net:?visits=1": "after 'katago-net:' comes a configuration",
    "katago:{config}?visits=0": "visits: .*greater than or equal to 1",
    "katago:{config}?visit=3": "visit: unknown key; did you mean 'visits'",
    "katago-net:{config}?simulations=0": "simulations: .*greater than or equal to 1",
    "katago-net:{config}?playout_weight=1": "playout_weight: ",
    "katago-net:{config}?root=gumbel&stop_early=true": "stop_early: a Gumbel root",
}


@pytest.mark.parametrize(("text", "words"), WRONG.items())
def test_texts_that_name_no_agent(monkeypatch, tmp_path, text, words):
    config, _ = katago(monkeypatch, tmp_path)
    with pytest.raises(AgentError, match=words) as caught:
        make_agent(text.format(config=config))
    assert not isinstance(caught.value, AgentMissing)


def test_what_is_not_there_is_missing(monkeypatch, tmp_path):
    config, _ = katago(monkeypatch, tmp_path)
    for kind in ("katago", "katago-net"):
        with pytest.raises(AgentMissing, match=f"'{kind}:.*there is no network"):
            make_agent(f"{kind}:{config}?model=none")
        with pytest.raises(AgentMissing, match="there is no configuration of KataGo 'none'"):
            make_agent(f"{kind}:none")


# The teacher


@pytest.fixture
def folder(tmp_path):
    """Twelve games at random."""
    path = tmp_path / "games"
    path.mkdir()
    for seed in range(12):
        rng, game = np.random.default_rng(seed), Game(RULES)
        while not game.done and len(game.moves) < 24:
            legal = np.flatnonzero(game.batch.legal_actions()[0][:-1])
            game.play(int(rng.choice(legal)) if len(legal) else "pass")
        while not game.done:
            game.play("pass")
        (path / f"game{seed:02d}.sgf").write_bytes(write_sgf(game))
    return path


def test_labels_arrive_with_their_sides_and_signs(analyst, tmp_path):
    """One game, whose positions are as lopsided as can be, from the file to the targets."""
    path = tmp_path / "games"
    path.mkdir()
    game = Game(RULES)
    for name in ("A5", "E1", "B5", "pass", "pass"):
        game.play(name)
    for name in "abcdef":  # copies, so that some are held out
        (path / f"{name}.sgf").write_bytes(write_sgf(game))
    labels = tmp_path / "labels.jsonl"
    done = label_games(path, labels, analyst(), 1, "teacher")
    assert (done.games, done.positions) == (6, 30)
    found = read_expert_games(DataConfig(sgf_dir=path, held_out=0.4, labels=labels), 5).training
    one = found[:5]
    # A5 is the top left corner: after it all is Black's, and White is to move.
    after_a5, after_e1 = one[1], one[2]
    np.testing.assert_allclose(after_a5.ownership, -0.9, atol=1e-6)
    assert after_a5.score == -24.5
    assert after_a5.value == pytest.approx(np.tanh(-2.45), abs=1e-4)
    assert after_a5.policy.argmax() == 4  # E5, the top right corner
    assert after_a5.policy[4] / WHOLE == pytest.approx(31 / 55, abs=1e-3)
    assert after_a5.policy[0] == 0  # taken
    # Now each has a stone: A5 is Black's, who is to move, E1 White's, nothing else anybody's.
    owners = np.zeros(25)
    owners[[0, 24]] = 0.9, -0.9
    np.testing.assert_allclose(after_e1.ownership, owners, atol=1e-6)
    assert after_e1.score == -0.5
    assert after_e1.value == pytest.approx(np.tanh(-0.05), abs=1e-4)
    assert after_e1.policy.argmax() == 4
    # The outcome stays that of the game.
    assert one.outcome.tolist() == [1, -1, 1, -1, 1]


def test_visits_of_a_search_are_the_policy(analyst, folder, tmp_path):
    labels = tmp_path / "labels.jsonl"
    label_games(folder, labels, analyst(), 30, "teacher")
    found = read_expert_games(DataConfig(sgf_dir=folder, labels=labels), 5).training
    shares = np.sort(found.policy, axis=1)[:, -3:] / WHOLE
    favourites = found.policy[:, -1] < WHOLE  # else no point is legal
    np.testing.assert_allclose(
        shares[favourites], [[0, 1 / 3, 2 / 3]] * favourites.sum(), atol=1e-4
    )


@pytest.mark.learning
def test_a_network_learns_what_the_teacher_says(analyst, folder, tmp_path):
    labels = tmp_path / "labels.jsonl"
    label_games(folder, labels, analyst(), 1, "teacher")
    config = TrainConfig.model_validate({
        "name": "taught", "game": {"size": 5, "komi": 0.5},
        "learner": {
            "algorithm": "supervised", "network": {"blocks": 2, "channels": 24}, "batch_size": 96,
            "updates_per_step": 60, "symmetries": False,
            "loss": {"search_value": 1.0, "ownership_weight": 1.0},
        },
        "data": {"sgf_dir": str(folder), "held_out": 0.3, "labels": str(labels)},
        "budget": {"samples": 60_000},
    })  # fmt: skip
    data = read_expert_games(config.data, 5)
    learner = make_learner(config.learner, RULES, 0, data)
    ledger = Ledger(budget=Budget(samples=60_000))
    first = learner.step(ledger)
    last = [learner.step(ledger) for _ in range(3)][-1]
    # What cannot be learned away is the entropy of the teacher's own policy.
    assert last["policy_loss"] - last["target_entropy"] < 0.05
    assert first["policy_loss"] - first["target_entropy"] > 0.3
    assert last["value_loss"] < first["value_loss"]
    assert last["ownership_loss"] < first["ownership_loss"] - 0.05
    assert last["held_out_top1"] > 0.8  # on games it has not seen


def test_a_stopped_one_goes_on(analyst, folder, tmp_path):
    engine, labels = analyst(), tmp_path / "labels.jsonl"
    stops = iter([False, True])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("algorithms.teacher._SIDE_BY_SIDE", 5)
        part = label_games(folder, labels, engine, 1, "t", should_stop=lambda: next(stops))
    assert (part.games, part.before) == (5, 0)
    whole = labels.read_bytes()
    labels.write_bytes(whole[:-20])  # as a kill may leave it
    rest = label_games(folder, labels, engine, 1, "t")
    assert (rest.games, rest.before) == (8, 4)
    names = [json.loads(line)["id"] for line in labels.read_text().splitlines()]
    assert names == [f"game{number:02d}" for number in range(12)]
    assert labels.read_bytes().startswith(whole)
    with pytest.raises(DataError, match=r"another teacher \(t, not u\)"):
        label_games(folder, labels, engine, 1, "u")
    with pytest.raises(DataError, match=r"there are no \.sgf files"):
        label_games(tmp_path / "katago", labels, engine, 1, "t")


def test_games_that_cannot_be_labelled_are_counted(analyst, folder, tmp_path):
    (folder / "below").mkdir()
    (folder / "below" / "game03.sgf").write_bytes(b"(;SZ[5];B[aa])")
    (folder / "broken.sgf").write_bytes(b"(;SZ[5")
    (folder / "large.sgf").write_bytes(b"(;SZ[21];B[aa])")
    done = label_games(folder, tmp_path / "labels.jsonl", analyst(), 1, "t")
    assert done.games == 12
    assert done.skipped == {
        "with the name of another file": 1, "broken": 1, "refused by KataGo": 1,
    }  # fmt: skip
    assert "left out: 1 refused by KataGo (such as large.sgf: boardXSize:" in done.summary()


def test_the_command(monkeypatch, folder, gozoo, tmp_path):
    config, network = katago(monkeypatch, tmp_path / "katago")
    answer = gozoo("label", folder, "--config", config, "--model", network, "--size", 5)
    assert answer.code == 0, answer.error
    text = " ".join(answer.out.split())
    assert "12 games labelled" in text
    assert "KataGo: komi: that is little" in text  # its warnings
    labels = folder / "labels.jsonl"
    first = json.loads(labels.read_text().splitlines()[0])
    assert first["teacher"] == "KataGo, net.bin.gz, 1 visits"
    answer = gozoo("label", folder, "--config", config, "--model", network)
    assert "12 had their labels already" in " ".join(answer.out.split())
    for arguments, words in (
        (["--config", "none.cfg"], "there is no configuration of KataGo 'none.cfg'"),
        (["--config", config, "--visits", 5], "labels of another teacher"),
    ):
        answer = gozoo("label", folder, *arguments)
        assert answer.code == 1
        assert words in answer.error
    data = {"name": "taught", "game": {"size": 5, "komi": 0.5}, "budget": {"samples": 64},
            "learner": {"algorithm": "supervised", "network": {"blocks": 1, "channels": 4},
                        "batch_size": 16, "updates_per_step": 2},
            "data": {"sgf_dir": str(folder), "labels": str(labels)}, "sample_games": 0}  # fmt: skip
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(data))
    answer = gozoo("train", file, "--runs", tmp_path / "runs")
    assert answer.code == 0, answer.error
