"""The command line, `gozoo`; the groups `bench` and `study` have files of their own."""

from __future__ import annotations

import dataclasses
import shlex
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated

try:
    import typer
    from rich.table import Table

    from algorithms.cli_bench import bench
    from algorithms.cli_label import label
    from algorithms.cli_match import games, match
    from algorithms.cli_shared import (
        COLOUR_HELP,
        BoardSize,
        Commands,
        Komi,
        MaxMoves,
        Stop,
        Superko,
        console,
    )
    from algorithms.cli_study import study
except ImportError:
    sys.exit("gozoo: the command needs more than goenv does: pip install 'gozoo[zoo]'")

app = typer.Typer(
    cls=Commands,
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
ConfigPath = Annotated[Path, typer.Argument(help="YAML file, such as configs/alphazero_5x5.yaml")]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="values to set in the file")
]
RunsFolder = Annotated[Path, typer.Option("--runs", help="folder in which results are stored")]
RunsOrHome = Annotated[
    Path | None,
    typer.Option(
        "--runs",
        help="folder in which results are stored; default runs, or with --resume and a stored "
        "config.yaml the folder that it lies in",
    ),
]


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
    runs: RunsOrHome = None,
) -> None:
    """Train one learner; the result is RUNS/NAME, which is also an agent.

    Ctrl-C stops after the step at hand and keeps everything; `--resume` goes on from there, also
    after a kill.
    """
    from algorithms.config import TrainConfig, load_config
    from algorithms.display import Display, describe
    from algorithms.run import holds_run
    from algorithms.run import train as train_run

    settings = load_config(TrainConfig, config, overrides or ())
    folder = _home(config, settings.name, runs, resume and holds_run(config.parent))
    views = [name for name, wanted in (("tensorboard", tensorboard), ("wandb", wandb)) if wanted]
    stop = Stop()
    with Display(console) as display:
        ledger = train_run(
            settings,
            folder,
            resume,
            views,
            lambda status: display.update(status.name, status.share, describe(status)),
            stop,
            display.say,
        )
    if stop.asked and not ledger.exhausted():
        _say_how_to_go_on("train", folder)
        raise typer.Exit(130)
    console.print(f"done: {folder}  (play against it: gozoo match {folder} uct:400)")


def _home(config: Path, name: str, runs: Path | None, resumes_stored: bool) -> Path:
    """The folder of a run or comparison: one that was moved or renamed goes on where it lies."""
    from algorithms.config import CONFIG_FILE

    if runs is None and resumes_stored and config.name == CONFIG_FILE:
        return config.parent.absolute()
    return (runs or Path("runs")) / name


def _say_how_to_go_on(command: str, folder: Path) -> None:
    """Name the command, with the stored configuration: nobody has to know the overrides."""
    from algorithms.config import CONFIG_FILE

    stored = shlex.quote(str(folder / CONFIG_FILE))
    console.print(
        f"stopped; to go on: gozoo {command} {stored} --resume", highlight=False, soft_wrap=True
    )


@app.command()
def compare(
    config: ConfigPath,
    overrides: Overrides = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with a stopped comparison, or report it anew")
    ] = False,
    learners: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="only these; default all of the file")
    ] = None,
    runs: RunsOrHome = None,
) -> None:
    """Train every learner with every seed on one budget, let all meet all, write a report.

    The result is RUNS/NAME/report/index.html. Ctrl-C stops cleanly; `--resume` goes on.
    """
    from algorithms.compare import holds_comparison, run_comparison
    from algorithms.compare_config import CompareConfig
    from algorithms.config import load_config
    from algorithms.display import Display

    settings = load_config(CompareConfig, config, overrides or ())
    if learners is not None:
        whole = settings.judge
        settings = settings.only([name.strip() for name in learners.split(",")])
        if settings.judge.baseline != whole.baseline:
            console.print(f"judge.baseline, {whole.baseline}, is none of --learners: left out")
    stored = resume and holds_comparison(config.parent, settings)
    folder = _home(config, settings.name, runs, stored)
    stop = Stop()
    with Display(console) as display:
        report = run_comparison(settings, folder, resume, display, stop)
    if report is None:
        _say_how_to_go_on("compare", folder)
        raise typer.Exit(130)
    console.print(f"the report is {report}", highlight=False, soft_wrap=True)


@app.command()
def gtp(
    agent: Annotated[str, typer.Argument(help="who plays, such as uct:2000 or runs/NAME")],
    size: Annotated[
        int | None,
        typer.Option(help="side of the board, until told otherwise; default as in training, or 9"),
    ] = None,
    komi: Annotated[
        float | None,
        typer.Option(help="points for White, until told otherwise; default as in training, or 7.5"),
    ] = None,
    simulations: Annotated[
        int | None, typer.Option(min=1, help="of a search, a move; default the agent's own number")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="of a search, a move; as many simulations as fit in")
    ] = None,
    leaves: Annotated[
        int, typer.Option(min=1, max=1024, help="of a search, evaluated side by side at most")
    ] = 8,
    seed: Annotated[
        int | None, typer.Option(min=0, help="of the player; default another one each time")
    ] = None,
) -> None:
    """Play as a Go engine that speaks GTP, for Sabaki, GoGui and servers.

    Commands come on stdin, answers go to stdout. A search that the clock leaves too little time
    for takes fewer simulations.
    """
    from algorithms.config import GameConfig
    from algorithms.gtp import run_engine
    from algorithms.home_game import choose_game
    from algorithms.registry import make_agent

    usual = GameConfig(size=9, komi=7.5)
    rules = choose_game([agent], {"size": size, "komi": komi}, usual).rules()
    # A limit for training games would end a game that its players think is running.
    rules = dataclasses.replace(rules, max_moves=None)
    run_engine(make_agent(agent), rules, simulations, seconds, leaves, seed)


@app.command()
def curve(
    run: Annotated[Path, typer.Argument(help="folder of a run")],
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="an opponent, such as uct:2000, or a league, such as league/5x5; may be given "
            "again; default uct:400"
        ),
    ] = None,
    play: Annotated[
        str, typer.Option(help="how the run plays, such as simulations=200; default its own way")
    ] = "",
    komi: Annotated[float | None, typer.Option(help="points for White; default the run's")] = None,
    max_moves: Annotated[
        int | None, typer.Option(help="cut games off after so many moves; default the run's")
    ] = None,
    games: Annotated[
        int | None,
        typer.Option(help="of a match, even; default 100, or fewer if openings run out"),
    ] = None,
    opening_moves: Annotated[
        int, typer.Option(help="random moves that open each pair of games")
    ] = 2,
    last: Annotated[
        int | None, typer.Option(min=1, help="only so many snapshots, the latest")
    ] = None,
    colour: Annotated[str, typer.Option(help=COLOUR_HELP)] = "both",
    seed: Annotated[int, typer.Option(min=0, help="of openings and players")] = 0,
) -> None:
    """Let the snapshots of a run meet fixed opponents: its learning curve.

    The result is RUN/curve/curve.csv and a figure beside it. Ctrl-C stops after the match at hand;
    the same command goes on from there.
    """
    from algorithms.config import GameConfig, validate
    from algorithms.display import Display
    from algorithms.leagues import expand_names
    from algorithms.matches import usual_games
    from algorithms.progress import Conditions, measure_progress, print_progress
    from algorithms.run import load_run_config

    stop = Stop()
    said = {"komi": komi, "max_moves": max_moves}
    given = {name: value for name, value in said.items() if value is not None}
    game = validate(GameConfig, {**load_run_config(run).game.model_dump(), **given}, "the game")
    rules = game.rules()
    assert rules.max_moves is not None
    opponents = expand_names(against or ["uct:400"], game.size, console.print)
    if games is None:
        games = usual_games(rules, opening_moves, colour)
    wanted = [
        Conditions(each, play, rules.komi, rules.max_moves, games, opening_moves, seed, colour)
        for each in opponents
    ]
    with Display(console) as display:
        meetings = measure_progress(run, wanted, last, display, stop)
    print_progress(meetings, console)
    if stop.asked:
        raise typer.Exit(130)
    console.print(f"the curve is in {run / 'curve'}", highlight=False, soft_wrap=True)


@app.command()
def exploit(
    agent: Annotated[str, typer.Argument(help="who is to be exploited: any agent")],
    budget: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="what training may spend; default seconds=600"),
    ] = None,
    size: BoardSize = None,
    komi: Komi = None,
    superko: Superko = None,
    max_moves: MaxMoves = None,
    games: Annotated[
        int | None,
        typer.Option(help="of the match, even; default 400, or fewer if openings run out"),
    ] = None,
    opening_moves: Annotated[
        int, typer.Option(help="random moves that open each pair of games")
    ] = 2,
    name: Annotated[
        str | None, typer.Option(help="of the run; default exploit-AGENT with board and seed")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of training and match")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="go on with a stopped one")] = False,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Train a best response to an agent: a lower bound on how exploitable it is.

    The agent stays as it is; the best response is a run of its own. The bound is the mean outcome
    (1 a win, -1 a loss) of a match with both colours from each opening; nobody could take more than
    0 from a perfect player. It holds for games from such openings.
    """
    from algorithms.budget import Budget
    from algorithms.config import ConfigError, validate
    from algorithms.display import Display
    from algorithms.exploit import Target
    from algorithms.exploit import exploit as exploit_agent
    from algorithms.home_game import choose_game
    from algorithms.matches import usual_games

    limits = {}
    for text in budget or ["seconds=600"]:
        unit, separator, value = text.partition("=")
        if not separator:
            raise ConfigError(f"a budget looks like seconds=600 or env_steps=1e6, got {text!r}")
        limits[unit] = value
    given = {"size": size, "komi": komi, "superko": superko, "max_moves": max_moves}
    game = choose_game([agent], given)
    if games is None:
        games = usual_games(game.rules(), opening_moves, most=400)
    stop = Stop()
    with Display(console) as display:
        found = exploit_agent(
            Target(agent, game, seed, games, opening_moves, name),
            validate(Budget, limits, "the budget"), runs, resume, display, stop,
        )  # fmt: skip
    if found is None:
        console.print("stopped; `--resume` goes on")
        raise typer.Exit(130)
    mean, low, high = found.bound
    table = Table(
        title=f"how exploitable {agent} is at least, {game.size}x{game.size}, komi {game.komi:g}"
    )
    for heading in ("games", "win rate", "as Black", "as White", "at least", "95 %"):
        table.add_column(heading, justify="right")
    match = found.match
    table.add_row(
        str(match.games), f"{match.rate:.3f}", f"{match.as_black:.3f}", f"{match.as_white:.3f}",
        f"{mean:+.2f}", f"{low:+.2f} to {high:+.2f}",
    )  # fmt: skip
    console.print(table)


app.command()(label)
app.command()(match)
app.command()(games)
app.add_typer(bench, name="bench")
app.add_typer(study, name="study")


def main() -> None:
    """Entry point: errors of use are told in a line, others leave a trace in a file."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except FileExistsError as error:
        sys.exit(f"gozoo: {error.filename}: a file, where a folder is needed; name another")
    except OSError as error:
        sys.exit(f"gozoo: {error.filename or 'the system'}: {error.strerror or error}")
    except Exception as error:
        # Only now: these bring torch along, for which --help need not wait.
        from algorithms.checkpoint import CheckpointError
        from algorithms.config import ConfigError
        from algorithms.evaluator import NotFiniteError
        from algorithms.labels import DataError
        from algorithms.registry import AgentError
        from algorithms.workers import WorkerError
        from baselines.engine_process import EngineError
        from baselines.game_store import StoreError

        known = (
            ConfigError, CheckpointError, AgentError, EngineError, WorkerError, DataError,
            StoreError, NotFiniteError,
        )  # fmt: skip
        if isinstance(error, known):
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
