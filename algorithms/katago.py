"""KataGo's network as an evaluator: it judges the leaves of our searches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from algorithms.budget import charged
from algorithms.evaluator import with_score
from baselines.analysis import Analysis, AnalysisEngine, Query, Refusal
from baselines.engine_process import EngineError
from baselines.game_lines import Line, LineBook
from goenv import GoBatch

_LEAST = 1e-6  # probability of an action that KataGo deems illegal, or all but so
_REMEMBERED_LINES = 16384  # positions from which later ones may lead on


class KataGoEvaluator:
    """Asks KataGo's analysis engine; see `Evaluator`.

    Policy and value are those of its network, or with more visits the value of its search. A search
    comes to a position by way of one that it has asked about before, so KataGo is told the whole
    game; where that is not known, it is told the board of five moves ago and those moves.

    Args:
        engine: that is asked, in batches.
        visits: of KataGo's own search for each position; 1 asks the network alone.
        score_weight: share of the score in a value; see `with_score`.
    """

    def __init__(self, engine: AnalysisEngine, visits: int = 1, score_weight: float = 0.0):
        self.engine = engine
        self._visits, self._score_weight = visits, score_weight
        self._book = LineBook(_REMEMBERED_LINES, branching=True)

    def evaluate(self, batch: GoBatch, games: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Evaluator`.

        Raises:
            EngineError: KataGo is missing, fails twice, or does not play by the rules.
        """
        games = np.asarray(games, np.int64)
        found = self._ask(batch, games)
        logits = np.full((len(games), batch.num_actions), np.log(_LEAST), np.float32)
        sizes = batch.sizes[games]
        for row, (analysis, size) in enumerate(zip(found, sizes.tolist(), strict=True)):
            policy = np.log(np.maximum(analysis.policy, _LEAST))
            points = logits[row, :-1].reshape(batch.max_size, batch.max_size)
            points[:size, :size] = policy[:-1].reshape(size, size)
            logits[row, -1] = policy[-1]
        values = np.array([analysis.value for analysis in found], np.float32)
        if self._score_weight > 0:
            leads = np.array([analysis.lead for analysis in found])
            values = with_score(values, leads / sizes, self._score_weight).astype(np.float32)
        ledger = charged()
        if ledger is not None:  # what a pass of KataGo's network costs is not known
            ledger.charge_evaluations(sum(analysis.cost for analysis in found), 0.0)
        return logits, values

    def _ask(self, batch: GoBatch, games: np.ndarray) -> list[Analysis]:
        queries = [self._query(line) for line in self._book.find(batch, games)]
        answers = self.engine.ask(queries)
        # A move that our rules allow may be illegal to KataGo, such as the suicide of one stone.
        again = [index for index, answer in enumerate(answers) if isinstance(answer, Refusal)]
        if again:
            boards, to_play = batch.boards(), batch.to_play
            bare = []
            for index in again:
                game, size = games[index], queries[index].rules.size
                stones = boards[game, :size, :size].tobytes()
                asked = replace(queries[index], moves=(), turns=(0,), stones=stones)
                bare.append(replace(asked, first=int(to_play[game])))
            for index, answer in zip(again, self.engine.ask(bare), strict=True):
                answers[index] = answer
        found = []
        for answer, query in zip(answers, queries, strict=True):
            if isinstance(answer, Refusal):
                raise EngineError(f"KataGo does not judge games by {query.rules}: {answer.text}")
            found += answer
        return found

    def _query(self, line: Line) -> Query:
        moves = tuple(line.moves)
        return Query(
            line.rules, moves, (len(moves),), line.start, line.to_start, visits=self._visits
        )

    def seed(self, rng: np.random.Generator) -> None:
        """There is nothing random."""
