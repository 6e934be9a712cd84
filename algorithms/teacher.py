"""KataGo as a teacher: what it says of every position of games, stored to be learned from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from algorithms.expert_games import Unfit, left_out, read_game
from algorithms.labels import DataError, Label, label_line, policy_by_name
from baselines.analysis import Analysis, AnalysisEngine, Query, Refusal
from goenv import Game
from goenv.coordinates import action_name

_SIDE_BY_SIDE = 32  # games that are asked about at once


@dataclass
class Labelled:
    """What came of it.

    Attributes:
        games, positions: labelled now.
        before: games that had their labels already.
        skipped: number of files left out, by reason.
        examples: for each reason the first file, with what is wrong with it.
    """

    games: int
    positions: int
    before: int
    skipped: Counter[str]
    examples: dict[str, str]

    def summary(self) -> str:
        """What was labelled, and what was left out and why."""
        text = f"{self.games} games labelled, {self.positions:,} positions"
        if self.before:
            text += f"; {self.before} had their labels already"
        return "\n".join([text, *left_out(self.skipped, self.examples)])

    def leave_out(self, path: Path, reason: str, detail: str) -> None:
        """Count a file that is left out."""
        self.skipped[reason] += 1
        self.examples.setdefault(reason, f"{path.name}: {detail}" if detail else path.name)


def label_games(
    folder: Path,
    out: Path,
    engine: AnalysisEngine,
    visits: int,
    teacher: str,
    size: int | None = None,
    on_games: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Labelled:
    """Let KataGo judge all positions of games, and store it for `DataConfig.labels`.

    Games that have labels in `out` already are not asked about again, so a stopped one goes on.

    Args:
        folder: with SGF files, also in folders below it.
        out: file that is written, see `algorithms.labels`.
        engine: that is asked.
        visits: of KataGo's search; 1 takes the policy and the value of its network.
        teacher: who that is, in words; all labels of a file must be of one.
        size: only games on boards of this side; None: all.
        on_games: told how many games are done, of how many.
        should_stop: asked between batches of games.

    Raises:
        DataError: there are no games, or the file has labels of another teacher.
        EngineError: there is no such engine, or it failed twice.
    """
    paths = sorted(folder.rglob("*.sgf"))
    if not paths:
        raise DataError(f"there are no .sgf files in {folder}")
    known = _names_in(out, teacher)
    done = Labelled(0, 0, 0, Counter(), {})
    todo = list(_games(paths, known, size, done))
    total, before = len(paths), len(paths) - len(todo)
    on_games(before, total)
    with out.open("a", encoding="utf-8") as file:
        for first in range(0, len(todo), _SIDE_BY_SIDE):
            if should_stop():
                break
            batch = todo[first : first + _SIDE_BY_SIDE]
            queries = [
                Query(game.rules, game.moves, range(len(game.moves)), visits=visits, ownership=True)
                for _, game in batch
            ]
            for (path, game), answer in zip(batch, engine.ask(queries), strict=True):
                if isinstance(answer, Refusal):
                    done.leave_out(path, "refused by KataGo", answer.text)
                    continue
                file.write(label_line(path.stem, teacher, _labels(game, answer)))
                done.games += 1
                done.positions += len(answer)
            file.flush()
            on_games(before + first + len(batch), total)
    return done


def _games(
    paths: list[Path], known: set[str], size: int | None, done: Labelled
) -> Iterator[tuple[Path, Game]]:
    """The games that are to be labelled."""
    seen: set[str] = set()
    for path in paths:
        if path.stem in seen:
            done.leave_out(path, "with the name of another file", "")
        elif path.stem in known:
            done.before += 1
        else:
            try:
                yield path, read_game(path.read_bytes(), size)
            except OSError as error:
                done.leave_out(path, "cannot be read", str(error.strerror))
            except Unfit as error:
                done.leave_out(path, *error.args)
        seen.add(path.stem)


def _labels(game: Game, analyses: list[Analysis]) -> list[Label]:
    size = game.rules.size
    return [
        Label(
            action_name(move, size),
            policy_by_name(found.policy, found.visits, size),
            found.value,
            found.lead,
            found.ownership,
        )
        for move, found in zip(game.moves, analyses, strict=True)
    ]


def _names_in(out: Path, teacher: str) -> set[str]:
    """Games that the file has; what a kill left of a line is cut off."""
    if not out.exists():
        return set()
    data = out.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    names = set()
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            entry = json.loads(line)
            name, whose = str(entry["id"]), entry.get("teacher")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(f"line {number} of {out} holds no labels") from None
        if whose != teacher:
            raise DataError(
                f"{out} holds labels of another teacher ({whose}, not {teacher}): "
                "delete it, or write into another file"
            )
        names.add(name)
    if len(whole) < len(data):
        out.write_bytes(whole)
    return names
