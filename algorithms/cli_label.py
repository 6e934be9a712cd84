"""`gozoo label`: KataGo as a teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from algorithms.cli_shared import Stop, console


def label(
    folder: Annotated[Path, typer.Argument(help="folder with .sgf files, also in folders below")],
    config: Annotated[Path, typer.Option(help="KataGo's configuration for analysis")],
    model: Annotated[
        Path | None, typer.Option(help="network; default the one that KataGo finds by itself")
    ] = None,
    visits: Annotated[
        int, typer.Option(min=1, help="of KataGo's search a position; 1 asks its network alone")
    ] = 1,
    out: Annotated[
        Path | None, typer.Option(help="file to write; default labels.jsonl in the folder")
    ] = None,
    size: Annotated[int | None, typer.Option(help="only games on boards of this side")] = None,
) -> None:
    """Let KataGo judge every position of games, to learn from it.

    The result is a file for `data.labels` of `gozoo train configs/supervised_9x9.yaml`: policy,
    value, owners and lead of every position. Ctrl-C stops after the games at hand; the same
    command goes on from there.
    """
    from algorithms.display import Display
    from algorithms.teacher import label_games
    from baselines.analysis import katago_analysis

    file = folder / "labels.jsonl" if out is None else out
    teacher = f"KataGo, {'its own network' if model is None else model.name}, {visits} visits"
    stop = Stop()
    with katago_analysis(config, model) as engine, Display(console) as display:
        done = label_games(
            folder, file, engine, visits, teacher, size,
            lambda count, total: display.update("games", count / total, f"{count} of {total}"),
            stop,
        )  # fmt: skip
    for text in (*engine.warnings, *engine.faults):
        console.print(f"KataGo: {text}", highlight=False)
    console.print(done.summary(), highlight=False)
    if stop.asked:
        raise typer.Exit(130)
    console.print(f"the labels are in {file}", highlight=False, soft_wrap=True)
