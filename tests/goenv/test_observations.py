"""Every plane, worked out from a slow game that remembers its boards."""

import numpy as np
import pytest

import goenv
from baselines.reference import ReferenceGame, region
from goenv import PLANE_SETS, PLANES, GoBatch, Rules


class Witness:
    """A slow game with its boards and actions, and what each plane should show of it."""

    def __init__(self, rules):
        self.rules = rules
        self.game = ReferenceGame(
            rules.size, rules.komi, rules.superko, rules.suicide, rules.max_moves
        )
        self.boards, self.actions = [self.game.board()], []

    def play(self, action):
        self.game.play(action)
        self.boards.insert(0, self.game.board())
        self.actions.insert(0, action)

    def plane(self, name):
        game, size = self.game, self.rules.size
        board, colour, zeros = self.boards[0], self.game.to_play, np.zeros((size, size))
        side, _, number = name.rpartition("_")
        if name in ("own", "opponent"):
            return board == (colour if name == "own" else -colour)
        if name == "empty":
            return board == 0
        if name == "colour":
            return zeros + (colour == 1)
        if name == "komi":
            return zeros - colour * self.rules.komi / (2 * size)
        if name == "moves_left":
            limit = self.rules.max_moves
            return zeros + (1 if limit is None else (limit - game.ply) / limit)
        if name == "legal":
            return np.reshape(game.legal_actions()[:-1], (size, size))
        if name == "superko":
            reasons = [game.why_illegal(point) for point in range(size * size)]
            # A single-stone suicide repeats the board, but is called a suicide where none of its
            # kind is ever legal.
            repeats = [
                reason == "superko"
                and (self.rules.superko == "situational" or game.after(point) != game.cells)
                for point, reason in enumerate(reasons)
            ]
            return np.reshape(repeats, (size, size))
        if side == "last":
            plane, back = zeros.ravel(), int(number) - 1
            if back < len(self.actions) and self.actions[back] < size * size:
                plane[self.actions[back]] = 1
            return plane.reshape(size, size)
        if side == "liberties":
            for point in np.flatnonzero(board):
                _, border = region(game.cells, size, int(point))
                liberties = sum(game.cells[other] == 0 for other in border)
                zeros.flat[point] = min(liberties, 3) == int(number)
            return zeros
        assert side in ("own", "opponent")
        if int(number) >= len(self.boards):
            return zeros
        return self.boards[int(number)] == (colour if side == "own" else -colour)

    def planes(self, names, side):
        """Planes [C, side, side] in a batch of larger boards: zeros beyond one's own."""
        out = np.zeros((len(names), side, side))
        for index, name in enumerate(names):
            if not self.game.over or name not in ("legal", "superko"):
                out[index, : self.rules.size, : self.rules.size] = self.plane(name)
        return out


RULES = [
    Rules(2, komi=0.5),
    Rules(2, superko="situational", komi=-3),
    Rules(3, superko="simple", max_moves=60),
    Rules(3, suicide=False, komi=2),
    Rules(5, max_moves=45),
    Rules(6),
]


@pytest.mark.parametrize("seed", [0, 1])
def test_every_plane_of_random_games(seed):
    batch, names, rng = (
        GoBatch(len(RULES), RULES, seed=seed),
        tuple(PLANES),
        np.random.default_rng(3),
    )
    witnesses = [Witness(rules) for rules in RULES]
    shown = np.zeros(len(names), int)
    for _ in range(110):
        # Few passes, so that games are long and superko has something to forbid.
        legal = batch.legal_actions()
        actions = batch.random_actions()
        for game in np.flatnonzero(actions == batch.num_actions - 1):
            points = np.flatnonzero(legal[game, :-1])
            if len(points) and rng.random() < 0.9:
                actions[game] = rng.choice(points)
        seen = batch.observe(names)
        assert seen.dtype == np.float32
        for game, witness in enumerate(witnesses):
            wanted = witness.planes(names, 6)
            for index, name in enumerate(names):
                np.testing.assert_allclose(seen[game, index], wanted[index], 1e-6, err_msg=name)
            shown += wanted.any(axis=(1, 2))
            if not witness.game.over:
                size, action = witness.rules.size, int(actions[game])
                row, column = divmod(action, 6)
                witness.play(size * size if action == 36 else row * size + column)
        batch.step(actions)
    assert (shown > 3).all(), dict(zip(names, shown, strict=True))  # each plane had its day


def test_sets_layouts_and_types_show_the_same():
    batch = GoBatch(5, [Rules(5, max_moves=90)] * 3 + [Rules(7, max_moves=90)] * 2, seed=1)
    for _ in range(40):
        batch.step(batch.random_actions())
    for name, names in PLANE_SETS.items():
        planes = batch.observe(name)
        np.testing.assert_array_equal(planes, batch.observe(list(names)))
        assert planes.dtype == (np.float32 if name == "features" else np.uint8)
        assert planes.shape == (5, len(names), 7, 7)
        wide = batch.observe(name, np.float32)
        np.testing.assert_array_equal(wide, planes)
        last = batch.observe(name, layout="NHWC")
        assert last.shape == (5, 7, 7, len(names))
        np.testing.assert_array_equal(last.transpose(0, 3, 1, 2), planes)
        # A buffer that is no piece of memory of its own is written too, and nothing beside it.
        buffer = np.full((5, len(names) + 2, 7, 7), 9, planes.dtype)
        view = buffer[:, 1:-1]
        assert batch.observe(name, out=view) is view
        np.testing.assert_array_equal(view, planes)
        assert (buffer[:, [0, -1]] == 9).all()
    assert (batch.observe() == batch.observe("stones")).all()
    assert len(PLANE_SETS["alphago_zero"]) == 17


def test_alphago_zero_by_hand():
    """Black 0, White 1, Black passes on 2x2: White looks, at stones of two plies each."""
    batch = GoBatch(1, Rules(2))
    for action in (0, 1, 4):
        batch.step([action])
    planes = batch.observe("alphago_zero")[0].reshape(17, 4)
    white, black, none = [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]
    assert planes[:8].tolist() == [white, black, white, black, none, black, none, none]
    assert not planes[8:].any()  # the last plane too: White is to move
    batch.step([4])
    assert batch.observe("alphago_zero")[0, 16].all()


@pytest.mark.parametrize("planes", ["alphago_zero", "features"])
def test_planes_belong_to_the_agent_that_looks(planes):
    """Black's view off its turn is White's with the sides exchanged, history too."""
    env = goenv.aec_env(size=3, komi=0.5, planes=planes, layout="NHWC", max_moves=40)
    env.reset()
    for action in (4, 0, 1, 9, 3):
        env.step(action)
    names = PLANE_SETS[planes]
    black = env.observe("black_0")["observation"]
    white = env.observe("white_0")["observation"]
    for index, name in enumerate(names):
        if name.startswith("own"):
            other = names.index(name.replace("own", "opponent"))
            np.testing.assert_array_equal(black[..., index], white[..., other])
            np.testing.assert_array_equal(white[..., index], black[..., other])
    assert black[..., names.index("own")].any()
    assert black[..., names.index("colour")].all()
    assert not white[..., names.index("colour")].any()


def test_a_copy_sees_the_past_of_the_original():
    batch = GoBatch(3, Rules(5), seed=2)
    for _ in range(20):
        batch.step(batch.random_actions())
    np.testing.assert_array_equal(
        batch.take([2, 0]).observe("alphago_zero"), batch.observe("alphago_zero")[[2, 0]]
    )
