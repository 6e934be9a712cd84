"""The ids of goenv in PettingZoo's own registry, which PettingZoo has since 1.27.

`import goenv` leaves PettingZoo alone, so it registers them only where PettingZoo has been
imported before it; any use of goenv's PettingZoo environments does so too.
"""

from __future__ import annotations

import pettingzoo

AEC_IDS = {
    "goenv/Go-v0": "goenv.pettingzoo_env:aec_env",
    "goenv/PairGo-v0": "goenv.pair_go:pair_go_env",
    "goenv/PhantomGo-v0": "goenv.phantom_go:phantom_go_env",
}

if hasattr(pettingzoo, "register"):
    for _id, _entry_point in AEC_IDS.items():
        if _id not in pettingzoo.aec_registry:  # it warns of what is registered twice
            pettingzoo.register("aec", _id, entry_point=_entry_point)
