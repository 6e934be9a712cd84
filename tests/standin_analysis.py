"""A stand-in for KataGo's analysis engine: the same protocol, by the slow referee's rules.

What it says can be worked out by hand. The policy gives every legal action one part and the
favourite, the legal point that is nearest to the top right corner, thirty more. The owners are
those of the board as it stands, the score is theirs, and the winrate rises with it. A search of
several visits divides them among the favourite (two thirds) and the pass.

As for KataGo, the suicide of one stone is never legal. Answers come in a random order, with noise
between them. Illegal moves, wrong sizes and missing fields are errors, fields that KataGo does not
know are warnings.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import select
from pathlib import Path
from typing import Any

from standin_engine import LETTERS, misbehave

from baselines.reference import EMPTY, ReferenceGame, area, region

FAVOURED = 30
KNOWN = {"id", "initialStones", "initialPlayer", "moves", "rules", "komi", "boardXSize",
         "boardYSize", "analyzeTurns", "maxVisits", "includePolicy", "includeOwnership",
         "overrideSettings"}  # fmt: skip
COLOURS = {"B": 1, "W": -1}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("-config", "-model", "-override-config"):
        parser.add_argument(name, default="")
    parser.add_argument("--log", type=Path, help="folder: what each process was asked")
    parser.add_argument("--do", default="", help="how to misbehave")
    parser.add_argument("--at", type=int, default=0, help="after so many answers of the process")
    parser.add_argument("--once", type=Path, help="a file: misbehave only if it can be made")
    parser.add_argument("--trusts-only", default="", help="a ko rule; for others it warns")
    parser.add_argument("--no-overrides", action="store_true", help="knows no overrideSettings")
    return parser.parse_args()


class BadQuery(ValueError):
    """(field, message)."""


def favourite(legal: list[bool], size: int) -> int:
    """The legal point nearest to the top right corner, of several the topmost; else the pass."""
    points = [action for action in range(size * size) if legal[action]]
    return min(
        points, key=lambda p: (p // size + size - 1 - p % size, p // size), default=size * size
    )


def legal_actions(game: ReferenceGame) -> list[bool]:
    """As KataGo sees it: without the suicide of one stone, which leaves the board as it was."""
    game.over = False
    found = game.legal_actions()
    for point in range(game.size * game.size):
        found[point] = found[point] and game.after(point) != game.cells
    return found


def owners(game: ReferenceGame) -> list[int]:
    """Whose area each point is, 1 Black's."""
    found = list(game.cells)
    for point, colour in enumerate(game.cells):
        if colour == EMPTY:
            _, border = region(game.cells, game.size, point)
            colours = {game.cells[stone] for stone in border}
            found[point] = colours.pop() if len(colours) == 1 else 0
    return found


class Analyst:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.random = random.Random(0)
        self.answered = 0

    def say(self, **line: Any) -> None:
        print(json.dumps(line), flush=True)

    def games(self, query: dict) -> list[ReferenceGame]:
        """The position after each move."""
        for field in ("moves", "rules", "boardXSize", "boardYSize"):
            if field not in query:
                raise BadQuery(field, "is missing")
        size = query["boardXSize"]
        if not 2 <= size <= 19 or query["boardYSize"] != size:
            raise BadQuery("boardXSize", "Must provide an integer from 2 to 19")
        if abs(query["komi"]) > 150:
            raise BadQuery("komi", "Must be a integer or half-integer from -150.0 to 150.0")
        rules = query["rules"]
        game = ReferenceGame(size, query["komi"], rules["ko"].lower(), rules["suicide"])
        board = [0] * (size * size)
        for colour, vertex in query.get("initialStones", []):
            board[self.action(vertex, size)] = COLOURS[colour]
        game.cells = tuple(board)
        game.to_play = COLOURS[query.get("initialPlayer", "B")]
        game.seen_boards = {game.cells}
        game.seen_situations = {(game.cells, game.to_play)}
        found = [game.copy()]
        for number, (colour, vertex) in enumerate(query["moves"]):
            game.to_play, game.over = COLOURS[colour], False
            action = self.action(vertex, size)
            if not legal_actions(game)[action]:
                raise BadQuery("moves", f"Illegal move {number}: {vertex}")
            game.play(action)
            found.append(game.copy())
        return found

    def action(self, vertex: str, size: int) -> int:
        if vertex == "pass":
            return size * size
        return (size - int(vertex[1:])) * size + LETTERS.index(vertex[0])

    def analysis(self, query: dict, game: ReferenceGame) -> dict[str, Any]:
        legal, size = legal_actions(game), game.size
        best, total = favourite(legal, size), sum(legal) + FAVOURED
        settings = {} if self.options.no_overrides else query.get("overrideSettings", {})
        side = settings.get("reportAnalysisWinratesAs", "BLACK")
        sign = {"BLACK": 1, "WHITE": -1, "SIDETOMOVE": game.to_play}[side]
        score = sign * (area(game.cells, size) - game.komi)
        winrate, visits = 0.5 + 0.5 * math.tanh(score / 10), query["maxVisits"]
        vertex = "pass" if best == size * size else f"{LETTERS[best % size]}{size - best // size}"
        shares = [(vertex, 2 * visits // 3), ("pass", visits - 2 * visits // 3)]
        answer: dict[str, Any] = {
            "moveInfos": [
                {"move": name, "visits": count, "order": order, "winrate": winrate}
                for order, (name, count) in enumerate(shares)
                if visits > 1
            ],
            "rootInfo": {
                "winrate": winrate if visits > 1 else 0.123,  # then that of the network counts
                "rawWinrate": winrate if visits == 1 else 0.123,
                "scoreLead": score, "visits": visits,
                "currentPlayer": "B" if game.to_play == 1 else "W",
            },
        }  # fmt: skip
        if query.get("includePolicy"):
            answer["policy"] = [
                (1 + FAVOURED * (action == best)) / total if fine else -1.0
                for action, fine in enumerate(legal)
            ]
        if query.get("includeOwnership"):
            answer["ownership"] = [0.9 * sign * owner for owner in owners(game)]
        return answer

    def take(self, lines: list[str]) -> None:
        """Answer some queries, mixed with each other."""
        todo = []
        for line in lines:
            try:
                query = json.loads(line)
            except ValueError:
                self.say(error=f"could not parse input line as json request: {line}")
                continue
            if query.get("action") == "query_version":
                self.say(**query, version="0")
                continue
            try:
                games = self.games(query)
            except BadQuery as error:
                field, text = error.args
                self.say(id=query["id"], field=field, error=text)
                continue
            self.warn(query)
            todo += [(query, turn, games[turn]) for turn in query["analyzeTurns"]]
        self.random.shuffle(todo)
        for query, turn, game in todo:
            self.misbehave(query, turn)
            answer = self.analysis(query, game)
            print("# a message that is no answer", flush=True)
            self.say(id=query["id"], turnNumber=turn, isDuringSearch=True, rootInfo={"visits": 0})
            self.say(id="of nobody", turnNumber=turn, isDuringSearch=False)
            self.say(id=query["id"], turnNumber=turn, isDuringSearch=False, **answer)
            self.answered += 1

    def warn(self, query: dict) -> None:
        for field in query.keys() - KNOWN:
            self.say(id=query["id"], field=field, warning="Unexpected or unused field")
        if self.options.no_overrides:
            text = "Unknown config params: reportAnalysisWinratesAs"
            self.say(id=query["id"], field="overrideSettings", warning=text)
        if query["komi"] == 0.5:
            self.say(id=query["id"], field="komi", warning="that is little")
        trusted = self.options.trusts_only
        if trusted and query["rules"]["ko"] != trusted:
            text = f"Rules not supported by neural net, using {trusted} instead"
            self.say(id=query["id"], field="rules", warning=text)

    def misbehave(self, query: dict, turn: int) -> None:
        kind = self.options.do
        if not kind or self.answered < self.options.at:
            return
        if self.options.once is not None:
            try:
                self.options.once.touch(exist_ok=False)
            except FileExistsError:
                return
        root = {"winrate": 0.5, "rawWinrate": 0.5, "scoreLead": 0.0, "visits": 1}
        points = query["boardXSize"] ** 2
        whole = {"moveInfos": [], "rootInfo": root, "policy": [0.0] * (points + 1),
                 "ownership": [0.0] * points}  # fmt: skip
        changes: dict[str, dict[str, Any]] = {
            "no policy": {"policy": None},
            "short policy": {"policy": [0.5, 0.5]},
            "winrate": {"rootInfo": {**root, "rawWinrate": 7}},
            "other side": {"rootInfo": {**root, "currentPlayer": "neither"}},
            "other turn": {"turnNumber": 999},
            "no results": {"noResults": True, "rootInfo": None},
        }
        if kind in changes:
            line = {"id": query["id"], "turnNumber": turn, "isDuringSearch": False, **whole}
            self.say(**{**line, **changes[kind]})
        elif kind == "general error":
            self.say(error="something was wrong")
        else:
            misbehave(kind)


def lines_of_stdin() -> Any:
    """Lists of the lines that have come, as many at once as there are."""
    rest, open_ = b"", True
    while open_:
        select.select([0], [], [])
        while open_ and select.select([0], [], [], 0.02)[0]:
            data = os.read(0, 1 << 16)
            rest, open_ = rest + data, bool(data)
        *lines, rest = rest.split(b"\n")
        yield [line.decode() for line in lines]


def main() -> None:
    options = arguments()
    print("a banner that is no answer", flush=True)
    if options.at == 0 and options.do in ("hang", "flood"):
        misbehave(options.do)
    analyst = Analyst(options)
    for lines in lines_of_stdin():
        if options.log is not None:
            options.log.mkdir(parents=True, exist_ok=True)
            with (options.log / str(os.getpid())).open("a") as log:
                log.writelines(f"{line}\n" for line in lines)
        analyst.take(lines)


if __name__ == "__main__":
    main()
