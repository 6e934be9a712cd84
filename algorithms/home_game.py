"""On which board agents meet where nobody says so: on that on which the trained ones learned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from algorithms.checkpoint import CheckpointError, load_weights
from algorithms.config import CONFIG_FILE, ConfigError, GameConfig, validate
from algorithms.registry import BUILT_IN
from algorithms.shipped import UnknownPlayer, locate

_DEPTH = 3  # from a checkpoint's weights up to the run: its folder, `checkpoints`, the run


def home_game(text: str) -> GameConfig | None:
    """The game that a trained agent learned to play; None for others, or where it is not known.

    Args:
        text: of the agent: a run, a checkpoint in one, or a player that comes with GoZoo. Of
            weights by themselves only the size is known, the rest is as usual there.

    Raises:
        ConfigError: the configuration of its run cannot be read.
    """
    location = text.partition("?")[0]
    if text.partition(":")[0] in BUILT_IN or not location:
        return None
    try:
        path = locate(location)
        inside = next((each for each in (path, *path.parents[:_DEPTH]) if _is_run(each)), None)
        if inside is None:
            return GameConfig(size=load_weights(path)[1].size) if path.exists() else None
    except (UnknownPlayer, CheckpointError, OSError, ValueError):
        return None  # who makes the agent says what is wrong with it
    file = inside / CONFIG_FILE
    try:
        return GameConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))["game"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ConfigError(f"{file} does not say which game was learned: {error}") from None


def _is_run(folder: Path) -> bool:
    return (folder / CONFIG_FILE).is_file()


def choose_game(
    agents: Sequence[str], given: dict[str, Any], usual: GameConfig | None = None
) -> GameConfig:
    """The game for some agents: what is given, the rest as the first trained one learned it.

    Args:
        agents: texts.
        given: fields of `GameConfig`; None: not said. With another size than an agent's own
            nothing is taken from it.
        usual: where none of the agents is trained.

    Raises:
        ConfigError: the agents learned different games, and what differs is not given; or a value
            is wrong.
    """
    said = {name: value for name, value in given.items() if value is not None}
    homes = {text: home for text in agents if (home := home_game(text)) is not None}
    there = {text: h for text, h in homes.items() if said.get("size", h.size) == h.size}
    for name in GameConfig.model_fields:
        values = {text: getattr(home, name) for text, home in there.items()}
        if name not in said and len(set(values.values())) > 1:
            listed = ", ".join(f"{value} ({text})" for text, value in values.items())
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"the agents learned different games, {name} {listed}: say {option}")
    base = next(iter(there.values()), usual or GameConfig())
    return validate(GameConfig, {**base.model_dump(), **said}, "the game")
