"""Compiled kernels follow their sources: a change anywhere below is seen, and nothing else is."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from goenv import kernel_cache
from goenv.kernel_cache import Sources

ROOT = Path(__file__).parents[2]

# A package in which `high` calls `low`, which has a constant of `rules`.
FILES = {
    "__init__.py": """
        from goenv.kernel_cache import track
        track(__name__, __file__)
    """,
    "rules.py": "BONUS = 1\n",
    "low.py": """
        from numba import njit
        from tiny.rules import BONUS
        @njit(cache=True)
        def low(x):
            return 10 * x + BONUS
    """,
    "high.py": """
        from numba import njit
        from tiny import low
        inner = low.low
        @njit(cache=True)
        def high(x):
            return 1000 + inner(x)
    """,
    "other.py": "NOTHING = 1\n",
}
# Says what `high(2)` is, and how many kernels were loaded and how many compiled.
CALL = """
from tiny import high, low
print(high.high(2), end=" ")
stats = [kernel.stats for kernel in (high.high, low.low)]
print(sum(sum(one.cache_hits.values()) for one in stats), end=" ")
print(sum(sum(one.cache_misses.values()) for one in stats))
"""


class Package:
    """The package in a folder of its own, and programs that use it."""

    def __init__(self, folder):
        self.folder = folder / "tiny"
        self.cache = self.folder / "__pycache__"
        for name, text in FILES.items():
            self.write(name, textwrap.dedent(text).lstrip())

    def write(self, name, text):
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_text(text)

    def edit(self, name, old, new):
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def start(self, code=CALL, **environment):
        path = os.pathsep.join((str(self.folder.parent), str(ROOT)))
        return subprocess.Popen(
            [sys.executable, "-B", "-c", code],
            env={**os.environ, "PYTHONPATH": path, **environment},
            cwd=self.folder.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, **environment):
        process = self.start(**environment)
        output, _ = process.communicate()
        assert process.returncode == 0
        return tuple(map(int, output.split()))

    def compiled(self, folder=None):
        folder = folder or self.cache
        return sorted(file.name for file in folder.glob("*.nb[ic]"))


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return Package(tmp_path)


def test_a_change_below_is_seen_and_nothing_else_compiles(package):
    assert package.run() == (1021, 0, 2)
    first = package.compiled()
    assert len(first) == 4
    # Neither touching a file nor changing one that no kernel is made of.
    (package.folder / "low.py").touch()
    package.edit("other.py", "1", "2")
    loaded = package.run()
    assert loaded[0] == 1021
    assert loaded[2] == 0
    assert package.compiled() == first
    # Another constant: both kernels are made of it.
    package.edit("rules.py", "1", "5")
    assert package.run() == (1025, 0, 2)
    second = package.compiled()
    assert len(second) == 4
    assert not set(first) & set(second)
    # Another kernel below.
    package.edit("low.py", "10 *", "20 *")
    assert package.run()[0] == 1045
    # The caller alone: the kernel below it is loaded.
    package.edit("high.py", "1000", "2000")
    assert package.run() == (2045, 1, 1)
    assert len(package.compiled()) == 4
    # Back to the text of the beginning.
    for name, text in FILES.items():
        package.write(name, textwrap.dedent(text).lstrip())
    assert package.run()[0] == 1021


def test_a_folder_named_by_the_user(package, tmp_path):
    where = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert package.run(**where) == (1021, 0, 2)
    assert package.run(**where)[2] == 0
    package.edit("rules.py", "1", "5")
    assert package.run(**where) == (1025, 0, 2)
    assert not package.compiled()
    (folder,) = (tmp_path / "cache").glob("tiny_*")
    assert len(package.compiled(folder)) == 4


def test_a_process_from_before_the_change_neither_sees_it_nor_spoils_it(package):
    waiting = "from tiny import high, low\nprint('ready', flush=True)\ninput()\n" + CALL
    early, late = package.start(waiting), package.start(waiting)
    assert early.stdout.readline() == late.stdout.readline() == "ready\n"
    package.edit("rules.py", "1", "5")
    # It compiles after the change, and before any new process has.
    assert early.communicate("\n")[0].split()[0] == "1021"
    assert package.run() == (1025, 0, 2)
    # It compiles after a new process has.
    assert late.communicate("\n")[0].split()[0] == "1021"
    assert package.run()[0] == 1025
    # Whatever the old ones deleted or left is in order again.
    value, _, misses = package.run()
    assert (value, misses) == (1025, 0)


def test_many_processes_at_once(package):
    package.run()
    package.edit("rules.py", "1", "5")
    processes = [package.start() for _ in range(3)]
    outputs = [process.communicate()[0] for process in processes]
    assert {output.split()[0] for output in outputs} == {"1025"}
    assert package.run()[2] == 0


def test_what_cannot_be_deleted_does_no_harm(package):
    package.run()
    stubborn = package.cache / "low.low-4-000000000000.py311.nbi"
    stubborn.mkdir()
    (package.cache / "gone.kernel-1.py311.nbi").touch()  # of a module that is no more
    (package.cache / "somebody.elses.file").touch()
    package.edit("rules.py", "1", "5")
    assert package.run() == (1025, 0, 2)
    assert stubborn.exists()
    assert (package.cache / "somebody.elses.file").exists()
    assert not (package.cache / "gone.kernel-1.py311.nbi").exists()
    kernel_cache.drop_stale(package.folder / "no such folder", "goenv")


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("import pack.low", {"pack.low"}),
        ("import numpy, pack.low as low, pack.inner", {"pack.low", "pack.inner"}),
        ("from pack import low", {"pack.low"}),
        ("from pack import low, inner as i", {"pack.low", "pack.inner"}),
        ("from pack import name", {"pack"}),
        ("from pack.low import name", {"pack.low"}),
        ("from pack.low import *", {"pack.low"}),
        ("from pack import (\n    name,  # why\n    low,\n)", {"pack", "pack.low"}),
        ("from .low import name", {"pack.low"}),
        ("from . import inner", {"pack.inner"}),
        ("from .inner import deep", {"pack.inner.deep"}),
        ("    from pack import low", set()),
        ("from packed import low", set()),
        ('"""\nfrom ... import the moon\n"""', set()),
    ],
)
def test_what_a_module_imports(tmp_path, text, modules):
    (tmp_path / "inner").mkdir()
    for name in ("__init__", "low", "inner/__init__", "inner/deep"):
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "top.py").write_text(text)
    sources = Sources()
    sources.add("pack", tmp_path)
    assert set(sources.closure("pack.top")) == {"pack.top"} | modules


def test_circles_end(tmp_path):
    (tmp_path / "__init__.py").write_text("from pack.one import x\n")
    (tmp_path / "one.py").write_text("import pack\n")
    sources = Sources()
    sources.add("pack", tmp_path)
    assert sources.closure("pack.one") == ["pack", "pack.one"]


def test_kernels_of_the_game_do_not_depend_on_the_environments():
    """Else a change of their Python, which is frequent, would compile them anew."""
    closure = set(kernel_cache._sources.closure("goenv.seat_kernels"))
    assert {"goenv.board", "goenv.state", "goenv.rules"} < closure
    assert not closure & {"goenv", "goenv.batch", "goenv.gym_env", "goenv.seats"}
    assert not set(kernel_cache._sources.closure("goenv.game_loops")) & {"goenv", "goenv.batch"}


def test_search_is_made_of_the_game_too():
    pytest.importorskip("algorithms.search.walk")
    closure = set(kernel_cache._sources.closure("algorithms.search.walk"))
    assert {"goenv.board", "goenv.rules", "algorithms.search.rules"} < closure


def test_a_changed_rule_of_the_game_is_played(tmp_path):
    shutil.copytree(ROOT / "goenv", tmp_path / "goenv", ignore=shutil.ignore_patterns("__pyc*"))
    code = (
        "import goenv; batch = goenv.GoBatch(1, goenv.Rules(size=2, komi=0.5)); "
        "print(batch.score()[0], goenv.__file__)"
    )

    def score():
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "GOENV_QUIET": "0"}
        environment.pop("NUMBA_CACHE_DIR", None)
        command = [sys.executable, "-c", code]
        output = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        value, file = output.stdout.split()
        assert Path(file).is_relative_to(tmp_path)
        return float(value), "compiling" in output.stderr

    assert score() == (-0.5, True)
    assert score() == (-0.5, False)
    board = tmp_path / "goenv" / "board.py"
    text = board.read_text()
    assert "- 0.5 * games" in text
    board.write_text(text.replace("- 0.5 * games", "+ 0.5 * games"))
    # `score_games`, which calls it, is in another file.
    assert score() == (0.5, True)
    assert score() == (0.5, False)
