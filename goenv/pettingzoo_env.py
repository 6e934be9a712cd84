"""Both seats of a game of Go as a PettingZoo environment (AEC: the agents move in turn)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium
import numpy as np
from pettingzoo import AECEnv
from pettingzoo.utils.wrappers import OrderEnforcingWrapper

from goenv.batch import GoBatch
from goenv.illegal import REASONS, IllegalActionError
from goenv.legality import LEGAL
from goenv.observations import DEFAULT_PLANES, read_view
from goenv.renderer import MODES, Renderer
from goenv.rules import BLACK, WHITE, Rules, Superko
from goenv.seat_kernels import act, observe_seat, pay
from goenv.seats import REWARDS, Observation, check_choice, spaces_of, whole_number
from goenv.state import RUNNING, STATUS, TRUNCATED

AGENTS = ("black_0", "white_0")
OTHER = {"black_0": "white_0", "white_0": "black_0"}
COLOURS = {"black_0": BLACK, "white_0": WHITE}


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
            render_mode=render_mode,
        )
    )


class GoAECEnv(AECEnv):
    """Go for the agents ``"black_0"`` and ``"white_0"``, who move in turn; no wrappers.

    `observe` gives each agent ``{"observation": [C, N, N], "action_mask": int8 [A]}`` from its own
    side; who is not on turn has a mask of zeros. Actions, planes and ends are those of
    `goenv.GoEnv`; the rewards at the end are +1 and -1, or 0 and 0 for a draw. The info of an
    agent holds its ``action_mask``, and ``score`` (Black minus White minus komi) at the end.

    Args:
        size, komi, superko, suicide, max_moves, planes: see `goenv.GoEnv`.
        illegal_action: ``"raise"`` an IllegalActionError, after which the game stands as before;
            or ``"lose"``: the game ends, -1 for the agent and +1 for the other.
        render_mode: see `goenv.GoEnv`.

    Version history: v0, the first.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": MODES,
        "name": "goenv_go_v0",
        "is_parallelizable": False,
        "render_fps": 4,
    }

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
        render_mode: str | None = None,
    ):
        super().__init__()
        rules = Rules(size, komi, superko, suicide, max_moves)
        check_choice("illegal_action", illegal_action, ("raise", "lose"))
        check_choice("reward", reward, REWARDS)
        self._renderer = Renderer(render_mode, MODES, 'aec_env(render_mode="ansi")')
        self._view = read_view(planes, dtype, layout)
        self.batch = GoBatch(1, rules)
        self.render_mode = render_mode
        self.possible_agents = list(AGENTS)
        self.agents: list[str] = []
        seats = {agent: spaces_of(rules, self._view) for agent in AGENTS}
        self.observation_spaces = {agent: seats[agent][0] for agent in AGENTS}
        self.action_spaces = {agent: seats[agent][1] for agent in AGENTS}
        self._illegal_loses = illegal_action == "lose"
        self._shape = self._view.shape(rules.size)
        self._reward, self._earlier = REWARDS[reward], 0.0

    def observation_space(self, agent: str) -> gymnasium.Space:
        """The observation space of an agent, the same object at each call."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space:
        """The action space of an agent, the same object at each call."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin a game. Nothing is drawn in it, so `seed` and `options` change nothing."""
        self.batch.reset()
        self.agents = list(AGENTS)
        self.agent_selection = AGENTS[0]
        self._skip_agent_selection = None
        self._earlier = 0.0
        self.rewards = dict.fromkeys(AGENTS, 0.0)
        self._cumulative_rewards = dict.fromkeys(AGENTS, 0.0)
        self.terminations = dict.fromkeys(AGENTS, False)
        self.truncations = dict.fromkeys(AGENTS, False)
        self._describe()
        self._renderer.update(self.batch)

    def step(self, action: int | None) -> None:
        """Play the action of `agent_selection`; None for an agent whose game is over.

        Raises:
            IllegalActionError: the action is illegal (see `illegal_action`).
            ValueError: the action is no whole number.
        """
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        self.batch.make_room()
        verdict = act(self.batch.games, 0, whole_number(action), self._illegal_loses)
        if verdict != LEGAL and not self._illegal_loses:
            raise IllegalActionError(0, whole_number(action), REASONS[verdict])
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        status = self.batch.games.info[0, STATUS]
        kind = self._reward
        reward, self._earlier = pay(self.batch.games, 0, COLOURS[agent], kind, self._earlier)
        self.rewards = {agent: reward, OTHER[agent]: 0.0 - reward}  # no -0.0 for a draw
        if status != RUNNING:
            self.terminations = dict.fromkeys(AGENTS, bool(status != TRUNCATED))
            self.truncations = dict.fromkeys(AGENTS, bool(status == TRUNCATED))
        self._accumulate_rewards()
        self.agent_selection = OTHER[agent]
        self._describe()
        self._renderer.update(self.batch)

    def observe(self, agent: str) -> Observation:
        """Planes and legal actions from the side of `agent`, on turn or not."""
        view = self._view
        planes: np.ndarray = np.empty(self._shape, view.dtype)
        mask = np.empty((1, self.batch.num_actions), np.uint8)
        seat = (COLOURS[agent], view.codes, view.channels_last)
        observe_seat(self.batch.games, 0, *seat, planes.reshape(1, -1), mask, 0)
        return {"observation": planes, "action_mask": mask[0].view(np.int8)}

    def render(self) -> Any:
        """The position in the form that `render_mode` names; None for ``"human"``."""
        return self._renderer.frame(self.batch)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._renderer.close()

    def _describe(self) -> None:
        """Infos of both agents for the position as it stands."""
        legal = self.batch.legal_actions()[0].view(np.int8)  # zeros in a finished game
        agent = self.agent_selection
        self.infos: dict[str, dict[str, Any]] = {
            agent: {"action_mask": legal},
            OTHER[agent]: {"action_mask": np.zeros_like(legal)},
        }
        if self.batch.games.info[0, STATUS] != RUNNING:
            score = float(self.batch.score()[0])
            for agent in AGENTS:
                self.infos[agent]["score"] = score
