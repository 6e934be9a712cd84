"""The commands `gozoo bench ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from algorithms.cli_shared import Commands, Stop, console

bench = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Measure speed, and check the rules against other referees.

    The figures of a busy machine vary: compare within one run.
    """,
)


@bench.command("env")
def bench_env(
    sizes: Annotated[str, typer.Option(help="sides of boards, with commas")] = "5,9,19",
    seconds: Annotated[float, typer.Option(min=0.01, help="of a turn, about")] = 0.5,
    repeats: Annotated[int, typer.Option(min=1, help="turns of each environment")] = 5,
    peers: Annotated[bool, typer.Option(help="measure other environments that are there")] = True,
    store: Annotated[Path | None, typer.Option("--json", help="file for the figures")] = None,
) -> None:
    """Random legal play with exact mask and planes at every ply, on one core.

    With `pip install 'gozoo[peers]'` other Go environments take their turns in the same run.
    """
    from algorithms.bench.run import bench_environments, print_figures, store_figures
    from algorithms.display import Display

    sides = _sides(sizes, 2, 25)
    with Display(console) as display:
        figures, missing = bench_environments(sides, seconds, repeats, peers, display)
    print_figures(figures, console)
    for name in missing if peers else ():
        console.print(f"{name} is not installed: pip install 'gozoo[peers]' to have it measured")
    if store is not None:
        store_figures(figures, missing, store)
        console.print(f"the figures are in {store}", highlight=False, soft_wrap=True)


@bench.command("search")
def bench_search(
    sizes: Annotated[str, typer.Option(help="sides of boards, with commas")] = "5,9",
    seconds: Annotated[float, typer.Option(min=0.01, help="of a turn, about")] = 1.0,
    repeats: Annotated[int, typer.Option(min=1, help="turns of each search")] = 5,
    store: Annotated[Path | None, typer.Option("--json", help="file for the figures")] = None,
) -> None:
    """Searches with a network that takes no time, and the network alone, on one core.

    256 games side by side; simulations a second, and evaluations a second of the network that the
    presets have for the size.
    """
    from algorithms.bench.run import print_figures, store_figures, take_turns
    from algorithms.bench.searches import search_contenders
    from algorithms.display import Display

    sides = _sides(sizes, 2, 25)
    with Display(console) as display:
        figures = take_turns(search_contenders(), sides, seconds, repeats, display)
    unit = "simulations or evaluations"
    print_figures(figures, console, unit, ("of what", "unit"))
    if store is not None:
        store_figures(figures, [], store, unit)
        console.print(f"the figures are in {store}", highlight=False, soft_wrap=True)


@bench.command("selfplay")
def bench_selfplay(
    sizes: Annotated[str, typer.Option(help="sides of boards, with commas")] = "5,9",
    workers: Annotated[str, typer.Option(help="numbers of threads, with commas")] = "1,2",
    seconds: Annotated[float, typer.Option(min=0.1, help="for each, beside preparing")] = 30.0,
    store: Annotated[Path | None, typer.Option("--json", help="file for the figures")] = None,
) -> None:
    """AlphaZero from scratch: games, evaluations and samples a second, and where time goes."""
    from algorithms.bench.self_play_run import bench_self_play, print_self_play, store_self_play
    from algorithms.display import Display

    sides, counts = _sides(sizes, 2, 25), _sides(workers, 1, 256, "--workers")
    with Display(console) as display:
        figures = bench_self_play(sides, counts, seconds, display)
    print_self_play(figures, console)
    if store is not None:
        store_self_play(figures, store)
        console.print(f"the figures are in {store}", highlight=False, soft_wrap=True)


@bench.command("rules")
def bench_rules(
    plies: Annotated[
        int, typer.Option(min=0, help="to compare with the slow reference")
    ] = 1_000_000,
    peer_plies: Annotated[int, typer.Option(min=0, help="to compare with each peer")] = 100_000,
    peers: Annotated[bool, typer.Option(help="compare with other environments too")] = True,
    sizes: Annotated[str, typer.Option(help="sides of boards, 2-25 or 3,5,9")] = "2-25",
    seed: Annotated[int, typer.Option(min=0, help="of the random players")] = 0,
    store: Annotated[Path | None, typer.Option("--json", help="file for what was found")] = None,
) -> None:
    """Play random games against other referees; every ply must be the same.

    Legal actions, board, player to move, end and score are compared with a slow reference, written
    straight from the definition of the rules, and with the peers that are there (`pip install
    'gozoo[peers]'`). Differences that docs/truth.md explains are counted; with any other the
    command shows a game that has it and exits with 1. Ctrl-C stops and shows what was compared.
    """
    from algorithms.bench.rules_run import bench_rules as compare_rules
    from algorithms.bench.rules_run import print_report, store_report
    from algorithms.display import Display

    sides = _sides(sizes, 2, 25)
    stop = Stop()
    with Display(console) as display:
        report = compare_rules(sides, plies, peer_plies if peers else 0, seed, display, stop)
    print_report(report, console)
    if store is not None:
        store_report(report, seed, store)
        console.print(f"what was found is in {store}", highlight=False, soft_wrap=True)
    if report.unexplained:
        raise typer.Exit(1)
    if report.stopped:
        raise typer.Exit(130)


@bench.command("perft")
def bench_perft(
    sizes: Annotated[str, typer.Option(help="sides of boards, 2-5 or 3,5")] = "2-5",
    depth: Annotated[
        int | None, typer.Option(min=1, help="plies at most; default all that is known")
    ] = None,
    games: Annotated[
        bool, typer.Option("--games", help="count all 386,356,909,593 games on 2x2, in minutes")
    ] = False,
) -> None:
    """Count legal sequences, games and positions by length; they must be what is known.

    The numbers are compared with those that a slow reference, written straight from the definition
    of the rules, has counted: on 5x5 to 6 plies, 168,759,376 sequences.
    """
    from algorithms.bench.perft_run import bench_perft as compare_perft
    from algorithms.bench.perft_run import print_perft
    from algorithms.bench.small_games import GAMES_ON_2X2, count_games
    from algorithms.display import Display

    sides = _sides(sizes, 2, 5)
    stop = Stop()
    with Display(console) as display:
        rows = compare_perft(sides, depth, display, stop)
        found = None
        if games and not stop.asked:
            found = count_games(lambda share: display.update("games on 2x2", share), stop)
    print_perft(rows, console)
    same = all(row.same for row in rows)
    if found is not None:
        console.print(f"games on 2x2: {found:,}; known: {GAMES_ON_2X2:,}")
        same = same and found == GAMES_ON_2X2
    if not same:
        raise typer.Exit(1)
    if stop.asked:
        raise typer.Exit(130)


@bench.command("ratings")
def bench_ratings(
    tournaments: Annotated[int, typer.Option(min=1, help="of each scenario")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="of the tournaments")] = 0,
    store: Annotated[Path | None, typer.Option("--json", help="file for the table")] = None,
) -> None:
    """Simulate tournaments of players with known strengths; how often do intervals hold the truth?

    Few games and many, draws, lopsided results, an advantage of Black, openings that favour a
    player or a colour, learners with several seeds; and how often the test for cycles finds one
    where there is one and where there is none. docs/ratings.md describes the scenarios and says
    what came of it. Ctrl-C stops and shows what was played.
    """
    from algorithms.bench.ratings_run import bench_ratings as play_tournaments
    from algorithms.bench.ratings_run import print_report, store_report
    from algorithms.display import Display

    stop = Stop()
    with Display(console) as display:
        report = play_tournaments(tournaments, seed, display, stop)
    print_report(report, console)
    if store is not None:
        store_report(report, seed, store)
        console.print(f"the tables are in {store}", highlight=False, soft_wrap=True)
    if stop.asked:
        raise typer.Exit(130)


def _sides(text: str, smallest: int, largest: int, option: str = "--sizes") -> list[int]:
    """Whole numbers from `3,5,9` or `2-25`. Raises ConfigError naming the option."""
    from algorithms.config import ConfigError

    sides: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.partition("-")
            sides += range(int(first), int(last if dash else first) + 1)
    except ValueError:
        raise ConfigError(f"{option}: whole numbers such as 3,5,9 or 2-25, got {text!r}") from None
    if not sides or not all(smallest <= side <= largest for side in sides):
        raise ConfigError(f"{option}: from {smallest} to {largest}, got {text!r}")
    return sides
