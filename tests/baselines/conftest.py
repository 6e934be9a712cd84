"""The stand-in engine."""

from __future__ import annotations

import sys

import pytest
from engine_helpers import ROOT, STANDIN

from baselines.engines import EngineAgent


@pytest.fixture
def engine(monkeypatch):
    """Makes agents that play by the stand-in, which is to find `baselines`; ends them."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made = []

    def make(*options, **settings):
        command = [sys.executable, str(STANDIN), *map(str, options)]
        made.append(EngineAgent(command, **{"timeout": 30, **settings}))
        return made[-1]

    yield make
    for agent in made:
        agent.close()
