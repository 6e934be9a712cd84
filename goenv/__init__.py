"""goenv: Go under exact Tromp-Taylor rules, batched and compiled, for reinforcement learning."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import gymnasium

from goenv import (
    compile_notice,
    kernel_cache,  # noqa: F401 - tracks goenv's own kernels, so it comes before any of them
)
from goenv.areas import area_map
from goenv.batch import GoBatch
from goenv.game import Game
from goenv.gym_env import GoEnv
from goenv.handicap import handicap_points
from goenv.illegal import IllegalActionError
from goenv.observations import PLANE_SETS, PLANES
from goenv.pictures import game_svg, svg
from goenv.raster import rgb_array
from goenv.render import ansi, game_text
from goenv.rules import BLACK, EMPTY, WHITE, Rules
from goenv.sgf import read_sgf, write_sgf
from goenv.threads import get_num_threads, set_num_threads
from goenv.vector_env import GoVectorEnv

if TYPE_CHECKING:
    from goenv.pair_go import PairGoAECEnv, PairGoEnv, pair_go_env
    from goenv.pettingzoo_env import GoAECEnv, aec_env
    from goenv.phantom_go import PhantomGoAECEnv, PhantomGoEnv, phantom_go_env

__all__ = [
    "BLACK",
    "EMPTY",
    "PLANES",
    "PLANE_SETS",
    "WHITE",
    "Game",
    "GoAECEnv",
    "GoBatch",
    "GoEnv",
    "GoVectorEnv",
    "IllegalActionError",
    "PairGoAECEnv",
    "PairGoEnv",
    "PhantomGoAECEnv",
    "PhantomGoEnv",
    "Rules",
    "aec_env",
    "ansi",
    "area_map",
    "game_svg",
    "game_text",
    "get_num_threads",
    "handicap_points",
    "pair_go_env",
    "phantom_go_env",
    "read_sgf",
    "rgb_array",
    "set_num_threads",
    "svg",
    "write_sgf",
]

compile_notice.install()

gymnasium.register(
    id="goenv/Go-v0",
    entry_point="goenv.gym_env:GoEnv",
    vector_entry_point="goenv.vector_env:GoVectorEnv",
)
gymnasium.register(id="goenv/PairGo-v0", entry_point="goenv.pair_go:PairGoEnv")
gymnasium.register(id="goenv/PhantomGo-v0", entry_point="goenv.phantom_go:PhantomGoEnv")

# PettingZoo is imported only by those who use it; these names are in modules that need it.
_WITH_PETTINGZOO = {
    "GoAECEnv": "goenv.pettingzoo_env",
    "aec_env": "goenv.pettingzoo_env",
    "PairGoAECEnv": "goenv.pair_go",
    "PairGoEnv": "goenv.pair_go",
    "pair_go_env": "goenv.pair_go",
    "PhantomGoAECEnv": "goenv.phantom_go",
    "PhantomGoEnv": "goenv.phantom_go",
    "phantom_go_env": "goenv.phantom_go",
}
if "pettingzoo" in sys.modules:
    importlib.import_module("goenv.pettingzoo_ids")


def __getattr__(name: str) -> Any:
    if name in _WITH_PETTINGZOO:
        return getattr(importlib.import_module(_WITH_PETTINGZOO[name]), name)
    raise AttributeError(f"module 'goenv' has no attribute {name!r}")
