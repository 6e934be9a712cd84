"""The studies there are, by name."""

from __future__ import annotations

from importlib import import_module

from algorithms.config import ConfigError
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


def all_studies() -> list[Study]:
    """Every study."""
    return [find_study(name) for name in NAMES]
