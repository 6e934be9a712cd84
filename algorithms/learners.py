"""Every learner by name: those that come with GoZoo, and those of others.

A learner of someone else's is found by an entry point of its distribution, in `pyproject.toml`:

    [project.entry-points."gozoo.learners"]
    my_learner = "my_module:LEARNER"

where ``LEARNER = (MyLearner, MyLearnerConfig)``: a class that follows `algorithms.learner.Learner`
and is made by ``MyLearner(config, rules, seed)``, and its settings, a `LearnerConfig` whose
``algorithm`` is ``Literal["my_learner"]``. `examples/my_learner.py` is one.
"""

from __future__ import annotations

import warnings
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

from algorithms.alphazero import AlphaZero, AlphaZeroConfig
from algorithms.best_response import BestResponse, BestResponseConfig
from algorithms.league import League, LeagueConfig
from algorithms.learner import LearnerConfig
from algorithms.nfsp import Nfsp, NfspConfig
from algorithms.q_learning import QLearning, QLearningConfig
from algorithms.reinforce import Reinforce, ReinforceConfig
from algorithms.supervised import Supervised, SupervisedConfig

GROUP = "gozoo.learners"
_Entry = tuple[type, type[LearnerConfig]]

BUILT_IN: dict[str, _Entry] = {
    "alphazero": (AlphaZero, AlphaZeroConfig),
    "best_response": (BestResponse, BestResponseConfig),
    "league": (League, LeagueConfig),
    "nfsp": (Nfsp, NfspConfig),
    "q_learning": (QLearning, QLearningConfig),
    "reinforce": (Reinforce, ReinforceConfig),
    "supervised": (Supervised, SupervisedConfig),
}


def _of_others() -> dict[str, _Entry]:
    """Learners that other distributions name; one that is broken is left out, with a warning."""
    found: dict[str, _Entry] = {}
    for point in entry_points(group=GROUP):
        try:
            found[point.name] = _load(point)
        except Exception as error:  # whatever a stranger's module may raise
            warnings.warn(
                f"the learner {point.name!r} of {point.value} cannot be used: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
    return found


def _load(point: EntryPoint) -> _Entry:
    entry: Any = point.load()
    if point.name in BUILT_IN:
        raise ValueError("GoZoo has a learner of this name")
    if not (isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], type)):
        raise TypeError("the entry point must name a tuple (learner class, its settings)")
    learner, config = entry
    if not (isinstance(config, type) and issubclass(config, LearnerConfig)):
        raise TypeError(f"its settings must be a LearnerConfig, got {config!r}")
    if get_args(config.model_fields["algorithm"].annotation) != (point.name,):
        raise TypeError(f'the field algorithm of its settings must be Literal["{point.name}"]')
    return learner, config


LEARNERS: dict[str, _Entry] = BUILT_IN | _of_others()
"""By name, the class of the learner and the class of its settings."""
