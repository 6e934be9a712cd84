"""Trained players that come with GoZoo: a folder each with weights, configuration and curve."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def shipped_players() -> dict[str, Path]:
    """Folders by text form, ``az:5`` and so on, the smallest board first."""
    folders = {int(path.name.removeprefix("az")): path for path in _HERE.glob("az[0-9]*")}
    return {f"az:{size}": folders[size] for size in sorted(folders)}


class UnknownPlayer(LookupError):
    """No such player comes with GoZoo; the message says which do."""


def locate(text: str) -> Path:
    """The path that a text names: a player that comes with GoZoo, or a path as it is.

    Raises:
        UnknownPlayer: none of that name comes with GoZoo.
    """
    if not text.startswith("az:"):
        return Path(text)
    players = shipped_players()
    if text not in players:
        known = ", ".join(players) or "none"
        raise UnknownPlayer(f"{text!r}: the players that come with GoZoo are {known}")
    return players[text]
