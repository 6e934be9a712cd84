"""Make algorithms/bench/perft.json: what the slow referee counts, for `gozoo bench perft`.

    python tests/make_perft.py

takes two to three minutes, nearly all of it for 5x5. It imports nothing of goenv.
"""

from __future__ import annotations

import json
import time
from itertools import product
from pathlib import Path

from baselines.reference import SUPERKO_KINDS, ReferenceGame
from baselines.reference_perft import ReferencePerft

PATH = Path(__file__).parent.parent / "algorithms" / "bench" / "perft.json"

# Depth for each size: under Tromp-Taylor rules, and under all others.
DEPTHS = {2: (10, 10), 3: (7, 6), 4: (6, 5), 5: (6, 4)}


def main() -> None:
    rows = []
    for size, superko, suicide in product(DEPTHS, SUPERKO_KINDS, (True, False)):
        began = time.monotonic()
        depth = DEPTHS[size][0 if (superko, suicide) == ("positional", True) else 1]
        counts = ReferencePerft(ReferenceGame(size, superko=superko, suicide=suicide), depth)
        row = {
            "size": size,
            "superko": superko,
            "suicide": suicide,
            "sequences": counts.sequences,
            "games": counts.games,
            "positions": counts.positions,
        }
        rows.append(json.dumps(row))
        print(f"{size}x{size} {superko} {suicide}: {time.monotonic() - began:.1f} s", flush=True)
    PATH.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
