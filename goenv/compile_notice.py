"""A line on stderr when kernels are compiled, so that nobody takes the pause for a hang.

Numba compiles a kernel at its first call and keeps the machine code on disk, in ``__pycache__`` or
in ``NUMBA_CACHE_DIR`` (see `goenv.kernel_cache`); later processes load it. Only a true compilation
is announced, once a process. The environment variable ``GOENV_QUIET=1`` silences it.
"""

from __future__ import annotations

import os
import sys

from numba.core import event

# By the package of the kernel that comes first.
MESSAGES = {
    "goenv": "goenv: compiling its kernels, once on this machine (about 15 s) ...",
    "algorithms": "gozoo: compiling its kernels, once on this machine (5 to 30 s) ...",
}


class _Listener(event.Listener):
    """Hears of every compilation that numba begins; says so at the first of ours."""

    def __init__(self) -> None:
        self.announced = False

    def on_start(self, event: event.Event) -> None:
        if self.announced:
            return
        package = event.data["dispatcher"].py_func.__module__.partition(".")[0]
        if package in MESSAGES:
            self.announced = True
            if sys.stderr is not None and os.environ.get("GOENV_QUIET", "0") in ("", "0"):
                print(MESSAGES[package], file=sys.stderr, flush=True)

    def on_end(self, event: event.Event) -> None:
        pass


_listener: _Listener | None = None


def install() -> None:
    """Listen from now on; a second call does nothing. Costs nothing while nothing compiles."""
    global _listener
    if _listener is None:
        _listener = _Listener()
        event.register("numba:compile", _listener)
