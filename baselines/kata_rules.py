"""The rules of a game as KataGo writes them in JSON, and how they are agreed on over GTP.

Source: KataGo, ``docs/GTP_Extensions.md``, kata-set-rules and kata-get-rules.
"""

from __future__ import annotations

import json
from typing import Any

from baselines.engine_process import EngineError, EngineFault
from baselines.gtp import CommandRefused, GtpProcess
from goenv import Rules

SET_RULES, GET_RULES = "kata-set-rules", "kata-get-rules"
# What all our rules have in common.
FIXED = {"scoring": "AREA", "tax": "NONE", "hasButton": False, "whiteHandicapBonus": "0"}
_ALWAYS_SAID = ("ko", "scoring", "suicide")  # by all versions of KataGo


def kata_rules(rules: Rules) -> dict[str, Any]:
    """The rules but for size and komi; dead stones are to be taken off before the game ends."""
    given = {"ko": rules.superko.upper(), "suicide": rules.suicide, **FIXED}
    return {**given, "friendlyPassOk": False}


def agree_on_rules(process: GtpProcess, rules: Rules, timeout: float) -> None:
    """Tell an engine the rules and, if it knows how to say, see that it plays by them.

    Args:
        process: of an engine that knows kata-set-rules.
        rules: of the game that begins.
        timeout: seconds for each answer.

    Raises:
        EngineError: it refuses them, or plays by others.
        EngineFault: it failed.
    """
    wanted = kata_rules(rules)
    command = f"{SET_RULES} {json.dumps(wanted)}"
    try:
        process.send(command, timeout)
        if GET_RULES not in process.commands:
            return
        answer = process.send(GET_RULES, timeout)
    except CommandRefused as error:
        raise EngineError(f"the engine refuses {command!r}: {error}") from None
    try:
        said = dict(json.loads(answer))
    except (ValueError, TypeError):
        raise EngineFault("nonsense", f"{GET_RULES!r}: {answer[:80]!r}") from None
    others = [
        f"{name} is {json.dumps(said.get(name))}, not {json.dumps(value)}"
        for name, value in wanted.items()
        if (name in said or name in _ALWAYS_SAID) and said.get(name) != value
    ]
    if others:
        raise EngineError(f"the engine plays by other rules than it was told: {'; '.join(others)}")
