"""The commands `gozoo study ...`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from algorithms.cli_shared import Stop, console
from algorithms.studies.names import NAMES, text_of

study = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Measure what the lecture claims about learning.

    `gozoo study NAME` runs a study on two cores in minutes, with `--preset full` in hours, and
    writes a report. Ctrl-C stops it; the same command goes on.
    """,
)
StudiesFolder = Annotated[Path, typer.Option("--runs", help="folder in which results are stored")]


def _run(name: str, preset: str, overrides: list[str], workers: int | None, runs: Path) -> None:
    from algorithms.config import ConfigError, override, validate
    from algorithms.display import Display
    from algorithms.studies.catalogue import find_study
    from algorithms.studies.running import run_study

    found = find_study(name)
    if preset not in found.presets:
        raise ConfigError(f"--preset: one of {', '.join(found.presets)}, got {preset!r}")
    data = found.presets[preset].model_dump(mode="json")
    for each in overrides:
        override(data, each)
    config = validate(found.config, data, f"the preset {preset!r} of {name}")
    stop, folder = Stop(), runs / f"{name}-{preset}"
    with Display(console) as display:
        page = run_study(found, preset, config, folder, workers, display, stop)
    if page is None:
        console.print(f"stopped; the same command goes on with {folder}")
        raise typer.Exit(130)
    console.print(f"the report is {page}", highlight=False, soft_wrap=True)


def _command(name: str) -> Callable[..., None]:
    def command(
        overrides: Annotated[
            list[str] | None,
            typer.Argument(metavar="KEY=VALUE", help="values to set in the preset"),
        ] = None,
        preset: Annotated[
            str, typer.Option(help="quick: minutes; full: hours; tiny: a test")
        ] = "quick",
        workers: Annotated[
            int | None, typer.Option(min=1, help="cells side by side; default: one a core")
        ] = None,
        runs: StudiesFolder = Path("runs/studies"),
    ) -> None:
        _run(name, preset, overrides or [], workers, runs)

    return command


for _name in NAMES:
    study.command(_name, help=text_of(_name).question)(_command(_name))


@study.command("list")
def list_studies(runs: StudiesFolder = Path("runs/studies")) -> None:
    """The studies as a tree, what came of each, and how often predictions came true."""
    from algorithms.studies.ledger import draw, entries, predictions

    listed = entries(runs)
    console.print(draw(listed), highlight=False)
    true, false, undecided = predictions(listed)
    console.print(f"predictions: {true} came true, {false} did not, {undecided} are undecided")


@study.command("report")
def report(folder: Annotated[Path, typer.Argument(help="folder of a study's run")]) -> None:
    """Draw a report anew from the stored numbers."""
    from algorithms.studies.running import report_study, study_of_folder

    page = report_study(study_of_folder(folder), folder)
    console.print(f"the report is {page}", highlight=False, soft_wrap=True)
