"""Putting a study's run among the documents: a page, its figures, and all it was made from."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from algorithms.studies.ledger import PUBLISHED
from algorithms.studies.running import DATA, PLAN, RESULT, report_study, study_of_folder


def publish(folder: Path, docs: Path) -> Path:
    """Make a finished run the one that the documents and the ledger tell of.

    Writes ``NAME.md`` and, beside it, the folder ``NAME`` with plan, rows, result, figures as PNG
    and CSV, and tables: a run from which ``gozoo study report`` draws everything anew.

    Args:
        folder: of the run.
        docs: where the pages of studies are.

    Returns:
        The page.

    Raises:
        ConfigError: the folder holds no finished run.
    """
    study = study_of_folder(folder)
    report = report_study(study, folder).parent
    home = docs / study.name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name in (PLAN, RESULT):
        shutil.copyfile(folder / name, home / name)
    shutil.copytree(folder / DATA, home / DATA)
    shutil.copytree(report / "figures", home / "figures", ignore=shutil.ignore_patterns("*.svg"))
    shutil.copytree(report / "tables", home / "tables")
    text = (report / "report.md").read_text(encoding="utf-8")
    page = docs / f"{study.name}.md"
    page.write_text(
        re.sub(r"\]\((figures|tables)/", rf"]({study.name}/\1/", text), encoding="utf-8"
    )
    PUBLISHED.mkdir(exist_ok=True)
    shutil.copyfile(folder / RESULT, PUBLISHED / f"{study.name}.json")
    return page
