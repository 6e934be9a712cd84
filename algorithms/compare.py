"""A comparison: train every learner with every seed, let all meet all, rate them, report.

The folder of a comparison:

    config.yaml           resolved; it alone repeats the comparison
    runs/LEARNER-seedS/   the runs (see `algorithms.run`)
    games.sqlite          all games between players
    exact/*.json          on boards up to 3x3, each player against the exact truth
    report/               index.html, figures, tables

Each stage is made of cells that are functions from plain data to files, run in worker processes:
a run, or the games between groups of players. What is there already is not done again, so a
comparison that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from algorithms import workers
from algorithms.compare_config import CompareConfig
from algorithms.config import CONFIG_FILE, ConfigError, TrainConfig, claim_folder, validate
from algorithms.display import Display, describe
from algorithms.exactness import (
    PlayerJudged,
    can_be_exact,
    exact_cell,
    judgement_cells,
    players_to_judge,
    read_judgements,
)
from algorithms.judging import (
    RUNS,
    GamesFinished,
    Meeting,
    Player,
    cells_of,
    judge_transitivity,
    meetings_cell,
    meetings_of,
    players_of,
    rate,
)
from algorithms.leagues import resolve_comparison
from algorithms.machine import describe_machine
from algorithms.registry import make_agent
from algorithms.report import write_report
from algorithms.run import Status, is_complete, train
from baselines.arena import GameRecord
from baselines.exact_judge import ExactJudgement
from baselines.game_store import DATABASE, GameStore, Terms
from baselines.openings import make_openings
from goenv.threads import available_cores


def train_cell(config: dict[str, Any], folder: str) -> None:
    """One run of a comparison, from plain data; goes on with what is in the folder."""
    train(
        validate(TrainConfig, config, folder),
        Path(folder),
        resume=True,
        on_step=workers.report,
        should_stop=workers.should_stop,
    )


def holds_comparison(folder: Path, config: CompareConfig) -> bool:
    """Whether a comparison of such runs was begun in `folder`."""
    return any((folder / RUNS / run.name / CONFIG_FILE).is_file() for run in config.runs())


def run_comparison(
    config: CompareConfig,
    folder: Path,
    resume: bool,
    display: Display,
    stopping: Callable[[], bool],
) -> Path | None:
    """Train, judge and report; what is there already is not done again.

    Args:
        config: of the comparison.
        folder: where it is stored; it must not hold another one.
        resume: go on with what is in `folder`.
        display: told about the progress.
        stopping: asked often; once true, the work stops cleanly.

    Returns:
        The report's page, or None if it was stopped before.

    Raises:
        ConfigError: the folder holds another comparison, there are not enough openings, or a league
            is wrong.
        AgentError: the text of an anchor or of an opponent names no agent.
    """
    config = resolve_comparison(config, display.say)
    _check_judging(config)  # better an error now than after the training
    if resume and not (folder / CONFIG_FILE).exists():
        display.say(f"there is nothing to resume in {folder}: the comparison begins")
    # How it is judged may change: the runs stay the same.
    claim_folder(folder, "comparison", config, resume, ("judge", "workers"))
    count = config.workers or available_cores()

    runs = config.runs()
    todo = [run for run in runs if not is_complete(folder / RUNS / run.name)]
    display.say(f"training {len(runs)} runs, {count} at a time, in {folder}")
    for run in runs:
        display.update(run.name, 0.0 if run in todo else 1.0, "waiting" if run in todo else "done")
    cells = [
        {"config": run.model_dump(mode="json"), "folder": str(folder / RUNS / run.name)}
        for run in todo
    ]
    for news in workers.run_cells(train_cell, cells, count, stopping):
        if isinstance(news, Status):
            display.update(news.name, news.share, describe(news))
    if stopping():
        return None

    players = players_of(config, folder)
    meetings = meetings_of(config, folder, players)
    games = _play_meetings(config, folder, players, meetings, count, display, stopping)
    if games is None:
        return None
    judged = _judge_exactly(config, folder, players, count, display, stopping)
    if stopping():
        return None
    display.say("rating and reporting")
    records = [
        record for meeting in meetings if not meeting.extra for record in games[meeting.terms]
    ]
    extras = [
        (meeting.first, meeting.second.agent, games[meeting.terms])
        for meeting in meetings
        if meeting.extra
    ]
    ratings = rate(players, records, config.judge)
    transitivity = judge_transitivity(players, records, config.judge)
    machine = describe_machine()
    return write_report(
        config, folder, players, records, ratings, transitivity, extras, machine, judged
    )


def _judge_exactly(
    config: CompareConfig,
    folder: Path,
    players: list[Player],
    count: int,
    display: Display,
    stopping: Callable[[], bool],
) -> list[tuple[Player, ExactJudgement]]:
    """Hold all players against the exact truth where it is known; else, or if stopped, nothing."""
    rules = config.game.rules()
    if not can_be_exact(rules):
        return []
    all_players = players_to_judge(players)
    cells = judgement_cells(all_players, folder, rules, config.judge.seed, count)
    total, left = len(all_players), sum(len(cell["players"]) for cell in cells)
    display.say(f"judging {total} players by the exact truth")
    for news in workers.run_cells(exact_cell, cells, count, stopping):
        if isinstance(news, PlayerJudged):
            left -= 1
            display.update("exact truth", 1 - left / total, f"{total - left} of {total}")
    return [] if stopping() else read_judgements(all_players, folder)


def _play_meetings(
    config: CompareConfig,
    folder: Path,
    players: list[Player],
    meetings: list[Meeting],
    count: int,
    display: Display,
    stopping: Callable[[], bool],
) -> dict[Terms, list[GameRecord]] | None:
    """Play what is not stored yet; the games of each meeting, or None if it was stopped before."""
    path = folder / DATABASE
    with GameStore(path) as store:
        there = {meeting.terms: len(meeting.games_in(store)) for meeting in meetings}
        todo = [meeting for meeting in meetings if there[meeting.terms] < meeting.games]
        cells = [
            {
                "store": str(path),
                "meetings": [meeting.terms for meeting in cell],
                "games": cell[0].games,
            }
            for cell in cells_of(config, players, todo)
        ]
        total, played = sum(meeting.games for meeting in meetings), sum(there.values())
        display.say(f"playing {total} games between players, {len(meetings)} meetings")
        display.update("games", played / total, f"{played} of {total}")
        for news in workers.run_cells(meetings_cell, cells, count, stopping):
            if isinstance(news, GamesFinished):
                played += news.count
                display.update("games", played / total, f"{played} of {total}")
        if stopping():
            return None
        return {meeting.terms: meeting.games_in(store) for meeting in meetings}


def _check_judging(config: CompareConfig) -> None:
    """See that all agents and openings that the judging names can be made."""
    judge = config.judge
    for text in {*judge.anchors, *(match.opponent for match in judge.matches)}:
        make_agent(text)
    for games in {judge.games, *(match.games for match in judge.matches)}:
        try:
            make_openings(games // 2, judge.opening_moves, config.game.rules(), judge.seed)
        except ValueError as error:
            raise ConfigError(f"judge: {games} games: {error}") from None
