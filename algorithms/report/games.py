"""The games on the page: which ones, and what its viewer is given of them."""

from __future__ import annotations

import base64
import itertools
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from algorithms.judging import Player
from algorithms.report.standings import Match, Standing
from baselines.arena import GameRecord, positions
from baselines.sgf import notes_on, to_sgf
from goenv.coordinates import action_name
from goenv.pictures import svg

MOST_GAMES = 8  # on the page


def choose_games(
    standings: Sequence[Standing],
    players: Sequence[Player],
    records: Sequence[GameRecord],
    matches: Sequence[Match],
) -> list[GameRecord]:
    """A few games worth looking at: of the best learner, won and lost, with both colours."""
    group = {player.name: player.group for player in players}
    extra = [record for _, _, games in matches for record in games]
    for _, opponent, _ in matches:
        group.setdefault(opponent, opponent)
    finals = [standing.rating.name for standing in standings if standing.kind == "final"]
    anchors = [standing.rating.name for standing in standings if standing.kind == "anchor"]
    if not finals:
        finals, anchors = anchors[:1], anchors[1:]
    best = finals[0] if finals else ""
    strong = list(dict.fromkeys([opponent for _, opponent, _ in matches] + anchors))
    # Opponent, colour of the best, outcome for the best; the most telling first.
    wanted: list[tuple[str, bool, float]] = []
    for outcomes in ((1, 0), (0, 1)):
        for other in finals[1:2] + strong[:1]:
            wanted += [(other, True, outcomes[0]), (other, False, outcomes[1])]
        wanted += [(best, True, outcomes[0])] + [(other, False, 1) for other in anchors[-1:]]
    wanted += [(other, side, 1) for other in strong + finals[2:] for side in (True, False)]
    wanted += [(other, True, 0.5) for other in finals[1:] + anchors]
    buckets: dict[tuple[str, bool, float], list[GameRecord]] = defaultdict(list)
    for record in extra + list(records):
        black, white = group.get(record.black, ""), group.get(record.white, "")
        outcome = record.outcome(record.black)
        if black == best:
            buckets[white, True, outcome].append(record)
        if white == best:
            buckets[black, False, 1 - outcome].append(record)
    chosen: list[GameRecord] = []
    for key in dict.fromkeys(wanted):
        bucket = buckets[key]
        if bucket and len(chosen) < MOST_GAMES:
            middle = float(np.median([len(record.moves) for record in bucket]))
            chosen.append(
                min(bucket, key=lambda r: (r.gave_up != 0, r.truncated, abs(len(r.moves) - middle)))
            )
    return chosen or list(records[:1])


def game_data(record: GameRecord) -> dict[str, Any]:
    """A game as the page's script wants it.

    ``changes`` has one list for each move, of points and their new contents in turn, ``[12, 1, 7,
    0]``: captures, suicide and passes are worked out here, by the engine that played the game.
    """
    boards = [batch.boards()[0].ravel() for batch in positions(record)]
    changes = []
    for before, after in itertools.pairwise(boards):
        points = np.flatnonzero(before != after)
        changes.append([int(number) for point in points for number in (point, after[point])])
    size = record.rules.size
    return {
        "black": record.black,
        "white": record.white,
        "komi": f"{record.rules.komi:g}",
        "result": record.result,
        "note": "; ".join(notes_on(record)),
        "size": size,
        "opening": record.opening_moves,
        "points": list(record.moves),
        "moves": [action_name(move, size) for move in record.moves],
        "changes": changes,
        "sgf": base64.b64encode(to_sgf(record)).decode("ascii"),
    }


def game_fields(chosen: Sequence[GameRecord]) -> dict[str, str]:
    """Fields of the page for the game viewer; without script it shows the first game's end."""
    data = [game_data(record) for record in chosen]
    # "<" would let a name end the script element.
    fields = {"data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")}
    texts = ("black", "white", "komi", "result", "note", "sgf")
    if not data:
        nothing = {"games_hidden": " hidden", "games_caption": "No games were played."}
        others = ("board", "moves", "options", "count")
        return fields | nothing | dict.fromkeys(texts + others, "")
    first, record = data[0], chosen[0]
    *_, end = positions(record)
    told = f"Final position: {record.black} against {record.white}, {first['result']}"
    return fields | {
        **{name: escape(str(first[name])) for name in texts},
        "games_hidden": "",
        "games_caption": "Chosen by rule: the best learner against the second, against the "
        "opponents of the extra matches, the anchors and itself, won and lost, with both colours; "
        "of each kind the game of the most usual length.",
        "board": _board(end.boards()[0], record.moves[-1] if record.moves else -1, told),
        "moves": "".join(
            f'<li class="opening">{name}</li>' if ply < record.opening_moves else f"<li>{name}</li>"
            for ply, name in enumerate(first["moves"])
        ),
        "options": "".join(
            f'<option value="{number}">{escape(_game_title(game))}</option>'
            for number, game in enumerate(data)
        ),
        "count": str(len(record.moves)),
    }


def _board(board: np.ndarray, last: int, told: str) -> str:
    """A board for the page, whose style sheet colours it and whose script moves its stones."""
    last = last if last >= 0 and board.ravel()[last : last + 1].any() else -1  # as the script does
    return svg(board, last, caption="", description=told, inline=True)


def _game_title(game: Mapping[str, Any]) -> str:
    return f"{game['black']} – {game['white']}, {game['result']}"
