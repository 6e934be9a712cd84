"""Both seats of a game of Go as a PettingZoo environment (AEC: the agents move in turn)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pettingzoo.utils.wrappers import OrderEnforcingWrapper

from goenv.observations import DEFAULT_PLANES, read_view
from goenv.renderer import MODES
from goenv.rules import BLACK, WHITE, Rules, Superko
from goenv.seat_kernels import observe_seat
from goenv.seats import spaces_of
from goenv.state import ENDED, STATUS
from goenv.turns import TurnsEnv

COLOURS = {"black_0": BLACK, "white_0": WHITE}
AGENTS = tuple(COLOURS)


def aec_env(
    size: int = 9,
    komi: float = 7.5,
    superko: Superko = "positional",
    suicide: bool = True,
    max_moves: int | None = None,
    planes: str | Sequence[str] = DEFAULT_PLANES,
    layout: Literal["NCHW", "NHWC"] = "NCHW",
    dtype: type | None = None,
    reward: Literal["outcome", "score", "score_difference"] = "outcome",
    illegal_action: Literal["raise", "lose"] = "raise",
    action_mask: Literal["observation", "info"] = "observation",
    render_mode: str | None = None,
) -> OrderEnforcingWrapper:
    """A game of Go for PettingZoo: a `GoAECEnv` that complains about calls out of order.

    PettingZoo's wrappers for illegal and for unknown actions are left out, because the
    environment itself names what is wrong with an action (`illegal_action`).

    Raises:
        ValueError: an argument is wrong; the message names it.
    """
    return OrderEnforcingWrapper(
        GoAECEnv(
            size=size,
            komi=komi,
            superko=superko,
            suicide=suicide,
            max_moves=max_moves,
            planes=planes,
            layout=layout,
            dtype=dtype,
            reward=reward,
            illegal_action=illegal_action,
            action_mask=action_mask,
            render_mode=render_mode,
        )
    )


class GoAECEnv(TurnsEnv):
    """Go for the agents ``"black_0"`` and ``"white_0"``, who move in turn; no wrappers.

    ## Action Space
    ``Discrete(N * N + 1)``: ``row * N + column`` puts a stone on a point, ``N * N`` passes.

    ## Observation Space
    For each agent ``Dict(observation=Box [C, N, N], action_mask=Box int8 [N * N + 1])`` from its
    own side; who is not on turn has a mask of zeros. The planes are those of `goenv.GoEnv`.

    ## Rewards
    Of both agents after each move, by `reward` as in `goenv.GoEnv`; what one gets the other loses.
    By default at the end +1 and -1, or 0 and 0 for a draw.

    ## Starting State
    The empty board with ``"black_0"`` on turn, or a position that the options of `reset` name.

    ## Episode End
    Both agents are terminated after two passes in a row, or by an illegal action where that loses,
    and truncated at `max_moves`.

    ## Information
    The info of an agent holds its ``action_mask``, and ``score`` (Black minus White minus komi, in
    points) at the end.

    ## Arguments
    ``goenv.aec_env(size=9, komi=7.5, ...)`` or ``pettingzoo.make("aec", "goenv/Go-v0", ...)``

    Args:
        size, komi, superko, suicide, max_moves, planes, layout, dtype, reward: see `goenv.GoEnv`.
        illegal_action: ``"raise"`` an IllegalActionError, after which the game stands as before;
            or ``"lose"``: the game ends, -1 for the agent and +1 for the other.
        action_mask: ``"observation"``: an observation is a dict of planes and mask; or ``"info"``:
            it is the planes alone, and the mask is in the infos, where it is in any case.
        render_mode: see `goenv.GoEnv`.

    Raises:
        ValueError: an argument is wrong; the message names it.

    ## Version History
    * v0: the first.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": MODES,
        "name": "goenv_go_v0",
        "is_parallelizable": False,
        "render_fps": 4,
    }
    colours: ClassVar[dict[str, int]] = COLOURS
    maker: ClassVar[str] = "aec_env"

    def __init__(
        self,
        size: int = 9,
        komi: float = 7.5,
        superko: Superko = "positional",
        suicide: bool = True,
        max_moves: int | None = None,
        planes: str | Sequence[str] = DEFAULT_PLANES,
        layout: Literal["NCHW", "NHWC"] = "NCHW",
        dtype: type | None = None,
        reward: Literal["outcome", "score", "score_difference"] = "outcome",
        illegal_action: Literal["raise", "lose"] = "raise",
        action_mask: Literal["observation", "info"] = "observation",
        render_mode: str | None = None,
    ):
        rules = Rules(size, komi, superko, suicide, max_moves)
        self._view = read_view(planes, dtype, layout)
        self._shape = self._view.shape(rules.size)
        box: Any = spaces_of(rules, self._view)[0]["observation"]
        super().__init__(rules, box, reward, illegal_action, action_mask, render_mode)

    def _see(self, agent: str) -> tuple[np.ndarray, np.ndarray]:
        view, info = self._view, self.batch.games.info
        planes: np.ndarray = np.empty(self._shape, view.dtype)
        mask = np.empty((1, self.batch.num_actions), np.uint8)
        seat = (self.colours[agent], view.codes, view.channels_last)
        status = info[0, STATUS]
        if agent != self.agent_selection:
            info[0, STATUS] = ENDED  # nothing is legal off turn, for a partner as well
        observe_seat(self.batch.games, 0, *seat, planes.reshape(1, -1), mask, 0)
        info[0, STATUS] = status
        return planes, mask[0].view(np.int8)
