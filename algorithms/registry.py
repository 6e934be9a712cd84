"""Agents by their text form: the one place where names become players."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from algorithms.checkpoint import WEIGHTS, CheckpointError, latest_checkpoint, load_weights
from algorithms.frozen import problems
from algorithms.katago import KataGoEvaluator
from algorithms.players import PlayConfig, SearchAgent, network_agent, uct_agent
from algorithms.search import Search, SearchConfig
from algorithms.shipped import UnknownPlayer, locate
from baselines.agent import Agent, RandomAgent
from baselines.analysis import katago_analysis
from baselines.engine_process import EngineError, find_program
from baselines.engines import EngineAgent, gnugo_agent
from baselines.katago import katago_agent

LEAGUE_PREFIX = "league/"
Settings = TypeVar("Settings", bound=BaseModel)


class AgentError(ValueError):
    """A text that names no agent; the message says what would."""


class AgentMissing(AgentError):
    """A text that names an agent that is not installed here; the message says what it needs."""


FORMS = """random                                  uniform over the legal moves
uct:400                                 UCT with 400 random playouts a move
gnugo:10                                GNU Go at level 10 (0 to 20), where it is installed
katago:CONFIG?model=NET&visits=16       KataGo, where it is installed (docs/engines.md)
gtp:COMMAND                             any engine that speaks GTP, by its command line
az:5                                    a trained AlphaZero that comes with GoZoo, by board size
runs/NAME                               a trained run, a checkpoint in it, a .safetensors file
PATH?simulations=64&temperature=0       the same with other settings of play:
                                        simulations (0: raw policy), temperature, exploration"""


def _random(argument: str, text: str) -> Agent:
    if text != "random":
        raise AgentError(f"{text!r}: the agent 'random' takes no argument")
    return RandomAgent()


def _uct(argument: str, text: str) -> Agent:
    if not argument.isdecimal() or not 1 <= int(argument) <= 10_000_000:
        raise AgentError(f"{text!r}: after 'uct:' comes the number of playouts, such as uct:400")
    return uct_agent(int(argument))


def _gnugo(argument: str, text: str) -> Agent:
    if not (argument.isascii() and argument.isdecimal()) or not 0 <= int(argument) <= 20:
        raise AgentError(f"{text!r}: after 'gnugo:' comes a level from 0 to 20, such as gnugo:10")
    try:
        return gnugo_agent(int(argument))
    except EngineError as error:
        raise AgentMissing(f"{text!r}: {error}") from None


def _gtp(argument: str, text: str) -> Agent:
    try:
        command = shlex.split(argument)
    except ValueError as error:
        raise AgentError(f"{text!r}: this is no command line: {error}") from None
    if not command:
        raise AgentError(
            f"{text!r}: after 'gtp:' comes a command line, such as 'gtp:gnugo --mode gtp'"
        )
    if find_program(command[0]) is None:
        raise AgentMissing(f"{text!r}: there is no program {command[0]!r}")
    return EngineAgent(command)


class _KataGo(BaseModel):
    """Settings of `katago:`."""

    model_config = ConfigDict(extra="forbid")

    model: Path | None = None
    visits: int | None = Field(None, ge=1)
    processes: int = Field(1, ge=1, le=64)


class _KataGoNet(SearchConfig):
    """Settings of `katago-net:`."""

    model: Path | None = None
    visits: int = Field(1, ge=1)
    simulations: int = Field(64, ge=1, le=10_000_000)
    temperature: float = Field(0.0, ge=0)


def _katago(argument: str, text: str) -> Agent:
    config, _, query = argument.partition("?")
    settings = _settings(_KataGo, {}, query, text)
    try:
        return katago_agent(_katago_config(config, text), **settings.model_dump())
    except EngineError as error:
        raise AgentMissing(f"{text!r}: {error}") from None


def _katago_net(argument: str, text: str) -> Agent:
    config, _, query = argument.partition("?")
    settings = _settings(_KataGoNet, {}, query, text)
    try:
        engine = katago_analysis(_katago_config(config, text), settings.model)
    except EngineError as error:
        raise AgentMissing(f"{text!r}: {error}") from None
    evaluator = KataGoEvaluator(engine, settings.visits, settings.score_weight)
    search = SearchConfig(**{n: getattr(settings, n) for n in SearchConfig.model_fields})
    return SearchAgent(Search(search, evaluator), settings.temperature)


def _katago_config(path: str, text: str) -> Path:
    if not path:
        kind = text.partition(":")[0]
        raise AgentError(
            f"{text!r}: after '{kind}:' comes a configuration of KataGo, such as "
            f"{kind}:katago.cfg?model=net.bin.gz"
        )
    return Path(path)


BUILT_IN: dict[str, Callable[[str, str], Agent]] = {
    "random": _random,
    "uct": _uct,
    "gnugo": _gnugo,
    "gtp": _gtp,
    "katago": _katago,
    "katago-net": _katago_net,
}


def is_league(text: str) -> bool:
    """Whether a text names a league, by its name or its file; see `algorithms.leagues`."""
    if text.partition(":")[0] in BUILT_IN:  # an engine's command line may end in .yaml
        return False
    return text.startswith(LEAGUE_PREFIX) or text.endswith((".yaml", ".yml"))


def make_agent(text: str) -> Agent:
    """The agent that a text names; see `FORMS`. Its `name` is the text.

    Raises:
        AgentError: the text names none, or the checkpoint cannot be read.
    """
    if is_league(text):
        raise AgentError(f"{text!r} names a league, and here one agent is wanted")
    kind, _, argument = text.partition(":")
    if kind in BUILT_IN:
        agent = BUILT_IN[kind](argument, text)
    else:
        agent = _trained(text)
    agent.name = text
    return agent


def _settings(kind: type[Settings], usual: dict[str, Any], query: str, text: str) -> Settings:
    """Settings in a text after a question mark, such as ``simulations=64&temperature=0``.

    Args:
        kind: of settings.
        usual: what they are where the query says nothing.
        query: the text after the question mark.
        text: the whole, for messages.
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    try:
        return kind.model_validate({**usual, **given})
    except ValidationError as error:
        told = "; ".join(problems(kind, error))
        raise AgentError(f"{text!r}: {told}") from None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no name that a file could have
        return False


def _trained(text: str) -> Agent:
    location, _, query = text.partition("?")
    try:
        path = locate(location)
    except UnknownPlayer as error:
        raise AgentError(str(error)) from None
    if "/" in location and not _exists(path):
        raise AgentError(
            f"there is no run or checkpoint {location!r}; `gozoo train CONFIG name=NAME` makes "
            f"runs/NAME. Agents are:\n{FORMS}"
        )
    if not location or not _exists(path):
        raise AgentError(f"no agent is called {text!r}. Agents are:\n{FORMS}")
    if (path / "checkpoints").is_dir():
        latest = latest_checkpoint(path / "checkpoints")
        if latest is None:
            raise AgentError(f"{text!r}: the run has no checkpoint yet")
        path = latest
    elif path.is_dir() and not (path / WEIGHTS).exists():
        runs = sorted(str(inside.parent) for inside in path.glob("*/checkpoints"))
        there = f"; in it there are {', '.join(runs)}" if runs else ""
        raise AgentError(f"{text!r}: the folder holds no run and no checkpoint{there}")
    try:
        model, header = load_weights(path)
    except CheckpointError as error:
        raise AgentError(str(error)) from None
    play = _settings(PlayConfig, header.play.model_dump(), query, text)
    try:
        return network_agent(model, play, text)
    except ValueError as error:
        raise AgentError(f"{text!r}: {error}") from None
