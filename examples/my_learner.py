"""A learner of one's own, which GoZoo trains and compares like those that come with it.

It imitates UCT: its policy plays both sides of every game, and in each position it meets it learns
the move that a search with random playouts would have made there (as DAgger does).

Name it in the `pyproject.toml` of your project, install that, and `algorithm: imitation` is known
to `gozoo train` and `gozoo compare`:

    [project.entry-points."gozoo.learners"]
    imitation = "my_learner:LEARNER"
"""

from typing import Literal

import numpy as np
import torch
from torch.nn import functional as F

from algorithms.budget import MeteredBatch, charging
from algorithms.learner import LearnerConfig, Optimiser, Starts, rng_state
from algorithms.model import Model, NetworkEvaluator, masked_log_policy, observe
from algorithms.players import network_agent, uct_agent
from baselines.agent import sample_actions


class ImitationConfig(LearnerConfig):
    """Settings; `LearnerConfig` brings those of network, optimiser, starts and play along."""

    algorithm: Literal["imitation"] = "imitation"
    games: int = 64
    playouts: int = 50


class Imitation:
    """See `algorithms.learner.Learner`."""

    def __init__(self, config, rules, seed):
        self.config, self.model = config, Model(config.network, seed)
        self.optimiser = Optimiser(self.model, config.optimiser)
        self.expert, self.starts = uct_agent(config.playouts), Starts(config.start, rules)
        self.rng = np.random.default_rng(seed)

    def step(self, ledger):
        """Play games to the end; after every move, one gradient step on the expert's moves."""
        batch = MeteredBatch(ledger, self.config.games, self.starts.largest_rules)
        for game in range(len(batch)):
            self.starts.begin(batch, game, self.rng)
        losses = []
        with charging(ledger):  # every pass of a network and every playout in here
            while not batch.done.all():
                running = np.flatnonzero(~batch.done)
                wanted = self.expert.act(batch, self.rng)[running]
                planes = torch.from_numpy(observe(batch, running))
                log_policy = masked_log_policy(self.model.forward(planes).policy, planes)
                loss = F.nll_loss(log_policy, torch.from_numpy(wanted).to(log_policy.device))
                loss.backward()
                self.optimiser.update(ledger.progress())
                losses.append(loss.item())
                logits, _ = NetworkEvaluator(self.model).evaluate(batch, running)
                allowed = np.where(batch.legal_actions()[running], logits, -np.inf)
                batch.step_games(running, sample_actions(allowed, self.rng))
        return {"games": float(len(batch)), "policy_loss": float(np.mean(losses))}

    def agent(self):
        """What it has become."""
        return network_agent(self.model, self.config.play, "imitation")

    def state_dict(self):
        """All that going on needs besides the weights."""
        return {"optimiser": self.optimiser.state_dict(), "rng": rng_state(self.rng)}

    def load_state_dict(self, state):
        """Take over what `state_dict` returned."""
        self.optimiser.load_state_dict(state["optimiser"])
        self.rng.bit_generator.state = state["rng"]


LEARNER = (Imitation, ImitationConfig)
