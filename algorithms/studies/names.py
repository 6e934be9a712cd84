"""The names and texts of all studies, apart from what they need to run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

NAMES = (
    "variance-vs-length",
    "one-good-move",
    "who-gets-the-credit",
    "bits-per-sample",
    "search-improves",
    "soft-or-hard",
    "search-hurts",
    "unsound-values",
    "same-budget",
)
"""Parents come before their children. A study's module has its name, with underscores."""

_SECTIONS = ("On paper", "Method", "What was not tested")


@dataclass(frozen=True)
class StudyText:
    """What a study says in prose, from ``texts/NAME.md``.

    Attributes:
        title: a headline.
        question: what is asked, one sentence.
        sections: paragraphs of Markdown by heading: ``Method`` and ``What was not tested``, and
            ``On paper`` where there is a theory.
    """

    title: str
    question: str
    sections: Mapping[str, str]


@cache
def text_of(name: str) -> StudyText:
    """The text of a study."""
    file = resources.files("algorithms.studies") / "texts" / f"{name}.md"
    head, *parts = re.split(r"^## ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    title, _, question = head.strip().partition("\n")
    sections = {}
    for part in parts:
        heading, _, text = part.partition("\n")
        sections[heading.strip()] = text.strip()
    unknown = set(sections) - set(_SECTIONS)
    if unknown or not set(_SECTIONS[1:]) <= set(sections):
        raise ValueError(f"{file}: the sections are {', '.join(_SECTIONS)}, not {list(sections)}")
    return StudyText(title.removeprefix("# "), " ".join(question.split()), sections)
