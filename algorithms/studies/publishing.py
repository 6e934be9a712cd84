"""Putting a study's run among the documents: a page, its figures, and all it was made from."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

from algorithms.config import ConfigError
from algorithms.studies.ledger import PUBLISHED
from algorithms.studies.running import DATA, PLAN, RESULT, report_study, study_of_folder


def publish(folder: Path, docs: Path) -> Path:
    """Make a finished run the one that the documents and the ledger tell of.

    Writes ``NAME.md`` and, beside it, the folder ``NAME`` with plan, packed rows, result, figures
    as PNG and CSV, and tables: a run from which ``gozoo study report`` draws everything anew.

    Args:
        folder: of the run.
        docs: where the pages of studies are.

    Returns:
        The page.

    Raises:
        ConfigError: the folder holds no finished run, or is what was published.
    """
    study = study_of_folder(folder)
    report = report_study(study, folder).parent
    home = docs / study.name
    if home.resolve() == folder.resolve():
        raise ConfigError(f"{folder} is what was published; give the folder of a run")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name in (PLAN, RESULT):
        shutil.copyfile(folder / name, home / name)
    (home / DATA).mkdir()
    for path in sorted((folder / DATA).glob("*.csv*")):
        if path.suffix == ".gz":
            shutil.copyfile(path, home / DATA / path.name)
        else:  # without the time, so that equal rows are equal files
            packed = gzip.compress(path.read_bytes(), mtime=0)
            (home / DATA / f"{path.name}.gz").write_bytes(packed)
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
