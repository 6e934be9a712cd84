"""Self-play in streams: what it records of its games, how long it searches, where it goes on."""

from __future__ import annotations

import numpy as np
import pytest

from algorithms.budget import Ledger
from algorithms.evaluator import UniformEvaluator
from algorithms.learner import StartConfig, Starts
from algorithms.replay import OFF_BOARD, WHOLE
from algorithms.search import SearchConfig, SearchResult
from algorithms.self_play import SelfPlay, SelfPlayConfig
from baselines.reference import EMPTY, ReferenceGame, region
from goenv import Rules
from goenv.state import PASSES, PLY

SEARCH = SearchConfig(simulations=6, noise_fraction=0.25)
GUMBEL = SearchConfig(simulations=6, root="gumbel", interior="gumbel", gumbel_scale=1.0)


class Lopsided(UniformEvaluator):
    """Finds White's side lost, or Black's, wherever it looks."""

    def __init__(self, loser: int, value: float = 0.99):
        self.loser, self.value = loser, value

    def evaluate(self, batch, games):
        logits, _ = super().evaluate(batch, games)
        side = np.where(batch.to_play[games] == self.loser, -1, 1)
        return logits, (self.value * side).astype(np.float32)


def self_play(
    rules=None, search=SEARCH, start=None, games=8, evaluator=None, seed=0, **settings
) -> SelfPlay:
    rules = Rules(3, komi=0.5, max_moves=30) if rules is None else rules
    settings = {"concede_below": 1.0, **settings}
    starts = Starts(StartConfig() if start is None else start, rules)
    return SelfPlay(
        SelfPlayConfig(**settings), search, evaluator or UniformEvaluator(), starts, games,
        rules.max_moves, seed,
    )  # fmt: skip


def run(play: SelfPlay, rounds: int, progress: float = 0.0):
    return play.run(rounds, Ledger(), progress, play.config.concede_below)


class Referee:
    """Plays the games of a `SelfPlay` along by the slow rules, and notes what they should record.

    Attributes:
        finished: of each game that has ended, in order: its positions and its last state.
    """

    def __init__(self, play: SelfPlay):
        self.batch = play.batch
        self.games: dict[int, ReferenceGame] = {}
        self.seen: dict[int, list[tuple]] = {}
        self.finished: list[tuple[list[tuple], ReferenceGame]] = []
        self._step, self._begin = play.batch.step_games, play.batch.set_rules
        play.batch.step_games, play.batch.set_rules = self.step_games, self.set_rules
        self._result = play.search.result
        play.search.result = self.result

    def set_rules(self, game, rules):
        self._begin(game, rules)
        self.games[game] = ReferenceGame(rules.size, rules.komi, max_moves=rules.max_moves)
        self.seen[game] = []

    def result(self, games):
        found = self._result(games)
        self.values = dict(zip(games.tolist(), found.value.tolist(), strict=True))
        return found

    def step_games(self, games, actions):
        self._step(games, actions)
        for game, action in zip(games.tolist(), actions.tolist(), strict=True):
            value = self.values[game]
            plain, grid = self.games[game], self.batch.max_size
            self.seen[game].append((plain.board(), plain.legal_actions(), plain.to_play, value))
            row, column = divmod(action, grid)
            plain.play(plain.pass_action if row == grid else row * plain.size + column)
            if plain.over:
                self.finished.append((self.seen[game], plain))


def owners(game: ReferenceGame) -> np.ndarray:
    """Whose area each point is, int8 [n, n]."""
    found = list(game.cells)
    for point, stone in enumerate(game.cells):
        if stone == EMPTY:
            colours = {game.cells[other] for other in region(game.cells, game.size, point)[1]}
            found[point] = colours.pop() if len(colours) == 1 else EMPTY
    return np.array(found, np.int8).reshape(game.size, game.size)


@pytest.mark.parametrize("search", [SEARCH, GUMBEL], ids=["puct", "gumbel"])
def test_episodes_hold_the_positions_of_their_games_and_what_came_of_them(search):
    start = StartConfig(sizes={2: 1, 3: 1, 4: 1}, komis=(-2, 0, 4))
    play = self_play(Rules(4, komi=0.5, max_moves=40), search, start, played_out=0.5)
    referee = Referee(play)
    episodes = run(play, 1200)
    assert len(episodes) == len(referee.finished) > 20
    grid, outcomes, sizes, played_out = 4, set(), set(), 0
    for episode, (seen, game) in zip(episodes, referee.finished, strict=True):
        positions, size = episode.positions, game.size
        score, areas = game.score(), owners(game)
        assert episode.length == len(positions) == len(seen) == game.ply
        assert episode.black_score == score + game.komi == areas.sum()
        assert episode.black_wins == (1 + np.sign(score)) / 2
        for index, (board, legal, colour, _) in enumerate(seen):
            wanted = np.full((grid, grid), OFF_BOARD, np.int8)
            wanted[:size, :size] = colour * board
            assert positions.boards[index].reshape(grid, grid).tolist() == wanted.tolist()
            ours = positions.legal[index].reshape(grid, grid)
            assert ours[:size, :size].ravel().tolist() == legal[:-1]
            assert ours.sum() == sum(legal[:-1])
            # All of it from the side of the player who moves.
            assert positions.outcome[index] == colour * np.sign(score)
            assert positions.score[index] == colour * score
            owned = positions.ownership[index].reshape(grid, grid)
            assert owned[:size, :size].tolist() == (colour * areas).tolist()
            assert owned[size:].sum() == owned[:, size:].sum() == 0
            assert np.sign(positions.komi[index]) == -colour * np.sign(game.komi)
        assert set(positions.size.tolist()) == {size}
        if not np.isnan(episode.lowest):
            played_out += 1
            not_lost = [value for *_, colour, value in seen if colour * score >= 0]
            assert episode.lowest == pytest.approx(min(not_lost, default=1.0), abs=1e-6)
        assert not episode.conceded
        outcomes |= set(positions.outcome.tolist())
        sizes.add(size)
    assert sizes == {2, 3, 4}
    assert outcomes == {-1, 0, 1}
    assert 0.2 < played_out / len(episodes) < 0.8


@pytest.mark.parametrize(("komi", "winner"), [(20, -1), (-20, 1)])
def test_a_side_that_always_wins_is_the_winner_in_every_label(komi, winner):
    episodes = run(self_play(Rules(3, komi=komi, max_moves=30)), 400)
    assert len(episodes) > 8
    for episode in episodes:
        # The komi as a player sees it is bad for the one and good for the other.
        helped = np.sign(episode.positions.komi)
        assert (episode.positions.outcome == helped).all()
        assert (np.sign(episode.positions.score) == helped).all()
        assert (helped[::2] == winner).all()  # Black moves first
        assert (helped[1::2] == -winner).all()
        assert episode.black_wins == (winner == 1)


@pytest.mark.parametrize("search", [SEARCH, GUMBEL], ids=["puct", "gumbel"])
def test_policies_are_distributions_over_legal_moves(search):
    start = StartConfig(sizes={3: 1, 4: 1})
    episodes = run(self_play(Rules(4, komi=0.5, max_moves=40), search, start), 600)
    assert len(episodes) > 8
    beyond_visits = 0
    for episode in episodes:
        policy, legal = episode.positions.policy, episode.positions.legal
        actions = policy.shape[1]
        assert np.abs(policy.sum(axis=1, dtype=np.int64) - WHOLE).max() <= actions / 2
        assert not policy[:, :-1][legal == 0].any()
        beyond_visits += ((policy > 0).sum(axis=1) > search.simulations).sum()
    # A Gumbel root has an opinion of actions that it did not try; shares of visits have none.
    assert (beyond_visits > 0) == (search is GUMBEL)


class Spy:
    """Notes the searches that begin."""

    def __init__(self, play: SelfPlay):
        self.budgets: list[int] = []
        self.noisy: list[bool] = []
        self._begin = play.search.begin
        play.search.begin = self.begin

    def begin(self, batch, games, rng, simulations=None, noisy=True):
        self.budgets += np.broadcast_to(simulations, len(games)).tolist()
        self.noisy += np.broadcast_to(noisy, len(games)).tolist()
        self._begin(batch, games, rng, simulations, noisy)


def test_only_positions_searched_in_full_are_learned_from():
    play = self_play(games=32, full_search=0.25, fast_simulations=2)
    spy = Spy(play)
    episodes = run(play, 600)
    # Full searches have all simulations and noise, the others have neither.
    assert {(n, noisy) for n, noisy in zip(spy.budgets, spy.noisy, strict=True)} == {
        (SEARCH.simulations, True), (2, False),
    }  # fmt: skip
    assert np.mean(spy.noisy) == pytest.approx(0.25, abs=0.03)
    moves = sum(episode.length for episode in episodes)
    kept = sum(len(episode.positions) for episode in episodes)
    assert moves > 1500
    assert kept / moves == pytest.approx(0.25, abs=0.04)
    for episode in episodes:
        visits = episode.positions.policy / WHOLE * SEARCH.simulations
        np.testing.assert_allclose(visits, np.rint(visits), atol=1e-3)


@pytest.mark.parametrize(
    ("progress", "full", "fast"), [(0.0, 2, 2), (0.25, 3, 3), (0.5, 4, 3), (1.0, 6, 3)]
)
def test_simulations_rise_with_the_budget_spent(progress, full, fast):
    play = self_play(games=16, first_simulations=2, full_search=0.5, fast_simulations=3)
    spy = Spy(play)
    run(play, 40, progress)
    wanted = {(full, True), (fast, False)}
    assert {(n, noisy) for n, noisy in zip(spy.budgets, spy.noisy, strict=True)} == wanted


def test_first_simulations_are_never_more_than_those_of_the_search():
    play = self_play(first_simulations=50)
    spy = Spy(play)
    run(play, 20)
    assert set(spy.budgets) == {SEARCH.simulations}


@pytest.mark.parametrize("loser", [1, -1])
def test_a_side_that_thinks_it_lost_passes_unless_the_game_is_played_out(loser):
    rules = Rules(5, komi=0.5, max_moves=60)
    settings = {"games": 32, "evaluator": Lopsided(loser), "concede_below": 0.9}
    conceding = run(self_play(rules, played_out=0.0, **settings), 300)
    assert len(conceding) > 8
    for episode in conceding:
        assert np.isnan(episode.lowest)
        # Only the other side has put stones on the board.
        assert np.sign(episode.black_score) in (0, -loser)
    assert np.mean([episode.conceded for episode in conceding]) > 0.9
    stubborn = self_play(rules, played_out=1.0, **settings)
    episodes = run(stubborn, 1200)
    assert episodes
    assert not any(episode.conceded or np.isnan(episode.lowest) for episode in episodes)
    half = self_play(rules, played_out=0.5, **settings)
    run(half, 10)
    assert 6 <= half._played_out.sum() <= 26


@pytest.mark.parametrize("loser", [1, -1])
def test_a_resigned_game_ends_at_once_and_is_not_scored(loser):
    settings = {"games": 32, "evaluator": Lopsided(loser), "concede_below": 0.9, "resign": True}
    # The loser would lose the empty board, too: no pass saves it.
    play = self_play(Rules(5, komi=0.5 * loser, max_moves=60), played_out=0.0, **settings)
    referee = Referee(play)
    episodes = run(play, 120)
    assert len(episodes) > 60
    for episode in episodes:
        # The loser resigns at its first turn: nothing later is ever recorded.
        turn = 0 if loser == 1 else 1
        assert episode.conceded
        assert (episode.length, len(episode.positions)) == (turn, turn + 1)
        assert episode.positions.outcome.tolist() == [1, -1][1 - turn :]
        assert episode.black_wins == (loser == -1)
        assert np.isnan(episode.black_score)
        assert np.isnan(episode.positions.score).all()
    assert not referee.finished  # by the rules no game has ended


def test_games_that_are_played_out_keep_late_positions():
    settings = {"games": 32, "evaluator": Lopsided(1), "concede_below": 0.9, "resign": True}
    rules = Rules(3, komi=0.5, max_moves=30)

    def stones(share):
        episodes = run(self_play(rules, played_out=share, **settings), 600)
        return np.concatenate([
            (np.abs(e.positions.boards) == 1).sum(axis=1) for e in episodes
        ]).max()  # fmt: skip

    assert stones(0.0) == 0
    assert stones(0.3) > 5


@pytest.mark.parametrize("loser", [1, -1])
def test_where_the_score_counts_a_conceded_game_ends_soon_and_tells_no_score(loser):
    lopsided = Lopsided(loser, 0.8)
    search = SearchConfig(simulations=6, score_weight=0.2)
    start = StartConfig(komis=(20.5 * loser,))  # it has lost, however it plays
    settings = {"start": start, "search": search, "evaluator": lopsided, "concede_below": 0.7}
    conceded = run(self_play(played_out=0.0, **settings), 200)
    assert conceded
    for episode in conceded:
        # It passes at its first turn, and the other side, which is ahead, at once after it.
        assert episode.conceded
        assert episode.length == (2 if loser == 1 else 3)
        assert np.isnan(episode.positions.score).all()
    for episode in run(self_play(played_out=1.0, **settings), 400):
        assert not episode.conceded
        assert not np.isnan(episode.positions.score).any()


class Recovering(UniformEvaluator):
    """White thinks it lost from the fifth ply to the seventh; else all looks even to both."""

    def evaluate(self, batch, games):
        logits, values = super().evaluate(batch, games)
        ply, side = batch.ply[games], batch.to_play[games]
        logits[:, -1] -= 6  # nobody would pass
        return logits, np.where((ply >= 5) & (ply < 8), 0.9 * side, values).astype(np.float32)


def test_who_is_ahead_in_a_conceded_game_plays_on_against_who_plays_on():
    search = SearchConfig(simulations=6, score_weight=0.2)
    rules = Rules(5, komi=2.5, max_moves=60)
    play = self_play(
        rules, search, evaluator=Recovering(), games=16, played_out=0.0, concede_below=0.5
    )
    passes, choose = [], play._choose

    def watch(games, result):
        answers = play.batch.games.info[games, PASSES] > 0
        actions, concedes = choose(games, result)
        own = actions == result.best
        lost = result.value < -0.5
        passes.append((concedes & ~lost & ~own & ~answers).sum())
        return actions, concedes

    play._choose = watch
    assert any(episode.conceded for episode in run(play, 900))
    assert sum(passes) == 0


def test_nobody_concedes_by_a_short_search():
    """Their values are not kept, so the threshold could not be calibrated by them."""
    play = self_play(
        evaluator=Lopsided(1), games=16, full_search=0.4, fast_simulations=2, played_out=0.0,
        concede_below=0.5,
    )  # fmt: skip
    conceded, choose = [], play._choose

    def watch(games, result):
        full = play._full[games].copy()
        actions, concedes = choose(games, result)
        assert not (concedes & ~full).any()
        conceded.append(concedes.sum())
        return actions, concedes

    play._choose = watch
    run(play, 100)
    assert sum(conceded) > 0


def test_games_go_on_from_call_to_call_and_nothing_waits():
    """Two calls are one: rounds are all that counts."""
    one, two = self_play(seed=5), self_play(seed=5)
    whole = run(one, 300)
    parts = [episode for rounds in (1, 6, 93, 200) for episode in run(two, rounds)]
    assert len(whole) == len(parts) > 5
    for left, right in zip(whole, parts, strict=True):
        for name, array in vars(left.positions).items():
            assert np.array_equal(array, getattr(right.positions, name))


def test_moves_are_charged_to_the_ledger_of_each_call():
    play = self_play()
    first, second = Ledger(), Ledger()
    episodes = play.run(100, first, 0.0, 1.0) + play.run(200, second, 0.0, 1.0)
    assert first.env_steps > 0
    assert second.env_steps > 0
    running = int(play.batch.ply.sum())
    assert first.env_steps + second.env_steps == sum(e.length for e in episodes) + running


@pytest.mark.parametrize("search", [SEARCH, GUMBEL], ids=["puct", "gumbel"])
@pytest.mark.parametrize("loser", [1, -1])
def test_the_search_s_value_is_the_mover_s(search, loser):
    play = self_play(search=search, evaluator=Lopsided(loser, 0.8))
    for episode in run(play, 200):
        # Black moves first; only ends of games, at some leaves, say otherwise.
        assert episode.positions.value[0] * -loser > 0.4


class FixedSearch:
    """In place of a search: a root of 3 and 1 visits at two points, whose best is the latter."""

    def __init__(self, root: str):
        self.config = SearchConfig(root=root)

    def result(self, count: int) -> SearchResult:
        visits = np.zeros((count, 10), np.int32)
        visits[:, 2], visits[:, 5] = 3, 1
        shares, values = visits / 4, np.zeros(count)
        return SearchResult(
            visits, q=0 * shares, prior=shares, value=values, policy=shares, best=np.full(count, 5)
        )


@pytest.mark.parametrize(("root", "early"), [("puct", True), ("gumbel", False)])
def test_early_moves_are_drawn_by_visits_and_later_ones_are_the_best(root, early):
    play = self_play(games=400, temperature_moves=4)
    play.search = FixedSearch(root)
    games = np.arange(400)
    play.batch.games.info[:, PLY] = np.where(games < 200, 3, 4)
    actions, concedes = play._choose(games, play.search.result(400))
    assert not concedes.any()
    assert (actions[200:] == 5).all()
    if early:
        assert set(actions[:200].tolist()) == {2, 5}
        assert 0.65 < np.mean(actions[:200] == 2) < 0.85  # 3 in 4, give or take three deviations
    else:  # its noise has drawn already
        assert (actions[:200] == 5).all()
