"""goenv: Go under exact Tromp-Taylor rules, batched and compiled, for reinforcement learning."""

from goenv.batch import GoBatch, IllegalActionError
from goenv.observations import PLANES
from goenv.rules import BLACK, EMPTY, WHITE, Rules
from goenv.threads import get_num_threads, set_num_threads

__all__ = [
    "BLACK",
    "EMPTY",
    "PLANES",
    "WHITE",
    "GoBatch",
    "IllegalActionError",
    "Rules",
    "get_num_threads",
    "set_num_threads",
]
