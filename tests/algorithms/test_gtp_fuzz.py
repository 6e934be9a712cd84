"""Ten thousand random lines: each gets an answer of GTP, and what is refused changes nothing."""

from __future__ import annotations

import random
import re
import subprocess
import sys

import pytest
from gtp_helpers import ANSWER, Engine, Wire, snapshot

from algorithms.gtp import Session
from algorithms.gtp.protocol import parse

LINES = 10_000
ARGUMENTS = """b w black white B WHITE x pass PASS resign A1 a2 C3 D4 E5 I5 J9 T19 Z25 A0 A99 1A
    none absolute byoyomi canadian alive dead seki tromp-taylor {"ko":"SIMPLE"} {} [] 0 1 2 3 4 5 7
    -1 0.5 6.5 1e3 nan inf 99999999999999999999 interval minmoves maxmoves ownership true avoid # /
    . .. ~ /dev/null /dev/zero ' " %s {0} = ?"""
WORDS = [*ARGUMENTS.split(), "", "\t", "\x00", "\x07", "\x7f", "é", "囲碁", "\ud800"]
STRANGE = "".join(map(chr, [*range(1, 10), *range(11, 128), 160, 233, 0x663, 0x2028, 0xFF21]))
# What makes a game go on: so that not all lines hit an empty board.
USUAL = ["play b {}", "play w {}", "play {} {}", "genmove b", "genmove w", "undo", "komi {}"]


def random_line(rng: random.Random, names: list[str]) -> str:
    """A line that is right, nearly right, or nonsense."""
    kind = rng.random()
    if kind < 0.4:
        line = re.sub(r"\{\}", lambda _: rng.choice(WORDS), rng.choice(USUAL))
    elif kind < 0.5:
        line = f"play {rng.choice('bw')} {rng.choice('ABCDE')}{rng.randint(1, 5)}"
    elif kind < 0.55:
        line = rng.choice(["clear_board", f"boardsize {rng.randint(2, 7)}"])
    else:
        count = min(int(rng.expovariate(0.5)), 9)
        line = " ".join([rng.choice(names), *(rng.choice(WORDS) for _ in range(count))])
    if rng.random() < 0.2:
        line = f"{rng.choice([0, 7, 123456, -4, '1.5'])} {line}"
    if rng.random() < 0.15:  # letters are lost, doubled, strange
        letters = list(line)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(letters) + 1)
            letters[place : place + rng.randint(0, 2)] = rng.choices(STRANGE, k=rng.randint(0, 3))
        line = "".join(letters)
    if rng.random() < 0.03:
        line = "".join(rng.choices(STRANGE, k=rng.randint(0, 200)))
    return line + rng.choice(["\n", "\r\n", "", " \n"])


@pytest.mark.parametrize("agent", ["random", "uct:3"])
def test_random_lines(agent, capfd):
    rng = random.Random(agent)
    engine = Engine(agent, size=5)
    names = Session.command_names()
    accepted = refused = 0
    for _ in range(LINES // 2):
        line, before = random_line(rng, names), snapshot(engine.session)
        command, wire = parse(line), Wire(looks=3)
        going_on = engine.session.handle(line, wire)
        if command is None:
            assert wire.text == ""
            continue
        match = ANSWER.fullmatch(wire.text)
        assert match is not None, (line, wire.text)
        assert match[2] == command.number
        assert "internal error" not in wire.text, (line, wire.text)
        assert going_on == (command.name != "quit" or match[1] == "?")
        if match[1] == "?":
            refused += 1
            assert snapshot(engine.session) == before, line
        else:
            accepted += 1
    assert min(accepted, refused) > LINES // 10
    out, error = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in error


def test_random_bytes_to_a_process(tmp_path):
    """Also bytes that are no text: as many answers as commands, and an end without a trace."""
    rng = random.Random(0)
    names = [name for name in Session.command_names() if name != "quit"]
    lines = [random_line(rng, names).encode("utf-8", "replace").rstrip(b"\r\n")
             for _ in range(1000)]  # fmt: skip
    lines += [rng.randbytes(rng.randint(1, 300)).replace(b"\n", b"") for _ in range(200)]
    lines = [line for line in lines if b"quit" not in line]
    expected = sum(parse(line.decode("utf-8", "surrogateescape")) is not None for line in lines)
    process = subprocess.run(
        [sys.executable, "-m", "algorithms", "gtp", "random", "--size", "5", "--seed", "0"],
        input=b"\n".join(lines) + b"\n4711 quit\n",
        capture_output=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    text = process.stdout.decode()
    answers = list(ANSWER.finditer(text))
    assert "".join(match[0] for match in answers) == text
    assert len(answers) == expected + 1
    assert answers[-1][0].startswith("=4711")
    assert b"Traceback" not in process.stderr
