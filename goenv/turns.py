"""What the PettingZoo environments share: agents in turn, rewards, ends, masks and pictures."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv

from goenv import pettingzoo_ids  # noqa: F401 - who comes this far finds the ids registered
from goenv.batch import GoBatch
from goenv.illegal import REASONS, IllegalActionError
from goenv.legality import LEGAL
from goenv.renderer import MODES, Renderer
from goenv.rules import BLACK, WHITE, Rules
from goenv.seat_kernels import act, pay
from goenv.seats import (
    POSITION_OPTIONS,
    REWARDS,
    check_choice,
    masked_spaces,
    starting_position,
    whole_number,
)
from goenv.state import RUNNING, STATUS, TRUNCATED


class TurnsEnv(AECEnv):
    """A game of Go for PettingZoo, whose agents move in a fixed order that starts over.

    A subclass names its agents in `colours` and says in `_see` what each of them sees; if a
    turn may last longer than one action, it overrides `_legal` and `_act` as well.

    Args:
        rules: of the game.
        planes: the space of what an agent sees of the board, a Box.
        reward: see `goenv.aec_env`; all agents of a colour get the same.
        illegal_action: see `goenv.aec_env`.
        action_mask: see `goenv.aec_env`.
        render_mode: see `goenv.GoEnv`.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """

    colours: ClassVar[dict[str, int]]  # of the agents, in the order of play; they alternate
    maker: ClassVar[str]  # name of the function that makes the environment

    def __init__(
        self,
        rules: Rules,
        planes: spaces.Box,
        reward: str,
        illegal_action: str,
        action_mask: str,
        render_mode: str | None,
    ):
        super().__init__()
        check_choice("illegal_action", illegal_action, ("raise", "lose"))
        check_choice("reward", reward, REWARDS)
        check_choice("action_mask", action_mask, ("observation", "info"))
        self._renderer = Renderer(render_mode, MODES, f'{self.maker}(render_mode="ansi")')
        self.batch = GoBatch(1, rules)
        self.render_mode = render_mode
        self.possible_agents = list(self.colours)
        self.agents: list[str] = []
        order = self.possible_agents
        self._next = dict(zip(order, order[1:] + order[:1], strict=True))
        self.observation_spaces, self.action_spaces = {}, {}
        for agent in self.colours:
            seen, actions = masked_spaces(planes, rules.size)
            self.observation_spaces[agent] = seen if action_mask == "observation" else planes
            self.action_spaces[agent] = actions
        shape = (3 + len(self.colours), rules.size, rules.size)
        self.state_space = spaces.Box(0, 1, shape, np.uint8)
        self._mask_beside = action_mask == "observation"
        self._illegal_loses = illegal_action == "lose"
        self._reward, self._earlier = REWARDS[reward], 0.0

    def observation_space(self, agent: str) -> gymnasium.Space:
        """The observation space of an agent, the same object at each call."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> gymnasium.Space:
        """The action space of an agent, the same object at each call."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin a game. Nothing is drawn in it, so `seed` changes nothing.

        Args:
            seed: not used.
            options: a position to begin from, ``{"board": [N, N], "to_play": 1 or -1}`` or
                ``{"handicap": stones}``; see `GoEnv.reset`. Others are ignored, as PettingZoo's
                own environments do.

        Raises:
            ValueError: an option is wrong; the game stands as before.
        """
        given = options or {}
        known = {name: given[name] for name in POSITION_OPTIONS if name in given}
        position = self._starting_position(known)
        self._forget()
        self.batch.reset()
        if position is not None:
            self.batch.set_position(0, *position)
        self.agents = list(self.colours)
        to_play = int(self.batch.to_play[0])
        self.agent_selection = next(a for a in self.agents if self.colours[a] == to_play)
        self._skip_agent_selection = None
        self._earlier = 0.0
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
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
        moved = self._act(agent, whole_number(action))
        self._cumulative_rewards[agent] = 0.0
        colour, games = self.colours[agent], self.batch.games
        reward, self._earlier = pay(games, 0, colour, self._reward, self._earlier)
        for other, side in self.colours.items():
            self.rewards[other] = reward if side == colour else 0.0 - reward  # no -0.0 for a draw
        self._accumulate_rewards()
        status = games.info[0, STATUS]
        if status != RUNNING:
            self.terminations = dict.fromkeys(self.agents, bool(status != TRUNCATED))
            self.truncations = dict.fromkeys(self.agents, bool(status == TRUNCATED))
        if moved:
            self.agent_selection = self._next[agent]
        self._describe()
        if moved:
            self._renderer.update(self.batch)

    def observe(self, agent: str) -> Any:
        """What `agent` sees, on turn or not: a dict or an array, as `action_mask` has it."""
        planes, mask = self._see(agent)
        return {"observation": planes, "action_mask": mask} if self._mask_beside else planes

    def state(self) -> np.ndarray:
        """The whole truth, for a critic that all agents share; no agent is to play by it.

        Returns:
            uint8 [3 + agents, N, N]: black stones, white stones, empty points; then, for each of
            `possible_agents`, 1 everywhere if it is on turn. In a finished game nobody is.
        """
        board = self.batch.boards()[0]
        planes: np.ndarray = np.zeros(self.state_space.shape, np.uint8)
        planes[0], planes[1], planes[2] = board == BLACK, board == WHITE, board == 0
        if self.batch.games.info[0, STATUS] == RUNNING:
            planes[3 + self.possible_agents.index(self.agent_selection)] = 1
        return planes

    def render(self) -> Any:
        """The position in the form that `render_mode` names; None for ``"human"``."""
        return self._renderer.frame(self.batch)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._renderer.close()

    def _starting_position(self, options: dict[str, Any]) -> tuple[np.ndarray, int] | None:
        """The position that options of `reset` ask for; see `goenv.seats.starting_position`."""
        return starting_position(options, self.batch.rules[0])

    def _forget(self) -> None:
        """Drop what a subclass keeps of the last game; a new one begins."""

    def _see(self, agent: str) -> tuple[np.ndarray, np.ndarray]:
        """Planes and mask int8 [A] of `agent`, in new arrays; no actions off turn."""
        raise NotImplementedError

    def _legal(self) -> np.ndarray:
        """Mask int8 [A] of `agent_selection`, a new array; zeros in a finished game."""
        return self.batch.legal_actions()[0].view(np.int8)

    def _act(self, agent: str, action: int) -> bool:
        """Play, or lose by it, or raise; returns whether the turn passes to the next agent."""
        verdict = act(self.batch.games, 0, action, self._illegal_loses)
        if verdict != LEGAL and not self._illegal_loses:
            raise IllegalActionError(0, action, REASONS[verdict])
        return True

    def _describe(self) -> None:
        """Infos of all agents for the position as it stands."""
        self.infos: dict[str, dict[str, Any]] = {}
        for agent in self.agents:
            self.infos[agent] = {"action_mask": np.zeros(self.batch.num_actions, np.int8)}
        self.infos[self.agent_selection]["action_mask"] = self._legal()
        if self.batch.games.info[0, STATUS] != RUNNING:
            score = float(self.batch.score()[0])
            for agent in self.agents:
                self.infos[agent]["score"] = score
