"""Phantom Go: each side sees its own stones only, and a referee refuses illegal moves."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from gymnasium import spaces
from pettingzoo.utils.wrappers import OrderEnforcingWrapper

from goenv.illegal import IllegalActionError
from goenv.legality import LEGAL
from goenv.pettingzoo_env import COLOURS
from goenv.renderer import MODES
from goenv.rules import BLACK, Rules, Superko
from goenv.seat_env import Policy, SeatEnv, checked_policy
from goenv.seat_kernels import act
from goenv.seats import check_choice
from goenv.state import FORFEITED, RUNNING, STATUS
from goenv.turns import TurnsEnv

PHANTOM_PLANES = (
    "own",  # own stones
    "unknown",  # neither an own stone nor refused in this turn; with the pass, what may be tried
    "refused",  # refused in this turn
    "refused_before",  # refused in an earlier turn, and nothing heard since that frees the point
    "taken",  # opponent's stones taken off since the own last move, that one included
    "lost",  # own stones taken off in the same time
    "passed",  # 1 everywhere if the opponent's last action was the pass
    "colour",  # 1 everywhere for Black
)


class Told:
    """What the referee has told one player, and who that is.

    Attributes:
        own, refused, refused_before, taken, lost: bool [N * N]; see `PHANTOM_PLANES`.
        passed: whether the opponent's last action was the pass.
    """

    def __init__(self, colour: int, points: int):
        self.colour, self.passed = colour, False
        self.own, self.refused, self.refused_before, self.taken, self.lost = np.zeros(
            (5, points), bool
        )

    def move(self, mover: int, passed: bool, board: np.ndarray, taken_off: np.ndarray) -> None:
        """Hear of an action that was played.

        Args:
            mover: colour of who played it.
            passed: whether it was the pass.
            board: int8 [N * N] after it; only the player's own stones are looked at.
            taken_off: int8 [N * N]: the colour of the stone that the move took off a point, or 0.
        """
        if mover == self.colour:
            self.refused_before |= self.refused
            for points in (self.refused, self.taken, self.lost):
                points[:] = False
        else:
            self.passed = passed
        self.own[:] = board == self.colour
        self.taken |= taken_off == -self.colour
        self.lost |= taken_off == self.colour
        self.refused_before &= ~self.own & (taken_off == 0)

    def planes(self, size: int) -> np.ndarray:
        """All of it as `PHANTOM_PLANES`, uint8 [C, N, N]."""
        points = self.own, ~(self.own | self.refused), self.refused, self.refused_before
        out: np.ndarray = np.zeros((len(PHANTOM_PLANES), self.own.size), np.uint8)
        out[:6] = (*points, self.taken, self.lost)
        out[6], out[7] = self.passed, self.colour == BLACK
        return out.reshape(-1, size, size)


def phantom_go_env(**arguments: Any) -> OrderEnforcingWrapper:
    """Phantom Go for PettingZoo: a `PhantomGoAECEnv` that complains about calls out of order.

    Args:
        arguments: those of `PhantomGoAECEnv`, by name.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    return OrderEnforcingWrapper(PhantomGoAECEnv(**arguments))


class PhantomGoAECEnv(TurnsEnv):
    """Phantom Go for the agents ``"black_0"`` and ``"white_0"``; no wrappers.

    The agent on turn tries a point, or passes. What the rules forbid (a point with a hidden stone,
    a suicide, a repetition) the referee refuses, without saying why: nothing happens, and the same
    agent tries again, for a reward of 0. A legal try is played. The other agent does not hear of
    refusals. Both hear that a move or a pass was made, and which points it emptied, by capture or
    suicide, of stones of which colour. Nobody hears of atari.

    ## Action Space
    ``Discrete(N * N + 1)``: ``row * N + column`` tries a point, ``N * N`` passes.

    ## Observation Space
    ``Dict(observation=Box uint8 [8, N, N], action_mask=Box int8 [N * N + 1])``. The planes
    (`goenv.phantom_go.PHANTOM_PLANES`) hold what the agent has been told and no more:

    | Plane | Name | 1 where |
    | ----- | ---- | ------- |
    | 0 | ``own`` | an own stone stands |
    | 1 | ``unknown`` | there is neither an own stone nor a refusal in this turn |
    | 2 | ``refused`` | a try was refused in this turn |
    | 3 | ``refused_before`` | one was in an earlier turn, and nothing heard since frees the point |
    | 4 | ``taken`` | stones of the opponent were taken off since the own last move, it included |
    | 5 | ``lost`` | own stones were taken off in the same time |
    | 6 | ``passed`` | everywhere if the opponent's last action was the pass |
    | 7 | ``colour`` | everywhere for Black |

    On turn the mask is 1 for the pass and for all points but own stones and those refused in this
    turn, so it depends on what the agent knows alone; else it is zeros.

    ## Rewards, Starting State, Episode End
    Those of `goenv.GoAECEnv` at the end; the board is empty at the start. A refused try pays 0.

    ## Information
    ``action_mask``, and ``score`` (Black minus White minus komi, in points) at the end. `render`,
    `state` and `batch` show the referee's board.

    ## Arguments
    ``goenv.phantom_go_env(size=9, ...)`` or
    ``pettingzoo.make("aec", "goenv/PhantomGo-v0", ...)``

    Args:
        size, komi, superko, suicide: see `goenv.GoEnv`.
        max_moves: the game is cut off after so many moves; refused tries do not count.
        reward: ``"outcome"`` or ``"score"``, see `goenv.GoEnv`; paid at the end.
        illegal_action: what a try outside the mask does: ``"raise"`` an IllegalActionError, or
            ``"lose"`` the game.
        action_mask: see `goenv.GoAECEnv`.
        render_mode: see `goenv.GoEnv`.

    Raises:
        ValueError: an argument is wrong; the message names it.

    ## Version History
    * v0: the first.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": MODES,
        "name": "goenv_phantom_go_v0",
        "is_parallelizable": False,
        "render_fps": 4,
    }
    colours: ClassVar[dict[str, int]] = COLOURS
    maker: ClassVar[str] = "phantom_go_env"

    def __init__(
        self,
        size: int = 9,
        komi: float = 7.5,
        superko: Superko = "positional",
        suicide: bool = True,
        max_moves: int | None = None,
        reward: Literal["outcome", "score"] = "outcome",
        illegal_action: Literal["raise", "lose"] = "raise",
        action_mask: Literal["observation", "info"] = "observation",
        render_mode: str | None = None,
    ):
        rules = Rules(size, komi, superko, suicide, max_moves)
        if isinstance(reward, str) and reward == "score_difference":
            raise ValueError(
                "reward 'score_difference' would tell each player what the hidden stones are "
                "worth: choose 'outcome' or 'score', which are paid at the end"
            )
        check_choice("reward", reward, ("outcome", "score"))
        box = spaces.Box(0, 1, (len(PHANTOM_PLANES), rules.size, rules.size), np.uint8)
        super().__init__(rules, box, reward, illegal_action, action_mask, render_mode)
        self._told: dict[str, Told] = {}

    def _starting_position(self, options: dict[str, Any]) -> None:
        if options:
            raise ValueError(f"phantom Go begins on the empty board, got {', '.join(options)}")

    def _forget(self) -> None:
        points = self.batch.num_actions - 1
        self._told = {agent: Told(colour, points) for agent, colour in self.colours.items()}

    def _see(self, agent: str) -> tuple[np.ndarray, np.ndarray]:
        planes = self._told[agent].planes(self.batch.max_size)
        mask = self._legal()
        return planes, mask if agent == self.agent_selection else np.zeros_like(mask)

    def _legal(self) -> np.ndarray:
        """What `agent_selection` may try, int8 [A], by what it knows; zeros in a finished game."""
        mask = np.zeros(self.batch.num_actions, np.int8)
        if self.batch.games.info[0, STATUS] == RUNNING:
            told = self._told[self.agent_selection]
            mask[:-1] = ~(told.own | told.refused)
            mask[-1] = 1
        return mask

    def _act(self, agent: str, action: int) -> bool:
        told, batch = self._told[agent], self.batch
        passed = action == batch.num_actions - 1
        if not 0 <= action < batch.num_actions or not self._legal()[action]:
            if self._illegal_loses:
                batch.games.info[0, STATUS] = FORFEITED
                return True
            reason = "it is not on the board"
            if 0 <= action < batch.num_actions:
                own = "a stone of its own stands there"
                reason = own if told.own[action] else "it was refused in this turn already"
            raise IllegalActionError(0, action, reason)
        before = batch.boards().reshape(-1)
        if act(batch.games, 0, action, False) != LEGAL:
            told.refused[action] = True
            return False
        if not passed:
            before[action] = told.colour  # it may be among the stones that a suicide takes off
        after = batch.boards().reshape(-1)
        taken_off = np.where(after == 0, before, 0)
        for player in self._told.values():
            player.move(told.colour, passed, after, taken_off)
        return True


class PhantomGoEnv(SeatEnv):
    """Phantom Go for one agent; a policy plays its opponent. Id ``goenv/PhantomGo-v0``.

    A step tries an action for the agent. If the referee refuses it, the agent is on turn still:
    the reward is 0, ``info["ply"]`` is what it was, and the mask is smaller by the point. Otherwise
    the opponent plays, as many tries as that takes. See `goenv.PhantomGoAECEnv` for what the
    referee tells.

    ## Action space

    ``Discrete(N * N + 1)``: ``row * N + column`` for a point, ``N * N`` for the pass.

    ## Observation space

    ``{"observation": uint8 [8, N, N], "action_mask": int8 [A]}``, the planes
    `goenv.phantom_go.PHANTOM_PLANES` and 1 where the agent may try.

    ## Rewards, start, end

    Those of `goenv.GoEnv`. Refused tries do not count towards `max_moves`.

    ## Info

    ``action_mask``, ``colour`` (the agent's), ``to_play`` and ``ply`` (moves of both, which both
    hear of); at the end ``score`` (Black minus White minus komi, points), and ``illegal_action``
    (True) where the agent lost by one.

    ## Arguments

    Args:
        size, komi, superko, suicide, max_moves, colour, render_mode: see `goenv.GoEnv`.
        opponent: ``"random"``, uniform over the mask (so, after refusals, over what is legal), or
            a callable ``(observation, info, rng) -> action`` that gets what its own seat sees, and
            is asked again after a refusal; rng is `np_random`.
        illegal_action, reward: see `goenv.PhantomGoAECEnv`.

    Raises:
        ValueError: an argument is wrong; the message names it.

    ## Version history

    * v0: the first.
    """

    def __init__(
        self,
        size: int = 9,
        komi: float = 7.5,
        superko: Superko = "positional",
        suicide: bool = True,
        max_moves: int | None = None,
        opponent: Literal["random"] | Policy = "random",
        colour: Literal["black", "white", "random"] = "black",
        illegal_action: Literal["raise", "lose"] = "raise",
        reward: Literal["outcome", "score"] = "outcome",
        render_mode: str | None = None,
    ):
        game = PhantomGoAECEnv(
            size=size,
            komi=komi,
            superko=superko,
            suicide=suicide,
            max_moves=max_moves,
            reward=reward,
            illegal_action=illegal_action,
        )
        policy = checked_policy("opponent", opponent)
        super().__init__(game, opponents=[policy], colour=colour, render_mode=render_mode)
