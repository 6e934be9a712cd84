"""The arena: fair openings, both colours, records that tell what was played."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from baselines.agent import Agent, RandomAgent, sample_actions
from baselines.arena import (
    GameRecord,
    pair_up,
    play_games,
    positions,
    stream_games,
    summarise,
)
from baselines.openings import make_openings
from goenv import BLACK, WHITE, GoBatch, Rules

RULES = Rules(3, komi=0.5, max_moves=21)
PASS = 9


class Scripted:
    """Plays by a function of the batch, and remembers what it was shown."""

    def __init__(self, name, choose):
        self.name, self._choose = name, choose
        self.seen: list[GoBatch] = []

    def act(self, batch, rng):
        self.seen.append(batch.clone())
        return self._choose(batch)

    __call__ = act


def passer(name="passer"):
    return Scripted(name, lambda batch: np.full(len(batch), PASS))


def filler(name="filler"):
    """The first legal action."""
    return Scripted(name, lambda batch: np.argmax(batch.legal_actions(), axis=1))


def rng(seed=0):
    return np.random.default_rng(seed)


# Games


@pytest.fixture(scope="module")
def records():
    first, second = RandomAgent(), RandomAgent()
    first.name, second.name = "one", "two"
    return play_games(first, second, RULES, make_openings(20, 3, RULES, 0), rng())


def test_colours_alternate_in_pairs_from_the_same_opening(records):
    openings = make_openings(20, 3, RULES, 0)
    assert len(records) == 40
    for number, record in enumerate(records):
        assert (record.black, record.white) == (("one", "two"), ("two", "one"))[number % 2]
        assert (record.opening, record.opening_moves) == (number // 2, 3)
        assert record.moves[:3] == openings[number // 2]


def test_records_replay_to_their_score(records):
    assert len({len(record.moves) for record in records}) > 3, "games must differ in length"
    for record in records:
        batch = GoBatch(1, record.rules)
        for move in record.moves:
            assert not batch.done[0]
            assert batch.legal_actions()[0, move]
            batch.step(np.array([move]))
        assert batch.done[0]
        assert batch.score()[0] == record.score
        assert batch.truncated[0] == record.truncated


def test_games_are_cut_off_where_the_rules_say():
    rules = replace(RULES, max_moves=4)
    records = play_games(filler("a"), filler("b"), rules, [(0, 1)], rng())
    assert [len(record.moves) for record in records] == [4, 4]
    assert all(record.truncated for record in records)


def test_the_same_seed_gives_the_same_records(records):
    openings = make_openings(20, 3, RULES, 0)

    def play(seed):
        agents = RandomAgent(), RandomAgent()
        agents[0].name, agents[1].name = "one", "two"
        return play_games(*agents, RULES, openings, rng(seed))

    assert play(0) == records
    assert play(1) != records


def test_agents_see_only_running_games_in_which_it_is_their_turn():
    """Both pass in the games that opened in the corner, which end early; the others go on."""

    def choose(batch):
        in_corner = batch.boards()[:, 0, 0] != 0
        return np.where(in_corner, PASS, 8 - np.argmax(batch.legal_actions()[:, 8::-1], axis=1))

    first, second = Scripted("first", choose), Scripted("second", choose)
    play_games(first, second, RULES, [(0,), (4,), (5,)], rng())
    for agent in (first, second):
        for batch in agent.seen:
            assert not batch.done.any()
            assert len(set(batch.to_play.tolist())) == 1
            assert len(set(batch.ply.tolist())) == 1
    # In half of the games either is White, who moves after the opening.
    assert [len(agent.seen[0]) for agent in (first, second)] == [3, 3]
    assert all(len(agent.seen[-1]) < 3 for agent in (first, second)), "some must end earlier"


def test_meetings_side_by_side_are_the_meetings_one_by_one():
    agents = {name: filler(name) for name in "abc"}
    pairs = [("a", "b"), ("c", "a"), ("b", "c"), ("a", "a")]
    openings = [(0, 1), (4, 8), (2, 3)]
    pairings = [pairing for x, y in pairs for pairing in pair_up(agents[x], agents[y], openings)]
    together = stream(pairings)
    alone = [
        record
        for x, y in pairs
        for record in play_games(filler(x), filler(y), RULES, openings, rng())
    ]
    assert [together[number] for number in range(24)] == alone
    # Asked once a move for all games of all pairs: at the first in every game with Black.
    assert len(agents["a"].seen[0]) == 3 + 3 + 6


def stream(pairings, at_once=None, rules=RULES):
    """All records by their number; none comes twice."""
    records = {}
    for finished in stream_games(pairings, rules, rng(), at_once):
        assert not finished.keys() & records.keys()
        records |= finished
    return records


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
def test_the_next_game_begins_where_one_has_finished(at_once):
    """Agents that draw no lots play the same games, however many run side by side."""
    first, second = filler("first"), filler("second")
    openings = [(0, 1), (4, 8), (2, 3), (7, 5)]
    records = stream(pair_up(first, second, openings), at_once)
    assert [records[number] for number in range(8)] == play_games(
        filler("first"), filler("second"), RULES, openings, rng()
    )
    sizes = [len(batch) for batch in first.seen + second.seen]
    assert max(sizes) <= at_once
    if at_once == 1:
        order = list(stream(pair_up(first, second, openings), 1))
        assert order == list(range(8))


def test_games_are_handed_over_as_they_finish():
    pairings = pair_up(RandomAgent(), RandomAgent(), [(0,), (4,), (5,)])
    records = {}
    for ply, finished in enumerate(stream_games(pairings, RULES, rng()), 2):
        assert all(len(record.moves) == ply for record in finished.values())
        records |= finished
        if len(records) >= 2:
            break
    assert 2 <= len(records) < 6, "the others are broken off"


def test_the_batch_that_an_agent_is_shown_is_its_own():
    """An agent that plays on in what it is shown changes nothing but its own copy."""

    def spoil(batch):
        batch.step(batch.random_actions())
        return np.full(len(batch), PASS)

    records = play_games(Scripted("spoiler", spoil), passer(), RULES, [()], rng())
    assert [record.moves for record in records] == [(PASS, PASS)] * 2


def test_an_illegal_move_of_an_agent_is_an_error():
    with pytest.raises(ValueError, match="action 4 is illegal"):
        play_games(Scripted("four", lambda b: np.full(len(b), 4)), passer(), RULES, [(4,)], rng())


@pytest.mark.parametrize("openings", [[], [(1,), (1, 2)]])
def test_openings_must_be_of_one_length(openings):
    with pytest.raises(ValueError, match="all of one length"):
        play_games(passer(), passer(), RULES, openings, rng())


def test_an_opening_must_leave_something_to_play():
    with pytest.raises(ValueError, match="an opening ends its game"):
        play_games(passer(), passer(), RULES, [(PASS, PASS)], rng())


# Games that are given up


class Quitter(Scripted):
    """Passes; its second move loses the game if there is a black stone in the corner."""

    reason = "crash"

    def act(self, batch, rng):
        lost = (batch.boards()[:, 0, 0] == BLACK) & np.isin(batch.ply, (3, 4))
        self.given_up = dict.fromkeys(np.flatnonzero(lost).tolist(), self.reason)
        return super().act(batch, rng)


def quitter(reason="crash"):
    agent = Quitter("quitter", lambda batch: np.full(len(batch), PASS))
    agent.reason = reason
    return agent


def test_what_an_agent_gives_up_ends_there_and_the_others_go_on():
    def fill(batch):
        last = 8 - np.argmax(batch.legal_actions()[:, 8::-1], axis=1)
        return np.where(batch.ply < 6, last, PASS)

    other = Scripted("other", fill)
    records = play_games(quitter(), other, RULES, [(0,), (8,)], rng())
    # From the corner as White, and as Black, where the quitter's second move is one later.
    assert [(r.black, r.gave_up, r.reason, r.result, len(r.moves)) for r in records[:2]] == [
        ("quitter", BLACK, "crash", "W+F", 4),
        ("other", WHITE, "crash", "B+F", 3),
    ]
    assert all(record.forfeited for record in records[:2])
    assert [record.outcome("quitter") for record in records[:2]] == [0, 0]
    assert [record.loser for record in records] == ["quitter", "quitter", "", ""]
    for record in records:
        *_, end = positions(record)
        assert end.score()[0] == record.score
        assert end.done[0] == (record.gave_up == 0)
        assert not record.truncated
    assert [record.result[-1] for record in records[2:]] == ["5", "5"]


def test_who_gives_up_loses_whatever_the_board_says():
    game = GameRecord("a", "b", RULES, (), 0, 0, score=50.0, truncated=False, gave_up=BLACK,
                      reason="resignation")  # fmt: skip
    assert (game.outcome("a"), game.outcome("b"), game.result) == (0.0, 1.0, "W+R")
    assert not game.forfeited
    game = replace(game, gave_up=WHITE, score=-50.0, reason="timeout")
    assert (game.outcome("a"), game.outcome("b"), game.result) == (1.0, 0.0, "B+F")
    assert game.forfeited


# Results by hand


@pytest.mark.parametrize(
    ("komi", "score", "wins", "draws", "losses"),
    # Nobody plays a stone: White has the komi. As Black one loses, as White one wins.
    [(0.5, -0.5, 1, 0, 1), (-2.0, 2.0, 1, 0, 1), (0.0, 0.0, 0, 2, 0)],
)
def test_two_that_always_pass_are_judged_by_komi(komi, score, wins, draws, losses):
    rules = Rules(3, komi=komi)
    records = play_games(passer("me"), passer("you"), rules, [()], rng())
    assert [record.score for record in records] == [score, score]
    assert [record.moves for record in records] == [(PASS, PASS)] * 2
    summary = summarise(records, "me")
    assert (summary.wins, summary.draws, summary.losses) == (wins, draws, losses)
    assert summary.rate == 0.5
    assert summary.score == 0.0


def test_a_player_with_stones_beats_one_that_passes():
    """One stone, then both pass: all nine points are its owner's."""
    one_stone = Scripted(
        "stone",
        lambda batch: np.where((batch.boards() == 0).all(axis=(1, 2)), 4, PASS),
    )
    records = play_games(one_stone, passer(), Rules(3, komi=2.5), [()], rng())
    assert [(r.black, r.moves, r.score) for r in records] == [
        ("stone", (4, PASS, PASS), 6.5),
        ("passer", (PASS, 4, PASS, PASS), -11.5),
    ]
    summary = summarise(records, "stone")
    assert (summary.games, summary.wins, summary.rate) == (2, 2, 1.0)
    assert summary.score == 9.0
    assert summarise(records, "passer").score == -9.0


def record(black, white, score):
    return GameRecord(black, white, RULES, (PASS, PASS), 0, 0, score, False)


def test_the_outcome_of_a_game():
    game = record("a", "b", -0.5)
    assert (game.outcome("a"), game.outcome("b")) == (0.0, 1.0)
    assert record("a", "b", 0.0).outcome("a") == 0.5
    with pytest.raises(ValueError, match="'c' did not play: 'a' met 'b'"):
        game.outcome("c")


def test_positions_of_a_game(records):
    game = records[0]
    batches = list(positions(game))
    assert [int(batch.ply[0]) for batch in batches] == list(range(len(game.moves) + 1))
    assert (batches[0].boards() == 0).all()
    assert batches[-1].score()[0] == game.score


# Agents


def test_random_plays_each_legal_action_equally_often():
    batch = GoBatch(1, RULES).take(np.zeros(8000, np.int64))
    batch.step(np.full(8000, 4))
    agent = RandomAgent()
    assert isinstance(agent, Agent)
    counts = np.bincount(agent.act(batch, rng()), minlength=10)
    assert counts[4] == 0
    np.testing.assert_allclose(counts[np.arange(10) != 4] / 8000, 1 / 9, atol=0.02)


def test_actions_are_sampled_by_their_probability_and_never_impossible_ones():
    probabilities = np.array([0.1, 0.0, 0.6, 0.3])
    with np.errstate(divide="ignore"):
        log_policy = np.tile(np.log(probabilities) + 5, (20_000, 1))  # need not be normalised
    counts = np.bincount(sample_actions(log_policy, rng()), minlength=4)
    assert counts[1] == 0
    np.testing.assert_allclose(counts / 20_000, probabilities, atol=0.015)


@pytest.mark.parametrize(("colours", "black"), [((BLACK,), "first"), ((WHITE,), "second")])
def test_one_colour_alone_may_be_played(colours, black):
    first, second = RandomAgent(), RandomAgent()
    first.name, second.name = "first", "second"
    openings = make_openings(5, 2, Rules(3), 0)
    records = play_games(
        first, second, Rules(3), openings, np.random.default_rng(0), colours=colours
    )
    assert [record.opening for record in records] == list(range(5))
    assert {record.black for record in records} == {black}
    for record, opening in zip(records, openings, strict=True):
        assert record.moves[:2] == opening
