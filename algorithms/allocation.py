"""Memory that a network's outputs give back is kept for those of the next batch."""

from __future__ import annotations

import ctypes
import platform
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of glibc's malloc.h
_KEPT = 1 << 30
_LARGEST = 1 << 25  # of which malloc takes part in the heap; glibc allows no more


@cache
def keep_freed_memory() -> bool:
    """Have malloc keep up to 1 GiB that is free, for this process; returns whether it does.

    Each layer of a network allocates an array of some megabytes and frees it. By default glibc
    may return such pages to the system at once, and the next batch pays for each anew by a page
    fault: up to a third of a network's time on a CPU. Without glibc nothing is changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(
        [mallopt(_MMAP_THRESHOLD, _LARGEST), mallopt(_TRIM_THRESHOLD, _KEPT)]
    )
