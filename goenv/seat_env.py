"""One seat of a game in turns as a Gymnasium environment; policies have the other seats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import gymnasium
import numpy as np

from goenv.illegal import IllegalActionError
from goenv.renderer import MODES, Renderer
from goenv.rules import BLACK
from goenv.seats import COLOUR_CODES, Observation, check_colour, whole_number
from goenv.state import FORFEITED, RUNNING, STATUS, TRUNCATED
from goenv.turns import TurnsEnv

# What plays a seat: from what it sees, its info and a generator to an action.
Policy = Callable[[Observation, dict[str, Any], np.random.Generator], Any]


def checked_policy(name: str, policy: Literal["random"] | Policy) -> Policy:
    """The policy that an argument stands for.

    Raises:
        ValueError: it is neither ``"random"`` nor a callable; the message names the argument.
    """
    if isinstance(policy, str) and policy == "random":
        return play_randomly
    if not callable(policy):
        raise ValueError(
            f"{name} must be 'random' or a callable (observation, info, rng) -> action, "
            f"got {policy!r}"
        )
    return policy


def play_randomly(observation: Observation, info: dict[str, Any], rng: np.random.Generator) -> int:
    """An action drawn uniformly from those that the mask allows."""
    return int(rng.choice(np.flatnonzero(observation["action_mask"])))


class SeatEnv(gymnasium.Env[Observation, np.int64]):
    """One seat of a `TurnsEnv` for Gymnasium: `step` plays on until the seat is on turn again.

    The agent has the first seat of its colour in the order of play, which begins with White after
    a handicap. In a later one the others could end the game by passing before it had moved at all.

    Args:
        game: the environment to play in, its masks in the observations, without a render mode.
        opponents: policies of the other colour, in the order in which they follow the agent.
        partners: policies of the agent's colour, likewise.
        colour: ``"black"``, ``"white"``, or ``"random"``, drawn at each reset.
        render_mode: see `goenv.GoEnv`; a window shows the position after each move of any seat.

    Raises:
        ValueError: an argument is wrong; the message names it.
    """

    metadata: dict[str, Any] = {"render_modes": MODES, "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
        game: TurnsEnv,
        opponents: Sequence[Policy],
        partners: Sequence[Policy] = (),
        colour: Literal["black", "white", "random"] = "black",
        render_mode: str | None = None,
    ):
        check_colour(colour, game.batch.rules[0])
        self._renderer = Renderer(render_mode, MODES, 'make(..., render_mode="ansi")')
        self.game = game
        self.seat = game.possible_agents[0]
        self.observation_space = game.observation_space(self.seat)
        self.action_space = game.action_space(self.seat)
        self.render_mode = render_mode
        self._opponents, self._partners = tuple(opponents), tuple(partners)
        self._choice = COLOUR_CODES[colour]
        self._others: dict[str, Policy] = {}
        self._owed = 0.0  # what the agent got before its first step, in which it is paid

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a game; who comes before the agent has moved already.

        Args:
            seed: determines all that is drawn in this game and those that follow it.
            options: a position to begin from, see `goenv.GoEnv.reset`; none in phantom Go.

        Raises:
            ValueError: an option is unknown or wrong; the game stands as before.
        """
        position = self.game._starting_position(options or {})
        super().reset(seed=seed)
        colour = self._choice or (1 - 2 * int(self.np_random.integers(2)))
        order, colours = self.game.possible_agents, self.game.colours
        begins = BLACK if position is None else position[1]
        first = next(index for index, agent in enumerate(order) if colours[agent] == begins)
        self.seat = next(a for a in order[first:] + order[:first] if colours[a] == colour)
        self._others = self._cast()
        self.game.reset(options=options)
        self._renderer.update(self.game.batch)
        self._owed = self._let_others_play()
        return self._result()

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Play the agent's action, and the other seats until it is on turn again.

        Raises:
            IllegalActionError: the action is illegal (see `illegal_action`), or another seat's:
                that ends the game, as any error of another seat's policy does.
            ResetNeeded: the game is over.
        """
        if self._status() != RUNNING or not self.game.agents:
            raise gymnasium.error.ResetNeeded("the game is over, or none has begun: call reset")
        reward = self._owed + self._move(whole_number(action))
        self._owed = 0.0
        reward += self._let_others_play()
        truncated = self._status() == TRUNCATED
        ended = self._status() != RUNNING and not truncated
        observation, info = self._result()
        return observation, reward, ended, truncated, info

    def action_masks(self) -> np.ndarray:
        """Actions that the agent may choose, bool [A]; sb3-contrib looks for this name."""
        return self.game.infos[self.seat]["action_mask"].astype(bool)

    def render(self) -> Any:
        """The position in the form that `render_mode` names; None for ``"human"``."""
        return self._renderer.frame(self.game.batch)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._renderer.close()

    def _status(self) -> int:
        return int(self.game.batch.games.info[0, STATUS])

    def _cast(self) -> dict[str, Policy]:
        """Who plays which of the other seats."""
        order, colours = self.game.possible_agents, self.game.colours
        first = order.index(self.seat)
        partners, opponents = iter(self._partners), iter(self._opponents)
        return {
            agent: next(partners if colours[agent] == colours[self.seat] else opponents)
            for agent in order[first + 1 :] + order[:first]
        }

    def _move(self, action: int) -> float:
        """Play for who is on turn; returns what the agent got for it."""
        self.game.step(action)
        self._renderer.update(self.game.batch)
        return self.game.rewards[self.seat]

    def _let_others_play(self) -> float:
        """Play the other seats until the agent is on turn; returns what it got meanwhile."""
        reward = 0.0
        try:
            while self._status() == RUNNING and self.game.agent_selection != self.seat:
                reward += self._move(self._choose(self.game.agent_selection))
        except BaseException:
            self.game.agents = []  # the agent is not to go on in another's turn
            raise
        return reward

    def _choose(self, agent: str) -> int:
        """The action that the policy of a seat chooses; its mask allows it."""
        observation: Any = self.game.observe(agent)
        info = self._info(agent, observation["action_mask"])
        chosen = self._others[agent](observation, info, self.np_random)
        try:
            action = whole_number(chosen)
        except ValueError as error:
            raise ValueError(f"the policy of {agent}: {error}") from None
        allowed = self.game.infos[agent]["action_mask"]
        if not 0 <= action < len(allowed) or not allowed[action]:
            reason = f"its mask forbids it; the policy of {agent} chose it, not the agent"
            raise IllegalActionError(0, action, reason)
        return action

    def _info(self, agent: str, mask: np.ndarray) -> dict[str, Any]:
        batch = self.game.batch
        return {
            "action_mask": mask,
            "colour": self.game.colours[agent],
            "to_play": int(batch.to_play[0]),
            "ply": int(batch.ply[0]),
        }

    def _result(self) -> tuple[Observation, dict[str, Any]]:
        """Observation and info of the agent."""
        observation: Any = self.game.observe(self.seat)
        info = self._info(self.seat, observation["action_mask"])
        if self._status() != RUNNING:
            info["score"] = float(self.game.batch.score()[0])
            if self._status() == FORFEITED:
                info["illegal_action"] = True
        return observation, info
