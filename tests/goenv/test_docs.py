"""The programs in the documentation run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import goenv

ROOT = Path(__file__).parents[2]
# Add a document here once its programs run within seconds.
DOCUMENTS = [
    "README.md",
    "docs/compat.md",
    "docs/compiled.md",
    "docs/engines.md",
    "docs/environment.md",
    "docs/rendering.md",
    "docs/truth.md",
    "docs/variants.md",
]
# The programs at the head of docs/environment.md, for newcomers to copy. Each runs by itself.
NEWCOMERS = ROOT / "docs/environment.md"
NEWCOMERS_END = "\n## Rules\n"


def programs(path: Path) -> list[tuple[str, bool, int]]:
    """The ```python blocks of a document: each one's text, whether it continues the one before, and
    where it begins.

    It continues where the paragraph in front of it says "Continuing". Blank lines are put in front
    of the text, so that the line numbers of errors are those of the document.
    """
    text = path.read_text(encoding="utf-8")
    found = []
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        before = text[: match.start()]
        continues = "continuing" in before.rstrip().rpartition("\n\n")[2].lower()
        line = text[: match.start(1)].count("\n")
        found.append(("\n" * line + match.group(1), continues, match.start()))
    return found


def newcomers_programs() -> list[str]:
    end = NEWCOMERS.read_text(encoding="utf-8").index(NEWCOMERS_END)
    return [program for program, _, start in programs(NEWCOMERS) if start < end]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_programs_run(document, tmp_path, monkeypatch):
    """Each block runs in a namespace of its own, unless the text says that it continues."""
    monkeypatch.chdir(tmp_path)
    path = ROOT / document
    apart = newcomers_programs() if path == NEWCOMERS else []
    found = programs(path)
    assert found
    namespace: dict = {}
    for program, continues, _ in found:
        if program in apart:
            continue  # it has a test below
        if not continues:
            namespace = {"__name__": "document"}
            # This process has imported goenv, a reader's has not.
            assert "goenv" in re.findall(r"^(?:import|from) (\w+)", program, re.MULTILINE), program
        exec(compile(program, str(path), "exec"), namespace)


@pytest.mark.parametrize("number", range(4))
def test_programs_for_newcomers_run_alone(number, tmp_path):
    found = newcomers_programs()
    assert len(found) == 4
    file = tmp_path / "program.py"
    file.write_text(found[number], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(file)], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_every_plane_and_rule_is_documented():
    text = (ROOT / "docs/environment.md").read_text(encoding="utf-8")
    for name in goenv.PLANES:
        assert f'`"{name}"`' in text or re.search(rf'"{name[:-1]}\d"` \.\.\. ', text), name
    for name in goenv.PLANE_SETS:
        assert f'| `"{name}"`' in text, name
    for name in goenv.Rules.field_names():
        assert f"| `{name}` |" in text
