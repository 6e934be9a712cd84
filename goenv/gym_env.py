"""One seat of a game of Go as a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium
import numpy as np

from goenv.batch import GoBatch
from goenv.illegal import REASONS, IllegalActionError
from goenv.legality import GAME_OVER, LEGAL
from goenv.observations import DEFAULT_PLANES, read_view
from goenv.renderer import MODES, Renderer
from goenv.rules import BLACK, WHITE, Rules, Superko
from goenv.seat_kernels import act, begin_game, turn
from goenv.seats import (
    COLOUR_CODES,
    REWARDS,
    Observation,
    Opponent,
    check_choice,
    check_colour,
    let_opponent_play,
    spaces_of,
    starting_position,
    stream_seed,
    whole_number,
)
from goenv.state import ENDED, RUNNING, STATUS, TO_PLAY, TRUNCATED
from goenv.storage import pack_games, unpack_games


class GoEnv(gymnasium.Env[Observation, np.int64]):
    """Go for one agent: the opponent's reply is played inside `step`.

    ## Description
    Two players put stones on a board in turn; chains without liberties are taken off; whoever ends
    with the larger area wins. The rules are exact Tromp-Taylor rules (`goenv.Rules`). The board is
    9x9 by default, with a komi of 7.5 for White. The id is ``goenv/Go-v0``; for many games at once
    ``gymnasium.make_vec("goenv/Go-v0", num_envs=B)`` makes a `GoVectorEnv`.

    ## Action Space
    ``Discrete(N * N + 1)`` on a board of side N: ``row * N + column`` puts a stone on a point, row
    0 at the top, and ``N * N`` passes. Illegal actions raise, unless `illegal_action` says
    otherwise; sample with ``action_space.sample(observation["action_mask"])``.

    ## Observation Space
    ``Dict(observation=Box [C, N, N], action_mask=Box int8 [N * N + 1])``. The mask is 1 where an
    action is legal, superko included, and all zeros after the end. The planes are named, and seen
    from the agent's own side. The default set, ``"stones"``, in uint8:

    | Plane | Name | 1 where there is | Min | Max |
    | ----- | ---- | ---------------- | --- | --- |
    | 0 | ``own`` | a stone of the agent | 0 | 1 |
    | 1 | ``opponent`` | a stone of the opponent | 0 | 1 |
    | 2 | ``empty`` | no stone | 0 | 1 |

    ``"alphago_zero"`` has 17: ``own`` and ``opponent`` now and 1 to 7 plies ago, then ``colour``.
    ``"features"`` has 15: the stones, ``liberties_1`` to ``liberties_3``, ``superko``, ``last_1``
    to ``last_5``, ``colour``, ``komi``, ``moves_left``, in float32 because the last two are no ones
    and zeros. `goenv.PLANES` says what each plane means.

    ## Rewards
    The agent's own, by `reward`: ``"outcome"``: at the end +1 for a win, 0 for a draw, -1 for a
    loss. ``"score"``: at the end the score in points, komi included. ``"score_difference"``: at
    each step, by how much the score of the board as it stands has changed in the agent's favour;
    this adds up to the final score.

    ## Starting State
    The empty board; if the agent is White, the opponent has played once. `reset` takes the options
    ``{"board": [N, N] of 1 (black), -1 (white), 0, "to_play": 1 or -1}`` or ``{"handicap": n}``.

    ## Episode End
    Terminated after two passes in a row, or by an illegal action where that loses. Truncated at
    `max_moves`, with the reward of the score as it stands.

    ## Information
    `reset` and `step` give ``action_mask`` (the array of the observation), ``colour`` (the agent's,
    1 Black, -1 White), ``to_play`` and ``ply``; at the end also ``score`` (Black minus White minus
    komi, in points), and ``illegal_action`` (True) where the game was lost by one.

    ## Arguments
    ``gymnasium.make("goenv/Go-v0", size=9, komi=7.5, opponent="random", colour="black", ...)``

    Args:
        size: side of the board, 2 to 25.
        komi: points that White receives, a multiple of 0.5.
        superko: ``"positional"``, ``"situational"`` or ``"simple"``; see `goenv.Rules`.
        suicide: whether a chain of two or more stones may be put to death by its own side.
        max_moves: moves of both players after which a game is cut off, or None.
        opponent: ``"random"`` (uniform over the legal actions, from the game's stream) or a
            callable ``(batch, rng) -> actions int [B]``; rng is `np_random`. It must not step
            the batch. Here B is 1.
        colour: the agent's seat: ``"black"``, ``"white"``, or ``"random"``, drawn at each reset.
        illegal_action: ``"raise"`` an IllegalActionError, after which the game stands as
            before; or ``"lose"``: the game ends with reward -1, whatever the board says (with
            rewards in points: minus the whole board and the komi).
        planes: ``"stones"``, ``"alphago_zero"``, ``"features"``, or names out of `goenv.PLANES`.
        layout: ``"NCHW"``: planes are the first axis; ``"NHWC"``: the last.
        dtype: uint8 or float32; None: uint8 if it can hold the planes.
        reward: ``"outcome"``, ``"score"`` or ``"score_difference"``.
        render_mode: what `render` returns: ``"ansi"`` text, ``"rgb_array"`` pixels uint8
            [H, W, 3], ``"svg"`` a `goenv.pictures.Svg`; ``"human"``: a window shows each position,
            four a second at most; or None. Windows and pixels need ``gozoo[render]``.

    Raises:
        ValueError: an argument is wrong; the message names it.
        gymnasium.error.DependencyNotInstalled: `render_mode` needs pygame, which is missing.

    ## Version History
    * v0: the first.
    """

    metadata: dict[str, Any] = {"render_modes": MODES, "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
        size: int = 9,
        komi: float = 7.5,
        superko: Superko = "positional",
        suicide: bool = True,
        max_moves: int | None = None,
        opponent: Literal["random"] | Opponent = "random",
        colour: Literal["black", "white", "random"] = "black",
        illegal_action: Literal["raise", "lose"] = "raise",
        planes: str | Sequence[str] = DEFAULT_PLANES,
        layout: Literal["NCHW", "NHWC"] = "NCHW",
        dtype: type | None = None,
        reward: Literal["outcome", "score", "score_difference"] = "outcome",
        render_mode: str | None = None,
    ):
        rules = Rules(size, komi, superko, suicide, max_moves)
        check_colour(colour, rules)
        check_choice("illegal_action", illegal_action, ("raise", "lose"))
        check_choice("reward", reward, REWARDS)
        if opponent != "random" and not callable(opponent):
            raise ValueError(
                "opponent must be 'random' or a callable (batch, rng) -> actions, got "
                f"{opponent!r}; to play both seats use make_vec(..., opponent=None) or aec_env"
            )
        self._renderer = Renderer(render_mode, MODES, 'make(..., render_mode="ansi")')
        self._view = read_view(planes, dtype, layout)
        self.batch = GoBatch(1, rules)
        self.batch.games.info[0, STATUS] = ENDED  # there is no game before the first reset
        self.observation_space, self.action_space = spaces_of(rules, self._view)  # type: ignore[assignment]
        self.render_mode = render_mode
        self._opponent = None if opponent == "random" else opponent
        self._choice, self._colour = COLOUR_CODES[colour], BLACK
        self._illegal_loses = illegal_action == "lose"
        self._shape = self._view.shape(rules.size)
        self._reward, self._earlier = REWARDS[reward], 0.0
        self._num_actions = self.batch.num_actions
        self._seeded = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a game; the opponent has moved already if the agent is White.

        Args:
            seed: determines this game and all that follow it, the random opponent included.
            options: a position to begin from: ``{"board": [N, N] of 1, -1 and 0, "to_play": 1 or
                -1}``, Black by default, or ``{"handicap": number of stones}``.

        Raises:
            ValueError: an option is unknown or wrong; the game stands as before.
        """
        position = starting_position(options or {}, self.batch.rules[0])
        super().reset(seed=seed)
        if seed is not None or not self._seeded:
            self.batch.seed(stream_seed(self))
            self._seeded = True
        self.batch.make_room()
        self._colour = int(begin_game(self.batch.games, 0, self._choice))
        self._earlier = 0.0
        if position is not None:
            self.batch.set_position(0, *position)
        seen = self._look()
        self._renderer.update(self.batch)
        return seen

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Play the agent's action and the opponent's reply.

        Raises:
            IllegalActionError: the action is illegal (see `illegal_action`), or the opponent's:
                that ends the game, as any error of the opponent does.
            ResetNeeded: the game is over.
        """
        batch, colour = self.batch, self._colour
        batch.make_room(2)
        action = whole_number(action)
        if self._opponent is None:
            verdict, seen, shown = self._turn(True, action)
        else:
            verdict = act(batch.games, 0, action, self._illegal_loses)
            if verdict == LEGAL:
                self._let_opponent_reply()
            _, seen, shown = self._turn(False)
        if verdict == GAME_OVER:
            raise gymnasium.error.ResetNeeded("the game is over, or none has begun: call reset")
        if verdict != LEGAL and not self._illegal_loses:
            raise IllegalActionError(0, action, REASONS[verdict])
        status, to_play, ply, reward, self._earlier = shown
        mask = seen["action_mask"]
        info = {"action_mask": mask, "colour": colour, "to_play": to_play, "ply": ply}
        if status != RUNNING:
            info["score"] = self._earlier
            if verdict != LEGAL:
                info["illegal_action"] = True
        self._renderer.update(self.batch)
        truncated = status == TRUNCATED
        return seen, reward, status != RUNNING and not truncated, truncated, info

    def action_masks(self) -> np.ndarray:
        """Legal actions, bool [A]; the name under which sb3-contrib looks for them."""
        return self.batch.legal_actions()[0]

    def render(self) -> Any:
        """The position in the form that `render_mode` names; None for ``"human"``."""
        return self._renderer.frame(self.batch)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._renderer.close()

    def _look(self) -> tuple[Observation, dict[str, Any]]:
        """Observation and info once it is the agent's turn, after the opponent's if need be."""
        self._let_opponent_reply()
        _, seen, (_, to_play, ply, _, _) = self._turn(False)
        mask = seen["action_mask"]
        info = {"action_mask": mask, "colour": self._colour, "to_play": to_play, "ply": ply}
        return seen, info

    def _turn(self, acts: bool, action: int = 0) -> tuple[int, Observation, tuple]:
        """The verdict on an action, if one `acts`; what is seen; and what else `turn` returns."""
        view = self._view
        planes = np.empty(self._shape, view.dtype)
        mask = np.empty(self._num_actions, np.int8)
        verdict, shown = turn(
            *self.batch.games, 0, acts, action, self._illegal_loses, self._opponent is None,
            self._colour, view.codes, view.channels_last, planes.reshape(1, -1),
            mask.reshape(1, -1).view(np.uint8), self._reward, self._earlier,
        )  # fmt: skip
        return verdict, {"observation": planes, "action_mask": mask}, shown

    def _let_opponent_reply(self) -> None:
        """Let a callable opponent move, if it is on turn in a running game."""
        info = self.batch.games.info
        waits = info[0, STATUS] == RUNNING and info[0, TO_PLAY] != self._colour
        if self._opponent is not None and waits:
            try:
                let_opponent_play(self.batch, self._opponent, self.np_random)
            except BaseException:
                # The agent is not to go on with the opponent's stones.
                self.batch.games.info[0, STATUS] = ENDED
                raise

    # ---- states, for planning ---------------------------------------------------------------

    def get_state(self) -> bytes:
        """The game and all that it draws from, as bytes of a versioned form.

        Raises:
            ValueError: `np_random` is a generator of another kind than Gymnasium gives it.
        """
        if not isinstance(self.np_random.bit_generator, np.random.PCG64):
            raise ValueError("a state can hold the generator of numpy.random.default_rng only")
        extra = {
            "colour": self._colour,
            "earlier": self._earlier,
            "rng": self.np_random.bit_generator.state,
        }
        return pack_games(self.batch.games, self.batch.rules, extra)

    def set_state(self, data: bytes) -> tuple[Observation, dict[str, Any]]:
        """Go on where an environment with the same rules was that `get_state` was asked of.

        Returns:
            What `reset` would return there.

        Raises:
            ValueError: the bytes are no state, damaged, or of other rules; nothing is changed.
        """
        games, rules, extra = unpack_games(data)
        if rules != self.batch.rules:
            raise ValueError(
                f"the state is of {rules[0]}, this environment of {self.batch.rules[0]}"
            )
        try:
            colour, earlier = int(extra["colour"]), float(extra["earlier"])
            rng = np.random.default_rng()
            rng.bit_generator.state = extra["rng"]
        except (KeyError, TypeError, ValueError):
            raise ValueError("the state is not of a Gymnasium environment") from None
        if colour not in (BLACK, WHITE):
            raise ValueError(f"the state is damaged: there is no colour {colour}")
        self.batch.adopt(games, rules)
        self._colour, self._earlier = colour, earlier
        self.np_random, self._seeded = rng, True
        return self._look()
