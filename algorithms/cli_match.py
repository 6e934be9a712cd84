"""`gozoo match` plays games, `gozoo games` shows those that are stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from algorithms.cli_shared import (
    COLOUR_HELP,
    BoardSize,
    Komi,
    MaxMoves,
    Stop,
    Superko,
    console,
)

if TYPE_CHECKING:
    from algorithms.matches import MatchPlan
    from baselines.arena import MatchSummary
    from baselines.sprt import Sprt


def match(
    first: Annotated[str, typer.Argument(help="an agent, such as uct:400 or runs/NAME")],
    second: Annotated[str, typer.Argument(help="another agent")],
    size: BoardSize = None,
    komi: Komi = None,
    superko: Superko = None,
    suicide: Annotated[
        bool | None,
        typer.Option(help="is multi-stone suicide legal? default as in training, or yes"),
    ] = None,
    max_moves: MaxMoves = None,
    games: Annotated[
        int | None,
        typer.Option(
            help="number of games, even; default 100, or with --sprt 1000 at most, or fewer where "
            "there are not so many openings"
        ),
    ] = None,
    opening_moves: Annotated[
        int, typer.Option(help="random moves that open each pair of games")
    ] = 2,
    all_openings: Annotated[
        bool,
        typer.Option(
            "--all-openings",
            help="from every opening of so many moves, turned and mirrored ones counted once",
        ),
    ] = False,
    openings_by: Annotated[
        str | None,
        typer.Option(
            metavar="AGENT",
            help="who plays the opening moves, such as 'az:7?simulations=0&temperature=1'; default "
            "at random",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of openings and players")] = 0,
    colour: Annotated[str, typer.Option(help=COLOUR_HELP)] = "both",
    sprt: Annotated[
        str | None,
        typer.Option(
            metavar="ELO0,ELO1",
            help="stop when it is decided whether the first agent is ELO0 or ELO1 Elo stronger, "
            "such as 0,50",
        ),
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="of --sprt: chance to decide for ELO1 where ELO0 is true")
    ] = 0.05,
    beta: Annotated[
        float, typer.Option(help="of --sprt: chance to decide for ELO0 where ELO1 is true")
    ] = 0.05,
    at_once: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="games side by side: networks are faster with more, the first games finish sooner "
            "with fewer; default 64, or 16 with an engine",
        ),
    ] = None,
    sgf: Annotated[
        Path | None,
        typer.Option(
            help="folder for the games, as SGF and in a database; the same command goes on from "
            "what is there"
        ),
    ] = None,
) -> None:
    """Let two agents play; colours alternate, both from each opening.

    Agents: `random`; `uct:400` (playouts a move); `gnugo:10` (GNU Go, by its level);
    `'katago:CONFIG?model=NET&visits=16'`; `'gtp:COMMAND'` (any engine that speaks GTP); `runs/NAME`
    or a checkpoint in it, with settings of play after a question mark, such as
    `runs/NAME?simulations=0` for the policy without search.
    The game is that which the trained agents learned, else 5x5 with komi 6.5.
    Ctrl-C stops after the move at hand. With --sgf no finished game is ever lost.
    """
    from algorithms.config import ConfigError
    from algorithms.display import Display
    from algorithms.home_game import choose_game
    from algorithms.matches import MatchPlan, play_match, usual_games

    given = {"size": size, "komi": komi, "superko": superko, "suicide": suicide,
             "max_moves": max_moves}  # fmt: skip
    rules = choose_game((first, second), given).rules()
    if all_openings and games is not None:
        raise ConfigError("give either --games or --all-openings, which decides how many they are")
    if games is None and not all_openings:
        most = 100 if sprt is None else 1000
        games = most if openings_by else usual_games(rules, opening_moves, colour, most)
    plan = MatchPlan(
        first=first,
        second=second,
        rules=rules,
        games=games,
        opening_moves=opening_moves,
        openings_by=openings_by,
        seed=seed,
        colour=colour,
        sprt=None if sprt is None else _sprt(sprt, alpha, beta),
        at_once=at_once,
    )
    stop = Stop()
    with Display(console) as display:
        result = play_match(plan, display, sgf, stop)
    console.print(_match_table(plan, result.summary))
    if result.verdict is not None:
        console.print(str(result.verdict), highlight=False)
    if result.stopped:
        told = f"stopped after {result.summary.games} of {result.games} games"
        kept = f"; the same command goes on from {sgf}" if sgf else ""
        console.print(told + kept, highlight=False, soft_wrap=True)
        raise typer.Exit(130)


def games(
    path: Annotated[
        Path, typer.Argument(help="of `match --sgf`, or a comparison; or a games.sqlite in it")
    ],
    sgf: Annotated[Path | None, typer.Option(help="write all games into this folder")] = None,
    recount: Annotated[
        bool, typer.Option("--recount", help="let GNU Go count all games that were played out")
    ] = False,
) -> None:
    """Show the matches in a database of games, write their games as SGF, or count them again."""
    from algorithms.stored_games import describe, export_games, read_matches, recount_games

    matches = read_matches(path)
    for line in describe(matches):
        console.print(line, highlight=False, soft_wrap=True)
    if sgf is not None:
        console.print(
            f"{export_games(matches, sgf)} games are in {sgf}", highlight=False, soft_wrap=True
        )
    if recount:
        for line in recount_games(matches):
            console.print(line, highlight=False, soft_wrap=True)


def _sprt(text: str, alpha: float, beta: float) -> Sprt:
    """The test that the options describe.

    Raises:
        ConfigError: they describe none.
    """
    from algorithms.config import ConfigError
    from baselines.sprt import Sprt

    try:
        elo0, elo1 = map(float, text.split(","))
    except ValueError:
        raise ConfigError(f"--sprt takes two numbers, such as 0,50, got {text!r}") from None
    try:
        return Sprt(elo0, elo1, alpha, beta)
    except ValueError as error:
        raise ConfigError(f"--sprt: {error}") from None


def _match_table(plan: MatchPlan, summary: MatchSummary) -> Table:
    from algorithms.display import rate_text

    size, komi = plan.rules.size, plan.rules.komi
    low, high = summary.interval
    cells = {
        "games": str(summary.games),
        "wins": str(summary.wins),
        "draws": str(summary.draws),
        "losses": str(summary.losses),
        "win rate": rate_text(summary.rate),
        "95 %": f"{low:.2f} - {high:.2f}",
        "as Black": rate_text(summary.as_black),
        "as White": rate_text(summary.as_white),
    }
    table = Table(title=f"{plan.first} against {plan.second}, {size}x{size}, komi {komi:g}")
    for heading in cells:
        table.add_column(heading, justify="right")
    table.add_row(*cells.values())
    return table
