"""Other Go environments as referees, where they are installed (`pip install 'gozoo[peers]'`).

Each plays with its settings as they are. Legal actions and ends come from its public interface;
what that does not show (boards, scores) is read from its insides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from algorithms.bench.referees import (
    DRAW_IS_LOST,
    ENDED,
    LENGTH_LIMIT,
    NO_SUICIDE,
    REPETITION_DRAWS,
    REPETITION_GOES_ON,
    REPETITION_LEGAL,
    REPETITION_LOSES,
    RUNNING,
    View,
)
from goenv import Rules


class PettingZooReferee:
    """PettingZoo's `go_v5`, one environment a game.

    It keeps the size of the board in a global variable of its module: only the games made last
    are sound, so no two of these with different sizes may be in use at a time.
    """

    name = "PettingZoo go_v5"
    departures = frozenset({NO_SUICIDE, REPETITION_LEGAL, REPETITION_GOES_ON, DRAW_IS_LOST})

    def __init__(self, rules: Sequence[Rules]):
        from pettingzoo.classic import go_v5

        self._envs = [go_v5.env(board_size=rule.size, komi=rule.komi) for rule in rules]
        for env in self._envs:
            env.reset(seed=0)

    def look(self) -> View:
        """The games as they stand."""
        games = [env.unwrapped._go for env in self._envs]
        masks = [env.observe(env.agent_selection)["action_mask"] for env in self._envs]
        over = np.array([all(env.terminations.values()) for env in self._envs])
        return View(
            np.array(masks, bool),
            np.array([game.board for game in games], np.int8),
            np.array(
                [1 if env.agent_selection == "black_0" else -1 for env in self._envs], np.int8
            ),
            np.where(over, ENDED, RUNNING).astype(np.int8),
            np.array([game.score() for game in games], float),
            np.array([env.rewards["black_0"] for env in self._envs], float),
        )

    def play(self, actions: np.ndarray) -> None:
        """Play an action in every game."""
        for env, action in zip(self._envs, actions.tolist(), strict=True):
            env.step(action)

    def restart(self, games: Sequence[int], rules: Sequence[Rules]) -> None:
        """Begin these games anew; size and komi stay as they are."""
        for game in games:
            self._envs[game].reset(seed=0)


class OpenSpielReferee:
    """OpenSpiel's `go`; it tells who won, but no score."""

    name = "OpenSpiel go"
    departures = frozenset({NO_SUICIDE, REPETITION_LEGAL, REPETITION_DRAWS, LENGTH_LIMIT})

    def __init__(self, rules: Sequence[Rules]):
        import pyspiel

        self._size = rules[0].size
        self._game = pyspiel.load_game("go", {"board_size": self._size, "komi": rules[0].komi})
        self._states = [self._game.new_initial_state() for _ in rules]

    def look(self) -> View:
        """The games as they stand."""
        size, states = self._size, self._states
        legal = np.zeros((len(states), size * size + 1), bool)
        for row, state in zip(legal, states, strict=True):
            row[state.legal_actions()] = True
        planes = np.array([state.observation_tensor(0) for state in states], np.int8)
        planes = planes.reshape(len(states), 4, size, size)  # black, white, empty, White's turn
        over = np.array([state.is_terminal() for state in states])
        return View(
            legal,
            planes[:, 0] - planes[:, 1],
            1 - 2 * planes[:, 3, 0, 0],
            np.where(over, ENDED, RUNNING).astype(np.int8),
            np.full(len(states), np.nan),
            np.array([state.returns()[0] for state in states]),
        )

    def play(self, actions: np.ndarray) -> None:
        """Play an action in every game."""
        for state, action in zip(self._states, actions.tolist(), strict=True):
            state.apply_action(action)

    def restart(self, games: Sequence[int], rules: Sequence[Rules]) -> None:
        """Begin these games anew; size and komi stay as they are."""
        for game in games:
            self._states[game] = self._game.new_initial_state()


class PgxReferee:
    """pgx's `Go`, all games as one compiled batch."""

    name = "pgx Go"
    departures = frozenset(
        {NO_SUICIDE, REPETITION_LEGAL, REPETITION_LOSES, LENGTH_LIMIT, DRAW_IS_LOST}
    )

    def __init__(self, rules: Sequence[Rules]):
        import jax
        import jax.numpy as jnp
        from pgx._src.games.go import _count_scores
        from pgx.go import Go

        size, komi = rules[0].size, rules[0].komi
        env = Go(size=size, komi=komi)
        keys = jax.random.split(jax.random.PRNGKey(0), len(rules))

        @jax.jit
        def start():
            return jax.vmap(env.init)(keys)

        @jax.jit
        def advance(state, actions):
            return jax.vmap(env.step)(state, actions)

        @jax.jit
        def replace(state, mask):
            def pick(new, old):
                return jnp.where(mask.reshape(mask.shape + (1,) * (old.ndim - 1)), new, old)

            return jax.tree.map(pick, start(), state)

        @jax.jit
        def show(state):
            areas = jax.vmap(lambda x: _count_scores(x, size))(state._x)
            black = jnp.take_along_axis(state.rewards, state._player_order[:, :1], axis=1)[:, 0]
            return (
                state.legal_action_mask, jnp.sign(state._x.board), state._x.color,
                state.terminated | state.truncated, areas[:, 0] - areas[:, 1], black,
            )  # fmt: skip

        self._size, self._komi = size, komi
        self._advance, self._replace, self._show = advance, replace, show
        self._state = start()

    def look(self) -> View:
        """The games as they stand."""
        legal, boards, colour, over, points, black = map(np.asarray, self._show(self._state))
        return View(
            legal,
            boards.astype(np.int8).reshape(-1, self._size, self._size),
            (1 - 2 * colour).astype(np.int8),
            np.where(over, ENDED, RUNNING).astype(np.int8),
            points - self._komi,
            black.astype(float),
        )

    def play(self, actions: np.ndarray) -> None:
        """Play an action in every game."""
        self._state = self._advance(self._state, actions)

    def restart(self, games: Sequence[int], rules: Sequence[Rules]) -> None:
        """Begin these games anew; size and komi stay as they are."""
        mask = np.zeros(self._state._x.board.shape[0], bool)
        mask[list(games)] = True
        self._state = self._replace(self._state, mask)


# Module whose presence decides (go_v5 needs pygame), and the referee.
PEERS: list[tuple[str, type[PettingZooReferee | OpenSpielReferee | PgxReferee]]] = [
    ("pygame", PettingZooReferee),
    ("pyspiel", OpenSpielReferee),
    ("pgx", PgxReferee),
]
