"""The studies there are, by name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from algorithms.config import ConfigError, validate
from algorithms.studies.names import NAMES
from algorithms.studies.study import Study


def find_study(name: str) -> Study:
    """The study called `name`: `STUDY` of its module.

    Raises:
        ConfigError: there is none.
    """
    if name not in NAMES:
        raise ConfigError(f"no study is called {name!r}; there are {', '.join(NAMES)}")
    return import_module(f"algorithms.studies.{name.replace('-', '_')}").STUDY


def study_of(name: str, config: dict[str, Any]) -> Study:
    """The study of a run: the one called `name`, or else the sweep that `config` describes.

    Raises:
        ConfigError: there is no such study, and `config` describes no sweep.
    """
    if name in NAMES:
        return find_study(name)
    from algorithms.studies.sweep import SweepConfig, sweep_study

    return sweep_study(validate(SweepConfig, config, f"the sweep {name}"))


def all_studies() -> list[Study]:
    """Every study."""
    return [find_study(name) for name in NAMES]
