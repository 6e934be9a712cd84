"""How goenv's kernels are compiled.

Two things cost numba more than most of what a kernel does, and both are avoided here. A part of an
array that is handed to another kernel is counted as a reference, with atomic instructions: kernels
are compiled without that counting (`_nrt=False`), so they must make no arrays, and each array they
are given must outlive the call, which the caller's does. And a call hands over all fields of all
arrays, thirty nanoseconds for a `Games`: kernels that run often are inlined (`inlined`).
"""

from __future__ import annotations

from typing import Any

from numba import njit

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
kernel: Any = njit(**_OPTIONS)
inlined: Any = njit(**_OPTIONS, forceinline=True)
