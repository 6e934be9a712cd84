"""The command line: gozoo train | compare | match | bench | warmup."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated

try:
    import typer
    from rich.console import Console
    from rich.table import Table
except ImportError:
    sys.exit("gozoo: the command needs more than goenv does: pip install 'gozoo[zoo]'")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""Train, compare and play learners of Go.

    Every configuration is a YAML file under `configs/`; any key in it can be set on the command
    line as `key=value`, with dots between groups: `gozoo train configs/alphazero_5x5.yaml
    budget.seconds=60 learner.search.simulations=16`.
    """,
)
console = Console(markup=False)  # paths may hold brackets

ConfigPath = Annotated[Path, typer.Argument(help="YAML file, such as configs/alphazero_5x5.yaml")]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="values to set in the file")
]
RunsFolder = Annotated[Path, typer.Option("--runs", help="folder in which results are stored")]


class _Stop:
    """Turns the first Ctrl-C (or a polite kill) into a request; the second one ends at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: object) -> None:
        if self.asked:
            os._exit(130)
        self.asked = True
        # Not by the console: it may be in the middle of a line, and cannot be entered twice.
        os.write(2, b"\nstopping after the step at hand (again to stop at once) ...\n")

    def __call__(self) -> bool:
        return self.asked


@app.command()
def warmup() -> None:
    """Compile all kernels now, once on this machine, so that nothing waits for it later."""
    from algorithms.warm_up import warm_up

    warm_up()


@app.command()
def train(
    config: ConfigPath,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with a stopped run")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="log for it too")] = False,
    wandb: Annotated[
        bool, typer.Option("--wandb", help="log to Weights & Biases too, offline without account")
    ] = False,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Train one learner; the result is RUNS/NAME, which is also an agent.

    Ctrl-C stops after the step at hand and keeps everything; `--resume` goes on from there, also
    after a kill.
    """
    from algorithms.config import TrainConfig, load_config
    from algorithms.display import Display, describe
    from algorithms.run import train as train_run

    settings = load_config(TrainConfig, config, overrides or ())
    folder = runs / settings.name
    views = [name for name, wanted in (("tensorboard", tensorboard), ("wandb", wandb)) if wanted]
    stop = _Stop()
    with Display(console) as display:
        display.say(f"training {settings.learner.algorithm} in {folder}")
        ledger = train_run(
            settings,
            folder,
            resume,
            views,
            lambda status: display.update(status.name, status.share, describe(status)),
            stop,
        )
    if stop.asked and not ledger.exhausted():
        console.print(f"stopped; `--resume` goes on from the checkpoint in {folder}")
        raise typer.Exit(130)
    console.print(f"done: {folder}  (play against it: gozoo match {folder} uct:400)")


@app.command()
def compare(
    config: ConfigPath,
    overrides: Overrides = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with a stopped comparison, or report it anew")
    ] = False,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Train every learner with every seed on one budget, let all meet all, write a report.

    The result is RUNS/NAME/report/index.html. Ctrl-C stops cleanly; `--resume` goes on.
    """
    from algorithms.compare import run_comparison
    from algorithms.config import CompareConfig, load_config
    from algorithms.display import Display

    settings = load_config(CompareConfig, config, overrides or ())
    stop = _Stop()
    with Display(console) as display:
        report = run_comparison(settings, runs / settings.name, resume, display, stop)
    if report is None:
        console.print(f"stopped; `--resume` goes on with {runs / settings.name}")
        raise typer.Exit(130)
    console.print(f"the report is {report}", highlight=False, soft_wrap=True)


@app.command()
def match(
    first: Annotated[str, typer.Argument(help="an agent, such as uct:400 or runs/NAME")],
    second: Annotated[str, typer.Argument(help="another agent")],
    size: Annotated[int, typer.Option(help="side of the board")] = 5,
    komi: Annotated[float, typer.Option(help="points for White, a multiple of 0.5")] = 6.5,
    superko: Annotated[str, typer.Option(help="positional, situational or simple")] = "positional",
    suicide: Annotated[bool, typer.Option(help="whether multi-stone suicide is legal")] = True,
    max_moves: Annotated[
        int | None, typer.Option(help="cut games off after so many moves; default 2.4 size^2")
    ] = None,
    games: Annotated[int, typer.Option(help="number of games, even")] = 100,
    opening_moves: Annotated[
        int, typer.Option(help="random moves that open each pair of games")
    ] = 2,
    seed: Annotated[int, typer.Option(min=0, help="of openings and players")] = 0,
    sgf: Annotated[Path | None, typer.Option(help="folder for the games")] = None,
) -> None:
    """Let two agents play; colours alternate, both from each opening.

    Agents: `random`; `uct:400` (playouts a move); `gnugo:10` (GNU Go, by its level);
    `'gtp:COMMAND'` (any engine that speaks GTP); `runs/NAME` or a checkpoint in it, with settings
    of play after a question mark, such as `runs/NAME?simulations=0` for the policy without search.
    """
    from algorithms.config import GameConfig, validate
    from algorithms.display import Display
    from algorithms.matches import play_match

    rules = validate(
        GameConfig,
        {
            "size": size,
            "komi": komi,
            "superko": superko,
            "suicide": suicide,
            "max_moves": max_moves,
        },
        "the game",
    ).rules()
    with Display(console) as display:
        summary = play_match(first, second, rules, games, opening_moves, seed, sgf, display)
    table = Table(title=f"{first} against {second}, {size}x{size}, komi {komi:g}")
    for heading in ("games", "wins", "draws", "losses", "win rate", "95 %", "as Black", "as White"):
        table.add_column(heading, justify="right")
    low, high = summary.interval
    table.add_row(
        *map(str, (summary.games, summary.wins, summary.draws, summary.losses)),
        f"{summary.rate:.3f}",
        f"{low:.2f} - {high:.2f}",
        f"{summary.as_black:.3f}",
        f"{summary.as_white:.3f}",
    )
    console.print(table)


bench = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Measure speed, and check the rules against other referees.

    The figures of a busy machine vary: compare within one run.
    """,
)
app.add_typer(bench, name="bench")


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
    stop = _Stop()
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
    stop = _Stop()
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


def _sides(text: str, smallest: int, largest: int) -> list[int]:
    """Sides of boards from `3,5,9` or `2-25`. Raises ConfigError naming --sizes."""
    from algorithms.config import ConfigError

    sides: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.partition("-")
            sides += range(int(first), int(last if dash else first) + 1)
    except ValueError:
        raise ConfigError(f"--sizes: whole numbers such as 3,5,9 or 2-25, got {text!r}") from None
    if not sides or not all(smallest <= side <= largest for side in sides):
        raise ConfigError(f"--sizes: from {smallest} to {largest}, got {text!r}")
    return sides


def main() -> None:
    """Entry point: errors of use are told in a line, others leave a trace in a file."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"gozoo: {error.filename or 'the system'}: {error.strerror or error}")
    except Exception as error:
        # Only now: these bring torch along, for which --help need not wait.
        from algorithms.checkpoint import CheckpointError
        from algorithms.config import ConfigError
        from algorithms.registry import AgentError
        from algorithms.workers import WorkerError
        from baselines.gtp import EngineError

        if isinstance(error, (ConfigError, CheckpointError, AgentError, EngineError, WorkerError)):
            sys.exit(f"gozoo: {error}")
        with tempfile.NamedTemporaryFile(
            "w", prefix="gozoo-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            traceback.print_exc(file=file)
        sys.exit(
            f"gozoo: an error in GoZoo itself: {type(error).__name__}: {error}\n"
            f"please report it with {file.name}"
        )


if __name__ == "__main__":
    main()
