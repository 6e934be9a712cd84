"""How an agent thinks about one game: for a while, watched, and with what it finds told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from algorithms.gtp.position import was_interrupted
from algorithms.gtp.protocol import GtpError
from algorithms.players import PolicyAgent, SearchAgent
from algorithms.search import Search, SearchConfig
from algorithms.search.trees import tree_bytes
from baselines.agent import RESIGNATION, Agent, distribution
from goenv import GoBatch

# Memory that the tree of a search without end may take.
_TREE_BYTES = 2**28
# Leaves are walked to blindly: more than one in so many simulations would cost strength.
_SIMULATIONS_A_LEAF = 32
_LONGEST_LINE = 20
# What a policy's probability of 1 is as a number of visits.
_POLICY_VISITS = 1000


@dataclass(frozen=True)
class Effort:
    """How long to think.

    Attributes:
        simulations: at most; None: as many as there is room for.
        seconds: at most; None: no limit.
    """

    simulations: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Finding:
    """What is known of one move.

    Attributes:
        action: the move.
        visits: simulations that began with it.
        winrate: probability of winning for who plays it, 0 to 1; a draw is half a win.
        prior: its probability by the policy, 0 to 1.
        line: how the game is expected to go on, itself included.
    """

    action: int
    visits: int
    winrate: float
    prior: float
    line: tuple[int, ...]

    @property
    def lower_bound(self) -> float:
        """The winrate less 1.96 standard errors, as if each visit were a game played out."""
        spread = (self.winrate * (1 - self.winrate) / max(1, self.visits)) ** 0.5
        return max(0.0, self.winrate - 1.96 * spread)


Watch = Callable[[], bool]  # called again and again; whether to stop


class Resigned(Exception):
    """The agent gives the game up."""


class Thinker:
    """An agent that says its move and nothing more: scripted players, engines.

    Args:
        agent: who plays.
    """

    def __init__(self, agent: Agent):
        self.agent = agent

    def move(
        self, batch: GoBatch, rng: np.random.Generator, effort: Effort, watch: Watch | None = None
    ) -> int:
        """The action that it plays.

        Args:
            batch: one game, which is running.
            rng: source of chance.
            effort: how long it may think, if it can tell.
            watch: told between simulations.

        Raises:
            Resigned: it gives the game up.
            GtpError: it is an engine that failed; the game stays as it is.
        """
        action = int(self.agent.act(batch, rng)[0])
        lost: dict[int, str] = dict(getattr(self.agent, "given_up", {}))
        if 0 in lost:  # in environments it would pass
            if lost[0] == RESIGNATION:
                raise Resigned
            raise GtpError(f"{self.agent.name} failed: {lost[0]}")
        return action

    def check(self) -> None:
        """Raises GtpError if there is nothing that `study` could find."""
        raise GtpError(f"{self.agent.name} neither searches nor has a policy: nothing to analyze")

    def study(
        self, batch: GoBatch, rng: np.random.Generator, effort: Effort, watch: Watch | None = None
    ) -> None:
        """Think without playing, for `findings`; arguments as of `move`."""
        self.check()

    def findings(self) -> list[Finding]:
        """What is known of each legal move by now, the best first."""
        return []


class PolicyThinker(Thinker):
    """A network's policy: visits are thousandths of its probabilities, as if it had been drawn.

    It says no more than one winrate, that of the position.
    """

    def __init__(self, agent: PolicyAgent):
        super().__init__(agent)
        self._evaluator = agent.evaluator
        self._found: list[Finding] = []

    def check(self) -> None:
        """See `Thinker`."""

    def study(
        self, batch: GoBatch, rng: np.random.Generator, effort: Effort, watch: Watch | None = None
    ) -> None:
        """See `Thinker`."""
        logits, values = self._evaluator.evaluate(batch, np.array([0]))
        legal = batch.legal_actions()
        policy = distribution(logits, legal)[0]
        winrate = _winrate(values[0])
        self._found = [
            Finding(action, round(_POLICY_VISITS * chance), winrate, chance, (action,))
            for action, chance in enumerate(policy.tolist())
            if legal[0, action]
        ]
        self._found.sort(key=lambda found: -found.prior)

    def findings(self) -> list[Finding]:
        """See `Thinker`."""
        return self._found


class SearchThinker(Thinker):
    """A search that can be watched and stopped, and keeps its tree from move to move.

    A Gumbel root shares its simulations out beforehand; here nobody knows how many there will be,
    so PUCT takes its place.

    Args:
        agent: whose search it is.
        simulations: that it usually has for a move; None: as many as there is time for.
        leaves: of the tree that are evaluated side by side, at most; fewer where simulations are
            few.
    """

    def __init__(self, agent: SearchAgent, simulations: int | None, leaves: int):
        super().__init__(agent)
        self._agent, self._usual = agent, simulations or 1
        if simulations is not None:
            leaves = min(leaves, 1 + simulations // _SIMULATIONS_A_LEAF)
        given = agent.search.config
        root = "puct" if given.root == "gumbel" else given.root
        self._settings = {**given.model_dump(), "root": root, "leaves": leaves, "reuse": True}
        self._search: Search | None = None
        self._actions = 0  # of the boards that it is for

    def check(self) -> None:
        """See `Thinker`."""

    def move(
        self, batch: GoBatch, rng: np.random.Generator, effort: Effort, watch: Watch | None = None
    ) -> int:
        """See `Thinker`."""
        self.study(batch, rng, effort, watch)
        assert self._search is not None
        return int(self._agent.choose(self._search.result(np.array([0])), rng)[0])

    def study(
        self, batch: GoBatch, rng: np.random.Generator, effort: Effort, watch: Watch | None = None
    ) -> None:
        """See `Thinker`. Whatever the effort, there is one simulation at least."""
        began = time.monotonic()
        search = self._fit(batch.num_actions)
        if was_interrupted(batch):
            search.forget()
        search.evaluator.seed(rng)
        search.begin(batch, np.array([0]), rng, effort.simulations)
        rounds, last = 0, began
        while search.active.any():
            search.round(batch)
            rounds += 1
            now = time.monotonic()
            # A round is under way when it is asked to stop, another takes in what was walked to.
            to_come = 2 * max(now - last, (now - began) / rounds)
            late = effort.seconds is not None and now + to_come - began > effort.seconds
            last = now
            # Before the second round there is nothing to be seen.
            if late or (watch is not None and rounds > 1 and watch()):
                search.stop()

    def findings(self) -> list[Finding]:
        """See `Thinker`."""
        search = self._search
        if search is None:
            return []
        result = search.result(np.array([0]))
        visits, best = result.visits[0], int(result.best[0])
        unvisited = _winrate(result.value[0])
        found = [
            Finding(
                action,
                int(visits[action]),
                _winrate(result.q[0, action]) if visits[action] else unvisited,
                float(result.prior[0, action]),
                tuple(search.line(0, action, _LONGEST_LINE)),
            )
            for action in np.flatnonzero(result.prior[0] > 0).tolist()
        ]
        found.sort(key=lambda each: (each.action != best, -each.visits, -each.winrate, -each.prior))
        return found

    def _fit(self, actions: int) -> Search:
        """The search for boards with so many actions."""
        if self._search is None or actions != self._actions:
            room = _TREE_BYTES // (2 * tree_bytes(1, actions))  # half of the nodes may be kept
            config = SearchConfig(**{**self._settings, "simulations": max(room, self._usual)})
            self._search, self._actions = Search(config, self._agent.search.evaluator), actions
        return self._search


def make_thinker(agent: Agent, simulations: int | None, leaves: int) -> Thinker:
    """How an agent thinks; arguments as of `SearchThinker`."""
    if isinstance(agent, SearchAgent):
        return SearchThinker(agent, simulations, leaves)
    if isinstance(agent, PolicyAgent):
        return PolicyThinker(agent)
    return Thinker(agent)


def _winrate(value: float) -> float:
    """Of an expected outcome in [-1, 1]."""
    return min(1.0, max(0.0, (float(value) + 1) / 2))
