"""A best response: PPO against a fixed league (claim C15 of the lecture).

Who fixes the opponents has made the game an ordinary decision process, which any model-free method
may solve. Here it is proximal policy optimisation (Schulman et al. 2017, `algorithms.ppo`), and the
league any mix of agents: scripted ones, searches, checkpoints, engines. What comes of it wins
against this league; how it fares against others nobody has asked. Against one frozen agent its win
rate is a lower bound on how exploitable that agent is in such games (`gozoo exploit`).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from algorithms.budget import Ledger
from algorithms.learner import AgentWeights, LearnerConfig, Starts
from algorithms.model import Model
from algorithms.players import PlayConfig, network_agent
from algorithms.ppo import Ppo, PpoConfig
from algorithms.registry import make_agent
from algorithms.seat_games import SeatGames
from baselines.agent import Agent
from goenv import Rules


class BestResponseConfig(LearnerConfig):
    """Settings of `BestResponse`."""

    league_fields: ClassVar[tuple[str, ...]] = ("opponents",)

    algorithm: Literal["best_response"] = "best_response"
    opponents: AgentWeights = Field(
        {"random": 1.0},
        min_length=1,
        description="agents by their text, or leagues, with weights",
    )
    ppo: PpoConfig = PpoConfig()
    play: PlayConfig = PlayConfig(temperature=1.0)


class BestResponse:
    """The learner.

    Args:
        config: settings.
        rules: of the training games.
        seed: of weights and games.

    Raises:
        AgentError: an opponent's text names no agent.
    """

    def __init__(self, config: BestResponseConfig, rules: Rules, seed: int):
        self.config = config
        self.model = Model(config.network, seed, compiled=config.compile)
        members = [make_agent(text) for text in config.opponents]
        weights = list(config.opponents.values())
        starts = Starts(config.start, rules)
        games = SeatGames(members, weights, starts, config.ppo.games, [seed, 0xBE57, 0])
        self._ppo = Ppo(self.model, config.optimiser, config.ppo, games, [seed, 0xBE57, 1])

    def step(self, ledger: Ledger) -> dict[str, float]:
        """One update of PPO; the win rates are those of the last games with each opponent."""
        return self._ppo.step(ledger)

    def agent(self) -> Agent:
        """The policy, as `config.play` says."""
        return network_agent(self.model, self.config.play, "best_response")

    def state_dict(self) -> dict[str, Any]:
        """See `Learner`."""
        return self._ppo.state_dict()

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """See `Learner`."""
        self._ppo.load_state_dict(saved)
