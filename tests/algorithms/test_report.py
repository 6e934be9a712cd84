"""The report of a made-up comparison: numbers against counts by hand, boards against the engine."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sgfmill import sgf

from algorithms import report as report_module
from algorithms.config import CompareConfig, validate
from algorithms.judging import Player, rate
from algorithms.report import choose_games, make_headline, make_standings, thin, write_report
from baselines.agent import RandomAgent
from baselines.arena import GameRecord, make_openings, play_games, positions, summarise
from baselines.ratings import GroupRating
from baselines.sgf import result_text
from goenv import Rules
from goenv.render import action_name

WEIRD = '<b>"o\'dd"</b>&amp;</script>$x$ ${y}'
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
        self.ratings = rate(self.players, self.records, self.config.judge)

    def _snapshots(self, learner: str, seed: int, shares: tuple[float, ...]) -> list[Player]:
        found = []
        for share in shares:
            is_last = share == shares[-1]
            spent = {"flops": 2e12 * share, "env_steps": 1000 * share * (1 + seed),
                     "evaluations": 0, "samples": 300 * share, "seconds": 7.5 * share}  # fmt: skip
            name = f"{learner}@{share:.0%}"
            found.append(
                Player(f"{learner}-seed{seed}@{share:.0%}", "path", learner, seed,
                       learner if is_last else name, share, spent, is_last)
            )  # fmt: skip
        if learner == "alphazero":
            found.append(
                Player(f"{learner}-seed{seed}-raw", "path?simulations=0", learner, seed,
                       f"{learner} (raw policy)", 1.0, spent)
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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Page]:
    comparison = Comparison(tmp_path_factory.mktemp("comparison"))
    return comparison, comparison.write()


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def interval(text: str) -> list[float]:
    return [number(part) for part in text.strip("[]").split(", ")]


def test_headline_is_made_from_the_ratings(made):
    comparison, page = made
    [headline] = page.texts["h1"]
    ratings = {rating.name: rating for rating in comparison.ratings}
    best, second = ratings["alphazero"], ratings["reinforce"]
    difference = best.elo - second.elo
    assert difference > 0
    assert headline.startswith("After 2.0 × 10¹² FLOPs a run on 5×5, alphazero rates ")
    assert f"rates {round(difference)} Elo [" in headline
    assert "above reinforce" in headline
    assert ("do not overlap" in headline) == (best.low > second.high)
    shown = re.search(r"Elo \[(.*?)\]", headline)
    low, high = interval(shown[1])
    assert low < difference < high
    [remark] = page.texts["remark"]
    rate = comparison.rate_between("alphazero", "reinforce")
    assert f"won {100 * rate:.1f} % of 16" in remark
    assert "2 seeds" in remark


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ((100, 60, 140), "do not overlap."),
        ((100, 60, 210), "overlap, but that of the difference excludes 0."),
        ((280, 200, 360), "overlap: the order is open."),
    ],
)
def test_headline_says_whether_intervals_overlap(tmp_path, second, said):
    made = Comparison(tmp_path, shares=lambda *_: (0.0, 1.0), seeds=(0,), match_games=0)
    ratings = [
        GroupRating("alphazero", ("alphazero-seed0@100%",), 300, 200, 400, (300,), 8),
        GroupRating("reinforce", ("reinforce-seed0@100%",), *second, (second[0],), 8),
    ]
    standings = make_standings(made.config, made.players, made.records, ratings)
    headline, remark = make_headline(made.config, standings, made.records, made.players)
    assert headline.endswith(f"above reinforce; their 95 % intervals {said}")
    assert "300 Elo [200, 400]" in remark
    assert "one seed" in remark


def test_ranking_table(made):
    comparison, page = made
    rows = page.rows("ranking")
    assert len(rows) == len(comparison.ratings)
    ratings = {rating.name: rating for rating in comparison.ratings}
    elos = [ratings[row["player"]].elo for row in rows]
    assert elos == sorted(elos, reverse=True)
    ranks = [int(row[""]) for row in rows if row[""]]
    assert ranks == [1, 2, 3, 4, 5]  # two learners, a raw policy, two anchors
    for row in rows:
        rating = ratings[row["player"]]
        assert number(row["Elo"]) == round(rating.elo)
        assert int(row["games"]) == rating.games
        if rating.name == "random":
            assert row["95 % interval"] == "zero"
            assert row["% against random"] == "–"
        else:
            assert interval(row["95 % interval"]) == [round(rating.low), round(rating.high)]
            rate = comparison.rate_between(rating.name, "random")
            assert row["% against random"] == f"{100 * rate:.1f}"
        rate = comparison.rate_between(rating.name, None)
        assert row["% against all"] == f"{100 * rate:.1f}"
    [final] = [row for row in rows if row["player"] == "reinforce"]
    assert final["seeds"] == "2"
    assert final["FLOPs"] == "2.0 × 10¹²"
    assert final["env. steps"] == "1,500"  # the median of 1000 and 2000
    assert final["seconds"] == "7.5"
    hidden = [given for tag, given in page.attributes if given.get("class") == "snapshot"]
    assert len(hidden) == 4


def test_matches_table(made):
    comparison, page = made
    rows = {row["player"]: row for row in page.rows("matches")}
    assert len(rows) == 3
    for player, opponent, records in comparison.matches:
        row, summary = rows[player.name], summarise(records, player.name)
        assert row["opponent"] == opponent
        counts = [int(row[name]) for name in ("games", "wins", "draws", "losses")]
        assert counts == [summary.games, summary.wins, summary.draws, summary.losses]
        assert row["% won"] == f"{100 * summary.rate:.1f}"
        assert interval(row["95 % interval"]) == [round(100 * end, 1) for end in summary.interval]
        assert row["% as Black"] == f"{100 * summary.as_black:.1f}"
        assert row["% as White"] == f"{100 * summary.as_white:.1f}"
        assert number(row["mean score"]) == pytest.approx(summary.score, abs=0.051)
    pooled = rows["alphazero, all seeds"]
    wins = sum(summarise(records, player.name).wins for player, _, records in comparison.matches)
    assert (int(pooled["games"]), int(pooled["wins"])) == (12, wins)


def test_crossplay_matrix(made):
    comparison, page = made
    main, every = page.tables["crossplay"]
    assert len(main) == 1 + 5
    assert len(every) == 1 + len(comparison.ratings)
    for table in (main, every):
        for name, *cells in table[1:]:
            for other, cell in zip(table[0][1:], cells, strict=True):
                rate = comparison.rate_between(name, other)
                assert cell == ("·" if rate is None else f"{100 * rate:.0f}")
    titles = [given["title"] for tag, given in page.attributes if tag == "td" and "title" in given]
    assert any(re.match(r"alphazero against reinforce: 16 games, \d+ won", t) for t in titles)


def test_tables_as_csv(made):
    comparison, _ = made
    ranking = {row["name"]: row for row in comparison.table("ranking.csv")}
    for rating in comparison.ratings:
        row = ranking[rating.name]
        assert float(row["elo"]) == rating.elo
        assert float(row["high"]) == rating.high
        assert float(row["against_all"]) == comparison.rate_between(rating.name, None)
    assert ranking["alphazero"]["kind"] == "final"
    assert ranking["alphazero (raw policy)"]["kind"] == "raw"
    assert ranking["alphazero@50%"]["kind"] == "snapshot"
    assert ranking["alphazero@50%"]["rank"] == ""
    assert float(ranking["alphazero@50%"]["flops"]) == 1e12

    crossplay = comparison.table("crossplay.csv")
    assert sum(int(row["games"]) for row in crossplay) == 2 * len(comparison.records)
    row = crossplay[0]
    met = [r for r in comparison.records if {r.black, r.white} == {row["player"], row["opponent"]}]
    assert int(row["games"]) == len(met)
    assert int(row["wins"]) == sum(r.outcome(row["player"]) == 1 for r in met)
    assert int(row["draws"]) == sum(r.score == 0 for r in met)

    players = comparison.table("players.csv")
    assert [row["name"] for row in players] == [player.name for player in comparison.players]
    assert sum(int(row["wins"]) for row in players) == sum(
        int(row["losses"]) for row in players
    )  # fmt: skip
    curves = comparison.table("curves.csv")
    assert len(curves) == 2 * 2 * 3
    assert {row["share"] for row in curves} == {"0.0", "0.5", "1.0"}
    assert len(comparison.table("matches.csv")) == 3


def embedded_games(page: Page) -> list[dict[str, Any]]:
    return json.loads(max((text for text in page.texts["script"] if text[:1] == "["), key=len))


def test_games_shown_are_those_of_the_engine(made):
    comparison, page = made
    games = embedded_games(page)
    assert 4 <= len(games) <= 8
    played = comparison.records + [r for _, _, records in comparison.matches for r in records]
    assert len(page.texts["option"]) == len(games)
    for game in games:
        record = next(
            r
            for r in played
            if (r.black, r.white, list(r.moves)) == (game["black"], game["white"], game["points"])
        )
        assert game["result"] == result_text(record)
        assert game["moves"] == [action_name(move, 5) for move in record.moves]
        assert game["opening"] == 2
        assert len(game["changes"]) == len(record.moves)
        board = np.zeros(25, int)
        boards = [batch.boards()[0].ravel() for batch in positions(record)]
        assert np.array_equal(board, boards[0])
        for change, expected in zip(game["changes"], boards[1:], strict=True):
            board[change[::2]] = change[1::2]
            assert np.array_equal(board, expected)
        stored = sgf.Sgf_game.from_bytes(base64.b64decode(game["sgf"]))
        assert stored.get_player_name("b") == record.black
        moves = [node.get_move()[1] for node in stored.get_main_sequence()[1:]]
        expected_moves = [None if m == 25 else (4 - m // 5, m % 5) for m in record.moves]
        assert moves == expected_moves


def test_first_game_is_shown_without_script(made):
    _, page = made
    first = embedded_games(page)[0]
    assert page.texts["li"] == first["moves"]
    stones = {"black": set(), "white": set()}
    for tag, given in page.attributes:
        if tag == "circle" and given.get("class") in stones:
            stones[given["class"]].add((int(given["cy"]) // 10 - 1, int(given["cx"]) // 10 - 1))
    board = np.zeros(25, int)
    for change in first["changes"]:
        board[change[::2]] = change[1::2]
    for name, colour in (("black", 1), ("white", -1)):
        expected = {tuple(divmod(int(p), 5)) for p in np.flatnonzero(board == colour)}
        assert stones[name] == expected
    board_letters = [text for text in page.texts["text"] if text in "ABCDE"]
    assert board_letters == [letter for letter in "ABCDE" for _ in range(2)]
    assert first["black"] in page.texts["dd"]


def test_games_of_both_kinds_and_colours(made):
    comparison, _ = made
    standings = make_standings(
        comparison.config, comparison.players, comparison.records, comparison.ratings
    )
    chosen = choose_games(standings, comparison.players, comparison.records, comparison.matches)
    best = [player.name for player in comparison.players if player.group == "alphazero"]
    colours = {(record.black in best, record.white in best) for record in chosen}
    assert colours == {(True, False), (False, True), (True, True)}
    assert len({id(record) for record in chosen}) == len(chosen)


def test_curves_and_training_figures(made):
    comparison, page = made
    radios = [given["value"] for tag, given in page.attributes if given.get("name") == "currency"]
    assert radios == ["flops", "env_steps", "seconds", "samples"]  # no evaluations were spent
    panels = [given for _, given in page.attributes if "data-currency" in given]
    assert [given["data-currency"] for given in panels] == radios
    assert not any("hidden" in given for given in panels)  # without script all are shown
    figures = comparison.folder / "report" / "figures"
    names = {path.name for path in figures.iterdir()}
    assert {"ranking.svg", "ranking.png", "curves-flops.png", "training-reinforce.svg"} <= names
    texts = page.texts["text"]
    assert "policy loss" in texts
    assert "games" not in texts  # never changes
    assert "value loss" not in texts  # never a number

    curves = report_module.learning_curves(
        comparison.config, comparison.players, comparison.ratings, "env_steps"
    )
    elo = {row["name"]: float(row["elo"]) for row in comparison.table("players.csv")}
    mean = curves[0].mean
    assert mean[0].tolist() == [0, 750, 1500]
    finals = [elo[f"alphazero-seed{seed}@100%"] for seed in (0, 1)]
    assert mean[1, 2] == pytest.approx(np.mean(finals))
    [final] = [rating for rating in comparison.ratings if rating.name == "alphazero"]
    assert mean[2:, 2].tolist() == [final.low, final.high]


def test_page_needs_nothing_from_elsewhere(made):
    comparison, page = made
    report = comparison.folder / "report"
    text = (report / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", text)
    ids = [given["id"] for _, given in page.attributes if "id" in given]
    assert len(ids) == len(set(ids))
    for tag, given in page.attributes:
        assert "src" not in given
        target = given.get("href", "#ranking")
        if target.startswith("#"):
            assert target[1:] in ids
        elif not target.startswith("data:"):
            assert tag == "a"
            assert (report / target).is_file()
    for _, given in page.attributes:
        assert not any(name.startswith("on") for name in given)


def test_footer_tells_how_to_repeat(made):
    comparison, page = made
    [command] = page.texts["code"]
    assert command == f"gozoo compare {comparison.folder / 'config.yaml'} --runs again"
    facts = page.texts["dd"]
    assert "A <fast> one" in facts
    assert "0, 1" in facts
    assert "2.0 × 10¹² FLOPs" in facts
    assert "bootstrap: 30" in page.texts["pre"][-1]


def test_weird_names_are_escaped(tmp_path):
    made = Comparison(
        tmp_path, ("alphazero",), (0,), (WEIRD, "random"), lambda *_: (0.0, 1.0), match_games=2
    )
    made.matches = [(player, WEIRD, made.records[:0]) for player, _, _ in made.matches]
    page = made.write()
    text = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "<b>\"o'dd" not in text
    assert f"% against {WEIRD}" in page.tables["ranking"][0][0]
    assert page.rows("matches")[0]["opponent"] == WEIRD
    assert WEIRD in page.texts["text"]  # in a figure
    assert any(WEIRD in (game["black"], game["white"]) for game in embedded_games(page))
    assert sum(tag == "script" for tag, _ in page.attributes) == text.count("<script")


def test_one_learner_one_seed_and_nothing_else(tmp_path):
    made = Comparison(
        tmp_path, ("reinforce",), (3,), ("random",), lambda *_: (0.0, 1.0), match_games=0
    )
    shutil.rmtree(tmp_path / "runs")
    page = made.write()
    [headline] = page.texts["h1"]
    assert "against random, the anchor" in headline
    assert made.table("matches.csv") == []
    assert "training" not in page.tables
    assert len(page.rows("ranking")) == 3


def test_cut_short_and_without_games(tmp_path):
    made = Comparison(
        tmp_path,
        shares=lambda learner, seed: (0.0, 0.2) if seed else (0.0, 0.5, 1.0),
        match_games=0,
    )
    idle = Player("idle", "gnugo", group="idle")
    made.players.append(idle)
    page = made.write()
    assert "at most" in page.texts["h1"][0]
    assert (
        "2 runs of 4 stopped before the budget was spent, at 20 % of it" in page.texts["remark"][0]
    )
    [row] = [row for row in made.table("players.csv") if row["name"] == "idle"]
    assert (row["games"], row["elo"], row["rate"]) == ("0", "", "")
    curves = report_module.learning_curves(made.config, made.players, made.ratings, "flops")
    for curve in curves:
        assert curve.mean[0].tolist() == [0, 4e11]  # as far as both seeds went
        assert np.isnan(curve.mean[2:]).all()


def test_draws_count_half(tmp_path):
    made = Comparison(tmp_path, seeds=(0,), shares=lambda *_: (1.0,), match_games=2)
    rules = Rules(size=5, komi=0.0)
    drawn = GameRecord("alphazero-seed0@100%", "uct:50", rules, (25, 25), 0, 0, 0.0, False)
    made.records.append(drawn)
    made.matches = [(made.matches[0][0], "uct:50", [drawn])]
    page = made.write()
    [row] = page.rows("matches")
    assert [row[name] for name in ("wins", "draws", "losses", "% won", "mean score")] == [
        "0", "1", "0", "50.0", "+0.0"
    ]  # fmt: skip
    assert row["% as White"] == "–"
    assert any("1 drawn" in given.get("title", "") for _, given in page.attributes)


def test_thin_keeps_few_points_and_averages_many():
    steps = np.arange(5.0)
    x, y = thin(np.column_stack([steps, 2 * steps]))
    assert x.tolist() == steps.tolist()
    steps = np.arange(3000.0)
    x, y = thin(np.column_stack([steps, 2 * steps]))
    assert len(x) == 300
    assert x[0] == 4.5
    assert y[0] == 9.0


CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_script_runs_in_a_browser(made, tmp_path):
    comparison, _ = made
    page = comparison.folder / "report" / "index.html"

    def browse(*arguments: str, page: Path = page) -> str:
        return subprocess.run(
            [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--virtual-time-budget=2000", f"--user-data-dir={tmp_path}", *arguments,
             page.as_uri()],
            capture_output=True, timeout=120, check=True, text=True,
        ).stdout  # fmt: skip

    after = Page(browse("--dump-dom"))
    game = embedded_games(after)[0]
    count = len(game["moves"])
    [status] = after.texts["status"]
    assert status.startswith(f"Move {count} of {count}: ")
    assert status.endswith(f"end, {game['result']}")
    shown = [given for _, given in after.attributes if "data-currency" in given]
    assert ["hidden" in given for given in shown] == [False, True, True, True]
    picture = tmp_path / "page.png"
    browse(f"--screenshot={picture}", "--window-size=1200,4000")
    assert picture.stat().st_size > 50_000

    # The second game, to its start, three moves on and one back, by the keyboard.
    keys = ["Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"]
    press = """const viewer = document.querySelector(".viewer");
        const select = viewer.querySelector("select");
        select.value = "1"; select.dispatchEvent(new Event("change"));
        for (const key of KEYS) viewer.dispatchEvent(new KeyboardEvent("keydown", {key}));"""
    copy = tmp_path / "pressed.html"
    script = f"<script>{press.replace('KEYS', json.dumps(keys))}</script></body>"
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", script), encoding="utf-8")
    after = Page(browse("--dump-dom", page=copy))
    game = embedded_games(after)[1]
    [status] = after.texts["status"]
    assert status == f"Move 2 of {len(game['moves'])}: White {game['moves'][1]} (random opening)"
    assert sum(given.get("class") in ("black", "white") for _, given in after.attributes) == 2
    assert after.texts["li"] == game["moves"]
