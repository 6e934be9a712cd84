"""Running a study: its cells in worker processes, then findings and a report from what is stored.

The folder of a study's run:

    plan.json          hypotheses, configuration and version, stored before the first cell
    data/CELL.csv      the rows of each cell; in a published run CELL.csv.gz
    work/CELL/         what a cell keeps to go on after a stop
    result.json        measured numbers and verdicts
    report/            index.html, report.md, figures and tables with their numbers as CSV
"""

from __future__ import annotations

import csv
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from algorithms import workers
from algorithms.config import ConfigError, differences, validate
from algorithms.display import Display
from algorithms.machine import describe_machine
from algorithms.studies.catalogue import study_of
from algorithms.studies.data import Row, Rows, read_rows, write_rows
from algorithms.studies.report import write_report
from algorithms.studies.study import (
    CellFolder,
    CellProgress,
    Stopped,
    Study,
    StudyConfig,
    judge,
    outcome,
)
from goenv.threads import available_cores

PLAN, DATA, WORK, RESULT = "plan.json", "data", "work", "result.json"


def study_cell(
    study: str, config: dict[str, Any], name: str, folder: str, cell: dict[str, Any]
) -> None:
    """One cell, from plain data; stores its rows unless it is stopped."""
    torch.set_num_threads(1)
    found = study_of(study, config)
    home = Path(folder)
    place = CellFolder(name, home / WORK / name)
    begun = time.process_time()  # of this cell alone, whatever runs beside it
    try:
        rows = found.measure(validate(found.config, config, study), place, **cell)
    except Stopped:
        return
    rows = [{"cell": name, "seconds": round(time.process_time() - begun, 1), **row} for row in rows]
    write_rows(home / DATA / f"{name}.csv", rows)


def run_study(
    study: Study,
    preset: str,
    config: StudyConfig,
    folder: Path,
    count: int | None,
    display: Display,
    stopping: Callable[[], bool],
) -> Path | None:
    """Run the cells that are not stored yet, and report.

    Args:
        study: which.
        preset: name of the preset that `config` began as.
        config: of the study.
        folder: of the run; if it holds this study with this configuration, it goes on.
        count: cells side by side; None: one a core.
        display: shows how far it is.
        stopping: asked often; once true, the work stops cleanly.

    Returns:
        The report's page, or None if it was stopped before.

    Raises:
        ConfigError: the folder holds something else.
    """
    cells = study.cells(config)
    _claim(study, preset, config, folder)
    todo = {name: cell for name, cell in cells.items() if not _data(folder, name).exists()}
    total = len(cells)
    display.say(f"{study.name}: {len(todo)} of {total} cells to run, in {folder}")
    display.update("cells", 1 - len(todo) / total, f"{total - len(todo)} of {total}")
    jobs = [
        {
            "study": study.name,
            "config": config.model_dump(mode="json"),
            "name": name,
            "folder": str(folder),
            "cell": dict(cell),
        }
        for name, cell in todo.items()
    ]
    done = total - len(todo)
    shares: dict[str, float] = {}
    for news in workers.run_cells(study_cell, jobs, count or available_cores(), stopping):
        if isinstance(news, CellProgress):
            shares[news.name] = news.share
            text = f"{news.name}: {news.share:.0%}  {news.text}"
        elif isinstance(news, workers.Finished) and not stopping():
            name = str(jobs[news.index]["name"])
            shares.pop(name, None)
            done += 1
            text = f"{done} of {total}, last {name}"
        else:
            continue
        display.update("cells", (done + sum(shares.values())) / total, text)
    if stopping():
        return None
    return report_study(study, folder)


def report_study(study: Study, folder: Path) -> Path:
    """Findings, verdicts and the report from the stored rows alone.

    Raises:
        ConfigError: the folder holds no finished run of this study.
    """
    plan = _read_plan(folder)
    config = validate(study.config, plan["config"], str(folder / PLAN))
    names = list(study.cells(config))
    missing = [name for name in names if not _data(folder, name).exists()]
    if missing:
        raise ConfigError(f"{folder} lacks {len(missing)} cells, such as {missing[0]}; run it on")
    rows = [row for name in names for row in _rows_of(folder, name)]
    findings = study.analyse(Rows(rows), config)
    unknown = {each.quantity for each in study.hypotheses} - set(findings.measured)
    judged = judge(study, findings, plan["hypotheses"])
    claims = [each.verdict for each in judged if each.hypothesis.source == "claim"]
    seconds = sum({row["cell"]: float(row["seconds"]) for row in rows}.values())
    result = {
        "study": study.name,
        "parent": study.parent,
        "preset": plan["preset"],
        "outcome": outcome(claims or [each.verdict for each in judged]),
        "verdicts": [
            {
                "quantity": each.hypothesis.quantity,
                "source": each.hypothesis.source,
                "low": each.hypothesis.low,
                "high": each.hypothesis.high,
                # Not all digits: the last ones differ between machines.
                "measured": each.measured
                and {end: float(f"{value:.10g}") for end, value in asdict(each.measured).items()},
                "verdict": each.verdict,
                "before": each.before,
                "seen": each.hypothesis.seen,
            }
            for each in judged
        ],
        "not_measured": sorted(unknown),
        "cpu_seconds": round(seconds),
        "machine": plan["machine"],
    }
    _store_json(folder / RESULT, result)
    return write_report(study, plan, findings, judged, result, folder / "report")


def study_of_folder(folder: Path) -> Study:
    """The study whose run a folder holds.

    Raises:
        ConfigError: none.
    """
    plan = _read_plan(folder)
    return study_of(plan["study"], plan["config"])


def _claim(study: Study, preset: str, config: StudyConfig, folder: Path) -> None:
    """Store the plan, or see that the folder's plan is this one."""
    plan = {
        "study": study.name,
        "preset": preset,
        "config": config.model_dump(mode="json"),
        "hypotheses": [asdict(each) for each in study.hypotheses],
        "version": version("gozoo"),
        "machine": describe_machine(),
    }
    path = folder / PLAN
    if path.exists():
        stored = _read_plan(folder)
        for key in ("study", "config", "hypotheses"):
            here = json.loads(json.dumps(plan[key]))
            if stored[key] != here:
                changed = differences("", stored[key], here) if key == "config" else ()
                raise ConfigError(
                    f"{folder} holds a run with another {': '.join([key, *changed[:4]])}. Choose "
                    "another folder by --runs, or delete it"
                )
        return
    folder.mkdir(parents=True, exist_ok=True)
    _store_json(path, plan)


def _read_plan(folder: Path) -> dict[str, Any]:
    path = folder / PLAN
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{folder} holds no run of a study") from None
    except ValueError as error:
        raise ConfigError(f"{path} is damaged: {error}") from None


def _data(folder: Path, name: str) -> Path:
    """Of a cell's rows; packed where a run was published."""
    packed = folder / DATA / f"{name}.csv.gz"
    return packed if packed.exists() else folder / DATA / f"{name}.csv"


def _rows_of(folder: Path, name: str) -> list[Row]:
    """The rows of a cell.

    Raises:
        ConfigError: they are damaged.
    """
    path = _data(folder, name)
    damaged = ConfigError(f"{path} is damaged: delete it, and run the study on")
    try:
        rows = read_rows(path)
    except (ValueError, OSError, EOFError, zlib.error, csv.Error):
        raise damaged from None
    if not rows or any(str(row.get("cell")) != name for row in rows):
        raise damaged
    return rows


def _store_json(path: Path, data: dict[str, Any]) -> None:
    beside = path.with_suffix(".partial")
    beside.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)
