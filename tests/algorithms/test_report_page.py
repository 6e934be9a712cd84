"""The page of a report: its games against the engine, its markup, and its script in a browser."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from made_comparison import Comparison, Page
from sgfmill import sgf

from algorithms.report.games import choose_games
from algorithms.report.standings import make_standings
from baselines.arena import positions
from goenv.render import action_name
from goenv.sgf import result_text

WEIRD = '<b>"o\'dd"</b>&amp;</script>$x$ ${y}'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Page]:
    comparison = Comparison(tmp_path_factory.mktemp("comparison"))
    return comparison, comparison.write()


def test_games_shown_are_those_of_the_engine(made):
    comparison, page = made
    games = page.games()
    assert 4 <= len(games) <= 8
    played = comparison.records + [r for _, _, records in comparison.matches for r in records]
    assert len(page.texts["option"]) == len(games)
    for game in games:
        record = next(
            r
            for r in played
            if (r.black, r.white, list(r.moves)) == (game["black"], game["white"], game["points"])
        )
        assert game["result"] == result_text(record.score)
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
    first = page.games()[0]
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
        comparison.config, comparison.players, comparison.records, comparison.ratings.groups
    )
    chosen = choose_games(standings, comparison.players, comparison.records, comparison.matches)
    best = [player.name for player in comparison.players if player.group == "alphazero"]
    colours = {(record.black in best, record.white in best) for record in chosen}
    assert colours == {(True, False), (False, True), (True, True)}
    assert len({id(record) for record in chosen}) == len(chosen)


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
    assert any(WEIRD in (game["black"], game["white"]) for game in page.games())
    assert sum(tag == "script" for tag, _ in page.attributes) == text.count("<script")


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
    game = after.games()[0]
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
    game = after.games()[1]
    [status] = after.texts["status"]
    assert status == f"Move 2 of {len(game['moves'])}: White {game['moves'][1]} (random opening)"
    assert sum(given.get("class") in ("black", "white") for _, given in after.attributes) == 2
    assert after.texts["li"] == game["moves"]
