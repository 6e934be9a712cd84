"""The ledger of studies: what came of each, as a tree, and how often predictions came true."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text
from rich.tree import Tree

from algorithms.config import ConfigError
from algorithms.studies.catalogue import all_studies, study_of
from algorithms.studies.names import NAMES
from algorithms.studies.study import SWEEP, Study

PUBLISHED = Path(__file__).parent / "results"


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

    The studies that come with GoZoo, then the sweeps that were run. A run of the tiny preset, which
    measures nothing, counts only where there is nothing else.

    Raises:
        ConfigError: a result is damaged.
    """
    found: dict[str, tuple[bool, float, Path]] = {}
    for path in runs.glob("*/result.json"):
        result = _read(path)
        name = result["study"]
        mine = result["preset"] != "tiny", path.stat().st_mtime, path
        found[name] = max(mine, found.get(name, mine))
    listed = []
    for study in all_studies():
        published = PUBLISHED / f"{study.name}.json"
        run = found.get(study.name)
        if run is not None and (run[0] or not published.exists()):
            path = run[-1]
            listed.append(Entry(study, _read(path), str(path.parent)))
        elif published.exists():
            listed.append(Entry(study, _read(published), "published"))
        else:
            listed.append(Entry(study, None, ""))
    for name, (*_, path) in sorted(found.items()):
        if name in NAMES:
            continue
        plan = _read(path.with_name("plan.json"))
        if plan["preset"] == SWEEP:
            listed.append(Entry(study_of(name, plan["config"]), _read(path), str(path.parent)))
    return listed


def predictions(listed: list[Entry]) -> tuple[int, int, int]:
    """How many predictions came true, did not, and are undecided.

    Only those whose ranges were written before the run, with nothing seen of the number.
    """
    verdicts = [
        verdict["verdict"]
        for entry in listed
        if entry.result
        for verdict in entry.result["verdicts"]
        if verdict["source"] == "prediction"
        and verdict.get("before", True)
        and not verdict.get("seen")
    ]
    kinds = ("holds", "does not hold", "undecided")
    true, false, undecided = (verdicts.count(kind) for kind in kinds)
    return true, false, undecided


def draw(listed: list[Entry]) -> Tree:
    """The studies as a tree, children under their parents."""
    tree = Tree("studies")
    branches: dict[str, Tree] = {}
    waiting = list(listed)
    while waiting:
        names = {entry.study.name for entry in waiting}
        # A sweep may name any parent: one that is not listed, or in a circle, does not count.
        entry = next((each for each in waiting if each.study.parent not in names), waiting[0])
        waiting.remove(entry)
        study, result = entry.study, entry.result
        outcome = "not run" if result is None else f"{result['outcome']} ({result['preset']})"
        above = branches.get(study.parent or "", tree)
        claims = f" [{', '.join(study.claims)}]" if study.claims else ""
        label = Text(f"{study.name}: {outcome}{claims}\n{study.text.question}")
        branches[study.name] = above.add(label)
    return tree


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} is damaged: {error}") from None
