"""Configuration files: YAML checked against frozen models, with ``key=value`` overrides."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from algorithms.budget import Budget
from algorithms.expert_games import DataConfig, ExpertGames
from algorithms.frozen import Frozen, problems
from algorithms.learner import Learner, LearnerConfig, Starts
from algorithms.learners import LEARNERS
from algorithms.registry import AgentError
from goenv import Rules

if TYPE_CHECKING:
    AnyLearnerConfig = LearnerConfig
else:
    AnyLearnerConfig = Annotated[
        functools.reduce(operator.or_, (config for _, config in LEARNERS.values())),
        Field(discriminator="algorithm"),
    ]

# Names of folders; ".." would be another's.
NAME = r"^[A-Za-z0-9_][A-Za-z0-9._-]*$"
CONFIG_FILE = "config.yaml"  # in the folder of a run or a comparison


class ConfigError(ValueError):
    """A configuration that cannot be used; the message says where and what would be right."""


class GameConfig(Frozen):
    """The game: `goenv.Rules`, field by field."""

    size: int = 5
    komi: float = 6.5
    superko: Literal["positional", "situational", "simple"] = "positional"
    suicide: bool = True
    max_moves: int | None = Field(None, description="None: 2.4 * size * size")

    @model_validator(mode="after")
    def _valid_rules(self) -> GameConfig:
        self.rules()
        return self

    def rules(self) -> Rules:
        """The rules; training and judging cut games off, by default at 2.4 * size * size moves."""
        limit = self.max_moves
        if limit is None:
            limit = (12 * self.size * self.size) // 5
        return Rules(**{**self.model_dump(), "max_moves": limit})


def make_learner(
    config: LearnerConfig, rules: Rules, seed: int, data: ExpertGames | None = None
) -> Learner:
    """An untrained learner of the algorithm that its configuration names.

    Raises:
        ConfigError: this machine cannot run it.
    """
    learner = LEARNERS[config.algorithm][0]
    arguments = (config, rules, seed, data) if config.needs_data else (config, rules, seed)
    try:
        return learner(*arguments)
    except AgentError as error:
        raise ConfigError(f"learner: {error}") from None
    except ValueError as error:
        raise ConfigError(f"learner.{error}") from None


class CheckpointConfig(Frozen):
    """When a run stores what it has."""

    snapshots: int = Field(
        6, ge=1, description="weights kept for good, at equal shares of the budget"
    )
    seconds: float = Field(30, gt=0, description="a checkpoint to resume from, this often")


class TrainConfig(Frozen):
    """One run: a learner, a game, a budget and a seed. It alone repeats the run."""

    name: str = Field(pattern=NAME, description="the run is stored in runs/NAME")
    seed: int = Field(0, ge=0)
    game: GameConfig = GameConfig()
    learner: AnyLearnerConfig
    data: DataConfig | None = Field(None, description="games of others to learn from")
    initial: str | None = Field(
        None,
        description="a run, a checkpoint or a player such as az:7 whose weights training begins "
        "from",
    )
    budget: Budget
    checkpoints: CheckpointConfig = CheckpointConfig()
    sample_games: int = Field(4, ge=0, description="games against itself stored with a snapshot")

    @model_validator(mode="after")
    def _data_where_needed(self) -> TrainConfig:
        check_data(self.learner, self.data)
        if self.data is not None and not self.learner.needs_data:
            raise ValueError(f"data: {self.learner.algorithm} does not learn from games of others")
        return self

    @model_validator(mode="after")
    def _sizes_fit(self) -> TrainConfig:
        Starts(self.learner.start, self.game.rules())
        return self


def check_data(learner: LearnerConfig, data: DataConfig | None) -> None:
    """See that a learner that needs games of others has some.

    Raises:
        ValueError: it has none, or they lack what it is to learn.
    """
    if learner.needs_data and data is None:
        raise ValueError(f"{learner.algorithm} learns from games of others: set data.sgf_dir")
    judged = getattr(getattr(learner, "loss", None), "search_value", 0)
    if learner.needs_data and data and data.labels is None and judged > 0:
        raise ValueError("learner.loss.search_value: only labels have values: set data.labels")


Config = TypeVar("Config", bound=BaseModel)
# What each kind of file must have, and who takes it.
_COMMANDS = {
    "learner": "`gozoo train`",
    "learners": "`gozoo compare`",
    "axes": "`gozoo study run`",
}
_SETTINGS = {name: settings for name, (_, settings) in LEARNERS.items()}


def load_config(kind: type[Config], path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read and check a YAML file.

    Args:
        kind: model to check against.
        path: the file.
        overrides: ``dotted.key=value``, the value in YAML, applied to what the file says.

    Raises:
        ConfigError: the file, an override or a value is wrong.
    """
    if path.is_dir():
        inside = path / CONFIG_FILE
        instead = f"the one in it is {inside}" if inside.is_file() else "a YAML file is wanted"
        raise ConfigError(f"{path} is a folder, not a configuration; {instead}")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not a text file in UTF-8") from None
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path} must hold keys and values, such as 'name: my_run'")
    commands = {key: command for key, command in _COMMANDS.items() if key in data}
    if commands and not commands.keys() & kind.model_fields.keys():
        key, command = next(iter(commands.items()))
        raise ConfigError(f"{path} has {key!r}: it is a file for {command}")
    for each in overrides:
        override(data, each)
    return validate(kind, data, str(path))


def validate(kind: type[Config], data: dict[str, Any], source: str) -> Config:
    """Check plain data against a model; `source` names it in error messages."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        lines = [
            f"{source} does not fit:",
            *(f"  {text}" for text in problems(kind, error, _SETTINGS)),
        ]
        raise ConfigError("\n".join(lines)) from None


def dump_config(config: BaseModel) -> str:
    """A configuration as YAML that `load_config` reads back to an equal one."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def store_config(path: Path, config: BaseModel) -> None:
    """Write a configuration, whole or not at all."""
    beside = path.with_suffix(".partial")
    beside.write_text(dump_config(config), encoding="utf-8")
    beside.replace(path)


def claim_folder(
    folder: Path, kind: str, config: BaseModel, resume: bool, may_differ: Sequence[str]
) -> list[str]:
    """Make a folder and store `config` in it, or see that what it holds is what to resume.

    Args:
        folder: of a run or a comparison.
        kind: what the folder holds, for messages.
        config: of the run or comparison.
        resume: whether to go on with what is there.
        may_differ: keys in which a stored configuration may differ.

    Returns:
        How it differs in these.

    Raises:
        ConfigError: the folder is taken, by this or by something else.
    """
    path = folder / CONFIG_FILE
    allowed: list[str] = []
    if path.exists():
        if not resume:
            raise ConfigError(
                f"{folder} already holds a {kind}: go on with it by --resume, choose another "
                "name, or delete the folder"
            )
        stored = load_config(type(config), path).model_dump(mode="json")
        wanted = config.model_dump(mode="json")
        differing: list[str] = []
        for key in wanted:
            found = differences(key, stored[key], wanted[key])
            (allowed if key in may_differ else differing).extend(found)
        if differing:
            told = ", ".join(differing[:4]) + (", ..." if len(differing) > 4 else "")
            raise ConfigError(
                f"{folder} cannot be resumed, it is another {kind}: {told}. {path} is its own "
                "configuration, to go on with"
            )
    folder.mkdir(parents=True, exist_ok=True)
    store_config(path, config)
    return allowed


_LACKING = object()


def differences(key: str, there: Any, here: Any) -> list[str]:
    """Texts such as ``budget.seconds (60.0 there, 120.0 here)``."""
    if there == here:
        return []
    if here is _LACKING or there is _LACKING:
        return [f"{key} (only {'there' if here is _LACKING else 'here'})"]
    if not (isinstance(there, dict) and isinstance(here, dict)):
        return [f"{key} ({there} there, {here} here)"]
    return [
        text
        for name in {**there, **here}
        for text in differences(
            f"{key}.{name}" if key else name, there.get(name, _LACKING), here.get(name, _LACKING)
        )
    ]


def override(data: dict[str, Any], text: str) -> None:
    """Set ``dotted.key=value``, the value in YAML, in plain data.

    Raises:
        ConfigError: it is none, or a key on the way is no group.
    """
    key, separator, written = text.partition("=")
    parts = key.strip().split(".")
    if not separator or not all(parts):
        raise ConfigError(f"an override looks like game.size=7, got {text!r}")
    try:
        value = yaml.safe_load(written)
    except yaml.YAMLError:
        raise ConfigError(f"the value of {key} is not valid YAML: {written!r}") from None
    node = data
    for depth, part in enumerate(parts[:-1]):
        child = node.setdefault(part, {})
        if child is None:
            child = node[part] = {}
        if not isinstance(child, dict):
            where = ".".join(parts[: depth + 1])
            raise ConfigError(f"{key} cannot be set: {where} is the value {child!r}, no group")
        node = child
    node[parts[-1]] = value
