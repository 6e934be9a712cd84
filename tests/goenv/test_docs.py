"""The programs in the documentation run."""

import re
from pathlib import Path

import pytest

import goenv

ROOT = Path(__file__).parents[2]
# Add a document here once its programs run within seconds.
DOCUMENTS = [
    "README.md",
    "docs/compat.md",
    "docs/compiled.md",
    "docs/environment.md",
    "docs/rendering.md",
    "docs/truth.md",
    "docs/variants.md",
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_programs_run(document, tmp_path, monkeypatch):
    """Runs the ```python blocks of a document one after the other, as a reader would."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / document).read_text(encoding="utf-8")
    namespace = {"__name__": "document"}
    count = 0
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        line = text[: match.start(1)].count("\n")
        # Blank lines in front make the line numbers of errors those of the document.
        exec(compile("\n" * line + match.group(1), str(ROOT / document), "exec"), namespace)
        count += 1
    assert count > 0


def test_every_plane_and_rule_is_documented():
    text = (ROOT / "docs/environment.md").read_text(encoding="utf-8")
    for name in goenv.PLANES:
        assert f'`"{name}"`' in text or re.search(rf'"{name[:-1]}\d"` \.\.\. ', text), name
    for name in goenv.PLANE_SETS:
        assert f'| `"{name}"`' in text, name
    for name in goenv.Rules.field_names():
        assert f"| `{name}` |" in text
