"""What all groups of settings have in common, and what is told of settings that do not fit."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError


class Frozen(BaseModel):
    """A group of settings: it does not change, every key is known, no number is infinite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def problems(
    kind: type[BaseModel],
    error: ValidationError,
    algorithms: Mapping[str, type[BaseModel]] = MappingProxyType({}),
) -> list[str]:
    """What is wrong with data for a model: a text each, the key first.

    Args:
        kind: the model.
        error: what pydantic says.
        algorithms: settings of learners, by the name of the algorithm that chooses them.
    """
    texts = []
    for problem in error.errors():
        location = problem["loc"]
        path = [
            part for index, part in enumerate(location) if not _is_tag(location, index, algorithms)
        ]
        where = ".".join(map(str, path)) or "the whole"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "unknown key" + _suggest(kind, location, algorithms)
        elif problem["type"] in ("union_tag_invalid", "union_tag_not_found"):
            tag = problem.get("ctx", {}).get("tag")
            message = f"unknown algorithm {tag!r}" if tag else "the key 'algorithm' is missing"
            message += f"; there are {', '.join(algorithms)}"
        elif problem["type"] == "missing":
            message = "this key is missing"
        elif "input" in problem and not isinstance(problem["input"], (dict, BaseModel)):
            message += f" (got {problem['input']!r})"
        texts.append(f"{where}: {message}")
    return texts


def _is_tag(location: tuple, index: int, algorithms: Mapping[str, type[BaseModel]]) -> bool:
    """Whether a part is the algorithm by which settings were chosen, which is no key of the file.

    pydantic puts it behind ``learner`` and behind each name in ``learners``.
    """
    return location[index] in algorithms and (
        location[:index] == ("learner",) or (index == 2 and location[0] == "learners")
    )


def _suggest(
    kind: type[BaseModel], location: tuple, algorithms: Mapping[str, type[BaseModel]]
) -> str:
    """The keys there are, or the one probably meant."""
    model: Any = kind
    for part in location[:-1]:
        if part in algorithms:
            model = algorithms[part]
        elif part in getattr(model, "model_fields", {}):
            model = model.model_fields[part].annotation
        elif get_args(model):  # tuple[Model, ...]
            model = get_args(model)[0]
    names = list(getattr(model, "model_fields", {}))
    close = difflib.get_close_matches(str(location[-1]), names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; the keys here are {', '.join(names)}" if names else ""
