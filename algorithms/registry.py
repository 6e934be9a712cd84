"""Agents by their text form: the one place where names become players."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

from pydantic import ValidationError

from algorithms.checkpoint import WEIGHTS, CheckpointError, load_weights
from algorithms.players import PlayConfig, network_agent, uct_agent
from algorithms.shipped import UnknownPlayer, locate
from baselines.agent import Agent, RandomAgent
from baselines.engine_process import EngineError, find_program
from baselines.engines import EngineAgent, gnugo_agent


class AgentError(ValueError):
    """A text that names no agent; the message says what would."""


FORMS = """random                                  uniform over the legal moves
uct:400                                 UCT with 400 random playouts a move
gnugo:10                                GNU Go at level 10 (0 to 20), where it is installed
gtp:COMMAND                             any engine that speaks GTP, by its command line
az:5                                    a trained AlphaZero that comes with GoZoo, by board size
runs/NAME                               a trained run, its latest checkpoint
runs/NAME/checkpoints/000120            another checkpoint, or a .safetensors file
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
        raise AgentError(f"{text!r}: {error}") from None


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
        raise AgentError(f"{text!r}: there is no program {command[0]!r}")
    return EngineAgent(command)


BUILT_IN: dict[str, Callable[[str, str], Agent]] = {
    "random": _random,
    "uct": _uct,
    "gnugo": _gnugo,
    "gtp": _gtp,
}


def make_agent(text: str) -> Agent:
    """The agent that a text names; see `FORMS`. Its `name` is the text.

    Raises:
        AgentError: the text names none, or the checkpoint cannot be read.
    """
    kind, _, argument = text.partition(":")
    if kind in BUILT_IN:
        agent = BUILT_IN[kind](argument, text)
    else:
        agent = _trained(text)
    agent.name = text
    return agent


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
    if not location or not _exists(path):
        raise AgentError(f"no agent is called {text!r}. Agents are:\n{FORMS}")
    if (path / "checkpoints").is_dir():
        path = path / "checkpoints" / "latest"
        if not path.exists():
            raise AgentError(f"{text!r}: the run has no checkpoint yet")
    elif path.is_dir() and not (path / WEIGHTS).exists():
        raise AgentError(f"{text!r}: the folder holds no run and no checkpoint")
    try:
        model, header = load_weights(path)
    except CheckpointError as error:
        raise AgentError(str(error)) from None
    options = dict(parse_qsl(query, keep_blank_values=True))
    try:
        play = PlayConfig.model_validate({**header.play.model_dump(), **options})
    except ValidationError as error:
        problem = error.errors()[0]
        fields = dict.fromkeys(["simulations", "temperature", *PlayConfig.model_fields])
        names = ", ".join(fields)
        raise AgentError(
            f"{text!r}: {problem['loc'][0]}: {problem['msg']}; the settings are {names}"
        ) from None
    try:
        return network_agent(model, play, text)
    except ValueError as error:
        raise AgentError(f"{text!r}: {error}") from None
