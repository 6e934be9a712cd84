"""PettingZoo's `go_v5` by its arguments, agents, shapes and rewards, over goenv's rules.

    # from pettingzoo.classic import go_v5
    from goenv.compat import pettingzoo_go_v5 as go_v5

    env = go_v5.env(board_size=9, komi=7.5)

Where the original contradicts its own documentation or the rules of Go, this follows the
documentation and the rules: `docs/compat.md` lists the differences, and the tests show each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo.utils.wrappers import (
    AssertOutOfBoundsWrapper,
    OrderEnforcingWrapper,
    TerminateIllegalWrapper,
)

from goenv.pettingzoo_env import AGENTS, GoAECEnv
from goenv.rules import MAX_SIZE, MIN_SIZE
from goenv.seats import Observation, whole_number


def env(
    board_size: int = 19,
    komi: float = 7.5,
    render_mode: str | None = None,
    screen_height: int | None = 800,
) -> OrderEnforcingWrapper:
    """A `raw_env` in the wrappers of `go_v5`.

    So an illegal action ends the game: reward -1 for who played it and 0 for the other, with all
    terminations and truncations set. One outside the action space is an AssertionError.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    inner = raw_env(board_size, komi, render_mode, screen_height)
    wrapped = AssertOutOfBoundsWrapper(TerminateIllegalWrapper(inner, illegal_reward=-1))
    return OrderEnforcingWrapper(wrapped)


class raw_env(GoAECEnv):  # the original's name
    """Go for the agents ``"black_0"`` and ``"white_0"`` with the spaces of `go_v5`; no wrappers.

    `observe` gives ``{"observation": bool [N, N, 17], "action_mask": int8 [N * N + 1]}``. For j
    from 0 to 7, plane 2 j holds the agent's own stones j plies ago and plane 2 j + 1 its
    opponent's; before the first move the board was empty. Plane 16 is 1 for Black. The mask is that
    of the agent on turn, zeros for the other; superko is in it. Once the game is over only the
    pass is left in it, so that probabilities over it still add up.

    Rules: positional superko, suicide illegal, area scoring, the end after two passes. Rewards at
    the end are +1 and -1, or 0 and 0 for a draw. Infos are empty.

    Args:
        board_size: N, the side of the board, 2 to 25.
        komi: points that White receives, a multiple of 0.5.
        render_mode: as in `goenv.aec_env`.
        screen_height: taken for the original's sake; pictures have goenv's size.

    Raises:
        ValueError: an argument is wrong; the message names it. In `step`: the action is illegal
            (IllegalActionError) or no whole number.

    Version history: after v5 of the original, in PettingZoo 1.27.
    """

    metadata: dict[str, Any] = {**GoAECEnv.metadata, "name": "go_v5", "render_fps": 2}  # noqa: RUF012

    def __init__(
        self,
        board_size: int = 19,
        komi: float = 7.5,
        render_mode: str | None = None,
        screen_height: int | None = 800,
    ):
        try:
            size = whole_number(board_size)
        except ValueError:
            size = -1
        if isinstance(board_size, bool) or not MIN_SIZE <= size <= MAX_SIZE:
            raise ValueError(
                f"board_size must be a whole number from {MIN_SIZE} to {MAX_SIZE}, "
                f"got {board_size!r}"
            )
        super().__init__(
            size,
            komi,
            suicide=False,
            planes="alphago_zero",
            layout="NHWC",
            render_mode=render_mode,
        )
        self.screen_height = screen_height
        self.agents = list(AGENTS)
        actions = self.batch.num_actions
        seen: dict[str, spaces.Space] = {
            "observation": spaces.Box(0, 1, self._shape, np.bool_),
            "action_mask": spaces.Box(0, 1, (actions,), np.int8),
        }
        self.observation_spaces = {agent: spaces.Dict(seen) for agent in AGENTS}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin a game. Nothing is drawn in it, so `seed` and `options` change nothing."""
        super().reset()
        self.infos = {agent: {} for agent in AGENTS}

    def step(self, action: int | None) -> None:
        """Play the action of `agent_selection`; None for an agent whose game is over.

        Raises:
            IllegalActionError: the action is illegal; the game stands as before.
            ValueError: the action is no whole number.
        """
        if self.terminations[self.agent_selection] or self.truncations[self.agent_selection]:
            self._was_dead_step(action)
            return
        super().step(action)
        self.infos = {agent: {} for agent in AGENTS}

    def observe(self, agent: str) -> Observation:
        """Planes and legal actions from the side of `agent`, on turn or not."""
        seen = super().observe(agent)
        over = self.terminations.get(agent, True)  # an agent that is gone has no entry
        if over and agent == self.agent_selection:
            seen["action_mask"][-1] = 1
        return {**seen, "observation": seen["observation"].view(np.bool_)}
