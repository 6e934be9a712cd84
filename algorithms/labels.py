"""What a search or a teacher says of the positions of games: a file with a game a line.

    {"id": "game7", "opening": 2, "search": [["E5", 0.61, 1.5, {"E5": 12, "F6": 4}], ...]}

``id`` is the name of the game's SGF file without ``.sgf``. After ``opening`` moves of which nothing
is said, ``search`` has for each move: its name, as it was played; the chance to win; the lead in
points; visits of the search, or shares of a policy, by move; and, if they are known, the owners of
the points in hundredths, row by row from the top. All is from the side of the player to move.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goenv.coordinates import action_name, action_of_name

_HUNDRED = 100
_LEAST_SHARE = 1e-4  # smaller shares of a policy are left out


class DataError(ValueError):
    """Games that cannot be learned from; the message says what is missing."""


@dataclass(frozen=True)
class Label:
    """What is said of a position, from the side of the player to move.

    Attributes:
        move: played there, by its name.
        policy: visits or shares, by name of the move.
        value: expected outcome in [-1, 1].
        lead: points by which the player to move is ahead.
        ownership: float32 [n * n] in [-1, 1], 1 own; None if it is not known.
    """

    move: str
    policy: dict[str, float]
    value: float
    lead: float
    ownership: np.ndarray | None

    def shares(self, size: int) -> dict[int, float]:
        """The policy as shares of one, by action on a board of side `size`.

        Raises:
            ValueError: a move has no such name, or there is none.
        """
        total = sum(self.policy.values())
        if not total > 0 or min(self.policy.values()) < 0:
            raise ValueError(f"there is no policy in {self.policy}")
        return {action_of_name(name, size): part / total for name, part in self.policy.items()}


def read_labels(path: Path) -> dict[str, dict[int, Label]]:
    """Labels by name of the game and ply.

    Raises:
        DataError: the file cannot be read; the message says where.
    """
    found: dict[str, dict[int, Label]] = {}
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                number += 1
                entry: Any = json.loads(line)
                opening = int(entry["opening"])
                found[str(entry["id"])] = {
                    opening + index: _label(said) for index, said in enumerate(entry["search"])
                }
    except OSError as error:
        raise DataError(f"data.labels: cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        what = f"there is no key {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"data.labels: line {number} of {path} is no label: {what}") from None
    return found


def _label(said: list[Any]) -> Label:
    move, winrate, lead, policy = said[:4]
    if not (0 <= winrate <= 1 and math.isfinite(lead)):
        raise ValueError(f"a winrate of {winrate} and a lead of {lead}")
    ownership = None
    if len(said) > 4:
        ownership = np.array(said[4], np.float32) / _HUNDRED
    return Label(
        str(move), {str(name): float(part) for name, part in policy.items()},
        2 * float(winrate) - 1, float(lead), ownership,
    )  # fmt: skip


def label_line(name: str, teacher: str, labels: Sequence[Label]) -> str:
    """The line of a game of which every position has a label with owners; it ends the line.

    Args:
        name: of the game.
        teacher: who says so.
        labels: ply by ply.
    """
    search = []
    for label in labels:
        assert label.ownership is not None
        owners = np.rint(_HUNDRED * label.ownership).astype(int).tolist()
        policy = {move: float(f"{part:.4g}") for move, part in label.policy.items()}
        winrate = round((1 + label.value) / 2, 5)
        search.append([label.move, winrate, round(label.lead, 3), policy, owners])
    entry = {"id": name, "teacher": teacher, "opening": 0, "search": search}
    return json.dumps(entry, separators=(",", ":")) + "\n"


def policy_by_name(policy: np.ndarray, visits: dict[int, int], size: int) -> dict[str, float]:
    """Visits by name of the move or, where there are none, the shares of a policy [n * n + 1]."""
    if visits:
        return {action_name(action, size): float(count) for action, count in visits.items()}
    large = np.flatnonzero(policy >= min(_LEAST_SHARE, policy.max()))
    return {action_name(int(action), size): float(policy[action]) for action in large}
