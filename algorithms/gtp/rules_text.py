"""Rules as KataGo's commands ``kata-get-rules`` and ``kata-set-rules`` write them, in JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from algorithms.gtp.protocol import GtpError, quote
from baselines.kata_rules import FIXED, kata_rules
from goenv import Rules

_NAMED = {
    "tromp-taylor": {"ko": "POSITIONAL", "suicide": True},
    "new-zealand": {"ko": "SITUATIONAL", "suicide": True},
}
_SUPERKO = {"POSITIONAL": "positional", "SITUATIONAL": "situational", "SIMPLE": "simple"}


def write_rules(rules: Rules) -> str:
    """The rules as KataGo would name them."""
    return json.dumps(kata_rules(rules))


def read_rules(text: str, rules: Rules) -> Rules:
    """`rules` with what the text changes in them.

    Args:
        text: JSON, in which fields may be left out, or ``tromp-taylor``, or ``new-zealand``.
        rules: of the game.

    Raises:
        GtpError: it is neither, or asks for rules that we do not play by.
    """
    if text in _NAMED:
        wanted = _NAMED[text]
    else:
        try:
            wanted = json.loads(text)
        except (ValueError, RecursionError):
            names = ", ".join(_NAMED)
            raise GtpError(f"unknown rules: {quote(text)} is neither JSON nor {names}") from None
        if not isinstance(wanted, dict):
            raise GtpError(f"unknown rules: {quote(text)}")
    superko, suicide = rules.superko, rules.suicide
    for name, value in wanted.items():
        if name == "ko" and isinstance(value, str) and value in _SUPERKO:
            superko = _SUPERKO[value]  # type: ignore[assignment]
        elif name == "suicide" and isinstance(value, bool):
            suicide = value
        elif name == "friendlyPassOk" and isinstance(value, bool):
            continue  # says how players agree on the dead; here nobody needs to
        elif name not in FIXED or FIXED[name] != value:
            raise GtpError(f"unsupported rules: {quote(name)} cannot be {quote(json.dumps(value))}")
    return replace(rules, superko=superko, suicide=suicide)
