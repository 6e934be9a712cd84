"""Leagues: files that name agents with weights, to be trained against and to be measured by.

Those beside this file come with GoZoo, ``league/5x5`` and so on; any other is named by its path.
Where a configuration has a league, `resolve_run` and `resolve_comparison` put its members in its
place, so that what is stored with the results names who took part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, Field, field_validator

from algorithms.compare_config import CompareConfig
from algorithms.config import ConfigError, TrainConfig, load_config, validate
from algorithms.frozen import Frozen
from algorithms.learner import LearnerConfig
from algorithms.registry import (
    LEAGUE_PREFIX,
    AgentError,
    AgentMissing,
    is_league,
    make_agent,
)

_HERE = Path(__file__).parent
_Config = TypeVar("_Config", bound=BaseModel)


class MemberConfig(Frozen):
    """A member of a league."""

    agent: str = Field(min_length=1, description="its text")
    weight: float = Field(1.0, gt=0, description="how often it is met, beside the others")
    optional: bool = Field(
        False, description="whether it is left out where it is not installed, such as GNU Go"
    )


class LeagueFile(Frozen):
    """A league."""

    size: int | None = Field(None, description="side of the boards it is for; none: any")
    members: tuple[MemberConfig, ...] = Field(min_length=1)

    @field_validator("members")
    @classmethod
    def _differ(cls, members: tuple[MemberConfig, ...]) -> tuple[MemberConfig, ...]:
        names = [member.agent for member in members]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"members must differ, got {', '.join(twice)} twice")
        return members


def standard_leagues() -> dict[str, Path]:
    """The files of the leagues that come with GoZoo by their names, the smallest board first."""
    files = sorted(_HERE.glob("*x*.yaml"), key=lambda path: int(path.stem.partition("x")[0]))
    return {f"{LEAGUE_PREFIX}{path.stem}": path for path in files}


def load_league(text: str) -> LeagueFile:
    """The league that a name or a path names.

    Raises:
        ConfigError: there is none of this name, or the file is wrong.
    """
    path = Path(text)
    if text.startswith(LEAGUE_PREFIX) and not path.is_file():
        known = standard_leagues()
        if text not in known:
            raise ConfigError(
                f"{text!r}: the leagues that come with GoZoo are {', '.join(known)}; another is "
                "named by the path of its file"
            )
        path = known[text]
    return load_config(LeagueFile, path)


def expand(
    weights: Mapping[str, float], size: int, tell: Callable[[str], None] = lambda text: None
) -> dict[str, float]:
    """Agents with weights, where leagues are replaced by their members that are there.

    A member's weight is its own in the league times that of the league; who comes twice has both.

    Args:
        weights: of agents and leagues, by their texts.
        size: side of the board that they play on.
        tell: told who is left out, and why.

    Raises:
        ConfigError: a league is wrong, is for another size, or nobody of it is there.
    """
    found: dict[str, float] = {}
    for text, weight in weights.items():
        here = _present(text, size, tell) if is_league(text) else {text: 1.0}
        for agent, own in here.items():
            found[agent] = found.get(agent, 0.0) + weight * own
    return found


def expand_names(
    texts: Iterable[str], size: int, tell: Callable[[str], None] = lambda text: None
) -> tuple[str, ...]:
    """The same without weights."""
    return tuple(expand(dict.fromkeys(texts, 1.0), size, tell))


def _present(text: str, size: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Members of a league that are there, with their weights."""
    league = load_league(text)
    if league.size not in (None, size):
        raise ConfigError(
            f"{text} is for boards of {league.size}x{league.size}, the game has {size}x{size}"
        )
    found = {}
    for member in league.members:
        try:
            make_agent(member.agent)
        except AgentMissing as error:
            if not member.optional:
                raise ConfigError(f"{text}: {error}; 'optional: true' would leave it out") from None
            tell(f"{text}: left out: {error}")
            continue
        except AgentError as error:
            raise ConfigError(f"{text}: {error}") from None
        found[member.agent] = member.weight
    if not found:
        raise ConfigError(f"{text}: none of its members is there")
    return found


def resolve_run(config: TrainConfig, tell: Callable[[str], None]) -> TrainConfig:
    """The same run with members in the place of leagues; see `expand`."""
    learner = _learner(config.learner, config.game.size, tell)
    return _with(config, {"learner": learner})


def resolve_comparison(config: CompareConfig, tell: Callable[[str], None]) -> CompareConfig:
    """The same comparison with members in the place of leagues, anchors too; see `expand`."""
    size = config.game.size
    learners = {name: _learner(each, size, tell) for name, each in config.learners.items()}
    anchors = expand_names(config.judge.anchors, size, tell)
    judge = config.judge.model_copy(update={"anchors": anchors})
    return _with(config, {"learners": learners, "judge": judge})


def _learner(config: LearnerConfig, size: int, tell: Callable[[str], None]) -> LearnerConfig:
    fields = {name: expand(getattr(config, name), size, tell) for name in config.league_fields}
    return config.model_copy(update=fields)


def _with(config: _Config, fields: Mapping[str, object]) -> _Config:
    """The configuration with other values, checked as a whole if they are others."""
    if all(getattr(config, name) == value for name, value in fields.items()):
        return config
    plain = {name: _plain(value) for name, value in fields.items()}
    source = "the configuration with members in place of leagues"
    return validate(type(config), {**config.model_dump(), **plain}, source)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value.model_dump() if isinstance(value, BaseModel) else value
