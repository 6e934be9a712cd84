"""For tests of runs: to stop them, and to see what changed in their folders."""

import itertools
from pathlib import Path


def stop_after(steps):
    """For `should_stop`: true from the call after so many steps."""
    calls = itertools.count()
    return lambda: next(calls) >= steps


def tree(folder: Path) -> dict[str, int]:
    """Every file of a folder with the time of its last change."""
    return {str(p): p.lstat().st_mtime_ns for p in sorted(folder.rglob("*")) if not p.is_dir()}
