"""Hypotheses as one writes them down: which variants, what is measured, in which range."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from algorithms.studies.study import Hypothesis

Scalar = bool | int | float | str | None
"""A value of a setting that is varied."""

FORM = "'[MEASURE of] CELL [- CELL] in LOW..HIGH: TEXT', with the word slope in place of cells"
_CELL = r"[^\s=,]+=[^\s,]+(?:,[^\s=,]+=[^\s,]+)?"
_HYPOTHESIS = re.compile(
    rf"(?:(?P<measure>\w+) of )?(?P<first>slope|{_CELL})(?: - (?P<second>{_CELL}))?"
    r" in (?P<low>\S*?)\.\.(?P<high>[^\s:]*): (?:\((?P<claim>C\d+)\) )?(?P<text>.+)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Contrast:
    """A number that a hypothesis is about.

    Attributes:
        measure: what is measured.
        first, second: variants, whose difference it is; only the first: that one's measure; none:
            the slope over the first axis, per doubling, the mean over the second axis.
        hypothesis: about it.
    """

    measure: str
    first: str | None
    second: str | None
    hypothesis: Hypothesis


def read_contrast(
    text: str, measures: Sequence[str], variants: Collection[str], first_axis: Sequence[Scalar]
) -> Contrast:
    """Read a hypothesis of the form that `FORM` shows.

    Args:
        text: the hypothesis; one whose TEXT begins with ``(C8)`` is a claim of the lecture.
        measures: what is measured; the first is meant where none is named.
        variants: names of the cells.
        first_axis: the values that a slope goes over.

    Raises:
        ValueError: it has another form, or names what there is not.
    """
    match = _HYPOTHESIS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"hypotheses: one looks like {FORM}; got {text!r}")
    measure, first, second = match["measure"] or measures[0], match["first"], match["second"]
    if measure not in measures:
        raise ValueError(f"hypotheses: {measure!r} is not measured, only {', '.join(measures)}")
    is_slope = first == "slope"
    if is_slope and second:
        raise ValueError("hypotheses: a slope stands alone")
    if is_slope and (len(first_axis) < 2 or not all(map(is_positive, first_axis))):
        raise ValueError("hypotheses: a slope needs a first axis of positive numbers")
    for cell in (first, second):
        if cell is not None and cell not in variants and not is_slope:
            raise ValueError(f"hypotheses: no variant is {cell!r}; there are {', '.join(variants)}")
    try:
        low, high = float(match["low"] or "-inf"), float(match["high"] or "inf")
    except ValueError:
        raise ValueError(
            f"hypotheses: a range looks like 0.1..0.5 or 0.1.., got {text!r}"
        ) from None
    claim = match["claim"] or ""
    hypothesis = Hypothesis(
        quantity=f"{measure} of {first}" + (f" - {second}" if second else ""),
        text=match["text"].strip(),
        low=low,
        high=high,
        source="claim" if claim else "prediction",
        claim=claim,
    )
    return Contrast(measure, None if is_slope else first, second, hypothesis)


def is_positive(value: Any) -> TypeGuard[float]:
    """Whether it is a number above zero."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
