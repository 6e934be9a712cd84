"""Learners that other distributions bring along, found by their entry points."""

from __future__ import annotations

import ast
import csv
import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from algorithms.learners import BUILT_IN, GROUP

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_learner.py"


@pytest.fixture
def installed(tmp_path):
    """Makes a folder with the example as an installed distribution: ``installed(entry points)``."""

    def make(**points: str) -> Path:
        folder = tmp_path / "site"
        info = folder / "somebody-1.0.dist-info"
        info.mkdir(parents=True)
        shutil.copy(EXAMPLE, folder)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebody\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]))
        return folder

    return make


def test_the_example_is_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 80


@pytest.mark.learning
def test_a_learner_of_ones_own_is_compared_with_the_others(
    installed, command, store, tiny, tmp_path
):
    learner = {"algorithm": "imitation", "games": 8, "playouts": 30}
    network = {"blocks": 1, "channels": 8, "head_channels": 8}
    data = {
        "name": "mine",
        "game": {"size": 3, "komi": 0.5},
        "learners": {
            "mine": {**learner, "network": network},
            "reinforce": tiny.data("reinforce")["learner"],
        },
        "seeds": [0],
        "budget": {"env_steps": 2000},
        "judge": {"games": 20, "snapshots": 1, "bootstrap": 10},
        "workers": 2,
    }
    environment = {"PYTHONPATH": str(installed(imitation="my_learner:LEARNER"))}
    arguments = ("compare", store(data), "--runs", tmp_path)
    answer = command(*arguments, environment=environment).wait()
    assert answer.code == 0, answer
    with (tmp_path / "mine" / "report" / "tables" / "crossplay.csv").open(newline="") as file:
        won = {(row["player"], row["opponent"]): row["rate"] for row in csv.DictReader(file)}
    before, after = won["mine-seed0@0%", "random"], won["mine-seed0@100%", "random"]
    assert float(after) > max(0.7, float(before))
    # It resumes like the others, and is refused where it is not installed.
    alone = command(*arguments, "--resume").wait()
    assert alone.code == 1
    assert "unknown algorithm 'imitation'" in alone.error


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("imitation", "nowhere:LEARNER", "No module named 'nowhere'"),
        ("imitation", "my_learner:Imitation", "must name a tuple"),
        ("another", "my_learner:LEARNER", 'must be Literal["another"]'),
        ("reinforce", "my_learner:LEARNER", "GoZoo has a learner of this name"),
    ],
)
def test_a_broken_learner_of_others_spoils_nothing(installed, name, value, problem):
    code = "from algorithms.learners import LEARNERS; print(*LEARNERS)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(installed(**{name: value})), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == list(BUILT_IN)
    assert f"the learner {name!r} of {value} cannot be used" in found.stderr
    assert problem in found.stderr


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_learner_needs_another(name):
    """What two of them share stands in a file of its own."""
    files = {key: Path(inspect.getfile(entry[0])) for key, entry in BUILT_IN.items()}
    tree = ast.parse(files[name].read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert len(imported) > 5
    assert not imported & {f"algorithms.{path.stem}" for path in files.values()}
