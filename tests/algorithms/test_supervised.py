"""Learning from games of others: what is read, what is left out, and that it is learned."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml

from algorithms.budget import Budget, Ledger
from algorithms.checkpoint import load_weights
from algorithms.compare_config import CompareConfig
from algorithms.config import TrainConfig, make_learner
from algorithms.expert_games import DataConfig, read_expert_games
from algorithms.labels import DataError
from algorithms.replay import WHOLE, Positions
from algorithms.run import train
from algorithms.supervised import SupervisedConfig, judge
from goenv import Game, Rules, write_sgf
from goenv.coordinates import action_name

RULES = Rules(5, komi=0.5)
NETWORK = {"blocks": 1, "channels": 8, "head_channels": 4}


def random_game(seed, rules=RULES, passes=True):
    """A game at random, to two passes."""
    rng, game = np.random.default_rng(seed), Game(rules)
    while not game.done and len(game.moves) < 40:
        legal = np.flatnonzero(game.batch.legal_actions()[0][:-1])
        game.play(int(rng.choice(legal)) if len(legal) else "pass")
    while passes and not game.done:
        game.play("pass")
    return game


@pytest.fixture(scope="module")
def games():
    return {f"game{seed:02d}": random_game(seed) for seed in range(24)}


@pytest.fixture
def folder(games, tmp_path):
    path = tmp_path / "games"
    (path / "below").mkdir(parents=True)
    for index, (name, game) in enumerate(games.items()):
        place = path / "below" if index % 3 == 0 else path
        (place / f"{name}.sgf").write_bytes(write_sgf(game))
    return path


def read(folder, size=5, **settings):
    return read_expert_games(DataConfig(sgf_dir=folder, held_out=0.3, **settings), size)


def test_every_position_of_every_game_has_its_labels(games, folder):
    found = read(folder)
    assert found.games == 24
    assert not found.skipped
    total = sum(len(game.moves) for game in games.values())
    assert len(found.training) + len(found.held_out) == total
    assert len(found.training) > len(found.held_out) > 0
    # One game by hand, found by its length and moves among those to learn from.
    for positions in (found.training, found.held_out):
        starts = np.flatnonzero((positions.boards == 0).all(axis=1) & (positions.komi < 0))
        assert len(starts) > 0
        for start in starts:
            outcome = positions.outcome[start]
            score = positions.score[start]
            assert np.sign(score) == outcome
            # Black learns his moves where Black wins, and none where White does.
            assert (positions.policy[start].sum() > 0) == (outcome >= 0)
            assert positions.ownership[start].sum() - RULES.komi == score
    targets = found.training.policy.astype(int).sum(axis=1)
    assert set(np.unique(targets)) == {0, WHOLE}
    assert ((targets > 0) == (found.training.outcome >= 0)).all()


def test_what_does_not_fit_is_left_out_with_its_reason(folder):
    (folder / "broken.sgf").write_bytes(b"(;SZ[5")
    (folder / "wide.sgf").write_bytes(write_sgf(random_game(1, Rules(4, komi=0.5))))
    (folder / "illegal.sgf").write_bytes(b"(;SZ[5]RE[B+1];B[aa];W[aa])")
    (folder / "empty.sgf").write_bytes(b"(;SZ[5]RE[B+1])")
    (folder / "OPEN.SGF").write_bytes(b"(;SZ[5];B[aa];W[bb])")
    (folder / "handicap.sgf").write_bytes(b"(;SZ[5]RE[W+R]HA[2]AB[aa][bb];W[cc])")
    found = read(folder)
    assert found.games == 24
    assert found.skipped == {
        "broken": 1, "of another size": 1, "with an illegal move": 1, "without moves": 1,
        "without result": 1, "from a position or handicap": 1,
    }  # fmt: skip
    assert "left out: 1 with an illegal move (such as illegal.sgf: " in found.summary()


def test_a_resigned_game_tells_who_won_but_not_by_how_much(folder):
    (folder / "resigned.sgf").write_bytes(b"(;SZ[5]KM[0.5]RE[W+R];B[cc];W[cb];B[bb])")
    found = read(folder)
    unknown = [p for p in (found.training, found.held_out) if np.isnan(p.score).any()]
    assert len(unknown) == 1
    rows = np.isnan(unknown[0].score)
    assert unknown[0].outcome[rows].tolist() == [-1, 1, -1]


def test_first_moves_may_be_left_out_of_the_policy(folder):
    plain, skipping = read(folder), read(folder, skip_plies=4)
    aimed = [(found.training.policy > 0).any(axis=1).sum() for found in (plain, skipping)]
    assert aimed[1] < aimed[0]


def test_visits_are_soft_targets(games, folder, tmp_path):
    lines = []
    for name, game in games.items():
        moves = [action_name(move, 5) for move in game.moves[2:]]
        search = [[move, 0.75, 3.0, {"C3": 3, "pass": 1}] for move in moves]
        lines.append(json.dumps({"id": name, "opening": 2, "search": search}))
    file = tmp_path / "visits.jsonl"
    file.write_text("\n".join(lines))
    plain, found = read(folder).training, read(folder, labels=file).training
    aimed = found.policy.sum(axis=1) > 0
    assert np.allclose(found.policy[aimed][:, [12, 25]] / WHOLE, [0.75, 0.25], atol=1e-4)
    assert (found.value[aimed] == 0.5).all()
    assert np.isnan(found.value[~aimed]).all()
    # Nothing is said of owners: they are those of the final board, and so is the score.
    assert found.ownership.dtype == np.int8
    np.testing.assert_array_equal(found.ownership, plain.ownership)
    np.testing.assert_array_equal(found.score, plain.score)
    file.write_text(lines[0] + "\nnonsense")
    with pytest.raises(DataError, match=r"line 2 of .*visits.jsonl"):
        read(folder, labels=file)


def test_labels_that_do_not_fit_their_game(games, folder, tmp_path):
    file = tmp_path / "labels.jsonl"
    names = [name for name, game in games.items() if len(game.moves) > 3][:4]
    moves = [[action_name(move, 5) for move in games[name].moves] for name in names]
    search = [
        [["pass", 0.5, 0.0, {"C3": 1}]],
        [[move, 0.5, 0.0, {"Z9": 1}] for move in moves[1]],
        [[move, 0.5, 0.0, {"C3": 1}, [0, 0]] for move in moves[2]],
        [[move, 0.5, 0.0, {}] for move in moves[3]],
    ]
    entries = [
        {"id": name, "opening": 0, "search": said} for name, said in zip(names, search, strict=True)
    ]
    file.write_text("\n".join(map(json.dumps, entries)))
    found = read(folder, labels=file)
    assert found.games == 20
    assert found.skipped == {"with labels of another game": 1, "with broken labels": 3}
    assert "its label is of pass" in found.summary()
    assert "labels for 0 of the games" in found.summary()


def test_labels_of_other_games_are_refused(games, folder, tmp_path):
    file = tmp_path / "labels.jsonl"
    game = next(iter(games))
    search = [[action_name(games[game].moves[0], 5), 0.5, 0.0, {"C3": 1}]]
    file.write_text(json.dumps({"id": f"x{game}", "opening": 0, "search": search}))
    with pytest.raises(DataError, match=r"labels of none of these games.*without .sgf, such as"):
        read(folder, labels=file)
    file.write_text(json.dumps({"id": game, "opening": 0, "search": search}))
    assert "labels for 1 of the games" in read(folder, labels=file).summary()
    file.write_text('{"id": "x"}')
    with pytest.raises(DataError, match=r"line 1 of .* is no label: there is no key 'opening'"):
        read(folder, labels=file)


def test_a_value_of_a_search_needs_labels(folder):
    with pytest.raises(ValueError, match="search_value: only labels have values"):
        configuration(folder, learner={"loss": {"search_value": 0.5}})


def test_a_folder_without_games_is_told(tmp_path):
    with pytest.raises(DataError, match="there is no folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(DataError, match="has 0 games of side 5"):
        read(tmp_path)
    (tmp_path / "cut.sgf").write_text("(;SZ[5];B[zz")
    with pytest.raises(DataError, match=r"\nleft out: 1 broken \(such as cut.sgf: .*end of SGF"):
        read(tmp_path)


def configuration(folder, **changes):
    learner = {"algorithm": "supervised", "network": NETWORK, "batch_size": 32,
               "updates_per_step": 4, "play": {"simulations": 0}}  # fmt: skip
    return TrainConfig.model_validate(
        {
            "name": "tiny",
            "game": {"size": 5, "komi": 0.5},
            "learner": {**learner, **changes.pop("learner", {})},
            "data": {"sgf_dir": str(folder), "held_out": 0.3},
            "budget": {"samples": 1200},
            "sample_games": 0,
            "checkpoints": {"snapshots": 2, "seconds": 1000},
            **changes,
        }
    )


@pytest.mark.parametrize("learner", [{}, {"workers": 2, "averaging": 0.8}])
def test_stopped_and_resumed_it_ends_as_if_it_had_not_been(folder, outcome_of, tmp_path, learner):
    config = configuration(folder, learner=learner)
    train(config, tmp_path / "whole")
    stops = 0
    while not train(config, tmp_path / "parts", True, should_stop=counting(3)).exhausted():
        stops += 1
        assert stops < 20
    assert stops >= 2
    assert outcome_of(tmp_path / "parts") == outcome_of(tmp_path / "whole")


def counting(steps):
    """Asks to stop after so many steps."""
    asked = iter(range(steps + 1))
    return lambda: next(asked) >= steps


def test_it_learns_games_by_heart(folder):
    data = read(folder)
    config = configuration(
        folder,
        learner={"network": {"blocks": 2, "channels": 32}, "symmetries": False,
                 "updates_per_step": 60, "batch_size": 96},
    ).learner  # fmt: skip
    learner = make_learner(config, RULES, 0, data)
    ledger = Ledger(budget=Budget(samples=60_000))
    first = learner.step(ledger)
    last = [learner.step(ledger) for _ in range(2)][-1]
    assert last["policy_loss"] < first["policy_loss"] - 0.03  # of moves that were random
    assert last["value_loss"] < first["value_loss"] - 0.1
    assert 0 <= last["held_out_top1"] <= 1
    assert 0 <= last["held_out_value_error"] <= 4


class KnownModel:
    """Likes action 1 best, and is surer and surer of a win from position to position."""

    def evaluate(self, planes, padded=False):
        logits = np.tile(np.array([3.0, 2.0, 1.0, 0.0, 0.0], np.float32), (len(planes), 1))
        return logits, np.array([-0.5, 0.0, 0.5, 1.0], np.float32)


def test_what_is_held_out_is_judged_by_these_numbers():
    positions = Positions.empty(4, 2)
    positions.legal[:] = 1
    positions.legal[:, 0] = 0  # where a stone is nobody plays, however much the network likes to
    positions.policy[[0, 1, 2], [1, 2, 1]] = WHOLE  # and of the last no move is known
    positions.outcome[:] = -1, 1, -1, 0
    found = judge(KnownModel(), positions, 2)
    assert found["held_out_top1"] == pytest.approx(2 / 3)
    assert found["held_out_value_error"] == pytest.approx((0.25 + 1 + 2.25 + 1) / 4)
    assert found["held_out_winner"] == pytest.approx(1 / 3)


def test_alphazero_may_begin_from_its_weights(folder, tiny, tmp_path, gozoo):
    train(configuration(folder), tmp_path / "experts")
    learner = {**tiny.data("alphazero")["learner"], "network": NETWORK}
    game = {"size": 5, "komi": 0.5}
    config = tiny("alphazero", learner=learner, game=game, initial=str(tmp_path / "experts"),
                  budget={"env_steps": 4})  # fmt: skip
    train(config, tmp_path / "warm")
    train(configuration(folder, seed=1, budget={"samples": 1}), tmp_path / "other")
    experts = load_weights(tmp_path / "experts" / "checkpoints" / "latest")[0].state_dict()
    first = sorted((tmp_path / "warm" / "checkpoints").glob("0*"))[0]
    warm = load_weights(first)[0].state_dict()
    assert all((warm[name] == value).all() for name, value in experts.items())


def test_a_comparison_gives_the_games_to_who_learns_from_them(folder, tiny):
    data = configuration(folder).model_dump(mode="json")
    learners = {"experts": data["learner"], "az": tiny.data("alphazero")["learner"]}
    learners["az"]["algorithm"] = "alphazero"
    whole = {"name": "both", "game": data["game"], "learners": learners, "budget": data["budget"]}
    config = CompareConfig.model_validate({**whole, "data": data["data"]})
    assert [(run.name, run.data is None) for run in config.runs()] == [
        ("experts-seed0", False), ("az-seed0", True), ("experts-seed1", False), ("az-seed1", True),
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"set data\.sgf_dir"):
        CompareConfig.model_validate(whole)


def test_settings_that_cannot_be_meant_are_refused():
    with pytest.raises(ValueError, match="workers must not be more than batch_size, 4; got 6"):
        SupervisedConfig(workers=6, batch_size=4)
    with pytest.raises(ValueError, match="start: supervised plays no games"):
        SupervisedConfig(start={"sizes": {3: 1}})


def test_errors_reach_the_command_line_in_a_line(folder, gozoo, tmp_path, tiny):
    runs = ["--runs", tmp_path / "runs"]
    file = tmp_path / "config.yaml"
    data = configuration(folder).model_dump(mode="json")
    file.write_text(yaml.safe_dump({**data, "data": None}))
    answer = gozoo("train", file, *runs)
    assert answer.code == 1
    assert "set data.sgf_dir" in answer.error
    file.write_text(yaml.safe_dump(data))
    answer = gozoo("train", file, f"data.sgf_dir={tmp_path / 'nowhere'}", *runs)
    assert answer.code == 1
    assert "data.sgf_dir: there is no folder" in answer.error
    answer = gozoo("train", file, *runs)
    assert answer.code == 0
    assert "24 games" in answer.out + answer.error
    data = tiny.data("alphazero", name="warm", initial=str(tmp_path / "runs" / "tiny"))
    file.write_text(yaml.safe_dump(data))
    answer = gozoo("train", file, *runs)
    assert answer.code == 1
    assert "network of another shape: channels 8 (here 4)" in answer.error
