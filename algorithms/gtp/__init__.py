"""Our agents as engines that speak GTP, the Go Text Protocol, version 2.

Source: Gunnar Farnebäck, "GTP: Go Text Protocol, version 2, draft 2" (2002).
"""

from algorithms.gtp.serve import Channel, run_engine, serve
from algorithms.gtp.session import Session

__all__ = ["Channel", "Session", "run_engine", "serve"]
