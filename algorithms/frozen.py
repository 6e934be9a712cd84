"""What all groups of settings have in common, and what is told of settings that do not fit."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

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
        where = ".".join(map(str, path))
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "unknown key" + _suggest(kind, location, path[:-1], algorithms)
        elif problem["type"] in ("union_tag_invalid", "union_tag_not_found"):
            tag = problem.get("ctx", {}).get("tag")
            message = f"unknown algorithm {tag!r}" if tag else "the key 'algorithm' is missing"
            message += f"; there are {', '.join(algorithms)}"
        elif problem["type"] == "missing":
            message = "this key is missing"
        else:
            message = _MEANINGS.get(problem["type"], message)
            if "input" in problem and not isinstance(problem["input"], (dict, BaseModel)):
                message += f" (got {problem['input']!r})"
        texts.append(f"{where}: {message}" if where else message)
    return texts


# What pydantic says in the words of Python.
_MEANINGS = {
    "tuple_type": "this is a list, such as [0.5, 6.5]",
    "model_type": "this is a group of keys, such as {size: 5}",
    "dict_type": "this is a group of keys, such as {5: 1}",
    "string_type": "this is a text; numbers and the like in quotes",
    "string_pattern_mismatch": "letters, digits, '_' and '-' (inside a name '.' too), no others",
}


def _is_tag(location: tuple, index: int, algorithms: Mapping[str, type[BaseModel]]) -> bool:
    """Whether a part is the algorithm by which settings were chosen, which is no key of the file.

    pydantic puts it behind ``learner`` and behind each name in ``learners``.
    """
    return location[index] in algorithms and (
        location[:index] == ("learner",) or (index == 2 and location[0] == "learners")
    )


def _suggest(
    kind: type[BaseModel],
    location: tuple,
    groups: Sequence[int | str],
    algorithms: Mapping[str, type[BaseModel]],
) -> str:
    """The key probably meant, here or further below, or the keys there are."""
    model: Any = kind
    for part in location[:-1]:
        if part in algorithms:
            model = algorithms[part]
        elif part in getattr(model, "model_fields", {}):
            model = model.model_fields[part].annotation
        elif get_args(model):  # tuple[Model, ...]
            model = get_args(model)[0]
    key, names = str(location[-1]), list(getattr(model, "model_fields", {}))
    found = [".".join(map(str, (*groups, *path))) for path in _paths(model, key)]
    meant = sorted(set(found), key=found.index) or difflib.get_close_matches(key, names, n=1)
    if meant:
        return f"; did you mean {' or '.join(map(repr, meant[:3]))}?"
    return f"; the keys here are {', '.join(names)}" if names else ""


def _paths(annotation: Any, key: str) -> Iterator[tuple[str, ...]]:
    """Where a key of this name is in the groups below a group."""
    for name, field in getattr(annotation, "model_fields", {}).items():
        if name == key:
            yield (name,)
        for path in _paths(field.annotation, key):
            yield (name, *path)
    if get_origin(annotation) in (Union, UnionType, Annotated):
        for option in get_args(annotation):
            yield from _paths(option, key)
