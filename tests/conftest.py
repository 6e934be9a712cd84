"""For all tests: one thread, no pictures on a screen, no notes about compilation.

By the environment, so that it holds in subprocesses too and nothing heavy is imported here.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before torch is imported, this is torch.set_num_threads(1)
os.environ["GOENV_QUIET"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["SDL_VIDEODRIVER"] = "dummy"  # windows of pygame open, and nobody sees them
