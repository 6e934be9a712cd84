"""Memory that is freed is kept for the next batch."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource
import numpy as np
from algorithms.allocation import keep_freed_memory
assert keep_freed_memory()
def layers():
    for _ in range(8):
        np.ones(1 << 22, np.uint8)
layers()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    layers()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc is told")
def test_arrays_of_the_next_batch_need_no_new_pages():
    answer = subprocess.run(
        [sys.executable, "-c", _FAULTS], capture_output=True, text=True, check=True
    )
    assert int(answer.stdout) < 1024  # one array alone has 1024 pages, and 160 were made
