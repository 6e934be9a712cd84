"""The exact truth about small boards: every state, its value, and the best reply to any player.

Under simple ko a state is the board, the player to move, which moves the ko forbids, and whether
the last move was a pass. With a limit on moves the number of moves left belongs to it too, and
everything follows by going backwards from the limit. On 3x3 this takes a second or two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from baselines.agent import Agent, PolicyPlayer
from goenv import BLACK, GoBatch, Rules
from goenv.kernel import kernel

ILLEGAL, ENDS = -1, -2  # in `Oracle.successors`: no move; two passes have ended the game
LARGEST = 3
_LOWEST = np.float32(-1e9)


@kernel
def _values(policy, has_policy, responder, successors, black_to_move, now, values):
    """Fill ``values[left]``, Black's, for every number of moves left, from 0 on.

    The side `responder` plays best (1 Black, -1 White), the other by `policy` [S, A]; with 0 both
    play by the policy, or best if there is none.
    """
    states, actions = successors.shape
    for state in range(states):
        values[0, state] = now[state]
    for left in range(1, values.shape[0]):
        for state in range(states):
            sign = np.float32(1) if black_to_move[state] else np.float32(-1)
            best, mean = _LOWEST, np.float32(0)
            replies = has_policy and sign != responder
            for action in range(actions):
                after = successors[state, action]
                if after == ILLEGAL:
                    continue
                value = now[state] if after == ENDS else values[left - 1, after]
                if replies:
                    mean += policy[state, action] * value
                else:
                    best = max(best, sign * value)
            values[left, state] = mean if replies else sign * best


class Oracle:
    """All states of a small board that can be reached within the limit on moves.

    Values are from Black's side: ``values[left, state]`` with `left` moves left until the limit,
    where the game is scored as it stands. They come in two kinds, `"score"`, points less komi, and
    `"outcome"`, 1, 0 or -1.

    Args:
        rules: of the game: side at most 3, simple ko, and `max_moves` set.

    Attributes:
        rules: of the game.
        boards: int8 [S, N, N].
        to_play: int8 [S].
        passed: bool [S], whether the last move was a pass.
        legal: bool [S, A].
        successors: int32 [S, A], the state after each action, ILLEGAL or ENDS.
        areas: int64 [S], Black's area minus White's.
        depth: int64 [S], the least number of moves that lead there.
        start: the state of the empty board, Black to move.

    Raises:
        ValueError: the board is too large, or the rules know no simple ko or no limit.
    """

    def __init__(self, rules: Rules):
        if rules.size > LARGEST:
            raise ValueError(f"size: an oracle knows boards up to {LARGEST}, got {rules.size}")
        if rules.superko != "simple":
            raise ValueError(f"superko: an oracle needs 'simple', got {rules.superko!r}")
        if rules.max_moves is None:
            raise ValueError("max_moves: an oracle needs a limit")
        self.rules, self.start = rules, 0
        self._paths: list[np.ndarray] = []  # for each depth, the moves that lead to its states
        self._enumerate()

    # ---- all states -------------------------------------------------------------------------

    def _enumerate(self) -> None:
        """Breadth first from the empty board."""
        actions, most = self.rules.size**2 + 1, self.rules.max_moves or 0
        # The ends of games by the limit do not count here: `left` sees to them.
        fields = {name: getattr(self.rules, name) for name in Rules.field_names()}
        rules = Rules(**{**fields, "max_moves": None})
        layer = GoBatch(1, rules)
        numbers = {self._keys(layer, np.zeros(1, np.bool_))[0]: 0}
        passed = np.zeros(1, np.bool_)
        parts: dict[str, list[np.ndarray]] = {}
        paths = np.zeros((1, 0), np.int64)
        first = depth = 0
        while len(layer):
            legal = layer.legal_actions()
            found = {
                "boards": layer.boards(), "to_play": layer.to_play, "passed": passed,
                "legal": legal, "areas": (layer.score() + layer.komi).astype(np.int64),
                "depth": np.full(len(layer), depth),
            }  # fmt: skip
            for name, array in found.items():
                parts.setdefault(name, []).append(array)
            self._paths.append(paths)
            successors = np.full((len(layer), actions), ILLEGAL, np.int32)
            rows, moves = np.nonzero(legal)
            after = layer.take(rows)
            after.step(moves)
            running = np.flatnonzero(~after.done)
            successors[rows, moves] = ENDS
            by_pass = moves == actions - 1
            new = []
            keys = self._keys(after, by_pass)
            for index in running.tolist():
                number = numbers.get(keys[index])
                if number is None:
                    number = numbers[keys[index]] = len(numbers)
                    new.append(index)
                successors[rows[index], moves[index]] = number
            parts.setdefault("successors", []).append(successors)
            first, depth = first + len(layer), depth + 1
            if depth > most:
                break
            chosen = np.array(new, np.int64)
            paths = np.column_stack([paths[rows[chosen]], moves[chosen]])
            layer, passed = after.take(chosen), by_pass[chosen]
        whole = {name: np.concatenate(arrays) for name, arrays in parts.items()}
        self.boards = whole["boards"].astype(np.int8)
        self.to_play, self.passed = whole["to_play"].astype(np.int8), whole["passed"]
        self.legal, self.areas, self.depth = whole["legal"], whole["areas"], whole["depth"]
        # States beyond the last layer are out of reach; nothing is asked of them.
        self.successors = np.where(whole["successors"] < first, whole["successors"], ILLEGAL)
        self._numbers = numbers

    @staticmethod
    def _keys(batch: GoBatch, passed: np.ndarray) -> list[bytes]:
        """What tells states apart, for each game; finished games get some key."""
        parts = [
            batch.boards().reshape(len(batch), -1).astype(np.int8),
            batch.to_play[:, None].astype(np.int8),
            batch.legal_actions().astype(np.int8),
            passed[:, None].astype(np.int8),
        ]
        return [row.tobytes() for row in np.concatenate(parts, axis=1)]

    def __len__(self) -> int:
        return len(self.to_play)

    def states_of(self, batch: GoBatch) -> np.ndarray:
        """The state of each running game of a batch, int64 [B]; -1 for finished games.

        Raises:
            LookupError: a game is in no state that can be reached under these rules.
        """
        passed = batch.last_action == batch.num_actions - 1
        keys = self._keys(batch, passed)
        return np.array(
            [-1 if done else self._numbers[key] for key, done in zip(keys, batch.done, strict=True)]
        )

    def layers(self) -> Iterator[GoBatch]:
        """Every state as a game, in their order: a batch for each depth."""
        for paths in self._paths:
            batch = GoBatch(len(paths), self.rules)
            for actions in paths.T:
                batch.step(actions)
            yield batch

    def moves_to(self, state: int) -> np.ndarray:
        """Actions that lead from the empty board to a state, as few as there are, int64."""
        depth = int(self.depth[state])
        first = int(np.searchsorted(self.depth, depth))
        return self._paths[depth][state - first]

    # ---- values -----------------------------------------------------------------------------

    def now(self, kind: str) -> np.ndarray:
        """Black's value of each state if the game ended there, float32 [S]."""
        if kind not in ("score", "outcome"):
            raise ValueError(f"kind: 'score' or 'outcome', got {kind!r}")
        score = (self.areas - self.rules.komi).astype(np.float32)
        return score if kind == "score" else np.sign(score)

    def values(self, kind: str = "score") -> np.ndarray:
        """Minimax values, Black's, float32 [max_moves + 1, S]."""
        return self._solve(None, 0, kind)

    def best_response(self, policy: np.ndarray, side: int, kind: str = "score") -> np.ndarray:
        """Values, Black's, when `side` plays best against a player who is known.

        Args:
            policy: the other player's, [S, A], a distribution over legal actions in each state.
            side: BLACK or WHITE, who plays best.
            kind: of values.

        Returns:
            float32 [max_moves + 1, S].
        """
        return self._solve(np.asarray(policy, np.float32), side, kind)

    def policy_values(self, policy: np.ndarray, kind: str = "score") -> np.ndarray:
        """Values, Black's, when both sides play by a policy, float32 [max_moves + 1, S].

        Args:
            policy: [S, A], a distribution over legal actions in each state.
            kind: of values.
        """
        return self._solve(np.asarray(policy, np.float32), 0, kind)

    def _solve(self, policy: np.ndarray | None, side: int, kind: str) -> np.ndarray:
        now = self.now(kind)
        values = np.empty(((self.rules.max_moves or 0) + 1, len(self)), np.float32)
        given = np.zeros((1, 1), np.float32) if policy is None else policy
        arguments = (self.successors, self.to_play == BLACK, now, values)
        _values(given, policy is not None, np.float32(side), *arguments)
        return values

    def gives_up(self, values: np.ndarray, left: int) -> np.ndarray:
        """What each action gives up, for its player, with `left` moves left, float32 [S, A].

        0 for the best ones; nan for illegal ones.
        """
        after = np.take(values[left - 1], np.maximum(self.successors, 0))
        # `values[0]` is what the states are worth if the game ends there.
        after = np.where(self.successors == ENDS, values[0][:, None], after)
        lost = (values[left][:, None] - after) * self.to_play[:, None]
        return np.where(self.successors == ILLEGAL, np.nan, lost)

    def policy_of(
        self,
        agent: Agent,
        rng: np.random.Generator,
        repeats: int = 1,
        tell: Callable[[float], object] = lambda share: None,
    ) -> np.ndarray:
        """How an agent plays in every state, float32 [S, A]: the shares of its moves.

        Args:
            agent: asked in every state but those at the limit on moves, where it has none.
            rng: of its randomness.
            repeats: how often it is asked; once is enough where it plays without chance, or where
                it tells its chances (see `PolicyPlayer`).
            tell: called with the share of states that were asked; what it raises ends the asking.
        """
        policy = np.zeros(self.legal.shape, np.float32)
        first = 0
        for batch in self.layers():
            rows = first + np.flatnonzero(~batch.done)
            if isinstance(agent, PolicyPlayer):
                policy[rows] = agent.policy(batch)[~batch.done]
            else:
                for _ in range(repeats if len(rows) else 0):
                    np.add.at(policy, (rows, agent.act(batch, rng)[~batch.done]), 1 / repeats)
            first += len(batch)
            tell(first / len(policy))
        return policy
