"""KataGo as an engine: its program, its command lines, and the agent that plays by GTP.

Neither KataGo nor its networks come with GoZoo: https://github.com/lightvector/KataGo and
https://katagotraining.org. Its analysis engine is in `analysis.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from baselines.engine_process import EngineError, find_program
from baselines.engine_seat import Command
from baselines.engines import EngineAgent
from baselines.kata_rules import GET_RULES, SET_RULES

PROGRAM_VARIABLE = "GOZOO_KATAGO"  # of the environment; names the program
TIMEOUT = 600.0  # seconds: at its first start it may tune a GPU, and searches on a CPU take long


def katago_command(
    mode: str, config: Path, model: Path | None, settings: Mapping[str, object]
) -> Command:
    """The command line that runs KataGo.

    Args:
        mode: ``"gtp"`` or ``"analysis"``.
        config: its configuration file for that mode.
        model: network; None: the one that KataGo finds beside its program.
        settings: that take the place of those in the file.

    Raises:
        EngineError: program, configuration or network are not there.
    """
    named = os.environ.get(PROGRAM_VARIABLE)
    program = find_program(named or "katago")
    if program is None and named:
        raise EngineError(f"{PROGRAM_VARIABLE} names {named!r}, and there is no such program")
    if program is None:
        raise EngineError(
            "KataGo is not installed; put its program 'katago' on PATH, or name it in the "
            f"environment variable {PROGRAM_VARIABLE} (https://github.com/lightvector/KataGo)"
        )
    if not config.is_file():
        raise EngineError(f"there is no configuration of KataGo {str(config)!r}")
    command = [program, mode, "-config", str(config)]
    if model is not None:
        if not model.is_file():
            raise EngineError(
                f"there is no network {str(model)!r}; KataGo's are at https://katagotraining.org"
            )
        command += ["-model", str(model)]
    overrides = ",".join(f"{name}={value}" for name, value in settings.items())
    return (*command, "-override-config", overrides)


def katago_agent(
    config: Path,
    model: Path | None = None,
    visits: int | None = None,
    processes: int = 1,
    **options: Any,
) -> EngineAgent:
    """KataGo, playing by GTP.

    Args:
        config: its configuration for GTP.
        model: network; None: the one that KataGo finds beside its program.
        visits: a move; None: as the configuration says.
        processes: of KataGo that run and think at a time. Each loads the network.
        options: further ones of `EngineAgent`.

    Raises:
        EngineError: KataGo, the configuration or the network are not there.
    """
    settings: dict[str, object] = {"allowResignation": "false", "ponderingEnabled": "false"}
    if visits is not None:
        settings["maxVisits"] = visits
    own = {"name": f"katago:{config}", "timeout": TIMEOUT, "start_timeout": TIMEOUT}
    return EngineAgent(
        katago_command("gtp", config, model, settings),
        cores=processes,
        processes=processes,
        needs=(SET_RULES, GET_RULES),
        **{**own, **options},
    )
