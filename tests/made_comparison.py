"""A made-up comparison of random players, its report, and what a reader finds on the page."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from algorithms.compare_config import CompareConfig
from algorithms.config import validate
from algorithms.judging import Player, judge_transitivity, rate
from algorithms.report import write_report
from baselines.agent import RandomAgent
from baselines.arena import GameRecord, play_games
from baselines.openings import make_openings

MACHINE = {"processor": "A <fast> one", "cores": "2"}


class Page(HTMLParser):
    """What a reader finds: tables by section, texts by class or tag, links, scripts."""

    def __init__(self, text: str):
        super().__init__()
        self.tables: dict[str, list[list[list[str]]]] = {}
        self.texts: dict[str, list[str]] = {}
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self._section = ""
        self._open: list[tuple[str, list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        self.attributes.append((tag, given))
        if tag in ("section", "footer"):
            self._section = given["id"]
        if tag == "table":
            self.tables.setdefault(self._section, []).append([])
        if tag == "tr":
            self.tables[self._section][-1].append([])
        if tag in ("th", "td"):
            self.tables[self._section][-1][-1].append("")
            self._open.append((tag, []))
        elif tag in (
            "h1",
            "li",
            "option",
            "script",
            "code",
            "pre",
            "dd",
            "summary",
            "text",
            "title",
        ):
            self._open.append((tag, []))
        elif tag == "p" and "class" in given:
            self._open.append((tag, [given["class"]]))

    def handle_data(self, data: str) -> None:
        for _, parts in self._open:
            parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            _, parts = self._open.pop()
            if tag in ("th", "td"):
                self.tables[self._section][-1][-1][-1] = "".join(parts).strip()
            name, parts = (parts[0], parts[1:]) if tag == "p" else (tag, parts)
            self.texts.setdefault(name, []).append("".join(parts).strip())

    def rows(self, section: str, table: int = 0) -> list[dict[str, str]]:
        header, *rows = self.tables[section][table]
        return [dict(zip(header, row, strict=True)) for row in rows]

    def games(self) -> list[dict[str, Any]]:
        """Of the viewer, as its script gets them."""
        return json.loads(max((text for text in self.texts["script"] if text[:1] == "["), key=len))


class Named(RandomAgent):
    def __init__(self, name: str):
        self.name = name


class Comparison:
    """All that `write_report` takes, from real random games."""

    def __init__(
        self,
        folder: Path,
        learners: tuple[str, ...] = ("alphazero", "reinforce"),
        seeds: tuple[int, ...] = (0, 1),
        anchors: tuple[str, ...] = ("random", "uct:50"),
        shares: Callable[[str, int], tuple[float, ...]] = lambda learner, seed: (0.0, 0.5, 1.0),
        match_games: int = 6,
        bias: float = 30.0,
    ):
        self.folder = folder
        self.config = validate(
            CompareConfig,
            {
                "name": "made_up",
                "game": {"size": 5, "komi": 6.0},
                "learners": {name: {"algorithm": name.split("-")[0]} for name in learners},
                "seeds": list(seeds),
                "budget": {"flops": 2e12},
                "judge": {"anchors": list(anchors), "anchor": anchors[0], "bootstrap": 30},
            },
            "made up",
        )
        rng = np.random.default_rng(0)
        self.players = [Player(name, name, group=name) for name in anchors]
        for learner in learners:
            for seed in seeds:
                self.players += self._snapshots(learner, seed, shares(learner, seed))
        rules = self.config.game.rules()
        openings = make_openings(2, 2, rules, 0)
        self.records: list[GameRecord] = []
        for index, first in enumerate(self.players):
            for second in self.players[:index]:
                self.records += play_games(
                    Named(first.name), Named(second.name), rules, openings, rng
                )
        # Random players are equals: lend the best learner some points.
        self.records = [self._biased(record, bias) for record in self.records]
        self.matches = [
            (
                player,
                "uct:50",
                play_games(
                    Named(player.name), Named("uct:50"), rules,
                    make_openings(match_games // 2, 2, rules, 1), rng,
                ),
            )
            for player in self.players
            if match_games and player.final and player.learner == learners[0]
        ]  # fmt: skip
        for run in self.config.runs():
            self._write_metrics(folder / "runs" / run.name)
        self.judge()

    def judge(self) -> None:
        """Rate the players by the records."""
        self.ratings = rate(self.players, self.records, self.config.judge)
        self.transitivity = judge_transitivity(self.players, self.records, self.config.judge)

    def _snapshots(self, learner: str, seed: int, shares: tuple[float, ...]) -> list[Player]:
        found = []
        for share in shares:
            is_last = share == shares[-1]
            spent = {"flops": 2e12 * share, "env_steps": 1000 * share * (1 + seed),
                     "evaluations": 0, "samples": 300 * share, "seconds": 7.5 * share}  # fmt: skip
            name = f"{learner}@{share:.0%}"
            found.append(
                Player(f"{learner}-seed{seed}@{share:.0%}", "path", learner, seed,
                       learner if is_last else name, share, spent,
                       "final" if is_last else "snapshot")
            )  # fmt: skip
        if learner == "alphazero":
            found.append(
                Player(f"{learner}-seed{seed}-raw", "path?simulations=0", learner, seed,
                       f"{learner} (raw policy)", 1.0, spent, "raw")
            )  # fmt: skip
        return found

    def _biased(self, record: GameRecord, bias: float) -> GameRecord:
        finals = {p.name: p for p in self.players if p.final and p.learner == "alphazero"}
        score = record.score + bias * ((record.black in finals) - (record.white in finals))
        return GameRecord(**{**vars(record), "score": score})

    def _write_metrics(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        lines = [
            {"step": step, "spent": {}, "metrics": {"policy_loss": 1 / step, "games": 8.0}}
            for step in range(1, 700)
        ]
        lines[5]["metrics"]["value_loss"] = float("nan")  # type: ignore[index]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "metrics.jsonl").write_text(text + '{"step": 700, "spe')

    def write(self) -> Page:
        path = write_report(
            self.config,
            self.folder,
            self.players,
            self.records,
            self.ratings,
            self.transitivity,
            self.matches,
            MACHINE,
        )
        assert path == self.folder / "report" / "index.html"
        return Page(path.read_text(encoding="utf-8"))

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.folder / "report" / "tables" / name).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def rate_between(self, group: str, other: str | None) -> float | None:
        """Win rate of a group against another, or against all others; by plain counting."""
        groups = {player.name: player.group for player in self.players}
        outcomes = []
        for record in self.records:
            for mine, theirs in ((record.black, record.white), (record.white, record.black)):
                is_other = groups[theirs] != group if other is None else groups[theirs] == other
                if groups[mine] == group and is_other and group != other:
                    outcomes.append(record.outcome(mine))
        return float(np.mean(outcomes)) if outcomes else None

    def expected_between(self, group: str, other: str) -> float:
        """Score that the ratings of the single players expect, over all games of two groups."""
        groups = {player.name: player.group for player in self.players}
        expected = []
        for record in self.records:
            for mine, theirs in ((record.black, record.white), (record.white, record.black)):
                if (groups[mine], groups[theirs]) == (group, other):
                    expected.append(self.ratings.players.expected_score(mine, theirs))
        return float(np.mean(expected)) if expected else 0.0


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def interval(text: str) -> list[float]:
    return [number(part) for part in text.strip("[]").split(", ")]
