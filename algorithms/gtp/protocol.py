"""Lines of GTP: commands and their arguments taken apart, answers put together."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from goenv import BLACK, WHITE
from goenv.coordinates import action_name, action_of_name

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,15}\.?[0-9]{0,15}|\.[0-9]{1,15})([eE][+-]?[0-9]{1,2})?")
_LONGEST_QUOTE = 40  # letters of a wrong argument that an error repeats


class GtpError(Exception):
    """A command that is refused; the message is what the answer says after ``?``."""


@dataclass(frozen=True)
class Command:
    """A line of input.

    Attributes:
        number: the identity number that the answer repeats, as it was written; may be empty.
        name: of the command; empty if there is none.
        arguments: the words after it.
    """

    number: str
    name: str
    arguments: tuple[str, ...]


def parse(line: str) -> Command | None:
    """The command in a line; None for a blank line or a comment, which get no answer.

    Tabs are spaces, other control characters count for nothing, ``#`` begins a comment.
    """
    text = line.replace("\t", " ")
    text = "".join(letter for letter in text if letter >= " " and letter != "\x7f")
    words = [word for word in text.partition("#")[0].split(" ") if word]
    if not words:
        return None
    number = ""
    if words[0].isascii() and words[0].isdigit():
        number = words.pop(0)
    return Command(number, words[0] if words else "", tuple(words[1:]))


def answer(number: str, text: str, accepted: bool = True) -> str:
    """What is written for a command: the text with its sign, ended by an empty line.

    A line that is empty would end the answer too early, so `text` loses such lines; it may begin
    on the second line, as boards do.
    """
    text = text.replace("\t", " ").replace("\r", "")
    text = "".join(letter for letter in text if letter >= " " or letter == "\n")
    first, *others = (line.rstrip() for line in text.split("\n"))
    lines = [f"{'=' if accepted else '?'}{number} {first}", *(line for line in others if line)]
    return "\n".join(lines) + "\n\n"


def quote(word: str) -> str:
    """A word of the input for an error message, cut if it is long."""
    return repr(word if len(word) <= _LONGEST_QUOTE else word[:_LONGEST_QUOTE] + "...")


def read_colour(word: str) -> int:
    """1 for ``b`` or ``black``, -1 for ``w`` or ``white``, in upper or lower case.

    Raises:
        GtpError: it is neither.
    """
    colours = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}
    if word.lower() not in colours:
        raise GtpError(f"invalid color: {quote(word)} is neither black nor white")
    return colours[word.lower()]


def read_vertex(word: str, size: int) -> int:
    """The action called so on a board of side `size`: ``D4``, or ``pass``.

    Raises:
        GtpError: it is no point of the board, nor the pass.
    """
    try:
        return action_of_name(word, size)
    except ValueError:
        raise GtpError(
            f"invalid coordinate: {quote(word)} is no point from A1 to "
            f"{action_name(size - 1, size)}, nor pass"
        ) from None


def read_whole(word: str, name: str, least: int = 0, most: int = 999_999_999) -> int:
    """A whole number.

    Args:
        word: as written.
        name: of the argument, for the error.
        least, most: what is allowed.

    Raises:
        GtpError: it is no such number.
    """
    if not _WHOLE.fullmatch(word) or not least <= int(word) <= most:
        raise GtpError(
            f"syntax error: {name} must be a whole number from {least} to {most}, got {quote(word)}"
        )
    return int(word)


def read_number(word: str, name: str) -> float:
    """A number, written as decimals.

    Raises:
        GtpError: it is none.
    """
    if not _NUMBER.fullmatch(word) or not math.isfinite(float(word)):
        raise GtpError(f"syntax error: {name} must be a number, got {quote(word)}")
    return float(word)


def read_seconds(word: str, name: str) -> float:
    """A number of seconds, zero or more.

    Raises:
        GtpError: it is none.
    """
    seconds = read_number(word, name)
    if seconds < 0:
        raise GtpError(f"syntax error: {name} must not be negative, got {quote(word)}")
    return seconds


def colour_name(colour: int) -> str:
    """``b`` or ``w``."""
    return "b" if colour == BLACK else "w"
