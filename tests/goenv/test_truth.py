"""The engine against the slow referee: random games move by move, and everything that can happen
on 2x2 and 3x3.
"""

from collections import Counter

import numpy as np
import pytest
from drawing import draw

import goenv
from baselines.reference import BLACK, SUPERKO_KINDS, WHITE, ReferenceGame

# ------------------------------------------------------------------------------------ random games


def anywhere(game, legal, rng):
    """Uniform over the legal actions."""
    return rng.choice(legal)


def filler(game, legal, rng):
    """Fills in everything; passes if nothing else is left, and now and then for no reason."""
    if len(legal) == 1 or rng.random() < 0.03:
        return game.pass_action
    return rng.choice(legal[:-1])


def brawler(game, legal, rng):
    """Plays in one corner, where kos and captures pile up, and elsewhere as a filler."""
    side = min(game.size, 3 + game.ply // 200)
    corner = [point for point in legal[:-1] if max(divmod(point, game.size)) < side]
    return rng.choice(corner) if corner and rng.random() < 0.9 else filler(game, legal, rng)


def wrecker(game, legal, rng):
    """Of a few random points takes the one that leaves the fewest stones: captures, suicides."""
    if len(legal) == 1 or rng.random() < 0.03:
        return game.pass_action
    choices = rng.choice(legal[:-1], size=min(6, len(legal) - 1), replace=False)
    return min(choices, key=lambda point: np.count_nonzero(game.after(point)))


def duellist(game, legal, rng):
    """In one corner takes as few stones as can be taken, one for choice: kos without end."""
    side, stones = min(game.size, 4), np.count_nonzero(game.cells)
    corner = [point for point in legal[:-1] if max(divmod(point, game.size)) < side]
    if not corner or rng.random() < 0.1:
        return filler(game, legal, rng)
    taken = {point: stones + 1 - np.count_nonzero(game.after(point)) for point in corner}
    takes = [point for point in corner if taken[point] > 0]
    return min(takes, key=taken.__getitem__) if takes else rng.choice(corner)


STYLES = (duellist, brawler, wrecker, filler, anywhere)

# Two kos, two stones to send for one, and an eye of two points on each side; the small letters mark
# where a stone may be thrown in.
FIGHT = draw("""
    X O . O X a b
    . X O . X X X
    . . . . . X .
    . . . . . O X
    . . . . . . O
    O O O . O X X
    c d O O . O e
""")


def fighter(game, legal, rng):
    """Takes stones, its own too, wherever it can, else throws one in, else passes if it may."""
    stones = np.count_nonzero(game.cells)
    if rng.random() < 0.8:
        takes = [point for point in legal[:-1] if np.count_nonzero(game.after(point)) <= stones]
        if takes:
            return rng.choice(takes)
    inside = [point for point in FIGHT.names.values() if point in legal]
    if inside and rng.random() < 0.7:
        return rng.choice(inside)
    return game.pass_action if not game.passes_in_a_row else rng.choice(legal)


class Match:
    """A batch and a reference game for each of its slots, kept in step and compared."""

    def __init__(self, rules, seed, styles=STYLES):
        self.rules = list(rules)
        self.batch = goenv.GoBatch(len(self.rules), self.rules, seed=seed)
        self.games = [self.new_game(rule) for rule in self.rules]
        self.rng, self.styles = np.random.default_rng(seed), styles
        self.seen = Counter()

    @staticmethod
    def new_game(rule):
        return ReferenceGame(rule.size, rule.komi, rule.superko, rule.suicide, rule.max_moves)

    def in_batch(self, game, action):
        """An action of one game in the coordinates of the batch's largest board."""
        side = self.batch.max_size
        if action == game.pass_action:
            return side * side
        row, column = divmod(int(action), game.size)
        return row * side + column

    def compare(self, with_legality=True):
        batch = self.batch
        legal, boards, scores = batch.legal_actions(), batch.boards(), batch.score()
        to_play, ply, done, truncated = batch.to_play, batch.ply, batch.done, batch.truncated
        for index, game in enumerate(self.games):
            board = np.zeros((batch.max_size, batch.max_size), np.int8)
            board[: game.size, : game.size] = game.board()
            np.testing.assert_array_equal(boards[index], board)
            assert scores[index] == game.score()
            assert (to_play[index], ply[index]) == (game.to_play, game.ply)
            assert (done[index], truncated[index]) == (game.over, game.truncated)
            if with_legality:
                reasons = [game.why_illegal(action) for action in range(game.pass_action + 1)]
                self.seen.update(reason for reason in reasons if reason)
                for action, reason in enumerate(reasons):
                    if reason == "superko" and game.after(action) != game.cells:
                        self.seen["repetitions"] += 1  # no mere suicide of one stone
                expected = np.zeros(batch.num_actions, bool)
                for action, reason in enumerate(reasons):
                    expected[self.in_batch(game, action)] = reason is None
                np.testing.assert_array_equal(legal[index], expected, err_msg=f"game {index}")

    def choose(self):
        """An action for each game by the style of its slot; nonsense for those that are over."""
        actions, legal = np.full(len(self.games), -7), self.batch.legal_actions()
        for index, game in enumerate(self.games):
            if not game.over:
                points = range(game.pass_action + 1)
                own = [point for point in points if legal[index, self.in_batch(game, point)]]
                actions[index] = self.styles[index % len(self.styles)](game, own, self.rng)
        return actions

    def play(self, own_actions):
        actions = own_actions.copy()
        for index, game in enumerate(self.games):
            if not game.over:
                action = int(own_actions[index])
                actions[index] = self.in_batch(game, action)
                before = game.cells
                game.play(action)
                self.count(before, game.cells, action, -game.to_play)
        self.batch.step(actions)

    def count(self, before, after, action, mover):
        """Note what a move did, so that a test can show that it met the rare cases."""
        if action < len(before):
            self.seen["captures"] += before.count(-mover) > after.count(-mover)
            self.seen["suicides"] += before.count(mover) > after.count(mover)  # two stones or more
        self.seen["passes"] += action == len(before)

    def shuffle(self):
        """Put the games into other slots of a new batch, some twice and some not at all."""
        indices = self.rng.integers(len(self.games), size=len(self.games))
        self.batch = self.batch.take(indices)
        self.games = [self.games[index].copy() for index in indices]
        self.rules = [self.rules[index] for index in indices]

    def run(self, plies, every=1):
        """Play on until all games are over, at most so many plies; legality each `every` plies."""
        for ply in range(plies):
            self.compare(with_legality=ply % every == 0)
            if all(game.over for game in self.games):
                break
            self.play(self.choose())
        self.compare()


# Size of the board: games, plies at most, and how often the legality of all points is compared.
PLAN = {
    2: (12, 60, 1),
    3: (12, 90, 1),
    4: (12, 120, 1),
    5: (8, 150, 1),
    6: (4, 180, 1),
    7: (4, 200, 2),
    8: (4, 200, 3),
    9: (4, 250, 2),
    10: (4, 200, 5),
    11: (4, 200, 6),
    12: (4, 200, 8),
    13: (4, 250, 10),
    14: (2, 250, 10),
    15: (2, 250, 12),
    16: (2, 250, 15),
    17: (2, 300, 20),
    18: (2, 300, 25),
    19: (2, 400, 30),
}


@pytest.mark.parametrize("suicide", [True, False])
@pytest.mark.parametrize("superko", SUPERKO_KINDS)
@pytest.mark.parametrize("size", PLAN)
def test_random_games_go_as_the_referee_says(size, superko, suicide):
    num_games, plies, every = PLAN[size]
    limits = [None, None, None, None, 3 * size, size * size]
    rules = [
        goenv.Rules(size, index - 2.5, superko, suicide, limits[index % len(limits)])
        for index in range(num_games)
    ]
    match = Match(rules, seed=size)
    match.run(plies, every)
    assert match.seen["captures"] > 0
    if size in (3, 4, 5):
        assert match.seen["captures"] > 40
        assert match.seen["suicides" if suicide else "suicide"] > 5


@pytest.mark.parametrize("suicide", [True, False])
@pytest.mark.parametrize("superko", SUPERKO_KINDS)
def test_fights_full_of_repetitions(superko, suicide):
    match = Match([goenv.Rules(7, 7.5, superko, suicide)] * 12, seed=7, styles=(fighter,))
    for action in FIGHT.moves():
        match.play(np.full(12, action))
    match.run(60)
    assert match.seen["repetitions"] > 40
    assert match.seen["suicides"] > 0 or not suicide


def stayer(game, legal, rng):
    """Passes only if it must, so that the game goes on for long and its history grows."""
    return rng.choice(legal[:-1]) if len(legal) > 1 else game.pass_action


@pytest.mark.parametrize("superko", SUPERKO_KINDS)
def test_long_games_and_their_copies(superko):
    rules = [goenv.Rules(size, 7.5, superko) for size in (4, 5, 5, 5, 5, 5)]
    match = Match(rules, seed=9, styles=(stayer,))
    for plies in (150, 350, 700):
        match.run(plies, every=10)
        match.shuffle()
    assert max(game.ply for game in match.games) > 400


def mixed_rules(rng, num_games, sizes):
    return [
        goenv.Rules(
            size=int(size),
            komi=float(rng.integers(-20, 21)) / 2,
            superko=SUPERKO_KINDS[rng.integers(3)],
            suicide=bool(rng.integers(2)),
            max_moves=[None, int(rng.integers(1, 60))][rng.integers(2)],
        )
        for size in rng.choice(sizes, size=num_games)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_games_of_all_rules_mixed_in_one_batch(seed):
    rules = mixed_rules(np.random.default_rng(seed), 24, [2, 3, 4, 5, 7, 10])
    match = Match(rules, seed)
    match.run(100, every=2)
    assert min(match.seen[name] for name in ("captures", "suicides", "superko", "suicide")) > 10


def test_copies_and_new_beginnings_take_the_whole_history_along():
    """Games are shuffled, copied over one another and begun anew, then go on as they should."""
    match = Match([goenv.Rules(size, suicide=True) for size in (2, 3, 4, 5, 3, 4) * 3], seed=5)
    for turn in range(12):
        match.run(10, every=2)
        if turn % 3 == 0:
            match.shuffle()
        elif turn % 3 == 1:
            original = match.batch
            match.batch = original.clone()
            original.reset()  # must leave the clone alone
            original.step(np.zeros(len(match.games), dtype=np.int64))
            match.batch.copy_game(0, match.batch, 1)
            match.games[1], match.rules[1] = match.games[0].copy(), match.rules[0]
            other = goenv.GoBatch(1, goenv.Rules(5))
            match.batch.copy_game(2, other, 0)
            other.copy_game(0, match.batch, 3)
            match.games[3], match.rules[3] = match.games[2].copy(), match.rules[2]
        else:
            mask = match.batch.done | (match.rng.random(len(match.games)) < 0.1)
            match.batch.reset(mask)
            for index in np.flatnonzero(mask):
                match.games[index] = match.new_game(match.rules[index])
    assert match.seen["superko"] > 100


def test_random_actions_are_legal_and_reach_the_end():
    match = Match([goenv.Rules(size) for size in (2, 3, 4, 5, 6, 9)], seed=1)
    for _ in range(60):
        legal, actions = match.batch.legal_actions(), match.batch.random_actions()
        running = [index for index, game in enumerate(match.games) if not game.over]
        assert legal[running, actions[running]].all()
        sides = np.array([game.size for game in match.games])
        rows, columns = np.divmod(actions, match.batch.max_size)
        passes = actions == match.batch.num_actions - 1
        match.play(np.where(passes, sides * sides, rows * sides + columns))
        match.compare()


def test_every_illegal_action_is_refused_and_changes_nothing():
    rules = mixed_rules(np.random.default_rng(3), 12, [2, 3, 4])
    match = Match(rules, seed=3)
    for _ in range(4):
        match.run(7)
        legal = match.batch.legal_actions()
        running = np.flatnonzero(~match.batch.done)
        passes = np.full(len(rules), match.batch.num_actions - 1)
        for index in running:
            outside = [-1, match.batch.num_actions]
            for action in [*np.flatnonzero(~legal[index]), *outside]:
                actions = passes.copy()  # fine in all other games, and yet not to be played
                actions[index] = action
                named = rf"(?=.*(?<!\d){action}\b)(?=.*game {index}\b)"
                with pytest.raises(goenv.IllegalActionError, match=named):
                    match.batch.step(actions)
        match.compare()
    assert issubclass(goenv.IllegalActionError, ValueError)


# ------------------------------------------------------------------------- all that can be reached


def children(batch):
    """A batch of all games that follow by one legal action from those of `batch`."""
    parents, actions = np.nonzero(batch.legal_actions())
    following = batch.take(parents)
    following.step(actions)
    return following


@pytest.mark.parametrize("superko", SUPERKO_KINDS)
@pytest.mark.parametrize(("size", "positions"), [(2, 57), (3, 12675)])
def test_reachable_positions_are_as_many_as_is_known(size, positions, superko):
    """Breadth first, one game kept for each board and player to move.

    Nothing is lost by keeping the first game only: see test_reference.py.
    """
    frontier = goenv.GoBatch(1, goenv.Rules(size=size, superko=superko))
    found = {(frontier.boards()[0].tobytes(), BLACK)}
    while len(frontier.to_play):
        following = children(frontier)
        boards, to_play, new = following.boards(), following.to_play, []
        for index in np.flatnonzero(~following.done):
            situation = (boards[index].tobytes(), int(to_play[index]))
            if situation not in found:
                found.add(situation)
                new.append(index)
        if not new:
            break
        frontier = following.take(np.array(new))
    assert len({board for board, _ in found}) == positions
    assert {player for _, player in found} == {BLACK, WHITE}
    assert len(found) == 2 * positions
