"""The commands `gozoo study ...`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from algorithms.cli_shared import Commands, Stop, console
from algorithms.studies.names import NAMES, text_of

if TYPE_CHECKING:
    from algorithms.studies.study import Study, StudyConfig

study = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Measure what the lecture claims about learning.

    `gozoo study NAME` runs a study on two cores in minutes, with `--preset full` in hours, and
    writes a report. Ctrl-C stops it; the same command goes on. `gozoo study new` begins one of
    your own.
    """,
)
StudiesFolder = Annotated[Path, typer.Option("--runs", help="folder in which results are stored")]


def _configured(name: str, preset: str, overrides: list[str]) -> tuple[Study, StudyConfig]:
    from algorithms.config import ConfigError, override, validate
    from algorithms.studies.catalogue import find_study

    found = find_study(name)
    if preset not in found.presets:
        raise ConfigError(f"--preset: one of {', '.join(found.presets)}, got {preset!r}")
    data = found.presets[preset].model_dump(mode="json")
    for each in overrides:
        override(data, each)
    return found, validate(found.config, data, f"the preset {preset!r} of {name}")


def _run(name: str, preset: str, overrides: list[str], workers: int | None, runs: Path) -> None:
    found, config = _configured(name, preset, overrides)
    _run_in(runs / f"{name}-{preset}", found, preset, config, workers)


def _list_settings(name: str, preset: str, overrides: list[str]) -> None:
    found, config = _configured(name, preset, overrides)
    table = Table("setting", preset, "meaning", box=None, pad_edge=False)
    values = config.model_dump(mode="json")
    for key, field in found.config.model_fields.items():
        # As it is to be typed: YAML without spaces.
        value = json.dumps(values[key], separators=(",", ":"))
        table.add_row(key, value, field.description or "")
    console.print(table, highlight=False)


def _run_in(
    folder: Path, found: Study, preset: str, config: StudyConfig, workers: int | None
) -> None:
    from algorithms.display import Display
    from algorithms.studies.running import run_study

    stop = Stop()
    with Display(console) as display:
        page = run_study(found, preset, config, folder, workers, display, stop)
    if page is None:
        console.print(f"stopped; the same command goes on with {folder}")
        raise typer.Exit(130)
    console.print(f"the report is {page}", highlight=False, soft_wrap=True)


Workers = Annotated[int | None, typer.Option(min=1, help="cells side by side; default: one a core")]


def _command(name: str) -> Callable[..., None]:
    def command(
        overrides: Annotated[
            list[str] | None,
            typer.Argument(metavar="KEY=VALUE", help="values to set in the preset; see --settings"),
        ] = None,
        preset: Annotated[
            str, typer.Option(help="quick: minutes; full: hours; tiny: a test")
        ] = "quick",
        workers: Workers = None,
        runs: StudiesFolder = Path("runs/studies"),
        settings: Annotated[
            bool, typer.Option("--settings", help="list what can be set, and do nothing else")
        ] = False,
    ) -> None:
        if settings:
            _list_settings(name, preset, overrides or [])
        else:
            _run(name, preset, overrides or [], workers, runs)

    return command


for _name in NAMES:
    study.command(_name, help=text_of(_name).question)(_command(_name))


@study.command("new")
def new_sweep(
    name: Annotated[str, typer.Argument(help="of the study; NAME.yaml is written")],
    question: Annotated[str, typer.Option(help="what is asked, one sentence")],
    config: Annotated[Path, typer.Option(help="what is trained: a file as for `gozoo train`")],
    axis: Annotated[
        list[str], typer.Option(metavar="KEY=A,B,...", help="what is varied; once or twice")
    ],
    against: Annotated[
        str, typer.Option(help="who measures strength, such as uct:400; exact: the truth, on 3x3")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="values to set in what is trained"),
    ] = None,
    hypothesis: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="'CELL - CELL in LOW..HIGH: TEXT', such as "
            "'simulations=32 - simulations=8 in 0..: more simulations label better', "
            "or 'slope in LOW..HIGH: TEXT'",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each variant")] = 3,
    games: Annotated[int, typer.Option(min=2, help="of each player against the opponent")] = 100,
    snapshots: Annotated[
        int, typer.Option(min=1, help="of each training that are measured, with the last")
    ] = 3,
    parent: Annotated[str | None, typer.Option(help="the study that led to this one")] = None,
) -> None:
    """Begin a study of your own: a question, what is trained, and what is varied.

    Predict the result before you run it: a hypothesis is a number with a range.
    """
    from algorithms.studies.new import write_sweep

    path = write_sweep(
        Path(f"{name}.yaml"), config, overrides or (), axis,
        {"name": name, "question": question, "parent": parent, "against": against,
         "seeds": seeds, "games": games, "snapshots": snapshots, "hypotheses": hypothesis or []},
    )  # fmt: skip
    console.print(f"run it: gozoo study run {path}", highlight=False, soft_wrap=True)


@study.command("run")
def run_sweep(
    file: Annotated[Path, typer.Argument(help="what `gozoo study new` wrote")],
    workers: Workers = None,
    runs: StudiesFolder = Path("runs/studies"),
) -> None:
    """Run a study of your own; the same command goes on after a stop."""
    from algorithms.config import load_config
    from algorithms.studies.study import SWEEP
    from algorithms.studies.sweep import SweepConfig, sweep_study

    config = load_config(SweepConfig, file)
    _run_in(runs / config.name, sweep_study(config), SWEEP, config, workers)


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


@study.command("publish")
def publish(
    folder: Annotated[Path, typer.Argument(help="folder of a study's run")],
    docs: Annotated[Path, typer.Option(help="where the pages are")] = Path("docs/studies"),
) -> None:
    """Make a run the one that the documents and `gozoo study list` tell of."""
    from algorithms.studies import publishing

    console.print(f"the page is {publishing.publish(folder, docs)}", highlight=False)
