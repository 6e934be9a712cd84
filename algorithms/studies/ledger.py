"""The ledger of studies: what came of each, as a tree, and how often predictions came true."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.tree import Tree

from algorithms.config import ConfigError
from algorithms.studies.catalogue import all_studies
from algorithms.studies.study import Study

_PUBLISHED = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Entry:
    """A study and what is known of it.

    Attributes:
        study: which.
        result: of the run, as `running` stores it; None if there is none.
        where: the folder of the run, or ``"published"``.
    """

    study: Study
    result: dict[str, Any] | None
    where: str


def entries(runs: Path) -> list[Entry]:
    """Every study, with the latest of its runs under `runs`, or else the published result.

    Raises:
        ConfigError: a result is damaged.
    """
    found: dict[str, tuple[float, Path]] = {}
    for path in runs.glob("*/result.json"):
        name, when = _read(path)["study"], path.stat().st_mtime
        if name not in found or when > found[name][0]:
            found[name] = when, path
    listed = []
    for study in all_studies():
        published = _PUBLISHED / f"{study.name}.json"
        if study.name in found:
            path = found[study.name][1]
            listed.append(Entry(study, _read(path), str(path.parent)))
        elif published.exists():
            listed.append(Entry(study, _read(published), "published"))
        else:
            listed.append(Entry(study, None, ""))
    return listed


def predictions(listed: list[Entry]) -> tuple[int, int, int]:
    """How many predictions came true, did not, and are undecided."""
    verdicts = [
        verdict["verdict"]
        for entry in listed
        if entry.result
        for verdict in entry.result["verdicts"]
        if verdict["source"] == "prediction"
    ]
    kinds = ("holds", "does not hold", "undecided")
    true, false, undecided = (verdicts.count(kind) for kind in kinds)
    return true, false, undecided


def draw(listed: list[Entry]) -> Tree:
    """The studies as a tree, children under their parents."""
    tree = Tree("studies")
    branches: dict[str, Tree] = {}
    for entry in listed:
        study, result = entry.study, entry.result
        outcome = "not run" if result is None else f"{result['outcome']} ({result['preset']})"
        above = branches.get(study.parent or "", tree)
        claims = f" [{', '.join(study.claims)}]" if study.claims else ""
        branches[study.name] = above.add(f"{study.name}: {outcome}{claims}\n{study.text.question}")
    return tree


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} is damaged: {error}") from None
