"""A GTP engine for tests: plays at random by the slow referee's rules, or misbehaves when told to.

It refuses moves that are illegal on its own board, so it also checks what it is sent.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from baselines.reference import ReferenceGame

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
COMMANDS = ["boardsize", "clear_board", "komi", "play", "genmove", "list_commands", "quit"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, help="folder: what each process was sent")
    parser.add_argument("--do", default="", help="what to do instead of a move, or at the start")
    parser.add_argument("--at", type=int, default=0, help="from this genmove of the process on")
    parser.add_argument("--once", type=Path, help="a file: misbehave only if it can be made")
    parser.add_argument("--largest", type=int, default=25)
    parser.add_argument(
        "--kata-rules", choices=["yes", "no", "others"],
        help="knows kata-set-rules, and takes them, refuses them, or plays by others",
    )  # fmt: skip
    parser.add_argument("--seeds", action="store_true", help="knows set_random_seed")
    parser.add_argument("--clean-up", action="store_true", help="passes unless asked to clean up")
    for name in ("-config", "-model", "-override-config"):  # as KataGo has them
        parser.add_argument(name, default="")
    return parser.parse_args()


class Engine:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.game = ReferenceGame(19)
        self.komi = 0.0
        self.moves: list[tuple[str, str]] = []
        self.asked = 0
        self.random = random.Random(0)
        self.commands = [*COMMANDS]
        self.commands += ["set_random_seed"] * options.seeds
        self.commands += ["undo", "kgs-genmove_cleanup"] * options.clean_up
        if options.kata_rules is not None:
            self.commands += ["kata-set-rules", "kata-get-rules"]
        self.rules: dict = {}

    def play(self, colour: str, vertex: str) -> None:
        size = self.game.size
        self.game.to_play = 1 if colour[0].lower() == "b" else -1
        self.game.over = False
        action = size * size
        if vertex.lower() != "pass":
            action = (size - int(vertex[1:])) * size + LETTERS.index(vertex[0].upper())
        self.game.play(action)
        self.moves.append((colour, vertex))

    def move(self, colour: str) -> str:
        size = self.game.size
        self.game.to_play = 1 if colour[0].lower() == "b" else -1
        self.game.over = False
        legal = [a for a, fine in enumerate(self.game.legal_actions()) if fine]
        action = self.random.choice(legal[:-1] or legal)
        row, column = divmod(action, size)
        return "PASS" if action == size * size else f"{LETTERS[column]}{size - row}"

    def answer(self, name: str, words: list[str]) -> str:
        if name == "list_commands":
            return "\n".join(self.commands)
        if name == "boardsize":
            if int(words[0]) > self.options.largest:
                raise ValueError("unacceptable size")
            self.game, self.moves = ReferenceGame(int(words[0])), []
        elif name == "clear_board":
            self.game, self.moves = ReferenceGame(self.game.size), []
        elif name == "komi":
            self.komi = float(words[0])
        elif name == "set_random_seed":
            self.random.seed(int(words[0]))
        elif name == "kata-set-rules":
            if self.options.kata_rules == "no":
                raise ValueError("unknown rules")
            self.rules = json.loads(" ".join(words))
        elif name == "kata-get-rules":
            others = {"ko": "SIMPLE"} if self.options.kata_rules == "others" else {}
            return json.dumps({**self.rules, **others})
        elif name == "play":
            if self.options.do == "refuse" and len(self.moves) == self.options.at:
                self.options.do = ""
                raise ValueError("illegal move")
            self.play(*words)
        elif name == "undo":
            moves = self.moves[:-1]
            self.game, self.moves = ReferenceGame(self.game.size), []
            for move in moves:
                self.play(*move)
        elif name == "genmove" and self.options.clean_up:
            self.play(words[0], "pass")
            return "PASS"
        elif name in ("genmove", "kgs-genmove_cleanup"):
            vertex = self.misbehave() if name == "genmove" else None
            if vertex is None:
                vertex = self.move(words[0])
                self.play(words[0], vertex)
            return vertex
        else:
            raise ValueError("unknown command")
        return ""

    def misbehave(self) -> str | None:
        """What to answer instead of a move, None for a move."""
        kind = self.options.do
        self.asked += 1
        if not kind or self.asked < self.options.at or kind == "refuse":
            return None
        if self.options.once is not None:
            try:
                self.options.once.touch(exist_ok=False)
            except FileExistsError:
                return None
        misbehave(kind)
        stone = next(i for i, cell in enumerate((*self.game.cells, 1)) if cell)
        row, column = divmod(stone, self.game.size)
        occupied = f"{LETTERS[column]}{self.game.size - row}"
        answers = {"illegal": occupied, "off": "Z99", "words": "what a fine day", "empty": ""}
        return {**answers, "resign": "resign"}[kind]


def misbehave(kind: str) -> None:
    if kind == "crash":
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(3)
    if kind == "hang":
        time.sleep(1000)
    if kind == "fork":  # hang, with a child that holds the pipes
        subprocess.run(["sleep", "1000"], check=False)
    if kind == "flood":
        while True:
            print("nonsense " * 1000, flush=True)
    if kind == "number":
        print("=999 A1\n", flush=True)
        time.sleep(1000)


def main() -> None:
    options = arguments()
    if options.at == 0 and options.do in ("crash", "hang", "flood"):
        misbehave(options.do)
    engine = Engine(options)
    log = None
    if options.log is not None:
        options.log.mkdir(parents=True, exist_ok=True)
        log = (options.log / str(os.getpid())).open("a")
    print("a banner that is no answer\n", flush=True)
    for line in sys.stdin:
        number, name, *words = line.split()
        if log is not None:
            print(name, *words, file=log, flush=True)
        try:
            sign, text = "=", engine.answer(name, words)
        except (ValueError, IndexError) as error:
            sign, text = "?", str(error)
        print(f"chatter\r\n{sign}{number} {text}\r\n\r", flush=True)
        print("x" * 3000, file=sys.stderr)  # more than a pipe holds, after some moves
        if name == "quit":
            return


if __name__ == "__main__":
    main()
